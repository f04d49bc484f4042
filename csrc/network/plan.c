/* plan.c - turns a graph into steps and places their tensors.
 *
 * Time. Forward step s happens at moment s, the loss at moment S (the number of steps), backward step s at 2 S - s, and all
 * gradients of parameters at the end, 2 S + 1. A tensor lives from its writer's moment to its last reader's, and fcnn_layout_place does
 * the rest.
 *
 * Tensors. A view (Reshape) is its input under another shape: both share one tensor. A layer that can run in place writes over
 * its input where nobody else needs it.
 *
 * Gradients. A tensor with several users gets its gradient as a sum: the user that comes first in the backward order writes
 * it, the others write to a place of their own that is then added, so the order of the sum is the order of the graph.
 */
#include "plan.h"

#include "../base/memory.h"
#include "layout.h"

/* The two buffers of a tensor: its value and its gradient. */
typedef struct tensor {
    size_t value, gradient;   /* positions in builder.buffer; gradient FCNN_NOWHERE: nobody wants it */
    size_t users;
    int gradient_begun;       /* one user has written it */
} tensor;

typedef struct builder {
    const fcnn_graph *graph;
    const fcnn_purpose *purpose;
    fcnn_plan *plan;
    size_t *root;             /* (nodes) the node whose tensor a node's output is */
    tensor *tensors;          /* (nodes), by root */
    unsigned char *upstream;  /* (nodes) whether a trainable parameter lies at or before the node */
    fcnn_buffer *buffer;
    size_t buffers;
    size_t end;               /* the last moment */
} builder;

static size_t new_buffer(builder *b, size_t size, size_t first, size_t last)
{
    b->buffer[b->buffers] = (fcnn_buffer){.size = size, .first = first, .last = last};
    return b->buffers++;
}

static void lives_until(builder *b, size_t buffer, size_t moment)
{
    if (b->buffer[buffer].last < moment)
        b->buffer[buffer].last = moment;
}

static const fcnn_layer *layer_of(const builder *b, size_t node) { return &b->graph->node[node].layer; }

static tensor *tensor_of(const builder *b, size_t node) { return &b->tensors[b->root[node]]; }

static tensor *input_of(const builder *b, size_t node, size_t input)
{
    return tensor_of(b, b->graph->node[node].input[input]);
}

/* The last layer's backward belongs to the loss. */
static int is_absorbed(const builder *b, size_t node)
{
    return b->purpose->loss_absorbs && node + 1 == b->graph->nodes;
}

static void find_roots(builder *b)
{
    for (size_t n = 0; n < b->graph->nodes; n++) {
        const fcnn_layer *layer = layer_of(b, n);
        b->root[n] = layer->view ? b->root[b->graph->node[n].input[0]] : n;
        b->upstream[n] = layer->parameters > 0 && b->purpose->trainable[n];
        for (size_t i = 0; i < layer->inputs; i++) {
            b->upstream[n] |= b->upstream[b->graph->node[n].input[i]];
            if (!layer->view)
                input_of(b, n, i)->users++;
        }
        if (layer->view)
            b->upstream[b->root[n]] |= b->upstream[n];
    }
}

/* Whether the value that `node` reads may be overwritten by its output. */
static int may_overwrite_input(const builder *b, size_t node)
{
    const size_t input = b->root[b->graph->node[node].input[0]];
    const fcnn_layer *layer = layer_of(b, node), *writer = layer_of(b, input);
    if (!layer->in_place || is_absorbed(b, node) || b->tensors[input].users != 1)
        return 0;
    return !(b->purpose->training && (layer->backward_reads & FCNN_READS_X || writer->backward_reads & FCNN_READS_Y));
}

static void place_forward(builder *b, size_t node, fcnn_step *step, size_t moment)
{
    const fcnn_layer *layer = step->layer;
    tensor *out = tensor_of(b, node);
    for (size_t i = 0; i < layer->inputs; i++) {
        step->x[i] = input_of(b, node, i)->value;
        lives_until(b, step->x[i], moment);
        if (step->has_gradient)
            lives_until(b, step->x[i], b->end);
    }
    if (may_overwrite_input(b, node))
        out->value = step->x[0];
    else
        out->value = new_buffer(b, fcnn_shape_size(&layer->output), moment, moment);
    lives_until(b, out->value, moment);
    step->y = out->value;
    step->saved = new_buffer(b, layer->saved, moment, step->has_gradient ? b->end : moment);
}

static void place_backward(builder *b, size_t node, fcnn_step *step, size_t moment)
{
    const fcnn_layer *layer = step->layer;
    step->dy = tensor_of(b, node)->gradient;
    if (step->dy != FCNN_NOWHERE)
        lives_until(b, step->dy, step->has_gradient ? b->end : moment);
    if (!step->has_backward)
        return;
    lives_until(b, step->saved, moment);
    if (layer->backward_reads & FCNN_READS_Y)
        lives_until(b, step->y, moment);
    for (size_t i = 0; i < layer->inputs; i++) {
        tensor *in = input_of(b, node, i);
        if (layer->backward_reads & FCNN_READS_X)
            lives_until(b, step->x[i], moment);
        if (!b->upstream[b->graph->node[node].input[i]])
            continue;
        if (in->gradient_begun) {
            step->dx[i] = new_buffer(b, fcnn_shape_size(&layer->input[i]), moment, moment);
            step->sum[i] = in->gradient;
        } else if (layer->in_place && layer->inputs == 1 && !step->has_gradient) {
            step->dx[i] = in->gradient = step->dy;
        } else {
            step->dx[i] = in->gradient = new_buffer(b, fcnn_shape_size(&layer->input[i]), moment, moment);
        }
        in->gradient_begun = 1;
        lives_until(b, in->gradient, moment);
    }
}

static void clear_offsets(fcnn_step *step)
{
    step->dy = FCNN_NOWHERE;
    for (size_t i = 0; i < FCNN_MAX_INPUTS; i++)
        step->x[i] = step->dx[i] = step->sum[i] = FCNN_NOWHERE;
}

/* Steps in forward order; a buffer is still a position in b->buffer, not yet an offset. */
static void build_steps(builder *b)
{
    fcnn_plan *plan = b->plan;
    const size_t last = b->graph->nodes - 1;
    for (size_t n = 0; n < b->graph->nodes; n++)
        plan->steps += layer_of(b, n)->class && !layer_of(b, n)->view;
    b->end = 2 * plan->steps + 1;

    plan->input = b->tensors[0].value = new_buffer(b, fcnn_shape_size(&layer_of(b, 0)->output), 0, 0);
    size_t s = 0;
    for (size_t n = 1; n < b->graph->nodes; n++) {
        if (layer_of(b, n)->view)
            continue;
        fcnn_step *step = &plan->step[s];
        clear_offsets(step);
        step->layer = layer_of(b, n);
        step->node = n;
        step->parameters = b->graph->node[n].parameters;
        step->prepared = plan->prepared;
        plan->prepared += (step->layer->prepared + 15) / 16 * 16;
        if (step->layer->scratch > plan->scratch)
            plan->scratch = step->layer->scratch;
        step->has_gradient = b->purpose->training && step->layer->parameters > 0 && b->purpose->trainable[n];
        for (size_t i = 0; i < step->layer->inputs && b->purpose->training && !is_absorbed(b, n); i++)
            step->has_backward |= b->upstream[b->graph->node[n].input[i]];
        place_forward(b, n, step, s++);
    }

    plan->output = tensor_of(b, last)->value;
    tensor *prediction = is_absorbed(b, last) ? input_of(b, last, 0) : tensor_of(b, last);
    plan->prediction = prediction->value;
    lives_until(b, plan->output, b->end);
    lives_until(b, plan->prediction, plan->steps);
    plan->prediction_gradient = FCNN_NOWHERE;
    if (!b->purpose->training)
        return;
    prediction->gradient = plan->prediction_gradient =
        new_buffer(b, b->buffer[prediction->value].size, plan->steps, plan->steps);
    prediction->gradient_begun = 1;
    for (s = plan->steps; s-- > 0;)
        place_backward(b, plan->step[s].node, &plan->step[s], 2 * plan->steps - s);
}

static void to_offset(const builder *b, size_t *buffer)
{
    if (*buffer != FCNN_NOWHERE)
        *buffer = b->buffer[*buffer].offset;
}

static void resolve_offsets(builder *b)
{
    fcnn_plan *plan = b->plan;
    plan->record = fcnn_layout_place(b->buffer, b->buffers);
    /* An odd number of cache lines: images do not fall into the same few sets of the cache. */
    plan->record += plan->record / 16 % 2 == 0 ? 16 : 0;
    to_offset(b, &plan->input);
    to_offset(b, &plan->output);
    to_offset(b, &plan->prediction);
    to_offset(b, &plan->prediction_gradient);
    for (size_t s = 0; s < plan->steps; s++) {
        fcnn_step *step = &plan->step[s];
        to_offset(b, &step->y);
        to_offset(b, &step->dy);
        to_offset(b, &step->saved);
        for (size_t i = 0; i < FCNN_MAX_INPUTS; i++) {
            to_offset(b, &step->x[i]);
            to_offset(b, &step->dx[i]);
            to_offset(b, &step->sum[i]);
        }
    }
}

static fcnn_status list_shards(fcnn_plan *plan, fcnn_error *error)
{
    for (size_t s = 0; s < plan->steps; s++) {
        plan->prepares += plan->step[s].layer->prepare_shards;
        plan->gradients += plan->step[s].has_gradient ? plan->step[s].layer->gradient_shards : 0;
    }
    void *block;
    FCNN_TRY(fcnn_allocate(&block, plan->prepares, sizeof(fcnn_shard), "the plan", error));
    plan->prepare = block;
    FCNN_TRY(fcnn_allocate(&block, plan->gradients, sizeof(fcnn_shard), "the plan", error));
    plan->gradient = block;
    size_t prepares = 0, gradients = 0;
    for (size_t s = 0; s < plan->steps; s++) {
        const fcnn_step *step = &plan->step[s];
        for (size_t i = 0; i < step->layer->prepare_shards; i++)
            plan->prepare[prepares++] = (fcnn_shard){step, i};
        for (size_t i = 0; step->has_gradient && i < step->layer->gradient_shards; i++)
            plan->gradient[gradients++] = (fcnn_shard){step, i};
    }
    return FCNN_OK;
}

static fcnn_status allocate_builder(builder *b, fcnn_error *error)
{
    const size_t nodes = b->graph->nodes;
    size_t edges = 0;
    for (size_t n = 0; n < nodes; n++)
        edges += b->graph->node[n].layer.inputs;
    void *block;
    FCNN_TRY(fcnn_allocate(&block, nodes, sizeof(fcnn_step), "the plan", error));
    b->plan->step = block;
    FCNN_TRY(fcnn_allocate(&block, nodes, sizeof *b->root, "the plan", error));
    b->root = block;
    FCNN_TRY(fcnn_allocate(&block, nodes, sizeof *b->tensors, "the plan", error));
    b->tensors = block;
    FCNN_TRY(fcnn_allocate(&block, nodes, 1, "the plan", error));
    b->upstream = block;
    FCNN_TRY(fcnn_allocate(&block, 2 * nodes + edges + 2, sizeof *b->buffer, "the plan", error));
    b->buffer = block;
    for (size_t n = 0; n < nodes; n++)
        b->tensors[n].gradient = FCNN_NOWHERE;
    return FCNN_OK;
}

static fcnn_status build(builder *b, fcnn_error *error)
{
    FCNN_TRY(allocate_builder(b, error));
    find_roots(b);
    build_steps(b);
    resolve_offsets(b);
    return list_shards(b->plan, error);
}

fcnn_status fcnn_plan_create(fcnn_plan **plan, const fcnn_graph *graph, const fcnn_purpose *purpose, fcnn_error *error)
{
    void *block;
    FCNN_TRY(fcnn_allocate(&block, 1, sizeof(fcnn_plan), "the plan", error));
    builder b = {.graph = graph, .purpose = purpose, .plan = block};
    const fcnn_status status = build(&b, error);
    fcnn_release(b.root);
    fcnn_release(b.tensors);
    fcnn_release(b.upstream);
    fcnn_release(b.buffer);
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
    fcnn_release(plan->step);
    fcnn_release(plan->prepare);
    fcnn_release(plan->gradient);
    fcnn_release(plan);
}
