/* binary_crossentropy.c - the crossentropy of independent yes-or-no predictions, averaged over them.
 *
 * From logits x:         value = mean of max(x, 0) - x t + log(1 + exp(-|x|)),       gradient: sigmoid(x) - t
 * From probabilities p:  value = -mean of t log(c) + (1 - t) log(1 - c), c = clip(p, 1e-7, 1 - 1e-7),
 *                        gradient: (1 - t) / (1 - p) - t / p, and 0 where p is clipped
 *
 * Functions come from the kernels, a stretch of CHUNK numbers at a time.
 */
#include <math.h>

#include "registry.h"

enum { CHUNK = 64 };

static const fcnn_activation_spec softplus = {.function = FCNN_SOFTPLUS};
static const fcnn_activation_spec sigmoid = {.function = FCNN_SIGMOID};

static fcnn_status create(fcnn_loss *loss, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {FCNN_LOSS_COMMON, "from_logits", "label_smoothing", NULL};
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    return fcnn_loss_read_options(loss, attributes, error);
}

/* Below: the sum of `count` <= CHUNK values; their gradients, times `scale`, where `gradient` is not NULL. */

static double from_logits(const fcnn_kernels *kernels, size_t count, const float *x, const float *t, float scale,
                          float *gradient)
{
    float work[CHUNK] = {0};
    double sum = 0.0;
    for (size_t i = 0; i < count; i++)
        work[i] = -fabsf(x[i]);
    kernels->activation_forward(&softplus, count, work, work);
    for (size_t i = 0; i < count; i++)
        sum += (x[i] > 0.0f ? x[i] : 0.0f) - x[i] * t[i] + work[i];
    if (gradient) {
        kernels->activation_forward(&sigmoid, count, x, work);
        for (size_t i = 0; i < count; i++)
            gradient[i] = scale * (work[i] - t[i]);
    }
    return sum;
}

static double from_probabilities(const fcnn_kernels *kernels, size_t count, const float *p, const float *t, float scale,
                                 float *gradient)
{
    float yes[CHUNK] = {0}, no[CHUNK] = {0};
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        yes[i] = fcnn_probability_clip(p[i]);
        no[i] = 1.0f - yes[i];
    }
    for (size_t i = 0; gradient && i < count; i++)
        gradient[i] = scale * fcnn_probability_is_inside(p[i]) * ((1.0f - t[i]) / no[i] - t[i] / yes[i]);
    kernels->logarithm(count, yes, yes);
    kernels->logarithm(count, no, no);
    for (size_t i = 0; i < count; i++)
        sum -= t[i] * yes[i] + (1.0f - t[i]) * no[i];
    return sum;
}

static float evaluate(const fcnn_loss *loss, const fcnn_kernels *kernels, size_t rows, size_t classes,
                      const float *prediction, const void *target, float scale, float *gradient)
{
    const size_t total = rows * classes;
    double sum = 0.0;
    for (size_t begin = 0; begin < total; begin += CHUNK) {
        const size_t count = total - begin < CHUNK ? total - begin : CHUNK;
        float t[CHUNK];
        for (size_t i = 0; i < count; i++)
            t[i] = ((const float *)target)[begin + i] * (1.0f - loss->label_smoothing) + 0.5f * loss->label_smoothing;
        sum += (loss->from_logits ? from_logits : from_probabilities)(
            kernels, count, prediction + begin, t, scale / (float)total, gradient ? gradient + begin : NULL);
    }
    return (float)(sum / (double)total);
}

const fcnn_loss_class fcnn_binary_crossentropy_class = {
    .type = "binary_crossentropy",
    .target = FCNN_TARGET_VALUES,
    .takes_logits = 1,
    .create = create,
    .evaluate = evaluate,
};
