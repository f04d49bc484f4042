/* noise.c - layers that disturb their input in training, and in inference return it.
 *
 *   dropout            each number is dropped with probability `rate`; the others are divided by 1 - rate
 *   alpha_dropout      dropped numbers become SELU's limit; then y = a x + b, which keeps mean and variance
 *   gaussian_dropout   y = x n, n normal with mean 1 and deviation sqrt(rate / (1 - rate))
 *   gaussian_noise     y = x + n, n normal with mean 0 and deviation `stddev`
 *
 * The noise is a function of the layer's seed, the step and the image, so backward computes it again instead of storing
 * it. With a `noise_shape`, whose extents are 1 or the input's, a mask has that shape and is broadcast.
 * Sources: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014; Klambauer et
 * al., "Self-normalizing neural networks", 2017.
 */
#include <math.h>
#include <string.h>

#include "../base/memory.h"
#include "broadcast.h"
#include "registry.h"

typedef struct noise {
    float rate, deviation;
    uint64_t seed;
    int one_for_all; /* all images of a batch have the same mask */
    int masked;      /* dropout: by a mask that is made first, for all images or to be broadcast */
    fcnn_shape shape;
    fcnn_broadcast broadcast;
    float scale;         /* of what a mask keeps */
    float offset, limit; /* alpha_dropout: what is added to it; what takes the place of the others */
} noise;

/* ---- creation ---- */

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, const char *const *names,
                          fcnn_error *error)
{
    size_t seed;
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(fcnn_attributes_sizes(attributes, "seed", 0, INT64_MAX, &seed, 1, error));
    FCNN_TRY(fcnn_allocate(&layer->config, 1, sizeof(noise), "a layer's description", error));
    noise *self = layer->config;
    self->seed = seed;
    layer->output = self->shape = layer->input[0];
    layer->in_place = 1;
    return FCNN_OK;
}

static fcnn_status read_rate(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    double rate;
    FCNN_TRY(fcnn_attributes_number(attributes, "rate", 0.0, 1.0, &rate, error));
    ((noise *)layer->config)->rate = (float)rate;
    return FCNN_OK;
}

/* The same, for a formula that has 1 - rate below the line. */
static fcnn_status read_rate_below_1(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    FCNN_TRY(read_rate(layer, attributes, error));
    if (((const noise *)layer->config)->rate == 1.0f)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "layer '%s': `rate` must be below 1", layer->name);
    return FCNN_OK;
}

static fcnn_status read_shape(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    noise *self = layer->config;
    const fcnn_shape *in = &layer->input[0];
    const int has_shape = fcnn_attributes_has(attributes, "noise_shape");
    int fits = !has_shape || fcnn_attributes_count(attributes, "noise_shape") == in->rank;
    FCNN_TRY(fcnn_attributes_optional_flag(attributes, "one_for_all", &self->one_for_all, error));
    if (has_shape && fits)
        FCNN_TRY(fcnn_attributes_sizes(attributes, "noise_shape", 1, SIZE_MAX, self->shape.extent, in->rank, error));
    for (size_t a = 0; fits && a < in->rank; a++)
        fits = self->shape.extent[a] == 1 || self->shape.extent[a] == in->extent[a];
    char text[64];
    if (!fits)
        return fcnn_fail(error, FCNN_E_SHAPE,
                         "layer '%s': `noise_shape` does not fit an input of shape %s: it must have as many axes, each "
                         "as long as the input's or of length 1",
                         layer->name, fcnn_shape_text(in, text, sizeof text));
    fcnn_broadcast_describe(&self->broadcast, &self->shape, 1, in);
    self->masked = has_shape || self->one_for_all;
    return FCNN_OK;
}

static fcnn_status create_dropout(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"rate", "seed", "noise_shape", "one_for_all", NULL};
    FCNN_TRY(create(layer, attributes, names, error));
    FCNN_TRY(read_rate(layer, attributes, error));
    FCNN_TRY(read_shape(layer, attributes, error));
    noise *self = layer->config;
    self->scale = (float)(1.0 / (1.0 - (double)self->rate));
    layer->keeps_zeros = 1;
    layer->scratch = self->masked ? fcnn_shape_size(&self->shape) : 0;
    return FCNN_OK;
}

static fcnn_status create_alpha_dropout(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"rate", "seed", "noise_shape", "one_for_all", NULL};
    const double limit = -1.0507009873554804934 * 1.6732632423543772848; /* of SELU, towards minus infinity */
    FCNN_TRY(create(layer, attributes, names, error));
    FCNN_TRY(read_rate_below_1(layer, attributes, error));
    FCNN_TRY(read_shape(layer, attributes, error));
    noise *self = layer->config;
    const double rate = self->rate, scale = 1.0 / sqrt((1.0 - rate) * (1.0 + rate * limit * limit));
    self->scale = (float)scale;
    self->offset = (float)(-scale * limit * rate);
    self->limit = (float)(scale * limit * (1.0 - rate));
    layer->scratch = fcnn_shape_size(&self->shape);
    return FCNN_OK;
}

static fcnn_status create_gaussian_dropout(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"rate", "seed", NULL};
    FCNN_TRY(create(layer, attributes, names, error));
    FCNN_TRY(read_rate_below_1(layer, attributes, error));
    noise *self = layer->config;
    self->deviation = (float)sqrt((double)self->rate / (1.0 - (double)self->rate));
    layer->scratch = fcnn_shape_size(&layer->output);
    return FCNN_OK;
}

static fcnn_status create_gaussian_noise(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"stddev", "seed", NULL};
    double deviation;
    FCNN_TRY(create(layer, attributes, names, error));
    FCNN_TRY(fcnn_attributes_number(attributes, "stddev", 0.0, 0x1p127, &deviation, error));
    ((noise *)layer->config)->deviation = (float)deviation;
    layer->scratch = fcnn_shape_size(&layer->output);
    return FCNN_OK;
}

/* ---- passes ---- */

/* Copies the images, or leaves them where they are. */
static void copy(const fcnn_layer *layer, const fcnn_io *io, size_t images, const float *from, float *to)
{
    for (size_t i = 0; from != to && i < images; i++)
        memcpy(to + i * io->stride, from + i * io->stride, fcnn_shape_size(&layer->output) * sizeof *to);
}

/* scratch = the mask of an image. */
static void make_mask(const noise *self, const fcnn_io *io, size_t image, float kept, float dropped)
{
    const size_t number = self->one_for_all ? 0 : io->first_image + image;
    io->kernels->mask(fcnn_shape_size(&self->shape), self->seed, io->random_step, number, self->rate, kept, dropped,
                      io->scratch);
}

/* scratch = the normal noise of an image. */
static void make_normals(const fcnn_layer *layer, const fcnn_io *io, size_t image, float mean)
{
    const noise *self = layer->config;
    io->kernels->normals(fcnn_shape_size(&layer->output), self->seed, io->random_step, io->first_image + image, mean,
                         self->deviation, io->scratch);
}

/* to = from scale where a mask keeps it, else 0. */
static void scale_kept(const fcnn_layer *layer, const fcnn_io *io, size_t images, const float *from, float *to)
{
    const noise *self = layer->config;
    copy(layer, io, images, from, to);
    for (size_t i = 0; i < images; i++) {
        make_mask(self, io, i, self->scale, 0.0f);
        fcnn_broadcast_combine(&self->broadcast, io->kernels, FCNN_MULTIPLY, 0, io->scratch, to + i * io->stride);
    }
}

/* The same; without a mask of its own in one go. */
static void drop(const fcnn_layer *layer, const fcnn_io *io, size_t images, const float *from, float *to)
{
    const noise *self = layer->config;
    if (self->masked) {
        scale_kept(layer, io, images, from, to);
        return;
    }
    for (size_t i = 0; i < images; i++, from += io->stride, to += io->stride)
        io->kernels->dropout(fcnn_shape_size(&layer->output), from, self->seed, io->random_step, io->first_image + i,
                             self->rate, to);
}

static void forward_dropout(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    if (io->training)
        drop(layer, io, images, io->x[0], io->y);
    else
        copy(layer, io, images, io->x[0], io->y);
}

static void backward_dropout(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    drop(layer, io, images, io->dy, io->dx[0]);
}

static void forward_alpha_dropout(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const noise *self = layer->config;
    if (!io->training) {
        copy(layer, io, images, io->x[0], io->y);
        return;
    }
    scale_kept(layer, io, images, io->x[0], io->y);
    for (size_t i = 0; i < images; i++) {
        make_mask(self, io, i, self->offset, self->limit);
        fcnn_broadcast_combine(&self->broadcast, io->kernels, FCNN_ADD, 0, io->scratch, io->y + i * io->stride);
    }
}

static void backward_alpha_dropout(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    scale_kept(layer, io, images, io->dy, io->dx[0]);
}

/* to = from times noise. */
static void multiply(const fcnn_layer *layer, const fcnn_io *io, size_t images, const float *from, float *to)
{
    copy(layer, io, images, from, to);
    for (size_t i = 0; i < images; i++) {
        make_normals(layer, io, i, 1.0f);
        io->kernels->combine(FCNN_MULTIPLY, fcnn_shape_size(&layer->output), io->scratch, 1, to + i * io->stride);
    }
}

static void forward_gaussian_dropout(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    if (io->training)
        multiply(layer, io, images, io->x[0], io->y);
    else
        copy(layer, io, images, io->x[0], io->y);
}

static void backward_gaussian_dropout(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    multiply(layer, io, images, io->dy, io->dx[0]);
}

static void forward_gaussian_noise(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    copy(layer, io, images, io->x[0], io->y);
    for (size_t i = 0; io->training && i < images; i++) {
        make_normals(layer, io, i, 0.0f);
        io->kernels->add(fcnn_shape_size(&layer->output), io->scratch, io->y + i * io->stride);
    }
}

static void backward_gaussian_noise(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    copy(layer, io, images, io->dy, io->dx[0]);
}

const fcnn_layer_class fcnn_dropout_class = {
    .type = "dropout",
    .create = create_dropout,
    .forward = forward_dropout,
    .backward = backward_dropout,
};

const fcnn_layer_class fcnn_alpha_dropout_class = {
    .type = "alpha_dropout",
    .create = create_alpha_dropout,
    .forward = forward_alpha_dropout,
    .backward = backward_alpha_dropout,
};

const fcnn_layer_class fcnn_gaussian_dropout_class = {
    .type = "gaussian_dropout",
    .create = create_gaussian_dropout,
    .forward = forward_gaussian_dropout,
    .backward = backward_gaussian_dropout,
};

const fcnn_layer_class fcnn_gaussian_noise_class = {
    .type = "gaussian_noise",
    .create = create_gaussian_noise,
    .forward = forward_gaussian_noise,
    .backward = backward_gaussian_noise,
};
