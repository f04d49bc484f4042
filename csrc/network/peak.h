/* peak.h - how fast a core can multiply and add at best. */
#ifndef FCNN_PEAK_H
#define FCNN_PEAK_H

#include "../kernels/kernels.h"

/* *peak = multiply-adds a second of a build on one core: a product of matrices that stays in the first-level cache.
 * Takes some milliseconds. */
fcnn_status fcnn_peak_measure(const fcnn_kernels *kernels, double *peak, fcnn_error *error);

#endif
