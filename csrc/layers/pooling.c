/* pooling.c - what the pooling layers share: attributes and shapes. */
#include "pooling.h"

#include <string.h>

#include "../base/memory.h"
#include "../base/sizes.h"
#include "windows.h"

fcnn_status fcnn_pooling_create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"pool_size", "strides", "padding", NULL};
    enum { LARGEST = 1 << 24 };
    size_t pool[2], strides[2];
    fcnn_extent extent[2];
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(fcnn_attributes_sizes(attributes, "pool_size", 1, LARGEST, pool, 2, error));
    FCNN_TRY(fcnn_attributes_sizes(attributes, "strides", 1, LARGEST, strides, 2, error));
    FCNN_TRY(fcnn_windows_fit(layer, attributes, "pool", pool, strides, extent, error));
    FCNN_TRY(fcnn_allocate(&layer->config, 1, sizeof(fcnn_windows), "a layer's description", error));
    fcnn_windows *windows = layer->config;
    *windows = (fcnn_windows){
        .height = layer->input[0].extent[0],
        .width = layer->input[0].extent[1],
        .channels = layer->input[0].extent[2],
        .out_height = extent[0].output,
        .out_width = extent[1].output,
        .pool_height = pool[0],
        .pool_width = pool[1],
        .stride_height = strides[0],
        .stride_width = strides[1],
        .pad_top = extent[0].before,
        .pad_left = extent[1].before,
    };
    layer->output = (fcnn_shape){3, {windows->out_height, windows->out_width, windows->channels}};
    return FCNN_OK;
}

fcnn_status fcnn_pooling_create_global(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"keepdims", NULL};
    size_t keepdims;
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(fcnn_attributes_sizes(attributes, "keepdims", 0, 1, &keepdims, 1, error));
    FCNN_TRY(fcnn_windows_expect_images(layer, error));
    FCNN_TRY(fcnn_allocate(&layer->config, 1, sizeof(fcnn_windows), "a layer's description", error));
    fcnn_windows *windows = layer->config;
    *windows = (fcnn_windows){
        .height = layer->input[0].extent[0],
        .width = layer->input[0].extent[1],
        .channels = layer->input[0].extent[2],
        .out_height = 1,
        .out_width = 1,
        .pool_height = layer->input[0].extent[0],
        .pool_width = layer->input[0].extent[1],
        .stride_height = 1,
        .stride_width = 1,
    };
    layer->output = keepdims ? (fcnn_shape){3, {1, 1, windows->channels}} : (fcnn_shape){1, {windows->channels}};
    return FCNN_OK;
}

/* Numbers before the first pixel, of channel c, in [begin, end) that equals y; or the last pixel's, where none does. */
static size_t find_largest(const fcnn_windows *w, const float *x, const size_t begin[2], const size_t end[2], size_t c,
                           float y)
{
    size_t at = 0;
    for (size_t line = begin[0]; line < end[0]; line++)
        for (size_t column = begin[1]; column < end[1]; column++) {
            at = (line * w->width + column) * w->channels + c;
            if (x[at] == y)
                return at;
        }
    return at;
}

/* [*begin, *end) = the pixels of window `index` along one axis. */
static void span_of(size_t index, size_t stride, size_t pool, size_t pad, size_t extent, size_t *begin, size_t *end)
{
    const size_t start = index * stride;
    *begin = start > pad ? start - pad : 0;
    *end = smaller(start + pool - pad, extent);
}

void fcnn_pooling_give_to_largest(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const fcnn_windows *w = layer->config;
    for (size_t i = 0; i < images; i++) {
        const float *x = io->x[0] + i * io->stride, *y = io->y + i * io->stride, *dy = io->dy + i * io->stride;
        float *dx = io->dx[0] + i * io->stride;
        memset(dx, 0, fcnn_shape_size(&layer->input[0]) * sizeof *dx);
        for (size_t window = 0; window < w->out_height * w->out_width; window++) {
            size_t begin[2], end[2];
            span_of(window / w->out_width, w->stride_height, w->pool_height, w->pad_top, w->height, &begin[0], &end[0]);
            span_of(window % w->out_width, w->stride_width, w->pool_width, w->pad_left, w->width, &begin[1], &end[1]);
            for (size_t c = 0; c < w->channels; c++) {
                const size_t at = window * w->channels + c;
                dx[find_largest(w, x, begin, end, c, y[at])] += dy[at];
            }
        }
    }
}
