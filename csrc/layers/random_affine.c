/* random_affine.c - in training, images seen through random transforms; in inference y = x.
 *
 *   random_translation   moved down and to the right by parts of height and width, negative: up and to the left
 *   random_rotation      turned counterclockwise about the middle, by parts of a full turn
 *   random_zoom          seen from a distance of 1 + a part: below 1 the image is enlarged, above 1 there is more
 *
 * Parts are uniform in intervals. A transform belongs to the layer's seed, the step and the image, so backward finds it
 * again: dx is dy through the transposed resampling.
 */
#include "../base/angle.h"
#include "../base/memory.h"
#include "draws.h"
#include "registry.h"
#include "windows.h"

typedef struct random_affine {
    fcnn_resampling how;
    uint64_t seed;
    fcnn_interval lines, columns; /* of a rotation: of the angle, and not used */
    int is_uniform;               /* one number for lines and columns */
} random_affine;

/* ---- creation ---- */

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, const char *const *names,
                          fcnn_error *error)
{
    static const char *const fills[] = {"constant", "nearest", "reflect", "wrap"};
    static const char *const interpolations[] = {"nearest", "bilinear"};
    size_t fill, interpolation;
    double value;
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(fcnn_windows_expect_images(layer, error));
    FCNN_TRY(fcnn_allocate(&layer->config, 1, sizeof(random_affine), "a layer's description", error));
    random_affine *self = layer->config;
    FCNN_TRY(fcnn_attributes_choice(attributes, "fill_mode", fills, 4, &fill, error));
    FCNN_TRY(fcnn_attributes_choice(attributes, "interpolation", interpolations, 2, &interpolation, error));
    FCNN_TRY(fcnn_attributes_number(attributes, "fill_value", -0x1p127, 0x1p127, &value, error));
    FCNN_TRY(fcnn_draws_seed(attributes, &self->seed, error));
    const fcnn_shape *in = &layer->input[0];
    self->how = (fcnn_resampling){
        .height = in->extent[0],
        .width = in->extent[1],
        .channels = in->extent[2],
        .fill = (fcnn_fill)fill,
        .value = (float)value,
        .bilinear = (int)interpolation,
    };
    if (!fcnn_resampling_fits(&self->how))
        return fcnn_fail(error, FCNN_E_SHAPE, "layer '%s': its images are too large", layer->name);
    layer->output = *in;
    layer->scratch = fcnn_resampling_scratch(&self->how);
    layer->in_place = 1;
    return FCNN_OK;
}

static fcnn_status create_of_two(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"height_factor", "width_factor", "fill_mode", "interpolation",
                                        "fill_value",    "seed",         NULL};
    FCNN_TRY(create(layer, attributes, names, error));
    random_affine *self = layer->config;
    FCNN_TRY(fcnn_draws_interval(attributes, "height_factor", &self->lines, error));
    self->is_uniform = !fcnn_attributes_has(attributes, "width_factor");
    return self->is_uniform ? FCNN_OK : fcnn_draws_interval(attributes, "width_factor", &self->columns, error);
}

static fcnn_status create_rotation(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"factor", "fill_mode", "interpolation", "fill_value", "seed", NULL};
    FCNN_TRY(create(layer, attributes, names, error));
    return fcnn_draws_interval(attributes, "factor", &((random_affine *)layer->config)->lines, error);
}

/* ---- transforms ---- */

typedef void transform(const random_affine *self, const float u[2], float t[8]);

static void translate(const random_affine *self, const float u[2], float t[8])
{
    t[0] = t[4] = 1.0f;
    t[2] = -fcnn_draw_in(self->is_uniform ? self->lines : self->columns, u[!self->is_uniform]) * (float)self->how.width;
    t[5] = -fcnn_draw_in(self->lines, u[0]) * (float)self->how.height;
}

static void turn(const random_affine *self, const float u[2], float t[8])
{
    const double angle = 2.0 * (double)fcnn_draw_in(self->lines, u[0]); /* in units of pi */
    const double sine = fcnn_sin_pi(angle), cosine = fcnn_sin_pi(angle + 0.5);
    const double x = ((double)self->how.width - 1.0) / 2.0, y = ((double)self->how.height - 1.0) / 2.0;
    t[0] = t[4] = (float)cosine;
    t[1] = (float)-sine;
    t[3] = (float)sine;
    t[2] = (float)(x - x * cosine + y * sine);
    t[5] = (float)(y - x * sine - y * cosine);
}

static void zoom(const random_affine *self, const float u[2], float t[8])
{
    const float line = 1.0f + fcnn_draw_in(self->lines, u[0]);
    const float column = self->is_uniform ? line : 1.0f + fcnn_draw_in(self->columns, u[1]);
    t[0] = column;
    t[2] = ((float)self->how.width - 1.0f) / 2.0f * (1.0f - column);
    t[4] = line;
    t[5] = ((float)self->how.height - 1.0f) / 2.0f * (1.0f - line);
}

static void find(const fcnn_layer *layer, const fcnn_io *io, size_t image, transform *make, float t[8])
{
    const random_affine *self = layer->config;
    float u[2];
    fcnn_draws(io, self->seed, image, u, 2);
    for (size_t i = 0; i < 8; i++)
        t[i] = 0.0f;
    make(self, u, t);
}

/* ---- passes ---- */

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images, transform *make)
{
    const random_affine *self = layer->config;
    if (!io->training)
        fcnn_draws_copy(layer, io, images, io->x[0], io->y);
    for (size_t i = 0; io->training && i < images; i++) {
        float t[8];
        find(layer, io, i, make, t);
        io->kernels->resample(&self->how, t, io->x[0] + i * io->stride, io->scratch, io->y + i * io->stride);
    }
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images, transform *make)
{
    const random_affine *self = layer->config;
    if (!io->training)
        fcnn_draws_copy(layer, io, images, io->dy, io->dx[0]);
    for (size_t i = 0; io->training && i < images; i++) {
        float t[8];
        find(layer, io, i, make, t);
        io->kernels->resample_backward(&self->how, t, io->dy + i * io->stride, io->scratch, io->dx[0] + i * io->stride);
    }
}

static void forward_translation(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    forward(layer, io, images, translate);
}

static void backward_translation(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    backward(layer, io, images, translate);
}

static void forward_rotation(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    forward(layer, io, images, turn);
}

static void backward_rotation(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    backward(layer, io, images, turn);
}

static void forward_zoom(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    forward(layer, io, images, zoom);
}

static void backward_zoom(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    backward(layer, io, images, zoom);
}

const fcnn_layer_class fcnn_random_translation_class = {
    .type = "random_translation",
    .create = create_of_two,
    .forward = forward_translation,
    .backward = backward_translation,
};

const fcnn_layer_class fcnn_random_rotation_class = {
    .type = "random_rotation",
    .create = create_rotation,
    .forward = forward_rotation,
    .backward = backward_rotation,
};

const fcnn_layer_class fcnn_random_zoom_class = {
    .type = "random_zoom",
    .create = create_of_two,
    .forward = forward_zoom,
    .backward = backward_zoom,
};
