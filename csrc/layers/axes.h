/* axes.h - some axes of an image, taken together.
 *
 * A layer that works along chosen axes, or has a parameter for each index of them, sees the image as (outer, lines,
 * inner, columns): `lines` and `columns` are the chosen axes, each a stretch of neighbours; any of the four may be 1.
 */
#ifndef FCNN_LAYER_AXES_H
#define FCNN_LAYER_AXES_H

#include "layer.h"

typedef struct fcnn_axes {
    size_t outer, lines, inner, columns;
} fcnn_axes;

/* Reads which axes of layer->input[0] the attribute `name` chooses: a tuple with 1 for those, 0 for the others. Where
 * it is not given, the last axis. FCNN_E_SHAPE where the image cannot be seen like that. */
fcnn_status fcnn_axes_read(const fcnn_layer *layer, const fcnn_attributes *attributes, const char *name,
                           fcnn_axes *axes, fcnn_error *error);

/* Numbers for one index of `outer`, and numbers along the chosen axes. */
size_t fcnn_axes_block(const fcnn_axes *axes);
size_t fcnn_axes_chosen(const fcnn_axes *axes);

#endif
