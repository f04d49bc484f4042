/* network.c - a network's state: its vectors, its loss, optimizer and metrics; and the lock around every call. */
#include <string.h>

#include "../base/memory.h"
#include "internal.h"

const fcnn_shape *fcnn_network_output(const fcnn_network *network)
{
    return &network->graph->node[network->graph->nodes - 1].layer.output;
}

size_t fcnn_network_output_size(const fcnn_network *network) { return fcnn_shape_size(fcnn_network_output(network)); }

size_t fcnn_network_classes(const fcnn_network *network)
{
    const fcnn_shape *output = fcnn_network_output(network);
    return output->rank == 0 ? 1 : output->extent[output->rank - 1];
}

size_t fcnn_network_rows(const fcnn_network *network)
{
    return fcnn_network_output_size(network) / fcnn_network_classes(network);
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

static void list_parameters(fcnn_network *network)
{
    size_t p = 0;
    for (size_t n = 0; n < network->graph->nodes; n++) {
        const fcnn_node *node = &network->graph->node[n];
        network->node_trainable[n] = 1;
        for (size_t i = 0; i < node->layer.parameters; i++) {
            const size_t begin = node->parameters + node->layer.parameter[i].offset;
            network->parameter[p++] =
                (fcnn_span){begin, begin + fcnn_shape_size(&node->layer.parameter[i].shape), n, 1, 1};
        }
    }
}

static fcnn_status allocate_network(fcnn_network *network, fcnn_error *error)
{
    const fcnn_graph *graph = network->graph;
    for (size_t n = 0; n < graph->nodes; n++)
        network->parameters += graph->node[n].layer.parameters;
    void *block;
    FCNN_TRY(fcnn_allocate(&block, network->parameters, sizeof(fcnn_span), "the network", error));
    network->parameter = block;
    FCNN_TRY(fcnn_allocate(&block, graph->nodes, 1, "the network", error));
    network->node_trainable = block;
    FCNN_TRY(fcnn_allocate_floats(&network->weights, 1, graph->parameters, "the network's weights", error));
    FCNN_TRY(fcnn_allocate_floats(&network->gradients, 1, graph->parameters, "the network's gradients", error));
    list_parameters(network);
    return FCNN_OK;
}

/* All but the lock. */
static void release_network(fcnn_network *network)
{
    fcnn_engine_clear(&network->training);
    fcnn_engine_clear(&network->inference);
    fcnn_scores_clear(&network->scores);
    fcnn_graph_destroy(network->graph);
    fcnn_release(network->weights);
    fcnn_release(network->gradients);
    for (size_t s = 0; s < FCNN_MAX_SLOTS; s++)
        fcnn_release(network->slot[s]);
    fcnn_release(network->parameter);
    fcnn_release(network->node_trainable);
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

/* As in Keras, a crossentropy takes the input of a final softmax or sigmoid as logits, whatever the user said it is. */
static int absorbs_last_layer(const fcnn_network *network, const fcnn_loss *loss)
{
    return loss->class->takes_logits && network->graph->node[network->graph->nodes - 1].layer.activation;
}

static fcnn_status check_metrics(const fcnn_loss *loss, const fcnn_metric *metrics, size_t count, fcnn_error *error)
{
    if (count > FCNN_MAX_METRICS)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "%zu metrics are asked for; at most %d are supported", count,
                         FCNN_MAX_METRICS);
    for (size_t m = 0; m < count; m++)
        if (!loss || metrics[m].class->reads_labels != (loss->class->target == FCNN_TARGET_LABELS))
            return fcnn_fail(error, FCNN_E_ARGUMENT, "the metric '%s' does not read the targets of the loss '%s'",
                             metrics[m].class->type, loss ? loss->class->type : "none");
    return FCNN_OK;
}

static void set_loss(fcnn_network *network, const fcnn_loss *loss)
{
    network->has_loss = loss != NULL;
    network->loss = loss ? *loss : (fcnn_loss){0};
    network->loss_absorbs = loss && absorbs_last_layer(network, loss);
    if (network->loss_absorbs)
        network->loss.from_logits = 1;
    fcnn_engine_clear(&network->training);
    fcnn_engine_clear(&network->inference);
}

fcnn_status fcnn_network_set_objective(fcnn_network *network, const fcnn_loss *loss, const fcnn_metric *metrics,
                                       size_t count, fcnn_error *error)
{
    FCNN_TRY(check_metrics(loss, metrics, count, error));
    fcnn_lock_take(&network->lock);
    set_loss(network, loss);
    for (size_t m = 0; m < count; m++)
        network->metric[m] = metrics[m];
    network->metrics = count;
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

/* What was frozen has its weights for their average. */
static void begin_average(fcnn_network *network, const fcnn_span *span)
{
    if (network->has_optimizer && network->optimizer.average < FCNN_MAX_SLOTS)
        memcpy(network->slot[network->optimizer.average] + span->begin, network->weights + span->begin,
               (span->end - span->begin) * sizeof(float));
}

void fcnn_network_set_trainable(fcnn_network *network, const unsigned char *flags)
{
    fcnn_lock_take(&network->lock);
    int changes = 0;
    memset(network->node_trainable, 0, network->graph->nodes);
    for (size_t p = 0; p < network->parameters; p++) {
        fcnn_span *span = &network->parameter[p];
        if (flags[p] && !span->trainable)
            begin_average(network, span);
        changes |= span->trainable != (flags[p] != 0);
        span->trainable = flags[p] != 0;
        network->node_trainable[span->node] |= flags[p] != 0;
    }
    if (changes)
        fcnn_engine_clear(&network->training);
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
