/* categorical_focal.c - crossentropies of one class of several in which predictions that are nearly right count less.
 *
 * categorical_focal_crossentropy:  sum over a row of -t alpha (1 - c)^gamma log c, c = clip(q, 1e-7, 1 - 1e-7),
 *                                  q = p / sum of p, p = softmax(x) for logits x
 *     with h = t alpha (gamma (1 - c)^(gamma - 1) log c - (1 - c)^gamma / c) where q is not clipped, H = sum of h q:
 *     d / dp = (h - H) / sum of p, d / dx = q (h - H)
 * categorical_generalized_cross_entropy:  (1 - p^q) / q of the label's probability p,    d / dp = -p^(q - 1)
 * Values are the mean over rows.
 */
#include "registry.h"

enum { ALPHA, GAMMA, NUMBERS };

static fcnn_status create_focal(fcnn_loss *loss, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {FCNN_LOSS_COMMON, "from_logits", "label_smoothing", "axis", "alpha",
                                        "gamma",          NULL};
    static const fcnn_loss_number numbers[NUMBERS] = {[ALPHA] = {"alpha", -0x1p60, 0x1p60, 0.25},
                                                      [GAMMA] = {"gamma", 0.0, 0x1p60, 2.0}};
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(fcnn_loss_read_numbers(loss, attributes, numbers, NUMBERS, error));
    return fcnn_loss_read_options(loss, attributes, error);
}

static fcnn_status create_generalized(fcnn_loss *loss, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {FCNN_LOSS_COMMON, "q", NULL};
    static const fcnn_loss_number q = {"q", 0x1p-60, 1.0, 0.5};
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    return fcnn_loss_read_numbers(loss, attributes, &q, 1, error);
}

/* How a row's predictions become probabilities q = exp(prediction - shift), or prediction / sum. */
typedef struct row {
    const float *prediction, *target;
    size_t classes;
    float shift, sum;
} row;

static row row_of(const fcnn_loss *loss, const fcnn_kernels *kernels, size_t classes, const float *prediction,
                  const float *target)
{
    row r = {.prediction = prediction, .target = target, .classes = classes};
    double sum = 0.0;
    if (loss->from_logits) {
        const float log_sum = kernels->log_sum_exp(classes, prediction, &r.shift, NULL);
        r.shift += log_sum;
    }
    for (size_t c = 0; !loss->from_logits && c < classes; c++)
        sum += prediction[c];
    r.sum = (float)sum;
    return r;
}

static size_t stretch_from(const row *r, size_t begin)
{
    const size_t left = r->classes - begin;
    return left < FCNN_STRETCH_OF_LOSS ? left : FCNN_STRETCH_OF_LOSS;
}

/* A stretch's q, values and h, from class `begin` on. */
static void focal(const fcnn_loss *loss, const fcnn_kernels *kernels, const row *r, size_t begin, float *q,
                  float *value, float *h)
{
    static const fcnn_activation_spec exponential = {.function = FCNN_EXPONENTIAL};
    const float alpha = loss->parameter[ALPHA], gamma = loss->parameter[GAMMA];
    const size_t count = stretch_from(r, begin);
    float c[FCNN_STRETCH_OF_LOSS] = {0}, logarithm[FCNN_STRETCH_OF_LOSS] = {0}, rest[FCNN_STRETCH_OF_LOSS] = {0};
    for (size_t i = 0; i < count; i++)
        q[i] = loss->from_logits ? r->prediction[begin + i] - r->shift : r->prediction[begin + i] / r->sum;
    if (loss->from_logits)
        kernels->activation_forward(&exponential, count, q, q);
    for (size_t i = 0; i < count; i++) {
        c[i] = fcnn_probability_clip(q[i]);
        rest[i] = 1.0f - c[i];
    }
    kernels->logarithm(count, c, logarithm);
    fcnn_loss_power(kernels, count, rest, gamma, value);
    fcnn_loss_power(kernels, count, rest, gamma - 1.0f, rest);
    for (size_t i = 0; i < count; i++) {
        const float t =
            r->target[begin + i] * (1.0f - loss->label_smoothing) + loss->label_smoothing / (float)r->classes;
        h[i] = fcnn_probability_is_inside(q[i]) * t * alpha * (gamma * rest[i] * logarithm[i] - value[i] / c[i]);
        value[i] *= -t * alpha * logarithm[i];
    }
}

static float focal_row(const fcnn_loss *loss, const fcnn_kernels *kernels, const row *r, float share, float *gradient)
{
    float q[FCNN_STRETCH_OF_LOSS] = {0}, value[FCNN_STRETCH_OF_LOSS] = {0}, h[FCNN_STRETCH_OF_LOSS] = {0};
    double sum = 0.0, along = 0.0;
    for (size_t begin = 0; begin < r->classes; begin += FCNN_STRETCH_OF_LOSS) {
        focal(loss, kernels, r, begin, q, value, h);
        for (size_t i = 0; i < stretch_from(r, begin); i++) {
            sum += value[i];
            along += (double)h[i] * q[i];
        }
    }
    for (size_t begin = 0; gradient && begin < r->classes; begin += FCNN_STRETCH_OF_LOSS) {
        focal(loss, kernels, r, begin, q, value, h);
        for (size_t i = 0; i < stretch_from(r, begin); i++)
            gradient[begin + i] = share * (loss->from_logits ? q[i] : 1.0f / r->sum) * (h[i] - (float)along);
    }
    return (float)sum;
}

static float evaluate_focal(const fcnn_loss *loss, const fcnn_kernels *kernels, size_t rows, size_t classes,
                            const float *prediction, const void *target, float scale, float *gradient)
{
    double sum = 0.0;
    for (size_t n = 0; n < rows; n++) {
        const row r = row_of(loss, kernels, classes, prediction + n * classes, (const float *)target + n * classes);
        sum += focal_row(loss, kernels, &r, scale / (float)rows, gradient ? gradient + n * classes : NULL);
    }
    return (float)(sum / (double)rows);
}

static float evaluate_generalized(const fcnn_loss *loss, const fcnn_kernels *kernels, size_t rows, size_t classes,
                                  const float *prediction, const void *target, float scale, float *gradient)
{
    const float q = loss->parameter[0], share = scale / (float)rows;
    double sum = 0.0;
    for (size_t n = 0; n < rows; n++) {
        const size_t own = n * classes + (size_t)((const int32_t *)target)[n];
        float power, slope;
        fcnn_loss_power(kernels, 1, &prediction[own], q, &power);
        fcnn_loss_power(kernels, 1, &prediction[own], q - 1.0f, &slope);
        sum += (1.0f - power) / q;
        for (size_t c = 0; gradient && c < classes; c++)
            gradient[n * classes + c] = 0.0f;
        if (gradient)
            gradient[own] = share * -slope;
    }
    return (float)(sum / (double)rows);
}

const fcnn_loss_class fcnn_categorical_focal_crossentropy_class = {
    .type = "categorical_focal_crossentropy",
    .target = FCNN_TARGET_VALUES,
    .create = create_focal,
    .evaluate = evaluate_focal,
};

const fcnn_loss_class fcnn_categorical_generalized_cross_entropy_class = {
    .type = "categorical_generalized_cross_entropy",
    .target = FCNN_TARGET_LABELS,
    .create = create_generalized,
    .evaluate = evaluate_generalized,
};
