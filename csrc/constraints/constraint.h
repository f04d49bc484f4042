/* constraint.h - what every constraint is: it changes the values of one parameter after each update.
 *
 * Formulas are Keras 3's. The work is cut into pieces, each with values of its own, so they may run in any order and on
 * any thread; their number depends on the parameter's shape alone.
 */
#ifndef FCNN_CONSTRAINT_H
#define FCNN_CONSTRAINT_H

#include <stddef.h>

#include "../base/attributes.h"
#include "../base/shape.h"
#include "../base/status.h"

typedef struct fcnn_constraint fcnn_constraint;

typedef struct fcnn_constraint_class {
    const char *type; /* "norm" */

    /* Checks the attributes, and that they fit the shape of the parameter; fills in everything else. */
    fcnn_status (*create)(fcnn_constraint *constraint, const fcnn_attributes *attributes, const fcnn_shape *shape,
                          fcnn_error *error);

    /* Changes the values of a piece. What was finite stays so. */
    void (*apply)(const fcnn_constraint *constraint, float *w, size_t piece);
} fcnn_constraint_class;

/* The positions along some axes of a parameter, the last one fastest. */
typedef struct fcnn_grid {
    size_t axes;
    size_t extent[FCNN_MAX_RANK], step[FCNN_MAX_RANK];
} fcnn_grid;

struct fcnn_constraint {
    const fcnn_constraint_class *class; /* NULL: there is none */
    size_t size;                        /* of the parameter */
    size_t pieces;
    fcnn_grid units, terms; /* norm: the axes along which there are several norms, and those that one is a sum over */
    size_t lanes;           /* norms side by side, on an axis that `units` then leaves out; else 1 */
    double config[3];       /* the class's own numbers */
};

/* Fills *constraint from attributes: "type" and the class's own. `shape` is the parameter's. */
fcnn_status fcnn_constraint_create(fcnn_constraint *constraint, const fcnn_attributes *attributes,
                                   const fcnn_shape *shape, fcnn_error *error);

#endif
