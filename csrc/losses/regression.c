/* regression.c - losses of the error e = prediction - target, averaged over all numbers.
 *
 * mean_squared_error:   e^2,                                             gradient 2 e
 * mean_absolute_error:  |e|,                                             gradient sign(e)
 * mean_absolute_percentage_error:  100 |e| / max(|target|, 1e-7),        gradient 100 sign(e) / max(|target|, 1e-7)
 * huber:                e^2 / 2 where |e| <= delta, else delta |e| - delta^2 / 2;   gradient e, clipped to +- delta
 */
#include <math.h>

#include "registry.h"

static float sign(float e) { return (float)((e > 0.0f) - (e < 0.0f)); }

static fcnn_status create(fcnn_loss *loss, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {FCNN_LOSS_COMMON, NULL};
    (void)loss;
    return fcnn_attributes_expect(attributes, names, error);
}

static fcnn_status create_huber(fcnn_loss *loss, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {FCNN_LOSS_COMMON, "delta", NULL};
    static const fcnn_loss_number delta = {"delta", 0.0, 0x1p60, 1.0};
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    return fcnn_loss_read_numbers(loss, attributes, &delta, 1, error);
}

static float squared(const fcnn_loss *loss, const fcnn_kernels *kernels, size_t rows, size_t classes,
                     const float *prediction, const void *target, float scale, float *gradient)
{
    const size_t count = rows * classes;
    const float *t = target, share = scale / (float)count;
    double sum = 0.0;
    (void)loss, (void)kernels;
    for (size_t i = 0; i < count; i++) {
        const float e = prediction[i] - t[i];
        sum += (double)e * e;
        if (gradient)
            gradient[i] = share * (2.0f * e);
    }
    return (float)(sum / (double)count);
}

static float absolute(const fcnn_loss *loss, const fcnn_kernels *kernels, size_t rows, size_t classes,
                      const float *prediction, const void *target, float scale, float *gradient)
{
    const size_t count = rows * classes;
    const float *t = target, share = scale / (float)count;
    double sum = 0.0;
    (void)loss, (void)kernels;
    for (size_t i = 0; i < count; i++) {
        const float e = prediction[i] - t[i];
        sum += fabsf(e);
        if (gradient)
            gradient[i] = share * sign(e);
    }
    return (float)(sum / (double)count);
}

static float percentage(const fcnn_loss *loss, const fcnn_kernels *kernels, size_t rows, size_t classes,
                        const float *prediction, const void *target, float scale, float *gradient)
{
    const size_t count = rows * classes;
    const float *t = target, share = scale / (float)count;
    double sum = 0.0;
    (void)loss, (void)kernels;
    for (size_t i = 0; i < count; i++) {
        const float e = prediction[i] - t[i], size = fabsf(t[i]), percent = 100.0f / (size < 1e-7f ? 1e-7f : size);
        sum += fabsf(e) * percent;
        if (gradient)
            gradient[i] = share * (percent * sign(e));
    }
    return (float)(sum / (double)count);
}

static float huber(const fcnn_loss *loss, const fcnn_kernels *kernels, size_t rows, size_t classes,
                   const float *prediction, const void *target, float scale, float *gradient)
{
    const size_t count = rows * classes;
    const float *t = target, share = scale / (float)count, delta = loss->parameter[0];
    double sum = 0.0;
    (void)kernels;
    for (size_t i = 0; i < count; i++) {
        const float e = prediction[i] - t[i];
        const int small = fabsf(e) <= delta;
        sum += small ? 0.5 * e * e : (double)delta * fabsf(e) - 0.5 * delta * delta;
        if (gradient)
            gradient[i] = share * (small ? e : delta * sign(e));
    }
    return (float)(sum / (double)count);
}

const fcnn_loss_class fcnn_mean_squared_error_class = {
    .type = "mean_squared_error",
    .target = FCNN_TARGET_VALUES,
    .create = create,
    .evaluate = squared,
};

const fcnn_loss_class fcnn_mean_absolute_error_class = {
    .type = "mean_absolute_error",
    .target = FCNN_TARGET_VALUES,
    .create = create,
    .evaluate = absolute,
};

const fcnn_loss_class fcnn_mean_absolute_percentage_error_class = {
    .type = "mean_absolute_percentage_error",
    .target = FCNN_TARGET_VALUES,
    .create = create,
    .evaluate = percentage,
};

const fcnn_loss_class fcnn_huber_class = {
    .type = "huber",
    .target = FCNN_TARGET_VALUES,
    .create = create_huber,
    .evaluate = huber,
};
