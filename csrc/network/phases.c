/* phases.c - the actions of a plan, in the phases in which they run.
 *
 * A training plan, for two convolutions, the second with a layer behind it that looks at the whole batch:
 *
 *     pieces   (in inference: fold the layer behind into a convolution's parameters)
 *     pieces   prepare both convolutions
 *     images   read inputs, conv 1, conv 2, observe
 *     pieces   settle
 *     images   the layer, ..., score, ... backward, observe backward
 *     pieces   settle backward
 *     images   backward of the layer, of conv 2
 *     pieces   gradients of both convolutions
 *     pieces   updates
 *     pieces   statistics move
 *
 * All is listed twice: counted, then written.
 */
#include "../base/memory.h"
#include "../base/sizes.h"
#include "builder.h"

static void act(fcnn_plan *plan, fcnn_verb verb, const fcnn_step *step, size_t number, size_t sum)
{
    if (plan->action)
        plan->action[plan->actions] = (fcnn_action){verb, step, number, sum};
    plan->actions++;
}

/* Ends the phase before, and begins one. */
static void begin_phase(fcnn_plan *plan, fcnn_work work)
{
    if (plan->phase)
        plan->phase[plan->phases] = (fcnn_phase){work, plan->actions, plan->actions};
    plan->phases++;
}

/* The phases' ends, once their beginnings are known. */
static void end_phases(fcnn_plan *plan)
{
    for (size_t i = 0; i < plan->phases; i++)
        plan->phase[i].end = i + 1 < plan->phases ? plan->phase[i + 1].first : plan->actions;
}

static void list_pieces(fcnn_plan *plan, fcnn_verb verb, const fcnn_step *step, size_t count)
{
    for (size_t i = 0; i < count; i++)
        act(plan, verb, step, i, 0);
}

/* ---- forward ---- */

static void list_preparation(fcnn_plan *plan)
{
    begin_phase(plan, FCNN_PIECES);
    for (size_t s = 0; s < plan->steps; s++)
        if (plan->step[s].folded)
            act(plan, FCNN_FOLD, &plan->step[s], 0, 0);
    begin_phase(plan, FCNN_PIECES);
    for (size_t s = 0; s < plan->steps; s++)
        list_pieces(plan, FCNN_PREPARE, &plan->step[s], plan->step[s].layer->prepare_shards);
    plan->forward = plan->phases;
}

static void list_forward(fcnn_plan *plan)
{
    begin_phase(plan, FCNN_IMAGES);
    act(plan, FCNN_READ_INPUTS, NULL, 0, 0);
    for (size_t s = 0; s < plan->steps; s++) {
        const fcnn_step *step = &plan->step[s];
        if (step->parts) {
            begin_phase(plan, FCNN_PARTS_OF_STEP);
            act(plan, FCNN_FORWARD, step, 0, 0);
            begin_phase(plan, FCNN_IMAGES);
        }
        if (step->observed) {
            act(plan, FCNN_OBSERVE, step, 0, 0);
            begin_phase(plan, FCNN_PIECES);
            list_pieces(plan, FCNN_SETTLE, step, step->layer->settle_shards);
            begin_phase(plan, FCNN_IMAGES);
        }
        if (step->layer->packed > 0) {
            begin_phase(plan, FCNN_PIECES);
            list_pieces(plan, FCNN_PACK, step, step->layer->pack_shards[0]);
            begin_phase(plan, FCNN_PIECES);
            list_pieces(plan, FCNN_FORWARD_SHARD, step, step->layer->forward_shards);
            begin_phase(plan, FCNN_IMAGES);
            continue;
        }
        act(plan, FCNN_FORWARD, step, 0, 0);
    }
    act(plan, FCNN_SCORE, NULL, 0, 0);
    plan->backward = plan->phases;
}

/* ---- backward ---- */

static int adds_aside(const fcnn_step *step)
{
    int adds = 0;
    for (size_t i = 0; i < step->layer->inputs; i++)
        adds |= step->sum[i] != NULL;
    return adds;
}

/* Shard number i of each part, then number i + 1: with two or four threads each is dealt out to the one that also gets
 * the part. */
static void list_parts(fcnn_plan *plan, const fcnn_step *step)
{
    const fcnn_layer *layer = step->layer;
    for (size_t i = 0; i < fcnn_layer_part(layer, 1); i++)
        for (size_t part = 0; part < FCNN_PARTS; part++)
            if (fcnn_layer_part(layer, part) + i < fcnn_layer_part(layer, part + 1))
                act(plan, FCNN_FIND_GRADIENT, step, fcnn_layer_part(layer, part) + i, 0);
}

/* What happens to a group of images on its way back through a step; where all images are needed, another phase
 * begins. */
static void list_backward_step(fcnn_plan *plan, const fcnn_step *step)
{
    if (step->observed_backward) {
        act(plan, FCNN_OBSERVE_BACKWARD, step, 0, 0);
        begin_phase(plan, FCNN_PIECES);
        list_pieces(plan, FCNN_SETTLE_BACKWARD, step, step->layer->settle_shards);
        begin_phase(plan, FCNN_IMAGES);
    }
    if (step->summing == FCNN_SUM_PARTS) {
        begin_phase(plan, FCNN_PIECES);
        list_parts(plan, step);
        begin_phase(plan, FCNN_IMAGES);
    } else if (step->summing == FCNN_SUM_PACKED) {
        begin_phase(plan, FCNN_PIECES);
        list_pieces(plan, FCNN_PACK_BACKWARD, step, step->layer->pack_shards[1]);
        begin_phase(plan, FCNN_PIECES);
        list_pieces(plan, FCNN_FIND_GRADIENT, step, step->layer->gradient_shards);
        begin_phase(plan, FCNN_IMAGES);
    } else if (step->has_backward) {
        act(plan, FCNN_BACKWARD, step, 0, 0);
    }
    if (step->has_backward && adds_aside(step))
        act(plan, FCNN_ADD_ASIDE, step, 0, 0);
    if (step->summing == FCNN_SUM_RECORDS)
        act(plan, FCNN_FIND_PARTIAL, step, 0, 0);
}

static size_t pieces_of(const fcnn_step *step)
{
    return (fcnn_layer_parameter_size(step->layer) + FCNN_PIECE - 1) / FCNN_PIECE;
}

/* Sums aside first. Sum s of each shard has a place in the phase that is s more than a multiple of FCNN_SUMS: with two
 * or four threads, and groups that are whole stretches, it is dealt out to the thread that also gets the stretches. */
static void list_sums(fcnn_plan *plan)
{
    begin_phase(plan, FCNN_PIECES);
    for (size_t s = 0; s < plan->steps; s++)
        if (plan->step[s].summing == FCNN_SUM_STRETCHES)
            for (size_t i = 0; i < FCNN_SUMS * plan->step[s].layer->gradient_shards; i++)
                act(plan, FCNN_FIND_GRADIENT, &plan->step[s], i / FCNN_SUMS, i % FCNN_SUMS);
    for (size_t s = 0; s < plan->steps; s++) {
        const fcnn_step *step = &plan->step[s];
        if (step->summing == FCNN_SUM_RECORDS)
            list_pieces(plan, FCNN_FIND_GRADIENT, step, pieces_of(step));
        else if (step->summing == FCNN_SUM_SHARDS || step->summing == FCNN_SUM_USES)
            list_pieces(plan, FCNN_FIND_GRADIENT, step, step->layer->gradient_shards);
    }
}

/* Whether each of the step's FCNN_SUMs completes contiguous parameters. */
static int completes(const fcnn_step *step)
{
    size_t begin, end;
    return step->summing == FCNN_SUM_RECORDS || (step->sums == 0 && fcnn_layer_range(step->layer, 0, &begin, &end));
}

/* Whether no step before has the same parameters and a gradient for them. */
static int is_first_use(const fcnn_plan *plan, const fcnn_step *step)
{
    for (const fcnn_step *other = plan->step; other < step; other++)
        if (other->node->instance == step->node->instance && other->summing != FCNN_SUM_NOTHING)
            return 0;
    return 1;
}

static void list_updates(fcnn_plan *plan)
{
    plan->update = plan->phases;
    begin_phase(plan, FCNN_PIECES);
    for (size_t s = 0; s < plan->steps; s++) {
        const fcnn_step *step = &plan->step[s];
        if (step->summing != FCNN_SUM_NOTHING && !completes(step) && is_first_use(plan, step))
            list_pieces(plan, FCNN_UPDATE, step, pieces_of(step));
    }
}

/* In the order of the graph: an instance's statistics move once for each of its uses. */
static void list_moves(fcnn_plan *plan)
{
    plan->move = plan->phases;
    begin_phase(plan, FCNN_PIECES);
    for (size_t s = 0; s < plan->steps; s++)
        if (plan->step[s].observed && plan->step[s].layer->class->move_statistics)
            act(plan, FCNN_MOVE, &plan->step[s], 0, 0);
}

static void list_phases(const fcnn_builder *b)
{
    fcnn_plan *plan = b->plan;
    plan->actions = plan->phases = 0;
    list_preparation(plan);
    list_forward(plan);
    for (size_t s = plan->steps; b->purpose->backward && s-- > 0;)
        list_backward_step(plan, &plan->step[s]);
    list_sums(plan);
    list_updates(plan);
    list_moves(plan);
}

fcnn_status fcnn_build_phases(fcnn_builder *b, fcnn_error *error)
{
    fcnn_plan *plan = b->plan;
    void *actions, *phases;
    list_phases(b);
    FCNN_TRY(fcnn_allocate(&actions, plan->actions, sizeof(fcnn_action), "the plan", error));
    plan->action = actions;
    FCNN_TRY(fcnn_allocate(&phases, plan->phases, sizeof(fcnn_phase), "the plan", error));
    plan->phase = phases;
    list_phases(b);
    end_phases(plan);
    return FCNN_OK;
}
