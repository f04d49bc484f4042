/* plan.c - makes a plan of a graph: operations (fuse.c), steps and their places (tensors.c), phases (phases.c). */
#include "plan.h"

#include "../base/memory.h"
#include "../base/sizes.h"
#include "builder.h"

void fcnn_piece_range(const fcnn_action *piece, size_t *begin, size_t *end)
{
    *begin = piece->number * FCNN_PIECE;
    *end = smaller(*begin + FCNN_PIECE, fcnn_layer_parameter_size(piece->step->layer));
}

int fcnn_action_range(const fcnn_action *action, size_t *begin, size_t *end)
{
    const fcnn_step *step = action->step;
    if (action->verb != FCNN_FIND_GRADIENT || step->sums > 0)
        return 0;
    if (step->summing != FCNN_SUM_RECORDS)
        return fcnn_layer_range(step->layer, action->number, begin, end);
    fcnn_piece_range(action, begin, end);
    return 1;
}

/* A block of zeros; NULL after a failure, of this call or of one before, which *status tells. */
static void *allocate(size_t count, size_t size, fcnn_status *status, fcnn_error *error)
{
    void *block = NULL;
    if (*status == FCNN_OK)
        *status = fcnn_allocate(&block, count, size, "the plan", error);
    return block;
}

static fcnn_status allocate_plan(fcnn_plan *plan, const fcnn_graph *graph, fcnn_error *error)
{
    enum { BUFFERS = 6 }; /* of a step, at most, besides its dx */
    const size_t nodes = graph->nodes;
    size_t edges = 0;
    for (size_t n = 0; n < nodes; n++)
        edges += graph->node[n].layer.inputs;
    fcnn_status status = FCNN_OK;
    plan->operation = allocate(nodes, sizeof *plan->operation, &status, error);
    plan->step = allocate(nodes, sizeof *plan->step, &status, error);
    plan->buffer = allocate(BUFFERS * nodes + edges + graph->outputs, sizeof *plan->buffer, &status, error);
    plan->input = allocate(graph->inputs, sizeof *plan->input, &status, error);
    plan->output = allocate(graph->outputs, sizeof *plan->output, &status, error);
    plan->learns = allocate(nodes, 1, &status, error);
    return status;
}

static fcnn_status allocate_builder(fcnn_builder *b, fcnn_error *error)
{
    const size_t nodes = b->graph->nodes;
    fcnn_status status = FCNN_OK;
    b->root = allocate(nodes, sizeof *b->root, &status, error);
    b->tensors = allocate(nodes, sizeof *b->tensors, &status, error);
    b->uses = allocate(nodes, sizeof *b->uses, &status, error);
    b->upstream = allocate(nodes, 1, &status, error);
    b->downstream = allocate(nodes, 1, &status, error);
    b->used = allocate(nodes, sizeof *b->used, &status, error);
    return status;
}

static size_t largest_shard(const fcnn_plan *plan)
{
    size_t largest = 0, begin, end;
    for (size_t i = 0; i < plan->actions; i++)
        if (fcnn_action_range(&plan->action[i], &begin, &end))
            largest = larger(largest, rounded(end - begin));
    return largest;
}

/* What a layer does for an image, about: it multiplies each parameter once for every place of its output, and does
 * something with every number. */
static size_t layer_work(const fcnn_layer *layer)
{
    enum { FOR_A_NUMBER = 8 };
    const size_t size = fcnn_shape_size(&layer->output);
    size_t numbers = size;
    for (size_t i = 0; i < layer->inputs; i++)
        numbers += fcnn_shape_size(&layer->input[i]);
    const size_t places = layer->output.rank ? size / layer->output.extent[layer->output.rank - 1] : 1;
    return places * fcnn_layer_parameter_size(layer) + FOR_A_NUMBER * numbers;
}

static size_t work_of(const fcnn_graph *graph, const fcnn_purpose *purpose)
{
    size_t work = 0;
    for (size_t n = 0; n < graph->nodes; n++)
        work += layer_work(&graph->node[n].layer);
    return purpose->backward ? 3 * work : work; /* two gradients */
}

static fcnn_status build(fcnn_builder *b, fcnn_error *error)
{
    fcnn_plan *plan = b->plan;
    FCNN_TRY(allocate_plan(plan, b->graph, error));
    FCNN_TRY(allocate_builder(b, error));
    FCNN_TRY(fcnn_fuse(b->graph, b->purpose, plan->operation, &plan->steps, error));
    fcnn_build_steps(b);
    FCNN_TRY(fcnn_build_phases(b, error));
    plan->shard = largest_shard(plan);
    plan->work = work_of(b->graph, b->purpose);
    return FCNN_OK;
}

fcnn_status fcnn_plan_create(fcnn_plan **plan, const fcnn_graph *graph, const fcnn_purpose *purpose, fcnn_error *error)
{
    void *block;
    FCNN_TRY(fcnn_allocate(&block, 1, sizeof(fcnn_plan), "the plan", error));
    fcnn_builder b = {.graph = graph, .purpose = purpose, .plan = block};
    const fcnn_status status = build(&b, error);
    fcnn_release(b.root);
    fcnn_release(b.tensors);
    fcnn_release(b.uses);
    fcnn_release(b.upstream);
    fcnn_release(b.downstream);
    fcnn_release(b.used);
    if (status != FCNN_OK) {
        fcnn_plan_destroy(block);
        return status;
    }
    *plan = block;
    return FCNN_OK;
}

void fcnn_plan_destroy(fcnn_plan *plan)
{
    if (!plan)
        return;
    for (size_t s = 0; plan->operation && s < plan->steps; s++)
        fcnn_operation_destroy(&plan->operation[s]);
    fcnn_release(plan->operation);
    fcnn_release(plan->step);
    fcnn_release(plan->buffer);
    fcnn_release(plan->input);
    fcnn_release(plan->output);
    fcnn_release(plan->learns);
    fcnn_release(plan->action);
    fcnn_release(plan->phase);
    fcnn_release(plan);
}
