/* sizes.h - arithmetic on counts. */
#ifndef FCNN_SIZES_H
#define FCNN_SIZES_H

#include <stddef.h>

_Static_assert(sizeof(size_t) >= 8, "fashioncnn needs a 64-bit machine: sizes and offsets of networks exceed 32 bits");

static inline size_t smaller(size_t a, size_t b) { return a < b ? a : b; }
static inline size_t larger(size_t a, size_t b) { return a > b ? a : b; }

/* The next multiple of `step`. */
static inline size_t rounded_up(size_t a, size_t step) { return (a + step - 1) / step * step; }

/* Floats, up to whole cache lines. */
static inline size_t rounded(size_t floats) { return rounded_up(floats, 16); }

#endif
