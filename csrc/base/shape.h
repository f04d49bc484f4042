/* shape.h - the extents of one image's tensor, without the batch axis. */
#ifndef FCNN_SHAPE_H
#define FCNN_SHAPE_H

#include <stddef.h>

#include "status.h"

enum { FCNN_MAX_RANK = 6 };

typedef struct fcnn_shape {
    size_t rank;
    size_t extent[FCNN_MAX_RANK]; /* images: height, width, channels */
} fcnn_shape;

/* Number of elements; 1 for rank 0. The shape was checked by fcnn_shape_check. */
size_t fcnn_shape_size(const fcnn_shape *shape);

int fcnn_shape_equal(const fcnn_shape *a, const fcnn_shape *b);

/* FCNN_E_SHAPE where an extent is 0 or the number of elements exceeds 2^40. `what` names the tensor. */
fcnn_status fcnn_shape_check(const fcnn_shape *shape, const char *what, fcnn_error *error);

/* "(26, 26, 32)", cut to `size`. Returns text. */
const char *fcnn_shape_text(const fcnn_shape *shape, char *text, size_t size);

#endif
