/* winograd.c - whether a convolution runs by Winograd's algorithm, and with which tiles.
 *
 * The cost of each way is estimated in multiply-adds of vectors; the cheapest is taken. The estimate depends on shapes alone,
 * so every machine makes the same choice and gets the same bits.
 */
#include "winograd.h"

enum { SHARD_CHANNELS = 8 };   /* input channels whose kernels are transformed in one piece of work */

enum {
    TRANSFORM_COST = 500,   /* of one vector of a tile, in multiply-adds of vectors: measured */
    ACCURATE_CHANNELS = 128 /* up to which tiles of 5 are accurate enough: see docs/numerics.md */
};

/* Multiply-adds of vectors an image. Vectors count as 16 numbers on every machine, so that all choose alike. */
static size_t vectors(size_t count) { return (count + 15) / 16; }

static size_t winograd_cost(const fcnn_winograd *w)
{
    const size_t n = w->tile + 2, products = n * n * w->channels * vectors(w->outputs);
    return fcnn_winograd_tiles(w) * (products + TRANSFORM_COST * (vectors(w->channels) + vectors(w->outputs)));
}

fcnn_winograd fcnn_winograd_choose(const fcnn_conv2d *conv, size_t lines, size_t width)
{
    fcnn_winograd best = {.channels = conv->channels, .outputs = conv->outputs, .lines = lines, .width = width,
                          .x_line = conv->width * conv->channels};
    const int adjacent = conv->patches.runs == 3 && conv->patches.run_length == 3 * conv->channels && conv->reach[0] == 3;
    if (!adjacent || conv->strides[0] != 1 || conv->strides[1] != 1)
        return best;
    size_t least = 9 * lines * width * conv->channels * vectors(conv->outputs) / 10 * 9;
    for (size_t tile = 4; tile <= (conv->channels <= ACCURATE_CHANNELS ? 5 : 4); tile++) {
        fcnn_winograd candidate = best;
        candidate.tile = tile;
        if (winograd_cost(&candidate) < least) {
            least = winograd_cost(&candidate);
            best.tile = tile;
        }
    }
    return best;
}

size_t fcnn_winograd_images(const fcnn_winograd *winograd)
{
    const size_t tiles = fcnn_winograd_tiles(winograd);
    return tiles < FCNN_WINOGRAD_BLOCK ? FCNN_WINOGRAD_BLOCK / tiles : 1;
}

size_t fcnn_winograd_prepared(const fcnn_winograd *winograd)
{
    const size_t n = winograd->tile + 2;
    return winograd->tile ? n * n * fcnn_winograd_kernel_step(winograd->channels, winograd->outputs) : 0;
}

size_t fcnn_winograd_shards(const fcnn_winograd *winograd)
{
    return winograd->tile ? (winograd->channels + SHARD_CHANNELS - 1) / SHARD_CHANNELS : 0;
}

void fcnn_winograd_prepare(const fcnn_winograd *winograd, const fcnn_io *io, size_t shard, float *u)
{
    const size_t begin = shard * SHARD_CHANNELS, end = begin + SHARD_CHANNELS;
    io->kernels->winograd_kernel(winograd->tile, winograd->channels, winograd->outputs, io->parameters, begin,
                                 end < winograd->channels ? end : winograd->channels, u);
}
