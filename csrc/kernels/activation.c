/* activation.c - activation functions and their derivatives.
 *
 * Each loop has one body: whole vectors, and the last one shortened by vf_load_some, so that a number's result does
 * not depend on its position. NaN stays NaN: where a function has steps, it is compared so that NaN passes.
 */
#include <float.h>

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

/* alpha (exp(x / alpha) - 1) below 0. */
static inline vf celu(vf x, float alpha)
{
    return vf_select(vf_greater(x, (vf){0}), x, alpha * vf_expm1_nonpositive(vf_min((vf){0}, x) / alpha));
}

/* x + 3, from 0 to 6, as a part of 6. */
static inline vf hard_gate(vf x) { return vf_min(vf_broadcast(6), vf_max((vf){0}, x + 3)) * (1.0f / 6.0f); }

/* With e = exp(x) and n = e (e + 2): tanh(log(1 + e)) = n / (n + 2). Beyond 20 it is 1. */
static inline vf mish_ratio(vf x, vf *e)
{
    *e = vf_exp(vf_min(vf_broadcast(20), x));
    return *e * (*e + 2);
}

/* (x + sqrt(x^2 + b)) / 2, below 0 without its cancellation: (b / 2) / (sqrt(x^2 + b) - x). */
static inline vf squareplus(vf x, float b)
{
    const vf sum = vf_sqrt(vf_fma(x, x, vf_broadcast(b))) + vf_abs(x);
    return vf_select(vf_greater((vf){0}, x), 0.5f * b / sum, 0.5f * sum);
}

/* (x + 1) / 2, at least 0. */
static inline vf half_above(vf x) { return 0.5f * vf_max((vf){0}, x + 1); }

static inline vm is_at_most(vf x, float threshold)
{
    return vm_or(vf_greater(vf_broadcast(threshold), x), vf_equal(vf_broadcast(threshold), x));
}

/* Where the threshold is 0, and so is the slope, or the slope is not above 1. */
static inline vf plain_relu(const fcnn_activation_spec *spec, vf x)
{
    return vf_min(vf_broadcast(spec->max_value), vf_max((vf){0}, x));
}
static inline vf leaky_relu(const fcnn_activation_spec *spec, vf x)
{
    return vf_min(vf_broadcast(spec->max_value), vf_max(spec->negative_slope * x, x));
}

static inline vf relu(const fcnn_activation_spec *spec, vf x)
{
    return vf_select(vf_greater(x, vf_broadcast(spec->threshold)), vf_min(vf_broadcast(spec->max_value), x),
                     spec->negative_slope * (x - spec->threshold));
}

static inline vf silu(const fcnn_activation_spec *spec, vf x)
{
    (void)spec;
    return x * vf_sigmoid(x);
}

static inline vf hard_silu(const fcnn_activation_spec *spec, vf x)
{
    (void)spec;
    return x * hard_gate(x);
}

static ALWAYS_INLINE vf activate(const fcnn_activation_spec *spec, vf x)
{
    vf density, ratio, e;
    switch (spec->function) {
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
        return silu(spec, x);
    case FCNN_EXPONENTIAL:
        return vf_exp(x);
    case FCNN_HARD_SIGMOID:
        return vf_min(vf_broadcast(6), vf_max((vf){0}, x + 3)) / 6;
    case FCNN_CELU:
        return celu(x, spec->alpha);
    case FCNN_HARD_SHRINK:
        return vf_select(is_at_most(vf_abs(x), spec->threshold), (vf){0}, x);
    case FCNN_HARD_SILU:
        return hard_silu(spec, x);
    case FCNN_HARD_TANH:
        return vf_min(vf_broadcast(1), vf_max(vf_broadcast(-1), x));
    case FCNN_LOG_SIGMOID:
        return -vf_softplus(-x);
    case FCNN_MISH:
        ratio = mish_ratio(x, &e);
        return x * (ratio / (ratio + 2));
    case FCNN_SOFT_SHRINK: /* x - x: 0, or NaN */
        return vf_select(vf_greater(x, vf_broadcast(spec->threshold)), x - spec->threshold,
                         vf_select(vf_greater(vf_broadcast(-spec->threshold), x), x + spec->threshold, x - x));
    case FCNN_SPARSE_PLUS:
        return vf_select(vf_greater(vf_broadcast(1), x), half_above(x) * half_above(x), x);
    case FCNN_SPARSE_SIGMOID:
        return vf_min(vf_broadcast(1), half_above(x));
    case FCNN_SQUAREPLUS:
        return squareplus(x, spec->b);
    case FCNN_TANH_SHRINK:
        return x - vf_tanh(x);
    case FCNN_THRESHOLD:
        return vf_select(is_at_most(x, spec->threshold), vf_broadcast(spec->default_value), x);
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
    vf gate, density, ratio, e;
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
    case FCNN_CELU:
        return vf_select(positive, one, u / spec->alpha + 1);
    case FCNN_HARD_SHRINK:
        return vf_select(is_at_most(vf_abs(u), spec->threshold), (vf){0}, one);
    case FCNN_HARD_SILU:
        return hard_gate(u) + vf_select(vf_greater(vf_broadcast(3), vf_abs(u)), u * (1.0f / 6.0f), (vf){0});
    case FCNN_HARD_TANH:
        return vf_select(is_at_most(vf_abs(u), 1), one, (vf){0});
    case FCNN_LOG_SIGMOID:
        return -vf_expm1_nonpositive(u);
    case FCNN_MISH:
        ratio = mish_ratio(u, &e);
        return vf_fma(u, 4 * e * (1 + e) / ((ratio + 2) * (ratio + 2)), ratio / (ratio + 2));
    case FCNN_SOFT_SHRINK:
        return vf_select(vf_equal(u, (vf){0}), (vf){0}, one);
    case FCNN_SPARSE_PLUS:
        return vf_min(one, half_above(u));
    case FCNN_SPARSE_SIGMOID:
        return vf_select(vm_and(positive, vf_greater(one, u)), one / 2, (vf){0});
    case FCNN_SQUAREPLUS: /* sqrt(x^2 + b) = y + b / 4 y */
        return u / vf_max(vf_broadcast(FLT_MIN), u + 0.25f * spec->b / vf_max(vf_broadcast(FLT_MIN), u));
    case FCNN_TANH_SHRINK:
        gate = vf_tanh(u);
        return gate * gate;
    case FCNN_THRESHOLD:
        return vf_select(is_at_most(u, spec->threshold), (vf){0}, one);
    case FCNN_LINEAR:
    case FCNN_ACTIVATION_COUNT:
        break;
    }
    return one;
}

static ALWAYS_INLINE void activate_all(vf function(const fcnn_activation_spec *spec, vf x),
                                       const fcnn_activation_spec *spec, size_t count, const float *x, float *y)
{
    for (size_t i = 0; i < count; i += FCNN_VL)
        vf_store_some(y + i, function(spec, vf_load_some(x + i, count - i)), count - i);
}

static void relu_all(const fcnn_activation_spec *spec, size_t count, const float *x, float *y)
{
    if (spec->threshold == 0.0f && spec->negative_slope == 0.0f)
        activate_all(plain_relu, spec, count, x, y);
    else if (spec->threshold == 0.0f && spec->negative_slope <= 1.0f)
        activate_all(leaky_relu, spec, count, x, y);
    else
        activate_all(relu, spec, count, x, y);
}

static ALWAYS_INLINE void multiply_all(fcnn_activation function, const fcnn_activation_spec *spec, size_t count,
                                       const float *u, const float *dy, float *dx)
{
    for (size_t i = 0; i < count; i += FCNN_VL) {
        const size_t left = count - i;
        vf_store_some(dx + i, vf_load_some(dy + i, left) * derivative(function, spec, vf_load_some(u + i, left)), left);
    }
}

/* The commonest functions have loops of their own; the others choose anew for each vector, at little cost. */

void FCNN_NAME(activation_forward)(const fcnn_activation_spec *spec, size_t count, const float *x, float *y)
{
    const fcnn_activation_spec own = *spec; /* which y cannot overlap */
    switch (own.function) {
    case FCNN_RELU:
        relu_all(&own, count, x, y);
        return;
    case FCNN_HARD_SILU:
        activate_all(hard_silu, &own, count, x, y);
        return;
    case FCNN_SILU:
        activate_all(silu, &own, count, x, y);
        return;
    default:
        activate_all(activate, &own, count, x, y);
    }
}

void FCNN_NAME(activation_backward)(const fcnn_activation_spec *spec, size_t count, const float *x, const float *y,
                                    const float *dy, float *dx)
{
    const float *u = fcnn_activation_reads_output(spec) ? y : x;
    const fcnn_activation_spec own = *spec;
    switch (own.function) {
    case FCNN_RELU:
        multiply_all(FCNN_RELU, &own, count, u, dy, dx);
        return;
    case FCNN_HARD_SILU:
        multiply_all(FCNN_HARD_SILU, &own, count, u, dy, dx);
        return;
    case FCNN_SILU:
        multiply_all(FCNN_SILU, &own, count, u, dy, dx);
        return;
    default:
        multiply_all(own.function, &own, count, u, dy, dx);
    }
}

void FCNN_NAME(glu)(size_t count, const float *a, const float *b, float *y)
{
    for (size_t i = 0; i < count; i += FCNN_VL) {
        const size_t left = count - i;
        vf_store_some(y + i, vf_load_some(a + i, left) * vf_sigmoid(vf_load_some(b + i, left)), left);
    }
}

void FCNN_NAME(glu_backward)(size_t count, const float *a, const float *b, const float *dy, float *da, float *db)
{
    for (size_t i = 0; i < count; i += FCNN_VL) {
        const size_t left = count - i;
        const vf gate = vf_sigmoid(vf_load_some(b + i, left)), passed = vf_load_some(dy + i, left) * gate;
        vf_store_some(da + i, passed, left);
        vf_store_some(db + i, passed * vf_load_some(a + i, left) * (1 - gate), left);
    }
}

void FCNN_NAME(prelu)(size_t rows, size_t columns, const float *x, const float *alpha, size_t step, float *y)
{
    for (size_t r = 0; r < rows; r++, x += columns, y += columns)
        for (size_t c = 0; c < columns; c += FCNN_VL) {
            const size_t left = columns - c;
            const vf u = vf_load_some(x + c, left), slope = vf_load_step(alpha + c * step, step, left);
            vf_store_some(y + c, vf_select(vf_greater(u, (vf){0}), u, slope * u), left);
        }
}

void FCNN_NAME(prelu_backward)(size_t rows, size_t columns, const float *x, const float *alpha, size_t step,
                               const float *dy, float *dx)
{
    for (size_t r = 0; r < rows; r++, x += columns, dy += columns, dx += columns)
        for (size_t c = 0; c < columns; c += FCNN_VL) {
            const size_t left = columns - c;
            const vf u = vf_load_some(x + c, left), given = vf_load_some(dy + c, left);
            const vf reduced = vf_load_step(alpha + c * step, step, left) * given;
            const vf below = vf_select(vf_equal(u, (vf){0}), (vf){0}, reduced);
            vf_store_some(dx + c, vf_select(vf_greater(u, (vf){0}), given, below), left);
        }
}
