/* pooling.h - what the pooling layers share: attributes and shapes. */
#ifndef FCNN_LAYER_POOLING_H
#define FCNN_LAYER_POOLING_H

#include "layer.h"

/* Reads pool_size, strides and padding; makes layer->config the fcnn_windows of one image, and sets layer->output. */
fcnn_status fcnn_pooling_create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error);

/* The same for one window that is the whole image. Reads keepdims: the output is (1, 1, channels) or (channels). */
fcnn_status fcnn_pooling_create_global(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error);

#endif
