/* loss.c - finds and creates losses. */
#include "loss.h"

#include "../base/find.h"
#include "registry.h"

FCNN_DEFINE_FIND(fcnn_loss_class, FCNN_LOSS_CLASSES)

static fcnn_status read_common(fcnn_loss *loss, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const reductions[] = {"sum_over_batch_size", "sum", "mean_with_sample_weight", "none"};
    size_t reduction = FCNN_SUM_OVER_BATCH_SIZE;
    double factor = 1.0;
    if (fcnn_attributes_has(attributes, "reduction"))
        FCNN_TRY(fcnn_attributes_choice(attributes, "reduction", reductions, 4, &reduction, error));
    FCNN_TRY(fcnn_attributes_optional_number(attributes, "factor", -0x1p60, 0x1p60, &factor, error));
    loss->reduction = (fcnn_reduction)reduction;
    loss->factor = (float)factor;
    return FCNN_OK;
}

fcnn_status fcnn_loss_create(fcnn_loss *loss, const fcnn_attributes *attributes, fcnn_error *error)
{
    const char *type;
    FCNN_TRY(fcnn_attributes_text(attributes, "type", &type, error));
    *loss = (fcnn_loss){.class = find(type)};
    if (!loss->class)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "loss '%.64s' is not known", type);
    FCNN_TRY(read_common(loss, attributes, error));
    return loss->class->create(loss, attributes, error);
}

fcnn_status fcnn_loss_read_options(fcnn_loss *loss, const fcnn_attributes *attributes, fcnn_error *error)
{
    double smoothing = 0.0;
    FCNN_TRY(fcnn_attributes_optional_flag(attributes, "from_logits", &loss->from_logits, error));
    FCNN_TRY(fcnn_attributes_optional_number(attributes, "label_smoothing", 0.0, 1.0, &smoothing, error));
    loss->label_smoothing = (float)smoothing;
    return FCNN_OK;
}
