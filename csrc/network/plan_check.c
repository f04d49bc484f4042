/* plan_check.c - what holds of every plan. */
#include "plan_check.h"

#include <assert.h>

#ifndef NDEBUG

/* Whether `size` floats at `offset` lie within `whole`, if there are any. */
static int is_inside(size_t offset, size_t size, size_t whole)
{
    return offset == FCNN_NOWHERE || (offset <= whole && size <= whole - offset);
}

static void check_offsets(const fcnn_plan *plan, const fcnn_graph *graph, const fcnn_step *step)
{
    const fcnn_layer *layer = step->layer;
    const size_t outputs = fcnn_shape_size(&layer->output), parameters = fcnn_layer_parameter_size(layer);
    for (size_t i = 0; i < layer->inputs; i++) {
        const size_t inputs = fcnn_shape_size(&layer->input[i]);
        assert(step->x[i] != FCNN_NOWHERE && is_inside(step->x[i], inputs, plan->record));
        assert(is_inside(step->dx[i], inputs, plan->record) && is_inside(step->sum[i], inputs, plan->record));
    }
    assert(step->y != FCNN_NOWHERE && is_inside(step->y, outputs, plan->record));
    assert(is_inside(step->dy, outputs, plan->record) && is_inside(step->saved, layer->saved, plan->record));
    assert(is_inside(step->parts, (FCNN_PARTS - 1) * outputs, plan->record));
    assert(is_inside(step->partial, parameters, plan->record) && is_inside(step->sum_place, parameters, plan->summed));
    assert(is_inside(step->parameters, parameters, graph->parameters));
    assert(is_inside(step->prepared, layer->prepared, plan->prepared) && layer->scratch <= plan->scratch);
    assert(step->dy != FCNN_NOWHERE || !(step->has_backward || step->has_gradient));
}

typedef int range_of(const fcnn_shard *shard, size_t *begin, size_t *end);

static int piece_range(const fcnn_shard *piece, size_t *begin, size_t *end)
{
    fcnn_piece_range(piece, begin, end);
    return 1;
}

/* Goes over shards of a step that complete a range of its parameters: *covered += their floats, and *next = the end of
 * the one that begins at *next, if there is one. */
static void cover(const fcnn_step *step, const fcnn_shard *shards, size_t count, range_of *range, size_t *next,
                  size_t *covered)
{
    for (size_t i = 0; i < count; i++) {
        size_t begin, end;
        if (shards[i].step != step || !range(&shards[i], &begin, &end))
            continue;
        *covered += end - begin;
        *next = begin == *next ? end : *next;
    }
}

/* Every parameter is updated once: ranges that follow each other from the first to the last, and no others. A layer
 * that runs in parts lists the shards of all parts in turn, so a walk along the list finds one part's ranges in order:
 * each walk goes on where the one before it ended. */
static void check_updates(const fcnn_plan *plan, const fcnn_step *step)
{
    const size_t parameters = step->has_gradient ? fcnn_layer_parameter_size(step->layer) : 0;
    size_t next = 0, covered = 0;
    for (size_t part = 0; part < FCNN_PARTS; part++) {
        covered = 0;
        cover(step, plan->gradient, plan->gradients, fcnn_shard_range, &next, &covered);
        cover(step, plan->update, plan->updates, piece_range, &next, &covered);
    }
    assert(next == parameters && covered == parameters);
}

void fcnn_plan_check(const fcnn_plan *plan, const fcnn_graph *graph)
{
    for (size_t s = 0; s < plan->steps; s++) {
        check_offsets(plan, graph, &plan->step[s]);
        check_updates(plan, &plan->step[s]);
    }
    for (size_t i = 0; i < plan->stages; i++) {
        assert(plan->stage[i].begin <= plan->stage[i].end && plan->stage[i].end <= plan->steps);
        assert(plan->stage[i].first_shard == (i ? plan->stage[i - 1].end_shard : 0));
        assert(plan->stage[i].end_shard <= plan->gradients);
    }
}

#else

void fcnn_plan_check(const fcnn_plan *plan, const fcnn_graph *graph)
{
    (void)plan;
    (void)graph;
}

#endif
