/* network.h - parameters, optimizer state and plans of one network: train, test, predict; and how long they take.
 *
 * Every function takes the network's lock, so calls from several threads run one after the other; what a call finds out
 * it hands back itself, and nothing that it hands out is the network's own memory. A call that fails leaves the network
 * as it was, but for an update whose overflow could not be foreseen: see update.c.
 */
#ifndef FCNN_NETWORK_H
#define FCNN_NETWORK_H

#include <stdint.h>

#include "../constraints/constraint.h"
#include "../losses/loss.h"
#include "../metrics/metric.h"
#include "../optimizers/optimizer.h"
#include "../regularizers/regularizer.h"
#include "array.h"
#include "graph.h"

enum { FCNN_MAX_METRICS = 32 };

typedef struct fcnn_network fcnn_network;

/* One batch of examples. */
typedef struct fcnn_batch {
    const fcnn_array *x;             /* (inputs) */
    const fcnn_array *y;             /* (outputs); .data is NULL where the output has no loss */
    const fcnn_array *sample_weight; /* (outputs) of (rows) each; NULL, or .data is NULL: all count 1 */
    fcnn_rows rows;
    float *const *outputs; /* (outputs) its predictions, (images, output size) each, to be written; NULL: not wanted */
} fcnn_batch;

/* What is known after a batch of one output. */
typedef struct fcnn_score {
    double loss; /* of the batch's images, reduced as the loss says; without its factor */
    size_t metrics;
    double metric_sum[FCNN_MAX_METRICS], metric_weight[FCNN_MAX_METRICS]; /* over images; images, or their weights */
} fcnn_score;

/* What is known after a batch. */
typedef struct fcnn_results {
    double loss;       /* the sum of the outputs' losses, times their factors, and of all penalties */
    fcnn_score *score; /* (outputs) to be filled; the caller's */
} fcnn_results;

/* What an output is trained for. */
typedef struct fcnn_objective {
    int has_loss;
    fcnn_loss loss;
    fcnn_metric metric[FCNN_MAX_METRICS];
    size_t metrics;
} fcnn_objective;

/* Takes over `graph` (also on failure). All parameters are zero. */
fcnn_status fcnn_network_create(fcnn_network **network, fcnn_graph *graph, const fcnn_kernels *kernels,
                                fcnn_error *error);
void fcnn_network_destroy(fcnn_network *network);

/* Immutable, so it may be read at any time. */
const fcnn_graph *fcnn_network_graph(const fcnn_network *network);
const fcnn_shape *fcnn_network_output(const fcnn_network *network, size_t output);

/* Parameters with a name and a shape: what `trainable` is said of. */
size_t fcnn_network_parameter_count(const fcnn_network *network);

/* ---- the vectors: graph->parameters floats each, in the order of nodes ---- */

typedef enum fcnn_vector { FCNN_WEIGHTS, FCNN_GRADIENTS, FCNN_SLOTS } fcnn_vector; /* slot s is FCNN_SLOTS + s */

/* values[0 .. count-1] = the numbers from `offset` on. FCNN_E_ARGUMENT where there are not as many, or no such slot. */
fcnn_status fcnn_network_read(fcnn_network *network, size_t vector, size_t offset, size_t count, float *values,
                              fcnn_error *error);
/* A gradient that is written is used by the next fcnn_network_apply_gradients, whatever the network's losses are. */
fcnn_status fcnn_network_write(fcnn_network *network, size_t vector, size_t offset, size_t count, const float *values,
                               fcnn_error *error);

/* ---- state ---- */

typedef struct fcnn_network_state {
    uint64_t iterations;  /* updates made, or steps towards them where gradients are averaged over several */
    uint64_t random_step; /* training steps made: with a layer's seed it determines the dropout masks */
    double learning_rate; /* of the next update */
    int check_finite;     /* whether a target, a loss or an update that is not finite is an error */
} fcnn_network_state;

fcnn_network_state fcnn_network_get_state(fcnn_network *network);
/* Replaces the `size` bytes at `offset` in the state. */
void fcnn_network_set_state(fcnn_network *network, size_t offset, const void *value, size_t size);

/* ---- what it is trained for ---- */

/* The objective of each output: all, or none on failure; their losses are fitted to the outputs. A loss and its metrics
 * read the same targets; without a loss there are no metrics either. */
fcnn_status fcnn_network_set_objectives(fcnn_network *network, fcnn_objective *objectives, fcnn_error *error);

/* With `keep`, slots that both optimizers have keep their numbers, and so do iterations; all else begins anew. */
fcnn_status fcnn_network_set_optimizer(fcnn_network *network, const fcnn_optimizer *optimizer, int keep,
                                       fcnn_error *error);
/* False where there is none, else *optimizer is it. */
int fcnn_network_get_optimizer(fcnn_network *network, fcnn_optimizer *optimizer);

/* One regularizer and one constraint a parameter, in the order of nodes; each was made for the parameter's shape, and
 * its class is NULL where there is none. */
fcnn_status fcnn_network_set_rules(fcnn_network *network, const fcnn_regularizer *regularizers,
                                   const fcnn_constraint *constraints, fcnn_error *error);

/* flags: one a parameter, in the order of nodes; of a statistic, whether it moves. */
void fcnn_network_set_trainable(fcnn_network *network, const unsigned char *flags);
void fcnn_network_get_trainable(fcnn_network *network, unsigned char *flags);
/* Whether an optimizer may change a parameter: it is trainable, and no statistic. */
void fcnn_network_get_optimized(fcnn_network *network, unsigned char *flags);
/* The same for whether the optimizer's weight decay acts on a parameter. */
void fcnn_network_set_decays(fcnn_network *network, const unsigned char *flags);
void fcnn_network_get_decays(fcnn_network *network, unsigned char *flags);

/* ---- passes over a batch ---- */

/* Forward, loss, backward into the gradients, or with `update` one step of the optimizer, after which the gradients are
 * undefined, as they are after a failure. */
fcnn_status fcnn_network_train(fcnn_network *network, const fcnn_batch *batch, int update, fcnn_results *results,
                               fcnn_error *error);
fcnn_status fcnn_network_apply_gradients(fcnn_network *network, fcnn_error *error);
/* Forward and loss, in inference mode. */
fcnn_status fcnn_network_test(fcnn_network *network, const fcnn_batch *batch, fcnn_results *results, fcnn_error *error);
/* Predictions for the batch's rows; it needs no targets. Where a node acts as in training, all rows are one batch, and
 * what looks at it moves its statistics. penalties (graph->penalties): becomes what each node that penalizes would add
 * to the loss; NULL: not wanted. */
fcnn_status fcnn_network_predict(fcnn_network *network, const fcnn_batch *batch, fcnn_mode run, double *penalties,
                                 fcnn_error *error);

/* ---- profiles: where the time of passes went ---- */

enum { FCNN_PURPOSES = 4 }; /* training, inference, as in training, as the nodes were told */
enum { FCNN_PATTERN = 5 };  /* nodes that run as one step, at most */

/* A stage of a step, or of none. */
typedef struct fcnn_profile_row {
    size_t node[FCNN_PATTERN], nodes; /* of the graph: the step's, from the first to the last */
    const char *stage;
    double busy, waited;                      /* seconds, of all threads together */
    double products, image_bytes, pass_bytes; /* see amounts.h */
} fcnn_profile_row;

typedef struct fcnn_profile_table {
    size_t passes, images;
    double length, threads_length; /* seconds of all passes; the same times the threads that each could use */
    fcnn_profile_row *row;         /* to be released by the caller */
    size_t rows;
} fcnn_profile_table;

/* Whether profiles are kept; what was counted before is forgotten. So it is of a plan that is made anew, as where other
 * parameters become trainable. */
void fcnn_network_set_profiles(fcnn_network *network, int keep);
int fcnn_network_get_profiles(fcnn_network *network);

/* *table = the profile of the passes that served a purpose < FCNN_PURPOSES; without passes where there were none. */
fcnn_status fcnn_network_profile(fcnn_network *network, size_t purpose, fcnn_profile_table *table, fcnn_error *error);

#endif
