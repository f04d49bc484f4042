/* settings.c - what a network is trained for and how: losses and metrics, rules, the optimizer, what is trainable. */
#include <string.h>

#include "../base/memory.h"
#include "internal.h"

/* ---- losses and metrics ---- */

static int takes_logits_of(const fcnn_loss *loss, const char *activation)
{
    return loss->class->takes_logits && !loss->ignores && activation &&
           (!loss->class->of_sigmoid || strcmp(activation, "sigmoid") == 0);
}

/* As in Keras, a crossentropy takes the input of a final softmax or sigmoid as logits, whatever the user said it is,
 * unless it ignores labels; here where nobody else reads what the layer makes, but for penalties of it. */
static int absorbs_last_layer(const fcnn_graph *graph, size_t o, const fcnn_objective *objective)
{
    const size_t last = fcnn_graph_origin(graph, graph->output[o]);
    int alone = fcnn_graph_users(graph, last, NULL) == 1;
    for (size_t n = graph->output[o]; n != last; n = graph->node[n].input[0])
        alone &= fcnn_graph_users(graph, n, NULL) == 1;
    return objective->has_loss && takes_logits_of(&objective->loss, graph->node[last].layer.activation) && alone;
}

static fcnn_status fit_objective(fcnn_objective *objective, const fcnn_shape *output, fcnn_error *error)
{
    fcnn_loss *loss = &objective->loss;
    if (objective->metrics > FCNN_MAX_METRICS)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "%zu metrics are asked for; at most %d are supported",
                         objective->metrics, FCNN_MAX_METRICS);
    for (size_t m = 0; m < objective->metrics; m++) {
        const fcnn_metric_class *class = objective->metric[m].class;
        if (!objective->has_loss || class->reads_labels != (loss->class->target == FCNN_TARGET_LABELS))
            return fcnn_fail(error, FCNN_E_ARGUMENT, "the metric '%s' does not read the targets of the loss '%s'",
                             class->type, objective->has_loss ? loss->class->type : "none");
    }
    return objective->has_loss ? fcnn_loss_fit(loss, output, error) : FCNN_OK;
}

static void set_objective(fcnn_network *network, size_t o, const fcnn_objective *objective)
{
    fcnn_output *output = &network->output[o];
    output->objective = *objective;
    output->absorbs = (unsigned char)absorbs_last_layer(network->graph, o, objective);
    if (output->absorbs)
        output->objective.loss.from_logits = 1;
}

fcnn_status fcnn_network_set_objectives(fcnn_network *network, fcnn_objective *objectives, fcnn_error *error)
{
    for (size_t o = 0; o < network->graph->outputs; o++)
        FCNN_TRY(fit_objective(&objectives[o], network->output[o].shape, error));
    fcnn_lock_take(&network->lock);
    for (size_t o = 0; o < network->graph->outputs; o++)
        set_objective(network, o, &objectives[o]);
    fcnn_engines_clear(network);
    fcnn_lock_give(&network->lock);
    return FCNN_OK;
}

fcnn_status fcnn_network_set_rules(fcnn_network *network, const fcnn_regularizer *regularizers,
                                   const fcnn_constraint *constraints, fcnn_error *error)
{
    fcnn_rules rules = {0};
    const fcnn_status status = fcnn_rules_make(&rules, regularizers, constraints, network->parameters, error);
    if (status != FCNN_OK) {
        fcnn_rules_clear(&rules);
        return status;
    }
    fcnn_lock_take(&network->lock);
    fcnn_rules_clear(&network->rules);
    network->rules = rules;
    fcnn_engine_clear(&network->training); /* what learns may be others */
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
        fcnn_engines_clear(network);
    fcnn_lock_give(&network->lock);
}

void fcnn_network_get_trainable(fcnn_network *network, unsigned char *flags)
{
    fcnn_lock_take(&network->lock);
    for (size_t p = 0; p < network->parameters; p++)
        flags[p] = (unsigned char)network->parameter[p].trainable;
    fcnn_lock_give(&network->lock);
}

void fcnn_network_get_optimized(fcnn_network *network, unsigned char *flags)
{
    fcnn_lock_take(&network->lock);
    for (size_t p = 0; p < network->parameters; p++)
        flags[p] = (unsigned char)fcnn_span_is_optimized(&network->parameter[p]);
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
