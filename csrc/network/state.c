/* state.c - a network comes and goes; its vectors of weights, gradients and slots; its counters. */
#include <string.h>

#include "../base/memory.h"
#include "internal.h"

/* ---- creation ---- */

/* Parameters that the node shares with an earlier one are listed there. */
static size_t own_parameters(const fcnn_graph *graph, size_t n)
{
    return fcnn_graph_is_owner(graph, n) ? graph->node[n].layer.parameters : 0;
}

static void list_parameters(fcnn_network *network)
{
    size_t p = 0;
    for (size_t n = 0; n < network->graph->nodes; n++) {
        const fcnn_node *node = &network->graph->node[n];
        network->node_trainable[n] = network->node_moves[n] = 1;
        for (size_t i = 0; i < own_parameters(network->graph, n); i++) {
            const fcnn_parameter *parameter = &node->layer.parameter[i];
            const size_t begin = node->parameters + parameter->offset;
            network->parameter[p++] = (fcnn_span){.begin = begin,
                                                  .end = begin + fcnn_shape_size(&parameter->shape),
                                                  .node = n,
                                                  .statistic = parameter->statistic,
                                                  .trainable = 1,
                                                  .decays = 1};
        }
    }
}

static void describe_outputs(fcnn_network *network)
{
    for (size_t o = 0; o < network->graph->outputs; o++) {
        fcnn_output *output = &network->output[o];
        output->shape = &network->graph->node[network->graph->output[o]].layer.output;
        output->classes = output->shape->rank == 0 ? 1 : output->shape->extent[output->shape->rank - 1];
        output->rows = fcnn_shape_size(output->shape) / output->classes;
    }
}

static fcnn_status allocate_network(fcnn_network *network, fcnn_error *error)
{
    const fcnn_graph *graph = network->graph;
    for (size_t n = 0; n < graph->nodes; n++)
        network->parameters += own_parameters(graph, n);
    void *block;
    FCNN_TRY(fcnn_allocate(&block, network->parameters, sizeof(fcnn_span), "the network", error));
    network->parameter = block;
    FCNN_TRY(fcnn_allocate(&block, 2 * graph->nodes, 1, "the network", error));
    network->node_trainable = block;
    network->node_moves = network->node_trainable + graph->nodes;
    FCNN_TRY(fcnn_allocate(&block, graph->outputs, sizeof(fcnn_output), "the network", error));
    network->output = block;
    FCNN_TRY(fcnn_allocate_floats(&network->weights, 1, graph->parameters, "the network's weights", error));
    FCNN_TRY(fcnn_allocate_floats(&network->gradients, 1, graph->parameters, "the network's gradients", error));
    list_parameters(network);
    describe_outputs(network);
    return FCNN_OK;
}

/* All but the lock. */
static void release_network(fcnn_network *network)
{
    fcnn_engines_clear(network);
    for (size_t o = 0; network->output && o < network->graph->outputs; o++)
        fcnn_scores_clear(&network->output[o].scores);
    fcnn_rules_clear(&network->rules);
    fcnn_graph_destroy(network->graph);
    fcnn_release(network->weights);
    fcnn_release(network->gradients);
    for (size_t s = 0; s < FCNN_MAX_SLOTS; s++)
        fcnn_release(network->slot[s]);
    fcnn_release(network->parameter);
    fcnn_release(network->node_trainable);
    fcnn_release(network->output);
    fcnn_release(network->magnitude);
    fcnn_release(network->penalty);
    fcnn_release(network);
}

static int needs_bfloat16(const fcnn_graph *graph)
{
    for (size_t n = 0; n < graph->nodes; n++)
        if (graph->node[n].layer.bfloat16)
            return 1;
    return 0;
}

fcnn_status fcnn_network_create(fcnn_network **network, fcnn_graph *graph, const fcnn_kernels *kernels,
                                fcnn_error *error)
{
    void *block;
    fcnn_status status = fcnn_allocate(&block, 1, sizeof(fcnn_network), "the network", error);
    if (status != FCNN_OK) {
        fcnn_graph_destroy(graph);
        return status;
    }
    fcnn_network *self = block;
    self->graph = graph;
    self->kernels = kernels;
    self->bfloat16 = needs_bfloat16(graph) ? fcnn_bfloat16_beside(kernels) : NULL;
    self->state = (fcnn_network_state){.learning_rate = 1e-3, .check_finite = 1};
    status = allocate_network(self, error);
    if (status == FCNN_OK)
        status = fcnn_lock_create(&self->lock, error);
    if (status != FCNN_OK) {
        release_network(self);
        return status;
    }
    *network = self;
    return FCNN_OK;
}

void fcnn_network_destroy(fcnn_network *network)
{
    if (!network)
        return;
    fcnn_lock_destroy(&network->lock);
    release_network(network);
}

const fcnn_shape *fcnn_network_output(const fcnn_network *network, size_t output)
{
    return network->output[output].shape;
}

const fcnn_graph *fcnn_network_graph(const fcnn_network *network) { return network->graph; }
size_t fcnn_network_parameter_count(const fcnn_network *network) { return network->parameters; }

/* ---- vectors ---- */

/* *place = where the numbers [offset, offset + count) of a vector are. */
static fcnn_status find_numbers(const fcnn_network *network, size_t vector, size_t offset, size_t count, float **place,
                                fcnn_error *error)
{
    const size_t slot = vector - FCNN_SLOTS;
    if (vector >= FCNN_SLOTS && (!network->has_optimizer || slot >= network->optimizer.slots))
        return fcnn_fail(error, FCNN_E_ARGUMENT, "the optimizer has no slot %zu", slot);
    if (offset > network->graph->parameters || count > network->graph->parameters - offset)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "%zu numbers from %zu on are asked for; the network has %zu", count,
                         offset, network->graph->parameters);
    float *numbers = vector == FCNN_WEIGHTS     ? network->weights
                     : vector == FCNN_GRADIENTS ? network->gradients
                                                : network->slot[slot];
    *place = numbers + offset;
    return FCNN_OK;
}

fcnn_status fcnn_network_read(fcnn_network *network, size_t vector, size_t offset, size_t count, float *values,
                              fcnn_error *error)
{
    float *place = NULL;
    fcnn_lock_take(&network->lock);
    const fcnn_status status = find_numbers(network, vector, offset, count, &place, error);
    if (status == FCNN_OK)
        memcpy(values, place, count * sizeof *values);
    fcnn_lock_give(&network->lock);
    return status;
}

void fcnn_network_mark_given(fcnn_network *network, size_t begin, size_t end, int given)
{
    for (size_t p = 0; p < network->parameters; p++)
        if (network->parameter[p].begin < end && begin < network->parameter[p].end)
            network->parameter[p].given = given;
}

fcnn_status fcnn_network_write(fcnn_network *network, size_t vector, size_t offset, size_t count, const float *values,
                               fcnn_error *error)
{
    float *place = NULL;
    fcnn_lock_take(&network->lock);
    const fcnn_status status = find_numbers(network, vector, offset, count, &place, error);
    if (status == FCNN_OK)
        memcpy(place, values, count * sizeof *values);
    if (status == FCNN_OK && vector == FCNN_GRADIENTS)
        fcnn_network_mark_given(network, offset, offset + count, 1);
    fcnn_lock_give(&network->lock);
    return status;
}

/* ---- state ---- */

fcnn_network_state fcnn_network_get_state(fcnn_network *network)
{
    fcnn_lock_take(&network->lock);
    const fcnn_network_state state = network->state;
    fcnn_lock_give(&network->lock);
    return state;
}

void fcnn_network_set_state(fcnn_network *network, size_t offset, const void *value, size_t size)
{
    fcnn_lock_take(&network->lock);
    memcpy((char *)&network->state + offset, value, size);
    fcnn_lock_give(&network->lock);
}
