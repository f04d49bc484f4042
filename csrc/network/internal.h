/* internal.h - the inside of a network, shared by state.c (its vectors), settings.c (what it is trained for), engine.c
 * (plans and their memory), batch.c (targets and scores), penalties.c (of outputs), run.c, pass.c, images.c, pieces.c
 * (passes over a batch), update.c (the optimizer) and rules.c (regularizers and constraints). Whoever calls holds its
 * lock. */
#ifndef FCNN_NETWORK_INTERNAL_H
#define FCNN_NETWORK_INTERNAL_H

#include "../base/lock.h"
#include "../base/threads.h"
#include "network.h"
#include "plan.h"
#include "profile.h"

enum { FCNN_GROUP = 16 }; /* images that run together, at most: enough to use each weight several times */

/* One parameter's place in the vectors. */
typedef struct fcnn_span {
    size_t begin, end;
    size_t node;
    int statistic; /* moved by what batches are like, not by gradients */
    int trainable; /* of a statistic: it moves */
    int learns;    /* the optimizer updates it: it is trainable, and a loss or a penalty depends on it */
    int found;     /* the plan finds its gradient, without that of a penalty */
    int given;     /* its gradient was set by the caller since the last pass: the optimizer updates it, too */
    int decays;    /* the optimizer's weight decay acts on it */
} fcnn_span;

/* Whether an optimizer may change it. */
static inline int fcnn_span_is_optimized(const fcnn_span *span) { return span->trainable && !span->statistic; }

/* Whether a step of the optimizer changes it. */
static inline int fcnn_span_is_updated(const fcnn_span *span)
{
    return fcnn_span_is_optimized(span) && (span->learns || span->given);
}

/* A plan and its memory. */
typedef struct fcnn_engine {
    fcnn_plan *plan; /* NULL: to be made */
    int winograd;    /* what the plan was made for: base/choices.h */
    float *records;  /* (record_count, plan->record) */
    size_t record_count;
    float *prepared;  /* (1 or workers, plan->prepared): re-laid parameters */
    float *packed;    /* (record_count, whole tiles of images; plan->packed) */
    float *settled;   /* (plan->settled): what layers find out about a batch */
    uint64_t *copied; /* (workers) the pass that a worker's own copy of them belongs to */
    uint64_t passes;  /* over a batch, so far */
    float *sums;      /* (FCNN_SUMS, plan->summed): see plan.h */
    float *scratch;   /* (workers, plan->scratch) */
    float *shard;     /* (workers, plan->shard): gradients that are used up at once */
    size_t workers;
    fcnn_profile *profile; /* of its passes; NULL: none is kept */
} fcnn_engine;

/* What is known of each image of a batch at one output; every array is as long as it had to be so far. */
typedef struct fcnn_scores {
    size_t images; /* of the arrays that follow */
    float *weight, *loss;
    float *metric;        /* (images, FCNN_MAX_METRICS) */
    float share, divisor; /* the gradient is of the sum of weight x loss x (factor x share) / divisor */
    size_t target_bytes;
    void *targets; /* what the loss reads: (images, rows) int32 or (images, output size) float */
} fcnn_scores;

/* One of the network's outputs. */
typedef struct fcnn_output {
    const fcnn_shape *shape;
    size_t rows, classes; /* an image's numbers: rows of `classes` */
    fcnn_objective objective;
    unsigned char absorbs; /* the loss computes the last layer's activation itself, from logits */
    fcnn_scores scores;
} fcnn_output;

/* What each parameter obeys; all NULL where that is nothing. */
typedef struct fcnn_rules {
    fcnn_regularizer *regularizer; /* (parameters) */
    fcnn_constraint *constraint;   /* (parameters) */
    double *penalty;               /* (the most pieces of a regularizer) */
    float *shared, *scratch;       /* see regularizer.h; of each worker */
    size_t worker_floats;
} fcnn_rules;

struct fcnn_network {
    fcnn_lock lock;
    const fcnn_kernels *kernels;
    const fcnn_bfloat16 *bfloat16; /* NULL: no layer needs it */
    fcnn_graph *graph;
    fcnn_network_state state;

    float *weights, *gradients;  /* graph->parameters each */
    float *slot[FCNN_MAX_SLOTS]; /* the same; those from optimizer.slots on are spare */
    fcnn_span *parameter;        /* (parameters) in the order of the vectors */
    size_t parameters;
    unsigned char *node_trainable; /* (nodes) whether any of its parameters is */
    unsigned char *node_moves;     /* (nodes) whether its statistics move */

    fcnn_output *output; /* (graph->outputs) */
    int has_optimizer;
    fcnn_optimizer optimizer;
    fcnn_rules rules;

    fcnn_engine training, inference;
    fcnn_engine trial; /* for predictions as in training, where layers look at the batch */
    fcnn_engine told;  /* the same as the nodes were told */
    size_t images;     /* of the array that follows: as long as it had to be so far */
    float *magnitude;  /* (images) of the largest input; NaN or infinite where one is */
    size_t penalized;  /* images of the array that follows, likewise */
    double *penalty;   /* (graph->penalties, penalized): see penalties.c */

    int profiles;          /* whether profiles are kept */
    fcnn_profile *profile; /* of the pass that runs; NULL: none is kept */
    int64_t since;         /* when the call began, or the last pass of it ended */
};

/* ---- state.c ---- */

/* Says of the parameters in [begin, end) whether their gradients were set by the caller. */
void fcnn_network_mark_given(fcnn_network *network, size_t begin, size_t end, int given);

/* ---- engine.c ---- */

/* Whether each worker has its own copy of the re-laid parameters, because they are few: to write them several times
 * costs less than to take them from another core's cache. */
int fcnn_engine_copies(const fcnn_engine *engine);

/* Makes the plan where there is none, or where it was made for another choice (base/choices.h). */
fcnn_status fcnn_engine_plan(fcnn_network *network, fcnn_engine *engine, fcnn_error *error);

/* Makes memory for `records` records and `workers` threads; the plan is there. */
fcnn_status fcnn_engine_reserve(fcnn_engine *engine, size_t records, size_t workers, fcnn_error *error);

/* How many images may run together in inference so that their records stay in a core's cache; 1 to FCNN_GROUP. */
size_t fcnn_engine_cached_images(const fcnn_engine *engine);

void fcnn_engine_clear(fcnn_engine *engine);
void fcnn_engines_clear(fcnn_network *network); /* all of them */

/* ---- batch.c ---- */

/* FCNN_E_SHAPE or FCNN_E_ARGUMENT unless the arrays of inputs x have such rows as the network takes, `rows` among them.
 * Then makes room for what is known of `images` inputs. */
fcnn_status fcnn_inputs_begin(fcnn_network *network, const fcnn_array *x, const fcnn_rows *rows, size_t images,
                              fcnn_error *error);

/* FCNN_E_ARGUMENT where an input of the images [begin, end) of `rows` is not finite. */
fcnn_status fcnn_inputs_check(const fcnn_network *network, const fcnn_rows *rows, size_t begin, size_t end,
                              fcnn_error *error);

/* Checks the batch, and reads its targets and weights. FCNN_E_SHAPE or FCNN_E_ARGUMENT where something does not fit. */
fcnn_status fcnn_scores_read(fcnn_network *network, const fcnn_batch *batch, fcnn_error *error);
void fcnn_scores_clear(fcnn_scores *scores);

/* What the loss and the metrics read of an image. */
const void *fcnn_scores_target(const fcnn_output *output, size_t image);

/* Losses and metrics of the first `images`. */
void fcnn_scores_sum(const fcnn_network *network, size_t images, fcnn_results *results);

/* Whether the numbers of a batch are so large that an update from it may overflow; such an update keeps a way back. */
int fcnn_scores_are_huge(const fcnn_network *network, size_t images, double loss);

/* ---- penalties.c ---- */

/* Makes room for the penalties of `images` images. */
fcnn_status fcnn_penalties_reserve(fcnn_network *network, size_t images, fcnn_error *error);

/* Where the node puts the penalty of an image, and behind it those of the next ones; NULL: it has none. */
double *fcnn_penalties_place(const fcnn_network *network, const fcnn_node *node, size_t image);

int fcnn_penalties_are_finite(const fcnn_network *network, size_t image);

/* The sum, over the first `images`, of the penalties of node number `number` of those that penalize. */
double fcnn_penalties_sum(const fcnn_network *network, size_t number, size_t images);

/* The penalties' share of the loss. */
double fcnn_penalties_mean(const fcnn_network *network, size_t images);

/* ---- update.c ---- */

/* One step of the optimizer on its way. */
typedef struct fcnn_optimizer_step {
    fcnn_update numbers;
    int penalized;                 /* the gradients have those of the penalties already */
    int changes_weights;           /* it is the last of those whose gradients are averaged */
    double ema_momentum;           /* of the weights' average; 0 where it begins */
    int ema_overwrites;            /* the weights become their average */
    float *backup;                 /* weights and slots as they were before it; NULL: no way back */
    _Atomic size_t first_overflow; /* the first parameter that could not be updated; else `parameters` */
} fcnn_optimizer_step;

/* True where every parameter may be updated as soon as its own gradient is known: no norm of gradients is asked for,
 * and no penalty that needs a whole parameter. */
int fcnn_network_updates_at_once(const fcnn_network *network);

fcnn_status fcnn_network_begin_step(const fcnn_network *network, int keep_backup, fcnn_optimizer_step *step,
                                    fcnn_error *error);

/* Updates the trainable ones of the parameters [begin, end) from their gradients (end - begin), to which those of their
 * penalties are added unless step->penalized. clip: a factor for each parameter's gradient, or NULL. Any number of
 * threads may do so at once, each with a range of its own. */
void fcnn_network_update_range(fcnn_network *network, fcnn_optimizer_step *step, const float *clip, float *gradients,
                               size_t begin, size_t end);

/* Updates all parameters from the network's gradients, which have those of their penalties already. */
fcnn_status fcnn_network_update_all(fcnn_network *network, fcnn_optimizer_step *step, fcnn_error *error);

/* Ends a step that was begun. status: FCNN_OK, or why nothing was updated, which is returned. Counts the iteration, or
 * FCNN_E_NONFINITE where a new number would not be finite: then what can be undone is. */
fcnn_status fcnn_network_end_step(fcnn_network *network, fcnn_optimizer_step *step, fcnn_status status,
                                  fcnn_error *error);

/* ---- rules.c ---- */

/* *rules = copies of a regularizer and a constraint for each parameter, and memory for their work; those are cleared by
 * the caller, also after a failure. */
fcnn_status fcnn_rules_make(fcnn_rules *rules, const fcnn_regularizer *regularizers, const fcnn_constraint *constraints,
                            size_t parameters, fcnn_error *error);
void fcnn_rules_clear(fcnn_rules *rules);

/* Whether the loss has a penalty for the parameter. */
int fcnn_rules_penalizes(const fcnn_network *network, size_t parameter);

/* True where each value's share of a penalty's gradient depends on that value alone, and is added to a loss's. */
int fcnn_rules_act_at_once(const fcnn_network *network);

/* The penalties' share of the loss. */
double fcnn_rules_penalty(const fcnn_network *network);

/* Adds the penalties' gradients to the network's. */
void fcnn_rules_add_gradients(fcnn_network *network);

/* Adds them to the gradients (end - begin) of the values [begin, end) of one parameter, where they act at once. */
void fcnn_rules_add_to_range(const fcnn_network *network, size_t parameter, size_t begin, size_t end, float *gradients);

/* What constraints do after an update. */
void fcnn_rules_constrain(fcnn_network *network);

#endif
