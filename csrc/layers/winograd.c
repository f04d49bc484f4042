/* winograd.c - whether a convolution runs by Winograd's algorithm, and with which tiles.
 *
 * The cost of each way is estimated in multiply-adds of vectors; the cheapest is taken. The estimate depends on shapes
 * alone, so every machine makes the same choice and gets the same bits.
 */
#include "winograd.h"

enum { SHARD_CHANNELS = 8 }; /* input channels whose kernels are transformed in one piece of work */

enum {
    TRANSFORM_COST = 500,   /* of one vector of a tile, in multiply-adds of vectors: measured */
    ACCURATE_CHANNELS = 128 /* up to which the larger tiles are accurate enough: see docs/numerics.md */
};

/* Multiply-adds of vectors an image. Vectors count as 16 numbers on every machine, so that all choose alike. */
static size_t vectors(size_t count) { return (count + 15) / 16; }

static size_t winograd_cost(const fcnn_winograd *w)
{
    const size_t products = fcnn_winograd_products(w) * w->channels * vectors(w->outputs);
    return fcnn_winograd_tiles(w) * (products + TRANSFORM_COST * (vectors(w->channels) + vectors(w->outputs)));
}

static int is_suitable(const fcnn_conv2d *conv)
{
    const size_t kernel = conv->reach[0];
    const int adjacent = conv->patches.runs == kernel && conv->patches.run_length == kernel * conv->frame.channels;
    return (kernel == 3 || kernel == 5) && conv->reach[1] == kernel && adjacent && conv->strides[0] == 1 &&
           conv->strides[1] == 1;
}

fcnn_winograd fcnn_winograd_choose(const fcnn_conv2d *conv, size_t lines, size_t width)
{
    const size_t kernel = conv->reach[0], small = kernel == 3 ? 4 : 2;
    fcnn_winograd best = {.kernel = kernel,
                          .channels = conv->frame.channels,
                          .outputs = conv->outputs,
                          .lines = lines,
                          .width = width,
                          .x_line = conv->frame.width * conv->frame.channels};
    if (!is_suitable(conv))
        return best;
    size_t least = kernel * kernel * lines * width * conv->frame.channels * vectors(conv->outputs) / 10 * 9;
    for (size_t tile = small; tile <= (conv->frame.channels <= ACCURATE_CHANNELS ? small + 1 : small); tile++) {
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
    const size_t tiles = winograd->tile ? fcnn_winograd_tiles(winograd) : FCNN_WINOGRAD_BLOCK;
    return tiles < FCNN_WINOGRAD_BLOCK ? FCNN_WINOGRAD_BLOCK / tiles : 1;
}

size_t fcnn_winograd_prepared(const fcnn_winograd *winograd)
{
    return fcnn_winograd_products(winograd) * fcnn_winograd_kernel_step(winograd);
}

size_t fcnn_winograd_shards(const fcnn_winograd *winograd)
{
    return winograd->tile ? (winograd->channels + SHARD_CHANNELS - 1) / SHARD_CHANNELS : 0;
}

void fcnn_winograd_prepare(const fcnn_winograd *winograd, const fcnn_io *io, size_t shard, float *u)
{
    const size_t begin = shard * SHARD_CHANNELS, end = begin + SHARD_CHANNELS;
    io->kernels->winograd_kernel(winograd, io->parameters, begin, end < winograd->channels ? end : winograd->channels,
                                 u);
}
