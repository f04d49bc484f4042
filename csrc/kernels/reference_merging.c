/* reference_merging.c - the contracts of merging.c and noise.c in plain loops. */
#include <math.h>

#include "../base/random.h"
#include "name.h"

static float combined(fcnn_combination how, float y, float x)
{
    switch (how) {
    case FCNN_ADD:
        return y + x;
    case FCNN_SUBTRACT:
        return y - x;
    case FCNN_MULTIPLY:
        return y * x;
    case FCNN_DIVIDE:
        return y / x;
    case FCNN_MAXIMUM:
        return isnan(y) || y >= x ? y : x;
    case FCNN_POWER:
        return (float)pow((double)y, (double)x);
    case FCNN_EQUAL:
        return y == x;
    case FCNN_NOT_EQUAL:
        return y != x;
    case FCNN_GREATER:
        return y > x;
    case FCNN_GREATER_EQUAL:
        return y >= x;
    case FCNN_LESS:
        return y < x;
    case FCNN_LESS_EQUAL:
        return y <= x;
    case FCNN_MINIMUM:
        break;
    }
    return isnan(y) || y <= x ? y : x;
}

void FCNN_NAME(add)(size_t count, const float *x, float *y)
{
    for (size_t i = 0; i < count; i++)
        y[i] += x[i];
}

void FCNN_NAME(combine)(fcnn_combination how, size_t count, const float *x, size_t step, float *y)
{
    for (size_t i = 0; i < count; i++)
        y[i] = combined(how, y[i], x[i * step]);
}

void FCNN_NAME(take_equal)(size_t count, const float *x, size_t step, const float *y, float *left, float *taken)
{
    for (size_t i = 0; i < count; i++) {
        const int equal = x[i * step] == y[i];
        taken[i] = equal ? left[i] : 0.0f;
        left[i] = equal ? 0.0f : left[i];
    }
}

void FCNN_NAME(weighted_sum)(size_t count, size_t terms, const float *weights, const float *x, size_t stride, float *y)
{
    for (size_t i = 0; i < count; i++) {
        double sum = 0.0;
        for (size_t t = 0; t < terms; t++)
            sum += (double)weights[t] * x[t * stride + i];
        y[i] = (float)sum;
    }
}

/* What number i is made from. */
static uint32_t word_of(uint64_t key, uint64_t step, uint64_t image, size_t i)
{
    uint32_t word[4];
    fcnn_philox(key, step, (image << 40) + i / 64 * 16 + i % 16, word);
    return word[i / 16 % 4];
}

void FCNN_NAME(mask)(size_t count, uint64_t key, uint64_t step, uint64_t image, float rate, float kept, float dropped,
                     float *y)
{
    for (size_t i = 0; i < count; i++)
        y[i] = fcnn_unit_float(word_of(key, step, image, i)) >= rate ? kept : dropped;
}

void FCNN_NAME(dropout)(size_t count, const float *x, uint64_t key, uint64_t step, uint64_t image, float rate, float *y)
{
    const float scale = (float)(1.0 / (1.0 - (double)rate));
    for (size_t i = 0; i < count; i++)
        y[i] = fcnn_unit_float(word_of(key, step, image, i)) >= rate ? x[i] * scale : 0.0f;
}

void FCNN_NAME(normals)(size_t count, uint64_t key, uint64_t step, uint64_t image, float mean, float deviation,
                        float *y)
{
    for (size_t i = 0; i < count; i++) {
        const uint32_t word = word_of(key, step, image, i);
        const double z = fcnn_normal_quantile(((word & 0x7fffffffu) + 0.5) * 0x1p-32);
        y[i] = (float)(mean + deviation * (word >> 31 ? -z : z));
    }
}
