/* test_calls.c - what calls take and hand back: rows, labels, results; several callers at once; predictions; forks. */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/choices.h"
#include "base/threads.h"
#include "mixed.h"

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
        const fcnn_array x = inputs_of(self->network, inputs);
        fcnn_error error;
        self->agrees &= predict_rows(self->network, &x, start, stop, out, FCNN_AS_IN_INFERENCE, &error) == FCNN_OK &&
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
    for (size_t i = 0; i < 4; i++) { /* two callers of each network */
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

/* ---- what calls take and hand back ---- */

static void test_order_names_rows(void)
{
    fcnn_network *network = mixed_network(best_isa(), optimizers[0]);
    const fcnn_array x = inputs_of(network, inputs), y = labels_of(network, labels);
    int64_t order[3] = {0, ROWS - 1, 5};
    const fcnn_batch batch = {.x = &x, .y = &y, .rows = {order, 0, 3}};
    fcnn_score score;
    fcnn_results results = {.score = &score};
    fcnn_error error;
    CHECK(fcnn_network_test(network, &batch, &results, &error) == FCNN_OK);
    order[1] = ROWS;
    CHECK(fcnn_network_test(network, &batch, &results, &error) == FCNN_E_ARGUMENT);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, "order names the row 24 of 24");
    order[1] = -1;
    CHECK(fcnn_network_train(network, &batch, 1, &results, &error) == FCNN_E_ARGUMENT);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, "order names the row -1 of 24");
    fcnn_network_destroy(network);
}

static void test_labels_may_be_whole_numbers_of_any_type(void)
{
    static float whole[ROWS];
    fcnn_network *network = mixed_network(best_isa(), optimizers[0]);
    const fcnn_array x = inputs_of(network, inputs), integers = labels_of(network, labels);
    const fcnn_array floats = rows_of(whole, FCNN_FLOAT32, NULL, 0);
    fcnn_score expected_score, actual_score;
    fcnn_results expected = {.score = &expected_score}, actual = {.score = &actual_score};
    fcnn_error error;
    fcnn_batch batch = {.x = &x, .y = &integers, .rows = {NULL, 0, ROWS}};
    for (size_t i = 0; i < ROWS; i++)
        whole[i] = (float)labels[i];
    CHECK(fcnn_network_test(network, &batch, &expected, &error) == FCNN_OK);
    batch.y = &floats;
    CHECK(fcnn_network_test(network, &batch, &actual, &error) == FCNN_OK);
    CHECK(actual.loss == expected.loss && actual_score.metric_sum[0] == expected_score.metric_sum[0]);
    static const float bad[] = {1.5f, -1.0f, CLASSES, NAN, INFINITY};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        whole[7] = bad[i];
        CHECK(fcnn_network_test(network, &batch, &actual, &error) == FCNN_E_ARGUMENT);
        CHECK_ERROR(error, FCNN_E_ARGUMENT, "in row 7");
    }
    fcnn_network_destroy(network);
}

/* Metrics belong to the call: a batch that others test in between changes nothing. */
static void test_calls_hand_back_their_own_results(void)
{
    fcnn_network *network = mixed_network(best_isa(), optimizers[0]);
    double loss;
    fcnn_error error;
    CHECK(run_batch(network, inputs, 0, 4, 0, 0, &loss, &error) == FCNN_OK);
    const double first_loss = loss;
    const fcnn_score first = last_score;
    CHECK(first.metrics == 1 && first.metric_weight[0] == 4.0);
    CHECK(run_batch(network, inputs, 4, 9, 0, 0, &loss, &error) == FCNN_OK);
    CHECK(last_score.metric_weight[0] == 9.0);
    CHECK(run_batch(network, inputs, 0, 4, 0, 0, &loss, &error) == FCNN_OK);
    CHECK(loss == first_loss && memcmp(&first, &last_score, sizeof first) == 0);
    fcnn_network_destroy(network);
}

/* ---- predictions ---- */

static void test_training_mode_draws_new_masks(void)
{
    static float first[ROWS * CLASSES], second[ROWS * CLASSES];
    fcnn_network *network = mixed_network(best_isa(), optimizers[0]);
    const fcnn_array x = inputs_of(network, inputs);
    fcnn_error error;
    CHECK(predict_rows(network, &x, 0, ROWS, first, FCNN_AS_IN_TRAINING, &error) == FCNN_OK);
    CHECK(predict_rows(network, &x, 0, ROWS, second, FCNN_AS_IN_TRAINING, &error) == FCNN_OK);
    CHECK(!are_equal(first, second, ROWS * CLASSES));
    network->state.random_step = 0;
    CHECK(predict_rows(network, &x, 0, ROWS, second, FCNN_AS_IN_TRAINING, &error) == FCNN_OK);
    CHECK(are_equal(first, second, ROWS * CLASSES));
    fcnn_network_destroy(network);
}

/* Two convolutions that keep their kernels in Winograd's form as well, alone and with a pool. */
static fcnn_network *winograd_network(int size, int channels)
{
    const int pooled = size / 2;
    return network_of(GRAPH(IMAGES(size, size, channels), CONV(0, channels, 3, "same"), ACTIVATION(1, "relu"),
                            CONV(2, channels, 3, "same"), ACTIVATION(3, "relu"), MAX_POOL(4, 2, 2, "valid"),
                            FLATTEN(5, pooled * pooled * channels), DENSE(6, CLASSES), SOFTMAX(7)),
                      best_isa(), SPARSE_CROSSENTROPY);
}

/* Passes of every kind follow the weights: they give what a network gives that never had others. */
static void test_outputs_follow_the_weights(int size, int channels, int copies)
{
    static float expected[ROWS * CLASSES], fresh_outputs[ROWS * CLASSES];
    double loss;
    fcnn_error error;
    fcnn_network *network = winograd_network(size, channels);
    CHECK(set_optimizer(network, DESCRIBE(TEXT("type", "sgd")), &error) == FCNN_OK);
    network->state.learning_rate = 0.5;
    for (size_t step = 0; step < 4; step++) { /* predict and train, test and train, and so again */
        fcnn_network *fresh = winograd_network(size, channels);
        memcpy(fresh->weights, network->weights, weight_count(network) * sizeof(float));
        predict(fresh, inputs, 0, ROWS, fresh_outputs);
        CHECK(step == 0 || !are_equal(expected, fresh_outputs, ROWS * CLASSES));
        memcpy(expected, fresh_outputs, sizeof expected);
        fcnn_network_destroy(fresh);
        if (step % 2 == 0)
            predict(network, inputs, 0, ROWS, last_outputs);
        else
            CHECK(run_batch(network, inputs, 0, ROWS, 0, 0, &loss, &error) == FCNN_OK);
        CHECK(are_equal(last_outputs, expected, ROWS * CLASSES));
        CHECK(run_batch(network, inputs, 0, ROWS, 1, 1, &loss, &error) == FCNN_OK);
        CHECK(are_equal(last_outputs, expected, ROWS * CLASSES));
    }
    CHECK(fcnn_engine_copies(&network->training) == copies && fcnn_engine_copies(&network->inference) == copies);
    fcnn_network_destroy(network);
}

/* The weights after a step with Winograd's algorithm, as `first` says, and one as `second` does, with predictions
 * between. */
static void train_with(int first, int second, float *weights)
{
    static float out[ROWS * CLASSES];
    double loss;
    fcnn_error error;
    fcnn_network *network = winograd_network(8, 16);
    CHECK(set_optimizer(network, optimizers[0], &error) == FCNN_OK);
    fcnn_winograd_set(first);
    CHECK(run_batch(network, inputs, 0, ROWS, 1, 1, &loss, &error) == FCNN_OK);
    predict(network, inputs, 0, ROWS, out);
    fcnn_winograd_set(second);
    CHECK(run_batch(network, inputs, 0, ROWS, 1, 1, &loss, &error) == FCNN_OK);
    predict(network, inputs, 0, ROWS, out);
    memcpy(weights, network->weights, weight_count(network) * sizeof(float));
    CHECK(network->training.winograd == second && network->inference.winograd == second);
    fcnn_network_destroy(network);
}

/* A network that has run is planned again where Winograd's algorithm is chosen, or is not. */
static void test_a_choice_holds_from_the_next_call_on(void)
{
    enum { MOST = 1 << 14, WAYS = 4 };
    static float weights[WAYS][MOST], again[MOST];
    CHECK(fcnn_winograd_get());
    for (int way = 0; way < WAYS; way++)
        train_with(way / 2, way % 2, weights[way]);
    for (int way = 0; way < WAYS; way++) {
        train_with(way / 2, way % 2, again);
        CHECK(are_equal(weights[way], again, MOST));
        for (int other = 0; other < way; other++)
            CHECK(!are_equal(weights[way], weights[other], MOST));
    }
    fcnn_winograd_set(1);
}

static void test_predicting_a_few_takes_memory_for_a_few(void)
{
    static float out[ROWS * CLASSES], large[1024 * 1024];
    fcnn_network *network = mixed_network(best_isa(), optimizers[0]);
    fcnn_error error;
    CHECK(fcnn_threads_set(8, &error) == FCNN_OK);
    predict(network, inputs, 0, 1, out);
    CHECK(network->inference.record_count == 1 && network->inference.workers == 1);
    CHECK(network->output[0].scores.target_bytes == 0);
    predict(network, inputs, 0, 5, out);
    CHECK(network->inference.record_count == 5);
    predict(network, inputs, 0, ROWS, out);
    CHECK(network->inference.record_count == ROWS);
    CHECK(fcnn_threads_set(2, &error) == FCNN_OK);
    predict(network, inputs, 0, ROWS, out);
    CHECK(network->inference.record_count == ROWS);
    fcnn_network_destroy(network);

    /* One image's record is larger than any cache: images run one by one. */
    network =
        network_of(GRAPH(IMAGES(1024, 1024, 1), CONV(0, 4, 1, "valid"), GLOBAL_AVERAGE(1)), best_isa(), SQUARED_ERROR);
    fcnn_array x = inputs_of(network, large);
    x.stride[0] = 0; /* the same image again and again */
    CHECK(predict_rows(network, &x, 0, 6, out, FCNN_AS_IN_INFERENCE, &error) == FCNN_OK);
    const size_t cached = fcnn_engine_cached_images(&network->inference);
    CHECK(cached <= 2 && network->inference.record_count == 2 * cached);
    fcnn_network_destroy(network);
    CHECK(fcnn_threads_set(0, &error) == FCNN_OK);
}

/* ---- fork ---- */

typedef struct busy_network {
    fcnn_network *network;
    atomic_int stop;
    atomic_size_t steps;
} busy_network;

static void *train_until_stopped(void *context)
{
    busy_network *busy = context;
    const fcnn_array x = inputs_of(busy->network, inputs), y = labels_of(busy->network, labels);
    fcnn_score score;
    fcnn_results results = {.score = &score};
    fcnn_error error;
    while (!atomic_load(&busy->stop)) {
        const fcnn_batch batch = {.x = &x, .y = &y, .rows = {NULL, 0, ROWS}};
        fcnn_network_train(busy->network, &batch, 1, &results, &error);
        atomic_fetch_add(&busy->steps, 1);
    }
    return NULL;
}

/* In the child of a fork: whether the network works, and its optimizer stands between two steps. */
static int works_in_child(fcnn_network *network)
{
    float out[ROWS * CLASSES];
    double loss;
    fcnn_error error;
    const fcnn_array x = inputs_of(network, inputs);
    const uint64_t step = network->state.random_step;
    alarm(20); /* ends a child that waits for a lock for ever */
    return network->state.iterations == step &&
           predict_rows(network, &x, 0, ROWS, out, FCNN_AS_IN_INFERENCE, &error) == FCNN_OK &&
           set_optimizer(network, optimizers[1], &error) == FCNN_OK &&
           run_batch(network, inputs, 0, MIXED_BATCH, 1, 1, &loss, &error) == FCNN_OK;
}

static void test_a_network_is_whole_in_a_forked_child(void)
{
    busy_network busy = {.network = mixed_network(best_isa(), optimizers[0])};
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, train_until_stopped, &busy) == 0);
    while (atomic_load(&busy.steps) == 0)
        usleep(100);
    for (size_t i = 0; i < 20; i++) {
        const pid_t child = fork();
        if (child == 0)
            _exit(works_in_child(busy.network) ? 0 : 1);
        int status = -1;
        CHECK(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    atomic_store(&busy.stop, 1);
    pthread_join(thread, NULL);
    fcnn_network_destroy(busy.network);
}

int main(void)
{
    fill_data();
    test_callers_predict_at_once();
    test_order_names_rows();
    test_labels_may_be_whole_numbers_of_any_type();
    test_calls_hand_back_their_own_results();
    test_training_mode_draws_new_masks();
    test_outputs_follow_the_weights(8, 16, 1); /* each worker has a copy of its own */
    test_outputs_follow_the_weights(4, 72, 0); /* all share one */
    test_a_choice_holds_from_the_next_call_on();
    test_predicting_a_few_takes_memory_for_a_few();
    if (!EMULATED) /* QEMU cannot start threads in a forked child */
        test_a_network_is_whole_in_a_forked_child();
    return check_report();
}
