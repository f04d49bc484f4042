/* batch_normalization.c - y = gamma (x - mean) / sqrt(variance + epsilon) + beta, for each channel (the last axis).
 *
 * In training mean and variance are those of the batch: over all images and all axes but the last. N counts these
 * numbers. With x' = (x - mean) / sqrt(variance + epsilon):
 *
 *     dbeta = sum of dy,   dgamma = sum of dy x'
 *     dx = gamma / sqrt(variance + epsilon) (dy - dbeta / N - x' dgamma / N)
 *
 * An image's own mean and its sum of squared deviations are joined to those of the batch (Chan, Golub and LeVeque,
 * "Updating formulae and a pairwise algorithm for computing sample variances", 1979), in double and in the order of
 * images, so that the result does not depend on threads, nor on how far the mean is from 0. Afterwards the statistics
 * move: moving = momentum moving + (1 - momentum) batch. In inference, and where they do not move (the layer is
 * frozen), the moving statistics take the batch's place.
 * An addition and a ReLU that follow may be done in the same pass: y = min(max(... + added, 0), most). Backward then
 * begins with dy where y lies between the limits, else 0, which is also the gradient of what is added.
 * Source: Ioffe and Szegedy, "Batch normalization", 2015; the variance is divided by N, as in Keras.
 */
#include <math.h>
#include <string.h>

#include "../base/memory.h"
#include "../base/sizes.h"
#include "batch_normalization.h"
#include "registry.h"

enum { SHARD_CHANNELS = 64 }; /* settled in one piece of work */

static const size_t ABSENT = SIZE_MAX;

typedef struct batch_normalization {
    size_t rows, channels;
    double epsilon, momentum;
    /* Offsets in the parameters; ABSENT: not there. */
    size_t gamma, beta, moving_mean, moving_variance;
    /* What is done in the same pass: see fcnn_batch_normalization_fuse. */
    fcnn_limits limits;
} batch_normalization;

/* What is settled: (CHANNELS_SETTLED, channels). */
enum { MEAN, SCALE, INVERSE, VARIANCE, SLOPE, OFFSET, CHANNELS_SETTLED };

/* What an image adds: (2, channels). */
enum { FIRST, SECOND, CHANNELS_OBSERVED };

static size_t add_parameter(fcnn_layer *layer, const char *name, size_t channels, int statistic)
{
    fcnn_layer_add_parameter(layer, name, &(fcnn_shape){1, {channels}});
    fcnn_parameter *parameter = &layer->parameter[layer->parameters - 1];
    parameter->statistic = statistic;
    return parameter->offset;
}

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"center", "scale", "epsilon", "momentum", NULL};
    const fcnn_shape *in = &layer->input[0];
    int center = 1, scale = 1;
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    if (in->rank == 0)
        return fcnn_fail(error, FCNN_E_SHAPE, "BatchNormalization '%s' needs an input with at least one axis",
                         layer->name);
    FCNN_TRY(fcnn_allocate(&layer->config, 1, sizeof(batch_normalization), "a layer's description", error));
    batch_normalization *self = layer->config;
    FCNN_TRY(fcnn_attributes_optional_flag(attributes, "center", &center, error));
    FCNN_TRY(fcnn_attributes_optional_flag(attributes, "scale", &scale, error));
    FCNN_TRY(fcnn_attributes_number(attributes, "epsilon", 0.0, 0x1p60, &self->epsilon, error));
    FCNN_TRY(fcnn_attributes_number(attributes, "momentum", 0.0, 1.0, &self->momentum, error));
    const size_t channels = self->channels = in->extent[in->rank - 1];
    self->rows = fcnn_shape_size(in) / channels;
    self->gamma = scale ? add_parameter(layer, "gamma", channels, 0) : ABSENT;
    self->beta = center ? add_parameter(layer, "beta", channels, 0) : ABSENT;
    self->moving_mean = add_parameter(layer, "moving_mean", channels, 1);
    self->moving_variance = add_parameter(layer, "moving_variance", channels, 1);
    layer->output = *in;
    layer->backward_reads = FCNN_READS_FIRST_X;
    layer->dx_in_place = 1;
    layer->observed = CHANNELS_OBSERVED * channels;
    layer->settled = CHANNELS_SETTLED * channels;
    layer->settle_shards = (channels + SHARD_CHANNELS - 1) / SHARD_CHANNELS;
    layer->prepared = 2 * channels; /* scale and inverse of the moving statistics */
    layer->prepare_shards = 1;
    layer->gradient_shards = 1;
    layer->scratch = (CHANNELS_OBSERVED + 2) * channels; /* of gradient: an image's sums, scale and inverse */
    return FCNN_OK;
}

/* ---- what y is made with ---- */

static const float *parameter_of(const fcnn_io *io, size_t offset)
{
    return offset == ABSENT ? NULL : io->parameters + offset;
}

/* inverse = 1 / sqrt(variance + epsilon), scale = gamma * inverse; for channels [begin, end). */
static void find_scale(const batch_normalization *self, const fcnn_io *io, const float *variance, size_t begin,
                       size_t end, float *scale, float *inverse)
{
    const float *gamma = parameter_of(io, self->gamma);
    for (size_t c = begin; c < end; c++) {
        inverse[c] = (float)(1.0 / sqrt((double)variance[c] + self->epsilon));
        scale[c] = gamma ? gamma[c] * inverse[c] : inverse[c];
    }
}

static void prepare(const fcnn_layer *layer, const fcnn_io *io, size_t shard)
{
    const batch_normalization *self = layer->config;
    (void)shard;
    if (!io->settled)
        find_scale(self, io, parameter_of(io, self->moving_variance), 0, self->channels, io->prepared,
                   io->prepared + self->channels);
}

static fcnn_channels channels_of(const batch_normalization *self, const fcnn_io *io)
{
    const size_t channels = self->channels;
    const int looks = io->settled != NULL;
    return (fcnn_channels){.rows = self->rows,
                           .channels = channels,
                           .mean = looks ? io->settled + MEAN * channels : parameter_of(io, self->moving_mean),
                           .scale = looks ? io->settled + SCALE * channels : io->prepared,
                           .offset = parameter_of(io, self->beta),
                           .limits = self->limits};
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const fcnn_channels of = channels_of(layer->config, io);
    for (size_t at = 0; at < images * io->stride; at += io->stride)
        io->kernels->channel_scale(&of, io->x[0] + at, layer->inputs > 1 ? io->x[1] + at : NULL, io->y + at);
}

/* ---- the batch, forward ---- */

static void observe(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const batch_normalization *self = layer->config;
    const fcnn_channels of = channels_of(self, io);
    for (size_t at = 0; at < images * io->stride; at += io->stride) {
        float *observed = io->observed + at;
        io->kernels->channel_moments(&of, io->x[0] + at, observed + FIRST * self->channels,
                                     observed + SECOND * self->channels);
    }
}

/* sum[0 .. count-1] = the images' numbers from observed[at] on, added in order. */
static void add_up(const fcnn_io *io, size_t images, size_t at, size_t count, double *sum)
{
    memset(sum, 0, count * sizeof *sum);
    for (size_t i = 0; i < images; i++)
        for (size_t c = 0; c < count; c++)
            sum[c] += (double)io->observed[i * io->stride + at + c];
}

static void settle(const fcnn_layer *layer, const fcnn_io *io, size_t images, size_t shard)
{
    const batch_normalization *self = layer->config;
    const size_t channels = self->channels, begin = shard * SHARD_CHANNELS;
    const size_t count = smaller(SHARD_CHANNELS, channels - begin);
    const double rows = (double)self->rows;
    double mean[SHARD_CHANNELS], within[SHARD_CHANNELS], between[SHARD_CHANNELS] = {0};
    add_up(io, images, FIRST * channels + begin, count, mean);
    add_up(io, images, SECOND * channels + begin, count, within);
    for (size_t c = 0; c < count; c++)
        mean[c] /= (double)images;
    for (size_t i = 0; i < images; i++)
        for (size_t c = 0; c < count; c++) {
            const double away = (double)io->observed[i * io->stride + FIRST * channels + begin + c] - mean[c];
            between[c] += away * away;
        }
    float *variance = io->settled + VARIANCE * channels;
    for (size_t c = 0; c < count; c++) {
        io->settled[MEAN * channels + begin + c] = (float)mean[c];
        variance[begin + c] = (float)((within[c] + rows * between[c]) / (rows * (double)images));
    }
    find_scale(self, io, variance, begin, begin + count, io->settled + SCALE * channels,
               io->settled + INVERSE * channels);
}

static void move(double momentum, size_t count, const float *batch, float *moving)
{
    for (size_t c = 0; c < count; c++)
        moving[c] = (float)(momentum * (double)moving[c] + (1.0 - momentum) * (double)batch[c]);
}

static void move_statistics(const fcnn_layer *layer, const fcnn_io *io, size_t images, float *parameters)
{
    const batch_normalization *self = layer->config;
    const size_t channels = self->channels;
    (void)images;
    move(self->momentum, channels, io->settled + MEAN * channels, parameters + self->moving_mean);
    move(self->momentum, channels, io->settled + VARIANCE * channels, parameters + self->moving_variance);
}

/* ---- backward ---- */

/* y of an image; NULL where it is found from x, which is read anyway. */
static const float *output_of(const fcnn_layer *layer, const fcnn_io *io, size_t at)
{
    return layer->inputs > 1 ? io->y + at : NULL;
}

/* Sums over one image: of dy, and of (x - mean) dy. */
static void sum_image(const fcnn_layer *layer, const fcnn_channels *of, const fcnn_io *io, size_t image, float *sums)
{
    const size_t at = image * io->stride;
    io->kernels->channel_products(of, io->x[0] + at, output_of(layer, io, at), io->dy + at, sums + FIRST * of->channels,
                                  sums + SECOND * of->channels);
}

static void observe_backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const fcnn_channels of = channels_of(layer->config, io);
    for (size_t i = 0; i < images; i++)
        sum_image(layer, &of, io, i, io->observed + i * io->stride);
}

static void settle_backward(const fcnn_layer *layer, const fcnn_io *io, size_t images, size_t shard)
{
    const batch_normalization *self = layer->config;
    const size_t channels = self->channels, begin = shard * SHARD_CHANNELS;
    const size_t count = smaller(SHARD_CHANNELS, channels - begin);
    const double numbers = (double)self->rows * (double)images;
    double sum[SHARD_CHANNELS], products[SHARD_CHANNELS];
    add_up(io, images, FIRST * channels + begin, count, sum);
    add_up(io, images, SECOND * channels + begin, count, products);
    for (size_t c = 0; c < count; c++) {
        const size_t channel = begin + c;
        const double inverse = (double)io->settled[INVERSE * channels + channel];
        const double scale = (double)io->settled[SCALE * channels + channel];
        io->settled[SLOPE * channels + channel] = (float)(-scale * inverse * inverse * products[c] / numbers);
        io->settled[OFFSET * channels + channel] = (float)(-scale * sum[c] / numbers);
        if (io->gradient.values && self->gamma != ABSENT)
            io->gradient.values[self->gamma + channel] = (float)(inverse * products[c]);
        if (io->gradient.values && self->beta != ABSENT)
            io->gradient.values[self->beta + channel] = (float)sum[c];
    }
}

static float *input_gradient(const fcnn_io *io, size_t input, size_t at)
{
    return io->dx[input] ? io->dx[input] + at : NULL;
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const batch_normalization *self = layer->config;
    const fcnn_channels of = channels_of(self, io);
    const float *slope = io->settled ? io->settled + SLOPE * self->channels : NULL;
    const float *shift = io->settled ? io->settled + OFFSET * self->channels : NULL;
    for (size_t at = 0; at < images * io->stride; at += io->stride)
        io->kernels->channel_combine(&of, io->x[0] + at, slope, shift, output_of(layer, io, at), io->dy + at,
                                     input_gradient(io, 0, at), input_gradient(io, 1, at));
}

/* Where the moving statistics are used: each image's sums, in order. What is prepared is for the images' threads. */
static void gradient(const fcnn_layer *layer, const fcnn_io *io, size_t images, size_t shard)
{
    const batch_normalization *self = layer->config;
    const size_t channels = self->channels;
    float *sums = io->scratch, *scale = sums + CHANNELS_OBSERVED * channels, *inverse = scale + channels;
    (void)shard;
    find_scale(self, io, parameter_of(io, self->moving_variance), 0, channels, scale, inverse);
    fcnn_channels of = channels_of(self, io);
    of.scale = scale;
    if (!io->gradient.accumulate)
        memset(io->gradient.values, 0, fcnn_layer_parameter_size(layer) * sizeof(float));
    for (size_t i = 0; i < images; i++) {
        sum_image(layer, &of, io, i, sums);
        for (size_t c = 0; c < channels; c++) {
            if (self->gamma != ABSENT)
                io->gradient.values[self->gamma + c] += sums[SECOND * channels + c] * inverse[c];
            if (self->beta != ABSENT)
                io->gradient.values[self->beta + c] += sums[FIRST * channels + c];
        }
    }
}

/* ---- in other layers' parameters ---- */

size_t fcnn_batch_normalization_fold_scratch(const fcnn_layer *normalization)
{
    const batch_normalization *self = normalization->config;
    return 2 * self->channels;
}

void fcnn_batch_normalization_fold(const fcnn_layer *normalization, const fcnn_kernels *kernels,
                                   const float *parameters, size_t kernel_size, const float *kernel, const float *bias,
                                   float *folded, float *scratch)
{
    const batch_normalization *self = normalization->config;
    const size_t channels = self->channels;
    const fcnn_io io = {.parameters = parameters};
    float *folded_bias = folded + kernel_size;
    const fcnn_channels of_kernel = {.rows = kernel_size / channels, .channels = channels, .scale = scratch};
    const fcnn_channels of_bias = {.rows = 1,
                                   .channels = channels,
                                   .mean = parameter_of(&io, self->moving_mean),
                                   .scale = scratch,
                                   .offset = parameter_of(&io, self->beta)};
    find_scale(self, &io, parameter_of(&io, self->moving_variance), 0, channels, scratch, scratch + channels);
    kernels->channel_scale(&of_kernel, kernel, NULL, folded);
    memset(folded_bias, 0, channels * sizeof(float));
    kernels->channel_scale(&of_bias, bias ? bias : folded_bias, NULL, folded_bias);
}

/* ---- with what follows ---- */

fcnn_status fcnn_batch_normalization_fuse(fcnn_layer *fused, const fcnn_layer *normalization, int adds,
                                          const fcnn_activation_spec *relu, fcnn_error *error)
{
    FCNN_TRY(fcnn_layer_copy(normalization, sizeof(batch_normalization), fused, error));
    batch_normalization *self = fused->config;
    if (adds) {
        fused->inputs = 2;
        fused->input[1] = fused->output;
    }
    if (relu) {
        self->limits = (fcnn_limits){1, relu->max_value};
        fused->backward_reads |= adds ? FCNN_READS_Y | FCNN_GRADIENT_READS_Y : 0;
        fused->zero_is_dead = 1;
    }
    return FCNN_OK;
}

const fcnn_layer_class fcnn_batch_normalization_class = {
    .type = "batch_normalization",
    .create = create,
    .prepare = prepare,
    .forward = forward,
    .observe = observe,
    .settle = settle,
    .move_statistics = move_statistics,
    .backward = backward,
    .observe_backward = observe_backward,
    .settle_backward = settle_backward,
    .gradient = gradient,
};
