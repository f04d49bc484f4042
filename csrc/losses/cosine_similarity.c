/* cosine_similarity.c - the negative cosine of the angle between a row of predictions p and its targets t.
 *
 * value = -sum of u v, u = t |t|^-1, v = p |p|^-1, where |x|^-1 is at most 1e7; the mean over rows
 * derivative (v (sum of u v) - u) |p|^-1, and -u 1e7 where that is the bound
 */
#include <math.h>

#include "registry.h"

static const float BOUND = 1e7f;

static fcnn_status create(fcnn_loss *loss, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {FCNN_LOSS_COMMON, "axis", NULL};
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    return fcnn_loss_read_options(loss, attributes, error);
}

static float inverse_length(size_t count, const float *x)
{
    double sum = 0.0;
    for (size_t i = 0; i < count; i++)
        sum += (double)x[i] * x[i];
    const float inverse = 1.0f / sqrtf((float)sum);
    return inverse > BOUND ? BOUND : inverse;
}

/* One row's. */
static float similarity(size_t classes, const float *p, const float *t, float share, float *gradient)
{
    const float per_p = inverse_length(classes, p), per_t = inverse_length(classes, t);
    double sum = 0.0;
    for (size_t c = 0; c < classes; c++)
        sum += (double)(t[c] * per_t) * (p[c] * per_p);
    const float cosine = (float)sum, along = per_p < BOUND ? cosine * per_p : 0.0f;
    for (size_t c = 0; gradient && c < classes; c++)
        gradient[c] = share * per_p * (along * p[c] - t[c] * per_t);
    return -cosine;
}

static float evaluate(const fcnn_loss *loss, const fcnn_kernels *kernels, size_t rows, size_t classes,
                      const float *prediction, const void *target, float scale, float *gradient)
{
    double sum = 0.0;
    (void)loss, (void)kernels;
    for (size_t r = 0; r < rows; r++)
        sum += similarity(classes, prediction + r * classes, (const float *)target + r * classes, scale / (float)rows,
                          gradient ? gradient + r * classes : NULL);
    return (float)(sum / (double)rows);
}

const fcnn_loss_class fcnn_cosine_similarity_class = {
    .type = "cosine_similarity",
    .target = FCNN_TARGET_VALUES,
    .create = create,
    .evaluate = evaluate,
};
