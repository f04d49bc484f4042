/* table.c - the table of one build's kernels. Compiled, like them, once for each instruction set; holds no code. */
#include "name.h"

extern const fcnn_kernels FCNN_NAME(kernels);

#define COUNT(name) +1
_Static_assert(sizeof(fcnn_kernels) == (0 FCNN_KERNEL_NAMES(COUNT)) * sizeof(void (*)(void)),
               "FCNN_KERNEL_NAMES in name.h must have every function of fcnn_kernels");

#define ENTRY(name) .name = FCNN_NAME(name),
const fcnn_kernels FCNN_NAME(kernels) = {FCNN_KERNEL_NAMES(ENTRY)};
