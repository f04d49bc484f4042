/* plan_check.c - what holds of every plan. */
#include "plan_check.h"

#include <assert.h>

#ifndef NDEBUG

/* Whether a buffer, if it is there, has room for `size` floats and lies within a record. */
static int is_inside(const fcnn_plan *plan, const fcnn_buffer *buffer, size_t size)
{
    return !buffer ||
           (size <= buffer->size && buffer->offset <= plan->record && buffer->size <= plan->record - buffer->offset);
}

static void check_places(const fcnn_plan *plan, const fcnn_graph *graph, const fcnn_step *step)
{
    const fcnn_layer *layer = step->layer;
    const size_t outputs = fcnn_shape_size(&layer->output), parameters = fcnn_layer_parameter_size(layer);
    for (size_t i = 0; i < layer->inputs; i++) {
        const size_t inputs = fcnn_shape_size(&layer->input[i]);
        assert(step->x[i] && is_inside(plan, step->x[i], inputs));
        assert(is_inside(plan, step->dx[i], inputs) && is_inside(plan, step->sum[i], inputs));
    }
    assert(step->y && is_inside(plan, step->y, outputs));
    assert(is_inside(plan, step->dy, outputs) && is_inside(plan, step->saved, layer->saved));
    assert(is_inside(plan, step->parts, (FCNN_PARTS - 1) * outputs));
    assert(is_inside(plan, step->observed, layer->observed));
    assert(is_inside(plan, step->observed_backward, layer->observed));
    assert(is_inside(plan, step->partial, parameters));
    assert(step->sums <= FCNN_SUMS && (step->sums == 0 || step->sum_place + parameters <= plan->summed));
    assert(step->folded ? step->folded_place + parameters <= plan->prepared
                        : step->node->parameters + parameters <= graph->parameters);
    assert(step->prepared + layer->prepared <= plan->prepared && layer->scratch <= plan->scratch);
    assert(!step->observed || step->settled + layer->settled <= plan->settled);
    assert(step->dy || layer->penalizes || !(step->has_backward || step->summing != FCNN_SUM_NOTHING));
}

/* [*begin, *end) = the parameters of the instance that the action updates. False where it updates none. */
static int updates(const fcnn_action *action, size_t instance, size_t *begin, size_t *end)
{
    if (!action->step || action->step->node->instance != instance)
        return 0;
    if (action->verb == FCNN_UPDATE) {
        fcnn_piece_range(action, begin, end);
        return 1;
    }
    return fcnn_action_range(action, begin, end);
}

/* Every parameter of the step that learns is updated once: by ranges that follow each other from the first to the last,
 * and no others. A layer that runs in parts lists the shards of all parts in turn, so a walk along the actions finds
 * one part's ranges in order: each walk goes on where the one before it ended. */
static void check_updates(const fcnn_plan *plan, const fcnn_step *step)
{
    const size_t instance = step->node->instance;
    const size_t parameters = plan->learns[instance] ? fcnn_layer_parameter_size(step->layer) : 0;
    size_t next = 0, covered = 0;
    for (size_t part = 0; part < FCNN_PARTS; part++) {
        covered = 0;
        for (size_t i = 0; i < plan->actions; i++) {
            size_t begin, end;
            if (!updates(&plan->action[i], instance, &begin, &end))
                continue;
            covered += end - begin;
            next = begin == next ? end : next;
        }
    }
    assert(next == parameters && covered == parameters);
}

void fcnn_plan_check(const fcnn_plan *plan, const fcnn_graph *graph)
{
    for (size_t s = 0; s < plan->steps; s++) {
        check_places(plan, graph, &plan->step[s]);
        check_updates(plan, &plan->step[s]);
    }
    for (size_t i = 0; i < plan->phases; i++) {
        assert(plan->phase[i].first == (i ? plan->phase[i - 1].end : 0));
        assert(plan->phase[i].first <= plan->phase[i].end && plan->phase[i].end <= plan->actions);
    }
    assert(0 < plan->forward && plan->forward < plan->backward && plan->backward <= plan->update &&
           plan->update < plan->move);
    assert(plan->move < plan->phases);
}

#else

void fcnn_plan_check(const fcnn_plan *plan, const fcnn_graph *graph)
{
    (void)plan;
    (void)graph;
}

#endif
