/* conv2d_pooled.h - a convolution, an optional ReLU and a max pool as one step. */
#ifndef FCNN_LAYER_CONV2D_POOLED_H
#define FCNN_LAYER_CONV2D_POOLED_H

#include "layer.h"

/* *fused = the step that computes `pool` of (ReLU of, where `relu`) `conv`; winograd: by Winograd's algorithm where
 * that is cheaper. Both layers stay alive as long as it. */
fcnn_status fcnn_conv2d_pooled_create(fcnn_layer *fused, const fcnn_layer *conv, int relu, const fcnn_layer *pool,
                                      int winograd, fcnn_error *error);

#endif
