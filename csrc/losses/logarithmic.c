/* logarithmic.c - losses with a logarithm of each number p, with target t.
 *
 * mean_squared_logarithmic_error:  mean of d^2, d = log(c(p) + 1) - log(c(t) + 1), c(x) = max(x, 1e-7);
 *                                  derivative 2 d / (p + 1), and 0 where p is less than 1e-7
 * log_cosh:                        mean of log(cosh(p - t)),                     derivative tanh(p - t)
 * poisson:                         mean of p - t log(p + 1e-7),                  derivative 1 - t / (p + 1e-7)
 * kl_divergence:                   sum over a row of c(t) log(c(t) / c(p)), c(x) = clip(x, 1e-7, 1);
 *                                  derivative -c(t) / p, and 0 where p is clipped
 */
#include <float.h>
#include <math.h>

#include "registry.h"

static const float EPSILON = 1e-7f;

static fcnn_status create(fcnn_loss *loss, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {FCNN_LOSS_COMMON, NULL};
    (void)loss;
    return fcnn_attributes_expect(attributes, names, error);
}

/* max(x, low), and NaN for NaN. */
static float at_least(float x, float low) { return x < low ? low : x; }

/* ---- values and derivatives of a stretch ---- */

static void squared_logarithmic(const fcnn_loss *loss, const fcnn_kernels *kernels, size_t count, const float *p,
                                const float *t, float *value, float *slope)
{
    float log_p[FCNN_STRETCH_OF_LOSS] = {0}, log_t[FCNN_STRETCH_OF_LOSS] = {0};
    (void)loss;
    for (size_t i = 0; i < count; i++) {
        log_p[i] = at_least(p[i], EPSILON) + 1.0f;
        log_t[i] = at_least(t[i], EPSILON) + 1.0f;
        slope[i] = p[i] < EPSILON ? 0.0f : 2.0f / log_p[i];
    }
    kernels->logarithm(count, log_p, log_p);
    kernels->logarithm(count, log_t, log_t);
    for (size_t i = 0; i < count; i++) {
        const float d = log_p[i] - log_t[i];
        value[i] = d * d;
        slope[i] *= d;
    }
}

/* log(cosh e) = |e| + log(1 + exp(-2 |e|)) - log 2 */
static void log_cosh(const fcnn_loss *loss, const fcnn_kernels *kernels, size_t count, const float *p, const float *t,
                     float *value, float *slope)
{
    static const fcnn_activation_spec softplus = {.function = FCNN_SOFTPLUS}, tangent = {.function = FCNN_TANH};
    const float log_2 = 0.69314718f;
    float e[FCNN_STRETCH_OF_LOSS] = {0};
    (void)loss;
    for (size_t i = 0; i < count; i++) {
        e[i] = p[i] - t[i];
        value[i] = -2.0f * fabsf(e[i]);
    }
    kernels->activation_forward(&softplus, count, value, value);
    kernels->activation_forward(&tangent, count, e, slope);
    for (size_t i = 0; i < count; i++)
        value[i] = fabsf(e[i]) + (value[i] - log_2);
}

static void poisson(const fcnn_loss *loss, const fcnn_kernels *kernels, size_t count, const float *p, const float *t,
                    float *value, float *slope)
{
    float rate[FCNN_STRETCH_OF_LOSS] = {0};
    (void)loss;
    for (size_t i = 0; i < count; i++) {
        const float r = p[i] + EPSILON;
        rate[i] = r < FLT_MIN ? NAN : r;
        slope[i] = 1.0f - t[i] / rate[i];
    }
    kernels->logarithm(count, rate, rate);
    for (size_t i = 0; i < count; i++)
        value[i] = p[i] - t[i] * rate[i];
}

static void divergence(const fcnn_loss *loss, const fcnn_kernels *kernels, size_t count, const float *p, const float *t,
                       float *value, float *slope)
{
    float ratio[FCNN_STRETCH_OF_LOSS] = {0}, clipped[FCNN_STRETCH_OF_LOSS];
    (void)loss;
    for (size_t i = 0; i < count; i++) {
        const float c = at_least(p[i], EPSILON);
        clipped[i] = at_least(t[i] > 1.0f ? 1.0f : t[i], EPSILON);
        ratio[i] = clipped[i] / (c > 1.0f ? 1.0f : c);
        slope[i] = p[i] < EPSILON || p[i] > 1.0f ? 0.0f : -clipped[i] / p[i];
    }
    kernels->logarithm(count, ratio, ratio);
    for (size_t i = 0; i < count; i++)
        value[i] = clipped[i] * ratio[i];
}

/* ---- of an image ---- */

static float mean_of(const fcnn_loss *loss, const fcnn_kernels *kernels, size_t count, size_t divisor,
                     const float *prediction, const void *target, float scale, float *gradient,
                     fcnn_loss_of_numbers *function)
{
    const double sum =
        fcnn_loss_of_all(loss, kernels, count, prediction, target, scale / (float)divisor, gradient, function);
    return (float)(sum / (double)divisor);
}

static float evaluate_squared_logarithmic(const fcnn_loss *loss, const fcnn_kernels *kernels, size_t rows,
                                          size_t classes, const float *prediction, const void *target, float scale,
                                          float *gradient)
{
    const size_t count = rows * classes;
    return mean_of(loss, kernels, count, count, prediction, target, scale, gradient, squared_logarithmic);
}

static float evaluate_log_cosh(const fcnn_loss *loss, const fcnn_kernels *kernels, size_t rows, size_t classes,
                               const float *prediction, const void *target, float scale, float *gradient)
{
    const size_t count = rows * classes;
    return mean_of(loss, kernels, count, count, prediction, target, scale, gradient, log_cosh);
}

static float evaluate_poisson(const fcnn_loss *loss, const fcnn_kernels *kernels, size_t rows, size_t classes,
                              const float *prediction, const void *target, float scale, float *gradient)
{
    const size_t count = rows * classes;
    return mean_of(loss, kernels, count, count, prediction, target, scale, gradient, poisson);
}

static float evaluate_divergence(const fcnn_loss *loss, const fcnn_kernels *kernels, size_t rows, size_t classes,
                                 const float *prediction, const void *target, float scale, float *gradient)
{
    return mean_of(loss, kernels, rows * classes, rows, prediction, target, scale, gradient, divergence);
}

const fcnn_loss_class fcnn_mean_squared_logarithmic_error_class = {
    .type = "mean_squared_logarithmic_error",
    .target = FCNN_TARGET_VALUES,
    .create = create,
    .evaluate = evaluate_squared_logarithmic,
};

const fcnn_loss_class fcnn_log_cosh_class = {
    .type = "log_cosh",
    .target = FCNN_TARGET_VALUES,
    .create = create,
    .evaluate = evaluate_log_cosh,
};

const fcnn_loss_class fcnn_poisson_class = {
    .type = "poisson",
    .target = FCNN_TARGET_VALUES,
    .create = create,
    .evaluate = evaluate_poisson,
};

const fcnn_loss_class fcnn_kl_divergence_class = {
    .type = "kl_divergence",
    .target = FCNN_TARGET_VALUES,
    .create = create,
    .evaluate = evaluate_divergence,
};
