/* accuracy.c - how often a prediction is right.
 *
 * A class is predicted where its number is the largest, the first of equals. It is among the top k where fewer than k
 * classes have a larger number (so equals share a place) and all numbers are finite: as TensorFlow's in_top_k. A label
 * that is no class, which a loss may ignore, is never right.
 */
#include <math.h>

#include "registry.h"

static fcnn_status create(fcnn_metric *metric, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"type", "weighted", NULL};
    (void)metric;
    return fcnn_attributes_expect(attributes, names, error);
}

static fcnn_status create_binary(fcnn_metric *metric, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"type", "weighted", "threshold", NULL};
    double threshold = 0.5;
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(fcnn_attributes_optional_number(attributes, "threshold", -0x1p100, 0x1p100, &threshold, error));
    metric->threshold = (float)threshold;
    return FCNN_OK;
}

static fcnn_status create_top_k(fcnn_metric *metric, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"type", "weighted", "k", NULL};
    metric->k = 5;
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    if (fcnn_attributes_has(attributes, "k"))
        FCNN_TRY(fcnn_attributes_sizes(attributes, "k", 1, 1 << 30, &metric->k, 1, error));
    return FCNN_OK;
}

static size_t largest(size_t classes, const float *row)
{
    size_t best = 0;
    for (size_t c = 1; c < classes; c++)
        if (row[c] > row[best])
            best = c;
    return best;
}

static int is_in_top_k(size_t k, size_t classes, const float *row, size_t label)
{
    size_t larger = 0, finite = 0;
    if (label >= classes)
        return 0;
    for (size_t c = 0; c < classes; c++) {
        larger += row[c] > row[label];
        finite += isfinite(row[c]) != 0;
    }
    return finite == classes && larger < k;
}

static float sparse(const fcnn_metric *metric, size_t rows, size_t classes, const float *prediction, const void *target)
{
    size_t right = 0;
    (void)metric;
    for (size_t r = 0; r < rows; r++)
        right += largest(classes, prediction + r * classes) == (size_t)((const int32_t *)target)[r];
    return (float)right / (float)rows;
}

static float categorical(const fcnn_metric *metric, size_t rows, size_t classes, const float *prediction,
                         const void *target)
{
    size_t right = 0;
    (void)metric;
    for (size_t r = 0; r < rows; r++)
        right += largest(classes, prediction + r * classes) == largest(classes, (const float *)target + r * classes);
    return (float)right / (float)rows;
}

static float binary(const fcnn_metric *metric, size_t rows, size_t classes, const float *prediction, const void *target)
{
    size_t right = 0;
    for (size_t i = 0; i < rows * classes; i++)
        right += (prediction[i] > metric->threshold ? 1.0f : 0.0f) == ((const float *)target)[i];
    return (float)right / (float)(rows * classes);
}

static float sparse_top_k(const fcnn_metric *metric, size_t rows, size_t classes, const float *prediction,
                          const void *target)
{
    size_t right = 0;
    for (size_t r = 0; r < rows; r++)
        right +=
            (size_t)is_in_top_k(metric->k, classes, prediction + r * classes, (size_t)((const int32_t *)target)[r]);
    return (float)right / (float)rows;
}

static float top_k(const fcnn_metric *metric, size_t rows, size_t classes, const float *prediction, const void *target)
{
    size_t right = 0;
    for (size_t r = 0; r < rows; r++)
        right += (size_t)is_in_top_k(metric->k, classes, prediction + r * classes,
                                     largest(classes, (const float *)target + r * classes));
    return (float)right / (float)rows;
}

const fcnn_metric_class fcnn_sparse_categorical_accuracy_class = {
    .type = "sparse_categorical_accuracy",
    .reads_labels = 1,
    .create = create,
    .evaluate = sparse,
};

const fcnn_metric_class fcnn_categorical_accuracy_class = {
    .type = "categorical_accuracy",
    .create = create,
    .evaluate = categorical,
};

const fcnn_metric_class fcnn_binary_accuracy_class = {
    .type = "binary_accuracy",
    .create = create_binary,
    .evaluate = binary,
};

const fcnn_metric_class fcnn_sparse_top_k_categorical_accuracy_class = {
    .type = "sparse_top_k_categorical_accuracy",
    .reads_labels = 1,
    .create = create_top_k,
    .evaluate = sparse_top_k,
};

const fcnn_metric_class fcnn_top_k_categorical_accuracy_class = {
    .type = "top_k_categorical_accuracy",
    .create = create_top_k,
    .evaluate = top_k,
};
