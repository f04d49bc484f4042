/* vec_functions.h - mathematical functions of any number, lane by lane; vec_math.h has those that layers are made of.
 *
 * NaN stays NaN. Numbers too small for a normal float count as 0, and results too small for one are 0.
 */
#ifndef FCNN_VEC_FUNCTIONS_H
#define FCNN_VEC_FUNCTIONS_H

#include <math.h>

#include "vec_math.h"

#define FCNN_SMALLEST 0x1p-126f

/* pi / 2 in parts of 11, 10, 5 and 24 bits: few enough that a whole number times one of the first three is exact. */
#define HALF_PI_0 0x1.92p+0f
#define HALF_PI_1 0x1.fb4p-12f
#define HALF_PI_2 0x1.444p-24f
#define HALF_PI_3 0x1.68c234p-39f

/* a where it is whole already, as all numbers from 2^23 on are; else without what follows its point. */
static inline vf vf_truncate(vf a)
{
    const vm has_point = vf_greater(vf_broadcast(0x1p23f), vf_abs(a));
    const vi whole = __builtin_convertvector(vf_select(has_point, a, (vf){0}), vi);
    return vf_copysign(vf_select(has_point, vi_to_float(whole), a), a);
}

static inline vf vf_floor(vf a)
{
    const vf whole = vf_truncate(a);
    return vf_select(vf_greater(whole, a), whole - 1, whole);
}

static inline vf vf_ceil(vf a)
{
    const vf whole = vf_truncate(a);
    return vf_select(vf_greater(a, whole), whole + 1, whole);
}

/* To the nearest whole number, of two the even one. */
static inline vf vf_round_half_even(vf a)
{
    const vf half = vf_broadcast(0.5f), whole = vf_truncate(vf_abs(a)), rest = vf_abs(a) - whole;
    const vm is_even = vf_equal(vf_truncate(half * whole), half * whole);
    const vf of_half = vf_select(is_even, whole, whole + 1);
    const vf nearest = vf_select(vf_greater(rest, half), whole + 1, whole);
    return vf_copysign(vf_select(vf_equal(rest, half), of_half, nearest), a);
}

static inline vf vf_sign(vf a)
{
    const vf one = vf_broadcast(1);
    return vf_select(vf_equal(a, (vf){0}), (vf){0}, vf_copysign(one, a) + (a - a));
}

/* Natural logarithm: -infinity for 0, NaN below. */
static inline vf vf_log_any(vf x)
{
    const vf infinity = vf_broadcast(INFINITY), smallest = vf_broadcast(FCNN_SMALLEST);
    const vf above = vf_log(vf_select(vf_greater(smallest, x), smallest, x));
    const vf low = vf_select(vf_greater(vf_abs(x), smallest), vf_broadcast(NAN), -infinity);
    return vf_select(vf_equal(x, infinity), x, vf_select(vf_greater(smallest, x), low, above));
}

/* log(1 + x), to full relative accuracy near 0: the rounding of w = 1 + x is made good. */
static inline vf vf_log1p_any(vf x)
{
    const vf w = 1 + x;
    const vf made_good = vf_log_any(w) + (x - (w - 1)) / w;
    const vm is_limit = vm_or(vf_equal(w, (vf){0}), vf_equal(w, vf_broadcast(INFINITY)));
    return vf_select(vf_equal(w, vf_broadcast(1)), x, vf_select(is_limit, vf_log_any(w), made_good));
}

/* e^x - 1, to full relative accuracy near 0. */
static inline vf vf_expm1(vf x)
{
    const vf below = vf_expm1_nonpositive(vf_min((vf){0}, -vf_abs(x)));
    const vf above = vf_select(vf_greater(vf_broadcast(17), x), -below * vf_exp(x), vf_exp(x));
    return vf_select(vf_greater(x, (vf){0}), above, below + vf_select(vf_equal(x, x), (vf){0}, x));
}

/* From the C library, where vectors cannot. */
static inline void vf_sin_cos_one_by_one(vf x, vf *sine, vf *cosine)
{
    float numbers[FCNN_VL], sines[FCNN_VL], cosines[FCNN_VL];
    vf_store(numbers, x);
    for (size_t lane = 0; lane < FCNN_VL; lane++) {
        sines[lane] = (float)sin((double)numbers[lane]);
        cosines[lane] = (float)cos((double)numbers[lane]);
    }
    *sine = vf_load(sines);
    *cosine = vf_load(cosines);
}

/* Returns sin x; *cosine = cos x.
 * With k = x / (pi / 2), rounded, and r = x - k pi / 2: sin x and cos x are sin r and cos r in an order and with signs
 * that k tells. pi / 2 is subtracted in four parts, of which k times the first three is exact for |x| < 2^13. Beyond
 * that the C library computes both. */
static inline vf vf_sin_cos(vf x, vf *cosine)
{
    static const float p[] = {-0.16666655f, 0.008332173f, -0.00019516656f}; /* (sin r - r) / r^3 */
    static const float q[] = {0.041666646f, -0.0013887362f, 2.443773e-05f}; /* (cos r - 1 + r^2 / 2) / r^4 */
    const vm is_near = vf_greater(vf_broadcast(0x1p13f), vf_abs(x));
    if (vm_bits(is_near) != FCNN_ALL_LANES) {
        vf sine;
        vf_sin_cos_one_by_one(x, &sine, cosine);
        return sine;
    }
    const vf k = vf_round(x * 0x1.45f306p-1f);
    const vf r = x - k * HALF_PI_0 - k * HALF_PI_1 - k * HALF_PI_2 - k * HALF_PI_3, z = r * r;
    const vf sine = vf_fma(r * z, vf_polynomial(z, p, sizeof p / sizeof *p), r);
    const vf bent = vf_fma(vf_broadcast(-0.5f), z, vf_broadcast(1));
    const vf cosine_of_r = vf_fma(z * z, vf_polynomial(z, q, sizeof q / sizeof *q), bent);
    const vi quarter = vf_to_int(k);
    const vm is_odd = vi_equal(quarter & 1, vi_broadcast(1));
    const vf first = vf_select(is_odd, cosine_of_r, sine), second = vf_select(is_odd, sine, cosine_of_r);
    *cosine = vi_as_float(vf_bits(second) ^ (((quarter + 1) & 2) << 30));
    return vi_as_float(vf_bits(first) ^ ((quarter & 2) << 30));
}

/* 2^n, n whole, times a: in two steps, so that both factors are normal. */
static inline vf vf_scaled(vf a, vf n)
{
    const vi whole = vf_to_int(vf_min(vf_broadcast(252), vf_max(vf_broadcast(-252), n))), half = whole >> 1;
    return a * vi_as_float((half + 127) << 23) * vi_as_float((whole - half + 127) << 23);
}

/* x^p for x normal and positive. With log x = k log 2 + h + l, h the most of it, and p k = n + f, n whole:
 * 2^n e^(f log 2 + p h) (1 + p l + what p h lost by rounding). */
static inline vf vf_power_of_positive(vf x, vf p)
{
    static const float q[] = {0.66666777f, 0.39977495f, 0.29873077f}; /* as in vf_log */
    const vi e = (vf_bits(x) - 0x3f3504f3) >> 23;
    const vf m = vi_as_float(vf_bits(x) - (e << 23)), limit = vf_broadcast(0x1p20f), reach = vf_broadcast(89);
    const vf s = (m - 1) / (m + 1), z = s * s;
    const vf missing = vf_fma(-s, m + 1, m - 1) / (m + 1);
    const vf cubic = s * z * vf_polynomial(z, q, sizeof q / sizeof *q), h = s + s + cubic;
    const vf l = s + s - h + cubic + (missing + missing);
    const vf k = vi_to_float(e), pk = vf_min(limit, vf_max(-limit, p * k)), n = vf_round(pk);
    const vf most = vi_as_float(vf_bits(p) & ~0xfff); /* of p: times k it is exact */
    const vf f = vf_select(vf_greater(limit, vf_abs(pk)), most * k - n + (p - most) * k, (vf){0});
    const vf ph = p * h, lost = vf_fma(p, h, -ph) + p * l;
    const vf exponent = vf_min(reach, vf_max(-reach, vf_fma(f, vf_broadcast(0x1.62e43p-1f), ph)));
    vi more;
    const vf part = vf_exp_reduced(exponent, &more);
    const vf small = vf_min(vf_broadcast(0.5f), vf_max(vf_broadcast(-0.5f), lost));
    return vf_scaled(vf_fma(part, small, part) + small + 1, n + vi_to_float(more));
}

/* x^p as C's pow has it: of a negative x only with a whole p; x^0 and 1^p are 1. */
static inline vf vf_power(vf x, vf p)
{
    const vf zero = {0}, one = vf_broadcast(1), infinity = vf_broadcast(INFINITY), size = vf_abs(x);
    const vm is_whole = vf_equal(vf_truncate(p), p), is_even = vf_equal(vf_truncate(0.5f * p), 0.5f * p);
    const vf smallest = vf_broadcast(FCNN_SMALLEST), largest = vf_broadcast(0x1.fffffep+127f);
    const vf normal = vf_power_of_positive(vf_min(largest, vf_max(smallest, size)), p);
    const vf of_size = vf_select(vf_greater(smallest, normal), zero, normal);
    const vm is_falling = vf_greater(zero, p);
    const vf of_zero = vf_select(is_falling, infinity, zero), of_infinity = vf_select(is_falling, zero, infinity);
    const vf of_limits =
        vf_select(vf_greater(smallest, size), of_zero, vf_select(vf_equal(size, infinity), of_infinity, of_size));
    const vf of_fraction = vf_select(vf_equal(size, infinity), of_limits, vf_broadcast(NAN));
    const vf of_negative = vf_select(is_even, of_limits, vf_select(is_whole, -of_limits, of_fraction));
    const vf found = vf_select(vf_greater(zero, x), of_negative, of_limits);
    const vf passed = vf_select(vm_and(vf_equal(x, x), vf_equal(p, p)), found, x + p);
    return vf_select(vm_or(vf_equal(p, zero), vf_equal(x, one)), one, passed);
}

#endif
