/* dense_bfloat16.h - a dense layer whose products take factors rounded to bfloat16. */
#ifndef FCNN_LAYER_DENSE_BFLOAT16_H
#define FCNN_LAYER_DENSE_BFLOAT16_H

#include "layer.h"

/* Makes the layer one of this class, once it has its output and its parameters. */
fcnn_status fcnn_dense_bfloat16_create(fcnn_layer *layer, fcnn_error *error);

#endif
