/* function.c - y = f(x), a mathematical function of each number; dx = dy f'(x). Activation functions: activation.c. */
#include <math.h>

#include "../base/memory.h"
#include "registry.h"

static const char *const functions[FCNN_FUNCTION_COUNT] = {
    [FCNN_ABSOLUTE] = "absolute",
    [FCNN_CEIL] = "ceil",
    [FCNN_CLIP] = "clip",
    [FCNN_COS] = "cos",
    [FCNN_ERF] = "erf",
    [FCNN_EXPM1] = "expm1",
    [FCNN_FIXED_POWER] = "power",
    [FCNN_FLOOR] = "floor",
    [FCNN_LOG] = "log",
    [FCNN_LOG1P] = "log1p",
    [FCNN_RECIPROCAL] = "reciprocal",
    [FCNN_ROUND] = "round",
    [FCNN_RSQRT] = "rsqrt",
    [FCNN_SIGN] = "sign",
    [FCNN_SIN] = "sin",
    [FCNN_SQRT] = "sqrt",
    [FCNN_SQUARE] = "square",
    [FCNN_STOP_GRADIENT] = "stop_gradient",
    [FCNN_TRUNCATE] = "trunc",
};

/* What the derivative is found from; nothing where it is 0. */
static int reads_of(fcnn_function function)
{
    switch (function) {
    case FCNN_CEIL:
    case FCNN_FLOOR:
    case FCNN_ROUND:
    case FCNN_SIGN:
    case FCNN_STOP_GRADIENT:
    case FCNN_TRUNCATE:
        return 0;
    case FCNN_EXPM1:
    case FCNN_RECIPROCAL:
    case FCNN_RSQRT:
    case FCNN_SQRT:
        return FCNN_READS_Y;
    case FCNN_CLIP:
        return FCNN_READS_X | FCNN_READS_Y;
    default:
        return FCNN_READS_X;
    }
}

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"function", "exponent", "low", "high", NULL};
    static const double LARGEST = 0x1p127;
    size_t function;
    double exponent = 1.0, low = -INFINITY, high = INFINITY;
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(fcnn_attributes_choice(attributes, "function", functions, FCNN_FUNCTION_COUNT, &function, error));
    FCNN_TRY(fcnn_attributes_optional_number(attributes, "exponent", -LARGEST, LARGEST, &exponent, error));
    FCNN_TRY(fcnn_attributes_optional_number(attributes, "low", -LARGEST, LARGEST, &low, error));
    FCNN_TRY(fcnn_attributes_optional_number(attributes, "high", -LARGEST, LARGEST, &high, error));
    FCNN_TRY(fcnn_allocate(&layer->config, 1, sizeof(fcnn_function_spec), "a layer's description", error));
    *(fcnn_function_spec *)layer->config =
        (fcnn_function_spec){(fcnn_function)function, (float)exponent, (float)low, (float)high};
    layer->output = layer->input[0];
    layer->backward_reads = reads_of((fcnn_function)function);
    layer->in_place = 1;
    return FCNN_OK;
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const size_t size = fcnn_shape_size(&layer->output);
    for (size_t i = 0; i < images; i++)
        io->kernels->function_forward(layer->config, size, io->x[0] + i * io->stride, io->y + i * io->stride);
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const size_t size = fcnn_shape_size(&layer->output);
    for (size_t i = 0; i < images; i++) {
        const size_t at = i * io->stride;
        const float *dy = io->dy + at;
        const float *x = layer->backward_reads & FCNN_READS_X ? io->x[0] + at : dy;
        const float *y = layer->backward_reads & FCNN_READS_Y ? io->y + at : dy;
        io->kernels->function_backward(layer->config, size, x, y, dy, io->dx[0] + at);
    }
}

const fcnn_layer_class fcnn_function_class = {
    .type = "function",
    .create = create,
    .forward = forward,
    .backward = backward,
};
