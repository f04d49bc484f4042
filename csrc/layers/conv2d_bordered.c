/* conv2d_bordered.c - images as a convolution reads them, whichever way it computes. */
#include "conv2d.h"

fcnn_images fcnn_conv2d_bordered(const fcnn_conv2d *self, const fcnn_io *io, size_t first, size_t images,
                                 float *scratch)
{
    const float *x = io->x[0] + first * io->stride;
    if (!self->padded)
        return (fcnn_images){x, io->stride};
    float *bordered = io->saved ? io->saved + first * io->stride : scratch;
    const size_t stride = io->saved ? io->stride : fcnn_frame_size(&self->frame);
    for (size_t i = 0; i < images; i++)
        fcnn_frame_add(&self->frame, x + i * io->stride, bordered + i * stride);
    return (fcnn_images){bordered, stride};
}
