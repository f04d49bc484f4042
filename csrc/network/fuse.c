/* fuse.c - finds the patterns: Conv2D, ReLU or nothing, MaxPooling2D, each the only user of the one before. */
#include "fuse.h"

#include <math.h>
#include <string.h>

#include "../base/memory.h"
#include "../layers/conv2d_pooled.h"
#include "../layers/registry.h"

/* The only node that reads node n; 0 where there is none, or several, or n is an output of the network. */
static size_t only_user(const fcnn_graph *graph, size_t n)
{
    size_t user = 0, users = 0;
    for (size_t o = 0; o < graph->outputs; o++)
        if (graph->output[o] == n)
            return 0;
    for (size_t m = n + 1; m < graph->nodes; m++)
        for (size_t i = 0; i < graph->node[m].layer.inputs; i++)
            if (graph->node[m].input[i] == n) {
                user = m;
                users++;
            }
    return users == 1 ? user : 0;
}

static int is_plain_relu(const fcnn_layer *layer)
{
    if (layer->class != &fcnn_activation_class)
        return 0;
    const fcnn_activation_spec *spec = layer->config;
    return spec->function == FCNN_RELU && spec->negative_slope == 0.0f && spec->threshold == 0.0f &&
           isinf(spec->max_value);
}

/* The max pool whose only source is the convolution n, perhaps through a ReLU; 0 if there is none. */
static size_t pool_of(const fcnn_graph *graph, size_t n, int *relu)
{
    size_t next = only_user(graph, n);
    *relu = next && is_plain_relu(&graph->node[next].layer);
    if (*relu)
        next = only_user(graph, next);
    const fcnn_layer *pool = &graph->node[next].layer;
    return next && pool->class == &fcnn_max_pooling2d_class && pool->saved > 0 ? next : 0;
}

static fcnn_status fuse_pool(const fcnn_graph *graph, size_t n, int relu, size_t pool, fcnn_operation *operation,
                             fcnn_error *error)
{
    void *block;
    FCNN_TRY(fcnn_allocate(&block, 1, sizeof(fcnn_layer), "the plan", error));
    *operation = (fcnn_operation){.fused = block, .layer = block, .head = n, .tail = pool};
    return fcnn_conv2d_pooled_create(block, &graph->node[n].layer, relu, &graph->node[pool].layer, error);
}

/* Whether node n runs as the end or the middle of one of the operations. */
static int is_inside(const fcnn_graph *graph, const fcnn_operation *operations, size_t count, size_t n)
{
    for (size_t i = 0; i < count; i++)
        if (operations[i].fused && (n == operations[i].tail || n == graph->node[operations[i].tail].input[0]))
            return 1;
    return 0;
}

fcnn_status fcnn_fuse(const fcnn_graph *graph, fcnn_operation *operations, size_t *count, fcnn_error *error)
{
    *count = 0;
    for (size_t n = 0; n < graph->nodes; n++) {
        const fcnn_layer *layer = &graph->node[n].layer;
        if (!layer->class || layer->view || is_inside(graph, operations, *count, n))
            continue;
        int relu = 0;
        const size_t pool = layer->class == &fcnn_conv2d_class ? pool_of(graph, n, &relu) : 0;
        fcnn_operation *operation = &operations[(*count)++];
        if (pool)
            FCNN_TRY(fuse_pool(graph, n, relu, pool, operation, error));
        else
            *operation = (fcnn_operation){.layer = layer, .head = n, .tail = n};
    }
    return FCNN_OK;
}

void fcnn_operation_destroy(fcnn_operation *operation)
{
    if (operation->fused)
        fcnn_release(operation->fused->config);
    fcnn_release(operation->fused);
}
