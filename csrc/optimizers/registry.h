/* registry.h - every optimizer class; optimizer.c looks them up by type. */
#ifndef FCNN_OPTIMIZER_REGISTRY_H
#define FCNN_OPTIMIZER_REGISTRY_H

#include "optimizer.h"

extern const fcnn_optimizer_class fcnn_adam_class;
extern const fcnn_optimizer_class fcnn_rmsprop_class;
extern const fcnn_optimizer_class fcnn_sgd_class;

/* The attributes that every optimizer understands. */
#define FCNN_OPTIMIZER_COMMON "type", "weight_decay", "clipnorm", "global_clipnorm", "clipvalue"

/* *value = the number called `name` in [low, high]; unchanged where it is not given. */
fcnn_status fcnn_optimizer_read_number(const fcnn_attributes *attributes, const char *name, double low, double high,
                                       double *value, fcnn_error *error);

/* *flag = the bool called `name`; unchanged where it is not given. */
fcnn_status fcnn_optimizer_read_flag(const fcnn_attributes *attributes, const char *name, int *flag, fcnn_error *error);

/* Gives the optimizer one more slot. */
void fcnn_optimizer_add_slot(fcnn_optimizer *optimizer, const char *name);

#endif
