/* regularizer.h - what every regularizer is: a penalty for the values of one parameter, which is a part of the loss.
 *
 * Formulas are Keras 3's. The work is cut into pieces, whose number depends on the parameter's shape alone; they may
 * run in any order and on any thread. The penalty is the sum of theirs, in order.
 */
#ifndef FCNN_REGULARIZER_H
#define FCNN_REGULARIZER_H

#include <stddef.h>

#include "../base/attributes.h"
#include "../base/shape.h"
#include "../base/status.h"
#include "../kernels/kernels.h"

typedef struct fcnn_regularizer fcnn_regularizer;

/* One parameter as its regularizer sees it. */
typedef struct fcnn_penalized {
    const fcnn_kernels *kernels;
    const float *w;
    float *gradient; /* the penalty's is added to it */
    float *shared;   /* regularizer->shared floats, written by prepare */
    float *scratch;  /* regularizer->scratch floats of this worker */
} fcnn_penalized;

typedef struct fcnn_regularizer_class {
    const char *type; /* "l1_l2" */

    /* Checks the attributes, and the shape of the parameter; fills in everything else. */
    fcnn_status (*create)(fcnn_regularizer *regularizer, const fcnn_attributes *attributes, const fcnn_shape *shape,
                          fcnn_error *error);

    /* Makes the piece's part of what is shared, before any `penalty` or `add_gradient`. NULL: nothing to do. */
    void (*prepare)(const fcnn_regularizer *regularizer, const fcnn_penalized *penalized, size_t piece);

    /* The piece's share of the penalty. */
    double (*penalty)(const fcnn_regularizer *regularizer, const fcnn_penalized *penalized, size_t piece);

    /* Adds the penalty's gradient to that of the piece's values. */
    void (*add_gradient)(const fcnn_regularizer *regularizer, const fcnn_penalized *penalized, size_t piece);

    /* The same for any `count` values, where each one's gradient depends on that value alone: it can be found while a
     * gradient is in the cache. NULL: the whole parameter is needed. */
    void (*add_to_range)(const fcnn_regularizer *regularizer, const fcnn_kernels *kernels, size_t count, const float *w,
                         float *gradient);
} fcnn_regularizer_class;

struct fcnn_regularizer {
    const fcnn_regularizer_class *class; /* NULL: there is none */
    size_t pieces;
    size_t shared, scratch; /* floats */
    size_t size;            /* of the parameter */
    size_t vectors, length; /* of a matrix: what is compared, and the numbers of each */
    double config[2];       /* the class's own numbers */
    int flag;               /* the class's own switch */
};

/* Fills *regularizer from attributes: "type" and the class's own. `shape` is the parameter's. */
fcnn_status fcnn_regularizer_create(fcnn_regularizer *regularizer, const fcnn_attributes *attributes,
                                    const fcnn_shape *shape, fcnn_error *error);

#endif
