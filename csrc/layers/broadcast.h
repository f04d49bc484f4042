/* broadcast.h - how arrays of several shapes meet in one output: NumPy's rule, without the batch axis.
 *
 * Shapes are aligned at their last axes; an axis that is missing or of length 1 stands for any length. The output is
 * walked through in runs of adjacent numbers, along which an input is either a run itself or a single number.
 */
#ifndef FCNN_LAYER_BROADCAST_H
#define FCNN_LAYER_BROADCAST_H

#include "layer.h"

typedef struct fcnn_broadcast {
    size_t axes;                                 /* of the output, neighbours joined where all inputs allow it */
    size_t extent[FCNN_MAX_RANK];                /* the last one is the run */
    size_t step[FCNN_MAX_INPUTS][FCNN_MAX_RANK]; /* floats of an input from one index to the next; 0: the same one */
    size_t size[FCNN_MAX_INPUTS];                /* numbers of an input */
    int whole[FCNN_MAX_INPUTS];                  /* the input has as many numbers as the output, in the same order */
} fcnn_broadcast;

/* *output = the shape that all inputs fit. FCNN_E_SHAPE where there is none. */
fcnn_status fcnn_broadcast_shape(const fcnn_layer *layer, const fcnn_shape *inputs, size_t count, fcnn_shape *output,
                                 fcnn_error *error);

/* Describes inputs that fit `output`. */
void fcnn_broadcast_describe(fcnn_broadcast *broadcast, const fcnn_shape *inputs, size_t count,
                             const fcnn_shape *output);

/* Numbers of a run, and how many runs there are. */
size_t fcnn_broadcast_run(const fcnn_broadcast *broadcast);
size_t fcnn_broadcast_runs(const fcnn_broadcast *broadcast);

/* Where run number `run` begins in an input; *step is 1, or 0 where the run is one number. */
size_t fcnn_broadcast_place(const fcnn_broadcast *broadcast, size_t input, size_t run, size_t *step);

/* y, of the output's shape, becomes y and an input x, combined. */
void fcnn_broadcast_combine(const fcnn_broadcast *broadcast, const fcnn_kernels *kernels, fcnn_combination how,
                            size_t input, const float *x, float *y);

/* y, of the output's shape, = an input x. */
void fcnn_broadcast_spread(const fcnn_broadcast *broadcast, size_t input, const float *x, float *y);

/* dx, of the input's shape, = the gradient `used` at each place of the output, summed over the places that are the same
 * number, in their order. */
void fcnn_broadcast_gather(const fcnn_broadcast *broadcast, const fcnn_kernels *kernels, size_t input,
                           const float *used, float *dx);

#endif
