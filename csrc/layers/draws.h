/* draws.h - random decisions about images: each belongs to a layer's seed, a step and an image, and to nothing else. */
#ifndef FCNN_LAYER_DRAWS_H
#define FCNN_LAYER_DRAWS_H

#include "layer.h"

/* The numbers of an interval. */
typedef struct fcnn_interval {
    float low, high;
} fcnn_interval;

/* *interval = the two numbers called `name`, which are in order. */
fcnn_status fcnn_draws_interval(const fcnn_attributes *attributes, const char *name, fcnn_interval *interval,
                                fcnn_error *error);

/* *seed = the integer "seed". */
fcnn_status fcnn_draws_seed(const fcnn_attributes *attributes, uint64_t *seed, fcnn_error *error);

/* u[0 .. count-1] = uniform numbers in [0, 1) for image `image` of io. */
void fcnn_draws(const fcnn_io *io, uint64_t seed, size_t image, float *u, size_t count);

static inline float fcnn_draw_in(fcnn_interval interval, float u)
{
    return interval.low + (interval.high - interval.low) * u;
}

/* Copies the images; not where they are in place. */
void fcnn_draws_copy(const fcnn_layer *layer, const fcnn_io *io, size_t images, const float *from, float *to);

#endif
