/* networks.h - data, networks with random weights and their passes over a batch, for the tests of whole networks. */
#ifndef FCNN_NETWORKS_H
#define FCNN_NETWORKS_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/random.h"
#include "builds.h"
#include "network/internal.h"
#include "nodes.h"

enum { ROWS = 24, MOST_LABELS = 4, MOST_INPUTS = 1280, MOST_OUTPUTS = 576, CLASSES = 5 };

/* ---- data ---- */

static float inputs[ROWS * MOST_INPUTS], values[ROWS * MOST_OUTPUTS], sample_weights[ROWS];
static int64_t labels[ROWS * MOST_LABELS];

static inline void fill_data(void)
{
    fcnn_random_uniform(inputs, ROWS * MOST_INPUTS, 31, 0, -1, 1);
    fcnn_random_uniform(values, ROWS * MOST_OUTPUTS, 31, 1, 0, 1);
    fcnn_random_uniform(sample_weights, ROWS, 31, 2, 0.5f, 1.5f);
    for (size_t i = 0; i < ROWS * MOST_LABELS; i++)
        labels[i] = (int64_t)(i * 7 % CLASSES);
}

/* Dense rows of float32 or int64, each with the first `rank` axes of a shape. */
static inline fcnn_array rows_of(const void *data, fcnn_dtype dtype, const fcnn_shape *shape, size_t rank)
{
    fcnn_array rows = {.dtype = dtype, .data = data, .rank = rank + 1, .extent = {ROWS}};
    ptrdiff_t stride = (ptrdiff_t)fcnn_dtype_size(dtype);
    for (size_t axis = rank; axis > 0; axis--) {
        rows.extent[axis] = shape->extent[axis - 1];
        rows.stride[axis] = stride;
        stride *= (ptrdiff_t)shape->extent[axis - 1];
    }
    rows.stride[0] = stride;
    return rows;
}

static inline fcnn_array inputs_of(const fcnn_network *network, const float *data)
{
    const fcnn_shape *shape = &network->graph->node[0].layer.output;
    return rows_of(data, FCNN_FLOAT32, shape, shape->rank);
}

static inline fcnn_array values_of(const fcnn_network *network, const float *data)
{
    return rows_of(data, FCNN_FLOAT32, fcnn_network_output(network, 0), fcnn_network_output(network, 0)->rank);
}

static inline fcnn_array labels_of(const fcnn_network *network, const int64_t *data)
{
    return rows_of(data, FCNN_INT64, fcnn_network_output(network, 0), fcnn_network_output(network, 0)->rank - 1);
}

static inline size_t input_size(const fcnn_network *network)
{
    return fcnn_shape_size(&fcnn_network_graph(network)->node[0].layer.output);
}

static inline size_t output_size(const fcnn_network *network)
{
    return fcnn_shape_size(fcnn_network_output(network, 0));
}

static inline size_t weight_count(const fcnn_network *network) { return fcnn_network_graph(network)->parameters; }

/* ---- networks ---- */

/* Random weights of a size that keeps the activations' size, and positive statistics. */
static inline void fill_weights(fcnn_network *network)
{
    const fcnn_graph *graph = fcnn_network_graph(network);
    for (size_t n = 0; n < graph->nodes; n++)
        for (size_t i = 0; i < graph->node[n].layer.parameters; i++) {
            const fcnn_parameter *parameter = &graph->node[n].layer.parameter[i];
            const size_t size = fcnn_shape_size(&parameter->shape), at = graph->node[n].parameters + parameter->offset;
            const float limit = sqrtf(3.0f * (float)parameter->shape.extent[parameter->shape.rank - 1] / (float)size);
            const float low = parameter->statistic ? 0.5f : -limit, high = parameter->statistic ? 1.5f : limit;
            fcnn_random_uniform(network->weights + at, size, 32, at, low, high);
        }
}

/* The objective of the only output. loss NULL: none. */
static inline fcnn_status set_objective(fcnn_network *network, const fcnn_loss *loss, const fcnn_metric *metrics,
                                        size_t count, fcnn_error *error)
{
    fcnn_objective objective = {.has_loss = loss != NULL, .metrics = count};
    if (loss)
        objective.loss = *loss;
    for (size_t m = 0; m < count; m++)
        objective.metric[m] = metrics[m];
    return fcnn_network_set_objectives(network, &objective, error);
}

/* Takes over the graph. */
static inline fcnn_network *network_of(fcnn_graph *graph, fcnn_isa isa, fcnn_attributes loss_attributes)
{
    fcnn_network *network = NULL;
    fcnn_loss loss;
    fcnn_error error = {.status = FCNN_OK};
    CHECK(fcnn_network_create(&network, graph, fcnn_kernels_for(isa), &error) == FCNN_OK);
    CHECK(fcnn_loss_create(&loss, &loss_attributes, &error) == FCNN_OK);
    CHECK(set_objective(network, &loss, NULL, 0, &error) == FCNN_OK);
    fill_weights(network);
    return network;
}

#define SQUARED_ERROR DESCRIBE(TEXT("type", "mean_squared_error"))
#define SPARSE_CROSSENTROPY DESCRIBE(TEXT("type", "sparse_categorical_crossentropy"), INTEGER("from_logits", 0))

static inline fcnn_status set_optimizer(fcnn_network *network, fcnn_attributes attributes, fcnn_error *error)
{
    fcnn_optimizer optimizer;
    CHECK(fcnn_optimizer_create(&optimizer, &attributes, error) == FCNN_OK);
    return fcnn_network_set_optimizer(network, &optimizer, 0, error);
}

/* What the last run_batch handed back. */
static fcnn_score last_score;
static fcnn_results last_results = {.score = &last_score};
static float last_outputs[ROWS * MOST_OUTPUTS];

/* Trains or tests on `images` rows from `start` on, with the targets that the loss reads. */
static inline fcnn_status run_batch(fcnn_network *network, const float *x, size_t start, size_t images, int training,
                                    int update, double *loss, fcnn_error *error)
{
    const int reads_labels = network->output[0].objective.loss.class->target == FCNN_TARGET_LABELS;
    const fcnn_array rows = inputs_of(network, x);
    const fcnn_array y = reads_labels ? labels_of(network, labels) : values_of(network, values);
    const fcnn_batch batch = {
        .x = &rows, .y = &y, .rows = {NULL, start, start + images}, .outputs = (float *[]){last_outputs}};
    FCNN_TRY(training ? fcnn_network_train(network, &batch, update, &last_results, error)
                      : fcnn_network_test(network, &batch, &last_results, error));
    *loss = last_results.loss;
    return FCNN_OK;
}

/* Fills the gradients and returns the loss of the first `images` rows. */
static inline double gradients_of(fcnn_network *network, size_t images)
{
    double loss = NAN;
    fcnn_error error;
    CHECK(run_batch(network, inputs, 0, images, 1, 0, &loss, &error) == FCNN_OK);
    return loss;
}

static inline fcnn_status predict_rows(fcnn_network *network, const fcnn_array *x, size_t start, size_t stop,
                                       float *out, fcnn_mode run, fcnn_error *error)
{
    const fcnn_batch batch = {.x = x, .rows = {NULL, start, stop}, .outputs = (float *[]){out}};
    return fcnn_network_predict(network, &batch, run, NULL, error);
}

static inline void predict(fcnn_network *network, const float *x, size_t start, size_t stop, float *out)
{
    const fcnn_array rows = inputs_of(network, x);
    fcnn_error error;
    CHECK(predict_rows(network, &rows, start, stop, out, FCNN_AS_IN_INFERENCE, &error) == FCNN_OK);
}

static inline int are_equal(const float *a, const float *b, size_t count)
{
    return memcmp(a, b, count * sizeof *a) == 0;
}

#endif
