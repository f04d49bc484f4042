/* frame.h - images inside a border of zeros: how padded images are stored. */
#ifndef FCNN_LAYER_FRAME_H
#define FCNN_LAYER_FRAME_H

#include <stddef.h>

typedef struct fcnn_frame {
    size_t lines, columns, channels; /* of the image */
    size_t height, width;            /* with the border */
    size_t top, left;                /* border before the first line and column */
} fcnn_frame;

/* Whether there is a border. */
int fcnn_frame_is_padded(const fcnn_frame *frame);

/* Floats with the border. */
size_t fcnn_frame_size(const fcnn_frame *frame);

/* framed = the image x with its border. */
void fcnn_frame_add(const fcnn_frame *frame, const float *x, float *framed);

/* x = the image without its border. */
void fcnn_frame_remove(const fcnn_frame *frame, const float *framed, float *x);

#endif
