/* test_plan.c - placing buffers, finding patterns, and plans of many random graphs. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "check.h"
#include "network/layout.h"
#include "nodes.h"
#include "play.h"

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

static const unsigned char all[32] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, none[32];
static const fcnn_purpose training_of_all = {FCNN_AS_IN_TRAINING, 1, 0, all, none, all, all},
                          inference = {FCNN_AS_IN_INFERENCE, 0, 0, all, none, all, all},
                          moving = {FCNN_AS_IN_TRAINING, 0, 0, all, none, all, all},
                          frozen = {FCNN_AS_IN_TRAINING, 0, 0, all, none, all, none};

/* Number of fused steps; head and tail are those of the last one. Destroys the graph. */
static size_t count_fused(fcnn_graph *graph, const fcnn_purpose *purpose, size_t *head, size_t *tail)
{
    fcnn_operation operations[32] = {{0}};
    fcnn_error error;
    size_t count, fused = 0;
    CHECK(fcnn_fuse(graph, purpose, operations, &count, &error) == FCNN_OK);
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

#define CHECK_FUSED_FOR(purpose, first, last, ...)                          \
    do {                                                                    \
        size_t head = 0, tail = 0;                                          \
        CHECK(count_fused(GRAPH(__VA_ARGS__), purpose, &head, &tail) == 1); \
        CHECK(head == (first) && tail == (last));                           \
    } while (0)

#define CHECK_NOT_FUSED_FOR(purpose, ...)                                   \
    do {                                                                    \
        size_t head = 0, tail = 0;                                          \
        CHECK(count_fused(GRAPH(__VA_ARGS__), purpose, &head, &tail) == 0); \
    } while (0)

#define CHECK_FUSED(first, last, ...) CHECK_FUSED_FOR(&training_of_all, first, last, __VA_ARGS__)
#define CHECK_NOT_FUSED(...) CHECK_NOT_FUSED_FOR(&training_of_all, __VA_ARGS__)

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

/* Where the moving statistics count and nothing is learned. */
static void test_batch_normalization_is_folded_into_a_convolution(void)
{
#define CHAIN IMAGES(8, 8, 1), CONV(0, 4, 3, "valid"), NORMALIZE(1)
    CHECK_FUSED_FOR(&inference, 1, 2, CHAIN);
    CHECK_FUSED_FOR(&frozen, 1, 2, CHAIN);
    CHECK_NOT_FUSED_FOR(&moving, CHAIN);
    CHECK_NOT_FUSED(CHAIN);
    CHECK_FUSED_FOR(&inference, 1, 2, CHAIN, ACTIVATION(2, "tanh"));
    CHECK_FUSED_FOR(&inference, 1, 3, CHAIN, ACTIVATION(2, "relu"), AVERAGE_POOL(3, 2, 2, "valid"));
    CHECK_FUSED_FOR(&inference, 1, 3, CHAIN, MAX_POOL(2, 2, 2, "valid"));
    CHECK_FUSED_FOR(&inference, 1, 4, CHAIN, ACTIVATION(2, "relu"), MAX_POOL(3, 2, 2, "valid"));
    CHECK_FUSED_FOR(&inference, 2, 3, CHAIN, ADD(1, 2)); /* others read the convolution's output */
    CHECK_NOT_FUSED_FOR(&inference, IMAGES(8, 8, 1), CONV(0, 4, 3, "valid"), ACTIVATION(1, "tanh"), NORMALIZE(2));
    CHECK_FUSED_FOR(&inference, 1, 2, IMAGES(8, 8, 2), DEPTHWISE(0, 2), NORMALIZE(1));
    CHECK_FUSED_FOR(&inference, 1, 3, IMAGES(8, 8, 2), DEPTHWISE(0, 1), NORMALIZE(1), ACTIVATION(2, "relu"));
    CHECK_FUSED_FOR(&inference, 1, 2, IMAGES(8, 8, 1), DENSE(0, 4), NORMALIZE(1));
    CHECK_NOT_FUSED_FOR(&inference, IMAGES(8, 8, 1), FLATTEN(0, 64), DENSE(1, 4), NORMALIZE(2));
#undef CHAIN
}

static void test_convolution_limits_its_outputs(void)
{
#define CHAIN IMAGES(8, 8, 2), CONV(0, 4, 3, "valid")
    CHECK_FUSED_FOR(&inference, 1, 2, CHAIN, ACTIVATION(1, "relu"));
    CHECK_FUSED_FOR(&inference, 1, 2, CHAIN, RELU_WITH(1, NUMBER("max_value", 6)), GLOBAL_AVERAGE(2));
    CHECK_FUSED_FOR(&inference, 1, 2, IMAGES(8, 8, 2), DEPTHWISE(0, 2), ACTIVATION(1, "relu"));
    CHECK_NOT_FUSED(CHAIN, ACTIVATION(1, "relu")); /* backward needs both outputs */
    CHECK_NOT_FUSED_FOR(&inference, CHAIN, RELU_WITH(1, NUMBER("threshold", 1)));
    CHECK_NOT_FUSED_FOR(&inference, CHAIN, ACTIVATION(1, "relu"), GLOBAL_AVERAGE(1), ADD(2, 3));
#undef CHAIN
}

static void test_batch_normalization_adds_and_limits_in_one_pass(void)
{
#define CHAIN IMAGES(8, 8, 4), NORMALIZE(0)
    CHECK_FUSED(1, 2, CHAIN, ACTIVATION(1, "relu"));
    CHECK_FUSED(1, 2, CHAIN, RELU_WITH(1, NUMBER("max_value", 6)));
    CHECK_FUSED(1, 2, CHAIN, ADD(1, 0));
    CHECK_FUSED(1, 2, CHAIN, ADD(0, 1));
    CHECK_FUSED(1, 3, CHAIN, ADD(1, 0), ACTIVATION(2, "relu"));
    CHECK_FUSED(1, 4, CHAIN, CONV(0, 4, 3, "same"), ADD(1, 2), ACTIVATION(3, "relu")); /* computed in between */
    CHECK_FUSED(1, 4, CHAIN, NORMALIZE(0), ADD(1, 2), ACTIVATION(3, "relu"));          /* one of the two */
    CHECK_FUSED(1, 2, CHAIN, ACTIVATION(1, "relu"), ADD(2, 0));
    CHECK_FUSED_FOR(&inference, 1, 3, CHAIN, ADD(1, 0), ACTIVATION(2, "relu"));
    CHECK_NOT_FUSED(CHAIN, ACTIVATION(1, "tanh"));
    CHECK_NOT_FUSED(CHAIN, RELU_WITH(1, NUMBER("negative_slope", 0.1)));
    CHECK_NOT_FUSED(CHAIN, RELU_WITH(1, NUMBER("threshold", 1)));
    CHECK_NOT_FUSED(CHAIN, ADD(1, 1));
    CHECK_NOT_FUSED(CHAIN, ADD(1, 0, 0));
    CHECK_NOT_FUSED(CHAIN, GLOBAL_AVERAGE(0), ADD(1, 2)); /* broadcast */
    CHECK_NOT_FUSED(CHAIN, ACTIVATION(1, "relu"), ACTIVATION(1, "tanh"), ADD(2, 3));
#undef CHAIN
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
static const fcnn_attribute depthwise[] = {INTEGER("depth_multiplier", 1), INTEGER("kernel_size", 3),
                                           INTEGER("strides", 1),          TEXT("padding", "same"),
                                           INTEGER("dilation_rate", 1),    INTEGER("use_bias", 0)};
static const fcnn_attribute pool[] = {INTEGER("pool_size", 2), INTEGER("strides", 1), TEXT("padding", "same")};
static const fcnn_attribute relu[] = {TEXT("function", "relu")}, gelu[] = {TEXT("function", "gelu")},
                            linear[] = {TEXT("function", "linear")}, sigmoid[] = {TEXT("function", "sigmoid")};
static const fcnn_attribute half[] = {NUMBER("rate", 0.5), INTEGER("seed", 3)},
                            twice[] = {NUMBER("scale", 2), NUMBER("offset", 0)};
static const fcnn_attribute normal[] = {NUMBER("epsilon", 1e-3), NUMBER("momentum", 0.9)};
static const fcnn_attribute units[] = {INTEGER("units", 2), INTEGER("use_bias", 1)};

static const struct {
    const char *type;
    fcnn_attributes attributes;
} kinds[] = {
    {"conv2d", {bordered, 6}},
    {"conv2d", {plain, 6}},
    {"max_pooling2d", {pool, 3}},
    {"activation", {relu, 1}},
    {"activation", {gelu, 1}},
    {"activation", {linear, 1}},
    {"activation", {sigmoid, 1}},
    {"dropout", {half, 2}},
    {"rescaling", {twice, 2}},
    {"reshape", {same_shape, 1}},
    {"dense", {units, 2}},
    {"softmax", {NULL, 0}},
    {"add", {NULL, 0}},
    {"conv2d", {bordered, 6}},
    {"activation", {relu, 1}},
    {"max_pooling2d", {pool, 3}},
    {"batch_normalization", {normal, 2}},
    {"batch_normalization", {normal, 2}},
    {"depthwise_conv2d", {depthwise, 6}},
};

/* A graph in the making. */
typedef struct draft {
    fcnn_node_spec specs[MOST_NODES];
    size_t inputs[MOST_NODES][FCNN_MAX_INPUTS], shares[MOST_NODES];
    int used[MOST_NODES];
    size_t nodes;
} draft;

/* An earlier node that `n` can share parameters with; n where there is none. */
static size_t partner_of(const draft *d, size_t n)
{
    for (size_t m = 1; m < n; m++)
        if (d->specs[m].attributes.items == d->specs[n].attributes.items && d->specs[n].attributes.items &&
            (strcmp(d->specs[n].type, "conv2d") == 0 || strcmp(d->specs[n].type, "dense") == 0 ||
             strcmp(d->specs[n].type, "batch_normalization") == 0))
            return m;
    return n;
}

/* A node mostly follows the one before, and sometimes shares its parameters with an earlier one of its kind. */
static void draw_node(draft *d, uint64_t trial)
{
    const size_t n = d->nodes++, kind = draw(trial, 10 * n, sizeof kinds / sizeof *kinds);
    const size_t sources = strcmp(kinds[kind].type, "add") == 0 ? 2 + draw(trial, 10 * n + 1, 2) : 1;
    for (size_t i = 0; i < sources; i++) {
        d->inputs[n][i] = draw(trial, 10 * n + 2 + i, 4) ? n - 1 : draw(trial, 10 * n + 5 + i, n);
        d->used[d->inputs[n][i]] = 1;
    }
    d->specs[n] = (fcnn_node_spec){.type = kinds[kind].type,
                                   .name = kinds[kind].type,
                                   .input = d->inputs[n],
                                   .inputs = sources,
                                   .attributes = kinds[kind].attributes};
    d->specs[n].mode = draw(trial, 900 + n, 6) ? FCNN_UNTOLD : (fcnn_mode)(1 + draw(trial, 950 + n, 2));
    d->shares[n] = partner_of(d, n);
    if (d->shares[n] < n && draw(trial, 10 * n + 9, 3) == 0)
        d->specs[n].shares = &d->shares[n];
}

/* One to three inputs; outputs are what nobody has used, and sometimes others. */
static fcnn_graph *random_graph(uint64_t trial)
{
    draft d = {0};
    size_t output[2 * MOST_NODES], outputs = 0;
    const size_t count = 2 + draw(trial, 0, MOST_NODES - 2), first = 1 + draw(trial, 1, 3) * (count > 6);
    while (d.nodes < first)
        d.specs[d.nodes++] = (fcnn_node_spec){.type = "input", .name = "input", .attributes = {shape, 1}};
    while (d.nodes < count)
        draw_node(&d, trial);
    for (size_t n = 0; n < count; n++)
        if ((!d.used[n] && n >= first) || n + 1 == count || draw(trial, 300 + n, 12) == 0)
            output[outputs++] = n;
    if (draw(trial, 400, 8) == 0)
        output[outputs++] = output[0];
    fcnn_graph *graph = NULL;
    fcnn_error error = {.status = FCNN_OK};
    const int created = fcnn_graph_create(&graph, d.specs, count, output, outputs, &error) == FCNN_OK;
    check_that(created, error.message, __FILE__, __LINE__);
    return graph;
}

/* Whether the loss may read what goes into output o's activation: nobody else reads that output. */
static int can_absorb(const fcnn_graph *graph, size_t o)
{
    size_t users = 0;
    for (size_t other = 0; other < graph->outputs; other++)
        users += graph->output[other] == graph->output[o];
    for (size_t n = 0; n < graph->nodes; n++)
        for (size_t i = 0; i < graph->node[n].layer.inputs; i++)
            users += graph->node[n].input[i] == graph->output[o];
    return users == 1 && graph->node[graph->output[o]].layer.activation != NULL;
}

static void test_random_graphs(void)
{
    for (uint64_t trial = 0; trial < 6000; trial++) {
        fcnn_graph *graph = random_graph(trial);
        unsigned char trainable[MOST_NODES], statistics[MOST_NODES], losses[2 * MOST_NODES], absorbs[2 * MOST_NODES];
        for (size_t n = 0; n < graph->nodes; n++) {
            trainable[n] = draw(trial, 500 + n, 4) > 0;
            statistics[n] = draw(trial, 600 + n, 4) > 0;
        }
        for (size_t o = 0; o < graph->outputs; o++) {
            losses[o] = draw(trial, 700 + o, 4) > 0;
            absorbs[o] = losses[o] && can_absorb(graph, o) && draw(trial, 800 + o, 2);
        }
        for (int level = 0; level < 4; level++) {
            static const fcnn_mode runs[] = {FCNN_AS_IN_INFERENCE, FCNN_AS_IN_TRAINING, FCNN_AS_IN_TRAINING,
                                             FCNN_UNTOLD};
            const fcnn_purpose purpose = {runs[level], level == 2, trial % 2, losses, absorbs, trainable, statistics};
            char text[64];
            snprintf(text, sizeof text, "random graph %d, level %d", (int)trial, level);
            check_that(plays_well(graph, &purpose), text, __FILE__, __LINE__);
        }
        fcnn_graph_destroy(graph);
    }
}

/* ---- particular plans ---- */

static fcnn_status create_plan(fcnn_plan **plan, const fcnn_graph *graph, int training, fcnn_error *error)
{
    return fcnn_plan_create(plan, graph, training ? &training_of_all : &inference, error);
}

static fcnn_plan *plan_of(const fcnn_graph *graph, int training)
{
    fcnn_plan *plan = NULL;
    fcnn_error error;
    CHECK(create_plan(&plan, graph, training, &error) == FCNN_OK);
    fcnn_plan_check(plan, graph);
    return plan;
}

/* Actions of a kind in the phases [first, end); of one step, if that is not NULL. */
static size_t count_actions(const fcnn_plan *plan, size_t first, size_t end, const fcnn_step *step, fcnn_verb verb)
{
    size_t count = 0;
    for (size_t i = plan->phase[first].first; i < plan->phase[end - 1].end; i++)
        count += plan->action[i].verb == verb && (!step || plan->action[i].step == step);
    return count;
}

static void test_plan_of_two_branches(void)
{
    fcnn_graph *graph =
        GRAPH(IMAGES(6, 6, 2), CONV(0, 4, 3, "same"), CONV(1, 4, 3, "same"), ACTIVATION(2, "relu"),
              CONV(1, 4, 1, "valid"), ADD(3, 4, 1), FLATTEN(5, 144), ACTIVATION(6, "tanh"), DENSE(7, 3));
    fcnn_plan *plan = plan_of(graph, 1);
    CHECK(plan->steps == 7); /* Flatten is no step */
    const fcnn_step *relu_step = &plan->step[2], *add = &plan->step[4], *tanh_step = &plan->step[5];
    CHECK(relu_step->node == &graph->node[3] && add->node == &graph->node[5] && tanh_step->node == &graph->node[7]);
    CHECK(relu_step->y == relu_step->x[0]); /* in place: the convolution reads no y */
    CHECK(relu_step->dx[0] == relu_step->dy);
    CHECK(tanh_step->x[0] == add->y && tanh_step->y == add->y); /* through the view */
    CHECK(!plan->step[0].dx[0] && !plan->step[0].has_backward && plan->step[0].summing != FCNN_SUM_NOTHING);

    size_t sums = 0; /* node 1 has three users */
    for (size_t s = 0; s < plan->steps; s++)
        for (size_t i = 0; i < plan->step[s].layer->inputs; i++)
            sums += plan->step[s].sum[i] != NULL;
    CHECK(sums == 2);
    CHECK(plan->record % 32 == 16); /* an odd number of cache lines */
    fcnn_plan_destroy(plan);
    fcnn_graph_destroy(graph);
}

/* One record of a block: what a residual block keeps, and gradients that are written in place. */
static void test_a_residual_block_keeps_each_tensor_once(void)
{
    fcnn_graph *graph = GRAPH(IMAGES(8, 8, 4), CONV(0, 4, 3, "same"), NORMALIZE(1), ACTIVATION(2, "relu"),
                              CONV(3, 4, 3, "same"), NORMALIZE(4), ADD(5, 3), ACTIVATION(6, "relu"), DENSE(7, 4));
    fcnn_plan *plan = plan_of(graph, 1);
    CHECK(plan->steps == 5);
    const fcnn_step *first = &plan->step[1], *second = &plan->step[3];
    CHECK(first->node == &graph->node[2] && second->node == &graph->node[5] && second->x[1] == first->y);
    CHECK(first->dx[0] == first->dy && second->dx[1] == second->dy && second->dx[0] != second->dy);
    CHECK(plan->step[2].sum[0] == second->dx[1]); /* two users of the first block's output */
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
    CHECK(step->node == &graph->node[4] && step->summing == FCNN_SUM_PARTS && step->parts && !plan->step[0].parts);
    /* fold; prepare; images; parts; images and losses; shards of the layer; images; the other gradients; updates;
     * moves */
    CHECK(plan->phases == 10 && plan->phase[3].work == FCNN_PARTS_OF_STEP && plan->backward == 5);
    CHECK(plan->phase[5].work == FCNN_PIECES);
    CHECK(count_actions(plan, 5, 6, step, FCNN_FIND_GRADIENT) == step->layer->gradient_shards);
    CHECK(count_actions(plan, 5, 6, NULL, FCNN_FIND_GRADIENT) == step->layer->gradient_shards);
    fcnn_plan_destroy(plan);
    fcnn_graph_destroy(graph);
}

/* The first two dense layers have many parameters; the first needs no dx, but packs dy for its gradient. */
static void test_large_dense_layers_in_bfloat16_pack_all_images(void)
{
    fcnn_graph *graph = GRAPH(IMAGES(4, 4, 16), FLATTEN(0, 256), ROUNDED_DENSE(1, 200), ROUNDED_DENSE(2, 170),
                              ROUNDED_DENSE(3, 10), SOFTMAX(4));
    fcnn_plan *plan = plan_of(graph, 1);
    /* fold; prepare; images; pack; shards; images; pack; shards; images and losses; pack; shards; images; pack; shards;
     * images; the other gradients; updates; moves */
    CHECK(plan->steps == 4 && plan->phases == 18 && plan->backward == 9 && plan->together == FCNN_TILE_DEPTH);
    for (size_t s = 0; s < 2; s++) {
        const fcnn_step *step = &plan->step[s];
        const size_t forward = 3 + 3 * s, backward = 12 - 3 * s;
        CHECK(step->summing == FCNN_SUM_PACKED && step->has_backward == (s == 1));
        CHECK(count_actions(plan, forward, forward + 1, step, FCNN_PACK) == step->layer->pack_shards[0]);
        CHECK(count_actions(plan, forward + 1, forward + 2, step, FCNN_FORWARD_SHARD) == step->layer->forward_shards);
        CHECK(count_actions(plan, backward, backward + 1, step, FCNN_PACK_BACKWARD) == step->layer->pack_shards[1]);
        CHECK(count_actions(plan, backward + 1, backward + 2, step, FCNN_FIND_GRADIENT) ==
              step->layer->gradient_shards);
        CHECK(step->layer->packed <= plan->packed);
    }
    CHECK(plan->step[2].layer->packed == 0 && plan->step[2].layer->bfloat16 &&
          plan->step[2].summing == FCNN_SUM_SHARDS);
    CHECK(plan->packing == 256 * 200 + 200 + 200 * 170 + 170);
    fcnn_plan_destroy(plan);
    fcnn_graph_destroy(graph);
}

/* A convolution is fused with its pool whatever its policy, and then not rounded; nothing is multiplied into one that
 * is. */
static void test_convolutions_in_bfloat16(void)
{
    fcnn_graph *pooled =
        GRAPH(IMAGES(8, 8, 16), ROUNDED_CONV(0, 4, 3, "valid"), ACTIVATION(1, "relu"), MAX_POOL(2, 2, 2, "valid"));
    fcnn_plan *plan = plan_of(pooled, 1);
    CHECK(plan->steps == 1 && !plan->step[0].layer->bfloat16 && plan->together == FCNN_STRETCH);
    fcnn_plan_destroy(plan);
    fcnn_graph_destroy(pooled);

    fcnn_graph *normalized =
        GRAPH(IMAGES(8, 8, 16), ROUNDED_CONV(0, 4, 3, "same"), NORMALIZE(1), ROUNDED_CONV(2, 4, 3, "same"));
    plan = plan_of(normalized, 0);
    CHECK(plan->steps == 3 && !plan->step[0].folded && plan->step[0].layer->bfloat16);
    CHECK(!plan->step[2].layer->bfloat16); /* 12 numbers in a row of the kernel */
    fcnn_plan_destroy(plan);
    fcnn_graph_destroy(normalized);
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
    fcnn_plan *plan = NULL;
    fcnn_error error;
    CHECK(create_plan(&plan, graph, 1, &error) == FCNN_E_SHAPE);
    CHECK_ERROR(error, FCNN_E_SHAPE, "too large");
    fcnn_graph_destroy(graph);
}

/* The training plan keeps what backward needs; the plan for predictions need not. */
static void test_predictions_need_less_memory(void)
{
    fcnn_graph *graph = GRAPH(IMAGES(12, 12, 1), CONV(0, 8, 3, "same"), ACTIVATION(1, "tanh"), CONV(2, 8, 3, "same"),
                              ACTIVATION(3, "tanh"), CONV(4, 8, 3, "same"), GLOBAL_AVERAGE(5), DENSE(6, 3));
    fcnn_plan *large = plan_of(graph, 1), *small = plan_of(graph, 0);
    CHECK(small->record < large->record / 2);
    CHECK(count_actions(small, 0, small->phases, NULL, FCNN_FIND_GRADIENT) == 0);
    CHECK(count_actions(large, 0, large->phases, NULL, FCNN_FIND_GRADIENT) > 0);
    fcnn_plan_destroy(large);
    fcnn_plan_destroy(small);
    fcnn_graph_destroy(graph);
}

int main(void)
{
    test_live_buffers_never_overlap();
    test_buffers_of_different_times_share_memory();
    test_conv_relu_pool_is_one_step();
    test_a_tensor_that_others_read_is_not_fused_away();
    test_other_neighbours_are_not_fused();
    test_batch_normalization_is_folded_into_a_convolution();
    test_convolution_limits_its_outputs();
    test_batch_normalization_adds_and_limits_in_one_pass();
    test_random_graphs();
    test_plan_of_two_branches();
    test_a_residual_block_keeps_each_tensor_once();
    test_what_nobody_reads_is_not_computed();
    test_a_large_dense_layer_runs_in_parts();
    test_large_dense_layers_in_bfloat16_pack_all_images();
    test_convolutions_in_bfloat16();
    test_a_view_is_not_trimmed_like_its_source();
    test_a_plain_class_may_trim_its_input();
    test_pools_over_more_than_32_bits_are_refused();
    test_predictions_need_less_memory();
    return check_report();
}
