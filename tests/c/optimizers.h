/* optimizers.h - every optimizer of the registry, for tests of what holds for all. */
#ifndef FCNN_TEST_OPTIMIZERS_H
#define FCNN_TEST_OPTIMIZERS_H

#include <string.h>

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

/* Whether its update squares the gradient, which may overflow where the gradient does not. */
static inline int squares_gradients(fcnn_attributes optimizer)
{
    static const char *const others[] = {"sgd", "adamax", "lion"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(optimizer.items[0].text, others[i]) == 0)
            return 0;
    return 1;
}

#endif
