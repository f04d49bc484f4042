/* optimizer.c - finds and creates optimizers, and does what is common to all: weight decay and clipping. */
#include "optimizer.h"

#include <math.h>

#include "../base/find.h"
#include "registry.h"

FCNN_DEFINE_FIND(fcnn_optimizer_class, FCNN_OPTIMIZER_CLASSES)

void fcnn_optimizer_add_slot(fcnn_optimizer *optimizer, const char *name)
{
    optimizer->slot_name[optimizer->slots++] = name;
}

fcnn_status fcnn_optimizer_create(fcnn_optimizer *optimizer, const fcnn_attributes *attributes, fcnn_error *error)
{
    const double most = 0x1p100;
    const char *type;
    FCNN_TRY(fcnn_attributes_text(attributes, "type", &type, error));
    *optimizer = (fcnn_optimizer){.class = find(type)};
    if (!optimizer->class)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "optimizer '%.64s' is not known", type);
    FCNN_TRY(fcnn_attributes_optional_number(attributes, "weight_decay", 0.0, most, &optimizer->weight_decay, error));
    FCNN_TRY(fcnn_attributes_optional_number(attributes, "clipnorm", 0.0, most, &optimizer->clipnorm, error));
    FCNN_TRY(
        fcnn_attributes_optional_number(attributes, "global_clipnorm", 0.0, most, &optimizer->global_clipnorm, error));
    FCNN_TRY(fcnn_attributes_optional_number(attributes, "clipvalue", 0.0, most, &optimizer->clipvalue, error));
    if ((optimizer->clipnorm > 0.0) + (optimizer->global_clipnorm > 0.0) + (optimizer->clipvalue > 0.0) > 1)
        return fcnn_fail(error, FCNN_E_ARGUMENT,
                         "only one of `clipnorm`, `global_clipnorm` and `clipvalue` can be set, got %g, %g and %g",
                         optimizer->clipnorm, optimizer->global_clipnorm, optimizer->clipvalue);
    return optimizer->class->create(optimizer, attributes, error);
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
