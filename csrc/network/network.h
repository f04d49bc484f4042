/* network.h - parameters, optimizer state and plans of one network: train, test, predict.
 *
 * Every function takes the network's lock, so calls from several threads run one after the other. A call that fails
 * leaves the network as it was.
 */
#ifndef FCNN_NETWORK_H
#define FCNN_NETWORK_H

#include <stdint.h>

#include "../losses/loss.h"
#include "../metrics/metric.h"
#include "../optimizers/optimizer.h"
#include "array.h"
#include "graph.h"

enum { FCNN_MAX_METRICS = 32 };

typedef struct fcnn_network fcnn_network;

/* One batch of examples. */
typedef struct fcnn_batch {
    const fcnn_array *x, *y;
    const fcnn_array *sample_weight;   /* (rows) float32, or NULL */
    fcnn_rows rows;
} fcnn_batch;

/* Takes over `graph` (also on failure). All parameters are zero. */
fcnn_status fcnn_network_create(fcnn_network **network, fcnn_graph *graph, const fcnn_kernels *kernels,
                                fcnn_error *error);
void fcnn_network_destroy(fcnn_network *network);

const fcnn_graph *fcnn_network_graph(const fcnn_network *network);

/* The network's own vectors, graph->parameters floats each; slots NULL before there is an optimizer. */
float *fcnn_network_weights(fcnn_network *network);
float *fcnn_network_gradients(fcnn_network *network);
float *fcnn_network_slot(fcnn_network *network, size_t slot);
const fcnn_optimizer *fcnn_network_optimizer(const fcnn_network *network);   /* NULL: none yet */
const fcnn_loss *fcnn_network_loss(const fcnn_network *network);             /* NULL: none yet */

/* State that the caller may read and set between calls. */
typedef struct fcnn_network_state {
    uint64_t iterations;      /* updates made */
    uint64_t seed;            /* of the dropout masks */
    uint64_t random_step;     /* training steps made */
    double learning_rate;
    int check_finite;
} fcnn_network_state;

fcnn_network_state *fcnn_network_state_of(fcnn_network *network);

/* Forgets the metrics: they read the loss's targets. */
void fcnn_network_set_loss(fcnn_network *network, const fcnn_loss *loss);
/* All slots become zero, iterations too. */
fcnn_status fcnn_network_set_optimizer(fcnn_network *network, const fcnn_optimizer *optimizer, fcnn_error *error);
fcnn_status fcnn_network_set_metrics(fcnn_network *network, const fcnn_metric *metrics, size_t count,
                                     fcnn_error *error);
/* flags: one a parameter, in the order of nodes. */
void fcnn_network_set_trainable(fcnn_network *network, const unsigned char *flags);
void fcnn_network_get_trainable(const fcnn_network *network, unsigned char *flags);
size_t fcnn_network_parameter_count(const fcnn_network *network);

/* totals[m] = sum of metric m over images since the last reset, weights[m] = images or the sum of their weights. */
size_t fcnn_network_metric_totals(const fcnn_network *network, double *totals, double *weights);
void fcnn_network_reset_metrics(fcnn_network *network);

/* Forward, loss, backward into the gradients, or with `update` one step of the optimizer, after which the gradients are
 * undefined, as they are after a failure. *loss = the batch's mean. */
fcnn_status fcnn_network_train(fcnn_network *network, const fcnn_batch *batch, int update, double *loss,
                               fcnn_error *error);
fcnn_status fcnn_network_apply_gradients(fcnn_network *network, fcnn_error *error);
/* Forward and loss, in inference mode. */
fcnn_status fcnn_network_test(fcnn_network *network, const fcnn_batch *batch, double *loss, fcnn_error *error);
/* out[i] (output size) = the prediction for row start + i of x. */
fcnn_status fcnn_network_predict(fcnn_network *network, const fcnn_array *x, size_t start, size_t stop, float *out,
                                 int training, fcnn_error *error);

/* Predictions of the last train or test: *count images, one behind the other. */
const float *fcnn_network_last_outputs(const fcnn_network *network, size_t *count);

#endif
