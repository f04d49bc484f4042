/* pieces.c - what happens to parameters, and to what all images have in common: pieces of work that any thread may
 * do. */
#include "../base/sizes.h"
#include "../layers/batch_normalization.h"
#include "pass.h"

/* What an action's step sees of all images of the block. */
static fcnn_io io_of_block(const fcnn_pass *p, const fcnn_step *step, size_t worker)
{
    fcnn_io io = fcnn_pass_io(p, step, p->engine->records, p->begin, worker);
    io.gradient.accumulate = p->begin > 0;
    return io;
}

/* The parameters of the head, with those of the batch normalization behind it multiplied in. */
static void fold(const fcnn_pass *p, const fcnn_action *action, size_t worker)
{
    const fcnn_step *step = action->step;
    const fcnn_layer *layer = step->layer, *head = &step->node->layer;
    const fcnn_io io = io_of_block(p, step, worker);
    const float *parameters = p->network->weights + step->node->parameters;
    float *folded = io.prepared + (step->folded_place - step->prepared);
    fcnn_batch_normalization_fold(&step->folded->layer, io.kernels, p->network->weights + step->folded->parameters,
                                  fcnn_shape_size(&head->parameter[0].shape), parameters,
                                  head->parameters > 1 ? parameters + head->parameter[1].offset : NULL, folded,
                                  folded + fcnn_layer_parameter_size(layer));
}

static void prepare(const fcnn_pass *p, const fcnn_action *action, size_t worker)
{
    const fcnn_io io = io_of_block(p, action->step, worker);
    action->step->layer->class->prepare(action->step->layer, &io, action->number);
}

void fcnn_pass_prepare_own(const fcnn_pass *p, size_t worker)
{
    fcnn_engine *engine = p->engine;
    if (!fcnn_engine_copies(engine) || engine->copied[worker] == engine->passes)
        return;
    engine->copied[worker] = engine->passes;
    for (size_t i = 0; i < engine->plan->phase[engine->plan->forward].first; i++) {
        const fcnn_action *action = &engine->plan->action[i];
        (action->verb == FCNN_FOLD ? fold : prepare)(p, action, worker);
        fcnn_profile_action(p->network->profile, worker, action);
    }
}

/* ---- layers that pack the images of a block ---- */

static void pack(const fcnn_pass *p, const fcnn_action *action, size_t worker)
{
    const fcnn_io io = io_of_block(p, action->step, worker);
    action->step->layer->class->pack_forward(action->step->layer, &io, p->end - p->begin, action->number);
}

static void forward_shard(const fcnn_pass *p, const fcnn_action *action, size_t worker)
{
    const fcnn_io io = io_of_block(p, action->step, worker);
    action->step->layer->class->forward_shard(action->step->layer, &io, p->end - p->begin, action->number);
}

static void pack_backward(const fcnn_pass *p, const fcnn_action *action, size_t worker)
{
    const fcnn_io io = io_of_block(p, action->step, worker);
    action->step->layer->class->pack_backward(action->step->layer, &io, p->end - p->begin, action->number);
}

/* ---- what a layer finds out about a batch ---- */

static void settle(const fcnn_pass *p, const fcnn_action *action, size_t worker)
{
    const fcnn_io io = io_of_block(p, action->step, worker);
    action->step->layer->class->settle(action->step->layer, &io, p->images, action->number);
}

static void settle_backward(const fcnn_pass *p, const fcnn_action *action, size_t worker)
{
    const fcnn_step *step = action->step;
    fcnn_io io = io_of_block(p, step, worker);
    io.observed = p->engine->records + step->observed_backward->offset;
    io.gradient.values = step->sums > 0 ? p->engine->sums + step->sum_place : NULL;
    step->layer->class->settle_backward(step->layer, &io, p->images, action->number);
}

static void move(const fcnn_pass *p, const fcnn_action *action, size_t worker)
{
    const fcnn_step *step = action->step;
    const fcnn_io io = io_of_block(p, step, worker);
    step->layer->class->move_statistics(step->layer, &io, p->images, p->network->weights + step->node->parameters);
}

/* ---- gradients ---- */

/* Sums over the images of a piece of a partial gradient. */
static void add_partials(const fcnn_pass *p, const fcnn_step *step, const fcnn_io *io, size_t begin, size_t end)
{
    const float *partial = p->engine->records + step->partial->offset;
    io->kernels->sum_rows(partial + begin, 0, 1, p->end - p->begin, io->stride, end - begin,
                          io->gradient.values + (begin - io->gradient.begin), io->gradient.accumulate);
}

/* One of the sums of a shard: over its stretches of images, as far as they lie in the block. */
static void sum_aside(const fcnn_pass *p, const fcnn_action *action, size_t worker)
{
    const fcnn_step *step = action->step;
    const fcnn_plan *plan = p->engine->plan;
    const size_t start = action->sum * FCNN_STRETCH;
    for (size_t stretch = start; stretch < p->end; stretch += step->sums * FCNN_STRETCH) {
        const size_t begin = larger(stretch, p->begin), end = smaller(stretch + FCNN_STRETCH, p->end);
        if (begin >= end)
            continue;
        fcnn_io io = fcnn_pass_io(p, step, p->engine->records + (begin - p->begin) * plan->record, begin, worker);
        io.gradient.values = p->engine->sums + action->sum * plan->summed + step->sum_place;
        io.gradient.accumulate = begin > start;
        step->layer->class->gradient(step->layer, &io, end - begin, action->number);
    }
}

/* A shard over all images of the block. Where it completes contiguous parameters these are updated at once, and their
 * gradients, if they are not of several blocks, never leave the cache. */
static void sum_shard(const fcnn_pass *p, const fcnn_action *action, size_t worker)
{
    const fcnn_step *step = action->step;
    const fcnn_layer *layer = step->layer;
    fcnn_io io = io_of_block(p, step, worker);
    size_t begin = 0, end = 0;
    const int at_once = fcnn_action_range(action, &begin, &end) && p->update;
    float *gradients = io.gradient.values + begin;
    if (at_once)
        io.gradient.updated = p->network->weights + step->node->parameters;
    if (at_once && !io.gradient.accumulate) {
        gradients = io.gradient.values = p->engine->shard + worker * p->engine->plan->shard;
        io.gradient.begin = begin;
    }
    if (step->summing == FCNN_SUM_RECORDS)
        add_partials(p, step, &io, begin, end);
    else if (step->summing == FCNN_SUM_PARTS || step->summing == FCNN_SUM_PACKED)
        layer->class->backward_gradient(layer, &io, p->end - p->begin, action->number);
    else
        layer->class->gradient(layer, &io, p->end - p->begin, action->number);
    if (!at_once)
        return;
    fcnn_profile_action(p->network->profile, worker, action);
    fcnn_network_update_range(p->network, p->update, NULL, gradients, step->node->parameters + begin,
                              step->node->parameters + end);
    fcnn_profile_lap(p->network->profile, worker, FCNN_STAGE_UPDATE, step);
}

static void sum(const fcnn_pass *p, const fcnn_action *action, size_t worker)
{
    if (action->step->sums > 0)
        sum_aside(p, action, worker);
    else
        sum_shard(p, action, worker);
}

/* gradients = what is in a step's sums aside, added up in order, or that added to it. */
static void add_sums(const fcnn_pass *p, const fcnn_step *step, size_t begin, size_t end, float *gradients, int add)
{
    const size_t stretches = (p->images + FCNN_STRETCH - 1) / FCNN_STRETCH;
    p->network->kernels->sum_rows(p->engine->sums + step->sum_place + begin, 0, 1, smaller(stretches, step->sums),
                                  p->engine->plan->summed, end - begin, gradients, add);
}

/* Adds up the sums of a piece of parameters, of all uses, where there are any, and updates it. */
static void update(const fcnn_pass *p, const fcnn_action *action, size_t worker)
{
    const fcnn_plan *plan = p->engine->plan;
    const size_t instance = action->step->node->instance, parameters = action->step->node->parameters;
    size_t begin, end;
    int added = 0;
    fcnn_piece_range(action, &begin, &end);
    float *gradients = p->network->gradients + parameters + begin;
    for (size_t s = 0; s < plan->steps; s++)
        if (plan->step[s].node->instance == instance && plan->step[s].sums > 0)
            add_sums(p, &plan->step[s], begin, end, gradients, added++ > 0);
    fcnn_profile_lap(p->network->profile, worker, FCNN_STAGE_JOIN, action->step);
    if (p->update)
        fcnn_network_update_range(p->network, p->update, NULL, gradients, parameters + begin, parameters + end);
}

/* ---- phases ---- */

typedef void on_piece(const fcnn_pass *p, const fcnn_action *action, size_t worker);

static on_piece *const actions[FCNN_VERBS] = {
    [FCNN_FOLD] = fold,
    [FCNN_PREPARE] = prepare,
    [FCNN_PACK] = pack,
    [FCNN_FORWARD_SHARD] = forward_shard,
    [FCNN_PACK_BACKWARD] = pack_backward,
    [FCNN_SETTLE] = settle,
    [FCNN_SETTLE_BACKWARD] = settle_backward,
    [FCNN_FIND_GRADIENT] = sum,
    [FCNN_UPDATE] = update,
    [FCNN_MOVE] = move,
};

void fcnn_pass_piece(void *context, size_t index, size_t worker)
{
    const fcnn_pass *p = context;
    const fcnn_action *action = &p->engine->plan->action[p->phase->first + index];
    fcnn_profile_start(p->network->profile, worker);
    actions[action->verb](p, action, worker);
    fcnn_profile_action(p->network->profile, worker, action);
}
