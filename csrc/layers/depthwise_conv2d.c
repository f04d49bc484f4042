/* depthwise_conv2d.c - a convolution in which every channel has kernels of its own, as many as depth_multiplier says.
 *
 * Forward:   y[p][o] = b[o] + sum over taps (i, j) of x[p * stride + (i, j) * dilation][c] W[i][j][c][m], o = c * M + m
 * Backward:  dx = the same sum turned round;  dW = sum over images and pixels of x dy
 *
 * In Keras's order W is a matrix (taps, C * M): so with each channel of x repeated M times it is a convolution of
 * C * M channels with one kernel each, which is what the kernels know. Such an x is kept for dW.
 *
 * dx is gathered, not scattered. Where windows are `stride` apart, a pixel of x is seen only by those taps whose place
 * leaves the same remainder: so the pixels of each remainder, a phase, are a convolution of dy, of stride 1, with some
 * of the taps, from the last to the first.
 */
#include <string.h>

#include "../base/memory.h"
#include "../base/sizes.h"
#include "registry.h"
#include "taps.h"

enum { SHARD_CHANNELS = 64 }; /* whose gradient is one piece of work */

/* Pixels of x, a stride apart, that the same taps see. */
typedef struct phase {
    size_t first;             /* floats before the first of them */
    size_t weights;           /* floats before its weights in the prepared memory */
    fcnn_depthwise depthwise; /* from dy to these pixels */
} phase;

typedef struct depthwise {
    size_t multiplier;
    fcnn_depthwise forward; /* its channels are those of the output */
    size_t phases;
    int has_gaps; /* some pixels of x are seen by no tap */
    phase phase[];
} depthwise;

static size_t greatest_divisor(size_t a, size_t b) { return b ? greatest_divisor(b, a % b) : a; }

/* Tap f and every period-th after it leave the same remainder, along an axis. */
static size_t period_of(const fcnn_depthwise *forward, size_t axis)
{
    return forward->strides[axis] / greatest_divisor(forward->strides[axis], forward->dilation[axis]);
}

static size_t phases_of(const fcnn_depthwise *forward, size_t axis)
{
    return smaller(forward->kernel[axis], period_of(forward, axis));
}

/* Fills in one axis of a phase, whose first tap is f; returns the first pixel of x that it is about. */
static size_t plan_axis(const fcnn_depthwise *forward, size_t axis, size_t f, fcnn_depthwise *to)
{
    const size_t stride = forward->strides[axis], dilation = forward->dilation[axis];
    const size_t period = period_of(forward, axis), before = (size_t)forward->before[axis];
    const size_t input = axis ? forward->width : forward->height;
    const size_t place = f * dilation % stride, missing = before > place ? before - place : 0;
    const size_t first = place + (missing + stride - 1) / stride * stride - before; /* seen, with its border, at */
    const size_t pixels = first < input ? (input - first + stride - 1) / stride : 0;
    to->kernel[axis] = (forward->kernel[axis] - 1 - f) / period + 1;
    to->strides[axis] = 1;
    to->dilation[axis] = period * dilation / stride;
    const size_t last = f + (to->kernel[axis] - 1) * period; /* comes first */
    to->before[axis] = ((ptrdiff_t)(last * dilation) - (ptrdiff_t)(first + before)) / (ptrdiff_t)stride;
    *(axis ? &to->columns : &to->lines) = pixels;
    return first;
}

static void plan_backward(depthwise *self)
{
    const fcnn_depthwise *forward = &self->forward;
    size_t weights = 0;
    for (size_t f = 0; f < phases_of(forward, 0); f++)
        for (size_t g = 0; g < phases_of(forward, 1); g++) {
            phase *p = &self->phase[self->phases++];
            p->depthwise = (fcnn_depthwise){
                .height = forward->lines,
                .width = forward->columns,
                .channels = forward->channels,
                .y_line = (ptrdiff_t)(forward->strides[0] * forward->width * forward->channels),
                .y_step = (ptrdiff_t)(forward->strides[1] * forward->channels),
            };
            const size_t line = plan_axis(forward, 0, f, &p->depthwise);
            p->first = (line * forward->width + plan_axis(forward, 1, g, &p->depthwise)) * forward->channels;
            p->weights = weights;
            weights += p->depthwise.kernel[0] * p->depthwise.kernel[1] * forward->channels;
        }
    self->has_gaps = phases_of(forward, 0) < forward->strides[0] || phases_of(forward, 1) < forward->strides[1];
}

/* The convolution of an image with its channels repeated. */
static fcnn_depthwise describe(const fcnn_shape *image, size_t outputs, const fcnn_taps *taps,
                               const fcnn_extent extent[2])
{
    return (fcnn_depthwise){
        .height = image->extent[0],
        .width = image->extent[1],
        .channels = outputs,
        .lines = extent[0].output,
        .columns = extent[1].output,
        .kernel = {taps->kernel[0], taps->kernel[1]},
        .strides = {taps->strides[0], taps->strides[1]},
        .dilation = {taps->dilation[0], taps->dilation[1]},
        .before = {(ptrdiff_t)extent[0].before, (ptrdiff_t)extent[1].before},
        .y_line = (ptrdiff_t)(extent[1].output * outputs),
        .y_step = (ptrdiff_t)outputs,
    };
}

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"depth_multiplier", "kernel_size", "strides", "padding",
                                        "dilation_rate",    "use_bias",    NULL};
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    size_t multiplier, use_bias;
    fcnn_taps taps;
    fcnn_extent extent[2];
    FCNN_TRY(fcnn_attributes_sizes(attributes, "depth_multiplier", 1, 1 << 20, &multiplier, 1, error));
    FCNN_TRY(fcnn_attributes_sizes(attributes, "use_bias", 0, 1, &use_bias, 1, error));
    FCNN_TRY(fcnn_taps_read(attributes, &taps, error));
    FCNN_TRY(fcnn_windows_fit(layer, attributes, "kernel", taps.reach, taps.strides, extent, error));

    const fcnn_shape *image = &layer->input[0];
    const size_t channels = image->extent[2], outputs = channels * multiplier;
    const fcnn_shape weights = {4, {taps.kernel[0], taps.kernel[1], channels, multiplier}};
    const fcnn_shape repeated = {3, {image->extent[0], image->extent[1], outputs}};
    FCNN_TRY(fcnn_shape_check(&weights, layer->name, error));
    FCNN_TRY(fcnn_shape_check(&repeated, layer->name, error));
    const fcnn_depthwise forward = describe(image, outputs, &taps, extent);
    const size_t phases = phases_of(&forward, 0) * phases_of(&forward, 1);
    FCNN_TRY(
        fcnn_allocate(&layer->config, 1, sizeof(depthwise) + phases * sizeof(phase), "a layer's description", error));
    depthwise *self = layer->config;
    self->multiplier = multiplier;
    self->forward = forward;
    plan_backward(self);

    layer->output = (fcnn_shape){3, {forward.lines, forward.columns, outputs}};
    fcnn_layer_add_parameter(layer, "kernel", &weights);
    if (use_bias)
        fcnn_layer_add_parameter(layer, "bias", &(fcnn_shape){1, {outputs}});
    layer->saved = multiplier > 1 ? fcnn_shape_size(&repeated) : 0;
    layer->scratch = layer->saved;
    layer->prepared = fcnn_shape_size(&weights);
    layer->prepare_shards = 1;
    layer->gradient_shards = (outputs + SHARD_CHANNELS - 1) / SHARD_CHANNELS;
    return FCNN_OK;
}

/* The weights as the phases want them. */
static void prepare(const fcnn_layer *layer, const fcnn_io *io, size_t shard)
{
    (void)shard;
    const depthwise *self = layer->config;
    const fcnn_depthwise *forward = &self->forward;
    const size_t down = period_of(forward, 0), across = period_of(forward, 1), columns = phases_of(forward, 1);
    for (size_t n = 0; io->saved && n < self->phases; n++) {
        const size_t *kernel = self->phase[n].depthwise.kernel, taps = kernel[0] * kernel[1];
        for (size_t t = 0; t < taps; t++) {
            const size_t a = n / columns + (taps - 1 - t) / kernel[1] * down;
            const size_t b = n % columns + (taps - 1 - t) % kernel[1] * across;
            memcpy(io->prepared + self->phase[n].weights + t * forward->channels,
                   io->parameters + (a * forward->kernel[1] + b) * forward->channels,
                   forward->channels * sizeof(float));
        }
    }
}

/* repeated = x with each number repeated. */
static void repeat(size_t count, size_t times, const float *x, float *repeated)
{
    for (size_t i = 0; i < count; i++)
        for (size_t m = 0; m < times; m++)
            *repeated++ = x[i];
}

/* sums = the sums of `times` numbers in order, side by side. */
static void add_repeated(size_t count, size_t times, const float *repeated, float *sums)
{
    for (size_t i = 0; i < count; i++) {
        sums[i] = *repeated++;
        for (size_t m = 1; m < times; m++)
            sums[i] += *repeated++;
    }
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const depthwise *self = layer->config;
    const float *bias = layer->parameters > 1 ? io->parameters + layer->parameter[1].offset : NULL;
    for (size_t i = 0; i < images; i++) {
        const float *x = io->x[0] + i * io->stride;
        if (self->multiplier > 1) {
            float *repeated = io->saved ? io->saved + i * io->stride : io->scratch;
            repeat(fcnn_shape_size(&layer->input[0]), self->multiplier, x, repeated);
            x = repeated;
        }
        io->kernels->depthwise_forward(&self->forward, x, io->parameters, bias, io->y + i * io->stride);
    }
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const depthwise *self = layer->config;
    const size_t size = fcnn_shape_size(&layer->input[0]);
    for (size_t i = 0; i < images; i++) {
        float *dx = io->dx[0] + i * io->stride, *repeated = self->multiplier > 1 ? io->scratch : dx;
        if (self->has_gaps)
            memset(repeated, 0, size * self->multiplier * sizeof *repeated);
        for (const phase *p = self->phase; p < self->phase + self->phases; p++)
            if (p->depthwise.lines > 0 && p->depthwise.columns > 0)
                io->kernels->depthwise_forward(&p->depthwise, io->dy + i * io->stride, io->prepared + p->weights, NULL,
                                               repeated + p->first);
        if (self->multiplier > 1)
            add_repeated(size, self->multiplier, repeated, dx);
    }
}

static void gradient(const fcnn_layer *layer, const fcnn_io *io, size_t images, size_t shard)
{
    const depthwise *self = layer->config;
    const fcnn_depthwise *forward = &self->forward;
    const size_t begin = shard * SHARD_CHANNELS, end = smaller(begin + SHARD_CHANNELS, forward->channels);
    io->kernels->depthwise_weight_gradient(forward, self->multiplier > 1 ? io->saved : io->x[0], io->dy, images,
                                           io->stride, begin, end, io->gradient.values, io->gradient.accumulate);
    if (layer->parameters > 1)
        io->kernels->sum_rows(io->dy + begin, forward->channels, forward->lines * forward->columns, images, io->stride,
                              end - begin, io->gradient.values + layer->parameter[1].offset + begin,
                              io->gradient.accumulate);
}

static fcnn_status limit(const fcnn_layer *layer, fcnn_limits limits, fcnn_layer *limited, fcnn_error *error)
{
    const depthwise *self = layer->config;
    FCNN_TRY(fcnn_layer_copy(layer, sizeof *self + self->phases * sizeof *self->phase, limited, error));
    depthwise *copy = limited->config;
    copy->forward.limits = limits;
    return FCNN_OK;
}

const fcnn_layer_class fcnn_depthwise_conv2d_class = {
    .type = "depthwise_conv2d",
    .create = create,
    .prepare = prepare,
    .forward = forward,
    .backward = backward,
    .gradient = gradient,
    .limit = limit,
};
