/* activation.c - y = f(x), number by number; dx = dy f'(x), from y alone for most functions. */
#include <math.h>

#include "../base/memory.h"
#include "registry.h"

static const char *const functions[FCNN_ACTIVATION_COUNT] = {
    [FCNN_LINEAR] = "linear",
    [FCNN_RELU] = "relu",
    [FCNN_SIGMOID] = "sigmoid",
    [FCNN_TANH] = "tanh",
    [FCNN_ELU] = "elu",
    [FCNN_SELU] = "selu",
    [FCNN_SOFTPLUS] = "softplus",
    [FCNN_SOFTSIGN] = "softsign",
    [FCNN_GELU] = "gelu",
    [FCNN_GELU_TANH] = "gelu_tanh",
    [FCNN_SILU] = "silu",
    [FCNN_EXPONENTIAL] = "exponential",
    [FCNN_HARD_SIGMOID] = "hard_sigmoid",
    [FCNN_CELU] = "celu",
    [FCNN_HARD_SHRINK] = "hard_shrink",
    [FCNN_HARD_SILU] = "hard_silu",
    [FCNN_HARD_TANH] = "hard_tanh",
    [FCNN_LOG_SIGMOID] = "log_sigmoid",
    [FCNN_MISH] = "mish",
    [FCNN_SOFT_SHRINK] = "soft_shrink",
    [FCNN_SPARSE_PLUS] = "sparse_plus",
    [FCNN_SPARSE_SIGMOID] = "sparse_sigmoid",
    [FCNN_SQUAREPLUS] = "squareplus",
    [FCNN_TANH_SHRINK] = "tanh_shrink",
    [FCNN_THRESHOLD] = "threshold",
};

static const double LARGEST = 0x1p127, SMALLEST_ALPHA = 0x1p-126;

/* *value = the number called `name`, at least `low`; unchanged where it is not given. */
static fcnn_status read_option(const fcnn_attributes *attributes, const char *name, double low, float *value,
                               fcnn_error *error)
{
    double number = (double)*value;
    FCNN_TRY(fcnn_attributes_optional_number(attributes, name, low, LARGEST, &number, error));
    *value = (float)number;
    return FCNN_OK;
}

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"function", "negative_slope", "max_value", "threshold", "alpha",
                                        "b",        "default_value",  NULL};
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    size_t function;
    FCNN_TRY(fcnn_attributes_choice(attributes, "function", functions, FCNN_ACTIVATION_COUNT, &function, error));
    FCNN_TRY(fcnn_allocate(&layer->config, 1, sizeof(fcnn_activation_spec), "a layer's description", error));
    fcnn_activation_spec *spec = layer->config;
    *spec =
        (fcnn_activation_spec){.function = (fcnn_activation)function, .max_value = INFINITY, .alpha = 1.0f, .b = 4.0f};
    FCNN_TRY(read_option(attributes, "negative_slope", 0.0, &spec->negative_slope, error));
    FCNN_TRY(read_option(attributes, "max_value", 0.0, &spec->max_value, error));
    FCNN_TRY(read_option(attributes, "threshold", function == FCNN_RELU ? 0.0 : -LARGEST, &spec->threshold, error));
    FCNN_TRY(read_option(attributes, "alpha", function == FCNN_CELU ? SMALLEST_ALPHA : 0.0, &spec->alpha, error));
    FCNN_TRY(read_option(attributes, "b", 0.0, &spec->b, error));
    FCNN_TRY(read_option(attributes, "default_value", -LARGEST, &spec->default_value, error));
    layer->output = layer->input[0];
    layer->backward_reads = fcnn_activation_reads_output(spec) ? FCNN_READS_Y : FCNN_READS_X;
    layer->in_place = 1;
    layer->zero_is_dead = spec->function == FCNN_RELU && spec->negative_slope == 0.0f;
    layer->view = spec->function == FCNN_LINEAR;
    layer->activation = spec->function == FCNN_SIGMOID ? "sigmoid" : NULL;
    return FCNN_OK;
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const size_t size = fcnn_shape_size(&layer->output);
    for (size_t i = 0; i < images; i++)
        io->kernels->activation_forward(layer->config, size, io->x[0] + i * io->stride, io->y + i * io->stride);
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const size_t size = fcnn_shape_size(&layer->output);
    const float *given = layer->backward_reads & FCNN_READS_Y ? io->y : io->x[0];
    for (size_t i = 0; i < images; i++)
        io->kernels->activation_backward(layer->config, size, given + i * io->stride, given + i * io->stride,
                                         io->dy + i * io->stride, io->dx[0] + i * io->stride);
}

const fcnn_layer_class fcnn_activation_class = {
    .type = "activation",
    .create = create,
    .forward = forward,
    .backward = backward,
};
