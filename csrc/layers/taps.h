/* taps.h - the taps of a kernel that moves over an image: their attributes, and the matrix of patches that they see. */
#ifndef FCNN_LAYER_TAPS_H
#define FCNN_LAYER_TAPS_H

#include "frame.h"
#include "windows.h"

typedef struct fcnn_taps {
    size_t kernel[2], strides[2], dilation[2];
    size_t reach[2]; /* pixels from the first tap to the last, both counted */
} fcnn_taps;

/* *taps = what the attributes kernel_size, strides and dilation_rate say. */
fcnn_status fcnn_taps_read(const fcnn_attributes *attributes, fcnn_taps *taps, fcnn_error *error);

/* The frame of an image (height, width, ...) of `channels` channels, with the padding of `extent`. */
fcnn_frame fcnn_taps_frame(const fcnn_shape *image, size_t channels, const fcnn_extent extent[2]);

/* The runs of a patch: lines of taps, side by side, or, where they are `apart` or dilated, each tap. */
size_t fcnn_taps_runs(const fcnn_taps *taps, int apart);

/* The patches of `channels` channels of a framed image, in `lines` of `width`; fills in `run`, (fcnn_taps_runs). Where
 * these are not all of the frame's channels, taps are apart. */
fcnn_patches fcnn_taps_patches(const fcnn_taps *taps, const fcnn_frame *frame, size_t lines, size_t width,
                               size_t channels, ptrdiff_t *run);

#endif
