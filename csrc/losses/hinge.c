/* hinge.c - losses that are 0 where a prediction p is on its target's side by a margin.
 *
 * hinge:              mean of m = max(1 - t p, 0),      derivative -t where m is not below 0
 * squared_hinge:      mean of m^2,                      derivative -2 m t
 * categorical_hinge:  max(n - s + 1, 0), s = sum of t p, n = the largest of (1 - t) p; derivative (1 - t) / k - t where
 *                     one of k that are the largest, else -t
 * The first two take targets of -1 and 1; where all of a batch are 0 or 1, 0 stands for -1.
 */
#include "registry.h"

static fcnn_status create(fcnn_loss *loss, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {FCNN_LOSS_COMMON, NULL};
    (void)loss;
    return fcnn_attributes_expect(attributes, names, error);
}

static void look(fcnn_loss *loss, size_t count, const float *targets)
{
    loss->yes_no_labels = 1;
    for (size_t i = 0; i < count; i++)
        loss->yes_no_labels &= targets[i] == 0.0f || targets[i] == 1.0f;
}

static float side(const fcnn_loss *loss, float target) { return loss->yes_no_labels ? 2.0f * target - 1.0f : target; }

static float evaluate(const fcnn_loss *loss, const fcnn_kernels *kernels, size_t rows, size_t classes,
                      const float *prediction, const void *target, float scale, float *gradient)
{
    const size_t count = rows * classes;
    const float share = scale / (float)count;
    double sum = 0.0;
    (void)kernels;
    for (size_t i = 0; i < count; i++) {
        const float t = side(loss, ((const float *)target)[i]), m = 1.0f - t * prediction[i];
        sum += m < 0.0f ? 0.0f : m;
        if (gradient)
            gradient[i] = m < 0.0f ? 0.0f : share * -t;
    }
    return (float)(sum / (double)count);
}

static float evaluate_squared(const fcnn_loss *loss, const fcnn_kernels *kernels, size_t rows, size_t classes,
                              const float *prediction, const void *target, float scale, float *gradient)
{
    const size_t count = rows * classes;
    const float share = scale / (float)count;
    double sum = 0.0;
    (void)kernels;
    for (size_t i = 0; i < count; i++) {
        const float t = side(loss, ((const float *)target)[i]), margin = 1.0f - t * prediction[i];
        const float m = margin < 0.0f ? 0.0f : margin;
        sum += (double)m * m;
        if (gradient)
            gradient[i] = share * (-2.0f * m * t);
    }
    return (float)(sum / (double)count);
}

/* One row's. */
static float categorical(size_t classes, const float *p, const float *t, float share, float *gradient)
{
    double own = 0.0;
    float other = (1.0f - t[0]) * p[0];
    size_t largest = 0;
    for (size_t c = 0; c < classes; c++) {
        const float each = (1.0f - t[c]) * p[c];
        own += (double)t[c] * p[c];
        largest = each > other ? 1 : largest + (each == other);
        other = each > other ? each : other;
    }
    const float value = (float)(other - own) + 1.0f;
    for (size_t c = 0; gradient && c < classes; c++) {
        const float is_largest = (1.0f - t[c]) * p[c] == other ? 1.0f / (float)largest : 0.0f;
        gradient[c] = value < 0.0f ? 0.0f : share * (is_largest * (1.0f - t[c]) - t[c]);
    }
    return value < 0.0f ? 0.0f : value;
}

static float evaluate_categorical(const fcnn_loss *loss, const fcnn_kernels *kernels, size_t rows, size_t classes,
                                  const float *prediction, const void *target, float scale, float *gradient)
{
    double sum = 0.0;
    (void)loss, (void)kernels;
    for (size_t r = 0; r < rows; r++)
        sum += categorical(classes, prediction + r * classes, (const float *)target + r * classes, scale / (float)rows,
                           gradient ? gradient + r * classes : NULL);
    return (float)(sum / (double)rows);
}

const fcnn_loss_class fcnn_hinge_class = {
    .type = "hinge",
    .target = FCNN_TARGET_VALUES,
    .create = create,
    .look = look,
    .evaluate = evaluate,
};

const fcnn_loss_class fcnn_squared_hinge_class = {
    .type = "squared_hinge",
    .target = FCNN_TARGET_VALUES,
    .create = create,
    .look = look,
    .evaluate = evaluate_squared,
};

const fcnn_loss_class fcnn_categorical_hinge_class = {
    .type = "categorical_hinge",
    .target = FCNN_TARGET_VALUES,
    .create = create,
    .evaluate = evaluate_categorical,
};
