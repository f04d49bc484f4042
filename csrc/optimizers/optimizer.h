/* optimizer.h - what every optimizer is: slots (vectors as long as the parameters) and an elementwise update.
 *
 * Formulas and defaults are Keras 3's. An update of a range depends on that range alone, so ranges may run in any order
 * and on any thread.
 */
#ifndef FCNN_OPTIMIZER_H
#define FCNN_OPTIMIZER_H

#include <stddef.h>

#include "../base/attributes.h"
#include "../base/status.h"
#include "../kernels/kernels.h"

enum { FCNN_MAX_SLOTS = 5 }; /* three of the class; the weights' average and the sum of gradients of every optimizer */

typedef struct fcnn_optimizer fcnn_optimizer;

typedef struct fcnn_optimizer_class {
    const char *type; /* "adam" */

    /* Checks the attributes; sets slots, slot_name and config. */
    fcnn_status (*create)(fcnn_optimizer *optimizer, const fcnn_attributes *attributes, fcnn_error *error);

    /* Sets update->rate, and what else depends on the step, for step number `step`, counted from 1. */
    void (*begin)(const fcnn_optimizer *optimizer, double learning_rate, unsigned long long step, fcnn_update *update);

    /* Updates w[0 .. count-1] and the slots from g; returns whether all that it made is finite. */
    int (*apply)(const fcnn_optimizer *optimizer, const fcnn_kernels *kernels, const fcnn_update *update, size_t count,
                 float *w, const float *g, float *const slot[FCNN_MAX_SLOTS]);
} fcnn_optimizer_class;

struct fcnn_optimizer {
    const fcnn_optimizer_class *class;
    size_t slots;
    const char *slot_name[FCNN_MAX_SLOTS]; /* "momentum", "velocity": Keras's names; the class's own come first */
    float slot_start[FCNN_MAX_SLOTS];      /* what every number of the slot begins with */
    double weight_decay;                   /* 0: none */
    double clipnorm;                       /* of each parameter; 0: none. At most one of the three is given */
    double global_clipnorm;                /* of all of them; 0: none */
    double clipvalue;                      /* 0: none */
    size_t average; /* the slot of the weights' moving average, NaN where there is none yet; FCNN_MAX_SLOTS: none */
    double ema_momentum;
    size_t ema_overwrite_frequency; /* the weights become their average every so many updates; 0: never */
    size_t accumulator;             /* the slot of summed gradients; FCNN_MAX_SLOTS: none */
    size_t accumulation_steps;      /* gradients are averaged over so many steps; 1 where there is no slot */
    double config[6];               /* the class's own numbers */
    int flag;                       /* the class's own switch: amsgrad, nesterov, centered */
};

/* Fills *optimizer from attributes: "type", "weight_decay", "clipnorm", "global_clipnorm", "clipvalue",
 * "ema_momentum", "ema_overwrite_frequency", "gradient_accumulation_steps" (absent: none) and the class's own. */
fcnn_status fcnn_optimizer_create(fcnn_optimizer *optimizer, const fcnn_attributes *attributes, fcnn_error *error);

/* *update = the numbers of step `step`, with clip_scale 1 and keeps_finite. */
void fcnn_optimizer_begin(const fcnn_optimizer *optimizer, double learning_rate, unsigned long long step,
                          fcnn_update *update);

#endif
