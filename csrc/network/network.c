/* network.c - a network's state: its vectors, its loss, optimizer and metrics; and the lock around every call. */
#include <string.h>

#include "../base/memory.h"
#include "internal.h"

const fcnn_shape *fcnn_network_output(const fcnn_network *network, size_t output)
{
    return network->output[output].shape;
}

fcnn_status fcnn_allocate_floats(float **floats, size_t count, size_t each, const char *what, fcnn_error *error)
{
    void *block;
    size_t total;
    if (__builtin_mul_overflow(count, each, &total))
        return fcnn_fail(error, FCNN_E_MEMORY, "%s would need more memory than there are addresses", what);
    FCNN_TRY(fcnn_allocate(&block, total, sizeof(float), what, error));
    fcnn_release(*floats);
    *floats = block;
    return FCNN_OK;
}

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

static void forget_plans(fcnn_network *network)
{
    fcnn_engine_clear(&network->training);
    fcnn_engine_clear(&network->inference);
    fcnn_engine_clear(&network->trial);
    fcnn_engine_clear(&network->told);
}

/* All but the lock. */
static void release_network(fcnn_network *network)
{
    forget_plans(network);
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

/* ---- what it is trained for ---- */

/* As in Keras, a crossentropy takes the input of a final softmax or sigmoid as logits, whatever the user said it is;
 * here where nobody else reads what the layer makes, but for penalties of it. */
static int absorbs_last_layer(const fcnn_graph *graph, size_t o, const fcnn_objective *objective)
{
    const size_t last = fcnn_graph_origin(graph, graph->output[o]);
    int alone = fcnn_graph_users(graph, last, NULL) == 1;
    for (size_t n = graph->output[o]; n != last; n = graph->node[n].input[0])
        alone &= fcnn_graph_users(graph, n, NULL) == 1;
    return objective->has_loss && objective->loss.class->takes_logits && graph->node[last].layer.activation && alone;
}

static fcnn_status check_objective(const fcnn_objective *objective, fcnn_error *error)
{
    const fcnn_loss *loss = &objective->loss;
    if (objective->metrics > FCNN_MAX_METRICS)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "%zu metrics are asked for; at most %d are supported",
                         objective->metrics, FCNN_MAX_METRICS);
    for (size_t m = 0; m < objective->metrics; m++) {
        const fcnn_metric_class *class = objective->metric[m].class;
        if (!objective->has_loss || class->reads_labels != (loss->class->target == FCNN_TARGET_LABELS))
            return fcnn_fail(error, FCNN_E_ARGUMENT, "the metric '%s' does not read the targets of the loss '%s'",
                             class->type, objective->has_loss ? loss->class->type : "none");
    }
    return FCNN_OK;
}

static void set_objective(fcnn_network *network, size_t o, const fcnn_objective *objective)
{
    fcnn_output *output = &network->output[o];
    output->objective = *objective;
    output->absorbs = (unsigned char)absorbs_last_layer(network->graph, o, objective);
    if (output->absorbs)
        output->objective.loss.from_logits = 1;
}

fcnn_status fcnn_network_set_objectives(fcnn_network *network, const fcnn_objective *objectives, fcnn_error *error)
{
    for (size_t o = 0; o < network->graph->outputs; o++)
        FCNN_TRY(check_objective(&objectives[o], error));
    fcnn_lock_take(&network->lock);
    for (size_t o = 0; o < network->graph->outputs; o++)
        set_objective(network, o, &objectives[o]);
    forget_plans(network);
    fcnn_lock_give(&network->lock);
    return FCNN_OK;
}

/* The number of the old optimizer's slot called `name`, or FCNN_MAX_SLOTS. */
static size_t find_slot(const fcnn_network *network, const char *name)
{
    for (size_t s = 0; network->has_optimizer && s < network->optimizer.slots; s++)
        if (strcmp(network->optimizer.slot_name[s], name) == 0)
            return s;
    return FCNN_MAX_SLOTS;
}

/* Puts the old slots that the new optimizer has too in their new places, and begins the others. */
static void arrange_slots(fcnn_network *network, const fcnn_optimizer *optimizer, int keep)
{
    float *old[FCNN_MAX_SLOTS];
    memcpy(old, network->slot, sizeof old);
    for (size_t s = 0; s < optimizer->slots; s++) {
        const size_t from = keep ? find_slot(network, optimizer->slot_name[s]) : FCNN_MAX_SLOTS;
        network->slot[s] = from < FCNN_MAX_SLOTS ? old[from] : NULL;
        if (network->slot[s])
            old[from] = NULL;
    }
    for (size_t s = 0, spare = 0; s < FCNN_MAX_SLOTS; s++) {
        if (s < optimizer->slots && network->slot[s])
            continue;
        while (spare + 1 < FCNN_MAX_SLOTS && !old[spare])
            spare++;
        network->slot[s] = old[spare];
        old[spare] = NULL;
        for (size_t i = 0; s < optimizer->slots && i < network->graph->parameters; i++)
            network->slot[s][i] = optimizer->slot_start[s];
    }
}

static fcnn_status set_optimizer(fcnn_network *network, const fcnn_optimizer *optimizer, int keep, fcnn_error *error)
{
    for (size_t s = 0; s < optimizer->slots; s++)
        if (!network->slot[s])
            FCNN_TRY(
                fcnn_allocate_floats(&network->slot[s], 1, network->graph->parameters, "the optimizer's slots", error));
    arrange_slots(network, optimizer, keep);
    network->optimizer = *optimizer;
    network->has_optimizer = 1;
    if (!keep)
        network->state.iterations = 0;
    return FCNN_OK;
}

fcnn_status fcnn_network_set_optimizer(fcnn_network *network, const fcnn_optimizer *optimizer, int keep,
                                       fcnn_error *error)
{
    fcnn_lock_take(&network->lock);
    const fcnn_status status = set_optimizer(network, optimizer, keep, error);
    fcnn_lock_give(&network->lock);
    return status;
}

int fcnn_network_get_optimizer(fcnn_network *network, fcnn_optimizer *optimizer)
{
    fcnn_lock_take(&network->lock);
    const int has_optimizer = network->has_optimizer;
    *optimizer = network->optimizer;
    fcnn_lock_give(&network->lock);
    return has_optimizer;
}

void fcnn_network_set_trainable(fcnn_network *network, const unsigned char *flags)
{
    fcnn_lock_take(&network->lock);
    int changes = 0;
    memset(network->node_trainable, 0, network->graph->nodes);
    memset(network->node_moves, 0, network->graph->nodes);
    for (size_t p = 0; p < network->parameters; p++) {
        fcnn_span *span = &network->parameter[p];
        changes |= span->trainable != (flags[p] != 0);
        span->trainable = flags[p] != 0;
        (span->statistic ? network->node_moves : network->node_trainable)[span->node] |= flags[p] != 0;
    }
    if (changes)
        forget_plans(network);
    fcnn_lock_give(&network->lock);
}

void fcnn_network_get_trainable(fcnn_network *network, unsigned char *flags)
{
    fcnn_lock_take(&network->lock);
    for (size_t p = 0; p < network->parameters; p++)
        flags[p] = (unsigned char)network->parameter[p].trainable;
    fcnn_lock_give(&network->lock);
}

void fcnn_network_set_decays(fcnn_network *network, const unsigned char *flags)
{
    fcnn_lock_take(&network->lock);
    for (size_t p = 0; p < network->parameters; p++)
        network->parameter[p].decays = flags[p] != 0;
    fcnn_lock_give(&network->lock);
}

void fcnn_network_get_decays(fcnn_network *network, unsigned char *flags)
{
    fcnn_lock_take(&network->lock);
    for (size_t p = 0; p < network->parameters; p++)
        flags[p] = (unsigned char)network->parameter[p].decays;
    fcnn_lock_give(&network->lock);
}
