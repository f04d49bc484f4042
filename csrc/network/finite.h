/* finite.h - looks for NaN and infinity in a user's array before it is trained on. */
#ifndef FCNN_FINITE_H
#define FCNN_FINITE_H

#include <stdint.h>

#include "array.h"

/* *row = the first row with a number that is NaN or infinite as a float, or -1. Runs on all threads. */
fcnn_status fcnn_array_first_nonfinite(const fcnn_array *array, const fcnn_kernels *kernels, int64_t *row,
                                       fcnn_error *error);

#endif
