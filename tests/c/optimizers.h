/* optimizers.h - every optimizer of the registry, for tests of what holds for all. */
#ifndef FCNN_TEST_OPTIMIZERS_H
#define FCNN_TEST_OPTIMIZERS_H

#include <math.h>

#include "check.h"
#include "describe.h"
#include "optimizers/registry.h"

static const fcnn_attribute adam_amsgrad[] = {TEXT("type", "adam"), INTEGER("amsgrad", 1)};
static const fcnn_attribute sgd_nesterov[] = {TEXT("type", "sgd"), NUMBER("momentum", 0.9), INTEGER("nesterov", 1)};
static const fcnn_attribute sgd_clipped[] = {TEXT("type", "sgd"), NUMBER("clipnorm", 1)};
static const fcnn_attribute rmsprop_centered[] = {TEXT("type", "rmsprop"), NUMBER("momentum", 0.9),
                                                  INTEGER("centered", 1)};
static const fcnn_attribute adagrad_from_zero[] = {TEXT("type", "adagrad"), NUMBER("initial_accumulator_value", 0)};
static const fcnn_attribute ftrl_regularized[] = {TEXT("type", "ftrl"), NUMBER("learning_rate_power", -0.7),
                                                  NUMBER("l1_regularization_strength", 0.01),
                                                  NUMBER("l2_regularization_strength", 0.02), NUMBER("beta", 0.1)};
static const fcnn_attributes with_options[] = {ALL_OF(adam_amsgrad),      ALL_OF(sgd_nesterov),
                                               ALL_OF(sgd_clipped),       ALL_OF(rmsprop_centered),
                                               ALL_OF(adagrad_from_zero), ALL_OF(ftrl_regularized)};

#define AS_IT_COMES(name) {TEXT("type", #name)},
static const fcnn_attribute registered[][1] = {FCNN_OPTIMIZER_CLASSES(AS_IT_COMES)};
#undef AS_IT_COMES

enum {
    REGISTERED_OPTIMIZERS = sizeof registered / sizeof *registered,
    OPTIMIZERS = REGISTERED_OPTIMIZERS + sizeof with_options / sizeof *with_options
};

/* Number o < OPTIMIZERS: each of the registry as it comes, then some with options. */
static inline fcnn_attributes optimizer_number(size_t o)
{
    return o < REGISTERED_OPTIMIZERS ? (fcnn_attributes){registered[o], 1} : with_options[o - REGISTERED_OPTIMIZERS];
}

/* Each slot's first change, from a gradient. */
static inline void first_changes(fcnn_attributes attributes, float gradient, float change[FCNN_MAX_SLOTS])
{
    float w = 0.0f, *slot[FCNN_MAX_SLOTS];
    fcnn_optimizer optimizer;
    fcnn_update update;
    fcnn_error error;
    CHECK(fcnn_optimizer_create(&optimizer, &attributes, &error) == FCNN_OK);
    fcnn_optimizer_begin(&optimizer, 0.1, 1, &update);
    for (size_t s = 0; s < FCNN_MAX_SLOTS; s++) {
        change[s] = s < optimizer.slots ? optimizer.slot_start[s] : 0.0f;
        slot[s] = &change[s];
    }
    optimizer.class->apply(&optimizer, fcnn_kernels_for(FCNN_ISA_REFERENCE), &update, 1, &w, &gradient, slot);
    for (size_t s = 0; s < optimizer.slots; s++)
        change[s] -= optimizer.slot_start[s];
}

/* Whether a slot follows the square of the gradient, which may overflow where the gradient does not. */
static inline int squares_gradients(fcnn_attributes optimizer)
{
    float once[FCNN_MAX_SLOTS], twice[FCNN_MAX_SLOTS];
    int squares = 0;
    first_changes(optimizer, 1.0f, once);
    first_changes(optimizer, 2.0f, twice);
    for (size_t s = 0; s < FCNN_MAX_SLOTS; s++)
        squares |= once[s] != 0.0f && fabsf(twice[s] / once[s] - 4.0f) < 0.01f;
    return squares;
}

#endif
