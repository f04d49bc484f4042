/* batch.c - what a batch brings beside its inputs, and what becomes of it: targets, weights, losses and metrics. */
#include <math.h>

#include "../base/memory.h"
#include "internal.h"

/* ---- memory ---- */

static size_t bytes_of_target(const fcnn_network *network)
{
    return network->loss.class->target == FCNN_TARGET_LABELS ? fcnn_network_rows(network) * sizeof(int32_t)
                                                             : fcnn_network_output_size(network) * sizeof(float);
}

static fcnn_status reserve_targets(fcnn_network *network, size_t images, fcnn_error *error)
{
    fcnn_scores *scores = &network->scores;
    size_t bytes;
    if (__builtin_mul_overflow(images, bytes_of_target(network), &bytes))
        return fcnn_fail(error, FCNN_E_MEMORY,
                         "the targets of a batch would need more memory than there are addresses");
    if (bytes <= scores->target_bytes)
        return FCNN_OK;
    void *block;
    FCNN_TRY(fcnn_allocate(&block, bytes, 1, "the targets of a batch", error));
    fcnn_release(scores->targets);
    scores->targets = block;
    scores->target_bytes = bytes;
    return FCNN_OK;
}

fcnn_status fcnn_scores_reserve(fcnn_network *network, size_t images, int targets, fcnn_error *error)
{
    fcnn_scores *scores = &network->scores;
    if (images > scores->images) {
        FCNN_TRY(fcnn_allocate_floats(&scores->magnitude, images, 1, "the state of a batch", error));
        FCNN_TRY(fcnn_allocate_floats(&scores->weight, images, 1, "the weights of a batch", error));
        FCNN_TRY(fcnn_allocate_floats(&scores->loss, images, 1, "the losses of a batch", error));
        FCNN_TRY(fcnn_allocate_floats(&scores->metric, images, FCNN_MAX_METRICS, "the metrics of a batch", error));
        scores->images = images;
    }
    return targets ? reserve_targets(network, images, error) : FCNN_OK;
}

void fcnn_scores_clear(fcnn_scores *scores)
{
    fcnn_release(scores->magnitude);
    fcnn_release(scores->weight);
    fcnn_release(scores->loss);
    fcnn_release(scores->metric);
    fcnn_release(scores->targets);
    *scores = (fcnn_scores){0};
}

/* ---- what is read ---- */

static fcnn_status refuse_shape(const fcnn_array *array, const char *what, const fcnn_shape *expected, size_t rank,
                                fcnn_error *error)
{
    fcnn_shape rows = {.rank = array->rank - 1}, wanted = *expected;
    for (size_t i = 0; i < rows.rank; i++)
        rows.extent[i] = array->extent[i + 1];
    wanted.rank = rank;
    char got[128], want[128];
    return fcnn_fail(error, FCNN_E_SHAPE, "%s has rows of shape %s, expected %s", what,
                     fcnn_shape_text(&rows, got, sizeof got), fcnn_shape_text(&wanted, want, sizeof want));
}

/* Whether the array's rows have the shape's first `rank` axes. */
static int rows_have_shape(const fcnn_array *array, const fcnn_shape *shape, size_t rank)
{
    for (size_t i = 0; i < rank; i++)
        if (array->extent[i + 1] != shape->extent[i])
            return 0;
    return 1;
}

/* FCNN_E_SHAPE unless the array's rows have the shape, or all of it but a last 1. */
static fcnn_status check_numbers(const fcnn_array *array, const char *what, const fcnn_shape *shape, fcnn_error *error)
{
    const size_t rank = array->rank - 1;
    const int lacks_one = shape->rank == rank + 1 && shape->extent[rank] == 1;
    if ((rank == shape->rank || lacks_one) && rows_have_shape(array, shape, rank))
        return FCNN_OK;
    return refuse_shape(array, what, shape, shape->rank, error);
}

/* FCNN_E_SHAPE unless the array's rows have the output's shape without its last axis, or with 1 in its place. */
static fcnn_status check_labels(const fcnn_array *y, const fcnn_shape *output, fcnn_error *error)
{
    const size_t rank = output->rank > 0 ? output->rank - 1 : 0;
    const int has_one = y->rank == rank + 2 && y->extent[rank + 1] == 1;
    if ((y->rank == rank + 1 || has_one) && rows_have_shape(y, output, rank))
        return FCNN_OK;
    return refuse_shape(y, "y", output, rank, error);
}

fcnn_status fcnn_batch_check_inputs(const fcnn_network *network, const fcnn_array *x, const fcnn_rows *rows,
                                    fcnn_error *error)
{
    FCNN_TRY(check_numbers(x, "x", &network->graph->node[0].layer.output, error));
    if (rows->stop <= rows->start || (!rows->order && rows->stop > x->extent[0]))
        return fcnn_fail(error, FCNN_E_ARGUMENT, "a batch from %zu to %zu is not within the %zu rows, or is empty",
                         rows->start, rows->stop, x->extent[0]);
    for (size_t i = rows->start; rows->order && i < rows->stop; i++)
        if (rows->order[i] < 0 || (size_t)rows->order[i] >= x->extent[0])
            return fcnn_fail(error, FCNN_E_ARGUMENT, "order names the row %lld of %zu", (long long)rows->order[i],
                             x->extent[0]);
    return FCNN_OK;
}

static fcnn_status check_length(const fcnn_array *array, const char *what, const fcnn_array *x, fcnn_error *error)
{
    if (array->extent[0] == x->extent[0])
        return FCNN_OK;
    return fcnn_fail(error, FCNN_E_SHAPE, "x has %zu rows and %s has %zu; both must have the same number", x->extent[0],
                     what, array->extent[0]);
}

static fcnn_status check_batch(const fcnn_network *network, const fcnn_batch *batch, fcnn_error *error)
{
    const fcnn_shape *output = fcnn_network_output(network);
    if (!network->has_loss)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "a loss is needed: call set_objective first");
    FCNN_TRY(fcnn_batch_check_inputs(network, batch->x, &batch->rows, error));
    FCNN_TRY(check_length(batch->y, "y", batch->x, error));
    if (batch->sample_weight) {
        FCNN_TRY(check_length(batch->sample_weight, "sample_weight", batch->x, error));
        if (batch->sample_weight->rank != 1)
            return fcnn_fail(error, FCNN_E_SHAPE, "sample_weight must have one number for each row");
    }
    return network->loss.class->target == FCNN_TARGET_LABELS ? check_labels(batch->y, output, error)
                                                             : check_numbers(batch->y, "y", output, error);
}

static fcnn_status read_weight(const fcnn_network *network, const fcnn_batch *batch, size_t image, fcnn_error *error)
{
    float *weight = &network->scores.weight[image];
    *weight = 1.0f;
    if (!batch->sample_weight)
        return FCNN_OK;
    const size_t row = fcnn_rows_get(&batch->rows, image);
    if (!isfinite(fcnn_array_read_row(batch->sample_weight, network->kernels, row, weight)))
        return fcnn_fail(error, FCNN_E_ARGUMENT, "sample_weight is NaN or infinite in row %zu", row);
    return FCNN_OK;
}

static fcnn_status read_labels(const fcnn_network *network, const fcnn_array *y, size_t row, int32_t *labels,
                               fcnn_error *error)
{
    const size_t classes = fcnn_network_classes(network);
    double bad;
    if (fcnn_array_read_labels(y, network->kernels, row, classes, labels, &bad))
        return FCNN_OK;
    return fcnn_fail(error, FCNN_E_ARGUMENT,
                     "y holds the label %.10g in row %zu, but the model's last layer has %zu units: labels must be "
                     "whole numbers from 0 to %zu",
                     bad, row, classes, classes - 1);
}

static fcnn_status read_target(const fcnn_network *network, const fcnn_batch *batch, size_t image, fcnn_error *error)
{
    const size_t row = fcnn_rows_get(&batch->rows, image);
    if (network->loss.class->target == FCNN_TARGET_LABELS)
        return read_labels(network, batch->y, row,
                           (int32_t *)network->scores.targets + image * fcnn_network_rows(network), error);
    float *values = (float *)network->scores.targets + image * fcnn_network_output_size(network);
    if (!isfinite(fcnn_array_read_row(batch->y, network->kernels, row, values)) && network->state.check_finite)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "y holds NaN or infinity in row %zu: targets must be finite numbers",
                         row);
    return FCNN_OK;
}

/* How much each image counts, once their weights are known. */
static void find_shares(fcnn_network *network, size_t images)
{
    fcnn_scores *scores = &network->scores;
    double weights = 0.0;
    for (size_t i = 0; i < images; i++)
        weights += (double)scores->weight[i];
    scores->factor = network->loss.factor;
    scores->divisor = (float)images;
    if (network->loss.reduction == FCNN_SUM || network->loss.reduction == FCNN_NONE) {
        scores->factor *= (float)fcnn_network_rows(network);
        scores->divisor = 1.0f;
    } else if (network->loss.reduction == FCNN_MEAN_WITH_SAMPLE_WEIGHT) {
        scores->factor *= weights != 0.0;
        scores->divisor = weights != 0.0 ? (float)weights : 1.0f;
    }
}

fcnn_status fcnn_scores_read(fcnn_network *network, const fcnn_batch *batch, fcnn_error *error)
{
    const size_t images = batch->rows.stop - batch->rows.start;
    FCNN_TRY(check_batch(network, batch, error));
    FCNN_TRY(fcnn_scores_reserve(network, images, 1, error));
    for (size_t i = 0; i < images; i++) {
        FCNN_TRY(read_target(network, batch, i, error));
        FCNN_TRY(read_weight(network, batch, i, error));
    }
    find_shares(network, images);
    return FCNN_OK;
}

const void *fcnn_scores_target(const fcnn_network *network, size_t image)
{
    return (const char *)network->scores.targets + image * bytes_of_target(network);
}

fcnn_status fcnn_scores_check_inputs(const fcnn_network *network, const fcnn_rows *rows, size_t begin, size_t end,
                                     fcnn_error *error)
{
    for (size_t i = begin; i < end; i++)
        if (!isfinite(network->scores.magnitude[i]))
            return fcnn_fail(error, FCNN_E_ARGUMENT,
                             "x holds NaN or infinity in row %zu: inputs must be finite numbers",
                             fcnn_rows_get(rows, i));
    return FCNN_OK;
}

/* ---- what comes out ---- */

static double reduced_loss(const fcnn_network *network, size_t images)
{
    const fcnn_scores *scores = &network->scores;
    double sum = 0.0;
    for (size_t i = 0; i < images; i++)
        sum += (double)scores->weight[i] * (double)scores->loss[i];
    if (network->loss.reduction == FCNN_NONE)
        return sum * (double)network->loss.factor / (double)images;
    return sum * (double)scores->factor / (double)scores->divisor;
}

void fcnn_scores_sum(const fcnn_network *network, size_t images, fcnn_results *results)
{
    const fcnn_scores *scores = &network->scores;
    *results = (fcnn_results){.loss = reduced_loss(network, images), .metrics = network->metrics};
    for (size_t m = 0; m < network->metrics; m++)
        for (size_t i = 0; i < images; i++) {
            const double weight = network->metric[m].weighted ? (double)scores->weight[i] : 1.0;
            results->metric_sum[m] += weight * (double)scores->metric[i * FCNN_MAX_METRICS + m];
            results->metric_weight[m] += weight;
        }
}

int fcnn_scores_are_huge(const fcnn_network *network, size_t images, double loss)
{
    const double huge = 0x1p40; /* squared, and times all sums and weights of a sane network, still a float */
    const fcnn_scores *scores = &network->scores;
    int is_huge = !(fabs(loss) < huge) || network->state.learning_rate >= 0x1p20;
    for (size_t i = 0; i < images; i++)
        is_huge |= scores->magnitude[i] >= 0x1p20f || fabsf(scores->weight[i]) >= 0x1p20f;
    return is_huge;
}
