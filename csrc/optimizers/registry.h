/* registry.h - every optimizer class; one line each. */
#ifndef FCNN_OPTIMIZER_REGISTRY_H
#define FCNN_OPTIMIZER_REGISTRY_H

#include "optimizer.h"

/* A new class is one more line here. */
#define FCNN_OPTIMIZER_CLASSES(EACH) \
    EACH(adadelta)                   \
    EACH(adagrad)                    \
    EACH(adam)                       \
    EACH(adamax)                     \
    EACH(ftrl)                       \
    EACH(lion)                       \
    EACH(nadam)                      \
    EACH(rmsprop)                    \
    EACH(sgd)

#define FCNN_DECLARE_OPTIMIZER(name) extern const fcnn_optimizer_class fcnn_##name##_class;
FCNN_OPTIMIZER_CLASSES(FCNN_DECLARE_OPTIMIZER)

/* The attributes that every optimizer understands. */
#define FCNN_OPTIMIZER_COMMON                                                                                      \
    "type", "weight_decay", "clipnorm", "global_clipnorm", "clipvalue", "ema_momentum", "ema_overwrite_frequency", \
        "gradient_accumulation_steps"

/* Gives the optimizer one more slot, whose numbers begin as `start`. */
void fcnn_optimizer_add_slot(fcnn_optimizer *optimizer, const char *name, double start);

/* *decay = the number called `name`, in [0, 1); unchanged where it is not given. */
fcnn_status fcnn_optimizer_read_decay(const fcnn_attributes *attributes, const char *name, double *decay,
                                      fcnn_error *error);

/* *epsilon = the number called "epsilon", at least 0; unchanged where it is not given. */
fcnn_status fcnn_optimizer_read_epsilon(const fcnn_attributes *attributes, double *epsilon, fcnn_error *error);

/* The `begin` of an optimizer whose rate is the learning rate. */
void fcnn_optimizer_take_rate(const fcnn_optimizer *optimizer, double learning_rate, unsigned long long step,
                              fcnn_update *update);

#endif
