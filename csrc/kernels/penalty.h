/* penalty.h - what numbers cost that are to be small: l1 times the sum of |x|, plus l2 times the sum of x^2. */
#ifndef FCNN_PENALTY_H
#define FCNN_PENALTY_H

#include "kernels.h"

/* The largest factor of a penalty: the square of a gradient of that size is still a float. */
#define FCNN_MOST_PENALTY 0x1p60

static inline double fcnn_penalty(const fcnn_kernels *kernels, size_t count, const float *x, double l1, double l2)
{
    return (l1 > 0.0 ? l1 * kernels->sum_of_magnitudes(count, x) : 0.0) +
           (l2 > 0.0 ? l2 * kernels->sum_of_squares(count, x) : 0.0);
}

#endif
