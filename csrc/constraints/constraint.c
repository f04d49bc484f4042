/* constraint.c - finds and creates constraints. */
#include "constraint.h"

#include "../base/find.h"
#include "registry.h"

FCNN_DEFINE_FIND(fcnn_constraint_class, FCNN_CONSTRAINT_CLASSES)

fcnn_status fcnn_constraint_create(fcnn_constraint *constraint, const fcnn_attributes *attributes,
                                   const fcnn_shape *shape, fcnn_error *error)
{
    const char *type;
    FCNN_TRY(fcnn_attributes_text(attributes, "type", &type, error));
    *constraint = (fcnn_constraint){.class = find(type), .size = fcnn_shape_size(shape)};
    if (!constraint->class)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "constraint '%.64s' is not known", type);
    return constraint->class->create(constraint, attributes, shape, error);
}
