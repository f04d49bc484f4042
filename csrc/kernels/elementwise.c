/* elementwise.c - activations, softmax and other loops in which every number goes its own way.
 *
 * Each loop has one body: whole vectors, and the last one shortened by vf_load_some, so that a number's result does
 * not depend on its position.
 */
#include <math.h>

#include "name.h"
#include "vec_math.h"

/* Constants of SELU (Klambauer et al., "Self-normalizing neural networks", 2017) and of GELU's approximation by tanh
 * (Hendrycks and Gimpel, 2016). */
#define SELU_SCALE 1.05070098735548049342f
#define SELU_ALPHA 1.67326324235437728482f
#define GELU_SQRT_8_PI 1.59576912160573071176f /* 2 sqrt(2 / pi) */
#define GELU_CUBIC 0.044715f

static inline vf elu(vf x, float alpha, float scale)
{
    const vf negative = alpha * scale * vf_expm1_nonpositive(vf_min((vf){0}, x));
    return vf_select(vf_greater(x, (vf){0}), x * scale, negative);
}

/* 0.5 x (1 + tanh(u)) = x * sigmoid(2 u), u = sqrt(2 / pi) (x + 0.044715 x^3). */
static inline vf gelu_gate(vf x) { return vf_sigmoid(GELU_SQRT_8_PI * vf_fma(GELU_CUBIC * x * x, x, x)); }

static inline vf relu(const fcnn_activation_spec *spec, vf x)
{
    if (spec->negative_slope == 0.0f && spec->threshold == 0.0f)
        return vf_min(vf_broadcast(spec->max_value), vf_max((vf){0}, x));
    return vf_select(vf_greater(x, vf_broadcast(spec->threshold)), vf_min(vf_broadcast(spec->max_value), x),
                     spec->negative_slope * (x - spec->threshold));
}

static ALWAYS_INLINE vf activate(fcnn_activation function, const fcnn_activation_spec *spec, vf x)
{
    vf density;
    switch (function) {
    case FCNN_RELU:
        return relu(spec, x);
    case FCNN_SIGMOID:
        return vf_sigmoid(x);
    case FCNN_TANH:
        return vf_tanh(x);
    case FCNN_ELU:
        return elu(x, spec->alpha, 1);
    case FCNN_SELU:
        return elu(x, SELU_ALPHA, SELU_SCALE);
    case FCNN_SOFTPLUS:
        return vf_softplus(x);
    case FCNN_SOFTSIGN:
        return x / (1 + vf_abs(x));
    case FCNN_GELU:
        return x * vf_normal(x, &density);
    case FCNN_GELU_TANH:
        return x * gelu_gate(x);
    case FCNN_SILU:
        return x * vf_sigmoid(x);
    case FCNN_EXPONENTIAL:
        return vf_exp(x);
    case FCNN_HARD_SIGMOID:
        return vf_min(vf_broadcast(6), vf_max((vf){0}, x + 3)) / 6;
    case FCNN_LINEAR:
    case FCNN_ACTIVATION_COUNT:
        break;
    }
    return x;
}

/* f'(x), from u = y where fcnn_activation_reads_output, else from u = x. */
static ALWAYS_INLINE vf derivative(fcnn_activation function, const fcnn_activation_spec *spec, vf u)
{
    const vf one = vf_broadcast(1);
    const vm positive = vf_greater(u, (vf){0});
    vf gate, density;
    switch (function) {
    case FCNN_RELU:
        return vf_select(vf_greater(u, vf_broadcast(spec->threshold)),
                         vf_select(vf_greater(vf_broadcast(spec->max_value), u), one, (vf){0}),
                         vf_broadcast(spec->negative_slope));
    case FCNN_SIGMOID:
        return u * (1 - u);
    case FCNN_TANH:
        return 1 - u * u;
    case FCNN_ELU:
        return vf_select(positive, one, u + spec->alpha);
    case FCNN_SELU:
        return vf_select(vf_greater((vf){0}, u), u + SELU_SCALE * SELU_ALPHA, vf_broadcast(SELU_SCALE));
    case FCNN_SOFTPLUS:
        return -vf_expm1_nonpositive(-u);
    case FCNN_SOFTSIGN:
        return (1 - vf_abs(u)) * (1 - vf_abs(u));
    case FCNN_GELU:
        gate = vf_normal(u, &density);
        return vf_fma(u, density, gate);
    case FCNN_GELU_TANH:
        gate = gelu_gate(u);
        return vf_fma(u * gate * (1 - gate), GELU_SQRT_8_PI * vf_fma(3 * GELU_CUBIC * u, u, one), gate);
    case FCNN_SILU:
        gate = vf_sigmoid(u);
        return vf_fma(u * gate, 1 - gate, gate);
    case FCNN_EXPONENTIAL:
        return u;
    case FCNN_HARD_SIGMOID:
        return vf_select(vm_and(positive, vf_greater(one, u)), one / 6, (vf){0});
    case FCNN_LINEAR:
    case FCNN_ACTIVATION_COUNT:
        break;
    }
    return one;
}

static ALWAYS_INLINE void activate_all(fcnn_activation function, const fcnn_activation_spec *spec, size_t count,
                                       const float *x, float *y)
{
    for (size_t i = 0; i < count; i += FCNN_VL)
        vf_store_some(y + i, activate(function, spec, vf_load_some(x + i, count - i)), count - i);
}

static ALWAYS_INLINE void multiply_all(fcnn_activation function, const fcnn_activation_spec *spec, size_t count,
                                       const float *u, const float *dy, float *dx)
{
    for (size_t i = 0; i < count; i += FCNN_VL) {
        const size_t left = count - i;
        vf_store_some(dx + i, vf_load_some(dy + i, left) * derivative(function, spec, vf_load_some(u + i, left)), left);
    }
}

/* ReLU, the commonest function, has loops of its own; the others choose anew for each vector, at little cost. */

void FCNN_NAME(activation_forward)(const fcnn_activation_spec *spec, size_t count, const float *x, float *y)
{
    const fcnn_activation_spec own = *spec; /* which y cannot overlap */
    if (own.function == FCNN_RELU)
        activate_all(FCNN_RELU, &own, count, x, y);
    else
        activate_all(own.function, &own, count, x, y);
}

void FCNN_NAME(activation_backward)(const fcnn_activation_spec *spec, size_t count, const float *x, const float *y,
                                    const float *dy, float *dx)
{
    const float *u = fcnn_activation_reads_output(spec) ? y : x;
    const fcnn_activation_spec own = *spec;
    if (own.function == FCNN_RELU)
        multiply_all(FCNN_RELU, &own, count, u, dy, dx);
    else
        multiply_all(own.function, &own, count, u, dy, dx);
}

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
