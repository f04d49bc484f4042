/* log_softmax.c - y = x - log of the sum of exp(x) over some axes; dx = dy - exp(y) sum of dy. */
#include "registry.h"
#include "vectors.h"

static void make(const fcnn_kernels *kernels, size_t rows, size_t columns, const float *x, float *y, float *scratch)
{
    (void)scratch;
    kernels->log_softmax(rows, columns, x, y);
}

static void make_back(const fcnn_kernels *kernels, size_t rows, size_t columns, const float *y, const float *dy,
                      float *dx, float *scratch)
{
    (void)scratch;
    kernels->log_softmax_backward(rows, columns, y, dy, dx);
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    fcnn_vectors_run_forward(layer, io, images, make);
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    fcnn_vectors_run_backward(layer, io, images, make_back);
}

const fcnn_layer_class fcnn_log_softmax_class = {
    .type = "log_softmax",
    .create = fcnn_vectors_create,
    .forward = forward,
    .backward = backward,
};
