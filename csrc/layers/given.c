/* given.c - arrays that every image is given alike, whatever its input is:
 *
 *   weight     y = the layer's parameter; its gradient is the sum of dy over the images, in order
 *   constant   y = numbers that never change
 *
 * Their input, which must be one of the network's, only says where they belong.
 */
#include <string.h>

#include "../base/memory.h"
#include "registry.h"
#include "weights.h"

static fcnn_status read_shape(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    fcnn_shape *shape = &layer->output;
    shape->rank = fcnn_attributes_count(attributes, "shape");
    if (shape->rank > FCNN_MAX_RANK)
        return fcnn_fail(error, FCNN_E_SHAPE, "'%s' has %zu axes; at most %d are supported", layer->name, shape->rank,
                         FCNN_MAX_RANK);
    FCNN_TRY(fcnn_attributes_sizes(attributes, "shape", 1, (size_t)1 << 31, shape->extent, shape->rank, error));
    return fcnn_shape_check(shape, layer->name, error);
}

static fcnn_status create_weight(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"shape", NULL};
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(read_shape(layer, attributes, error));
    fcnn_layer_add_parameter(layer, "weight", &layer->output);
    fcnn_weights_set_shards(layer);
    return FCNN_OK;
}

static void forward_weight(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    for (size_t i = 0; i < images; i++)
        memcpy(io->y + i * io->stride, io->parameters, fcnn_shape_size(&layer->output) * sizeof(float));
}

static void gradient_of_weight(const fcnn_layer *layer, const fcnn_io *io, size_t images, size_t shard)
{
    const fcnn_axes all = {.outer = 1, .lines = 1, .inner = 1, .columns = fcnn_shape_size(&layer->output)};
    fcnn_weights_gradient(layer, &all, io, images, shard, FCNN_NUMBER);
}

static fcnn_status create_constant(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"shape", "values", NULL};
    static const double LARGEST = 0x1.fffffep+127;
    const double *values;
    size_t count;
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(read_shape(layer, attributes, error));
    FCNN_TRY(fcnn_attributes_numbers(attributes, "values", -LARGEST, LARGEST, &values, &count, error));
    const size_t size = fcnn_shape_size(&layer->output);
    if (count != size)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "'%s': a constant of %zu numbers got %zu", layer->name, size, count);
    FCNN_TRY(fcnn_allocate(&layer->config, size, sizeof(float), "a constant", error));
    float *numbers = layer->config;
    for (size_t i = 0; i < size; i++)
        numbers[i] = (float)values[i];
    return FCNN_OK;
}

static void forward_constant(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    for (size_t i = 0; i < images; i++)
        memcpy(io->y + i * io->stride, layer->config, fcnn_shape_size(&layer->output) * sizeof(float));
}

const fcnn_layer_class fcnn_weight_class = {
    .type = "weight",
    .create = create_weight,
    .forward = forward_weight,
    .gradient = gradient_of_weight,
    .gradient_range = fcnn_weights_gradient_range,
};

const fcnn_layer_class fcnn_constant_class = {
    .type = "constant",
    .create = create_constant,
    .forward = forward_constant,
};
