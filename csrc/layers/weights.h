/* weights.h - parameters that have a number for each index of some axes and are the same along the others.
 *
 * Parameter p = l * columns + c belongs to line l and column c of fcnn_axes.
 */
#ifndef FCNN_LAYER_WEIGHTS_H
#define FCNN_LAYER_WEIGHTS_H

#include "axes.h"

/* A stretch of an image with the parameters from `first` on: (rows, columns), step 1; or step 0 and one parameter. */
typedef struct fcnn_stretch {
    size_t begin, rows, columns, step, first;
} fcnn_stretch;

/* How many stretches an image has, and stretch number `number`. */
size_t fcnn_weights_stretches(const fcnn_axes *axes);
fcnn_stretch fcnn_weights_stretch(const fcnn_axes *axes, size_t number);

/* What a class's gradient needs: the shards of layer->parameters parameters of one size, and which of them `shard` is
 * and its numbers [*begin, *end). */
void fcnn_weights_set_shards(fcnn_layer *layer);
size_t fcnn_weights_of_shard(const fcnn_layer *layer, size_t shard, size_t *begin, size_t *end);
void fcnn_weights_gradient_range(const fcnn_layer *layer, size_t shard, size_t *begin, size_t *end);

/* Writes the gradient of one shard: the sums of the terms of io->dy and io->x[0] that meet a parameter, images in
 * order, in each the stretches, in each as row_sum or column_sums does. */
void fcnn_weights_gradient(const fcnn_layer *layer, const fcnn_axes *axes, const fcnn_io *io, size_t images,
                           size_t shard, fcnn_term term);

#endif
