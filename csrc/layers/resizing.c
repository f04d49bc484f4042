/* resizing.c - an image at another size: each output pixel is a weighted sum of input pixels, lines first, then
 * columns.
 *
 * Output o of `outputs` looks at the place (o + 1/2) inputs / outputs of the input, in single precision as TensorFlow
 * does. "nearest" takes the pixel there. The others weigh pixels by a function of their distance, which `antialias`
 * stretches where the image becomes smaller; at the border what lies outside has no weight, and the weights' sum is
 * always 1. TensorFlow rounds a bicubic distance to 1/1024, without `antialias`.
 * Backward is the same with the transposed tables.
 */
#include <math.h>
#include <string.h>

#include "../base/angle.h"
#include "../base/memory.h"
#include "../base/sizes.h"
#include "registry.h"
#include "windows.h"

enum { LARGEST = 1 << 24 };

/* Output o = sum over t < taps of weight[o * taps + t] input[first[o] + t], along one axis. */
typedef struct table {
    size_t inputs, outputs, taps;
    size_t *first;
    float *weight;
} table;

typedef struct resizing {
    table lines, columns;
    table lines_back, columns_back; /* transposed */
} resizing;

/* ---- weights ---- */

static double triangle(double x) { return x < 1.0 ? 1.0 - x : 0.0; }

/* Source: Keys, "Cubic convolution interpolation for digital image processing", 1981. */
static double cubic(double x)
{
    if (x >= 2.0)
        return 0.0;
    return x < 1.0 ? (1.5 * x - 2.5) * x * x + 1.0 : ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0;
}

static double lanczos(double x, double radius)
{
    const double pi_x = 3.14159265358979323846 * x;
    if (x < 1e-3)
        return 1.0;
    return x > radius ? 0.0 : radius * fcnn_sin_pi(x) * fcnn_sin_pi(x / radius) / (pi_x * pi_x);
}

static double lanczos3(double x) { return lanczos(x, 3.0); }
static double lanczos5(double x) { return lanczos(x, 5.0); }

typedef struct filter {
    const char *name;
    double (*weight)(double distance); /* NULL: nearest */
    double radius;
    int rounds; /* distances, where the filter is not stretched */
} filter;

static const filter filters[] = {
    {"nearest", NULL, 0.0, 0},      {"bilinear", triangle, 1.0, 0}, {"bicubic", cubic, 2.0, 1},
    {"lanczos3", lanczos3, 3.0, 0}, {"lanczos5", lanczos5, 5.0, 0},
};
enum { FILTERS = sizeof filters / sizeof *filters };

static fcnn_status allocate(table *t, size_t inputs, size_t outputs, size_t taps, fcnn_error *error)
{
    void *block;
    *t = (table){.inputs = inputs, .outputs = outputs, .taps = taps};
    FCNN_TRY(fcnn_allocate(&block, outputs, sizeof(size_t), "a layer's description", error));
    t->first = block;
    FCNN_TRY(fcnn_allocate(&block, outputs * taps, sizeof(float), "a layer's description", error));
    t->weight = block;
    return FCNN_OK;
}

static double to_1024ths(double place)
{
    const double before = floor(place - 0.5);
    return before + rint((place - 0.5 - before) * 1024.0) / 1024.0 + 0.5;
}

/* The weights of output `o`, which looks at `place`; the filter is `stretch` times as wide as it is. */
static void weigh(const table *t, const filter *f, double stretch, double place, size_t o)
{
    const double begin = ceil(place - f->radius * stretch - 0.5);
    const size_t first = smaller(begin > 0.0 ? (size_t)begin : 0, t->inputs - t->taps);
    double sum = 0.0;
    for (size_t tap = 0; tap < t->taps; tap++)
        sum += f->weight(fabs((double)(first + tap) + 0.5 - place) / stretch);
    for (size_t tap = 0; tap < t->taps; tap++)
        t->weight[o * t->taps + tap] = (float)(f->weight(fabs((double)(first + tap) + 0.5 - place) / stretch) / sum);
    t->first[o] = first;
}

static fcnn_status fill(table *t, const filter *f, size_t inputs, size_t outputs, int antialias, fcnn_error *error)
{
    const float scale = (float)inputs / (float)outputs;
    const double stretch = antialias && scale > 1.0f ? (double)scale : 1.0;
    const size_t taps = f->weight ? smaller(2 * (size_t)ceil(f->radius * stretch) + 1, inputs) : 1;
    FCNN_TRY(allocate(t, inputs, outputs, taps, error));
    for (size_t o = 0; o < outputs; o++) {
        const float place = ((float)o + 0.5f) * scale;
        if (f->weight) {
            weigh(t, f, stretch, f->rounds && !antialias ? to_1024ths(place) : place, o);
        } else {
            t->first[o] = smaller((size_t)place, inputs - 1);
            t->weight[o] = 1.0f;
        }
    }
    return FCNN_OK;
}

/* back[i] = which outputs look at input i, and their weights. Both tables' first entries never go down. */
static fcnn_status transpose(const table *t, table *back, fcnn_error *error)
{
    size_t taps = 1;
    for (size_t o = 0, behind = 0; o < t->outputs; o++) {
        while (t->first[behind] + t->taps <= t->first[o])
            behind++;
        taps = larger(taps, o + 1 - behind);
    }
    FCNN_TRY(allocate(back, t->outputs, t->inputs, taps, error));
    for (size_t i = 0, o = 0; i < t->inputs; i++) {
        while (o + 1 < t->outputs && t->first[o] + t->taps <= i)
            o++;
        back->first[i] = smaller(o, t->outputs - taps);
        for (size_t tap = 0; tap < taps; tap++) {
            const size_t output = back->first[i] + tap, first = t->first[output];
            const int looks = first <= i && i < first + t->taps;
            back->weight[i * taps + tap] = looks ? t->weight[output * t->taps + i - first] : 0.0f;
        }
    }
    return FCNN_OK;
}

/* ---- the layer ---- */

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"size", "interpolation", "antialias", NULL};
    const char *interpolations[FILTERS];
    size_t size[2], choice;
    int antialias = 0;
    for (size_t f = 0; f < FILTERS; f++)
        interpolations[f] = filters[f].name;
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(fcnn_windows_expect_images(layer, error));
    FCNN_TRY(fcnn_attributes_sizes(attributes, "size", 1, LARGEST, size, 2, error));
    FCNN_TRY(fcnn_attributes_choice(attributes, "interpolation", interpolations, FILTERS, &choice, error));
    FCNN_TRY(fcnn_attributes_optional_flag(attributes, "antialias", &antialias, error));
    const size_t *in = layer->input[0].extent;
    layer->output = (fcnn_shape){3, {size[0], size[1], in[2]}};
    const fcnn_shape half_way = {3, {size[0], in[1], in[2]}};
    FCNN_TRY(fcnn_shape_check(&layer->output, layer->name, error));
    FCNN_TRY(fcnn_shape_check(&half_way, layer->name, error));
    layer->scratch = fcnn_shape_size(&half_way);

    FCNN_TRY(fcnn_allocate(&layer->config, 1, sizeof(resizing), "a layer's description", error));
    resizing *self = layer->config;
    FCNN_TRY(fill(&self->lines, &filters[choice], in[0], size[0], antialias, error));
    FCNN_TRY(fill(&self->columns, &filters[choice], in[1], size[1], antialias, error));
    FCNN_TRY(transpose(&self->lines, &self->lines_back, error));
    return transpose(&self->columns, &self->columns_back, error);
}

static void destroy(fcnn_layer *layer)
{
    resizing *self = layer->config;
    if (!self)
        return;
    table *const tables[] = {&self->lines, &self->columns, &self->lines_back, &self->columns_back};
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
        fcnn_release(tables[t]->first);
        fcnn_release(tables[t]->weight);
    }
    fcnn_release(self);
}

/* Applies a table to stretches of `length` adjacent numbers. */
static void resample(const table *t, const fcnn_kernels *kernels, size_t length, const float *from, float *to)
{
    for (size_t o = 0; o < t->outputs; o++)
        kernels->weighted_sum(length, t->taps, t->weight + o * t->taps, from + t->first[o] * length, length,
                              to + o * length);
}

/* Applies it to the pixels of each of some lines. */
static void resample_columns(const table *t, const fcnn_kernels *kernels, size_t lines, size_t channels,
                             const float *from, float *to)
{
    for (size_t line = 0; line < lines; line++)
        resample(t, kernels, channels, from + line * t->inputs * channels, to + line * t->outputs * channels);
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const resizing *self = layer->config;
    const size_t channels = layer->output.extent[2], lines = layer->output.extent[0];
    for (size_t i = 0; i < images; i++) {
        resample(&self->lines, io->kernels, self->columns.inputs * channels, io->x[0] + i * io->stride, io->scratch);
        resample_columns(&self->columns, io->kernels, lines, channels, io->scratch, io->y + i * io->stride);
    }
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const resizing *self = layer->config;
    const size_t channels = layer->output.extent[2], lines = layer->output.extent[0];
    for (size_t i = 0; i < images; i++) {
        resample_columns(&self->columns_back, io->kernels, lines, channels, io->dy + i * io->stride, io->scratch);
        resample(&self->lines_back, io->kernels, self->columns.inputs * channels, io->scratch,
                 io->dx[0] + i * io->stride);
    }
}

const fcnn_layer_class fcnn_resizing_class = {
    .type = "resizing",
    .create = create,
    .destroy = destroy,
    .forward = forward,
    .backward = backward,
};
