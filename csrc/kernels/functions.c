/* functions.c - mathematical functions of single numbers and of pairs, and their derivatives. */
#include "name.h"
#include "vec_functions.h"

#define TWO_BY_SQRT_PI 1.12837916709551257390f
#define SQRT_2 1.41421356237309504880f

/* x^n, n >= 0 whole: by squaring, as exact as products are. */
static ALWAYS_INLINE vf whole_power(vf x, int n)
{
    vf power = vf_broadcast(1);
    for (; n > 0; n /= 2, x *= x)
        power = n % 2 ? power * x : power;
    return power;
}

/* x^p for the same p everywhere. */
static ALWAYS_INLINE vf fixed_power(vf x, float p)
{
    enum { MOST = 16 };
    const int n = p > -MOST && p < MOST ? (int)p : 0;
    if ((float)n != p || (n == 0 && p != 0.0f))
        return vf_power(x, vf_broadcast(p));
    return n < 0 ? 1 / whole_power(x, -n) : whole_power(x, n);
}

static ALWAYS_INLINE vf evaluate(const fcnn_function_spec *spec, vf x)
{
    vf other;
    switch (spec->function) {
    case FCNN_ABSOLUTE:
        return vf_abs(x);
    case FCNN_CEIL:
        return vf_ceil(x);
    case FCNN_CLIP:
        return vf_min(vf_broadcast(spec->high), vf_max(vf_broadcast(spec->low), x));
    case FCNN_COS:
        vf_sin_cos(x, &other);
        return other;
    case FCNN_ERF:
        return 2 * vf_normal(SQRT_2 * x, &other) - 1;
    case FCNN_EXPM1:
        return vf_expm1(x);
    case FCNN_FLOOR:
        return vf_floor(x);
    case FCNN_LOG:
        return vf_log_any(x);
    case FCNN_LOG1P:
        return vf_log1p_any(x);
    case FCNN_FIXED_POWER:
        return fixed_power(x, spec->exponent);
    case FCNN_RECIPROCAL:
        return 1 / x;
    case FCNN_ROUND:
        return vf_round_half_even(x);
    case FCNN_RSQRT:
        return 1 / vf_sqrt(x);
    case FCNN_SIGN:
        return vf_sign(x);
    case FCNN_SIN:
        return vf_sin_cos(x, &other);
    case FCNN_SQRT:
        return vf_sqrt(x);
    case FCNN_SQUARE:
        return x * x;
    case FCNN_TRUNCATE:
        return vf_truncate(x);
    case FCNN_STOP_GRADIENT:
    case FCNN_FUNCTION_COUNT:
        break;
    }
    return x;
}

static ALWAYS_INLINE vf derivative(const fcnn_function_spec *spec, vf x, vf y)
{
    vf other;
    switch (spec->function) {
    case FCNN_ABSOLUTE:
        return vf_sign(x);
    case FCNN_CLIP: /* 1 at its limits, too */
        return vf_select(vf_equal(x, y), vf_broadcast(1), (vf){0});
    case FCNN_COS:
        return -vf_sin_cos(x, &other);
    case FCNN_ERF:
        return TWO_BY_SQRT_PI * vf_exp(-x * x);
    case FCNN_EXPM1:
        return y + 1;
    case FCNN_LOG:
        return 1 / x;
    case FCNN_LOG1P:
        return 1 / (1 + x);
    case FCNN_FIXED_POWER:
        return spec->exponent * fixed_power(x, spec->exponent - 1);
    case FCNN_RECIPROCAL:
        return -y * y;
    case FCNN_RSQRT:
        return -0.5f * y * y * y;
    case FCNN_SIN:
        vf_sin_cos(x, &other);
        return other;
    case FCNN_SQRT:
        return 0.5f / y;
    case FCNN_SQUARE:
        return 2 * x;
    case FCNN_CEIL:
    case FCNN_FLOOR:
    case FCNN_ROUND:
    case FCNN_SIGN:
    case FCNN_TRUNCATE:
    case FCNN_STOP_GRADIENT:
    case FCNN_FUNCTION_COUNT:
        break;
    }
    return (vf){0};
}

void FCNN_NAME(function_forward)(const fcnn_function_spec *spec, size_t count, const float *x, float *y)
{
    const fcnn_function_spec own = *spec; /* which y cannot overlap */
    for (size_t i = 0; i < count; i += FCNN_VL)
        vf_store_some(y + i, evaluate(&own, vf_load_some(x + i, count - i)), count - i);
}

void FCNN_NAME(function_backward)(const fcnn_function_spec *spec, size_t count, const float *x, const float *y,
                                  const float *dy, float *dx)
{
    const fcnn_function_spec own = *spec;
    for (size_t i = 0; i < count; i += FCNN_VL) {
        const size_t left = count - i;
        const vf slope = derivative(&own, vf_load_some(x + i, left), vf_load_some(y + i, left));
        vf_store_some(dx + i, vf_load_some(dy + i, left) * slope, left);
    }
}

void FCNN_NAME(power_backward)(size_t count, const float *x, size_t x_step, const float *p, size_t p_step,
                               const float *y, const float *dy, float *dx, float *dp)
{
    for (size_t i = 0; i < count; i += FCNN_VL) {
        const size_t left = count - i;
        const vf base = vf_load_step(x + i * x_step, x_step, left), power = vf_load_step(p + i * p_step, p_step, left);
        const vf given = vf_load_some(dy + i, left);
        if (dx)
            vf_store_some(dx + i, given * power * vf_power(base, power - 1), left);
        if (dp) {
            const vm is_positive = vf_greater(base, (vf){0});
            const vf slope = vf_load_some(y + i, left) * vf_log_any(vf_select(is_positive, base, vf_broadcast(1)));
            vf_store_some(dp + i, given * slope, left);
        }
    }
}
