/* rescaling.c - y = x scale + offset; dx = dy scale. */
#include "../base/memory.h"
#include "registry.h"

typedef struct rescaling {
    float scale, offset;
} rescaling;

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"scale", "offset"};
    double scale, offset;
    FCNN_TRY(fcnn_attributes_expect(attributes, names, 2, error));
    FCNN_TRY(fcnn_attributes_number(attributes, "scale", -0x1p127, 0x1p127, &scale, error));
    FCNN_TRY(fcnn_attributes_number(attributes, "offset", -0x1p127, 0x1p127, &offset, error));
    FCNN_TRY(fcnn_allocate(&layer->config, 1, sizeof(rescaling), "a layer's description", error));
    *(rescaling *)layer->config = (rescaling){(float)scale, (float)offset};
    layer->output = layer->input[0];
    layer->in_place = 1;
    return FCNN_OK;
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const rescaling *self = layer->config;
    for (size_t i = 0; i < images; i++)
        io->kernels->scale_offset(fcnn_shape_size(&layer->output), io->x[0] + i * io->stride, self->scale, self->offset,
                                  io->y + i * io->stride);
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const rescaling *self = layer->config;
    for (size_t i = 0; i < images; i++)
        io->kernels->scale_offset(fcnn_shape_size(&layer->output), io->dy + i * io->stride, self->scale, 0.0f,
                                  io->dx[0] + i * io->stride);
}

const fcnn_layer_class fcnn_rescaling_class = {
    .type = "rescaling",
    .create = create,
    .forward = forward,
    .backward = backward,
};
