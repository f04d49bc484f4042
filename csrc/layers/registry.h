/* registry.h - every layer class, one line each; layer.c looks them up by type. */
#ifndef FCNN_LAYER_REGISTRY_H
#define FCNN_LAYER_REGISTRY_H

#include "layer.h"

extern const fcnn_layer_class fcnn_activation_class;
extern const fcnn_layer_class fcnn_add_class;
extern const fcnn_layer_class fcnn_average_pooling2d_class;
extern const fcnn_layer_class fcnn_conv2d_class;
extern const fcnn_layer_class fcnn_conv2d_pooled_class;   /* made by fusion only: see conv2d_pooled.h */
extern const fcnn_layer_class fcnn_dense_class;
extern const fcnn_layer_class fcnn_dropout_class;
extern const fcnn_layer_class fcnn_global_average_pooling2d_class;
extern const fcnn_layer_class fcnn_global_max_pooling2d_class;
extern const fcnn_layer_class fcnn_max_pooling2d_class;
extern const fcnn_layer_class fcnn_rescaling_class;
extern const fcnn_layer_class fcnn_reshape_class;
extern const fcnn_layer_class fcnn_softmax_class;
extern const fcnn_layer_class fcnn_zero_padding2d_class;

#endif
