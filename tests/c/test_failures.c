/* test_failures.c - a network of every kind of layer, with several inputs and outputs, shared layers, penalties, rules,
 * statistics and averages: whatever fails in its life is said, leaves no trace, and may be tried again. */
#include "base/memory.h"
#include "base/threads.h"
#include "mixed.h"

enum { OUTPUTS = 2, LABELLED = 48, VALUED = 47, VALUES = 3 };

/* A layer on several nodes. */
#define JOIN(layer, described, ...)                              \
    {.type = layer,                                              \
     .name = layer,                                              \
     .input = (const size_t[]){__VA_ARGS__},                     \
     .inputs = sizeof((size_t[]){__VA_ARGS__}) / sizeof(size_t), \
     .attributes = described}
#define NOTHING ((fcnn_attributes){NULL, 0})

/* A layer on node `source` that has the parameters of node `other`. */
#define AGAIN(layer, source, other, ...)                                              \
    {                                                                                 \
        .type = layer, .name = layer, .input = (const size_t[]){source}, .inputs = 1, \
        .attributes = DESCRIBE(__VA_ARGS__), .shares = (const size_t[])               \
        {                                                                             \
            other                                                                     \
        }                                                                             \
    }

#define WINDOW(size) PAIR("kernel_size", size, size), PAIR("strides", 1, 1), PAIR("dilation_rate", 1, 1)
#define POINTS INTEGER("filters", 2), WINDOW(1), TEXT("padding", "valid"), INTEGER("use_bias", 1)
#define UNITS INTEGER("units", 4), INTEGER("use_bias", 1)
#define NOISY(layer, source, name, value) NODE(layer, source, NUMBER(name, value), INTEGER("seed", source))

static fcnn_status create_graph(fcnn_graph **graph, fcnn_error *error)
{
    const fcnn_node_spec specs[] = {
        IMAGES(8, 8, 2),
        {.type = "input", .name = "numbers", .attributes = DESCRIBE(INTEGER("shape", 6))},
        NODE("zero_padding2d", 0, FOUR("padding", 1, 1, 1, 1)),
        CONV(2, 6, 3, "same"),
        NORMALIZE(3),
        ACTIVATION(4, "relu"),
        PENALIZE(5, 0.01, 0.02),
        NODE("grouped_conv2d", 6, INTEGER("filters", 6), INTEGER("groups", 2), WINDOW(3), TEXT("padding", "same"),
             INTEGER("use_bias", 1)),
        NORMALIZE(7),
        ADD(8, 5),
        ACTIVATION(9, "relu"),
        MAX_POOL(10, 2, 2, "valid"),
        NODE("depthwise_conv2d", 11, INTEGER("depth_multiplier", 1), WINDOW(3), TEXT("padding", "same"),
             INTEGER("use_bias", 1)),
        NODE("prelu", 12, THREE("along", 0, 0, 1)),
        NODE("normalization", 13, THREE("along", 0, 0, 1), TEXT("kind", "standard"), NUMBER("epsilon", 1e-3)),
        NODE("affine", 14, THREE("along", 0, 0, 1), TEXT("scale", "gamma"), INTEGER("offset", 1)),
        NODE("conv2d_transpose", 15, INTEGER("filters", 4), PAIR("kernel_size", 3, 3), PAIR("strides", 2, 2),
             PAIR("dilation_rate", 1, 1), TEXT("padding", "same"), INTEGER("use_bias", 1)),
        NODE("cropping2d", 16, FOUR("cropping", 1, 1, 1, 1)),
        AVERAGE_POOL(17, 2, 2, "valid"),
        NODE("up_sampling2d", 18, PAIR("size", 2, 2)),
        NODE("resizing", 19, PAIR("size", 4, 4), TEXT("interpolation", "bilinear"), INTEGER("antialias", 1)),
        NODE("permute", 20, THREE("dims", 1, 0, 2)),
        NOISY("gaussian_noise", 21, "stddev", 0.1),
        NOISY("gaussian_dropout", 22, "rate", 0.1),
        NOISY("alpha_dropout", 23, "rate", 0.1),
        NOISY("dropout", 24, "rate", 0.1),
        NODE("glu", 25, INTEGER("axis", 2)),
        NODE("conv2d", 25, POINTS),
        AGAIN("conv2d", 24, 27, POINTS),
        JOIN("maximum", NOTHING, 26, 27),
        JOIN("minimum", NOTHING, 27, 28),
        JOIN("multiply", NOTHING, 29, 30),
        JOIN("average", NOTHING, 31, 26),
        JOIN("subtract", NOTHING, 32, 28),
        JOIN("concatenate", DESCRIBE(INTEGER("axis", 2)), 33, 26),
        GLOBAL_AVERAGE(34),
        NODE("global_max_pooling2d", 34, INTEGER("keepdims", 0)),
        SOFTMAX(35),
        JOIN("log_softmax", NOTHING, 36),
        JOIN("sparsemax", NOTHING, 36),
        NODE("dense", 1, UNITS),
        SCALE(1, 0.5),
        AGAIN("dense", 41, 40, UNITS),
        ADD(37, 38, 39, 40, 42),
        NODE("reshape", 43, PAIR("target_shape", 2, 2)),
        JOIN("dot", NOTHING, 44, 44),
        NODE("reshape", 45, INTEGER("target_shape", 4)),
        DENSE(43, VALUES),
        DENSE(46, CLASSES),
    };
    return fcnn_graph_create(graph, specs, sizeof specs / sizeof *specs, (size_t[]){LABELLED, VALUED}, OUTPUTS, error);
}

static fcnn_status create_network(fcnn_network **network, fcnn_error *error)
{
    fcnn_graph *graph;
    FCNN_TRY(create_graph(&graph, error));
    return fcnn_network_create(network, graph, fcnn_kernels_for(best_isa()), error);
}

/* ---- its life ---- */

static fcnn_status set_objectives(fcnn_network *network, fcnn_error *error)
{
    fcnn_objective objectives[OUTPUTS] = {{.has_loss = 1}, {.has_loss = 1}};
    const fcnn_attributes crossentropy =
        DESCRIBE(TEXT("type", "sparse_categorical_crossentropy"), INTEGER("from_logits", 1));
    CHECK(fcnn_loss_create(&objectives[0].loss, &crossentropy, error) == FCNN_OK);
    CHECK(fcnn_loss_create(&objectives[1].loss, &SQUARED_ERROR, error) == FCNN_OK);
    return fcnn_network_set_objectives(network, objectives, error);
}

/* A penalty for each parameter, and a bound for its numbers; of matrices, a penalty for rows that are not
 * orthogonal. */
static fcnn_status set_rules(fcnn_network *network, fcnn_error *error)
{
    enum { MOST = 64 };
    const fcnn_attributes small = DESCRIBE(TEXT("type", "l1_l2"), NUMBER("l1", 1e-3), NUMBER("l2", 1e-3));
    const fcnn_attributes apart = DESCRIBE(TEXT("type", "orthogonal"), NUMBER("factor", 0.1), TEXT("mode", "rows"));
    const fcnn_attributes positive = DESCRIBE(TEXT("type", "non_neg"));
    fcnn_regularizer regularizers[MOST] = {{0}};
    fcnn_constraint constraints[MOST] = {{0}};
    const fcnn_graph *graph = network->graph;
    size_t p = 0;
    for (size_t n = 0; n < graph->nodes; n++)
        for (size_t i = 0; fcnn_graph_is_owner(graph, n) && i < graph->node[n].layer.parameters; i++, p++) {
            const fcnn_shape *shape = &graph->node[n].layer.parameter[i].shape;
            const fcnn_attributes *penalty = shape->rank == 2 ? &apart : &small;
            CHECK(p < MOST && fcnn_regularizer_create(&regularizers[p], penalty, shape, error) == FCNN_OK);
            CHECK(shape->rank > 1 || fcnn_constraint_create(&constraints[p], &positive, shape, error) == FCNN_OK);
        }
    return fcnn_network_set_rules(network, regularizers, constraints, error);
}

typedef enum call { TRAIN, FIND_GRADIENTS, TEST, PREDICT, PREDICT_AS_IN_TRAINING } call;

static float outputs[OUTPUTS][ROWS * CLASSES];

static fcnn_status run(fcnn_network *network, call what, size_t start, size_t stop, fcnn_error *error)
{
    const fcnn_shape numbers = {1, {6}}, label = {0}, value = {1, {VALUES}};
    const fcnn_array x[] = {inputs_of(network, inputs), rows_of(inputs, FCNN_FLOAT32, &numbers, 1)};
    const fcnn_array y[OUTPUTS] = {rows_of(labels, FCNN_INT64, &label, 0), rows_of(values, FCNN_FLOAT32, &value, 1)};
    const fcnn_array weights[OUTPUTS] = {rows_of(sample_weights, FCNN_FLOAT32, NULL, 0)};
    const fcnn_batch batch = {.x = x,
                              .y = y,
                              .sample_weight = weights,
                              .rows = {NULL, start, stop},
                              .outputs = (float *[]){outputs[0], outputs[1]}};
    fcnn_score scores[OUTPUTS];
    fcnn_results results = {.score = scores};
    double penalty;
    switch (what) {
    case TRAIN:
    case FIND_GRADIENTS:
        return fcnn_network_train(network, &batch, what == TRAIN, &results, error);
    case TEST:
        return fcnn_network_test(network, &batch, &results, error);
    default:
        return fcnn_network_predict(network, &batch, what == PREDICT ? FCNN_AS_IN_INFERENCE : FCNN_AS_IN_TRAINING,
                                    &penalty, error);
    }
}

/* Makes `call` again without fault injection where it failed, and counts that; the failure has changed nothing. */
#define ATTEMPT(call)                                      \
    do {                                                   \
        if (network)                                       \
            take(network, &before);                        \
        if ((call) == FCNN_OK)                             \
            break;                                         \
        CHECK_ERROR(error, FCNN_E_MEMORY, "");             \
        CHECK(!network || is_unchanged(network, &before)); \
        failures++;                                        \
        fcnn_memory_fail_after(-1);                        \
        CHECK((call) == FCNN_OK);                          \
    } while (0)

/* A network's whole life; allocations fail after `successes` others (-1: none do). Returns how many calls failed. */
static int live(long successes, snapshot *end)
{
    const fcnn_attributes optimizer = DESCRIBE(TEXT("type", "adam"), INTEGER("amsgrad", 1), NUMBER("clipnorm", 0.5),
                                               NUMBER("ema_momentum", 0.9), INTEGER("gradient_accumulation_steps", 2));
    static snapshot before;
    fcnn_network *network = NULL;
    fcnn_error error;
    int failures = 0;
    fcnn_memory_fail_after(successes);
    ATTEMPT(create_network(&network, &error));
    fill_weights(network);
    ATTEMPT(set_objectives(network, &error));
    ATTEMPT(set_optimizer(network, optimizer, &error));
    ATTEMPT(set_rules(network, &error));
    ATTEMPT(run(network, TRAIN, 0, 3, &error));
    ATTEMPT(run(network, TRAIN, 3, ROWS, &error));
    ATTEMPT(run(network, FIND_GRADIENTS, 1, 8, &error));
    ATTEMPT(fcnn_network_apply_gradients(network, &error));
    ATTEMPT(run(network, TEST, 0, ROWS, &error));
    ATTEMPT(run(network, PREDICT_AS_IN_TRAINING, 2, ROWS, &error));
    ATTEMPT(run(network, PREDICT, 0, ROWS, &error));
    fcnn_memory_fail_after(-1);
    take(network, end);
    fcnn_network_destroy(network);
    return failures;
}

static void test_every_allocation_may_fail(void)
{
    static snapshot expected, actual;
    static float predictions[OUTPUTS][ROWS * CLASSES];
    CHECK(live(-1, &expected) == 0);
    memcpy(predictions, outputs, sizeof outputs);
    CHECK(expected.iterations == 3 && expected.random_step == 4);
    long successes = 0;
    while (live(successes, &actual) == 1) {
        CHECK(memcmp(&actual, &expected, sizeof actual) == 0);
        CHECK(memcmp(predictions, outputs, sizeof outputs) == 0);
        successes++;
    }
    CHECK(successes > 100);
}

/* ---- statistics that are not finite ---- */

/* With a batch normalization that is told to act so. */
static fcnn_network *normalized_network(fcnn_mode mode)
{
    fcnn_node_spec specs[] = {IMAGES(4, 4, 1), CONV(0, 3, 3, "same"), NORMALIZE(1), FLATTEN(2, 48), DENSE(3, 2)};
    specs[2].mode = mode;
    fcnn_network *network = network_of(graph_of(specs, sizeof specs / sizeof *specs), best_isa(), SQUARED_ERROR);
    fcnn_error error;
    CHECK(set_optimizer(network, optimizers[0], &error) == FCNN_OK);
    return network;
}

/* What a batch left behind where nobody cared is not taken for the next one's. */
static void test_statistics_of_other_batches_do_not_count(void)
{
    static float before[MIXED_WEIGHTS];
    fcnn_network *network = normalized_network(FCNN_UNTOLD);
    fcnn_error error;
    double loss;
    const size_t bytes = weight_count(network) * sizeof(float);
    memcpy(before, network->weights, bytes);
    network->weights[weight_count(network) - 1] = NAN;
    network->state.check_finite = 0;
    CHECK(run_batch(network, inputs, 0, 4, 1, 1, &loss, &error) == FCNN_OK);
    CHECK(isnan(loss));
    memcpy(network->weights, before, bytes);
    for (size_t s = 0; s < network->optimizer.slots; s++)
        memset(network->slot[s], 0, bytes);
    network->state.check_finite = 1;
    check_that(run_batch(network, inputs, 0, 4, 1, 1, &loss, &error) == FCNN_OK, error.message, __FILE__, __LINE__);
    fcnn_network_destroy(network);
}

/* A variance that overflows moves nothing, neither in training nor in predictions as in training. */
static void check_that_nothing_moves(fcnn_mode told, fcnn_mode run)
{
    static snapshot before;
    static float huge[ROWS * MOST_INPUTS], out[ROWS * 2];
    fcnn_network *network = normalized_network(told);
    const fcnn_array x = inputs_of(network, huge);
    fcnn_error error;
    double loss;
    for (size_t i = 0; i < sizeof huge / sizeof *huge; i++)
        huge[i] = i % 2 ? 1e30f : -1e30f;
    take(network, &before);
    CHECK(run_batch(network, huge, 0, 4, 1, 1, &loss, &error) == FCNN_E_NONFINITE);
    CHECK_ERROR(error, FCNN_E_NONFINITE, "the statistics of layer 'batch_normalization' are not finite");
    CHECK(is_unchanged(network, &before));
    CHECK(predict_rows(network, &x, 0, 4, out, run, &error) == FCNN_E_NONFINITE);
    CHECK_ERROR(error, FCNN_E_NONFINITE, "the statistics of layer 'batch_normalization' are not finite");
    CHECK(is_unchanged(network, &before));
    network->state.check_finite = 0;
    CHECK(predict_rows(network, &x, 0, 4, out, run, &error) == FCNN_OK);
    CHECK(!is_unchanged(network, &before));
    fcnn_network_destroy(network);
}

static void test_statistics_that_are_not_finite_do_not_move(void)
{
    check_that_nothing_moves(FCNN_UNTOLD, FCNN_AS_IN_TRAINING);
    check_that_nothing_moves(FCNN_AS_IN_TRAINING, FCNN_UNTOLD);
}

/* ---- what is too large ---- */

/* At once: nobody walks along the shards of so many parameters. */
static void check_too_large(const fcnn_node_spec *specs, size_t count, const char *part)
{
    fcnn_graph *graph;
    fcnn_error error = {0};
    CHECK(fcnn_graph_create(&graph, specs, count, &(size_t){count - 1}, 1, &error) == FCNN_E_ARGUMENT);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, part);
}

static void test_too_many_parameters_are_refused(void)
{
    const fcnn_node_spec layer[] = {IMAGES(9, 8, 3), CONV(0, 2, 1 << 18, "same")};
    const fcnn_node_spec layers[] = {
        {.type = "input", .name = "numbers", .attributes = DESCRIBE(INTEGER("shape", 60000))},
        DENSE(0, 60000),
        DENSE(1, 60000)};
    check_too_large(layer, 2, "layer 'conv2d' has more than 2^32 parameters");
    check_too_large(layers, 3, "the network has more than 2^32 parameters at layer 'dense'");
}

int main(void)
{
    fill_data();
    test_too_many_parameters_are_refused();
    test_every_allocation_may_fail();
    test_statistics_of_other_batches_do_not_count();
    test_statistics_that_are_not_finite_do_not_move();
    return check_report();
}
