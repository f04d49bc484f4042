/* test_training.c - training gives the same bits everywhere, failures leave no trace, frozen parameters stay,
 * optimizers may be exchanged, updates that overflow are not made, and who made a loss infinite is named.
 */
#include "base/memory.h"
#include "base/threads.h"
#include "mixed.h"

/* For any number of threads and every build with fused multiply-add. */
static void test_training_gives_the_same_bits(void)
{
    static const size_t thread_counts[] = {1, 2, 3, 4, 7, 16};
    static snapshot untrained, expected;
    fcnn_error error;
    for (size_t o = 0; o < MIXED_OPTIMIZERS; o++) {
        fcnn_isa first = FCNN_ISA_REFERENCE;
        double expected_loss = NAN;
        for (fcnn_isa isa = FCNN_ISA_BASELINE; isa < FCNN_ISA_COUNT; isa++) {
            if (!fcnn_isa_available(isa))
                continue;
            if (!has_fma(first))
                first = isa;
            for (size_t t = 0; t < sizeof thread_counts / sizeof *thread_counts; t++) {
                CHECK(fcnn_threads_set(thread_counts[t], &error) == FCNN_OK);
                fcnn_network *network = mixed_network(isa, mixed_optimizer(o));
                take(network, &untrained);
                const double loss = train_steps(network, 30);
                CHECK(!is_unchanged(network, &untrained));
                CHECK(network->state.iterations == 30);
                CHECK(network->state.random_step == 30);
                if (isa == first && t == 0) {
                    take(network, &expected);
                    expected_loss = loss;
                }
                CHECK(loss == expected_loss);
                CHECK(is_unchanged(network, &expected));
                fcnn_network_destroy(network);
            }
        }
        add_to_digest(&expected, sizeof expected);
    }
    check_digest(0xb1ae0b19147d2525);
    CHECK(fcnn_threads_set(0, &error) == FCNN_OK);
}

/* A block of a residual network: what looks at the whole batch, forward and backward, behind each convolution. */
static fcnn_graph *residual_graph(void)
{
    return GRAPH(IMAGES(10, 10, 1), CONV(0, 17, 3, "same"), NORMALIZE(1), ACTIVATION(2, "relu"), CONV(3, 17, 3, "same"),
                 NORMALIZE(4), ADD(5, 3), ACTIVATION(6, "relu"), CONV(7, 9, 1, "valid"), NORMALIZE(8), ADD(9, 9),
                 GLOBAL_AVERAGE(10), DENSE(11, CLASSES), NORMALIZE(12), SOFTMAX(13));
}

static void test_what_looks_at_the_batch_gives_the_same_bits(void)
{
    static const size_t thread_counts[] = {1, 2, 3, 7};
    static snapshot expected;
    static float expected_predictions[ROWS * CLASSES], predictions[ROWS * CLASSES];
    fcnn_error error;
    fcnn_isa first = FCNN_ISA_REFERENCE;
    for (fcnn_isa isa = FCNN_ISA_BASELINE; isa < FCNN_ISA_COUNT; isa++) {
        if (!fcnn_isa_available(isa))
            continue;
        const int is_first = !has_fma(first);
        if (is_first)
            first = isa;
        for (size_t t = 0; t < sizeof thread_counts / sizeof *thread_counts; t++) {
            CHECK(fcnn_threads_set(thread_counts[t], &error) == FCNN_OK);
            fcnn_network *network = network_of(residual_graph(), isa, SPARSE_CROSSENTROPY);
            CHECK(weight_count(network) <= MIXED_WEIGHTS);
            CHECK(set_optimizer(network, optimizers[0], &error) == FCNN_OK);
            train_steps(network, 10);
            predict(network, inputs, 0, ROWS, predictions);
            if (is_first && t == 0) {
                take(network, &expected);
                memcpy(expected_predictions, predictions, sizeof predictions);
            }
            CHECK(is_unchanged(network, &expected));
            CHECK(are_equal(predictions, expected_predictions, ROWS * CLASSES));
            fcnn_network_destroy(network);
        }
    }
    add_to_digest(&expected, sizeof expected);
    add_to_digest(expected_predictions, sizeof expected_predictions);
    check_digest(0x97160c6b30ad243c);
    CHECK(fcnn_threads_set(0, &error) == FCNN_OK);
}

/* ---- failures leave no trace ---- */

/* Runs `call` again without fault injection where it failed, and counts that. */
#define ATTEMPT(call)                          \
    do {                                       \
        if ((call) == FCNN_OK)                 \
            break;                             \
        CHECK_ERROR(error, FCNN_E_MEMORY, ""); \
        failures++;                            \
        fcnn_memory_fail_after(-1);            \
        CHECK((call) == FCNN_OK);              \
    } while (0)

static fcnn_status create_mixed(fcnn_network **network, fcnn_error *error)
{
    fcnn_graph *graph;
    const fcnn_node_spec specs[] = {IMAGES(10, 10, 1),
                                    CONV(0, 8, 3, "same"),
                                    ACTIVATION(1, "relu"),
                                    MAX_POOL(2, 2, 2, "valid"),
                                    FLATTEN(3, 200),
                                    DENSE(4, CLASSES),
                                    SOFTMAX(5)};
    FCNN_TRY(fcnn_graph_create(&graph, specs, sizeof specs / sizeof *specs, &(size_t){6}, 1, error));
    return fcnn_network_create(network, graph, fcnn_kernels_for(best_isa()), error);
}

/* A network's whole life; allocations fail after `successes` others (-1: none do). Returns how many calls failed. */
static int live(long successes, snapshot *end, float *predictions)
{
    const fcnn_attributes clipped = DESCRIBE(TEXT("type", "adam"), NUMBER("clipnorm", 0.5));
    fcnn_network *network = NULL;
    fcnn_loss loss;
    fcnn_error error;
    double value;
    int failures = 0;
    fcnn_memory_fail_after(successes);
    ATTEMPT(create_mixed(&network, &error));
    fill_weights(network);
    CHECK(fcnn_loss_create(&loss, &SPARSE_CROSSENTROPY, &error) == FCNN_OK);
    CHECK(set_objective(network, &loss, NULL, 0, &error) == FCNN_OK);
    ATTEMPT(set_optimizer(network, clipped, &error));
    ATTEMPT(run_batch(network, inputs, 0, 4, 1, 1, &value, &error));
    ATTEMPT(run_batch(network, inputs, 4, MIXED_BATCH, 1, 1, &value, &error));
    ATTEMPT(run_batch(network, inputs, 3, MIXED_BATCH + 2, 0, 0, &value, &error));
    const fcnn_array x = inputs_of(network, inputs);
    ATTEMPT(predict_rows(network, &x, 0, ROWS, predictions, FCNN_AS_IN_INFERENCE, &error));
    fcnn_memory_fail_after(-1);
    take(network, end);
    fcnn_network_destroy(network);
    return failures;
}

static void test_every_allocation_may_fail(void)
{
    static snapshot expected, actual;
    static float expected_predictions[ROWS * CLASSES], predictions[ROWS * CLASSES];
    CHECK(live(-1, &expected, expected_predictions) == 0);
    long successes = 0;
    while (live(successes, &actual, predictions) == 1) {
        CHECK(memcmp(&actual, &expected, sizeof actual) == 0);
        CHECK(are_equal(predictions, expected_predictions, ROWS * CLASSES));
        successes++;
    }
    CHECK(successes > 20);
}

/* A batch that neither train nor test accepts. */
static void check_refused(fcnn_network *network, const fcnn_array *x, const fcnn_array *y, const fcnn_array *weight,
                          fcnn_status status, const char *part)
{
    static snapshot before;
    const fcnn_batch batch = {.x = x, .y = y, .sample_weight = weight, .rows = {NULL, 0, MIXED_BATCH}};
    fcnn_score score;
    fcnn_results results = {.loss = -1.0, .score = &score};
    fcnn_error error;
    take(network, &before);
    CHECK(fcnn_network_train(network, &batch, 1, &results, &error) == status);
    CHECK_ERROR(error, status, part);
    CHECK(results.loss == -1.0);
    CHECK(is_unchanged(network, &before));
    if (status == FCNN_E_NONFINITE)
        return;
    CHECK(fcnn_network_test(network, &batch, &results, &error) == status);
    CHECK(is_unchanged(network, &before));
}

static void test_refused_batches_leave_no_trace(void)
{
    static float bad_inputs[ROWS * MOST_INPUTS], bad_weights[ROWS], predictions[ROWS * CLASSES];
    static int64_t bad_labels[ROWS * MOST_LABELS];
    static snapshot expected;
    fcnn_network *network = mixed_network(best_isa(), optimizers[0]), *other = mixed_network(best_isa(), optimizers[0]);
    fcnn_error error;
    train_steps(other, 4);
    take(other, &expected);
    train_steps(network, 2);

    memcpy(bad_inputs, inputs, sizeof inputs);
    memcpy(bad_labels, labels, sizeof labels);
    memcpy(bad_weights, sample_weights, sizeof sample_weights);
    const fcnn_array x = inputs_of(network, inputs), y = labels_of(network, labels);
    const fcnn_array bad_x = inputs_of(network, bad_inputs);
    const fcnn_array bad_y = labels_of(network, bad_labels);
    const fcnn_array bad_weight = rows_of(bad_weights, FCNN_FLOAT32, NULL, 0);
    const size_t last = MIXED_BATCH - 1;
    bad_labels[last] = CLASSES;
    check_refused(network, &x, &bad_y, NULL, FCNN_E_ARGUMENT, "label 5 in row 8");
    bad_labels[last] = -1;
    check_refused(network, &x, &bad_y, NULL, FCNN_E_ARGUMENT, "label -1 in row 8");
    bad_weights[last] = INFINITY;
    check_refused(network, &x, &y, &bad_weight, FCNN_E_ARGUMENT, "sample_weight is NaN or infinite in row 8");
    bad_inputs[last * input_size(network) + 99] = NAN;
    check_refused(network, &bad_x, &y, NULL, FCNN_E_ARGUMENT, "x holds NaN or infinity in row 8");
    CHECK(predict_rows(network, &bad_x, 3, ROWS, predictions, FCNN_AS_IN_INFERENCE, &error) == FCNN_E_ARGUMENT);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, "row 8");
    for (size_t i = 0; i < input_size(network); i++)
        bad_inputs[last * input_size(network) + i] = i % 2 ? 3e38f : -3e38f;
    check_refused(network, &bad_x, &y, NULL, FCNN_E_NONFINITE, "layer 'conv2d'");

    double loss;
    for (size_t i = 2; i < 4; i++)
        CHECK(run_batch(network, inputs, i * 5 % (ROWS - MIXED_BATCH), MIXED_BATCH, 1, 1, &loss, &error) == FCNN_OK);
    CHECK(is_unchanged(network, &expected));
    fcnn_network_destroy(network);
    fcnn_network_destroy(other);
}

static void test_targets_must_be_finite(void)
{
    static float bad_values[ROWS * MOST_OUTPUTS];
    static snapshot before;
    fcnn_network *network = network_of(GRAPH(IMAGES(3, 3, 1), FLATTEN(0, 9), DENSE(1, 4)), best_isa(), SQUARED_ERROR);
    fcnn_error error;
    CHECK(set_optimizer(network, optimizers[0], &error) == FCNN_OK);
    memcpy(bad_values, values, sizeof values);
    bad_values[4 * 6 + 1] = -INFINITY;
    const fcnn_array x = inputs_of(network, inputs), y = values_of(network, bad_values);
    take(network, &before);
    check_refused(network, &x, &y, NULL, FCNN_E_ARGUMENT, "y holds NaN or infinity in row 6");
    CHECK(is_unchanged(network, &before));

    network->state.check_finite = 0;
    bad_values[4 * 6 + 1] = 3e38f;
    const fcnn_batch batch = {.x = &x, .y = &y, .rows = {NULL, 0, 8}};
    fcnn_score score;
    fcnn_results results = {.score = &score};
    CHECK(fcnn_network_train(network, &batch, 1, &results, &error) == FCNN_OK);
    CHECK(!isfinite(results.loss) && network->state.iterations == 1);
    fcnn_network_destroy(network);
}

/* ---- frozen parameters ---- */

static void test_frozen_parameters_stay(void)
{
    static float before[MIXED_WEIGHTS];
    for (size_t o = 0; o < MIXED_OPTIMIZERS; o++) {
        fcnn_network *network = mixed_network(best_isa(), mixed_optimizer(o));
        const fcnn_graph *graph = fcnn_network_graph(network);
        unsigned char flags[16] = {0, 0, 1, 0, 0, 1}, seen[16]; /* kernel and bias of five layers */
        const size_t count = fcnn_network_parameter_count(network);
        CHECK(count == 10);
        fcnn_network_set_trainable(network, flags);
        fcnn_network_get_trainable(network, seen);
        CHECK(memcmp(flags, seen, count) == 0);
        memcpy(before, network->weights, weight_count(network) * sizeof *before);
        train_steps(network, 3);
        for (size_t n = 0, p = 0; n < graph->nodes; n++)
            for (size_t i = 0; i < graph->node[n].layer.parameters; i++, p++) {
                const size_t at = graph->node[n].parameters + graph->node[n].layer.parameter[i].offset;
                const size_t size = fcnn_shape_size(&graph->node[n].layer.parameter[i].shape);
                CHECK(are_equal(network->weights + at, before + at, size) == !flags[p]);
            }

        memset(flags, 1, sizeof flags); /* thawed, the network trains as one that was never frozen */
        fcnn_network_set_trainable(network, flags);
        fcnn_network *other = mixed_network(best_isa(), mixed_optimizer(o));
        memcpy(other->weights, network->weights, weight_count(network) * sizeof *before);
        other->state.random_step = network->state.random_step;
        CHECK(gradients_of(network, 7) == gradients_of(other, 7));
        CHECK(are_equal(network->gradients, other->gradients, weight_count(network)));
        fcnn_network_destroy(network);
        fcnn_network_destroy(other);
    }
}

/* Freezing leaves old gradients behind, which belong to no norm any more. */
static void test_gradients_of_frozen_parameters_do_not_count(void)
{
    const fcnn_attributes clipped = DESCRIBE(TEXT("type", "sgd"), NUMBER("global_clipnorm", 0.01));
    fcnn_network *thawed_once = mixed_network(best_isa(), clipped), *always_frozen = mixed_network(best_isa(), clipped);
    const unsigned char flags[16] = {[9] = 1};
    gradients_of(thawed_once, MIXED_BATCH);
    thawed_once->state.random_step = always_frozen->state.random_step = 1;
    fcnn_network_set_trainable(thawed_once, flags);
    fcnn_network_set_trainable(always_frozen, flags);
    train_steps(thawed_once, 2);
    train_steps(always_frozen, 2);
    CHECK(are_equal(thawed_once->weights, always_frozen->weights, weight_count(thawed_once)));
    fcnn_network_destroy(thawed_once);
    fcnn_network_destroy(always_frozen);
}

/* ---- optimizers that are exchanged ---- */

static void test_slots_that_two_optimizers_share_are_kept(void)
{
    const fcnn_attributes plain = DESCRIBE(TEXT("type", "rmsprop"), INTEGER("centered", 1));
    const fcnn_attributes heavy = DESCRIBE(TEXT("type", "rmsprop"), INTEGER("centered", 1), NUMBER("momentum", 0.9));
    static snapshot before, after;
    fcnn_network *network = mixed_network(best_isa(), plain);
    fcnn_optimizer optimizer;
    fcnn_error error;
    const size_t bytes = weight_count(network) * sizeof(float);
    train_steps(network, 3);
    take(network, &before);
    CHECK(fcnn_optimizer_create(&optimizer, &heavy, &error) == FCNN_OK);
    CHECK(fcnn_network_set_optimizer(network, &optimizer, 1, &error) == FCNN_OK);
    take(network, &after);
    const float zeros[MIXED_WEIGHTS] = {0};
    CHECK(after.iterations == 3);
    CHECK(memcmp(after.slots[0], before.slots[0], bytes) == 0); /* velocity */
    CHECK(memcmp(after.slots[1], zeros, bytes) == 0);           /* momentum: new */
    CHECK(memcmp(after.slots[2], before.slots[1], bytes) == 0); /* average_gradient: moved */
    train_steps(network, 1);
    CHECK(fcnn_network_set_optimizer(network, &optimizer, 0, &error) == FCNN_OK);
    take(network, &after);
    CHECK(after.iterations == 0 && memcmp(after.slots[0], zeros, bytes) == 0);
    fcnn_network_destroy(network);
}

/* ---- updates that overflow ---- */

/* A network with one weight, whose gradient is x. */
static fcnn_network *tiny_network(fcnn_attributes optimizer, float weight)
{
    fcnn_error error;
    fcnn_network *network = network_of(GRAPH(IMAGES(1, 1, 1), FLATTEN(0, 1), DENSE(1, 1)), best_isa(), SQUARED_ERROR);
    CHECK(set_optimizer(network, optimizer, &error) == FCNN_OK);
    network->weights[0] = weight;
    return network;
}

static fcnn_status train_on_weighted(fcnn_network *network, float x, float y, float weight, fcnn_error *error)
{
    const fcnn_array xs = {FCNN_FLOAT32, (const char *)&x, 4, {1, 1, 1, 1}, {4, 4, 4, 4}};
    const fcnn_array ys = {FCNN_FLOAT32, (const char *)&y, 2, {1, 1}, {4, 4}};
    const fcnn_array weights = {FCNN_FLOAT32, (const char *)&weight, 1, {1}, {4}};
    const fcnn_batch batch = {.x = &xs, .y = &ys, .sample_weight = &weights, .rows = {NULL, 0, 1}};
    fcnn_score score;
    fcnn_results results = {.score = &score};
    return fcnn_network_train(network, &batch, 1, &results, error);
}

static fcnn_status train_on_one(fcnn_network *network, float x, float y, fcnn_error *error)
{
    return train_on_weighted(network, x, y, 1.0f, error);
}

static void test_an_update_that_overflows_is_refused(void)
{
    static snapshot before;
    fcnn_error error;
    for (size_t o = 0; o < OPTIMIZERS; o++) {
        const fcnn_attributes optimizer = optimizer_number(o);
        fcnn_network *network = tiny_network(optimizer, 1.0f);
        CHECK(train_on_one(network, 1.0f, 0.5f, &error) == FCNN_OK);
        take(network, &before);
        const int overflows = train_on_one(network, 1e12f, -1e18f, &error) == FCNN_E_NONFINITE;
        CHECK(overflows == squares_gradients(optimizer)); /* 1e30: its square is infinite, itself is not */
        if (overflows) {
            CHECK_ERROR(error, FCNN_E_NONFINITE, "first in layer 'dense'. The step was not made");
            CHECK(is_unchanged(network, &before));
        }
        CHECK(isfinite(network->weights[0]) && isfinite(network->weights[1]));
        CHECK(!overflows || train_on_one(network, 1.0f, 0.5f, &error) == FCNN_OK);

        network->state.check_finite = 0;
        CHECK(train_on_one(network, 1e12f, -1e18f, &error) == FCNN_OK);
        fcnn_network_destroy(network);
    }
}

/* Each of these alone makes Adam's numbers overflow, from a loss of a usual size. */
static void test_whatever_is_huge_is_foreseen(void)
{
    static const struct {
        double learning_rate;
        float x, y, weight;
    } huge[] = {
        {1e39, 1.0f, 10.0f, 1.0f},    /* the rate */
        {0.001, 1e20f, 10.0f, 1.0f},  /* the input: the square of the gradient is infinite */
        {0.001, 1.0f, 1e-10f, 1e30f}, /* the sample weight: the same */
        {0.001, 1.0f, 1e-10f, -1e30f},
    };
    static snapshot before;
    fcnn_error error;
    for (size_t i = 0; i < sizeof huge / sizeof *huge; i++) {
        fcnn_network *network = tiny_network(DESCRIBE(TEXT("type", "adam")), 0.0f);
        network->weights[1] = 0.0f;
        network->state.learning_rate = huge[i].learning_rate;
        take(network, &before);
        CHECK(train_on_weighted(network, huge[i].x, huge[i].y, huge[i].weight, &error) == FCNN_E_NONFINITE);
        CHECK_ERROR(error, FCNN_E_NONFINITE, "the update of training step 1");
        CHECK_ERROR(error, FCNN_E_NONFINITE, "The step was not made");
        CHECK(is_unchanged(network, &before));
        fcnn_network_destroy(network);
    }
}

/* Nothing about the batch is large, but the slot is: too late to undo the step, so the weight stays. */
static void test_an_overflow_that_nobody_foresaw_stores_nothing(void)
{
    fcnn_network *network = tiny_network(DESCRIBE(TEXT("type", "sgd"), NUMBER("momentum", 0.5)), 1.0f);
    fcnn_error error;
    network->slot[0][0] = 3e38f;
    network->weights[0] = 3e38f;
    network->weights[1] = 0.0f;
    CHECK(train_on_one(network, 0.0f, 1.0f, &error) == FCNN_E_NONFINITE);
    CHECK_ERROR(error, FCNN_E_NONFINITE, "all else was updated");
    CHECK(network->weights[0] == 3e38f && network->slot[0][0] == 3e38f);
    CHECK(network->weights[1] > 0.0f);
    fcnn_network_destroy(network);
}

/* ---- losses that are not finite ---- */

/* The dense layer, the last, is the first whose output is not finite. */
static void check_dense_is_named(fcnn_network *network)
{
    const fcnn_node *dense = &network->graph->node[network->graph->nodes - 1];
    fcnn_error error;
    double loss;
    for (size_t i = dense->parameters; i < weight_count(network); i++)
        network->weights[i] = INFINITY;
    CHECK(run_batch(network, inputs, 0, 4, 1, 0, &loss, &error) == FCNN_E_NONFINITE);
    CHECK_ERROR(error, FCNN_E_NONFINITE, "the first output that is not finite comes from layer 'dense'");
    fcnn_network_destroy(network);
}

/* The first pool's last line and column are not computed, since nobody reads them. */
static void test_what_is_not_computed_is_not_blamed(void)
{
    fcnn_network *network = network_of(GRAPH(IMAGES(13, 13, 1), CONV(0, 4, 3, "valid"), ACTIVATION(1, "relu"),
                                             MAX_POOL(2, 2, 2, "valid"), CONV(3, 4, 3, "valid"), ACTIVATION(4, "relu"),
                                             MAX_POOL(5, 2, 2, "valid"), FLATTEN(6, 4), DENSE(7, 3)),
                                       best_isa(), SQUARED_ERROR);
    gradients_of(network, 4);
    const fcnn_engine *engine = &network->training;
    CHECK(engine->plan->step[0].used[0] == 4);
    for (size_t i = 0; i < engine->record_count * engine->plan->record; i++)
        engine->records[i] = NAN;
    check_dense_is_named(network);
}

static fcnn_network *forgetful;
static const fcnn_loss_class *true_loss;

/* As if another worker had run all images: worker 0 has no copy of the re-laid kernels. */
static float forget_kernels(const fcnn_loss *loss, const fcnn_kernels *kernels, size_t rows, size_t classes,
                            const float *prediction, const void *target, float scale, float *gradient)
{
    fcnn_engine *engine = &forgetful->training;
    engine->copied[0] = 0;
    for (size_t i = 0; i < engine->plan->prepared; i++)
        engine->prepared[i] = NAN;
    return true_loss->evaluate(loss, kernels, rows, classes, prediction, target, scale, gradient);
}

static void test_the_search_lays_its_kernels_out(void)
{
    fcnn_error error;
    CHECK(fcnn_threads_set(1, &error) == FCNN_OK);
    forgetful = network_of(GRAPH(IMAGES(8, 8, 16), CONV(0, 16, 3, "same"), FLATTEN(1, 1024), DENSE(2, 3)), best_isa(),
                           SQUARED_ERROR);
    true_loss = forgetful->output[0].objective.loss.class;
    fcnn_loss_class forgets = *true_loss;
    forgets.evaluate = forget_kernels;
    forgetful->output[0].objective.loss.class = &forgets;
    check_dense_is_named(forgetful);
    CHECK(fcnn_threads_set(0, &error) == FCNN_OK);
}

int main(void)
{
    fill_data();
    test_training_gives_the_same_bits();
    test_what_looks_at_the_batch_gives_the_same_bits();
    test_every_allocation_may_fail();
    test_refused_batches_leave_no_trace();
    test_targets_must_be_finite();
    test_frozen_parameters_stay();
    test_gradients_of_frozen_parameters_do_not_count();
    test_slots_that_two_optimizers_share_are_kept();
    test_an_update_that_overflows_is_refused();
    test_whatever_is_huge_is_foreseen();
    test_an_overflow_that_nobody_foresaw_stores_nothing();
    test_what_is_not_computed_is_not_blamed();
    test_the_search_lays_its_kernels_out();
    return check_report();
}
