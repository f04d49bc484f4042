/* affine.c - y = x gamma + beta, with a gamma and a beta for each index of some axes; dx = dy gamma.
 *
 * What stands behind a normalization. Either of the two may be absent.
 */
#include "../base/memory.h"
#include "registry.h"
#include "weights.h"

typedef struct affine {
    fcnn_axes axes;
    int has_scale, has_offset;
} affine;

static const char *const scales[] = {"", "gamma", "scale"};

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"along", "scale", "offset", NULL};
    const fcnn_shape *in = &layer->input[0];
    size_t scale, flags[FCNN_MAX_RANK];
    fcnn_shape shape = {.rank = 0};
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(fcnn_allocate(&layer->config, 1, sizeof(affine), "a layer's description", error));
    affine *self = layer->config;
    FCNN_TRY(fcnn_axes_read(layer, attributes, "along", &self->axes, error));
    FCNN_TRY(fcnn_attributes_sizes(attributes, "along", 0, 1, flags, in->rank, error));
    FCNN_TRY(fcnn_attributes_choice(attributes, "scale", scales, sizeof scales / sizeof *scales, &scale, error));
    FCNN_TRY(fcnn_attributes_optional_flag(attributes, "offset", &self->has_offset, error));
    for (size_t a = 0; a < in->rank; a++)
        if (flags[a])
            shape.extent[shape.rank++] = in->extent[a];
    self->has_scale = scale > 0;
    if (self->has_scale)
        fcnn_layer_add_parameter(layer, scales[scale], &shape);
    if (self->has_offset)
        fcnn_layer_add_parameter(layer, "beta", &shape);
    fcnn_weights_set_shards(layer);
    layer->output = *in;
    return FCNN_OK;
}

static void apply(const fcnn_layer *layer, const fcnn_io *io, size_t images, const float *from, float *to, int moves)
{
    const affine *self = layer->config;
    const float *scale = self->has_scale ? io->parameters : NULL;
    const float *offset = moves ? io->parameters + layer->parameter[layer->parameters - 1].offset : NULL;
    for (size_t i = 0; i < images; i++)
        for (size_t n = 0; n < fcnn_weights_stretches(&self->axes); n++) {
            const fcnn_stretch s = fcnn_weights_stretch(&self->axes, n);
            io->kernels->affine(s.rows, s.columns, from + i * io->stride + s.begin, scale ? scale + s.first : NULL,
                                offset ? offset + s.first : NULL, s.step, to + i * io->stride + s.begin);
        }
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const affine *self = layer->config;
    apply(layer, io, images, io->x[0], io->y, self->has_offset);
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    apply(layer, io, images, io->dy, io->dx[0], 0);
}

static void gradient(const fcnn_layer *layer, const fcnn_io *io, size_t images, size_t shard)
{
    const affine *self = layer->config;
    size_t begin, end;
    const size_t parameter = fcnn_weights_of_shard(layer, shard, &begin, &end);
    fcnn_weights_gradient(layer, &self->axes, io, images, shard,
                          self->has_scale && parameter == 0 ? FCNN_PRODUCT : FCNN_NUMBER);
}

const fcnn_layer_class fcnn_affine_class = {
    .type = "affine",
    .create = create,
    .forward = forward,
    .backward = backward,
    .gradient = gradient,
    .gradient_range = fcnn_weights_gradient_range,
};
