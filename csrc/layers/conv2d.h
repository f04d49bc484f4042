/* conv2d.h - the description of a convolution, shared with the steps that fuse it with its neighbours. */
#ifndef FCNN_LAYER_CONV2D_H
#define FCNN_LAYER_CONV2D_H

#include "frame.h"
#include "layer.h"

typedef struct fcnn_conv2d {
    fcnn_frame frame; /* of the input */
    int padded;       /* there is a border */
    fcnn_frame dy;    /* in which backward reads it where it runs by Winograd's algorithm */
    size_t outputs;
    size_t reach[2], strides[2]; /* pixels from a patch's first to its last, both counted; between patches */
    fcnn_patches patches;        /* over the bordered image; run points into this block */
    fcnn_winograd winograd;      /* tile 0: not used */
    fcnn_winograd backward;      /* from dy to dx; tile 0: not used */
    fcnn_winograd gradient;      /* of the kernel; tile 0: not used */
    ptrdiff_t run[];
} fcnn_conv2d;

/* Some images, each `stride` floats behind the one before. */
typedef struct fcnn_images {
    const float *first;
    size_t stride;
} fcnn_images;

/* Images `first` .. `first + images - 1` of io as the convolution reads them: bordered, if it is padded, in io->saved,
 * or for inference in `scratch`. */
fcnn_images fcnn_conv2d_bordered(const fcnn_conv2d *self, const fcnn_io *io, size_t first, size_t images,
                                 float *scratch);

#endif
