/* plan.c - turns a graph into steps and places their tensors.
 *
 * Time. Forward step s happens at moment s, the loss at moment S (the number of steps), backward step s at 2 S - s,
 * with the gradients of one image and those of a step that runs in parts, and all other gradients of parameters at the
 * end, 2 S + 1. A tensor lives from its writer's moment to its last reader's, and fcnn_layout_place does the rest.
 *
 * Tensors. A view (Reshape) is its input under another shape: both share one tensor. A layer that can run in place
 * writes over its input where nobody else needs it.
 *
 * Gradients. A tensor with several users gets its gradient as a sum: the user that comes first in the backward order
 * writes it, the others write to a place of their own that is then added, so the order of the sum is the order of the
 * graph.
 */
#include "plan.h"

#include "../base/memory.h"
#include "../base/sizes.h"
#include "layout.h"

/* The two buffers of a tensor: its value and its gradient. */
typedef struct tensor {
    size_t value, gradient; /* positions in builder.buffer; gradient FCNN_NOWHERE: nobody wants it */
    size_t users;
    int gradient_begun; /* one user has written it */
} tensor;

typedef struct builder {
    const fcnn_graph *graph;
    const fcnn_purpose *purpose;
    fcnn_plan *plan;
    size_t *root;            /* (nodes) the node whose tensor a node's output is */
    tensor *tensors;         /* (nodes), by root */
    unsigned char *upstream; /* (nodes) whether a trainable parameter lies at or before the node */
    size_t (*used)[2];       /* (nodes) lines and columns of a tensor that anyone reads, by root */
    fcnn_buffer *buffer;
    size_t buffers;
    size_t end; /* the last moment */
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

/* The node that is input number `input` of an operation. */
static size_t source_of(const builder *b, const fcnn_operation *operation, size_t input)
{
    return b->graph->node[operation->head].input[input];
}

static tensor *input_of(const builder *b, const fcnn_operation *operation, size_t input)
{
    return tensor_of(b, source_of(b, operation, input));
}

/* The last layer's backward belongs to the loss. */
static int is_absorbed(const builder *b, const fcnn_operation *operation)
{
    return b->purpose->loss_absorbs && operation->tail + 1 == b->graph->nodes;
}

static void find_roots(builder *b)
{
    for (size_t n = 0; n < b->graph->nodes; n++) {
        const fcnn_layer *layer = layer_of(b, n);
        b->root[n] = layer->view ? b->root[b->graph->node[n].input[0]] : n;
        b->upstream[n] = layer->parameters > 0 && b->purpose->trainable[n];
        for (size_t i = 0; i < layer->inputs; i++)
            b->upstream[n] |= b->upstream[b->graph->node[n].input[i]];
    }
    for (size_t s = 0; s < b->plan->steps; s++)
        for (size_t i = 0; i < b->plan->operation[s].layer->inputs; i++)
            input_of(b, &b->plan->operation[s], i)->users++;
}

static void use(size_t used[2], size_t lines, size_t columns)
{
    used[0] = used[0] > lines ? used[0] : lines;
    used[1] = used[1] > columns ? used[1] : columns;
}

/* used = the lines and columns of a step's output that are wanted, where it is an image. */
static void limit_to_output(const fcnn_layer *layer, const size_t wanted[2], size_t used[2])
{
    for (size_t axis = 0; axis < 2; axis++)
        used[axis] = layer->output.rank == 3 ? smaller(wanted[axis], layer->output.extent[axis]) : wanted[axis];
}

/* From the output to the input, tells each step which part of its output is read: a pool may leave a border unread. Who
 * reads through a view reads all of it. */
static void find_used(builder *b)
{
    const size_t last = b->root[b->graph->nodes - 1];
    use(b->used[last], SIZE_MAX, SIZE_MAX);
    for (size_t s = b->plan->steps; s-- > 0;) {
        const fcnn_operation *operation = &b->plan->operation[s];
        size_t in[2] = {SIZE_MAX, SIZE_MAX}, *used = b->plan->step[s].used;
        limit_to_output(operation->layer, b->used[operation->tail], used);
        if (operation->layer->class->input_used)
            operation->layer->class->input_used(operation->layer, used, in);
        for (size_t i = 0; i < operation->layer->inputs; i++) {
            const size_t source = source_of(b, operation, i);
            if (b->root[source] == source)
                use(b->used[source], in[0], in[1]);
            else
                use(b->used[b->root[source]], SIZE_MAX, SIZE_MAX);
        }
    }
}

/* What writes tensor `root`; NULL: it is the network's input. */
static const fcnn_operation *writer_of(const builder *b, size_t root)
{
    for (size_t s = 0; s < b->plan->steps; s++)
        if (b->plan->operation[s].tail == root)
            return &b->plan->operation[s];
    return NULL;
}

/* Whether nobody needs the gradient of what an operation reads where that is 0. */
static int zero_is_dead(const builder *b, const fcnn_operation *operation)
{
    const fcnn_operation *writer = operation;
    do
        writer = writer_of(b, b->root[source_of(b, writer, 0)]);
    while (writer && writer->layer->keeps_zeros);
    return writer && writer->layer->zero_is_dead;
}

/* Whether the value that an operation reads may be overwritten by its output. */
static int may_overwrite_input(const builder *b, const fcnn_operation *operation)
{
    const size_t input = b->root[source_of(b, operation, 0)];
    if (!operation->layer->in_place || is_absorbed(b, operation) || b->tensors[input].users != 1)
        return 0;
    if (!b->purpose->training)
        return 1;
    const fcnn_operation *writer = writer_of(b, input);
    const int writer_reads = writer ? writer->layer->backward_reads : 0;
    return !(operation->layer->backward_reads & FCNN_READS_X || writer_reads & (FCNN_READS_Y | FCNN_GRADIENT_READS_Y));
}

/* Whether the gradients of one image take little room beside its output. */
static int has_few_parameters(const fcnn_layer *layer)
{
    return 4 * fcnn_layer_parameter_size(layer) <= fcnn_shape_size(&layer->output);
}

/* Whether FCNN_SUMS gradients take little room beside the images that they are summed from. */
static int has_sums(const fcnn_layer *layer)
{
    size_t floats = fcnn_shape_size(&layer->output);
    for (size_t i = 0; i < layer->inputs; i++)
        floats += fcnn_shape_size(&layer->input[i]);
    return !has_few_parameters(layer) && FCNN_SUMS * fcnn_layer_parameter_size(layer) <= FCNN_STRETCH * floats;
}

/* When the gradients of the parameters of a step, whose number is `number`, are computed. */
static size_t gradient_moment(const builder *b, const fcnn_step *step, size_t number)
{
    return has_few_parameters(step->layer) || step->halts ? 2 * b->plan->steps - number : b->end;
}

static void place_forward(builder *b, const fcnn_operation *operation, fcnn_step *step, size_t moment)
{
    const fcnn_layer *layer = step->layer;
    tensor *out = tensor_of(b, operation->tail);
    for (size_t i = 0; i < layer->inputs; i++) {
        step->x[i] = input_of(b, operation, i)->value;
        lives_until(b, step->x[i], moment);
        if (step->has_gradient)
            lives_until(b, step->x[i], gradient_moment(b, step, moment));
    }
    if (may_overwrite_input(b, operation))
        out->value = step->x[0];
    else
        out->value = new_buffer(b, fcnn_shape_size(&layer->output), moment, moment);
    lives_until(b, out->value, moment);
    step->y = out->value;
    step->saved = new_buffer(b, layer->saved, moment, step->has_gradient ? gradient_moment(b, step, moment) : moment);
}

static void place_backward(builder *b, const fcnn_operation *operation, fcnn_step *step, size_t moment)
{
    const fcnn_layer *layer = step->layer;
    const size_t end = step->has_gradient ? gradient_moment(b, step, 2 * b->plan->steps - moment) : moment;
    step->dy = tensor_of(b, operation->tail)->gradient;
    if (step->dy != FCNN_NOWHERE)
        lives_until(b, step->dy, end);
    if (step->has_gradient && layer->backward_reads & FCNN_GRADIENT_READS_Y)
        lives_until(b, step->y, end);
    if (step->has_gradient && has_few_parameters(layer))
        step->partial = new_buffer(b, fcnn_layer_parameter_size(layer), moment, b->end);
    if (step->has_gradient && has_sums(layer)) {
        step->sum_place = b->plan->summed;
        b->plan->summed += rounded(fcnn_layer_parameter_size(layer));
    }
    if (!step->has_backward)
        return;
    lives_until(b, step->saved, moment);
    if (layer->backward_reads & FCNN_READS_Y)
        lives_until(b, step->y, moment);
    for (size_t i = 0; i < layer->inputs; i++) {
        tensor *in = input_of(b, operation, i);
        if (layer->backward_reads & FCNN_READS_X)
            lives_until(b, step->x[i], moment);
        if (!b->upstream[source_of(b, operation, i)])
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
    step->dy = step->partial = step->sum_place = step->parts = FCNN_NOWHERE;
    for (size_t i = 0; i < FCNN_MAX_INPUTS; i++)
        step->x[i] = step->dx[i] = step->sum[i] = FCNN_NOWHERE;
}

/* Steps in forward order; a buffer is still a position in b->buffer, not yet an offset. */
static void build_steps(builder *b)
{
    fcnn_plan *plan = b->plan;
    const size_t last = b->graph->nodes - 1;
    b->end = 2 * plan->steps + 1;
    plan->input = b->tensors[0].value = new_buffer(b, fcnn_shape_size(&layer_of(b, 0)->output), 0, 0);
    for (size_t s = 0; s < plan->steps; s++) {
        const fcnn_operation *operation = &plan->operation[s];
        fcnn_step *step = &plan->step[s];
        clear_offsets(step);
        step->layer = operation->layer;
        step->node = operation->head;
        step->parameters = b->graph->node[step->node].parameters;
        step->prepared = plan->prepared;
        plan->prepared += rounded(step->layer->prepared);
        plan->scratch = larger(plan->scratch, rounded(step->layer->scratch));
        step->has_gradient = b->purpose->training && step->layer->parameters > 0 && b->purpose->trainable[step->node];
        for (size_t i = 0; i < step->layer->inputs && b->purpose->training && !is_absorbed(b, operation); i++)
            step->has_backward |= b->upstream[source_of(b, operation, i)];
        step->halts = step->layer->in_parts && !has_sums(step->layer) && step->has_backward && step->has_gradient &&
                      zero_is_dead(b, operation);
        if (step->halts)
            step->parts = new_buffer(b, (FCNN_PARTS - 1) * fcnn_shape_size(&step->layer->output), s, s);
        place_forward(b, operation, step, s);
    }

    plan->output = tensor_of(b, last)->value;
    const fcnn_operation *end = &plan->operation[plan->steps - 1];
    tensor *prediction = is_absorbed(b, end) ? input_of(b, end, 0) : tensor_of(b, last);
    plan->prediction = prediction->value;
    lives_until(b, plan->output, b->end);
    lives_until(b, plan->prediction, plan->steps);
    plan->prediction_gradient = FCNN_NOWHERE;
    if (!b->purpose->training)
        return;
    prediction->gradient = plan->prediction_gradient =
        new_buffer(b, b->buffer[prediction->value].size, plan->steps, plan->steps);
    prediction->gradient_begun = 1;
    for (size_t s = plan->steps; s-- > 0;)
        place_backward(b, &plan->operation[s], &plan->step[s], 2 * plan->steps - s);
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
        to_offset(b, &step->partial);
        to_offset(b, &step->parts);
        for (size_t i = 0; i < FCNN_MAX_INPUTS; i++) {
            to_offset(b, &step->x[i]);
            to_offset(b, &step->dx[i]);
            to_offset(b, &step->sum[i]);
        }
    }
}

void fcnn_piece_range(const fcnn_shard *piece, size_t *begin, size_t *end)
{
    *begin = piece->number * FCNN_PIECE;
    *end = smaller(*begin + FCNN_PIECE, fcnn_layer_parameter_size(piece->step->layer));
}

/* Whether each gradient shard of the step completes contiguous parameters. */
static int completes(const fcnn_step *step)
{
    return step->partial != FCNN_NOWHERE || (step->sum_place == FCNN_NOWHERE && step->layer->class->gradient_range);
}

int fcnn_shard_range(const fcnn_shard *shard, size_t *begin, size_t *end)
{
    const fcnn_layer *layer = shard->step->layer;
    if (!completes(shard->step))
        return 0;
    if (shard->step->partial != FCNN_NOWHERE)
        fcnn_piece_range(shard, begin, end);
    else
        layer->class->gradient_range(layer, shard->number, begin, end);
    return 1;
}

static size_t pieces_of(const fcnn_step *step)
{
    return (fcnn_layer_parameter_size(step->layer) + FCNN_PIECE - 1) / FCNN_PIECE;
}

static size_t summed_shards(const fcnn_step *step)
{
    return step->sum_place != FCNN_NOWHERE ? FCNN_SUMS * step->layer->gradient_shards : 0;
}

static size_t other_shards(const fcnn_step *step)
{
    if (!step->has_gradient || step->halts || step->sum_place != FCNN_NOWHERE)
        return 0;
    return step->partial == FCNN_NOWHERE ? step->layer->gradient_shards : pieces_of(step);
}

static size_t part_shards(const fcnn_step *step) { return step->halts ? step->layer->gradient_shards : 0; }

static size_t late_updates(const fcnn_step *step)
{
    return step->has_gradient && !completes(step) ? pieces_of(step) : 0;
}

static size_t prepare_shards(const fcnn_step *step) { return step->layer->prepare_shards; }

static size_t count_shards(const fcnn_plan *plan, size_t shards_of(const fcnn_step *step))
{
    size_t total = 0;
    for (size_t s = 0; s < plan->steps; s++)
        total += shards_of(&plan->step[s]);
    return total;
}

static void list_shards_of(const fcnn_plan *plan, size_t shards_of(const fcnn_step *step), fcnn_shard *shards,
                           size_t *listed)
{
    for (size_t s = 0; s < plan->steps; s++)
        for (size_t i = 0; i < shards_of(&plan->step[s]); i++)
            shards[(*listed)++] = (fcnn_shard){&plan->step[s], i, 0};
}

/* Shard number i of each part, then number i + 1: with two or four threads each is dealt out to the one that also gets
 * the part. */
static void list_parts(const fcnn_step *step, fcnn_shard *shards, size_t *listed)
{
    const fcnn_layer *layer = step->layer;
    for (size_t i = 0; i < fcnn_layer_part(layer, 1); i++)
        for (size_t part = 0; part < FCNN_PARTS; part++)
            if (fcnn_layer_part(layer, part) + i < fcnn_layer_part(layer, part + 1))
                shards[(*listed)++] = (fcnn_shard){step, fcnn_layer_part(layer, part) + i, 0};
}

/* The stages of backward, each with its shards. */
static void list_gradients(fcnn_plan *plan)
{
    fcnn_stage *stage = plan->stage;
    stage->end = plan->steps;
    for (size_t s = plan->steps; s-- > 0;)
        if (plan->step[s].halts) {
            list_parts(&plan->step[s], plan->gradient, &plan->gradients);
            stage->begin = s + 1;
            stage->end_shard = plan->gradients;
            *++stage = (fcnn_stage){.end = s, .first_shard = plan->gradients};
        }
    plan->stages = (size_t)(stage - plan->stage) + 1;

    /* Sum s of each summed shard has a place in the stage that is s more than a multiple of FCNN_SUMS: with two or four
     * threads, and groups that are whole stretches, it is dealt out to the thread that also gets the stretches. */
    list_shards_of(plan, summed_shards, plan->gradient, &plan->gradients);
    for (size_t i = stage->first_shard; i < plan->gradients; i++) {
        plan->gradient[i].sum = plan->gradient[i].number % FCNN_SUMS;
        plan->gradient[i].number /= FCNN_SUMS;
    }
    list_shards_of(plan, other_shards, plan->gradient, &plan->gradients);
    stage->end_shard = plan->gradients;
}

static fcnn_status allocate_shards(fcnn_shard **shards, size_t count, fcnn_error *error)
{
    void *block;
    FCNN_TRY(fcnn_allocate(&block, count, sizeof(fcnn_shard), "the plan", error));
    *shards = block;
    return FCNN_OK;
}

static fcnn_status list_shards(fcnn_plan *plan, fcnn_error *error)
{
    FCNN_TRY(allocate_shards(&plan->prepare, count_shards(plan, prepare_shards), error));
    list_shards_of(plan, prepare_shards, plan->prepare, &plan->prepares);
    FCNN_TRY(allocate_shards(&plan->update, count_shards(plan, late_updates), error));
    list_shards_of(plan, late_updates, plan->update, &plan->updates);

    const size_t gradients =
        count_shards(plan, summed_shards) + count_shards(plan, other_shards) + count_shards(plan, part_shards);
    FCNN_TRY(allocate_shards(&plan->gradient, gradients, error));
    list_gradients(plan);
    for (size_t i = 0; i < plan->gradients; i++) {
        size_t begin, end;
        if (fcnn_shard_range(&plan->gradient[i], &begin, &end))
            plan->shard = larger(plan->shard, rounded(end - begin));
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
    FCNN_TRY(fcnn_allocate(&block, nodes, sizeof *b->used, "the plan", error));
    b->used = block;
    FCNN_TRY(fcnn_allocate(&block, nodes + 1, sizeof(fcnn_stage), "the plan", error));
    b->plan->stage = block;
    FCNN_TRY(fcnn_allocate(&block, nodes, sizeof(fcnn_operation), "the plan", error));
    b->plan->operation = block;
    FCNN_TRY(fcnn_allocate(&block, 4 * nodes + edges + 2, sizeof *b->buffer, "the plan", error));
    b->buffer = block;
    for (size_t n = 0; n < nodes; n++)
        b->tensors[n].gradient = FCNN_NOWHERE;
    return FCNN_OK;
}

static fcnn_status build(builder *b, fcnn_error *error)
{
    FCNN_TRY(allocate_builder(b, error));
    FCNN_TRY(fcnn_fuse(b->graph, b->plan->operation, &b->plan->steps, error));
    find_roots(b);
    find_used(b);
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
    fcnn_release(b.used);
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
    for (size_t s = 0; plan->operation && s < plan->steps; s++)
        fcnn_operation_destroy(&plan->operation[s]);
    fcnn_release(plan->operation);
    fcnn_release(plan->step);
    fcnn_release(plan->stage);
    fcnn_release(plan->prepare);
    fcnn_release(plan->gradient);
    fcnn_release(plan->update);
    fcnn_release(plan);
}
