/* batch.c - what a batch brings beside its inputs, and what becomes of it: targets, weights, losses and metrics. */
#include <math.h>

#include "../base/memory.h"
#include "internal.h"

/* ---- memory ---- */

static size_t numbers_of(const fcnn_output *output) { return output->rows * output->classes; }

static size_t bytes_of_target(const fcnn_output *output)
{
    return output->objective.loss.class->target == FCNN_TARGET_LABELS ? output->rows * sizeof(int32_t)
                                                                      : numbers_of(output) * sizeof(float);
}

static fcnn_status reserve_targets(fcnn_output *output, size_t images, fcnn_error *error)
{
    fcnn_scores *scores = &output->scores;
    size_t bytes;
    if (__builtin_mul_overflow(images, bytes_of_target(output), &bytes))
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

static fcnn_status reserve_scores(fcnn_output *output, size_t images, fcnn_error *error)
{
    fcnn_scores *scores = &output->scores;
    if (images > scores->images) {
        FCNN_TRY(fcnn_allocate_floats(&scores->weight, images, 1, "the weights of a batch", error));
        FCNN_TRY(fcnn_allocate_floats(&scores->loss, images, 1, "the losses of a batch", error));
        FCNN_TRY(fcnn_allocate_floats(&scores->metric, images, FCNN_MAX_METRICS, "the metrics of a batch", error));
        scores->images = images;
    }
    return reserve_targets(output, images, error);
}

void fcnn_scores_clear(fcnn_scores *scores)
{
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

static fcnn_status check_length(const fcnn_array *array, const char *what, const fcnn_array *x, fcnn_error *error)
{
    if (array->extent[0] == x->extent[0])
        return FCNN_OK;
    return fcnn_fail(error, FCNN_E_SHAPE, "x has %zu rows and %s has %zu; both must have the same number", x->extent[0],
                     what, array->extent[0]);
}

static fcnn_status check_inputs(const fcnn_network *network, const fcnn_array *x, const fcnn_rows *rows,
                                fcnn_error *error)
{
    const fcnn_graph *graph = network->graph;
    for (size_t i = 0; i < graph->inputs; i++) {
        FCNN_TRY(check_numbers(&x[i], "x", &graph->node[graph->input[i]].layer.output, error));
        FCNN_TRY(check_length(&x[i], "another input", &x[0], error));
    }
    if (rows->stop <= rows->start || (!rows->order && rows->stop > x->extent[0]))
        return fcnn_fail(error, FCNN_E_ARGUMENT, "a batch from %zu to %zu is not within the %zu rows, or is empty",
                         rows->start, rows->stop, x->extent[0]);
    for (size_t i = rows->start; rows->order && i < rows->stop; i++)
        if (rows->order[i] < 0 || (size_t)rows->order[i] >= x->extent[0])
            return fcnn_fail(error, FCNN_E_ARGUMENT, "order names the row %lld of %zu", (long long)rows->order[i],
                             x->extent[0]);
    return FCNN_OK;
}

fcnn_status fcnn_inputs_begin(fcnn_network *network, const fcnn_array *x, const fcnn_rows *rows, size_t images,
                              fcnn_error *error)
{
    FCNN_TRY(check_inputs(network, x, rows, error));
    FCNN_TRY(fcnn_penalties_reserve(network, images, error));
    if (images <= network->images)
        return FCNN_OK;
    FCNN_TRY(fcnn_allocate_floats(&network->magnitude, images, 1, "the state of a batch", error));
    network->images = images;
    return FCNN_OK;
}

fcnn_status fcnn_inputs_check(const fcnn_network *network, const fcnn_rows *rows, size_t begin, size_t end,
                              fcnn_error *error)
{
    for (size_t i = begin; i < end; i++)
        if (!isfinite(network->magnitude[i]))
            return fcnn_fail(error, FCNN_E_ARGUMENT,
                             "x holds NaN or infinity in row %zu: inputs must be finite numbers",
                             fcnn_rows_get(rows, i));
    return FCNN_OK;
}

/* One output's part of a batch. */
typedef struct part {
    const fcnn_array *y;
    const fcnn_array *sample_weight; /* NULL: all count 1 */
} part;

static part part_of(const fcnn_batch *batch, size_t o)
{
    const fcnn_array *weight = batch->sample_weight && batch->sample_weight[o].data ? &batch->sample_weight[o] : NULL;
    return (part){&batch->y[o], weight};
}

static fcnn_status check_part(const fcnn_output *output, const fcnn_array *x, const part *given, fcnn_error *error)
{
    FCNN_TRY(check_length(given->y, "y", x, error));
    if (given->sample_weight) {
        FCNN_TRY(check_length(given->sample_weight, "sample_weight", x, error));
        if (given->sample_weight->rank != 1)
            return fcnn_fail(error, FCNN_E_SHAPE, "sample_weight must have one number for each row");
    }
    return output->objective.loss.class->target == FCNN_TARGET_LABELS
               ? check_labels(given->y, output->shape, error)
               : check_numbers(given->y, "y", output->shape, error);
}

/* One image's weight and target, from row `row`. */
static fcnn_status read_weight(const fcnn_network *network, fcnn_output *output, const part *given, size_t image,
                               size_t row, fcnn_error *error)
{
    float *weight = &output->scores.weight[image];
    *weight = 1.0f;
    if (given->sample_weight && !isfinite(fcnn_array_read_row(given->sample_weight, network->kernels, row, weight)))
        return fcnn_fail(error, FCNN_E_ARGUMENT, "sample_weight is NaN or infinite in row %zu", row);
    return FCNN_OK;
}

static fcnn_status read_labels(const fcnn_network *network, const fcnn_output *output, const fcnn_array *y, size_t row,
                               int32_t *labels, fcnn_error *error)
{
    const fcnn_loss *loss = &output->objective.loss;
    double bad;
    if (fcnn_array_read_labels(y, network->kernels, row, output->classes, loss->ignores ? &loss->ignored : NULL, labels,
                               &bad))
        return FCNN_OK;
    return fcnn_fail(error, FCNN_E_ARGUMENT,
                     "y holds the label %.10g in row %zu, but the model's last layer has %zu units: labels must be "
                     "whole numbers from 0 to %zu",
                     bad, row, output->classes, output->classes - 1);
}

static fcnn_status read_target(const fcnn_network *network, fcnn_output *output, const part *given, size_t image,
                               size_t row, fcnn_error *error)
{
    if (output->objective.loss.class->target == FCNN_TARGET_LABELS)
        return read_labels(network, output, given->y, row, (int32_t *)output->scores.targets + image * output->rows,
                           error);
    float *values = (float *)output->scores.targets + image * numbers_of(output);
    if (!isfinite(fcnn_array_read_row(given->y, network->kernels, row, values)) && network->state.check_finite)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "y holds NaN or infinity in row %zu: targets must be finite numbers",
                         row);
    return FCNN_OK;
}

/* How much each image counts, once their weights and labels are known. */
static void find_shares(fcnn_output *output, size_t images)
{
    const fcnn_loss *loss = &output->objective.loss;
    fcnn_scores *scores = &output->scores;
    double counted = 0.0, weights = 0.0;
    for (size_t i = 0; i < images; i++) {
        const double rows = fcnn_loss_counted(loss, output->rows, fcnn_scores_target(output, i));
        counted += rows;
        weights += (double)scores->weight[i] * rows;
    }
    if (loss->reduction == FCNN_SUM || loss->reduction == FCNN_NONE) {
        scores->share = (float)loss->values;
        scores->divisor = 1.0f;
        return;
    }
    const double divisor = loss->reduction == FCNN_MEAN_WITH_SAMPLE_WEIGHT ? weights : counted;
    scores->share = divisor != 0.0;
    scores->divisor = divisor != 0.0 ? (float)divisor : 1.0f;
}

static fcnn_status read_part(const fcnn_network *network, fcnn_output *output, const fcnn_batch *batch,
                             const part *given, fcnn_error *error)
{
    const size_t images = batch->rows.stop - batch->rows.start;
    FCNN_TRY(check_part(output, &batch->x[0], given, error));
    FCNN_TRY(reserve_scores(output, images, error));
    for (size_t i = 0; i < images; i++) {
        const size_t row = fcnn_rows_get(&batch->rows, i);
        FCNN_TRY(read_target(network, output, given, i, row, error));
        FCNN_TRY(read_weight(network, output, given, i, row, error));
    }
    if (output->objective.loss.class->look)
        output->objective.loss.class->look(&output->objective.loss, images * numbers_of(output),
                                           output->scores.targets);
    find_shares(output, images);
    return FCNN_OK;
}

fcnn_status fcnn_scores_read(fcnn_network *network, const fcnn_batch *batch, fcnn_error *error)
{
    int losses = 0;
    FCNN_TRY(fcnn_inputs_begin(network, batch->x, &batch->rows, batch->rows.stop - batch->rows.start, error));
    for (size_t o = 0; o < network->graph->outputs; o++) {
        if (!network->output[o].objective.has_loss)
            continue;
        const part given = part_of(batch, o);
        losses++;
        if (!given.y->data)
            return fcnn_fail(error, FCNN_E_ARGUMENT, "output %zu has a loss, and y has no array for it", o);
        FCNN_TRY(read_part(network, &network->output[o], batch, &given, error));
    }
    if (losses == 0)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "a loss is needed: call set_objectives first");
    return FCNN_OK;
}

const void *fcnn_scores_target(const fcnn_output *output, size_t image)
{
    return (const char *)output->scores.targets + image * bytes_of_target(output);
}

/* ---- what comes out ---- */

/* The loss of an output, without its factor. */
static double reduced_loss(const fcnn_output *output, size_t images)
{
    const fcnn_scores *scores = &output->scores;
    double sum = 0.0;
    for (size_t i = 0; i < images; i++)
        sum += (double)scores->weight[i] * (double)scores->loss[i];
    if (output->objective.loss.reduction == FCNN_NONE)
        return sum / (double)images;
    return sum * (double)scores->share / (double)scores->divisor;
}

static void sum_output(const fcnn_output *output, size_t images, fcnn_score *score)
{
    const fcnn_objective *objective = &output->objective;
    *score =
        (fcnn_score){.loss = objective->has_loss ? reduced_loss(output, images) : 0.0, .metrics = objective->metrics};
    for (size_t m = 0; m < objective->metrics; m++)
        for (size_t i = 0; i < images; i++) {
            const double weight = objective->metric[m].weighted ? (double)output->scores.weight[i] : 1.0;
            score->metric_sum[m] += weight * (double)output->scores.metric[i * FCNN_MAX_METRICS + m];
            score->metric_weight[m] += weight;
        }
}

void fcnn_scores_sum(const fcnn_network *network, size_t images, fcnn_results *results)
{
    results->loss = 0.0;
    for (size_t o = 0; o < network->graph->outputs; o++) {
        const fcnn_output *output = &network->output[o];
        sum_output(output, images, &results->score[o]);
        if (output->objective.has_loss)
            results->loss += results->score[o].loss * (double)output->objective.loss.factor;
    }
    results->loss += fcnn_penalties_mean(network, images);
    results->loss += fcnn_rules_penalty(network);
}

int fcnn_scores_are_huge(const fcnn_network *network, size_t images, double loss)
{
    const double huge = 0x1p40; /* squared, and times all sums and weights of a sane network, still a float */
    int is_huge = !(fabs(loss) < huge) || network->state.learning_rate >= 0x1p20;
    for (size_t i = 0; i < images; i++)
        is_huge |= network->magnitude[i] >= 0x1p20f;
    for (size_t o = 0; o < network->graph->outputs; o++)
        for (size_t i = 0; network->output[o].objective.has_loss && i < images; i++)
            is_huge |= fabsf(network->output[o].scores.weight[i]) >= 0x1p20f;
    return is_huge;
}
