/* pooling.c - what the pooling layers share: attributes and shapes. */
#include "pooling.h"

#include "../base/memory.h"
#include "windows.h"

fcnn_status fcnn_pooling_create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"pool_size", "strides", "padding"};
    enum { LARGEST = 1 << 10 };
    size_t pool[2], strides[2];
    fcnn_extent extent[2];
    FCNN_TRY(fcnn_attributes_expect(attributes, names, 3, error));
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
    static const char *const names[] = {"keepdims"};
    size_t keepdims;
    FCNN_TRY(fcnn_attributes_expect(attributes, names, 1, error));
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
