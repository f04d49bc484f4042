/* winograd.h - a convolution by Winograd's algorithm: the choice, and the transformed kernel. See
 * kernels/conv2d_winograd.c. */
#ifndef FCNN_LAYER_WINOGRAD_H
#define FCNN_LAYER_WINOGRAD_H

#include "conv2d.h"

/* The convolution of the first `lines` x `width` output pixels by Winograd's algorithm; tile 0 where the plain products
 * are cheaper, or it is no 3x3 or 5x5 convolution of stride 1. */
fcnn_winograd fcnn_winograd_choose(const fcnn_conv2d *conv, size_t lines, size_t width);

/* The input gradient likewise: the convolution of dy, in a frame, by the kernel turned round, its two axes of channels
 * exchanged. */
fcnn_winograd fcnn_winograd_choose_backward(const fcnn_conv2d *conv, const fcnn_frame *dy);

/* The gradient of the kernel likewise, in shards of some input channels. */
enum { FCNN_GRADIENT_CHANNELS = 32 };
fcnn_winograd fcnn_winograd_choose_gradient(const fcnn_conv2d *conv, size_t lines, size_t width);
size_t fcnn_winograd_gradient_shards(const fcnn_winograd *winograd);

/* Images that forward should handle at once: so many that winograd_forward's blocks are full; 1 without Winograd. */
size_t fcnn_winograd_images(const fcnn_winograd *winograd);

/* Floats of its transformed kernel, and the pieces of work that make it; 0 without Winograd. */
size_t fcnn_winograd_prepared(const fcnn_winograd *winograd);
size_t fcnn_winograd_shards(const fcnn_winograd *winograd);
void fcnn_winograd_prepare(const fcnn_winograd *winograd, const fcnn_io *io, size_t shard, float *u);

/* The same for the input gradient; turned: the kernel turned round, of the parameters' size. */
void fcnn_winograd_prepare_backward(const fcnn_winograd *winograd, const fcnn_io *io, size_t shard, float *turned,
                                    float *u);

#endif
