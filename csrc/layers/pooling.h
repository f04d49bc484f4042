/* pooling.h - what the pooling layers share: attributes and shapes. */
#ifndef FCNN_LAYER_POOLING_H
#define FCNN_LAYER_POOLING_H

#include "layer.h"

/* Reads pool_size, strides and padding; makes layer->config the fcnn_windows of one image, and sets layer->output. */
fcnn_status fcnn_pooling_create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error);

/* The same for one window that is the whole image. Reads keepdims: the output is (1, 1, channels) or (channels). */
fcnn_status fcnn_pooling_create_global(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error);

/* dx = 0, then each window's dy goes to the first of its pixels that equals y. Slower than with the winners kept, for
 * windows of more pixels than a byte can number; reads x and y. */
void fcnn_pooling_give_to_largest(const fcnn_layer *layer, const fcnn_io *io, size_t images);

#endif
