/* registry.h - every optimizer class; one line each. */
#ifndef FCNN_OPTIMIZER_REGISTRY_H
#define FCNN_OPTIMIZER_REGISTRY_H

#include "optimizer.h"

/* A new class is one more line here. */
#define FCNN_OPTIMIZER_CLASSES(EACH) \
    EACH(adam)                       \
    EACH(rmsprop)                    \
    EACH(sgd)

#define FCNN_DECLARE_OPTIMIZER(name) extern const fcnn_optimizer_class fcnn_##name##_class;
FCNN_OPTIMIZER_CLASSES(FCNN_DECLARE_OPTIMIZER)

/* The attributes that every optimizer understands. */
#define FCNN_OPTIMIZER_COMMON "type", "weight_decay", "clipnorm", "global_clipnorm", "clipvalue"

/* Gives the optimizer one more slot. */
void fcnn_optimizer_add_slot(fcnn_optimizer *optimizer, const char *name);

#endif
