/* dense.h - the description of a dense layer, and what both ways to compute it have in common. */
#ifndef FCNN_LAYER_DENSE_H
#define FCNN_LAYER_DENSE_H

#include "layer.h"

typedef struct fcnn_dense {
    size_t rows; /* of one image: the product of all axes but the last */
    size_t inputs;
    size_t outputs;
} fcnn_dense;

/* NULL: there is none. */
static inline const float *fcnn_dense_bias(const fcnn_layer *layer, const fcnn_io *io)
{
    return layer->parameters > 1 ? io->parameters + layer->parameter[1].offset : NULL;
}

/* Of the bias, where there is one: sums of dy, which no policy rounds. It belongs to the last shard of the kernel's. */
static inline void fcnn_dense_bias_gradient(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const fcnn_dense *self = layer->config;
    if (layer->parameters > 1)
        io->kernels->sum_rows(io->dy, self->outputs, self->rows, images, io->stride, self->outputs,
                              io->gradient.values + (layer->parameter[1].offset - io->gradient.begin),
                              io->gradient.accumulate);
}

#endif
