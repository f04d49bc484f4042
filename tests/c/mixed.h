/* mixed.h - a network with every kind of step, and all that training changes of it, for test_training.c and
 * test_calls.c. */
#ifndef FCNN_MIXED_H
#define FCNN_MIXED_H

#include "networks.h"
#include "optimizers.h"

static inline fcnn_graph *mixed_graph(void)
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
static const fcnn_attribute averaged[] = {TEXT("type", "adam"), NUMBER("ema_momentum", 0.9),
                                          INTEGER("ema_overwrite_frequency", 4),
                                          INTEGER("gradient_accumulation_steps", 3)};
static const fcnn_attribute averaged_and_clipped[] = {TEXT("type", "sgd"), NUMBER("clipnorm", 0.5),
                                                      NUMBER("ema_momentum", 0.9),
                                                      INTEGER("gradient_accumulation_steps", 2)};
static const fcnn_attributes optimizers[] = {ALL_OF(adam), ALL_OF(sgd), ALL_OF(rmsprop), ALL_OF(averaged),
                                             ALL_OF(averaged_and_clipped)};

enum { MIXED_BATCH = 9, MIXED_WEIGHTS = 4000 };
enum { OWN_OPTIMIZERS = sizeof optimizers / sizeof *optimizers };
enum { MIXED_OPTIMIZERS = OWN_OPTIMIZERS + REGISTERED_OPTIMIZERS };

/* Number o < MIXED_OPTIMIZERS: those above, then each of the registry as it comes. */
static inline fcnn_attributes mixed_optimizer(size_t o)
{
    return o < OWN_OPTIMIZERS ? optimizers[o] : optimizer_number(o - OWN_OPTIMIZERS);
}

static inline fcnn_network *mixed_network(fcnn_isa isa, fcnn_attributes optimizer)
{
    fcnn_network *network = network_of(mixed_graph(), isa, SPARSE_CROSSENTROPY);
    fcnn_metric accuracy;
    fcnn_error error;
    CHECK(weight_count(network) <= MIXED_WEIGHTS);
    CHECK(fcnn_metric_create(&accuracy, &DESCRIBE(TEXT("type", "sparse_categorical_accuracy")), &error) == FCNN_OK);
    const fcnn_loss loss = network->output[0].objective.loss;
    CHECK(set_objective(network, &loss, &accuracy, 1, &error) == FCNN_OK);
    CHECK(set_optimizer(network, optimizer, &error) == FCNN_OK);
    return network;
}

static inline double train_steps(fcnn_network *network, size_t steps)
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
} snapshot;

static inline void take(fcnn_network *network, snapshot *s)
{
    const fcnn_network_state *state = &network->state;
    const size_t bytes = weight_count(network) * sizeof(float);
    memset(s, 0, sizeof *s);
    memcpy(s->weights, network->weights, bytes);
    for (size_t i = 0; i < FCNN_MAX_SLOTS; i++)
        if (network->slot[i])
            memcpy(s->slots[i], network->slot[i], bytes);
    s->iterations = state->iterations;
    s->random_step = state->random_step;
}

static inline int is_unchanged(fcnn_network *network, const snapshot *before)
{
    static snapshot now;
    take(network, &now);
    return memcmp(&now, before, sizeof now) == 0;
}

#endif
