/* loss.c - finds and creates losses. */
#include "loss.h"

#include <string.h>

#include "registry.h"

static const fcnn_loss_class *const classes[] = {
    &fcnn_sparse_categorical_crossentropy_class,
    &fcnn_categorical_crossentropy_class,
    &fcnn_binary_crossentropy_class,
    &fcnn_mean_squared_error_class,
    &fcnn_mean_absolute_error_class,
    &fcnn_huber_class,
};

const fcnn_loss_class *fcnn_loss_find(const char *type)
{
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (strcmp(classes[i]->type, type) == 0)
            return classes[i];
    return NULL;
}

fcnn_status fcnn_loss_create(fcnn_loss *loss, const fcnn_attributes *attributes, fcnn_error *error)
{
    const char *type;
    FCNN_TRY(fcnn_attributes_text(attributes, "type", &type, error));
    *loss = (fcnn_loss){.class = fcnn_loss_find(type)};
    if (!loss->class)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "loss '%.64s' is not known", type);
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
