/* pooled_weight_gradient.h - the ways of pooled_weight_gradient.c that have files of their own, and what all share. */
#ifndef FCNN_POOLED_WEIGHT_GRADIENT_H
#define FCNN_POOLED_WEIGHT_GRADIENT_H

#include "name.h"
#include "vec.h"

/* Gradients that live; the others are 0. */
static inline vf live_gradients(const float *y, const float *dy, size_t lanes, int relu)
{
    const vf g = vf_load_some(dy, lanes);
    return relu ? vf_select(vf_greater(vf_load_some(y, lanes), (vf){0}), g, (vf){0}) : g;
}

/* Small patches under windows of four pixels. */
enum { SMALL_PATCH = 48 }; /* columns, at most */
void FCNN_NAME(pooled_small)(const fcnn_pooled *pooled, const float *x, const float *y, const float *dy,
                             const uint8_t *winner, size_t images, size_t stride, size_t outputs, size_t begin,
                             size_t end, float *gradient, float *bias, int accumulate, float *table);

/* Short runs. */
enum { SHORT_RUN = 5 }; /* columns, at most */
void FCNN_NAME(pooled_short)(const fcnn_pooled *pooled, const float *x, const float *y, const float *dy,
                             const uint8_t *winner, size_t images, size_t stride, size_t outputs, size_t begin,
                             size_t end, float *gradient, float *bias, int accumulate);

#endif
