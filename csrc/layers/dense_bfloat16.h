/* dense_bfloat16.h - a dense layer whose products take factors rounded to bfloat16. */
#ifndef FCNN_LAYER_DENSE_BFLOAT16_H
#define FCNN_LAYER_DENSE_BFLOAT16_H

#include "layer.h"

/* Makes the layer, which has its description, its output and its parameters, one of this class. */
void fcnn_dense_bfloat16_create(fcnn_layer *layer);

#endif
