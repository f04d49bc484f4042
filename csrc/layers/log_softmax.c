/* log_softmax.c - y = x - log of the sum of exp(x) over some axes; dx = dy - exp(y) sum of dy. */
#include "registry.h"
#include "vectors.h"

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    fcnn_vectors_run_forward(layer, io, images, io->kernels->log_softmax);
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    fcnn_vectors_run_backward(layer, io, images, io->kernels->log_softmax_backward);
}

const fcnn_layer_class fcnn_log_softmax_class = {
    .type = "log_softmax",
    .create = fcnn_vectors_create,
    .forward = forward,
    .backward = backward,
};
