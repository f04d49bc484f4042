/* vectors.h - what layers share that make of each vector along some axes another one: softmax and its kin.
 *
 * The vectors of the last axes lie in memory as the kernels take them; others are put side by side first, and back
 * afterwards.
 */
#ifndef FCNN_LAYER_VECTORS_H
#define FCNN_LAYER_VECTORS_H

#include "axes.h"

/* For each of `rows` vectors: y from x, where y == x is allowed; and dx from dy and from y, or x where
 * layer->backward_reads says so; dx == dy is allowed. scratch: what the layer has added to layer->scratch. */
typedef void fcnn_vectors_forward(const fcnn_kernels *kernels, size_t rows, size_t columns, const float *x, float *y,
                                  float *scratch);
typedef void fcnn_vectors_backward(const fcnn_kernels *kernels, size_t rows, size_t columns, const float *given,
                                   const float *dy, float *dx, float *scratch);

/* Reads `along`, the axes of the vectors, makes layer->config the fcnn_axes, and sets the rest of the layer; backward
 * reads y. */
fcnn_status fcnn_vectors_create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error);

/* What the layer's forward and backward do. */
void fcnn_vectors_run_forward(const fcnn_layer *layer, const fcnn_io *io, size_t images, fcnn_vectors_forward *make);
void fcnn_vectors_run_backward(const fcnn_layer *layer, const fcnn_io *io, size_t images, fcnn_vectors_backward *make);

#endif
