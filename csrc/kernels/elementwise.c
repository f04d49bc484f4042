/* elementwise.c - softmax and other loops in which every number goes its own way.
 *
 * Each loop has one body: whole vectors, and the last one shortened by vf_load_some, so that a number's result does
 * not depend on its position.
 */
#include <math.h>

#include "name.h"
#include "vec_math.h"

static float largest(size_t count, const float *x)
{
    vf lanes = vf_broadcast(-INFINITY);
    size_t i = 0;
    for (; i + FCNN_VL <= count; i += FCNN_VL)
        lanes = vf_max(lanes, vf_load(x + i));
    float max = -INFINITY;
    for (size_t lane = 0; lane < FCNN_VL; lane++)
        max = lanes[lane] > max ? lanes[lane] : max;
    for (; i < count; i++)
        max = x[i] > max ? x[i] : max;
    return max;
}

/* Sum of exp(x - max) in order of the columns; the terms go to y where it is not NULL. */
static inline float sum_of_exp(size_t columns, const float *x, float max, float *y)
{
    float sum = 0.0f;
    for (size_t c = 0; c < columns; c += FCNN_VL) {
        const size_t left = columns - c;
        const vf e = vf_exp(vf_load_some(x + c, left) - max);
        if (y)
            vf_store_some(y + c, e, left);
        for (size_t lane = 0; lane < FCNN_VL && lane < left; lane++)
            sum += e[lane];
    }
    return sum;
}

static inline void divide(size_t count, float *y, float by)
{
    for (size_t i = 0; i < count; i += FCNN_VL)
        vf_store_some(y + i, vf_load_some(y + i, count - i) / by, count - i);
}

void FCNN_NAME(softmax)(size_t rows, size_t columns, const float *x, float *y)
{
    for (size_t r = 0; r < rows; r++, x += columns, y += columns)
        divide(columns, y, sum_of_exp(columns, x, largest(columns, x), y));
}

void FCNN_NAME(softmax_backward)(size_t rows, size_t columns, const float *y, const float *dy, float *dx)
{
    for (size_t r = 0; r < rows; r++, y += columns, dy += columns, dx += columns) {
        float dot = 0.0f;
        for (size_t c = 0; c < columns; c += FCNN_VL) {
            const vf product = vf_load_some(y + c, columns - c) * vf_load_some(dy + c, columns - c);
            for (size_t lane = 0; lane < FCNN_VL && lane < columns - c; lane++)
                dot += product[lane];
        }
        for (size_t c = 0; c < columns; c += FCNN_VL) {
            const size_t left = columns - c;
            vf_store_some(dx + c, vf_load_some(y + c, left) * (vf_load_some(dy + c, left) - dot), left);
        }
    }
}

void FCNN_NAME(log_softmax)(size_t rows, size_t columns, const float *x, float *y)
{
    for (size_t r = 0; r < rows; r++, x += columns, y += columns) {
        float max;
        const float log_sum = FCNN_NAME(log_sum_exp)(columns, x, &max, NULL);
        for (size_t c = 0; c < columns; c += FCNN_VL)
            vf_store_some(y + c, vf_load_some(x + c, columns - c) - max - log_sum, columns - c);
    }
}

void FCNN_NAME(log_softmax_backward)(size_t rows, size_t columns, const float *y, const float *dy, float *dx)
{
    for (size_t r = 0; r < rows; r++, y += columns, dy += columns, dx += columns) {
        float sum = 0.0f;
        for (size_t c = 0; c < columns; c++)
            sum += dy[c];
        for (size_t c = 0; c < columns; c += FCNN_VL) {
            const size_t left = columns - c;
            const vf share = vf_exp(vf_load_some(y + c, left)) * sum;
            vf_store_some(dx + c, vf_load_some(dy + c, left) - share, left);
        }
    }
}

float FCNN_NAME(log_sum_exp)(size_t columns, const float *x, float *max, float *y)
{
    *max = largest(columns, x);
    const float sum = sum_of_exp(columns, x, *max, y);
    if (y)
        divide(columns, y, sum);
    return vf_log(vf_broadcast(sum))[0];
}

void FCNN_NAME(logarithm)(size_t count, const float *x, float *y)
{
    for (size_t i = 0; i < count; i += FCNN_VL)
        vf_store_some(y + i, vf_log(vf_load_some(x + i, count - i)), count - i);
}

void FCNN_NAME(scale_offset)(size_t count, const float *x, float scale, float offset, float *y)
{
    for (size_t i = 0; i < count; i += FCNN_VL) {
        const vf scaled = vf_fma(vf_load_some(x + i, count - i), vf_broadcast(scale), vf_broadcast(offset));
        vf_store_some(y + i, scaled, count - i);
    }
}
