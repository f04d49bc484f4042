/* optimizer_update.h - the loop that every optimizer's formula runs in.
 *
 * Every number of a parameter has its own slots, so lanes are independent and ranges may be cut anywhere.
 *
 * What an update makes must be finite (see fcnn_update.keeps_finite), and nearly always is. So two vectors of elements
 * are updated in haste, which stores nothing unless a single test finds all of them finite; else, and at the end of a
 * range, a vector is updated with care, which decides for each element.
 */
#ifndef FCNN_OPTIMIZER_UPDATE_H
#define FCNN_OPTIMIZER_UPDATE_H

#include "name.h"
#include "vec.h"

typedef enum manner { IN_HASTE, WITH_CARE } manner;

enum { NUMBERS = 4 }; /* that belong to an element, at most: its weight and its slots */

/* Where they are. */
typedef struct places {
    float *number[NUMBERS];
} places;

/* The constants of all formulas; each uses some, under the names that its contract in kernels.h gives them. */
typedef struct constants {
    float gain_m, gain_v, gain, beta_1, beta_2, rho, momentum, epsilon, power, l1, l2, shrinkage;
    int options;
} constants;

/* What a formula makes of an element's numbers. `shown` is finite where all new ones are. */
typedef struct made_numbers {
    vf number[NUMBERS];
    vf shown;
} made_numbers;

typedef made_numbers formula(fcnn_update update, constants c, vf gradient, const vf old[NUMBERS], manner how);

/* ---- what formulas are made of ---- */

/* The gradient after clipping, and the weight after decay. NaN passes through, so that it is noticed. */
static ALWAYS_INLINE vf clipped(fcnn_update update, vf g)
{
    const float limit = update.clip_value;
    return vf_min(vf_broadcast(limit), vf_max(vf_broadcast(-limit), g * update.clip_scale));
}
static ALWAYS_INLINE vf decayed(fcnn_update update, vf w) { return vf_fma(w, vf_broadcast(-update.decay), w); }

/* Finite where both are: without an overflow of its own. */
static inline vf both(vf a, vf b) { return vf_fma(a, (vf){0}, b * 0.0f); }

/* 1 / (sqrt(a) + epsilon) for a >= 0, to about 2e-7. Where a is infinite: with care 0, in haste infinity or NaN.
 * Processors take roots beside other work, but a division after the root would wait for the same unit: the inverse
 * begins with a guess from the exponent bits, wrong by 13 % at most, which Newton's method squares away three times. */
static ALWAYS_INLINE vf inverse_size(vf a, float epsilon, manner how)
{
    const vf largest = vf_broadcast(0x1.fffffep127f);
    const vf size = vf_sqrt(how == WITH_CARE ? vf_min(a, largest) : a) + epsilon;
    vf inverse = vi_as_float(0x7ef311c7 - vf_bits(size));
    for (int i = 0; i < 3; i++)
        inverse = vf_fma(inverse, vf_fma(-size, inverse, vf_broadcast(1.0f)), inverse);
    return how == WITH_CARE ? vf_select(vf_greater(a, largest), (vf){0}, inverse) : inverse;
}

/* ---- the loop ---- */

/* Lanes that are finite: for an infinity or a NaN times 0 is NaN. */
static inline vm is_finite(vf a) { return vf_equal(a * 0.0f, (vf){0}); }

static inline int all_finite(vf a, vf b) { return vm_bits(is_finite(both(a, b))) == FCNN_ALL_LANES; }

/* Whether the first `left` lanes, or all where there are fewer, are true. */
static inline int are_true(vm mask, size_t left)
{
    return vm_bits(left < FCNN_VL ? vm_or(mask, vm_from(left)) : mask) == FCNN_ALL_LANES;
}

static ALWAYS_INLINE made_numbers make(formula *of, size_t numbers, fcnn_update update, constants c, places p,
                                       const float *g, size_t i)
{
    vf old[NUMBERS] = {0};
#pragma GCC unroll 4
    for (size_t n = 0; n < numbers; n++)
        old[n] = vf_load(p.number[n] + i);
    return of(update, c, vf_load(g + i), old, IN_HASTE);
}

static ALWAYS_INLINE void store_numbers(size_t numbers, places p, made_numbers new_ones, size_t i)
{
#pragma GCC unroll 4
    for (size_t n = 0; n < numbers; n++)
        vf_store(p.number[n] + i, new_ones.number[n]);
}

/* Stores the new numbers where all of an element's are finite, or everywhere if the update does not care. */
static __attribute__((noinline)) int update_with_care(formula *of, size_t numbers, fcnn_update update, constants c,
                                                      places p, const float *g, size_t i, size_t left)
{
    vf old[NUMBERS] = {0};
    for (size_t n = 0; n < numbers; n++)
        old[n] = vf_load_some(p.number[n] + i, left);
    const made_numbers new_ones = of(update, c, vf_load_some(g + i, left), old, WITH_CARE);
    const vm finite = is_finite(new_ones.shown);
    for (size_t n = 0; n < numbers; n++)
        vf_store_some(p.number[n] + i,
                      update.keeps_finite ? vf_select(finite, new_ones.number[n], old[n]) : new_ones.number[n], left);
    return are_true(finite, left);
}

/* Runs a formula over `count` elements of so many `numbers`; returns whether all that it made is finite. */
static ALWAYS_INLINE int update_all(formula *of, size_t numbers, const fcnn_update *update, constants c, size_t count,
                                    const float *g, places p)
{
    const fcnn_update own = *update;
    int finite = 1;
    size_t i = 0;
    for (; i + 2 * FCNN_VL <= count; i += 2 * FCNN_VL) {
        const made_numbers first = make(of, numbers, own, c, p, g, i),
                           second = make(of, numbers, own, c, p, g, i + FCNN_VL);
        if (all_finite(first.shown, second.shown)) {
            store_numbers(numbers, p, first, i);
            store_numbers(numbers, p, second, i + FCNN_VL);
        } else {
            finite &= update_with_care(of, numbers, own, c, p, g, i, FCNN_VL);
            finite &= update_with_care(of, numbers, own, c, p, g, i + FCNN_VL, FCNN_VL);
        }
    }
    for (; i < count; i += FCNN_VL)
        finite &= update_with_care(of, numbers, own, c, p, g, i, count - i);
    return finite;
}

#endif
