/* batch_normalization.h - what others do with a batch normalization. */
#ifndef FCNN_LAYER_BATCH_NORMALIZATION_H
#define FCNN_LAYER_BATCH_NORMALIZATION_H

#include "layer.h"

/* Floats of scratch memory of what follows. */
size_t fcnn_batch_normalization_fold_scratch(const fcnn_layer *normalization);

/* folded = `kernel`, whose last axes are the channels, then the bias, such that a layer with them returns what `kernel`
 * and `bias` (NULL: 0) and the normalization by the moving statistics behind them do. */
void fcnn_batch_normalization_fold(const fcnn_layer *normalization, const fcnn_kernels *kernels,
                                   const float *parameters, size_t kernel_size, const float *kernel, const float *bias,
                                   float *folded, float *scratch);

/* *fused = the step that adds its second input, where `adds`, and then applies `relu` (NULL: none), which has neither
 * slope nor threshold. */
fcnn_status fcnn_batch_normalization_fuse(fcnn_layer *fused, const fcnn_layer *normalization, int adds,
                                          const fcnn_activation_spec *relu, fcnn_error *error);

#endif
