/* tensors.c - the steps of a plan, and where each finds its numbers.
 *
 * Time. Forward step s happens at moment s, the losses at moment S (the number of steps), backward step s at 2 S - s,
 * and the gradients of parameters that are not found on the way at the end, 2 S + 1. A buffer lives from its writer's
 * moment to its last reader's, and fcnn_layout_place does the rest.
 *
 * Tensors. A view (Reshape) is its input under another shape: both share one tensor. A layer that can run in place
 * writes over its input where nobody else needs it.
 *
 * Gradients. A tensor with several users gets its gradient as a sum: the user that comes first in the backward order
 * writes it, the others write to a place of their own that is then added, so the order of the sum is the order of the
 * graph.
 */
#include "../base/sizes.h"
#include "../layers/batch_normalization.h"
#include "builder.h"

static fcnn_buffer *new_buffer(fcnn_builder *b, size_t size, size_t first, size_t last)
{
    fcnn_buffer *buffer = &b->plan->buffer[b->buffers++];
    *buffer = (fcnn_buffer){.size = size, .first = first, .last = last};
    return buffer;
}

static void lives_until(fcnn_buffer *buffer, size_t moment) { buffer->last = larger(buffer->last, moment); }

static const fcnn_layer *layer_of(const fcnn_builder *b, size_t node) { return &b->graph->node[node].layer; }

static fcnn_tensor *tensor_of(const fcnn_builder *b, size_t node) { return &b->tensors[b->root[node]]; }

static fcnn_tensor *input_of(const fcnn_builder *b, const fcnn_operation *operation, size_t input)
{
    return tensor_of(b, operation->input[input]);
}

/* The node whose output the loss of output number o reads. */
static size_t prediction_of(const fcnn_builder *b, size_t o)
{
    const size_t output = b->graph->output[o];
    return b->purpose->absorbs[o] ? b->graph->node[fcnn_graph_origin(b->graph, output)].input[0] : output;
}

/* Whether a loss computes what node n does itself, from its input. */
static int is_absorbed(const fcnn_builder *b, size_t n)
{
    for (size_t o = 0; o < b->graph->outputs; o++)
        if (b->purpose->absorbs[o] && fcnn_graph_origin(b->graph, b->graph->output[o]) == n)
            return 1;
    return 0;
}

/* ---- what depends on what ---- */

static void count_users(fcnn_builder *b)
{
    for (size_t o = 0; o < b->graph->outputs; o++)
        tensor_of(b, b->graph->output[o])->users++;
    for (size_t s = 0; s < b->plan->steps; s++)
        for (size_t i = 0; i < b->plan->operation[s].layer->inputs; i++)
            input_of(b, &b->plan->operation[s], i)->users++;
    for (size_t n = 0; n < b->graph->nodes; n++)
        b->uses[b->graph->node[n].instance]++;
}

static void find_dependencies(fcnn_builder *b)
{
    const fcnn_graph *graph = b->graph;
    for (size_t n = 0; n < graph->nodes; n++) {
        const fcnn_layer *layer = layer_of(b, n);
        b->root[n] = layer->view ? b->root[graph->node[n].input[0]] : n;
        b->upstream[n] = layer->parameters > 0 && b->purpose->trainable[graph->node[n].instance];
        for (size_t i = 0; i < layer->inputs; i++)
            b->upstream[n] |= b->upstream[graph->node[n].input[i]];
    }
    for (size_t o = 0; o < graph->outputs; o++)
        b->downstream[prediction_of(b, o)] |= b->purpose->has_loss[o];
    for (size_t n = graph->nodes; n-- > 0;) {
        if (layer_of(b, n)->penalizes)
            b->downstream[n] = 1;
        for (size_t i = 0; i < layer_of(b, n)->inputs; i++)
            b->downstream[graph->node[n].input[i]] |= b->downstream[n];
    }
    count_users(b);
}

static void use(size_t used[2], size_t lines, size_t columns)
{
    used[0] = larger(used[0], lines);
    used[1] = larger(used[1], columns);
}

/* used = the lines and columns of a step's output that are wanted, where it is an image. */
static void limit_to_output(const fcnn_layer *layer, const size_t wanted[2], size_t used[2])
{
    for (size_t axis = 0; axis < 2; axis++)
        used[axis] = layer->output.rank == 3 ? smaller(wanted[axis], layer->output.extent[axis]) : wanted[axis];
}

/* From the outputs to the inputs, tells each step which part of its output is read: a pool may leave a border unread.
 * Who reads through a view reads all of it. */
static void find_used(fcnn_builder *b)
{
    for (size_t o = 0; o < b->graph->outputs; o++)
        use(b->used[b->root[b->graph->output[o]]], SIZE_MAX, SIZE_MAX);
    for (size_t s = b->plan->steps; s-- > 0;) {
        const fcnn_operation *operation = &b->plan->operation[s];
        size_t in[2] = {SIZE_MAX, SIZE_MAX}, *used = b->plan->step[s].used;
        limit_to_output(operation->layer, b->used[operation->tail], used);
        if (operation->layer->class->input_used)
            operation->layer->class->input_used(operation->layer, used, in);
        for (size_t i = 0; i < operation->layer->inputs; i++) {
            const size_t source = operation->input[i];
            if (b->root[source] == source)
                use(b->used[source], in[0], in[1]);
            else
                use(b->used[b->root[source]], SIZE_MAX, SIZE_MAX);
        }
    }
}

/* What writes tensor `root`; NULL: it is an input of the network. */
static const fcnn_operation *writer_of(const fcnn_builder *b, size_t root)
{
    for (size_t s = 0; s < b->plan->steps; s++)
        if (b->plan->operation[s].tail == root)
            return &b->plan->operation[s];
    return NULL;
}

/* Whether nobody needs the gradient of what an operation reads where that is 0. */
static int zero_is_dead(const fcnn_builder *b, const fcnn_operation *operation)
{
    const fcnn_operation *writer = operation;
    do
        writer = writer_of(b, b->root[writer->input[0]]);
    while (writer && writer->layer->keeps_zeros);
    return writer && writer->layer->zero_is_dead;
}

/* Whether backward looks at input number `input`. */
static int reads_input(const fcnn_layer *layer, size_t input)
{
    return layer->backward_reads & FCNN_READS_X || (layer->backward_reads & FCNN_READS_FIRST_X && input == 0);
}

/* Whether gradient does not look at input number `input`, either. */
static int is_only_added(const fcnn_layer *layer, size_t input)
{
    return layer->backward_reads & FCNN_READS_FIRST_X && input > 0;
}

/* Whether the value that an operation reads may be overwritten by its output. */
static int may_overwrite_input(const fcnn_builder *b, const fcnn_operation *operation)
{
    const size_t input = b->root[operation->input[0]];
    if (!operation->layer->in_place || is_absorbed(b, operation->tail) || b->tensors[input].users != 1)
        return 0;
    if (!b->purpose->backward)
        return 1;
    const fcnn_operation *writer = writer_of(b, input);
    const int writer_reads = writer && !operation->layer->penalizes ? writer->layer->backward_reads : 0;
    return !(reads_input(operation->layer, 0) || writer_reads & (FCNN_READS_Y | FCNN_GRADIENT_READS_Y));
}

/* ---- how gradients are summed ---- */

/* Whether the gradients of one image take little room beside its output. */
static int has_few_parameters(const fcnn_layer *layer)
{
    return 4 * fcnn_layer_parameter_size(layer) <= fcnn_shape_size(&layer->output);
}

/* Whether FCNN_SUMS gradients take little room beside the images that they are summed from. */
static int has_fewer_than_images(const fcnn_layer *layer)
{
    size_t floats = fcnn_shape_size(&layer->output);
    for (size_t i = 0; i < layer->inputs; i++)
        floats += fcnn_shape_size(&layer->input[i]);
    return FCNN_SUMS * fcnn_layer_parameter_size(layer) <= FCNN_STRETCH * floats;
}

static fcnn_summing choose_summing(const fcnn_builder *b, const fcnn_operation *operation, const fcnn_step *step)
{
    const fcnn_layer *layer = step->layer;
    const size_t instance = step->node->instance;
    if (!b->purpose->backward || layer->parameters == 0 || !b->purpose->trainable[instance] ||
        !b->downstream[operation->tail])
        return FCNN_SUM_NOTHING;
    if (step->observed)
        return FCNN_SUM_SETTLED;
    if (b->uses[instance] > 1)
        return FCNN_SUM_USES;
    if (has_few_parameters(layer))
        return FCNN_SUM_RECORDS;
    if (has_fewer_than_images(layer))
        return FCNN_SUM_STRETCHES;
    if (layer->packed > 0)
        return FCNN_SUM_PACKED;
    return layer->in_parts && step->has_backward && zero_is_dead(b, operation) ? FCNN_SUM_PARTS : FCNN_SUM_SHARDS;
}

/* Sums that are made aside, in the memory for FCNN_SUMS of them. */
static size_t sums_of(fcnn_summing summing)
{
    return summing == FCNN_SUM_STRETCHES ? FCNN_SUMS : summing == FCNN_SUM_USES || summing == FCNN_SUM_SETTLED ? 1 : 0;
}

/* When the gradients of the parameters of step number `number` are computed. */
static size_t gradient_moment(const fcnn_builder *b, const fcnn_step *step, size_t number)
{
    const int on_the_way = step->summing == FCNN_SUM_RECORDS || step->summing == FCNN_SUM_PARTS ||
                           step->summing == FCNN_SUM_PACKED || step->summing == FCNN_SUM_SETTLED;
    return on_the_way ? 2 * b->plan->steps - number : b->end;
}

/* ---- lives ---- */

static void place_forward(fcnn_builder *b, const fcnn_operation *operation, fcnn_step *step, size_t moment)
{
    const fcnn_layer *layer = step->layer;
    const int has_gradient = step->summing != FCNN_SUM_NOTHING;
    fcnn_tensor *out = tensor_of(b, operation->tail);
    for (size_t i = 0; i < layer->inputs; i++) {
        fcnn_buffer *x = input_of(b, operation, i)->value;
        step->x[i] = x;
        lives_until(x, has_gradient && !is_only_added(layer, i) ? larger(moment, gradient_moment(b, step, moment))
                                                                : moment);
    }
    if (may_overwrite_input(b, operation))
        out->value = input_of(b, operation, 0)->value;
    else
        out->value = new_buffer(b, fcnn_shape_size(&layer->output), moment, moment);
    lives_until(out->value, moment);
    step->y = out->value;
    if (b->purpose->backward)
        step->saved = new_buffer(b, layer->saved, moment, has_gradient ? gradient_moment(b, step, moment) : moment);
}

/* Whether dx of input number `input` is written over dy, which nobody needs afterwards. Where there are two inputs this
 * is the second, if it can: for what is added, dx is all but dy. */
static int takes_over_dy(const fcnn_builder *b, const fcnn_operation *operation, const fcnn_step *step, size_t input)
{
    const fcnn_layer *layer = step->layer;
    const int is_free = step->summing == FCNN_SUM_NOTHING || step->summing == FCNN_SUM_SETTLED;
    if (!is_free || !step->dy || !((layer->in_place && layer->inputs == 1) || layer->dx_in_place))
        return 0;
    if (layer->inputs == 1 || input == 1)
        return 1;
    const size_t other = operation->input[1];
    return !b->upstream[other] || tensor_of(b, other)->gradient_begun ||
           tensor_of(b, other) == input_of(b, operation, 0);
}

/* Where the gradient of input number `input` goes: straight to its place, or aside if another user has written that. */
static void place_input_gradient(fcnn_builder *b, const fcnn_operation *operation, fcnn_step *step, size_t input,
                                 size_t moment)
{
    const fcnn_layer *layer = step->layer;
    fcnn_tensor *in = input_of(b, operation, input);
    if (in->gradient_begun) {
        step->dx[input] = new_buffer(b, fcnn_shape_size(&layer->input[input]), moment, moment);
        step->sum[input] = in->gradient;
    } else {
        if (takes_over_dy(b, operation, step, input))
            in->gradient = tensor_of(b, operation->tail)->gradient;
        else
            in->gradient = new_buffer(b, fcnn_shape_size(&layer->input[input]), moment, moment);
        step->dx[input] = in->gradient;
    }
    in->gradient_begun = 1;
    lives_until(in->gradient, moment);
}

static void place_backward(fcnn_builder *b, const fcnn_operation *operation, fcnn_step *step, size_t moment)
{
    const fcnn_layer *layer = step->layer;
    const int has_gradient = step->summing != FCNN_SUM_NOTHING;
    const size_t end = has_gradient ? gradient_moment(b, step, 2 * b->plan->steps - moment) : moment;
    fcnn_tensor *out = tensor_of(b, operation->tail);
    step->dy = out->gradient;
    if (out->gradient)
        lives_until(out->gradient, end);
    if (has_gradient && layer->backward_reads & FCNN_GRADIENT_READS_Y)
        lives_until(out->value, end);
    if (step->summing == FCNN_SUM_RECORDS)
        step->partial = new_buffer(b, fcnn_layer_parameter_size(layer), moment, b->end);
    if (step->observed && (step->has_backward || has_gradient)) {
        step->observed_backward = new_buffer(b, layer->observed, moment, moment);
        lives_until(input_of(b, operation, 0)->value, moment);
        if (layer->backward_reads & FCNN_READS_Y)
            lives_until(out->value, moment);
    }
    if (!step->has_backward)
        return;
    lives_until(step->saved, moment);
    if (layer->backward_reads & FCNN_READS_Y)
        lives_until(out->value, moment);
    for (size_t i = 0; i < layer->inputs; i++) {
        if (reads_input(layer, i))
            lives_until(input_of(b, operation, i)->value, moment);
        if (b->upstream[operation->input[i]])
            place_input_gradient(b, operation, step, i, moment);
    }
}

/* ---- the whole ---- */

/* What is known of a step before its tensors have places. */
static void describe_step(fcnn_builder *b, const fcnn_operation *operation, fcnn_step *step, size_t moment)
{
    fcnn_plan *plan = b->plan;
    const fcnn_layer *layer = step->layer = operation->layer;
    step->node = &b->graph->node[operation->head];
    step->prepared = plan->prepared;
    plan->prepared += rounded(layer->prepared);
    if (operation->folded) {
        step->folded = operation->folded;
        step->folded_place = plan->prepared;
        plan->prepared += rounded(fcnn_layer_parameter_size(layer) +
                                  fcnn_batch_normalization_fold_scratch(&operation->folded->layer));
    }
    plan->scratch = larger(plan->scratch, rounded(layer->scratch));
    plan->packed = larger(plan->packed, layer->packed);
    plan->packing += layer->packed > 0 ? fcnn_layer_parameter_size(layer) : 0;
    plan->together = layer->bfloat16 ? FCNN_TILE_DEPTH : plan->together;
    for (size_t i = 0; i < layer->inputs && b->purpose->backward; i++)
        step->has_backward |= b->upstream[operation->input[i]] && b->downstream[operation->tail];
    if (fcnn_looks_at_the_batch(step->node, b->purpose)) {
        plan->looks_at_the_batch = 1;
        step->observed = new_buffer(b, layer->observed, moment, moment);
        step->settled = plan->settled;
        plan->settled += rounded(layer->settled);
    }
    step->summing = choose_summing(b, operation, step);
    plan->learns[step->node->instance] |= step->summing != FCNN_SUM_NOTHING;
    step->sums = sums_of(step->summing);
    if (step->sums > 0) {
        step->sum_place = plan->summed;
        plan->summed += rounded(fcnn_layer_parameter_size(layer));
    }
    if (step->summing == FCNN_SUM_PARTS)
        step->parts = new_buffer(b, (FCNN_PARTS - 1) * fcnn_shape_size(&layer->output), moment, moment);
}

static void place_inputs(fcnn_builder *b)
{
    for (size_t i = 0; i < b->graph->inputs; i++) {
        const size_t n = b->graph->input[i];
        b->tensors[n].value = new_buffer(b, fcnn_shape_size(&layer_of(b, n)->output), 0, 0);
        b->plan->input[i] = b->tensors[n].value;
    }
}

static void place_outputs(fcnn_builder *b)
{
    const size_t moment = b->plan->steps;
    for (size_t o = 0; o < b->graph->outputs; o++) {
        const size_t node = b->graph->output[o];
        fcnn_output_place *place = &b->plan->output[o];
        fcnn_tensor *out = tensor_of(b, node);
        fcnn_tensor *prediction = tensor_of(b, prediction_of(b, o));
        place->size = fcnn_shape_size(&layer_of(b, node)->output);
        place->value = out->value;
        place->prediction = prediction->value;
        lives_until(out->value, b->end);
        lives_until(prediction->value, moment);
        if (!b->purpose->backward || !b->purpose->has_loss[o])
            continue;
        fcnn_buffer *gradient = new_buffer(b, place->size, moment, moment);
        place->gradient = gradient;
        if (prediction->gradient_begun) {
            place->sum = prediction->gradient;
        } else {
            prediction->gradient = gradient;
            prediction->gradient_begun = 1;
        }
    }
}

void fcnn_build_steps(fcnn_builder *b)
{
    fcnn_plan *plan = b->plan;
    b->end = 2 * plan->steps + 1;
    plan->together = FCNN_STRETCH;
    find_dependencies(b);
    find_used(b);
    place_inputs(b);
    for (size_t s = 0; s < plan->steps; s++) {
        describe_step(b, &plan->operation[s], &plan->step[s], s);
        place_forward(b, &plan->operation[s], &plan->step[s], s);
    }
    place_outputs(b);
    for (size_t s = plan->steps; b->purpose->backward && s-- > 0;)
        place_backward(b, &plan->operation[s], &plan->step[s], 2 * plan->steps - s);
    plan->record = fcnn_layout_place(plan->buffer, b->buffers);
    /* An odd number of cache lines: images do not fall into the same few sets of the cache. */
    plan->record += plan->record / 16 % 2 == 0 ? 16 : 0;
}
