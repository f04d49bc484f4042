/* test_averages.c - gradients that are averaged over steps, the moving average of weights, and which weights decay. */
#include "mixed.h"

/* ---- averaged gradients ---- */

enum { STEPS = 3 };

/* Runs a batch of its own number and adds its gradients to `sum`. */
static void add_gradients(fcnn_network *network, size_t number, float *sum)
{
    double loss;
    fcnn_error error;
    CHECK(run_batch(network, inputs, number * 5, 5, 1, 0, &loss, &error) == FCNN_OK);
    for (size_t i = 0; i < weight_count(network); i++)
        sum[i] += network->gradients[i];
}

/* STEPS steps must be one step of the same optimizer without averaging, from the average of their gradients. */
static void check_averaged(fcnn_attributes averaging, fcnn_attributes plain)
{
    static snapshot before;
    fcnn_network *network = mixed_network(best_isa(), averaging), *other = mixed_network(best_isa(), plain);
    fcnn_error error;
    double loss;
    const size_t count = weight_count(network), sums = network->optimizer.accumulator;
    for (size_t round = 0; round < 2; round++) {
        float sum[MIXED_WEIGHTS] = {0};
        take(network, &before);
        for (size_t step = 0; step < STEPS; step++) {
            CHECK(are_equal(network->weights, before.weights, count));
            CHECK(run_batch(network, inputs, step * 5, 5, 1, 1, &loss, &error) == FCNN_OK);
            add_gradients(other, step, sum);
            if (step + 1 < STEPS)
                CHECK(are_equal(network->slot[sums], sum, count));
        }
        CHECK(!are_equal(network->weights, before.weights, count));
        CHECK(network->state.iterations == STEPS * (round + 1));
        for (size_t i = 0; i < count; i++) {
            CHECK(network->slot[sums][i] == 0.0f);
            other->gradients[i] = sum[i] / STEPS;
        }
        CHECK(fcnn_network_apply_gradients(other, &error) == FCNN_OK);
        for (size_t i = 0; i < count; i++)
            CHECK_CLOSE(network->weights[i], other->weights[i], 3e-6);
        memcpy(network->weights, other->weights, count * sizeof(float));
    }
    fcnn_network_destroy(network);
    fcnn_network_destroy(other);
}

static void test_gradients_are_averaged(void)
{
#define AVERAGED INTEGER("gradient_accumulation_steps", STEPS)
    check_averaged(DESCRIBE(TEXT("type", "sgd"), NUMBER("weight_decay", 0.1), AVERAGED),
                   DESCRIBE(TEXT("type", "sgd"), NUMBER("weight_decay", 0.1)));
    check_averaged(DESCRIBE(TEXT("type", "adam"), NUMBER("epsilon", 0.1), AVERAGED),
                   DESCRIBE(TEXT("type", "adam"), NUMBER("epsilon", 0.1)));
    check_averaged(DESCRIBE(TEXT("type", "sgd"), NUMBER("clipnorm", 0.05), AVERAGED),
                   DESCRIBE(TEXT("type", "sgd"), NUMBER("clipnorm", 0.05)));
    check_averaged(DESCRIBE(TEXT("type", "sgd"), NUMBER("global_clipnorm", 0.1), AVERAGED),
                   DESCRIBE(TEXT("type", "sgd"), NUMBER("global_clipnorm", 0.1)));
    check_averaged(DESCRIBE(TEXT("type", "sgd"), NUMBER("clipvalue", 0.01), AVERAGED),
                   DESCRIBE(TEXT("type", "sgd"), NUMBER("clipvalue", 0.01)));
#undef AVERAGED
}

/* ---- a network with two weights: y = w x + b ---- */

static fcnn_network *line(fcnn_attributes optimizer)
{
    fcnn_error error;
    fcnn_network *network = network_of(GRAPH(IMAGES(1, 1, 1), FLATTEN(0, 1), DENSE(1, 1)), best_isa(), SQUARED_ERROR);
    CHECK(set_optimizer(network, optimizer, &error) == FCNN_OK);
    network->weights[0] = network->weights[1] = 1.0f;
    network->state.learning_rate = 1.0;
    return network;
}

/* A step with these gradients. */
static fcnn_status step_line(fcnn_network *network, float first, float second, fcnn_error *error)
{
    const float gradients[] = {first, second};
    CHECK(fcnn_network_write(network, FCNN_GRADIENTS, 0, 2, gradients, error) == FCNN_OK);
    return fcnn_network_apply_gradients(network, error);
}

static void test_a_sum_that_overflows_is_refused(void)
{
    static snapshot before;
    fcnn_error error;
    for (size_t clips = 0; clips < 2; clips++) {
        fcnn_network *network = line(DESCRIBE(TEXT("type", "sgd"), NUMBER("clipnorm", (double)clips),
                                              INTEGER("gradient_accumulation_steps", 2)));
        CHECK(step_line(network, 0.5f, 3e38f, &error) == FCNN_OK);
        take(network, &before);
        CHECK(step_line(network, 0.5f, 3e38f, &error) == FCNN_E_NONFINITE);
        CHECK_ERROR(error, FCNN_E_NONFINITE, "the update of training step 2");
        CHECK(is_unchanged(network, &before));
        fcnn_network_destroy(network);
    }
}

static void check_line(const fcnn_network *network, double weight, double average)
{
    CHECK_CLOSE(network->weights[0], weight, 1e-6);
    CHECK_CLOSE(network->slot[network->optimizer.average][0], average, 1e-6);
}

static void test_the_average_of_weights(void)
{
    fcnn_error error;
    fcnn_network *network =
        line(DESCRIBE(TEXT("type", "sgd"), NUMBER("ema_momentum", 0.75), INTEGER("ema_overwrite_frequency", 3)));
    CHECK(step_line(network, 1, 0, &error) == FCNN_OK);
    check_line(network, 0, 0); /* the first average is the weight */
    CHECK(step_line(network, 4, 0, &error) == FCNN_OK);
    check_line(network, -4, -1);
    CHECK(step_line(network, -8, 0, &error) == FCNN_OK);
    check_line(network, 0.25, 0.25); /* 4 became 0.75 * -1 + 0.25 * 4 */
    CHECK(step_line(network, 1, 0, &error) == FCNN_OK);
    check_line(network, -0.75, 0);
    fcnn_network_destroy(network);
}

/* As in Keras the average is renewed in every step; what is counted for `ema_overwrite_frequency` are updates. */
static void test_the_average_of_weights_beside_averaged_gradients(void)
{
    fcnn_error error;
    fcnn_network *network =
        line(DESCRIBE(TEXT("type", "sgd"), NUMBER("ema_momentum", 0.5), INTEGER("gradient_accumulation_steps", 2)));
    CHECK(step_line(network, 2, 0, &error) == FCNN_OK);
    check_line(network, 1, 1);
    CHECK(step_line(network, 6, 0, &error) == FCNN_OK);
    check_line(network, -3, -3); /* still the first update */
    CHECK(step_line(network, 8, 0, &error) == FCNN_OK);
    check_line(network, -3, -3);
    CHECK(step_line(network, 8, 0, &error) == FCNN_OK);
    check_line(network, -11, -7);
    fcnn_network_destroy(network);
}

static void test_a_weight_that_was_frozen_begins_an_average(void)
{
    fcnn_error error;
    fcnn_network *network = line(DESCRIBE(TEXT("type", "sgd"), NUMBER("ema_momentum", 0.5)));
    fcnn_network_set_trainable(network, (const unsigned char[]){0, 1});
    for (size_t i = 0; i < 2; i++)
        CHECK(step_line(network, 1, 1, &error) == FCNN_OK);
    CHECK(network->weights[0] == 1.0f && isnan(network->slot[0][0])); /* no average yet */
    fcnn_network_set_trainable(network, (const unsigned char[]){1, 1});
    CHECK(step_line(network, 1, 1, &error) == FCNN_OK);
    check_line(network, 0, 0);
    CHECK(step_line(network, 1, 1, &error) == FCNN_OK);
    check_line(network, -1, -0.5);
    CHECK_CLOSE(network->weights[1], -3, 0);
    fcnn_network_destroy(network);
}

/* ---- weight decay ---- */

static void test_decay_of_some_weights(void)
{
    fcnn_error error;
    unsigned char flags[2];
    fcnn_network *network = line(DESCRIBE(TEXT("type", "sgd"), NUMBER("weight_decay", 0.25)));
    fcnn_network_get_decays(network, flags);
    CHECK(flags[0] == 1 && flags[1] == 1);
    fcnn_network_set_decays(network, (const unsigned char[]){0, 1});
    fcnn_network_get_decays(network, flags);
    CHECK(flags[0] == 0 && flags[1] == 1);
    CHECK(step_line(network, 0, 0, &error) == FCNN_OK);
    CHECK(network->weights[0] == 1.0f && network->weights[1] == 0.75f);
    fcnn_network_destroy(network);
}

/* Slots may begin with another number than 0, also those that a second optimizer adds. */
static void test_slots_begin_where_their_optimizer_says(void)
{
    fcnn_optimizer plain;
    fcnn_error error;
    fcnn_network *network = line(DESCRIBE(TEXT("type", "adagrad"), NUMBER("initial_accumulator_value", 0.5)));
    CHECK(network->slot[0][0] == 0.5f && network->slot[0][1] == 0.5f);
    CHECK(step_line(network, 1, 0, &error) == FCNN_OK);
    CHECK(network->slot[0][0] == 1.5f && network->slot[0][1] == 0.5f);
    CHECK(fcnn_optimizer_create(&plain, &DESCRIBE(TEXT("type", "ftrl")), &error) == FCNN_OK);
    CHECK(fcnn_network_set_optimizer(network, &plain, 1, &error) == FCNN_OK);
    CHECK(network->slot[0][0] == 1.5f && network->slot[1][0] == 0.0f);
    CHECK(fcnn_network_set_optimizer(network, &plain, 0, &error) == FCNN_OK);
    CHECK(network->slot[0][0] == 0.1f && network->slot[1][0] == 0.0f);
    fcnn_network_destroy(network);
}

int main(void)
{
    fill_data();
    test_gradients_are_averaged();
    test_a_sum_that_overflows_is_refused();
    test_the_average_of_weights();
    test_the_average_of_weights_beside_averaged_gradients();
    test_a_weight_that_was_frozen_begins_an_average();
    test_decay_of_some_weights();
    test_slots_begin_where_their_optimizer_says();
    return check_report();
}
