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
static const fcnn_attributes with_options[] = {ALL_OF(adam_amsgrad), ALL_OF(sgd_nesterov), ALL_OF(sgd_clipped),
                                               ALL_OF(rmsprop_centered)};

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
static inline int squares_gradients(fcnn_attributes optimizer) { return strcmp(optimizer.items[0].text, "sgd") != 0; }

#endif
