/* plan.h - what will run: the steps of a graph, and the phases in which they run.
 *
 * Every image of a batch has one record of `record` floats; a tensor's buffer has the same offset in all of them.
 * Tensors whose lives do not overlap share memory.
 *
 * A phase is one parallel loop with a barrier behind it. In a phase of images each group of images goes through all its
 * actions, in order: forward steps, losses, backward steps. In the others each action is a piece of work by itself, for
 * all images. Groups halt, and another phase begins, where something needs all images:
 *   - a layer that runs in parts (layers/layer.h), and whose input comes from a ReLU: forward goes on when the parts
 *     have run, backward when the shards of its gradient have, which also find dx;
 *   - a layer that packs the images of a block: the shards of its output go through its parameters once for all images,
 *     and so do those of its gradient;
 *   - a layer that looks at the whole batch: what its images add must be settled, forward and backward.
 *
 * Gradients of parameters are summed in one of the ways of fcnn_summing. All of this is chosen by shapes, so that the
 * result does not depend on the number of threads.
 */
#ifndef FCNN_PLAN_H
#define FCNN_PLAN_H

#include <stdint.h>

#include "fuse.h"
#include "layout.h"

enum { FCNN_SUMS = 4, FCNN_STRETCH = 16 };

/* How the gradients of a step's parameters are summed. */
typedef enum fcnn_summing {
    FCNN_SUM_NOTHING,
    FCNN_SUM_RECORDS, /* very few: each image's are found with its dx, while it is in the cache, and a piece adds up */
    FCNN_SUM_STRETCHES, /* few: FCNN_SUMS sums, which take stretches of FCNN_STRETCH images in turn, so that a core
                           can work on images that it has run itself; they are added up at the end */
    FCNN_SUM_USES,      /* one of several uses of an instance: a sum over all images, added to the others at the end */
    FCNN_SUM_SETTLED,   /* found when the backward pass is settled; added up with other uses at the end */
    FCNN_SUM_SHARDS,    /* a shard sums over all images, and where it completes parameters it updates them at once */
    FCNN_SUM_PARTS,     /* the same, of a layer that runs in parts: dx is found with them */
    FCNN_SUM_PACKED,    /* the same, of a layer that packs the images of a block */
} fcnn_summing;

typedef struct fcnn_step {
    const fcnn_layer *layer;
    const fcnn_node *node; /* whose parameters it uses */
    /* Buffers in an image's record; NULL: not wanted. */
    fcnn_buffer *x[FCNN_MAX_INPUTS], *y;
    fcnn_buffer *dy, *dx[FCNN_MAX_INPUTS];
    fcnn_buffer *sum[FCNN_MAX_INPUTS]; /* to which dx is added: the gradient of a tensor with several users */
    fcnn_buffer *saved;
    fcnn_buffer *partial;                      /* gradients of the image alone: FCNN_SUM_RECORDS */
    fcnn_buffer *parts;                        /* what parts add to y: FCNN_SUM_PARTS */
    fcnn_buffer *observed, *observed_backward; /* what the image adds to what is settled */
    size_t used[2];                            /* lines and columns of y that anyone reads */
    size_t prepared, settled;                  /* offsets in the memory of that name */
    const fcnn_node *folded;                   /* see fcnn_operation */
    size_t folded_place;                       /* of the parameters that this makes, in the prepared memory */
    fcnn_summing summing;
    size_t sums, sum_place; /* how many sums are made aside, and the offset of its gradients in each */
    int has_backward;
} fcnn_step;

typedef enum fcnn_verb {
    /* of a group of images */
    FCNN_READ_INPUTS,
    FCNN_FORWARD,
    FCNN_OBSERVE,
    FCNN_SCORE, /* the outputs */
    FCNN_BACKWARD,
    FCNN_OBSERVE_BACKWARD,
    FCNN_ADD_ASIDE, /* the gradients that a step wrote aside to the tensors that have several users */
    FCNN_FIND_PARTIAL,
    /* pieces of work for all images */
    FCNN_FOLD,
    FCNN_PACK,
    FCNN_FORWARD_SHARD,
    FCNN_PACK_BACKWARD,
    FCNN_PREPARE,
    FCNN_SETTLE,
    FCNN_SETTLE_BACKWARD,
    FCNN_FIND_GRADIENT,
    FCNN_UPDATE, /* of parameters whose gradients no shard completes */
    FCNN_MOVE,   /* of statistics */
    FCNN_VERBS
} fcnn_verb;

enum { FCNN_PIECE = 2048 }; /* parameters of a piece that adds up, or updates */

typedef struct fcnn_action {
    fcnn_verb verb;
    const fcnn_step *step; /* NULL where none is meant */
    size_t number;         /* of the shard or piece */
    size_t sum;            /* which of the step's sums */
} fcnn_action;

typedef enum fcnn_work {
    FCNN_IMAGES,       /* groups of images, each through all actions */
    FCNN_PIECES,       /* the actions */
    FCNN_PARTS_OF_STEP /* each of FCNN_PARTS parts of the first action's step, for groups of images */
} fcnn_work;

typedef struct fcnn_phase {
    fcnn_work work;
    size_t first, end; /* of the plan's actions */
} fcnn_phase;

/* One of the network's outputs. */
typedef struct fcnn_output_place {
    const fcnn_buffer *value;
    const fcnn_buffer *prediction; /* what the loss reads: the value, or its logits */
    const fcnn_buffer *gradient;   /* of the prediction; NULL: nobody asks for it */
    const fcnn_buffer *sum;        /* to which the gradient is added, where the tensor is another output, too */
    size_t size;
} fcnn_output_place;

typedef struct fcnn_plan {
    fcnn_operation *operation; /* (steps) what the steps were made from */
    fcnn_step *step;
    size_t steps;
    fcnn_buffer *buffer;
    size_t record;             /* floats an image */
    size_t work;               /* multiply-adds an image, about: what decides how many threads help */
    const fcnn_buffer **input; /* (inputs) of the network */
    fcnn_output_place *output; /* (outputs) */
    size_t prepared, scratch;  /* floats in all; floats a worker */
    size_t settled;            /* floats in all */
    size_t packed;             /* floats an image, of the layer that packs most */
    size_t packing;            /* parameters of all layers that pack */
    size_t together;           /* images that some sums take first: blocks begin at multiples of so many */
    size_t shard;              /* floats of the largest shard that is updated at once */
    size_t summed;             /* floats of each of the FCNN_SUMS sums */
    fcnn_action *action;
    size_t actions;
    fcnn_phase *phase;
    size_t phases;
    size_t forward;         /* the phases before prepare */
    size_t backward;        /* the phase from which on the losses of a block of images are known */
    size_t update, move;    /* after all blocks */
    unsigned char *learns;  /* (nodes) whether a gradient of the instance's parameters is found */
    int looks_at_the_batch; /* so all of its images run as one block */
} fcnn_plan;

/* [*begin, *end) = the parameters of the action's step whose gradients it completes. False where it completes none, or
 * they are not contiguous. */
int fcnn_action_range(const fcnn_action *action, size_t *begin, size_t *end);

/* The same for a piece. */
void fcnn_piece_range(const fcnn_action *piece, size_t *begin, size_t *end);

fcnn_status fcnn_plan_create(fcnn_plan **plan, const fcnn_graph *graph, const fcnn_purpose *purpose, fcnn_error *error);

void fcnn_plan_destroy(fcnn_plan *plan);

#endif
