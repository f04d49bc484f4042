/* regularizer.c - finds and creates regularizers. */
#include "regularizer.h"

#include "../base/find.h"
#include "registry.h"

FCNN_DEFINE_FIND(fcnn_regularizer_class, FCNN_REGULARIZER_CLASSES)

fcnn_status fcnn_regularizer_create(fcnn_regularizer *regularizer, const fcnn_attributes *attributes,
                                    const fcnn_shape *shape, fcnn_error *error)
{
    const char *type;
    FCNN_TRY(fcnn_attributes_text(attributes, "type", &type, error));
    *regularizer = (fcnn_regularizer){.class = find(type), .size = fcnn_shape_size(shape)};
    if (!regularizer->class)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "regularizer '%.64s' is not known", type);
    return regularizer->class->create(regularizer, attributes, shape, error);
}
