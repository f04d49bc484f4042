/* binary_crossentropy.c - the crossentropy b of independent yes-or-no predictions, averaged over them; and focal, where
 * those that are nearly right count little.
 *
 * From logits x:         b = max(x, 0) - x t + log(1 + exp(-|x|)),          derivative: sigmoid(x) - t
 * From probabilities p:  b = -t log(c) - (1 - t) log(1 - c), c = clip(p, 1e-7, 1 - 1e-7),
 *                        derivative: (1 - t) / (1 - p) - t / p, and 0 where p is clipped
 * Focal: b w u^gamma with u = 1 - t p - (1 - t) (1 - p), p = sigmoid(x) for logits; w = t alpha + (1 - t) (1 - alpha)
 * where classes are balanced, else 1.
 */
#include <math.h>

#include "registry.h"

enum { ALPHA, GAMMA, BALANCING, NUMBERS };

static const fcnn_activation_spec softplus = {.function = FCNN_SOFTPLUS};
static const fcnn_activation_spec sigmoid = {.function = FCNN_SIGMOID};

static fcnn_status create(fcnn_loss *loss, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {FCNN_LOSS_COMMON, "from_logits", "label_smoothing", "axis", NULL};
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    return fcnn_loss_read_options(loss, attributes, error);
}

static fcnn_status create_focal(fcnn_loss *loss, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {FCNN_LOSS_COMMON, "from_logits", "label_smoothing",       "axis",
                                        "alpha",          "gamma",       "apply_class_balancing", NULL};
    static const fcnn_loss_number numbers[NUMBERS] = {[ALPHA] = {"alpha", -0x1p60, 0x1p60, 0.25},
                                                      [GAMMA] = {"gamma", 0.0, 0x1p60, 2.0},
                                                      [BALANCING] = {"apply_class_balancing", 0.0, 1.0, 0.0}};
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(fcnn_loss_read_numbers(loss, attributes, numbers, NUMBERS, error));
    return fcnn_loss_read_options(loss, attributes, error);
}

static void smooth(const fcnn_loss *loss, size_t count, const float *target, float *t)
{
    for (size_t i = 0; i < count; i++)
        t[i] = target[i] * (1.0f - loss->label_smoothing) + 0.5f * loss->label_smoothing;
}

/* ---- values and derivatives of a stretch, for smoothed targets ---- */

static void from_logits(const fcnn_kernels *kernels, size_t count, const float *x, const float *t, float *value,
                        float *slope)
{
    for (size_t i = 0; i < count; i++)
        value[i] = -fabsf(x[i]);
    kernels->activation_forward(&softplus, count, value, value);
    for (size_t i = 0; i < count; i++)
        value[i] = (x[i] > 0.0f ? x[i] : 0.0f) - x[i] * t[i] + value[i];
    kernels->activation_forward(&sigmoid, count, x, slope);
    for (size_t i = 0; i < count; i++)
        slope[i] -= t[i];
}

static void from_probabilities(const fcnn_kernels *kernels, size_t count, const float *p, const float *t, float *value,
                               float *slope)
{
    float yes[FCNN_STRETCH_OF_LOSS] = {0}, no[FCNN_STRETCH_OF_LOSS] = {0};
    for (size_t i = 0; i < count; i++) {
        yes[i] = fcnn_probability_clip(p[i]);
        no[i] = 1.0f - yes[i];
        slope[i] = fcnn_probability_is_inside(p[i]) * ((1.0f - t[i]) / no[i] - t[i] / yes[i]);
    }
    kernels->logarithm(count, yes, yes);
    kernels->logarithm(count, no, no);
    for (size_t i = 0; i < count; i++)
        value[i] = -(t[i] * yes[i] + (1.0f - t[i]) * no[i]);
}

static void plain(const fcnn_loss *loss, const fcnn_kernels *kernels, size_t count, const float *prediction,
                  const float *target, float *value, float *slope)
{
    float t[FCNN_STRETCH_OF_LOSS] = {0};
    smooth(loss, count, target, t);
    (loss->from_logits ? from_logits : from_probabilities)(kernels, count, prediction, t, value, slope);
}

static void focal(const fcnn_loss *loss, const fcnn_kernels *kernels, size_t count, const float *prediction,
                  const float *target, float *value, float *slope)
{
    const float alpha = loss->parameter[ALPHA], gamma = loss->parameter[GAMMA];
    float t[FCNN_STRETCH_OF_LOSS] = {0}, p[FCNN_STRETCH_OF_LOSS] = {0}, u[FCNN_STRETCH_OF_LOSS] = {0};
    float factor[FCNN_STRETCH_OF_LOSS] = {0};
    plain(loss, kernels, count, prediction, target, value, slope);
    smooth(loss, count, target, t);
    kernels->activation_forward(&(fcnn_activation_spec){.function = loss->from_logits ? FCNN_SIGMOID : FCNN_LINEAR},
                                count, prediction, p);
    for (size_t i = 0; i < count; i++)
        u[i] = 1.0f - (t[i] * p[i] + (1.0f - t[i]) * (1.0f - p[i]));
    fcnn_loss_power(kernels, count, u, gamma, factor);
    fcnn_loss_power(kernels, count, u, gamma - 1.0f, u);
    for (size_t i = 0; i < count; i++) {
        const float weight = loss->parameter[BALANCING] != 0.0f ? t[i] * alpha + (1.0f - t[i]) * (1.0f - alpha) : 1.0f;
        const float change = (1.0f - 2.0f * t[i]) * (loss->from_logits ? p[i] * (1.0f - p[i]) : 1.0f);
        slope[i] = weight * (factor[i] * slope[i] + gamma * u[i] * change * value[i]);
        value[i] *= weight * factor[i];
    }
}

static float evaluate(const fcnn_loss *loss, const fcnn_kernels *kernels, size_t rows, size_t classes,
                      const float *prediction, const void *target, float scale, float *gradient)
{
    const size_t count = rows * classes;
    const double sum =
        fcnn_loss_of_all(loss, kernels, count, prediction, target, scale / (float)count, gradient, plain);
    return (float)(sum / (double)count);
}

static float evaluate_focal(const fcnn_loss *loss, const fcnn_kernels *kernels, size_t rows, size_t classes,
                            const float *prediction, const void *target, float scale, float *gradient)
{
    const size_t count = rows * classes;
    const double sum =
        fcnn_loss_of_all(loss, kernels, count, prediction, target, scale / (float)count, gradient, focal);
    return (float)(sum / (double)count);
}

const fcnn_loss_class fcnn_binary_crossentropy_class = {
    .type = "binary_crossentropy",
    .target = FCNN_TARGET_VALUES,
    .takes_logits = 1,
    .create = create,
    .evaluate = evaluate,
};

const fcnn_loss_class fcnn_binary_focal_crossentropy_class = {
    .type = "binary_focal_crossentropy",
    .target = FCNN_TARGET_VALUES,
    .takes_logits = 1,
    .of_sigmoid = 1,
    .create = create_focal,
    .evaluate = evaluate_focal,
};
