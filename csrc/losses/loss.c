/* loss.c - finds and creates losses. */
#include "loss.h"

#include <string.h>

#include "registry.h"

#define ADDRESS(name) &fcnn_##name##_class,
static const fcnn_loss_class *const classes[] = {FCNN_LOSS_CLASSES(ADDRESS) NULL};

const fcnn_loss_class *fcnn_loss_find(const char *type)
{
    size_t i = 0;
    while (classes[i] && strcmp(classes[i]->type, type) != 0)
        i++;
    return classes[i];
}

static fcnn_status read_common(fcnn_loss *loss, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const reductions[] = {"sum_over_batch_size", "sum", "mean_with_sample_weight", "none"};
    size_t reduction = FCNN_SUM_OVER_BATCH_SIZE;
    double factor = 1.0;
    if (fcnn_attributes_has(attributes, "reduction"))
        FCNN_TRY(fcnn_attributes_choice(attributes, "reduction", reductions, 4, &reduction, error));
    if (fcnn_attributes_has(attributes, "factor"))
        FCNN_TRY(fcnn_attributes_number(attributes, "factor", -0x1p60, 0x1p60, &factor, error));
    loss->reduction = (fcnn_reduction)reduction;
    loss->factor = (float)factor;
    return FCNN_OK;
}

fcnn_status fcnn_loss_create(fcnn_loss *loss, const fcnn_attributes *attributes, fcnn_error *error)
{
    const char *type;
    FCNN_TRY(fcnn_attributes_text(attributes, "type", &type, error));
    *loss = (fcnn_loss){.class = fcnn_loss_find(type)};
    if (!loss->class)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "loss '%.64s' is not known", type);
    FCNN_TRY(read_common(loss, attributes, error));
    return loss->class->create(loss, attributes, error);
}

fcnn_status fcnn_loss_read_options(fcnn_loss *loss, const fcnn_attributes *attributes, fcnn_error *error)
{
    if (fcnn_attributes_has(attributes, "from_logits")) {
        size_t from_logits;
        FCNN_TRY(fcnn_attributes_sizes(attributes, "from_logits", 0, 1, &from_logits, 1, error));
        loss->from_logits = (int)from_logits;
    }
    if (fcnn_attributes_has(attributes, "label_smoothing")) {
        double smoothing;
        FCNN_TRY(fcnn_attributes_number(attributes, "label_smoothing", 0.0, 1.0, &smoothing, error));
        loss->label_smoothing = (float)smoothing;
    }
    return FCNN_OK;
}
