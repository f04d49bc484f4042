/* plan.h - what will run: the steps of a graph, in order, and where each finds its numbers.
 *
 * Every image of a batch has one record of `record` floats; a tensor's offset is the same in all of them. Tensors whose
 * lives do not overlap share memory. Steps run forward over images, then the loss, then backward; gradients of
 * parameters run afterwards, over shards, in one of three ways:
 *   - Where a layer has very few parameters for the size of its output, each image's gradient is computed right after
 *     the layer's backward, while the image is in the cache (`partial`), and a shard only adds them up.
 *   - Where it has few, FCNN_SUMS sums are made over the images: sum s takes the stretches s, s + FCNN_SUMS, ... of
 *     FCNN_STRETCH images each, so that a core can work on images that it has run itself; they are added up at the end.
 *   - Else a shard sums over all images, and its parameters are updated at once.
 * Of the last kind are steps at which the groups of images halt: their layer runs in parts (layers/layer.h), and its
 * input comes from a ReLU. Forward goes on when the parts have run for all images; backward when the shards have, which
 * also find dx. All of these are chosen by shapes, so that the result does not depend on the number of threads.
 */
#ifndef FCNN_PLAN_H
#define FCNN_PLAN_H

#include <stdint.h>

#include "fuse.h"

static const size_t FCNN_NOWHERE = SIZE_MAX;

enum { FCNN_SUMS = 4, FCNN_STRETCH = 16 };

typedef struct fcnn_step {
    const fcnn_layer *layer;
    size_t node; /* whose parameters it uses */
    /* Offsets in an image's record; FCNN_NOWHERE: not wanted. */
    size_t x[FCNN_MAX_INPUTS], y;
    size_t dy, dx[FCNN_MAX_INPUTS];
    size_t sum[FCNN_MAX_INPUTS]; /* where dx is added afterwards: the gradient of a tensor with several users */
    size_t saved;
    size_t partial;    /* gradients of the image alone, of a layer with few parameters; else FCNN_NOWHERE */
    size_t sum_place;  /* offset of its gradients in each of the FCNN_SUMS; FCNN_NOWHERE: not summed so */
    size_t parameters; /* offset in the network's vectors */
    size_t used[2];    /* lines and columns of y that anyone reads */
    size_t prepared;   /* offset in the prepared memory */
    int has_backward, has_gradient;
    int halts;    /* forward by parts, and both of these at once, over shards, for all images */
    size_t parts; /* offset of what parts add to y */
} fcnn_step;

/* A piece of work that is not an image. Pieces of a partial gradient and of an update have FCNN_PIECE parameters. */
enum { FCNN_PIECE = 2048 };

typedef struct fcnn_shard {
    const fcnn_step *step;
    size_t number;
    size_t sum; /* which of the FCNN_SUMS, where the step has a sum_place */
} fcnn_shard;

/* Steps between those that run in parts. Backward: the steps [begin, end), the last one first, image by image; then the
 * shards [first_shard, end_shard) of the gradient, over all images: those of step begin - 1, or, in the last stage, all
 * others. */
typedef struct fcnn_stage {
    size_t begin, end;
    size_t first_shard, end_shard;
} fcnn_stage;

typedef struct fcnn_plan {
    fcnn_operation *operation; /* (steps) what the steps were made from */
    fcnn_step *step;
    size_t steps;
    size_t record;              /* floats an image */
    size_t input, output;       /* offsets of the network's input and output */
    size_t prediction;          /* what the loss reads: the output, or its logits */
    size_t prediction_gradient; /* FCNN_NOWHERE in a plan without backward */
    size_t prepared, scratch;   /* floats in all; floats a worker */
    size_t shard;               /* floats of the largest shard that is updated at once */
    size_t summed;              /* floats of each of the FCNN_SUMS */
    fcnn_shard *prepare, *gradient;
    fcnn_shard *update; /* pieces of parameters that no shard completes */
    size_t prepares, gradients, updates;
    fcnn_stage *stage; /* in order of backward */
    size_t stages;
} fcnn_plan;

/* What a plan is made for. */
typedef struct fcnn_purpose {
    int training;                   /* with backward and gradients */
    int loss_absorbs;               /* the loss reads the last layer's input and that layer has no backward */
    const unsigned char *trainable; /* (nodes): which nodes' gradients are wanted */
} fcnn_purpose;

/* [*begin, *end) = the parameters of the step whose gradients a shard completes. False where it completes none, or they
 * are not contiguous. */
int fcnn_shard_range(const fcnn_shard *shard, size_t *begin, size_t *end);

/* The same for a piece. */
void fcnn_piece_range(const fcnn_shard *piece, size_t *begin, size_t *end);

fcnn_status fcnn_plan_create(fcnn_plan **plan, const fcnn_graph *graph, const fcnn_purpose *purpose, fcnn_error *error);

void fcnn_plan_destroy(fcnn_plan *plan);

#endif
