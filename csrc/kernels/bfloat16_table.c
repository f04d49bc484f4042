/* bfloat16_table.c - the table of one build's kernels for bfloat16. Compiled with them; holds no code. */
#include "bfloat16_name.h"

extern const fcnn_bfloat16 FCNN_NAME(bfloat16);
const fcnn_bfloat16 FCNN_NAME(bfloat16) = {.pack = FCNN_NAME(pack), .multiply = FCNN_NAME(multiply)};
