/* over_batch.c - the sum or the mean of each number over all images of the batch, the same for every image, in training
 * and in inference. Backward: dx is the sum of dy over all images, or its mean.
 *
 * The images' numbers are added in double and in the order of images, so that the result does not depend on threads.
 */
#include <string.h>

#include "../base/memory.h"
#include "../base/sizes.h"
#include "registry.h"

enum { SHARD_NUMBERS = 64 }; /* settled in one piece of work */

typedef struct over_batch {
    size_t size, is_mean;
} over_batch;

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const kinds[] = {"sum", "mean"};
    size_t kind;
    FCNN_TRY(fcnn_attributes_expect(attributes, (const char *const[]){"kind", NULL}, error));
    FCNN_TRY(fcnn_attributes_choice(attributes, "kind", kinds, sizeof kinds / sizeof *kinds, &kind, error));
    FCNN_TRY(fcnn_allocate(&layer->config, 1, sizeof(over_batch), "a layer's description", error));
    over_batch *self = layer->config;
    *self = (over_batch){fcnn_shape_size(&layer->input[0]), kind};
    layer->output = layer->input[0];
    layer->looks_always = 1;
    layer->observed = self->size;
    layer->settled = 2 * self->size; /* of x, of dy */
    layer->settle_shards = (self->size + SHARD_NUMBERS - 1) / SHARD_NUMBERS;
    return FCNN_OK;
}

static void copy(size_t count, size_t images, const float *from, size_t from_stride, float *to, size_t to_stride)
{
    for (size_t i = 0; i < images; i++)
        memcpy(to + i * to_stride, from + i * from_stride, count * sizeof *to);
}

static void observe(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const over_batch *self = layer->config;
    copy(self->size, images, io->x[0], io->stride, io->observed, io->stride);
}

static void observe_backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const over_batch *self = layer->config;
    copy(self->size, images, io->dy, io->stride, io->observed, io->stride);
}

/* settled[0 ..] = a shard of what was observed, joined. */
static void join(const over_batch *self, const fcnn_io *io, size_t images, size_t shard, float *settled)
{
    const size_t begin = shard * SHARD_NUMBERS, count = smaller(SHARD_NUMBERS, self->size - begin);
    double sum[SHARD_NUMBERS] = {0};
    for (size_t i = 0; i < images; i++)
        for (size_t n = 0; n < count; n++)
            sum[n] += (double)io->observed[i * io->stride + begin + n];
    for (size_t n = 0; n < count; n++)
        settled[begin + n] = (float)(self->is_mean ? sum[n] / (double)images : sum[n]);
}

static void settle(const fcnn_layer *layer, const fcnn_io *io, size_t images, size_t shard)
{
    join(layer->config, io, images, shard, io->settled);
}

static void settle_backward(const fcnn_layer *layer, const fcnn_io *io, size_t images, size_t shard)
{
    const over_batch *self = layer->config;
    join(self, io, images, shard, io->settled + self->size);
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const over_batch *self = layer->config;
    copy(self->size, images, io->settled, 0, io->y, io->stride);
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const over_batch *self = layer->config;
    copy(self->size, images, io->settled + self->size, 0, io->dx[0], io->stride);
}

const fcnn_layer_class fcnn_over_batch_class = {
    .type = "over_batch",
    .create = create,
    .observe = observe,
    .settle = settle,
    .forward = forward,
    .observe_backward = observe_backward,
    .settle_backward = settle_backward,
    .backward = backward,
};
