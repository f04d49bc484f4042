/* winograd.c - whether a convolution runs by Winograd's algorithm, and with which tiles.
 *
 * The cost of each way is estimated in multiply-adds of vectors; the cheapest is taken. The estimate depends on shapes
 * alone, so every machine makes the same choice and gets the same bits.
 */
#include "winograd.h"

#include "../base/sizes.h"

enum { SHARD_CHANNELS = 8 }; /* input channels whose kernels are transformed in one piece of work */

enum {
    TRANSFORM_COST = 500,   /* of one vector of a tile, in multiply-adds of vectors: measured */
    ACCURATE_CHANNELS = 128 /* up to which the larger tiles are accurate enough: see docs/numerics.md */
};

/* Multiply-adds of vectors an image. Vectors count as 16 numbers on every machine, so that all choose alike. */
static size_t vectors(size_t count) { return (count + 15) / 16; }

/* times: how often the outputs are transformed. */
static size_t winograd_cost(const fcnn_winograd *w, size_t times)
{
    const size_t products = fcnn_winograd_products(w) * w->channels * vectors(w->outputs);
    return fcnn_winograd_tiles(w) * (products + TRANSFORM_COST * (vectors(w->channels) + times * vectors(w->outputs)));
}

static int is_suitable(const fcnn_conv2d *conv)
{
    const size_t kernel = conv->reach[0];
    const int adjacent = conv->patches.runs == kernel && conv->patches.run_length == kernel * conv->frame.channels;
    return (kernel == 3 || kernel == 5) && conv->reach[1] == kernel && adjacent && conv->strides[0] == 1 &&
           conv->strides[1] == 1;
}

/* The tile with which the convolution is cheapest; 0 where the plain products are. */
static size_t best_tile(fcnn_winograd w, size_t times)
{
    const size_t small = w.kernel == 3 ? 4 : 2;
    size_t best = 0, least = w.kernel * w.kernel * w.lines * w.width * w.channels * vectors(w.outputs) / 10 * 9;
    for (w.tile = small; w.tile <= (w.channels <= ACCURATE_CHANNELS ? small + 1 : small); w.tile++)
        if (winograd_cost(&w, times) < least) {
            least = winograd_cost(&w, times);
            best = w.tile;
        }
    return best;
}

static fcnn_winograd winograd_of(const fcnn_conv2d *conv, size_t lines, size_t width)
{
    return (fcnn_winograd){.kernel = conv->reach[0],
                           .channels = conv->frame.channels,
                           .outputs = conv->outputs,
                           .lines = lines,
                           .width = width,
                           .x_line = conv->frame.width * conv->frame.channels,
                           .limits = conv->patches.limits};
}

fcnn_winograd fcnn_winograd_choose(const fcnn_conv2d *conv, size_t lines, size_t width)
{
    fcnn_winograd w = winograd_of(conv, lines, width);
    w.tile = is_suitable(conv) ? best_tile(w, 1) : 0;
    return w;
}

fcnn_winograd fcnn_winograd_choose_backward(const fcnn_conv2d *conv, const fcnn_frame *dy)
{
    fcnn_winograd w = {.kernel = conv->reach[0],
                       .channels = conv->outputs,
                       .outputs = conv->frame.channels,
                       .lines = conv->frame.lines,
                       .width = conv->frame.columns,
                       .x_line = dy->width * dy->channels};
    w.tile = is_suitable(conv) ? best_tile(w, 1) : 0;
    return w;
}

size_t fcnn_winograd_gradient_shards(const fcnn_winograd *winograd)
{
    return (winograd->channels + FCNN_GRADIENT_CHANNELS - 1) / FCNN_GRADIENT_CHANNELS;
}

fcnn_winograd fcnn_winograd_choose_gradient(const fcnn_conv2d *conv, size_t lines, size_t width)
{
    fcnn_winograd w = winograd_of(conv, lines, width);
    w.tile = is_suitable(conv) ? best_tile(w, fcnn_winograd_gradient_shards(&w)) : 0;
    return w;
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
    const size_t begin = shard * SHARD_CHANNELS, end = smaller(begin + SHARD_CHANNELS, winograd->channels);
    io->kernels->winograd_kernel(winograd, io->parameters, begin, end, u);
}

void fcnn_winograd_prepare_backward(const fcnn_winograd *winograd, const fcnn_io *io, size_t shard, float *turned,
                                    float *u)
{
    const size_t begin = shard * SHARD_CHANNELS, end = smaller(begin + SHARD_CHANNELS, winograd->channels);
    const size_t taps = winograd->kernel * winograd->kernel, rows = winograd->channels, columns = winograd->outputs;
    for (size_t t = 0; t < taps; t++)
        io->kernels->transpose(columns, end - begin, io->parameters + t * rows * columns + begin, rows,
                               turned + ((taps - 1 - t) * rows + begin) * columns, columns);
    io->kernels->winograd_kernel(winograd, turned, begin, end, u);
}
