/* amounts.h - what a stage of a step has to do by the layer's definition and its shapes, however it is computed. */
#ifndef FCNN_AMOUNTS_H
#define FCNN_AMOUNTS_H

#include "internal.h"
#include "profile.h"

typedef struct fcnn_amounts {
    double products;    /* multiply-adds an image, of convolutions and products of matrices */
    double image_bytes; /* read and written for an image: the layer's inputs and outputs, or their gradients */
    double pass_bytes;  /* once a pass: parameters, their gradients, the optimizer's slots */
} fcnn_amounts;

/* step NULL: what the stage does for all of the network. */
fcnn_amounts fcnn_amounts_of(const fcnn_network *network, const fcnn_step *step, fcnn_stage stage);

#endif
