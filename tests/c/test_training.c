/* test_training.c - training gives the same bits everywhere, failures leave no trace, several callers may come at
 * once, and frozen parameters stay.
 */
#include <pthread.h>

#include "base/memory.h"
#include "base/threads.h"
#include "networks.h"

/* ---- a network with every kind of step ---- */

static fcnn_graph *mixed_graph(void)
{
    return GRAPH(IMAGES(10, 10, 1), CONV(0, 8, 3, "valid"), ACTIVATION(1, "relu"), MAX_POOL(2, 2, 2, "valid"),
                 DROPOUT(3, 0.25), CONV(4, 9, 3, "same"), ACTIVATION(5, "relu"), MAX_POOL(6, 2, 2, "valid"),
                 CONV(4, 9, 1, "valid"), MAX_POOL(8, 3, 2, "same"), ADD(7, 9), FLATTEN(10, 36), DENSE(11, 50),
                 ACTIVATION(12, "tanh"), DROPOUT(13, 0.5), DENSE(14, CLASSES), SOFTMAX(15));
}

static const fcnn_attribute adam[] = {TEXT("type", "adam"), NUMBER("weight_decay", 0.01)};
static const fcnn_attribute sgd[] = {TEXT("type", "sgd"), NUMBER("momentum", 0.9), INTEGER("nesterov", 1),
                                     NUMBER("clipnorm", 0.5)};
static const fcnn_attribute rmsprop[] = {TEXT("type", "rmsprop"), INTEGER("centered", 1), NUMBER("global_clipnorm", 1)};
static const fcnn_attributes optimizers[] = {{adam, 2}, {sgd, 4}, {rmsprop, 3}};

enum { MIXED_BATCH = 9, MIXED_WEIGHTS = 4000 };

static fcnn_network *mixed_network(fcnn_isa isa, fcnn_attributes optimizer)
{
    fcnn_network *network = network_of(mixed_graph(), isa, SPARSE_CROSSENTROPY);
    fcnn_metric accuracy;
    fcnn_error error;
    CHECK(weight_count(network) <= MIXED_WEIGHTS);
    CHECK(fcnn_metric_create(&accuracy, &DESCRIBE(TEXT("type", "sparse_categorical_accuracy")), &error) == FCNN_OK);
    CHECK(fcnn_network_set_metrics(network, &accuracy, 1, &error) == FCNN_OK);
    CHECK(set_optimizer(network, optimizer, &error) == FCNN_OK);
    fcnn_network_state_of(network)->seed = 12;
    return network;
}

static double train_steps(fcnn_network *network, size_t steps)
{
    double loss = NAN;
    fcnn_error error;
    for (size_t i = 0; i < steps; i++)
        CHECK(run_batch(network, inputs, i * 5 % (ROWS - MIXED_BATCH), MIXED_BATCH, 1, 1, &loss, &error) == FCNN_OK);
    return loss;
}

/* Everything that a training step changes. */
typedef struct snapshot {
    float weights[MIXED_WEIGHTS], slots[FCNN_MAX_SLOTS][MIXED_WEIGHTS];
    uint64_t iterations, random_step;
    double total, weight;
} snapshot;

static void take(fcnn_network *network, snapshot *s)
{
    const fcnn_network_state *state = fcnn_network_state_of(network);
    const size_t bytes = weight_count(network) * sizeof(float);
    memset(s, 0, sizeof *s);
    memcpy(s->weights, fcnn_network_weights(network), bytes);
    for (size_t i = 0; i < FCNN_MAX_SLOTS; i++)
        if (fcnn_network_slot(network, i))
            memcpy(s->slots[i], fcnn_network_slot(network, i), bytes);
    s->iterations = state->iterations;
    s->random_step = state->random_step;
    fcnn_network_metric_totals(network, &s->total, &s->weight);
}

static int is_unchanged(fcnn_network *network, const snapshot *before)
{
    static snapshot now;
    take(network, &now);
    return memcmp(&now, before, sizeof now) == 0;
}

/* For any number of threads and every build with fused multiply-add. */
static void test_training_gives_the_same_bits(void)
{
    static const size_t thread_counts[] = {1, 2, 3, 4, 7, 16};
    static snapshot untrained, expected;
    fcnn_error error;
    for (size_t o = 0; o < sizeof optimizers / sizeof *optimizers; o++) {
        fcnn_isa first = FCNN_ISA_REFERENCE;
        double expected_loss = NAN;
        for (fcnn_isa isa = FCNN_ISA_BASELINE; isa < FCNN_ISA_COUNT; isa++) {
            if (!fcnn_isa_available(isa))
                continue;
            if (first == FCNN_ISA_REFERENCE || first == FCNN_ISA_BASELINE)
                first = isa;
            for (size_t t = 0; t < sizeof thread_counts / sizeof *thread_counts; t++) {
                CHECK(fcnn_threads_set(thread_counts[t], &error) == FCNN_OK);
                fcnn_network *network = mixed_network(isa, optimizers[o]);
                take(network, &untrained);
                const double loss = train_steps(network, 30);
                CHECK(!is_unchanged(network, &untrained));
                CHECK(fcnn_network_state_of(network)->iterations == 30);
                CHECK(fcnn_network_state_of(network)->random_step == 30);
                if (isa == first && t == 0) {
                    take(network, &expected);
                    expected_loss = loss;
                }
                CHECK(loss == expected_loss);
                CHECK(is_unchanged(network, &expected));
                fcnn_network_destroy(network);
            }
        }
    }
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
    FCNN_TRY(fcnn_graph_create(&graph, specs, sizeof specs / sizeof *specs, error));
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
    fcnn_network_set_loss(network, &loss);
    ATTEMPT(set_optimizer(network, clipped, &error));
    ATTEMPT(run_batch(network, inputs, 0, 4, 1, 1, &value, &error));
    ATTEMPT(run_batch(network, inputs, 4, MIXED_BATCH, 1, 1, &value, &error));
    ATTEMPT(run_batch(network, inputs, 3, MIXED_BATCH + 2, 0, 0, &value, &error));
    const fcnn_array x = rows_of(inputs, FCNN_FLOAT32, input_size(network));
    ATTEMPT(fcnn_network_predict(network, &x, 0, ROWS, predictions, 0, &error));
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
    double loss = -1.0;
    fcnn_error error;
    take(network, &before);
    CHECK(fcnn_network_train(network, &batch, 1, &loss, &error) == status);
    CHECK_ERROR(error, status, part);
    CHECK(loss == -1.0);
    CHECK(is_unchanged(network, &before));
    if (status == FCNN_E_NONFINITE)
        return;
    CHECK(fcnn_network_test(network, &batch, &loss, &error) == status);
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
    const fcnn_array x = rows_of(inputs, FCNN_FLOAT32, input_size(network)), y = rows_of(labels, FCNN_INT64, 1);
    const fcnn_array bad_x = rows_of(bad_inputs, FCNN_FLOAT32, input_size(network));
    const fcnn_array bad_y = rows_of(bad_labels, FCNN_INT64, 1);
    fcnn_array bad_weight = rows_of(bad_weights, FCNN_FLOAT32, 1);
    bad_weight.rank = 1;
    const size_t last = MIXED_BATCH - 1;
    bad_labels[last] = CLASSES;
    check_refused(network, &x, &bad_y, NULL, FCNN_E_ARGUMENT, "label 5 in row 8");
    bad_labels[last] = -1;
    check_refused(network, &x, &bad_y, NULL, FCNN_E_ARGUMENT, "label -1 in row 8");
    bad_weights[last] = INFINITY;
    check_refused(network, &x, &y, &bad_weight, FCNN_E_ARGUMENT, "sample_weight is NaN or infinite in row 8");
    bad_inputs[last * input_size(network) + 99] = NAN;
    check_refused(network, &bad_x, &y, NULL, FCNN_E_ARGUMENT, "x holds NaN or infinity in row 8");
    CHECK(fcnn_network_predict(network, &bad_x, 3, ROWS, predictions, 0, &error) == FCNN_E_ARGUMENT);
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
    const fcnn_array x = rows_of(inputs, FCNN_FLOAT32, 9), y = rows_of(bad_values, FCNN_FLOAT32, 4);
    take(network, &before);
    check_refused(network, &x, &y, NULL, FCNN_E_ARGUMENT, "y holds NaN or infinity in row 6");
    CHECK(is_unchanged(network, &before));

    fcnn_network_state_of(network)->check_finite = 0;
    bad_values[4 * 6 + 1] = 3e38f;
    const fcnn_batch batch = {.x = &x, .y = &y, .rows = {NULL, 0, 8}};
    double loss;
    CHECK(fcnn_network_train(network, &batch, 1, &loss, &error) == FCNN_OK);
    CHECK(!isfinite(loss) && fcnn_network_state_of(network)->iterations == 1);
    fcnn_network_destroy(network);
}

/* ---- several threads of the caller ---- */

typedef struct caller {
    fcnn_network *network;
    const float *expected;
    int agrees;
} caller;

static void *call_predict(void *context)
{
    caller *self = context;
    float out[ROWS * CLASSES];
    self->agrees = 1;
    for (size_t i = 0; i < 40; i++) {
        const size_t start = i % 5, stop = ROWS - i % 3;
        const fcnn_array x = rows_of(inputs, FCNN_FLOAT32, input_size(self->network));
        fcnn_error error;
        self->agrees &= fcnn_network_predict(self->network, &x, start, stop, out, 0, &error) == FCNN_OK &&
                        are_equal(out, self->expected + start * CLASSES, (stop - start) * CLASSES);
    }
    return NULL;
}

static void test_callers_predict_at_once(void)
{
    static float expected[2][ROWS * CLASSES];
    fcnn_network *networks[2] = {mixed_network(best_isa(), optimizers[0]), mixed_network(best_isa(), optimizers[1])};
    train_steps(networks[1], 3);
    for (size_t i = 0; i < 2; i++)
        predict(networks[i], inputs, 0, ROWS, expected[i]);
    CHECK(!are_equal(expected[0], expected[1], ROWS * CLASSES));
    pthread_t threads[4];
    caller callers[4];
    for (size_t i = 0; i < 4; i++) {   /* two callers of each network */
        callers[i] = (caller){networks[i % 2], expected[i % 2], 0};
        CHECK(pthread_create(&threads[i], NULL, call_predict, &callers[i]) == 0);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        CHECK(callers[i].agrees);
    }
    fcnn_network_destroy(networks[0]);
    fcnn_network_destroy(networks[1]);
}

/* ---- frozen parameters ---- */

static void test_frozen_parameters_stay(void)
{
    static float before[MIXED_WEIGHTS];
    for (size_t o = 0; o < sizeof optimizers / sizeof *optimizers; o++) {
        fcnn_network *network = mixed_network(best_isa(), optimizers[o]);
        const fcnn_graph *graph = fcnn_network_graph(network);
        unsigned char flags[16] = {0, 0, 1, 0, 0, 1}, seen[16];   /* kernel and bias of five layers */
        const size_t count = fcnn_network_parameter_count(network);
        CHECK(count == 10);
        fcnn_network_set_trainable(network, flags);
        fcnn_network_get_trainable(network, seen);
        CHECK(memcmp(flags, seen, count) == 0);
        memcpy(before, fcnn_network_weights(network), weight_count(network) * sizeof *before);
        train_steps(network, 3);
        for (size_t n = 0, p = 0; n < graph->nodes; n++)
            for (size_t i = 0; i < graph->node[n].layer.parameters; i++, p++) {
                const size_t at = graph->node[n].parameters + graph->node[n].layer.parameter[i].offset;
                const size_t size = fcnn_shape_size(&graph->node[n].layer.parameter[i].shape);
                CHECK(are_equal(fcnn_network_weights(network) + at, before + at, size) == !flags[p]);
            }

        memset(flags, 1, sizeof flags);   /* thawed, the network trains as one that was never frozen */
        fcnn_network_set_trainable(network, flags);
        fcnn_network *other = mixed_network(best_isa(), optimizers[o]);
        memcpy(fcnn_network_weights(other), fcnn_network_weights(network), weight_count(network) * sizeof *before);
        fcnn_network_state_of(other)->random_step = fcnn_network_state_of(network)->random_step;
        CHECK(gradients_of(network, 7) == gradients_of(other, 7));
        CHECK(are_equal(fcnn_network_gradients(network), fcnn_network_gradients(other), weight_count(network)));
        fcnn_network_destroy(network);
        fcnn_network_destroy(other);
    }
}

int main(void)
{
    fill_data();
    test_training_gives_the_same_bits();
    test_every_allocation_may_fail();
    test_refused_batches_leave_no_trace();
    test_targets_must_be_finite();
    test_callers_predict_at_once();
    test_frozen_parameters_stay();
    return check_report();
}
