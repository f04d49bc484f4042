/* softmax.c - y = exp(x) / sum of exp(x) over some axes; dx = y (dy - sum of y dy). */
#include "registry.h"
#include "vectors.h"

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    FCNN_TRY(fcnn_vectors_create(layer, attributes, error));
    const fcnn_axes *axes = layer->config;
    if (fcnn_axes_chosen(axes) == layer->output.extent[layer->output.rank - 1] && axes->lines == 1)
        layer->activation = "softmax"; /* over the last axis, as a loss takes it */
    return FCNN_OK;
}

static void make(const fcnn_kernels *kernels, size_t rows, size_t columns, const float *x, float *y, float *scratch)
{
    (void)scratch;
    kernels->softmax(rows, columns, x, y);
}

static void make_back(const fcnn_kernels *kernels, size_t rows, size_t columns, const float *y, const float *dy,
                      float *dx, float *scratch)
{
    (void)scratch;
    kernels->softmax_backward(rows, columns, y, dy, dx);
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    fcnn_vectors_run_forward(layer, io, images, make);
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    fcnn_vectors_run_backward(layer, io, images, make_back);
}

const fcnn_layer_class fcnn_softmax_class = {
    .type = "softmax",
    .create = create,
    .forward = forward,
    .backward = backward,
};
