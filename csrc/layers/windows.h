/* windows.h - how windows (kernels, pools) fit over an image: 'valid' and 'same', as TensorFlow counts. */
#ifndef FCNN_LAYER_WINDOWS_H
#define FCNN_LAYER_WINDOWS_H

#include "layer.h"

typedef struct fcnn_extent {
    size_t output;        /* windows along this axis */
    size_t before, after; /* padding, in pixels; zero for 'valid' */
} fcnn_extent;

/* FCNN_E_SHAPE unless layer->input[0] is (height, width, channels). */
fcnn_status fcnn_windows_expect_images(const fcnn_layer *layer, fcnn_error *error);

/* extent[0], [1] = how windows of reach[0] x reach[1] pixels, strides apart, fit over layer->input[0], with the padding
 * that the attributes name. FCNN_E_SHAPE where the input is not (height, width, channels) or, for 'valid', a window
 * does not fit. `what` is "kernel" or "pool", for the message. */
fcnn_status fcnn_windows_fit(const fcnn_layer *layer, const fcnn_attributes *attributes, const char *what,
                             const size_t reach[2], const size_t strides[2], fcnn_extent extent[2], fcnn_error *error);

#endif
