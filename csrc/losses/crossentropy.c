/* crossentropy.c - the crossentropy of one class of several, with the target as a label or as probabilities t.
 *
 * From logits x, with p = softmax(x):
 *     value = sum of t (log(sum of exp(x)) - x),          d value / dx = p - t
 * From probabilities p, as Keras 3 on TensorFlow computes it, with clip to [1e-7, 1 - 1e-7] and c = clip(p):
 *     label l:  value = log(sum of c) - log(c[l]),   d value / dp = 1 / sum of c - [l] / c   where p is not clipped
 *     t:        value = -sum of t log(clip(q)), q = p / sum of p,
 *               d value / dp = (T - t / q) / sum of p, T = sum of t     (t and T only where q is not clipped)
 * As in TensorFlow the gradient from logits takes t to sum to 1. Rows whose label is ignored have neither value nor
 * gradient.
 */
#include "registry.h"

static fcnn_status create_sparse(fcnn_loss *loss, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {FCNN_LOSS_COMMON, "from_logits", "ignore_class", "axis", NULL};
    double ignored = 0.0;
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(fcnn_attributes_optional_number(attributes, "ignore_class", INT32_MIN, INT32_MAX, &ignored, error));
    loss->ignores = fcnn_attributes_has(attributes, "ignore_class");
    loss->ignored = (int32_t)ignored;
    return fcnn_loss_read_options(loss, attributes, error);
}

static fcnn_status create_categorical(fcnn_loss *loss, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {FCNN_LOSS_COMMON, "from_logits", "label_smoothing", "axis", NULL};
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    return fcnn_loss_read_options(loss, attributes, error);
}

static float log_of(const fcnn_kernels *kernels, float x)
{
    kernels->logarithm(1, &x, &x);
    return x;
}

/* Below: the value of one row; the gradient, times `scale`, where it is not NULL. */

static float label_from_logits(const fcnn_kernels *kernels, size_t classes, const float *x, int32_t label, float scale,
                               float *gradient)
{
    const float own = x[label];
    float max;
    const float log_sum = kernels->log_sum_exp(classes, x, &max, gradient);
    if (gradient) {
        gradient[label] -= 1.0f;
        kernels->scale_offset(classes, gradient, scale, 0.0f, gradient);
    }
    return log_sum - (own - max);
}

static float label_from_probabilities(const fcnn_kernels *kernels, size_t classes, const float *p, int32_t label,
                                      float scale, float *gradient)
{
    const float own = p[label], own_clipped = fcnn_probability_clip(own);
    double total = 0.0;
    for (size_t c = 0; c < classes; c++)
        total += fcnn_probability_clip(p[c]);
    const float sum = (float)total;
    if (gradient) {
        for (size_t c = 0; c < classes; c++)
            gradient[c] = scale * fcnn_probability_is_inside(p[c]) / sum;
        gradient[label] -= scale * fcnn_probability_is_inside(own) / own_clipped;
    }
    return log_of(kernels, sum) - log_of(kernels, own_clipped);
}

/* Class c's target after label smoothing. */
static float smoothed(const fcnn_loss *loss, float target, size_t classes)
{
    return target * (1.0f - loss->label_smoothing) + loss->label_smoothing / (float)classes;
}

static float values_from_logits(const fcnn_loss *loss, const fcnn_kernels *kernels, size_t classes, const float *x,
                                const float *target, float scale, float *gradient)
{
    float max;
    const float log_sum = kernels->log_sum_exp(classes, x, &max, NULL);
    double value = 0.0;
    for (size_t c = 0; c < classes; c++)
        value += smoothed(loss, target[c], classes) * (log_sum - (x[c] - max));
    if (gradient) {
        kernels->softmax(1, classes, x, gradient);
        for (size_t c = 0; c < classes; c++)
            gradient[c] = scale * (gradient[c] - smoothed(loss, target[c], classes));
    }
    return (float)value;
}

static float values_from_probabilities(const fcnn_loss *loss, const fcnn_kernels *kernels, size_t classes,
                                       const float *p, const float *target, float scale, float *gradient)
{
    double total = 0.0, value = 0.0, inside = 0.0;
    for (size_t c = 0; c < classes; c++)
        total += p[c];
    const float sum = (float)total;
    for (size_t c = 0; c < classes; c++) {
        const float q = p[c] / sum, t = smoothed(loss, target[c], classes);
        value -= t * log_of(kernels, fcnn_probability_clip(q));
        inside += t * fcnn_probability_is_inside(q);
    }
    for (size_t c = 0; gradient && c < classes; c++) {
        const float q = p[c] / sum, t = smoothed(loss, target[c], classes) * fcnn_probability_is_inside(q);
        gradient[c] = scale * ((float)inside - t / fcnn_probability_clip(q)) / sum;
    }
    return (float)value;
}

static float evaluate_sparse(const fcnn_loss *loss, const fcnn_kernels *kernels, size_t rows, size_t classes,
                             const float *prediction, const void *target, float scale, float *gradient)
{
    const int32_t *label = target;
    double value = 0.0;
    for (size_t r = 0; r < rows; r++) {
        const float *row = prediction + r * classes;
        float *to = gradient ? gradient + r * classes : NULL;
        const float share = scale / (float)rows;
        if (loss->ignores && label[r] == loss->ignored) {
            for (size_t c = 0; to && c < classes; c++)
                to[c] = 0.0f;
            continue;
        }
        value += loss->from_logits ? label_from_logits(kernels, classes, row, label[r], share, to)
                                   : label_from_probabilities(kernels, classes, row, label[r], share, to);
    }
    return (float)(value / (double)rows);
}

static float evaluate_categorical(const fcnn_loss *loss, const fcnn_kernels *kernels, size_t rows, size_t classes,
                                  const float *prediction, const void *target, float scale, float *gradient)
{
    double value = 0.0;
    for (size_t r = 0; r < rows; r++) {
        const float *row = prediction + r * classes, *t = (const float *)target + r * classes;
        float *to = gradient ? gradient + r * classes : NULL;
        const float share = scale / (float)rows;
        value += loss->from_logits ? values_from_logits(loss, kernels, classes, row, t, share, to)
                                   : values_from_probabilities(loss, kernels, classes, row, t, share, to);
    }
    return (float)(value / (double)rows);
}

const fcnn_loss_class fcnn_sparse_categorical_crossentropy_class = {
    .type = "sparse_categorical_crossentropy",
    .target = FCNN_TARGET_LABELS,
    .takes_logits = 1,
    .create = create_sparse,
    .evaluate = evaluate_sparse,
};

const fcnn_loss_class fcnn_categorical_crossentropy_class = {
    .type = "categorical_crossentropy",
    .target = FCNN_TARGET_VALUES,
    .takes_logits = 1,
    .create = create_categorical,
    .evaluate = evaluate_categorical,
};
