/* conv2d_bfloat16.h - a convolution whose products take factors rounded to bfloat16. */
#ifndef FCNN_LAYER_CONV2D_BFLOAT16_H
#define FCNN_LAYER_CONV2D_BFLOAT16_H

#include "conv2d.h"

extern const fcnn_layer_class fcnn_conv2d_bfloat16_class;

/* Whether a tile of patches is at least half full: else float32 is as fast. */
int fcnn_conv2d_bfloat16_pays(const fcnn_conv2d *self);

/* Makes the layer, which has its description, its output and its parameters, one of this class. */
void fcnn_conv2d_bfloat16_create(fcnn_layer *layer);

#endif
