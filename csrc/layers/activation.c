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
};

/* *value = the number called `name`, not negative; unchanged where it is not given. */
static fcnn_status read_option(const fcnn_attributes *attributes, const char *name, float *value, fcnn_error *error)
{
    double number = (double)*value;
    FCNN_TRY(fcnn_attributes_optional_number(attributes, name, 0.0, 0x1p127, &number, error));
    *value = (float)number;
    return FCNN_OK;
}

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"function", "negative_slope", "max_value", "threshold", "alpha", NULL};
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    size_t function;
    FCNN_TRY(fcnn_attributes_choice(attributes, "function", functions, FCNN_ACTIVATION_COUNT, &function, error));
    FCNN_TRY(fcnn_allocate(&layer->config, 1, sizeof(fcnn_activation_spec), "a layer's description", error));
    fcnn_activation_spec *spec = layer->config;
    *spec = (fcnn_activation_spec){.function = (fcnn_activation)function, .max_value = INFINITY, .alpha = 1.0f};
    FCNN_TRY(read_option(attributes, "negative_slope", &spec->negative_slope, error));
    FCNN_TRY(read_option(attributes, "max_value", &spec->max_value, error));
    FCNN_TRY(read_option(attributes, "threshold", &spec->threshold, error));
    FCNN_TRY(read_option(attributes, "alpha", &spec->alpha, error));
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
