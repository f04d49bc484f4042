/* internal.h - the inside of a network, shared by network.c (state), engine.c (plans and their memory), batch.c
 * (targets and scores), run.c (passes over a batch) and update.c (the optimizer). Whoever calls holds its lock. */
#ifndef FCNN_NETWORK_INTERNAL_H
#define FCNN_NETWORK_INTERNAL_H

#include "../base/lock.h"
#include "network.h"
#include "plan.h"

enum { FCNN_GROUP = 16 }; /* images that run together, at most: enough to use each weight several times */

/* One parameter's place in the vectors. */
typedef struct fcnn_span {
    size_t begin, end;
    size_t node;
    int trainable;
    int decays; /* the optimizer's weight decay acts on it */
} fcnn_span;

/* A plan and its memory. */
typedef struct fcnn_engine {
    fcnn_plan *plan; /* NULL: to be made */
    float *records;  /* (record_count, plan->record) */
    size_t record_count;
    float *prepared;  /* (1 or workers, plan->prepared): re-laid parameters */
    uint64_t *copied; /* (workers) the pass that a worker's own copy of them belongs to */
    uint64_t passes;  /* over a batch, so far */
    float *sums;      /* (FCNN_SUMS, plan->summed): see plan.h */
    float *scratch;   /* (workers, plan->scratch) */
    float *shard;     /* (workers, plan->shard): gradients that are used up at once */
    size_t workers;
} fcnn_engine;

/* What is known of each image of a batch; every array is as long as it had to be so far. */
typedef struct fcnn_scores {
    size_t images;    /* of the arrays that follow */
    float *magnitude; /* of the largest input; NaN or infinite where one is */
    float *weight, *loss;
    float *metric;         /* (images, FCNN_MAX_METRICS) */
    float factor, divisor; /* the gradient is of the sum of weight x loss x factor / divisor */
    size_t target_bytes;
    void *targets; /* what the loss reads: (images, rows) int32 or (images, output size) float */
} fcnn_scores;

struct fcnn_network {
    fcnn_lock lock;
    const fcnn_kernels *kernels;
    fcnn_graph *graph;
    fcnn_network_state state;

    float *weights, *gradients;  /* graph->parameters each */
    float *slot[FCNN_MAX_SLOTS]; /* the same; those from optimizer.slots on are spare */
    fcnn_span *parameter;        /* (parameters) in the order of the vectors */
    size_t parameters;
    unsigned char *node_trainable; /* (nodes) whether any of its parameters is */

    int has_loss, has_optimizer;
    fcnn_loss loss;
    int loss_absorbs; /* the loss computes the last layer's activation itself, from logits */
    fcnn_optimizer optimizer;
    fcnn_metric metric[FCNN_MAX_METRICS];
    size_t metrics;

    fcnn_engine training, inference;
    fcnn_scores scores;
};

size_t fcnn_network_output_size(const fcnn_network *network);

/* Numbers of one target's or prediction's last axis, and how many such rows an image has. */
size_t fcnn_network_classes(const fcnn_network *network);
size_t fcnn_network_rows(const fcnn_network *network);

/* *floats = `count` times `each` zeros in place of what it was; unchanged on failure. */
fcnn_status fcnn_allocate_floats(float **floats, size_t count, size_t each, const char *what, fcnn_error *error);

/* ---- engine.c ---- */

/* Whether each worker has its own copy of the re-laid parameters, because they are few: to write them several times
 * costs less than to take them from another core's cache. */
int fcnn_engine_copies(const fcnn_engine *engine);

/* Makes the plan where there is none. */
fcnn_status fcnn_engine_plan(fcnn_network *network, fcnn_engine *engine, fcnn_error *error);

/* Makes memory for `records` records and `workers` threads; the plan is there. */
fcnn_status fcnn_engine_reserve(fcnn_engine *engine, size_t records, size_t workers, fcnn_error *error);

/* How many images may run together in inference so that their records stay in a core's cache; 1 to FCNN_GROUP. */
size_t fcnn_engine_cached_images(const fcnn_engine *engine);

void fcnn_engine_clear(fcnn_engine *engine);

/* ---- batch.c ---- */

/* Makes room for `images` magnitudes; with `targets`, for all else that a batch of them brings. */
fcnn_status fcnn_scores_reserve(fcnn_network *network, size_t images, int targets, fcnn_error *error);
void fcnn_scores_clear(fcnn_scores *scores);

/* FCNN_E_SHAPE or FCNN_E_ARGUMENT unless x has such rows as the network takes, `rows` among them. */
fcnn_status fcnn_batch_check_inputs(const fcnn_network *network, const fcnn_array *x, const fcnn_rows *rows,
                                    fcnn_error *error);

/* Checks the batch, and reads its targets and weights. FCNN_E_SHAPE or FCNN_E_ARGUMENT where something does not fit. */
fcnn_status fcnn_scores_read(fcnn_network *network, const fcnn_batch *batch, fcnn_error *error);

/* What the loss and the metrics read of an image. */
const void *fcnn_scores_target(const fcnn_network *network, size_t image);

/* FCNN_E_ARGUMENT where an input of the images [begin, end) of `rows` is not finite. */
fcnn_status fcnn_scores_check_inputs(const fcnn_network *network, const fcnn_rows *rows, size_t begin, size_t end,
                                     fcnn_error *error);

/* Loss and metrics of the first `images`. */
void fcnn_scores_sum(const fcnn_network *network, size_t images, fcnn_results *results);

/* Whether the numbers of a batch are so large that an update from it may overflow; such an update keeps a way back. */
int fcnn_scores_are_huge(const fcnn_network *network, size_t images, double loss);

/* ---- update.c ---- */

/* One step of the optimizer on its way. */
typedef struct fcnn_optimizer_step {
    fcnn_update numbers;
    int changes_weights;           /* it is the last of those whose gradients are averaged */
    double ema_momentum;           /* of the weights' average; 0 where it begins */
    int ema_overwrites;            /* the weights become their average */
    float *backup;                 /* weights and slots as they were before it; NULL: no way back */
    _Atomic size_t first_overflow; /* the first parameter that could not be updated; else `parameters` */
} fcnn_optimizer_step;

/* True where every parameter may be updated as soon as its own gradient is known: no norm of gradients is asked for. */
int fcnn_network_updates_at_once(const fcnn_network *network);

fcnn_status fcnn_network_begin_step(const fcnn_network *network, int keep_backup, fcnn_optimizer_step *step,
                                    fcnn_error *error);

/* Updates the trainable ones of the parameters [begin, end) from their gradients (end - begin). clip: a factor for each
 * parameter's gradient, or NULL. Any number of threads may do so at once, each with a range of its own. */
void fcnn_network_update_range(fcnn_network *network, fcnn_optimizer_step *step, const float *clip,
                               const float *gradients, size_t begin, size_t end);

/* Updates all parameters from the network's gradients. */
fcnn_status fcnn_network_update_all(fcnn_network *network, fcnn_optimizer_step *step, fcnn_error *error);

/* Ends a step that was begun. status: FCNN_OK, or why nothing was updated, which is returned. Counts the iteration, or
 * FCNN_E_NONFINITE where a new number would not be finite: then what can be undone is. */
fcnn_status fcnn_network_end_step(fcnn_network *network, fcnn_optimizer_step *step, fcnn_status status,
                                  fcnn_error *error);

#endif
