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

static fcnn_status connect(fcnn_graph *graph, const fcnn_node_spec *spec, fcnn_error *error)
{
    const size_t position = graph->nodes;
    fcnn_node *node = &graph->node[position];
    if (spec->inputs == 0 || spec->inputs > FCNN_MAX_INPUTS)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "'%s' has %zu inputs; 1 to %d are supported", spec->name, spec->inputs,
                         FCNN_MAX_INPUTS);
    node->layer.inputs = spec->inputs;
    for (size_t i = 0; i < spec->inputs; i++) {
        if (spec->input[i] >= position)
            return fcnn_fail(error, FCNN_E_ARGUMENT, "'%s': input %zu is not an earlier node", spec->name,
                             spec->input[i]);
        node->input[i] = spec->input[i];
        node->layer.input[i] = graph->node[spec->input[i]].layer.output;
    }
    return FCNN_OK;
}

static int same_parameters(const fcnn_layer *a, const fcnn_layer *b)
{
    int same = a->parameters == b->parameters;
    for (size_t i = 0; same && i < a->parameters; i++)
        same = fcnn_shape_equal(&a->parameter[i].shape, &b->parameter[i].shape);
    return same;
}

/* Gives node `position` parameters of its own, or those of the node that it names. */
static fcnn_status place_parameters(fcnn_graph *graph, size_t position, const size_t *shares, fcnn_error *error)
{
    fcnn_node *node = &graph->node[position];
    node->instance = position;
    node->parameters = graph->parameters;
    if (shares) {
        if (*shares >= position || !same_parameters(&graph->node[*shares].layer, &node->layer))
            return fcnn_fail(error, FCNN_E_ARGUMENT, "'%s' cannot share the parameters of node %zu", node->layer.name,
                             *shares);
        node->instance = graph->node[*shares].instance;
        node->parameters = graph->node[*shares].parameters;
        return FCNN_OK;
    }
    graph->parameters += fcnn_layer_parameter_size(&node->layer);
    if (graph->parameters > FCNN_MOST_PARAMETERS)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "the network has more than 2^32 parameters at layer '%s'",
                         node->layer.name);
    return FCNN_OK;
}

static fcnn_status create_node(fcnn_graph *graph, const fcnn_node_spec *spec, fcnn_error *error)
{
    const size_t position = graph->nodes;
    fcnn_node *node = &graph->node[position];
    fcnn_layer *layer = &node->layer;
    snprintf(layer->name, sizeof layer->name, "%s", spec->name);
    node->mode = spec->mode;
    node->firm = spec->firm;
    graph->always_trains |= node->firm && node->mode == FCNN_AS_IN_TRAINING;
    if (strcmp(spec->type, "input") == 0) {
        graph->input[graph->inputs++] = position;
        graph->nodes++;
        FCNN_TRY(read_input_shape(spec, &layer->output, error));
        return place_parameters(graph, position, NULL, error);
    }
    layer->class = fcnn_layer_find(spec->type);
    if (!layer->class)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "'%s': unknown layer type '%s'", spec->name, spec->type);
    FCNN_TRY(connect(graph, spec, error));
    graph->nodes++;
    FCNN_TRY(layer->class->create(layer, &spec->attributes, error));
    FCNN_TRY(fcnn_layer_check(layer, error));
    node->penalty = graph->penalties;
    graph->penalties += layer->penalizes != 0;
    return place_parameters(graph, position, spec->shares, error);
}

size_t fcnn_graph_users(const fcnn_graph *graph, size_t n, size_t *last)
{
    size_t users = 0;
    for (size_t m = n + 1; m < graph->nodes; m++)
        for (size_t i = 0; i < graph->node[m].layer.inputs; i++)
            if (graph->node[m].input[i] == n) {
                users++;
                if (last)
                    *last = m;
            }
    for (size_t o = 0; o < graph->outputs; o++)
        if (graph->output[o] == n) {
            users++;
            if (last)
                *last = 0;
        }
    return users;
}

static fcnn_status check_uses(const fcnn_graph *graph, fcnn_error *error)
{
    for (size_t n = 0; n < graph->nodes; n++)
        if (graph->node[n].layer.class && fcnn_graph_users(graph, n, NULL) == 0)
            return fcnn_fail(error, FCNN_E_ARGUMENT, "the output of layer '%s' is not used", graph->node[n].layer.name);
    return FCNN_OK;
}

static fcnn_status choose_outputs(fcnn_graph *graph, const size_t *output, size_t outputs, fcnn_error *error)
{
    if (outputs == 0)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "a network needs an output");
    for (size_t o = 0; o < outputs; o++) {
        if (output[o] >= graph->nodes)
            return fcnn_fail(error, FCNN_E_ARGUMENT, "output %zu is none of the %zu nodes", output[o], graph->nodes);
        graph->output[graph->outputs++] = output[o];
    }
    return check_uses(graph, error);
}

static fcnn_status create_nodes(fcnn_graph *graph, const fcnn_node_spec *specs, size_t count, const size_t *output,
                                size_t outputs, fcnn_error *error)
{
    void *block;
    FCNN_TRY(fcnn_allocate(&block, count, sizeof(fcnn_node), "the graph", error));
    graph->node = block;
    FCNN_TRY(fcnn_allocate(&block, count, sizeof(size_t), "the graph", error));
    graph->input = block;
    FCNN_TRY(fcnn_allocate(&block, outputs, sizeof(size_t), "the graph", error));
    graph->output = block;
    for (size_t i = 0; i < count; i++)
        FCNN_TRY(create_node(graph, &specs[i], error));
    if (graph->inputs == 0)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "a network needs an input");
    return choose_outputs(graph, output, outputs, error);
}

fcnn_status fcnn_graph_create(fcnn_graph **graph, const fcnn_node_spec *specs, size_t count, const size_t *output,
                              size_t outputs, fcnn_error *error)
{
    void *block;
    FCNN_TRY(fcnn_allocate(&block, 1, sizeof(fcnn_graph), "the graph", error));
    const fcnn_status status = create_nodes(block, specs, count, output, outputs, error);
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
    fcnn_release(graph->input);
    fcnn_release(graph->output);
    fcnn_release(graph);
}
