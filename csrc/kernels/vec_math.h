/* vec_math.h - exp, log and what is made of them, lane by lane.
 *
 * Argument reduction and a minimax polynomial in fused multiply-adds: within a few units in the last place, and the
 * same bits on every instruction set with FMA, whatever the libm. The polynomials were fitted with weighted least
 * squares (Lawson's iteration) on Chebyshev nodes. Results too small for a normal float are 0, so that flushing
 * denormals changes nothing.
 */
#ifndef FCNN_VEC_MATH_H
#define FCNN_VEC_MATH_H

#include "vec.h"

/* Sum of c[i] x^i, i < n. */
static ALWAYS_INLINE vf vf_polynomial(vf x, const float *c, size_t n)
{
    vf sum = vf_broadcast(c[n - 1]);
#pragma GCC unroll 16
    for (size_t i = n - 1; i-- > 0;)
        sum = vf_fma(sum, x, vf_broadcast(c[i]));
    return sum;
}

#define FCNN_LN2_HIGH 0x1.62e4p-1f /* few bits: a small integer times this is exact */
#define FCNN_LN2_LOW 0x1.7f7d1cp-20f

/* For |x| < 90: returns p where exp(x) = 2^n (1 + p), |p| < 0.42. */
static inline vf vf_exp_reduced(vf x, vi *n)
{
    static const float q[] = {0.5f, 0.16666519f, 0.04166621f, 0.00836892f, 0.00139505f}; /* (exp(r) - 1 - r) / r^2 */
    const vf k = vf_round(x * 0x1.715476p+0f);
    const vf r = vf_fma(k, vf_broadcast(-FCNN_LN2_LOW), vf_fma(k, vf_broadcast(-FCNN_LN2_HIGH), x));
    *n = vf_to_int(k);
    return vf_fma(r * r, vf_polynomial(r, q, sizeof q / sizeof *q), r);
}

/* e^x; 0 below -86.9, infinity above 88.73, NaN for NaN. */
static inline vf vf_exp(vf x)
{
    vi n;
    const vf p = vf_exp_reduced(vf_min(vf_broadcast(89), vf_max(vf_broadcast(-87), x)), &n);
    const vf half = vi_as_float((n + 126) << 23); /* 2^(n - 1), which is finite for n = 128 */
    const vf y = vf_fma(p, half, half);
    return vf_select(vf_greater(vf_broadcast(-86.9f), x), (vf){0}, y + y);
}

/* e^x - 1 for x <= 0, to full relative accuracy near 0. */
static inline vf vf_expm1_nonpositive(vf x)
{
    vi n;
    const vf p = vf_exp_reduced(vf_max(vf_broadcast(-30), x), &n);
    const vf scale = vi_as_float((n + 127) << 23);
    return vf_fma(p, scale, scale - 1);
}

/* Natural logarithm of a positive normal number; NaN for NaN and infinity.
 * With x = 2^k m, m in [sqrt(1/2), sqrt(2)), and s = (m - 1) / (m + 1): log m = 2 atanh s = 2 s + s^3 q(s^2). */
static inline vf vf_log(vf x)
{
    static const float q[] = {0.66666777f, 0.39977495f, 0.29873077f};
    const vi e = (vf_bits(x) - 0x3f3504f3) >> 23;
    const vf m = vi_as_float(vf_bits(x) - (e << 23));
    const vf k = vi_to_float(e);
    const vf s = (m - 1) / (m + 1);
    const vf z = s * s;
    const vf low = vf_fma(s * z, vf_polynomial(z, q, sizeof q / sizeof *q), k * FCNN_LN2_LOW);
    const vf nan_if_not_finite = x - x;
    return vf_fma(k, vf_broadcast(FCNN_LN2_HIGH), s + s + low) + nan_if_not_finite;
}

/* log(1 + u) for u in [0, 1], to full relative accuracy near 0: the rounding of w = 1 + u is made good. */
static inline vf vf_log1p(vf u)
{
    const vf w = 1 + u;
    return vf_log(w) + (u - (w - 1)) / w;
}

static inline vf vf_sigmoid(vf x) { return 1 / (1 + vf_exp(-x)); }

/* tanh |x| = -t / (2 + t), t = exp(-2 |x|) - 1. */
static inline vf vf_tanh(vf x)
{
    const vf t = vf_expm1_nonpositive(-2 * vf_abs(x));
    return vf_copysign(t / (2 + t), x);
}

/* log(1 + e^x). */
static inline vf vf_softplus(vf x) { return vf_max((vf){0}, x) + vf_log1p(vf_exp(-vf_abs(x))); }

/* The normal distribution: returns P(X <= x) and *density = exp(-x^2 / 2) / sqrt(2 pi).
 * With z = |x| / sqrt(2) and t = 1 / (1 + z / 2), erfc(z) exp(z^2) / t is a polynomial in t, and P(X <= -|x|) =
 * erfc(z) / 2. */
static inline vf vf_normal(vf x, vf *density)
{
    static const float q[] = {0.28208642f, 0.28237533f, 0.2431036f,  0.20268755f, -0.02662739f,
                              0.27806979f, -0.4872023f, 0.28457617f, -0.05906922f};
    const vf t = 1 / vf_fma(vf_abs(x), vf_broadcast(0.35355339f), vf_broadcast(1));
    const vf bell = vf_exp(-0.5f * x * x);
    const vf tail = 0.5f * t * vf_polynomial(t, q, sizeof q / sizeof *q) * bell;
    *density = bell * 0.39894228f;
    return vf_select(vf_greater(x, (vf){0}), 1 - tail, tail);
}

#endif
