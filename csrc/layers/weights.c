/* weights.c - which parameters meet which numbers, and their gradients. */
#include "weights.h"

#include <string.h>

#include "../base/sizes.h"

enum { SHARD = 256 }; /* parameters whose gradient is one piece of work */

size_t fcnn_weights_stretches(const fcnn_axes *axes) { return axes->outer * axes->lines; }

fcnn_stretch fcnn_weights_stretch(const fcnn_axes *axes, size_t number)
{
    const int is_one = axes->columns == 1;
    return (fcnn_stretch){
        .begin = number * axes->inner * axes->columns,
        .rows = is_one ? 1 : axes->inner,
        .columns = is_one ? axes->inner : axes->columns,
        .step = !is_one,
        .first = number % axes->lines * axes->columns,
    };
}

static size_t size_of_each(const fcnn_layer *layer) { return fcnn_shape_size(&layer->parameter[0].shape); }

static size_t shards_of_each(const fcnn_layer *layer) { return (size_of_each(layer) + SHARD - 1) / SHARD; }

void fcnn_weights_set_shards(fcnn_layer *layer)
{
    layer->gradient_shards = layer->parameters > 0 ? layer->parameters * shards_of_each(layer) : 0;
}

size_t fcnn_weights_of_shard(const fcnn_layer *layer, size_t shard, size_t *begin, size_t *end)
{
    const size_t shards = shards_of_each(layer);
    *begin = shard % shards * SHARD;
    *end = smaller(*begin + SHARD, size_of_each(layer));
    return shard / shards;
}

void fcnn_weights_gradient_range(const fcnn_layer *layer, size_t shard, size_t *begin, size_t *end)
{
    const size_t offset = layer->parameter[fcnn_weights_of_shard(layer, shard, begin, end)].offset;
    *begin += offset;
    *end += offset;
}

/* sum[p - begin] += the terms of one stretch, for its parameters p in [begin, end). */
static void add_stretch(const fcnn_kernels *kernels, fcnn_term term, const fcnn_stretch *s, const float *dy,
                        const float *x, size_t begin, size_t end, float *sum)
{
    if (s->step == 0) {
        if (s->first >= begin && s->first < end)
            sum[s->first - begin] += kernels->row_sum(term, s->columns, dy + s->begin, x + s->begin);
        return;
    }
    const size_t low = larger(begin, s->first), high = smaller(end, s->first + s->columns);
    if (low < high)
        kernels->column_sums(term, s->rows, high - low, dy + s->begin + (low - s->first),
                             x + s->begin + (low - s->first), s->columns, sum + (low - begin));
}

void fcnn_weights_gradient(const fcnn_layer *layer, const fcnn_axes *axes, const fcnn_io *io, size_t images,
                           size_t shard, fcnn_term term)
{
    size_t begin, end;
    const size_t offset = layer->parameter[fcnn_weights_of_shard(layer, shard, &begin, &end)].offset;
    float *sum = io->gradient.values + (offset + begin - io->gradient.begin);
    if (!io->gradient.accumulate)
        memset(sum, 0, (end - begin) * sizeof *sum);
    for (size_t i = 0; i < images; i++)
        for (size_t n = 0; n < fcnn_weights_stretches(axes); n++) {
            const fcnn_stretch stretch = fcnn_weights_stretch(axes, n);
            add_stretch(io->kernels, term, &stretch, io->dy + i * io->stride, io->x[0] + i * io->stride, begin, end,
                        sum);
        }
}
