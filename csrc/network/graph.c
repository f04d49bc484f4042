/* graph.c - builds and validates a graph, node by node. */
#include "graph.h"

#include <stdio.h>
#include <string.h>

#include "../base/memory.h"

static fcnn_status read_input_shape(const fcnn_node_spec *spec, fcnn_shape *shape, fcnn_error *error)
{
    for (size_t i = 0; i < spec->attributes.count; i++)
        if (strcmp(spec->attributes.items[i].name, "shape") == 0)
            shape->rank = spec->attributes.items[i].count;
    if (shape->rank > FCNN_MAX_RANK)
        return fcnn_fail(error, FCNN_E_SHAPE, "input '%s' has %zu axes; at most %d are supported", spec->name,
                         shape->rank, FCNN_MAX_RANK);
    FCNN_TRY(fcnn_attributes_sizes(&spec->attributes, "shape", 1, (size_t)1 << 31, shape->extent, shape->rank, error));
    return fcnn_shape_check(shape, spec->name, error);
}

static fcnn_status create_node(fcnn_graph *graph, const fcnn_node_spec *spec, fcnn_error *error)
{
    const size_t position = graph->nodes;
    fcnn_node *node = &graph->node[position];
    fcnn_layer *layer = &node->layer;
    snprintf(layer->name, sizeof layer->name, "%s", spec->name);
    node->parameters = graph->parameters;
    if (strcmp(spec->type, "input") == 0) {
        if (position > 0)
            return fcnn_fail(error, FCNN_E_ARGUMENT, "'%s': a network has one input, its first node", spec->name);
        graph->nodes++;
        return read_input_shape(spec, &layer->output, error);
    }
    layer->class = fcnn_layer_find(spec->type);
    if (!layer->class)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "'%s': unknown layer type '%s'", spec->name, spec->type);
    if (spec->inputs == 0 || spec->inputs > FCNN_MAX_INPUTS)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "'%s' has %zu inputs; 1 to %d are supported", spec->name, spec->inputs,
                         FCNN_MAX_INPUTS);
    layer->inputs = spec->inputs;
    for (size_t i = 0; i < spec->inputs; i++) {
        if (spec->input[i] >= position)
            return fcnn_fail(error, FCNN_E_ARGUMENT, "'%s': input %zu is not an earlier node", spec->name,
                             spec->input[i]);
        node->input[i] = spec->input[i];
        layer->input[i] = graph->node[spec->input[i]].layer.output;
    }
    graph->nodes++;
    FCNN_TRY(layer->class->create(layer, &spec->attributes, error));
    FCNN_TRY(fcnn_layer_check(layer, error));
    graph->parameters += fcnn_layer_parameter_size(layer);
    if (graph->parameters > (size_t)1 << 32)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "the network has more than 2^32 parameters at layer '%s'",
                         layer->name);
    return FCNN_OK;
}

static fcnn_status check_uses(const fcnn_graph *graph, fcnn_error *error)
{
    for (size_t n = 0; n + 1 < graph->nodes; n++) {
        int used = 0;
        for (size_t m = n + 1; m < graph->nodes; m++)
            for (size_t i = 0; i < graph->node[m].layer.inputs; i++)
                used |= graph->node[m].input[i] == n;
        if (!used)
            return fcnn_fail(error, FCNN_E_ARGUMENT, "the output of layer '%s' is not used", graph->node[n].layer.name);
    }
    return FCNN_OK;
}

static fcnn_status create_nodes(fcnn_graph *graph, const fcnn_node_spec *specs, size_t count, fcnn_error *error)
{
    void *nodes;
    FCNN_TRY(fcnn_allocate(&nodes, count, sizeof(fcnn_node), "the graph", error));
    graph->node = nodes;
    for (size_t i = 0; i < count; i++)
        FCNN_TRY(create_node(graph, &specs[i], error));
    if (graph->nodes < 2 || graph->node[0].layer.class)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "a network needs an input, its first node, and at least one layer");
    return check_uses(graph, error);
}

fcnn_status fcnn_graph_create(fcnn_graph **graph, const fcnn_node_spec *specs, size_t count, fcnn_error *error)
{
    void *block;
    FCNN_TRY(fcnn_allocate(&block, 1, sizeof(fcnn_graph), "the graph", error));
    const fcnn_status status = create_nodes(block, specs, count, error);
    if (status != FCNN_OK) {
        fcnn_graph_destroy(block);
        return status;
    }
    *graph = block;
    return FCNN_OK;
}

void fcnn_graph_destroy(fcnn_graph *graph)
{
    if (!graph)
        return;
    for (size_t n = 0; n < graph->nodes; n++) {
        fcnn_layer *layer = &graph->node[n].layer;
        if (layer->class && layer->class->destroy)
            layer->class->destroy(layer);
        else
            fcnn_release(layer->config);
    }
    fcnn_release(graph->node);
    fcnn_release(graph);
}
