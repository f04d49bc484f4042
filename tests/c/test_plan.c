/* test_plan.c - placing buffers, finding patterns, and plans of many random graphs.
 *
 * A plan is tested by playing it: every number in an image's record is marked with what was written there last, and
 * whoever reads must find the mark of what is expected. So nothing that is still needed may have been overwritten.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "check.h"
#include "network/layout.h"
#include "network/plan_check.h"
#include "nodes.h"

/* A random number below `limit`: number `index` of stream `stream`. */
static size_t draw(uint64_t stream, uint64_t index, size_t limit)
{
    uint32_t random[4];
    fcnn_philox(5, stream, index, random);
    return random[0] % limit;
}

/* ---- placing buffers ---- */

static int share_a_moment(const fcnn_buffer *a, const fcnn_buffer *b)
{
    return a->first <= b->last && b->first <= a->last;
}

static int overlap(const fcnn_buffer *a, const fcnn_buffer *b)
{
    return a->offset < b->offset + b->size && b->offset < a->offset + a->size;
}

static void test_live_buffers_never_overlap(void)
{
    enum { MOST = 40, MOMENTS = 30 };
    for (uint64_t trial = 0; trial < 300; trial++) {
        fcnn_buffer buffers[MOST];
        const size_t count = draw(trial, 0, MOST + 1);
        size_t needed[MOMENTS + 10] = {0}, most_needed = 0;
        for (size_t i = 0; i < count; i++) {
            const size_t size = draw(trial, 4 * i + 2, 5) * draw(trial, 4 * i + 3, 90);
            const size_t first = draw(trial, 4 * i + 1, MOMENTS);
            buffers[i] = (fcnn_buffer){.size = size, .first = first, .last = first + draw(trial, 4 * i + 4, 10)};
            for (size_t moment = first; moment <= buffers[i].last; moment++)
                needed[moment] += size;
        }
        for (size_t moment = 0; moment < MOMENTS + 10; moment++)
            most_needed = needed[moment] > most_needed ? needed[moment] : most_needed;

        const size_t total = fcnn_layout_place(buffers, count);
        CHECK(total % 16 == 0 && total >= most_needed);
        for (size_t i = 0; i < count; i++) {
            CHECK(buffers[i].offset % 16 == 0 && buffers[i].offset + buffers[i].size <= total);
            for (size_t j = 0; j < i; j++)
                CHECK(!share_a_moment(&buffers[i], &buffers[j]) || !overlap(&buffers[i], &buffers[j]));
        }
    }
}

static void test_buffers_of_different_times_share_memory(void)
{
    fcnn_buffer buffers[] = {{.size = 100, .last = 3}, {.size = 80, .first = 4, .last = 5}, {.size = 0, .last = 9}};
    CHECK(fcnn_layout_place(buffers, 3) == 112);
    buffers[1].first = 3;
    CHECK(fcnn_layout_place(buffers, 3) == 192);
}

/* ---- patterns ---- */

/* Number of fused steps; head and tail are those of the last one. Destroys the graph. */
static size_t count_fused(fcnn_graph *graph, size_t *head, size_t *tail)
{
    fcnn_operation operations[32] = {{0}};
    fcnn_error error;
    size_t count, fused = 0;
    CHECK(fcnn_fuse(graph, operations, &count, &error) == FCNN_OK);
    for (size_t i = 0; i < count; i++) {
        CHECK(operations[i].head <= operations[i].tail && operations[i].layer != NULL);
        if (operations[i].fused) {
            fused++;
            *head = operations[i].head;
            *tail = operations[i].tail;
            CHECK(fcnn_shape_equal(&operations[i].layer->output, &graph->node[*tail].layer.output));
        }
        fcnn_operation_destroy(&operations[i]);
    }
    fcnn_graph_destroy(graph);
    return fused;
}

#define CHECK_FUSED(first, last, ...)                              \
    do {                                                           \
        size_t head = 0, tail = 0;                                 \
        CHECK(count_fused(GRAPH(__VA_ARGS__), &head, &tail) == 1); \
        CHECK(head == (first) && tail == (last));                  \
    } while (0)

#define CHECK_NOT_FUSED(...)                                       \
    do {                                                           \
        size_t head = 0, tail = 0;                                 \
        CHECK(count_fused(GRAPH(__VA_ARGS__), &head, &tail) == 0); \
    } while (0)

#define RELU_WITH(source, ...) NODE("activation", source, TEXT("function", "relu"), __VA_ARGS__)

static void test_conv_relu_pool_is_one_step(void)
{
    CHECK_FUSED(1, 3, IMAGES(8, 8, 1), CONV(0, 4, 3, "valid"), ACTIVATION(1, "relu"), MAX_POOL(2, 2, 2, "valid"));
    CHECK_FUSED(1, 2, IMAGES(8, 8, 1), CONV(0, 4, 3, "same"), MAX_POOL(1, 3, 2, "same"));
    CHECK_FUSED(1, 2, IMAGES(8, 8, 1), CONV(0, 4, 3, "valid"), MAX_POOL(1, 2, 2, "valid"), ACTIVATION(2, "relu"));
    CHECK_FUSED(1, 3, IMAGES(8, 8, 1), CONV(0, 4, 3, "valid"), RELU_WITH(1, NUMBER("negative_slope", 0)),
                MAX_POOL(2, 2, 2, "valid"), CONV(3, 4, 3, "valid"), GLOBAL_AVERAGE(4), DENSE(5, 3));
    CHECK_FUSED(2, 4, IMAGES(8, 8, 1), CONV(0, 4, 3, "valid"), CONV(1, 4, 3, "valid"), ACTIVATION(2, "relu"),
                MAX_POOL(3, 2, 2, "valid"));
}

static void test_a_tensor_that_others_read_is_not_fused_away(void)
{
#define BEGINNING IMAGES(8, 8, 1), CONV(0, 4, 3, "valid")
    CHECK_NOT_FUSED(BEGINNING, ACTIVATION(1, "relu"), MAX_POOL(2, 3, 1, "same"), ADD(1, 3));
    CHECK_NOT_FUSED(BEGINNING, ACTIVATION(1, "relu"), MAX_POOL(2, 3, 1, "same"), ADD(2, 3));
    CHECK_NOT_FUSED(BEGINNING, MAX_POOL(1, 3, 1, "same"), ADD(1, 2));
    CHECK_NOT_FUSED(BEGINNING, MAX_POOL(1, 3, 1, "same"), MAX_POOL(1, 2, 1, "same"), ADD(2, 3));
#undef BEGINNING
}

static void test_other_neighbours_are_not_fused(void)
{
#define BETWEEN(node) IMAGES(8, 8, 1), CONV(0, 4, 3, "valid"), node, MAX_POOL(2, 2, 2, "valid")
    CHECK_NOT_FUSED(BETWEEN(ACTIVATION(1, "tanh")));
    CHECK_NOT_FUSED(BETWEEN(ACTIVATION(1, "linear")));
    CHECK_NOT_FUSED(BETWEEN(RELU_WITH(1, NUMBER("negative_slope", 0.1))));
    CHECK_NOT_FUSED(BETWEEN(RELU_WITH(1, NUMBER("max_value", 6))));
    CHECK_NOT_FUSED(BETWEEN(RELU_WITH(1, NUMBER("threshold", 1))));
    CHECK_NOT_FUSED(BETWEEN(SCALE(1, 1)));
#undef BETWEEN
    CHECK_NOT_FUSED(IMAGES(8, 8, 1), CONV(0, 4, 3, "valid"), ACTIVATION(1, "relu"), ACTIVATION(2, "relu"),
                    MAX_POOL(3, 2, 2, "valid"));
    CHECK_NOT_FUSED(IMAGES(8, 8, 1), CONV(0, 4, 3, "valid"), ACTIVATION(1, "relu"));
    CHECK_NOT_FUSED(IMAGES(8, 8, 1), MAX_POOL(0, 2, 2, "valid"), ACTIVATION(1, "relu"), CONV(2, 4, 3, "valid"));
    CHECK_NOT_FUSED(IMAGES(8, 8, 1), CONV(0, 4, 3, "valid"), ACTIVATION(1, "relu"), AVERAGE_POOL(2, 2, 2, "valid"));
}

/* ---- playing a plan ---- */

typedef struct play {
    const fcnn_graph *graph;
    const fcnn_plan *plan;
    const fcnn_purpose *purpose;
    int32_t *marks;        /* (record) */
    size_t *contributions; /* (nodes), by root: gradients written or added so far */
    int holds;             /* every read found its mark */
} play;

enum { VALUE = 1000, GRADIENT = 2000, SAVED = 3000, ASIDE = 4000, PARTIAL = 5000 };

static void write_mark(play *p, size_t offset, size_t size, size_t mark)
{
    p->holds &= size == 0 || (offset != FCNN_NOWHERE && offset + size <= p->plan->record);
    for (size_t i = 0; p->holds && i < size; i++)
        p->marks[offset + i] = (int32_t)mark;
}

static void read_mark(play *p, size_t offset, size_t size, size_t mark)
{
    p->holds &= size == 0 || (offset != FCNN_NOWHERE && offset + size <= p->plan->record);
    for (size_t i = 0; p->holds && i < size; i++)
        p->holds &= p->marks[offset + i] == (int32_t)mark;
}

static size_t size_of(const play *p, size_t node) { return fcnn_shape_size(&p->graph->node[node].layer.output); }

/* The node whose tensor node n's output is. */
static size_t root_of(const play *p, size_t n)
{
    while (p->graph->node[n].layer.view)
        n = p->graph->node[n].input[0];
    return n;
}

/* Whether anything at or before node n is to be trained. */
static int has_trainable(const play *p, size_t n)
{
    const fcnn_layer *layer = &p->graph->node[n].layer;
    if (layer->parameters > 0 && p->purpose->trainable[n])
        return 1;
    for (size_t i = 0; i < layer->inputs; i++)
        if (has_trainable(p, p->graph->node[n].input[i]))
            return 1;
    return 0;
}

static size_t source_of(const play *p, size_t s, size_t input)
{
    return root_of(p, p->graph->node[p->plan->operation[s].head].input[input]);
}

static void read_inputs(play *p, size_t s)
{
    const fcnn_step *step = &p->plan->step[s];
    for (size_t i = 0; i < step->layer->inputs; i++)
        read_mark(p, step->x[i], size_of(p, source_of(p, s, i)), VALUE + source_of(p, s, i));
}

static void play_forward(play *p, size_t s)
{
    const fcnn_step *step = &p->plan->step[s];
    const size_t out = p->plan->operation[s].tail;
    read_inputs(p, s);
    write_mark(p, step->saved, step->layer->saved, SAVED + s);
    if (step->y != step->x[0] || !step->layer->in_place) {
        write_mark(p, step->y, size_of(p, out), VALUE + out);
        read_inputs(p, s);
    }
    write_mark(p, step->y, size_of(p, out), VALUE + out);
    read_mark(p, step->saved, step->layer->saved, SAVED + s);
}

/* Users of a tensor, each as often as it reads it; the loss is one. */
static size_t users_of(const play *p, size_t root, size_t prediction)
{
    size_t users = root == prediction;
    for (size_t s = 0; s < p->plan->steps; s++)
        for (size_t i = 0; p->plan->step[s].has_backward && i < p->plan->step[s].layer->inputs; i++)
            users += source_of(p, s, i) == root;
    return users;
}

/* Whether a step is a convolution, a ReLU and a pool: its gradients look at y. */
static int has_fused_relu(const play *p, size_t s)
{
    const fcnn_operation *operation = &p->plan->operation[s];
    return operation->fused && p->graph->node[operation->tail].input[0] != operation->head;
}

/* Whatever backward or gradient of a step may look at. */
static void read_backward(play *p, size_t s, int reads, size_t prediction)
{
    const fcnn_step *step = &p->plan->step[s];
    const size_t out = p->plan->operation[s].tail;
    read_mark(p, step->dy, size_of(p, out), GRADIENT + out);
    p->holds &= p->contributions[out] == users_of(p, out, prediction);
    read_mark(p, step->saved, step->layer->saved, SAVED + s);
    if (reads & FCNN_READS_X)
        read_inputs(p, s);
    if (reads & FCNN_READS_Y || has_fused_relu(p, s))
        read_mark(p, step->y, size_of(p, out), VALUE + out);
}

static void play_backward(play *p, size_t s, size_t prediction)
{
    const fcnn_step *step = &p->plan->step[s];
    read_backward(p, s, step->layer->backward_reads, prediction);
    for (int again = 0; again < 2; again++)
        for (size_t i = 0; i < step->layer->inputs; i++) {
            const size_t in = source_of(p, s, i), mark = step->sum[i] == FCNN_NOWHERE ? GRADIENT + in : ASIDE + i;
            p->holds &= (step->dx[i] != FCNN_NOWHERE) == has_trainable(p, in);
            if (step->dx[i] == FCNN_NOWHERE)
                continue;
            if (again)
                read_mark(p, step->dx[i], size_of(p, in), mark);
            else
                write_mark(p, step->dx[i], size_of(p, in), mark);
        }
    if (step->dx[0] != step->dy || !step->layer->in_place)
        read_backward(p, s, step->layer->backward_reads, prediction);
    for (size_t i = 0; i < step->layer->inputs; i++) {
        const size_t in = source_of(p, s, i);
        if (step->sum[i] != FCNN_NOWHERE)
            read_mark(p, step->sum[i], size_of(p, in), GRADIENT + in);
        p->holds &= (p->contributions[in] > 0) == (step->sum[i] != FCNN_NOWHERE) || step->dx[i] == FCNN_NOWHERE;
        p->contributions[in] += step->dx[i] != FCNN_NOWHERE;
    }
}

/* The gradients of one image, where there are few. */
static void play_partial(play *p, size_t s, size_t prediction)
{
    const fcnn_step *step = &p->plan->step[s];
    const size_t parameters = fcnn_layer_parameter_size(step->layer);
    const int is_small = 4 * parameters <= fcnn_shape_size(&step->layer->output);
    p->holds &= (step->partial != FCNN_NOWHERE) == (step->has_gradient && is_small);
    if (step->partial == FCNN_NOWHERE)
        return;
    read_backward(p, s, FCNN_READS_X, prediction);
    write_mark(p, step->partial, parameters, PARTIAL + s);
    read_backward(p, s, FCNN_READS_X, prediction);
}

/* Returns whether every reader finds what it expects, and every gradient that is wanted is computed, and no other. */
static int plays_well(const fcnn_graph *graph, const fcnn_purpose *purpose)
{
    fcnn_plan *plan;
    fcnn_error error;
    if (fcnn_plan_create(&plan, graph, purpose, &error) != FCNN_OK)
        return 0;
    fcnn_plan_check(plan, graph);
    const size_t last = graph->nodes - 1;
    play p = {.graph = graph, .plan = plan, .purpose = purpose, .holds = 1};
    p.marks = calloc(plan->record, sizeof *p.marks);
    p.contributions = calloc(graph->nodes, sizeof *p.contributions);
    const size_t prediction = root_of(&p, purpose->loss_absorbs ? graph->node[last].input[0] : last);
    write_mark(&p, plan->input, size_of(&p, 0), VALUE);
    for (size_t s = 0; s < plan->steps; s++)
        play_forward(&p, s);
    read_mark(&p, plan->output, size_of(&p, last), VALUE + root_of(&p, last));
    read_mark(&p, plan->prediction, size_of(&p, last), VALUE + prediction);
    if (purpose->training) {
        write_mark(&p, plan->prediction_gradient, size_of(&p, last), GRADIENT + prediction);
        p.contributions[prediction] = 1;
        read_mark(&p, plan->output, size_of(&p, last), VALUE + root_of(&p, last));
        for (size_t s = plan->steps; s-- > 0;) {
            if (plan->step[s].has_backward)
                play_backward(&p, s, prediction);
            play_partial(&p, s, prediction);
        }
        for (size_t s = 0; s < plan->steps; s++) {
            const size_t head = plan->operation[s].head;
            const int is_trained = graph->node[head].layer.parameters > 0 && purpose->trainable[head];
            p.holds &= plan->step[s].has_gradient == is_trained;
            if (is_trained && plan->step[s].partial == FCNN_NOWHERE)
                read_backward(&p, s, FCNN_READS_X, prediction);
            else if (is_trained)
                read_mark(&p, plan->step[s].partial, fcnn_layer_parameter_size(plan->step[s].layer), PARTIAL + s);
        }
        read_mark(&p, plan->output, size_of(&p, last), VALUE + root_of(&p, last));
    }
    free(p.marks);
    free(p.contributions);
    fcnn_plan_destroy(plan);
    return p.holds;
}

/* ---- random graphs: all tensors have one shape ---- */

enum { MOST_NODES = 14 };

static const fcnn_attribute shape[] = {
    {.name = "shape", .kind = FCNN_ATTRIBUTE_INTEGER, .count = 3, .integers = {4, 4, 2}}};
static const fcnn_attribute same_shape[] = {
    {.name = "target_shape", .kind = FCNN_ATTRIBUTE_INTEGER, .count = 3, .integers = {4, 4, 2}}};
static const fcnn_attribute bordered[] = {INTEGER("filters", 2),   INTEGER("kernel_size", 3),   INTEGER("strides", 1),
                                          TEXT("padding", "same"), INTEGER("dilation_rate", 1), INTEGER("use_bias", 1)};
static const fcnn_attribute plain[] = {INTEGER("filters", 2),   INTEGER("kernel_size", 1),   INTEGER("strides", 1),
                                       TEXT("padding", "same"), INTEGER("dilation_rate", 1), INTEGER("use_bias", 0)};
static const fcnn_attribute pool[] = {INTEGER("pool_size", 2), INTEGER("strides", 1), TEXT("padding", "same")};
static const fcnn_attribute relu[] = {TEXT("function", "relu")}, gelu[] = {TEXT("function", "gelu")},
                            linear[] = {TEXT("function", "linear")}, sigmoid[] = {TEXT("function", "sigmoid")};
static const fcnn_attribute half[] = {NUMBER("rate", 0.5), INTEGER("seed", 3)},
                            twice[] = {NUMBER("scale", 2), NUMBER("offset", 0)};
static const fcnn_attribute units[] = {INTEGER("units", 2), INTEGER("use_bias", 1)};

static const struct {
    const char *type;
    fcnn_attributes attributes;
} kinds[] = {
    {"conv2d", {bordered, 6}}, {"conv2d", {plain, 6}},       {"max_pooling2d", {pool, 3}}, {"activation", {relu, 1}},
    {"activation", {gelu, 1}}, {"activation", {linear, 1}},  {"activation", {sigmoid, 1}}, {"dropout", {half, 2}},
    {"rescaling", {twice, 2}}, {"reshape", {same_shape, 1}}, {"dense", {units, 2}},        {"softmax", {NULL, 0}},
    {"add", {NULL, 0}},        {"conv2d", {bordered, 6}},    {"activation", {relu, 1}},    {"max_pooling2d", {pool, 3}},
};

/* A node mostly follows the one before; the last one adds whatever nobody has used. */
static fcnn_graph *random_graph(uint64_t trial)
{
    fcnn_node_spec specs[MOST_NODES + 2] = {{.type = "input", .name = "input", .attributes = {shape, 1}}};
    size_t inputs[MOST_NODES + 2][FCNN_MAX_INPUTS], count = 2 + draw(trial, 0, MOST_NODES - 2);
    int used[MOST_NODES + 2] = {0};
    for (size_t n = 1; n < count; n++) {
        const size_t kind = draw(trial, 10 * n, sizeof kinds / sizeof *kinds);
        const int is_add = strcmp(kinds[kind].type, "add") == 0;
        const size_t sources = is_add ? 2 + draw(trial, 10 * n + 1, 2) : 1;
        for (size_t i = 0; i < sources; i++) {
            inputs[n][i] = draw(trial, 10 * n + 2 + i, 4) ? n - 1 : draw(trial, 10 * n + 5 + i, n);
            used[inputs[n][i]] = 1;
        }
        specs[n] = (fcnn_node_spec){kinds[kind].type, kinds[kind].type, inputs[n], sources, kinds[kind].attributes};
    }
    size_t loose = 0;
    for (size_t n = 0; n < count; n++)
        if (!used[n])
            inputs[count][loose++] = n;
    if (loose > 1) {
        specs[count] = (fcnn_node_spec){.type = "add", .name = "add", .input = inputs[count], .inputs = loose};
        count++;
    }
    return graph_of(specs, count);
}

static void test_random_graphs(void)
{
    for (uint64_t trial = 0; trial < 3000; trial++) {
        fcnn_graph *graph = random_graph(trial);
        unsigned char trainable[MOST_NODES + 2];
        for (size_t n = 0; n < graph->nodes; n++)
            trainable[n] = draw(trial, 500 + n, 4) > 0;
        const int can_absorb = graph->node[graph->nodes - 1].layer.activation != NULL;
        for (int training = 0; training < 2; training++)
            for (int absorbs = 0; absorbs <= can_absorb; absorbs++) {
                char text[64];
                snprintf(text, sizeof text, "random graph %d, training %d, absorbs %d", (int)trial, training, absorbs);
                check_that(plays_well(graph, &(fcnn_purpose){training, absorbs, trainable}), text, __FILE__, __LINE__);
            }
        fcnn_graph_destroy(graph);
    }
}

/* ---- particular plans ---- */

static fcnn_plan *plan_of(const fcnn_graph *graph, int training)
{
    static const unsigned char all[32] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    fcnn_plan *plan = NULL;
    fcnn_error error;
    CHECK(fcnn_plan_create(&plan, graph, &(fcnn_purpose){.training = training, .trainable = all}, &error) == FCNN_OK);
    fcnn_plan_check(plan, graph);
    return plan;
}

static void test_plan_of_two_branches(void)
{
    fcnn_graph *graph =
        GRAPH(IMAGES(6, 6, 2), CONV(0, 4, 3, "same"), CONV(1, 4, 3, "same"), ACTIVATION(2, "relu"),
              CONV(1, 4, 1, "valid"), ADD(3, 4, 1), FLATTEN(5, 144), ACTIVATION(6, "tanh"), DENSE(7, 3));
    fcnn_plan *plan = plan_of(graph, 1);
    CHECK(plan->steps == 7); /* Flatten is no step */
    const fcnn_step *relu_step = &plan->step[2], *add = &plan->step[4], *tanh_step = &plan->step[5];
    CHECK(relu_step->node == 3 && add->node == 5 && tanh_step->node == 7);
    CHECK(relu_step->y == relu_step->x[0]); /* in place: the convolution reads no y */
    CHECK(relu_step->dx[0] == relu_step->dy);
    CHECK(tanh_step->x[0] == add->y && tanh_step->y == add->y); /* through the view */
    CHECK(plan->step[0].dx[0] == FCNN_NOWHERE && !plan->step[0].has_backward && plan->step[0].has_gradient);

    size_t sums = 0; /* node 1 has three users */
    for (size_t s = 0; s < plan->steps; s++)
        for (size_t i = 0; i < plan->step[s].layer->inputs; i++)
            sums += plan->step[s].sum[i] != FCNN_NOWHERE;
    CHECK(sums == 2);
    CHECK(plan->record % 32 == 16); /* an odd number of cache lines */
    fcnn_plan_destroy(plan);
    fcnn_graph_destroy(graph);
}

/* A 2x2 pool over 3x3 reads 2x2, for which a 3x3 convolution reads 4x4 of its 5x5 input. */
static void test_what_nobody_reads_is_not_computed(void)
{
    fcnn_graph *chain =
        GRAPH(IMAGES(13, 13, 1), CONV(0, 4, 3, "valid"), ACTIVATION(1, "relu"), MAX_POOL(2, 2, 2, "valid"),
              CONV(3, 4, 3, "valid"), ACTIVATION(4, "relu"), MAX_POOL(5, 2, 2, "valid"));
    fcnn_plan *plan = plan_of(chain, 1);
    CHECK(plan->steps == 2);
    CHECK(plan->step[0].used[0] == 4 && plan->step[0].used[1] == 4);
    CHECK(plan->step[1].used[0] == 1 && plan->step[1].used[1] == 1);
    fcnn_plan_destroy(plan);
    fcnn_graph_destroy(chain);

    fcnn_graph *padded = GRAPH(IMAGES(13, 13, 1), CONV(0, 4, 3, "valid"), MAX_POOL(1, 2, 2, "valid"),
                               CONV(2, 4, 3, "same"), MAX_POOL(3, 2, 2, "valid"));
    plan = plan_of(padded, 1);
    CHECK(plan->step[0].used[0] == 5 && plan->step[0].used[1] == 5);
    fcnn_plan_destroy(plan);
    fcnn_graph_destroy(padded);
}

/* The second dense layer has many parameters, more than sums are made of, and its input comes from a ReLU. */
static void test_a_large_dense_layer_runs_in_parts(void)
{
    fcnn_graph *graph =
        GRAPH(IMAGES(4, 4, 4), FLATTEN(0, 64), DENSE(1, 1600), ACTIVATION(2, "relu"), DENSE(3, 200), SOFTMAX(4));
    fcnn_plan *plan = plan_of(graph, 1);
    const fcnn_step *step = &plan->step[2];
    CHECK(step->node == 4 && step->halts && step->parts != FCNN_NOWHERE && !plan->step[0].halts);
    CHECK(plan->stages == 2 && plan->stage[0].begin == 3 && plan->stage[1].end == 2);
    size_t shards = 0;
    for (size_t i = plan->stage[0].first_shard; i < plan->stage[0].end_shard; i++)
        shards += plan->gradient[i].step == step;
    CHECK(shards == step->layer->gradient_shards && shards == plan->stage[0].end_shard);
    fcnn_plan_destroy(plan);
    fcnn_graph_destroy(graph);
}

/* Who reads through a view reads all of it. Here the lines of one are not those of the other: 8 lines of 8 pixels
 * become 4 lines of 16, all of which the second convolution reads. */
static void test_a_view_is_not_trimmed_like_its_source(void)
{
    fcnn_graph *graph =
        GRAPH(IMAGES(18, 18, 1), CONV(0, 4, 3, "valid"), MAX_POOL(1, 2, 2, "valid"),
              NODE("reshape", 2,
                   {.name = "target_shape", .kind = FCNN_ATTRIBUTE_INTEGER, .count = 3, .integers = {4, 16, 4}}),
              CONV(3, 4, 3, "valid"), MAX_POOL(4, 2, 2, "valid"));
    fcnn_plan *plan = plan_of(graph, 1);
    CHECK(plan->steps == 2);
    CHECK(plan->step[1].used[0] == 1 && plan->step[1].used[1] == 7);
    CHECK(plan->step[0].used[0] == 8 && plan->step[0].used[1] == 8);
    fcnn_plan_destroy(plan);
    fcnn_graph_destroy(graph);
}

static void reads_two_by_two(const fcnn_layer *layer, const size_t used[2], size_t in[2])
{
    (void)layer;
    in[0] = in[1] = 2 * used[0];
}

/* Any class may say what it reads, fused or not. */
static void test_a_plain_class_may_trim_its_input(void)
{
    fcnn_graph *graph =
        GRAPH(IMAGES(8, 8, 1), CONV(0, 4, 3, "valid"), MAX_POOL(1, 2, 2, "valid"), AVERAGE_POOL(2, 2, 2, "valid"));
    fcnn_layer_class trimming = *graph->node[3].layer.class;
    trimming.input_used = reads_two_by_two;
    graph->node[3].layer.class = &trimming;
    fcnn_plan *plan = plan_of(graph, 1);
    CHECK(plan->steps == 2);
    CHECK(plan->step[0].used[0] == 2 && plan->step[0].used[1] == 2);
    CHECK(plan->step[1].used[0] == 1 && plan->step[1].used[1] == 1);
    fcnn_plan_destroy(plan);
    fcnn_graph_destroy(graph);
}

/* Kernels over pools keep places in 32 bits. */
static void test_pools_over_more_than_32_bits_are_refused(void)
{
    fcnn_graph *graph = GRAPH(IMAGES(1 << 16, 1 << 15, 1), CONV(0, 1, 2, "valid"), MAX_POOL(1, 2, 2, "valid"));
    static const unsigned char all[3] = {1, 1, 1};
    fcnn_plan *plan = NULL;
    fcnn_error error;
    CHECK(fcnn_plan_create(&plan, graph, &(fcnn_purpose){.training = 1, .trainable = all}, &error) == FCNN_E_SHAPE);
    CHECK_ERROR(error, FCNN_E_SHAPE, "too large");
    fcnn_graph_destroy(graph);
}

/* The training plan keeps what backward needs; the plan for predictions need not. */
static void test_predictions_need_less_memory(void)
{
    fcnn_graph *graph = GRAPH(IMAGES(12, 12, 1), CONV(0, 8, 3, "same"), ACTIVATION(1, "tanh"), CONV(2, 8, 3, "same"),
                              ACTIVATION(3, "tanh"), CONV(4, 8, 3, "same"), GLOBAL_AVERAGE(5), DENSE(6, 3));
    fcnn_plan *training = plan_of(graph, 1), *inference = plan_of(graph, 0);
    CHECK(inference->record < training->record / 2);
    CHECK(inference->gradients == 0 && training->gradients > 0);
    fcnn_plan_destroy(training);
    fcnn_plan_destroy(inference);
    fcnn_graph_destroy(graph);
}

int main(void)
{
    test_live_buffers_never_overlap();
    test_buffers_of_different_times_share_memory();
    test_conv_relu_pool_is_one_step();
    test_a_tensor_that_others_read_is_not_fused_away();
    test_other_neighbours_are_not_fused();
    test_random_graphs();
    test_plan_of_two_branches();
    test_what_nobody_reads_is_not_computed();
    test_a_large_dense_layer_runs_in_parts();
    test_a_view_is_not_trimmed_like_its_source();
    test_a_plain_class_may_trim_its_input();
    test_pools_over_more_than_32_bits_are_refused();
    test_predictions_need_less_memory();
    return check_report();
}
