/* optimizer.c - finds and creates optimizers, and reads what is common to all. */
#include "optimizer.h"

#include <math.h>
#include <stdint.h>

#include "../base/find.h"
#include "registry.h"

FCNN_DEFINE_FIND(fcnn_optimizer_class, FCNN_OPTIMIZER_CLASSES)

void fcnn_optimizer_add_slot(fcnn_optimizer *optimizer, const char *name, double start)
{
    optimizer->slot_name[optimizer->slots] = name;
    optimizer->slot_start[optimizer->slots++] = (float)start;
}

fcnn_status fcnn_optimizer_read_decay(const fcnn_attributes *attributes, const char *name, double *decay,
                                      fcnn_error *error)
{
    return fcnn_attributes_optional_number(attributes, name, 0.0, nextafter(1.0, 0.0), decay, error);
}

fcnn_status fcnn_optimizer_read_epsilon(const fcnn_attributes *attributes, double *epsilon, fcnn_error *error)
{
    return fcnn_attributes_optional_number(attributes, "epsilon", 0.0, 0x1p60, epsilon, error);
}

static fcnn_status read_clipping(fcnn_optimizer *optimizer, const fcnn_attributes *attributes, fcnn_error *error)
{
    const double most = 0x1p100;
    FCNN_TRY(fcnn_attributes_optional_number(attributes, "clipnorm", 0.0, most, &optimizer->clipnorm, error));
    FCNN_TRY(
        fcnn_attributes_optional_number(attributes, "global_clipnorm", 0.0, most, &optimizer->global_clipnorm, error));
    FCNN_TRY(fcnn_attributes_optional_number(attributes, "clipvalue", 0.0, most, &optimizer->clipvalue, error));
    if ((optimizer->clipnorm > 0.0) + (optimizer->global_clipnorm > 0.0) + (optimizer->clipvalue > 0.0) > 1)
        return fcnn_fail(error, FCNN_E_ARGUMENT,
                         "only one of `clipnorm`, `global_clipnorm` and `clipvalue` can be set, got %g, %g and %g",
                         optimizer->clipnorm, optimizer->global_clipnorm, optimizer->clipvalue);
    return FCNN_OK;
}

static fcnn_status add_average(fcnn_optimizer *optimizer, const fcnn_attributes *attributes, fcnn_error *error)
{
    if (!fcnn_attributes_has(attributes, "ema_momentum"))
        return FCNN_OK;
    FCNN_TRY(fcnn_attributes_number(attributes, "ema_momentum", 0.0, 1.0, &optimizer->ema_momentum, error));
    if (fcnn_attributes_has(attributes, "ema_overwrite_frequency"))
        FCNN_TRY(fcnn_attributes_sizes(attributes, "ema_overwrite_frequency", 1, SIZE_MAX,
                                       &optimizer->ema_overwrite_frequency, 1, error));
    optimizer->average = optimizer->slots;
    fcnn_optimizer_add_slot(optimizer, "average", NAN);
    return FCNN_OK;
}

static fcnn_status add_accumulator(fcnn_optimizer *optimizer, const fcnn_attributes *attributes, fcnn_error *error)
{
    if (!fcnn_attributes_has(attributes, "gradient_accumulation_steps"))
        return FCNN_OK;
    FCNN_TRY(fcnn_attributes_sizes(attributes, "gradient_accumulation_steps", 2, SIZE_MAX,
                                   &optimizer->accumulation_steps, 1, error));
    optimizer->accumulator = optimizer->slots;
    fcnn_optimizer_add_slot(optimizer, "gradient_accumulator", 0.0);
    return FCNN_OK;
}

fcnn_status fcnn_optimizer_create(fcnn_optimizer *optimizer, const fcnn_attributes *attributes, fcnn_error *error)
{
    const char *type;
    FCNN_TRY(fcnn_attributes_text(attributes, "type", &type, error));
    *optimizer = (fcnn_optimizer){
        .class = find(type), .average = FCNN_MAX_SLOTS, .accumulator = FCNN_MAX_SLOTS, .accumulation_steps = 1};
    if (!optimizer->class)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "optimizer '%.64s' is not known", type);
    FCNN_TRY(
        fcnn_attributes_optional_number(attributes, "weight_decay", 0.0, 0x1p100, &optimizer->weight_decay, error));
    FCNN_TRY(read_clipping(optimizer, attributes, error));
    FCNN_TRY(optimizer->class->create(optimizer, attributes, error));
    FCNN_TRY(add_average(optimizer, attributes, error));
    return add_accumulator(optimizer, attributes, error);
}

void fcnn_optimizer_begin(const fcnn_optimizer *optimizer, double learning_rate, unsigned long long step,
                          fcnn_update *update)
{
    *update = (fcnn_update){
        .decay = (float)(learning_rate * optimizer->weight_decay),
        .clip_value = optimizer->clipvalue > 0.0 ? (float)optimizer->clipvalue : INFINITY,
        .clip_scale = 1.0f,
        .keeps_finite = 1,
    };
    optimizer->class->begin(optimizer, learning_rate, step, update);
}

void fcnn_optimizer_take_rate(const fcnn_optimizer *optimizer, double learning_rate, unsigned long long step,
                              fcnn_update *update)
{
    (void)optimizer, (void)step;
    update->rate = (float)learning_rate;
}
