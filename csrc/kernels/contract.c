/* contract.c - what callers must know of the kernels' contracts, whatever the instruction set. */
#include "kernels.h"

int fcnn_activation_reads_output(const fcnn_activation_spec *spec)
{
    switch (spec->function) {
    case FCNN_GELU:
    case FCNN_GELU_TANH:
    case FCNN_SILU:
    case FCNN_HARD_SHRINK:
    case FCNN_HARD_SILU:
    case FCNN_HARD_TANH:
    case FCNN_MISH:
    case FCNN_SPARSE_PLUS:
    case FCNN_TANH_SHRINK:
    case FCNN_THRESHOLD:
        return 0;
    case FCNN_RELU: /* y > 0 tells where x > threshold, if the threshold is 0 and positive numbers stay positive */
        return spec->threshold == 0.0f && spec->max_value > 0.0f;
    default:
        return 1;
    }
}

size_t fcnn_pooled_scratch(const fcnn_pooled *pooled, size_t outputs, size_t shard)
{
    /* Floats of a pointer; lanes of the widest vector. */
    enum { POINTER = sizeof(ptrdiff_t) / sizeof(float), VL = 16 };
    const size_t columns = pooled->window.runs * pooled->window.run_length;
    const size_t windows = pooled->window.lines * pooled->window.width;
    const size_t listed = windows > FCNN_LIVE_WORD ? windows : FCNN_LIVE_WORD;
    const size_t weights = shard * columns + 16 + (3 + 2 * VL) * listed + 2 * (windows / FCNN_LIVE_WORD + 1) * VL;
    const size_t line =
        (size_t)(pooled->window.line_step + pooled->window.run[pooled->window.runs - 1]) + pooled->window.run_length;
    const size_t strip = 4 * ((line > FCNN_POOLED_STRIP ? line : FCNN_POOLED_STRIP) + VL);
    const size_t images = pooled->members == 4 ? FCNN_POOLED_IMAGES : 1;
    const size_t input = 2 * images * windows * pooled->members * (outputs / FCNN_LIVE_WORD + 1) + outputs;
    const size_t lists = (weights > input ? weights : input) + pooled->window.runs * POINTER;
    return lists > strip ? lists : strip;
}

size_t fcnn_winograd_tiles(const fcnn_winograd *winograd)
{
    const size_t m = winograd->tile;
    return (winograd->lines + m - 1) / m * ((winograd->width + m - 1) / m);
}

/* An odd number of cache lines: the matrices' numbers for one place do not all fall into the same set of the cache. */
static size_t odd_lines(size_t floats) { return (floats / 32 * 2 + 3) * 16; }

size_t fcnn_winograd_step(size_t columns) { return odd_lines(FCNN_WINOGRAD_BLOCK * columns); }
size_t fcnn_winograd_kernel_step(const fcnn_winograd *winograd)
{
    return odd_lines(winograd->channels * winograd->outputs);
}

size_t fcnn_winograd_products(const fcnn_winograd *winograd)
{
    const size_t n = winograd->tile + winograd->kernel - 1;
    return winograd->tile == 0 ? 0 : n * n;
}

size_t fcnn_winograd_scratch(const fcnn_winograd *winograd)
{
    return fcnn_winograd_products(winograd) *
           (fcnn_winograd_step(winograd->channels) + fcnn_winograd_step(winograd->outputs));
}

size_t fcnn_winograd_gradient_step(size_t columns) { return odd_lines(FCNN_WINOGRAD_GRADIENT_BLOCK * columns); }

size_t fcnn_winograd_sums_step(const fcnn_winograd *winograd, size_t channels)
{
    return odd_lines(channels * winograd->outputs);
}

size_t fcnn_winograd_gradient_scratch(const fcnn_winograd *winograd, size_t channels)
{
    return fcnn_winograd_products(winograd) *
           (fcnn_winograd_gradient_step(channels) + fcnn_winograd_gradient_step(winograd->outputs) +
            fcnn_winograd_sums_step(winograd, channels));
}

int fcnn_resampling_fits(const fcnn_resampling *how)
{
    const size_t most = (size_t)1 << 21, lines = how->height + 2 * FCNN_RESAMPLING_BORDER,
                 columns = how->width + 2 * FCNN_RESAMPLING_BORDER;
    return how->height <= most && how->width <= most && columns <= INT32_MAX / lines &&
           how->channels <= INT32_MAX / (lines * columns);
}
