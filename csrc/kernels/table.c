/* table.c - the table of one build's kernels. Compiled, like them, once for each instruction set; holds no code. */
#include "name.h"

extern const fcnn_kernels FCNN_NAME(kernels);

#define ENTRY(name) .name = FCNN_NAME(name),
const fcnn_kernels FCNN_NAME(kernels) = {FCNN_KERNEL_NAMES(ENTRY)};
