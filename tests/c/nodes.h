/* nodes.h - graphs in a few words, for tests of plans and networks. Needs check.h. */
#ifndef FCNN_NODES_H
#define FCNN_NODES_H

#include "describe.h"
#include "network/graph.h"

#define IMAGES(height, width, channels) \
    {.type = "input",                   \
     .name = "input",                   \
     .attributes = DESCRIBE(            \
         {.name = "shape", .kind = FCNN_ATTRIBUTE_INTEGER, .count = 3, .integers = {height, width, channels}})}

/* A layer called `layer` behind node `source`, with the attributes that follow. */
#define NODE(layer, source, ...) \
    {.type = layer, .name = layer, .input = (const size_t[]){source}, .inputs = 1, .attributes = DESCRIBE(__VA_ARGS__)}

#define ADD(...)                             \
    {.type = "add",                          \
     .name = "add",                          \
     .input = (const size_t[]){__VA_ARGS__}, \
     .inputs = sizeof((size_t[]){__VA_ARGS__}) / sizeof(size_t)}

#define CONV(source, filters, size, pad)                                                                        \
    NODE("conv2d", source, INTEGER("filters", filters), PAIR("kernel_size", size, size), INTEGER("strides", 1), \
         TEXT("padding", pad), INTEGER("dilation_rate", 1), INTEGER("use_bias", 1))
#define ROUNDED_CONV(source, filters, size, pad)                                                                \
    NODE("conv2d", source, INTEGER("filters", filters), PAIR("kernel_size", size, size), INTEGER("strides", 1), \
         TEXT("padding", pad), INTEGER("dilation_rate", 1), INTEGER("use_bias", 1), INTEGER("bfloat16", 1))
#define DEPTHWISE(source, multiplier)                                                                    \
    NODE("depthwise_conv2d", source, INTEGER("depth_multiplier", multiplier), PAIR("kernel_size", 3, 3), \
         INTEGER("strides", 1), TEXT("padding", "same"), INTEGER("dilation_rate", 1), INTEGER("use_bias", 0))
#define ACTIVATION(source, name) NODE("activation", source, TEXT("function", name))
#define POOL(layer, source, size, stride, pad) \
    NODE(layer, source, PAIR("pool_size", size, size), PAIR("strides", stride, stride), TEXT("padding", pad))
#define MAX_POOL(source, size, stride, pad) POOL("max_pooling2d", source, size, stride, pad)
#define AVERAGE_POOL(source, size, stride, pad) POOL("average_pooling2d", source, size, stride, pad)
#define GLOBAL_AVERAGE(source) NODE("global_average_pooling2d", source, INTEGER("keepdims", 0))
#define DENSE(source, units) NODE("dense", source, INTEGER("units", units), INTEGER("use_bias", 1))
#define ROUNDED_DENSE(source, units) \
    NODE("dense", source, INTEGER("units", units), INTEGER("use_bias", 1), INTEGER("bfloat16", 1))
#define NORMALIZE(source) NODE("batch_normalization", source, NUMBER("epsilon", 1e-3), NUMBER("momentum", 0.9))
#define SOFTMAX(source) {.type = "softmax", .name = "softmax", .input = (const size_t[]){source}, .inputs = 1}
#define FLATTEN(source, size) NODE("reshape", source, INTEGER("target_shape", size))
#define SCALE(source, by) NODE("rescaling", source, NUMBER("scale", by), NUMBER("offset", 0))
#define PENALIZE(source, one, two) NODE("activity_regularization", source, NUMBER("l1", one), NUMBER("l2", two))
#define DROPOUT(source, share) NODE("dropout", source, NUMBER("rate", share), INTEGER("seed", 12 + (source)))

/* The graph of the nodes given, the last one being its output; the caller destroys it. */
#define GRAPH(...)                                  \
    graph_of((const fcnn_node_spec[]){__VA_ARGS__}, \
             sizeof((const fcnn_node_spec[]){__VA_ARGS__}) / sizeof(fcnn_node_spec))

static inline fcnn_graph *graph_of(const fcnn_node_spec *specs, size_t count)
{
    fcnn_graph *graph = NULL;
    fcnn_error error = {.status = FCNN_OK};
    const int created = fcnn_graph_create(&graph, specs, count, &(size_t){count - 1}, 1, &error) == FCNN_OK;
    check_that(created, error.message, __FILE__, __LINE__);
    return graph;
}

#endif
