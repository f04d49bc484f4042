/* rescaling.c - y = x scale + offset, each one number or one a channel; dx = dy scale. */
#include "../base/memory.h"
#include "registry.h"

/* `values` holds one scale and one offset, or `channels` of each. */
typedef struct rescaling {
    size_t channels; /* 1: the same for all */
    float values[];
} rescaling;

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"scale", "offset", NULL};
    const fcnn_shape *in = &layer->input[0];
    const double *scale, *offset;
    size_t scales, offsets;
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(fcnn_attributes_numbers(attributes, "scale", -0x1p127, 0x1p127, &scale, &scales, error));
    FCNN_TRY(fcnn_attributes_numbers(attributes, "offset", -0x1p127, 0x1p127, &offset, &offsets, error));
    const size_t last = in->rank > 0 ? in->extent[in->rank - 1] : 1, channels = scales > offsets ? scales : offsets;
    if ((scales != 1 && scales != last) || (offsets != 1 && offsets != last))
        return fcnn_fail(error, FCNN_E_SHAPE, "Rescaling '%s' has %zu scales and %zu offsets, its input %zu channels",
                         layer->name, scales, offsets, last);
    FCNN_TRY(fcnn_allocate(&layer->config, 1, sizeof(rescaling) + 2 * channels * sizeof(float), "a layer's description",
                           error));
    rescaling *self = layer->config;
    self->channels = channels;
    for (size_t c = 0; c < channels; c++) {
        self->values[c] = (float)scale[scales > 1 ? c : 0];
        self->values[channels + c] = (float)offset[offsets > 1 ? c : 0];
    }
    layer->output = *in;
    layer->in_place = 1;
    return FCNN_OK;
}

/* to = from scale, + offset where `moves`. */
static void scale(const fcnn_layer *layer, const fcnn_io *io, size_t images, const float *from, float *to, int moves)
{
    const rescaling *self = layer->config;
    const float *offset = self->values + self->channels;
    const size_t size = fcnn_shape_size(&layer->output);
    for (size_t i = 0; i < images; i++, from += io->stride, to += io->stride) {
        if (self->channels == 1)
            io->kernels->scale_offset(size, from, self->values[0], moves ? offset[0] : 0.0f, to);
        else
            for (size_t j = 0; j < size; j++) {
                const size_t c = j % self->channels; /* a product of two floats is exact as a double */
                to[j] = (float)((double)from[j] * self->values[c] + (moves ? (double)offset[c] : 0.0));
            }
    }
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    scale(layer, io, images, io->x[0], io->y, 1);
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    scale(layer, io, images, io->dy, io->dx[0], 0);
}

const fcnn_layer_class fcnn_rescaling_class = {
    .type = "rescaling",
    .create = create,
    .forward = forward,
    .backward = backward,
};
