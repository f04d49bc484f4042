/* internal.h - the inside of a network, shared by network.c (state), run.c (passes over a batch) and update.c. */
#ifndef FCNN_NETWORK_INTERNAL_H
#define FCNN_NETWORK_INTERNAL_H

#include <pthread.h>

#include "network.h"
#include "plan.h"

enum { FCNN_GROUP = 16 };   /* images that run together, at most: enough to use each weight several times */

/* One parameter's place in the vectors. */
typedef struct fcnn_span {
    size_t begin, end;
    size_t node;
    int trainable;
} fcnn_span;

/* A plan and its memory. */
typedef struct fcnn_engine {
    fcnn_plan *plan;          /* to be made where sums is NULL */
    float *records;           /* (record_count, plan->record) */
    size_t record_count;
    float *prepared;          /* (1 or workers, plan->prepared): re-laid parameters */
    uint64_t *copied;         /* (workers) the pass that a worker's own copy of them belongs to */
    uint64_t passes;          /* over a batch, so far */
    float *sums;              /* (FCNN_SUMS, plan->summed): see plan.h. Made with the plan, and last */
    float *scratch;           /* (workers, plan->scratch) */
    float *shard;             /* (workers, plan->shard): gradients that are used up at once */
    size_t workers;
} fcnn_engine;

struct fcnn_network {
    pthread_mutex_t lock;
    const fcnn_kernels *kernels;
    fcnn_graph *graph;
    fcnn_network_state state;

    float *weights, *gradients;                /* graph->parameters each */
    float *slot[FCNN_MAX_SLOTS];
    fcnn_span *parameter;                      /* (parameters) in the order of the vectors */
    size_t parameters;
    unsigned char *node_trainable;             /* (nodes) whether any of its parameters is */

    int has_loss, has_optimizer;
    fcnn_loss loss;
    int loss_absorbs;                          /* the loss computes the last layer's activation itself, from logits */
    fcnn_optimizer optimizer;
    fcnn_metric metric[FCNN_MAX_METRICS];
    double metric_total[FCNN_MAX_METRICS], metric_weight[FCNN_MAX_METRICS];
    size_t metrics;

    fcnn_engine training, inference;

    /* One batch: what run.c fills for each image. */
    size_t batch_capacity, batch_images;
    int32_t *labels;                           /* (capacity, label_size) */
    float *targets;                            /* (capacity, output size) */
    float *outputs;                            /* (capacity, output size) */
    float *image_weight, *image_loss;          /* (capacity) */
    float *image_metric;                       /* (capacity, metrics) */
    unsigned char *image_finite;               /* (capacity) */
};

size_t fcnn_network_output_size(const fcnn_network *network);

/* Numbers of one target's or prediction's last axis, and how many such rows an image has. */
size_t fcnn_network_classes(const fcnn_network *network);
size_t fcnn_network_rows(const fcnn_network *network);

/* Whether each worker has its own copy of the re-laid parameters, because they are few: to write them several times
 * costs less than to take them from another core's cache. */
int fcnn_engine_copies(const fcnn_engine *engine);

/* Makes the plan where there is none, and memory for `records` records and the present number of threads. */
fcnn_status fcnn_engine_ready(fcnn_network *network, fcnn_engine *engine, size_t records, fcnn_error *error);
void fcnn_engine_clear(fcnn_engine *engine);

/* Makes the per-image memory of a batch. */
fcnn_status fcnn_network_reserve_batch(fcnn_network *network, size_t images, fcnn_error *error);

/* update.c */

/* True where every parameter may be updated as soon as its own gradient is known: no norm of gradients is asked for. */
int fcnn_network_updates_at_once(const fcnn_network *network);

/* The numbers of the update that comes next. */
fcnn_update fcnn_network_next_update(const fcnn_network *network);

/* Updates the trainable ones of the parameters [begin, end) from their gradients (end - begin). clip: a factor for each
 * parameter's gradient, or NULL. */
void fcnn_network_update_range(fcnn_network *network, const fcnn_update *update, const float *clip,
                               const float *gradients, size_t begin, size_t end);

/* Updates all parameters and counts the iteration. */
fcnn_status fcnn_network_update_all(fcnn_network *network, fcnn_error *error);

#endif
