/* optimizer_update.c - the optimizers' elementwise updates. Formulas: Keras 3.
 *
 * Every number of a parameter has its own slots, so lanes are independent and ranges may be cut anywhere.
 *
 * What an update makes must be finite (see fcnn_update.keeps_finite), and nearly always is. So two vectors of elements
 * are updated in haste, which stores nothing unless a single test finds all of them finite; else, and at the end of a
 * range, a vector is updated with care, which decides for each element.
 */
#include <math.h>

#include "name.h"
#include "vec.h"

typedef enum manner { IN_HASTE, WITH_CARE } manner;

/* The gradient after clipping, and the weight after decay. NaN passes through, so that it is noticed. */
static ALWAYS_INLINE vf clipped(fcnn_update update, vf g)
{
    const float limit = update.clip_value;
    return vf_min(vf_broadcast(limit), vf_max(vf_broadcast(-limit), g * update.clip_scale));
}
static ALWAYS_INLINE vf decayed(fcnn_update update, vf w) { return vf_fma(w, vf_broadcast(-update.decay), w); }

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

/* Finite where both are: without an overflow of its own. */
static inline vf both(vf a, vf b) { return vf_fma(a, (vf){0}, b * 0.0f); }

/* Lanes that are finite: for an infinity or a NaN times 0 is NaN. */
static inline vm is_finite(vf a) { return vf_equal(a * 0.0f, (vf){0}); }

static inline int all_finite(vf a, vf b) { return vm_bits(is_finite(both(a, b))) == FCNN_ALL_LANES; }

/* A store with care: the new numbers where `finite`, or everywhere if the update does not care, else the old ones. */
static inline void store_guarded(fcnn_update update, vm finite, vf new_ones, vf old_ones, float *to, size_t left)
{
    vf_store_some(to, update.keeps_finite ? vf_select(finite, new_ones, old_ones) : new_ones, left);
}

/* Whether the first `left` lanes, or all where there are fewer, are true. */
static inline int are_true(vm mask, size_t left)
{
    return vm_bits(left < FCNN_VL ? vm_or(mask, vm_from(left)) : mask) == FCNN_ALL_LANES;
}

/* ---- Adam ---- */

typedef struct adam {
    float *w;
    const float *g;
    float *m, *v, *v_max;
    float gain_m, gain_v, epsilon;
} adam;

/* New numbers, and the old ones that they take the place of. `shown` is finite where all of them are: an m that is not
 * shows in w, and in haste so does a v. */
typedef struct adam_made {
    vf w_old, w, m_old, m, v_old, v, v_max_old, v_max, shown;
} adam_made;

static ALWAYS_INLINE adam_made adam_of(fcnn_update update, adam a, size_t i, size_t left, manner how)
{
    const vf gradient = clipped(update, vf_load_some(a.g + i, left));
    adam_made made = {.w_old = vf_load_some(a.w + i, left),
                      .m_old = vf_load_some(a.m + i, left),
                      .v_old = vf_load_some(a.v + i, left)};
    made.m = vf_fma(gradient - made.m_old, vf_broadcast(a.gain_m), made.m_old);
    made.v = vf_fma(gradient * gradient - made.v_old, vf_broadcast(a.gain_v), made.v_old);
    made.v_max_old = a.v_max ? vf_load_some(a.v_max + i, left) : made.v;
    made.v_max = a.v_max ? vf_max(made.v_max_old, made.v) : made.v;
    const vf inverse = inverse_size(made.v_max, a.epsilon, how);
    made.w = vf_fma(made.m * -update.rate, inverse, decayed(update, made.w_old));
    made.shown = how == WITH_CARE ? both(made.w, made.v) : made.w;
    return made;
}

static ALWAYS_INLINE void adam_store(adam a, adam_made made, size_t i)
{
    vf_store(a.m + i, made.m);
    vf_store(a.v + i, made.v);
    vf_store(a.w + i, made.w);
    if (a.v_max)
        vf_store(a.v_max + i, made.v_max);
}

static __attribute__((noinline)) int adam_with_care(fcnn_update update, adam a, size_t i, size_t left)
{
    const adam_made made = adam_of(update, a, i, left, WITH_CARE);
    const vm finite = is_finite(made.shown);
    store_guarded(update, finite, made.m, made.m_old, a.m + i, left);
    store_guarded(update, finite, made.v, made.v_old, a.v + i, left);
    store_guarded(update, finite, made.w, made.w_old, a.w + i, left);
    if (a.v_max)
        store_guarded(update, finite, made.v_max, made.v_max_old, a.v_max + i, left);
    return are_true(finite, left);
}

int FCNN_NAME(adam)(const fcnn_update *update, size_t count, float *w, const float *g, float *m, float *v, float *v_max,
                    float gain_m, float gain_v, float epsilon)
{
    const fcnn_update numbers = *update;
    const adam own = {w, g, m, v, v_max, gain_m, gain_v, epsilon};
    int finite = 1;
    size_t i = 0;
    for (; i + 2 * FCNN_VL <= count; i += 2 * FCNN_VL) {
        const adam_made first = adam_of(numbers, own, i, FCNN_VL, IN_HASTE);
        const adam_made second = adam_of(numbers, own, i + FCNN_VL, FCNN_VL, IN_HASTE);
        if (all_finite(first.shown, second.shown)) {
            adam_store(own, first, i);
            adam_store(own, second, i + FCNN_VL);
        } else {
            finite &= adam_with_care(numbers, own, i, FCNN_VL);
            finite &= adam_with_care(numbers, own, i + FCNN_VL, FCNN_VL);
        }
    }
    for (; i < count; i += FCNN_VL)
        finite &= adam_with_care(numbers, own, i, count - i);
    return finite;
}

/* ---- SGD ---- */

typedef struct sgd {
    float *w;
    const float *g;
    float *momentum_slot;
    float momentum;
    int nesterov;
} sgd;

/* New numbers, and the old ones that they take the place of. An m that is not finite shows in w. */
typedef struct sgd_made {
    vf w_old, w, m_old, m;
} sgd_made;

static ALWAYS_INLINE sgd_made sgd_of(fcnn_update update, sgd s, size_t i, size_t left)
{
    const vf step = clipped(update, vf_load_some(s.g + i, left)) * -update.rate;
    sgd_made made = {.w_old = vf_load_some(s.w + i, left)};
    made.m_old = s.momentum_slot ? vf_load_some(s.momentum_slot + i, left) : (vf){0};
    made.m = s.momentum_slot ? vf_fma(made.m_old, vf_broadcast(s.momentum), step) : step;
    const vf change = s.momentum_slot && s.nesterov ? vf_fma(made.m, vf_broadcast(s.momentum), step) : made.m;
    made.w = decayed(update, made.w_old) + change;
    return made;
}

static ALWAYS_INLINE void sgd_store(sgd s, sgd_made made, size_t i)
{
    vf_store(s.w + i, made.w);
    if (s.momentum_slot)
        vf_store(s.momentum_slot + i, made.m);
}

static __attribute__((noinline)) int sgd_with_care(fcnn_update update, sgd s, size_t i, size_t left)
{
    const sgd_made made = sgd_of(update, s, i, left);
    const vm finite = is_finite(made.w);
    store_guarded(update, finite, made.w, made.w_old, s.w + i, left);
    if (s.momentum_slot)
        store_guarded(update, finite, made.m, made.m_old, s.momentum_slot + i, left);
    return are_true(finite, left);
}

int FCNN_NAME(sgd)(const fcnn_update *update, size_t count, float *w, const float *g, float *momentum_slot,
                   float momentum, int nesterov)
{
    const fcnn_update numbers = *update;
    const sgd own = {w, g, momentum_slot, momentum, nesterov};
    int finite = 1;
    size_t i = 0;
    for (; i + 2 * FCNN_VL <= count; i += 2 * FCNN_VL) {
        const sgd_made first = sgd_of(numbers, own, i, FCNN_VL);
        const sgd_made second = sgd_of(numbers, own, i + FCNN_VL, FCNN_VL);
        if (all_finite(first.w, second.w)) {
            sgd_store(own, first, i);
            sgd_store(own, second, i + FCNN_VL);
        } else {
            finite &= sgd_with_care(numbers, own, i, FCNN_VL);
            finite &= sgd_with_care(numbers, own, i + FCNN_VL, FCNN_VL);
        }
    }
    for (; i < count; i += FCNN_VL)
        finite &= sgd_with_care(numbers, own, i, count - i);
    return finite;
}

/* ---- RMSprop ---- */

typedef struct rmsprop {
    float *w;
    const float *g;
    float *velocity, *momentum_slot, *average;
    float rho, gain, momentum, epsilon;
} rmsprop;

/* New numbers, and the old ones that they take the place of. `shown` is finite where all of them are: what is not shows
 * in w, but for v, where an infinite one makes the step 0. */
typedef struct rmsprop_made {
    vf w_old, w, v_old, v, a_old, a, m_old, m, shown;
} rmsprop_made;

static ALWAYS_INLINE rmsprop_made rmsprop_of(fcnn_update update, rmsprop r, size_t i, size_t left)
{
    const vf gradient = clipped(update, vf_load_some(r.g + i, left));
    rmsprop_made made = {.w_old = vf_load_some(r.w + i, left), .v_old = vf_load_some(r.velocity + i, left)};
    made.a_old = r.average ? vf_load_some(r.average + i, left) : (vf){0};
    made.m_old = r.momentum_slot ? vf_load_some(r.momentum_slot + i, left) : (vf){0};
    made.v = vf_fma(made.v_old, vf_broadcast(r.rho), r.gain * (gradient * gradient));
    made.a = r.average ? vf_fma(made.a_old, vf_broadcast(r.rho), r.gain * gradient) : (vf){0};
    const vf variance = r.average ? vf_fma(-made.a, made.a, made.v) : made.v;
    const vf step = update.rate * gradient / vf_sqrt(variance + r.epsilon);
    made.m = r.momentum_slot ? vf_fma(made.m_old, vf_broadcast(r.momentum), step) : step;
    made.w = decayed(update, made.w_old) - made.m;
    made.shown = both(made.w, made.v);
    return made;
}

static ALWAYS_INLINE void rmsprop_store(rmsprop r, rmsprop_made made, size_t i)
{
    vf_store(r.velocity + i, made.v);
    vf_store(r.w + i, made.w);
    if (r.average)
        vf_store(r.average + i, made.a);
    if (r.momentum_slot)
        vf_store(r.momentum_slot + i, made.m);
}

static __attribute__((noinline)) int rmsprop_with_care(fcnn_update update, rmsprop r, size_t i, size_t left)
{
    const rmsprop_made made = rmsprop_of(update, r, i, left);
    const vm finite = is_finite(made.shown);
    store_guarded(update, finite, made.v, made.v_old, r.velocity + i, left);
    store_guarded(update, finite, made.w, made.w_old, r.w + i, left);
    if (r.average)
        store_guarded(update, finite, made.a, made.a_old, r.average + i, left);
    if (r.momentum_slot)
        store_guarded(update, finite, made.m, made.m_old, r.momentum_slot + i, left);
    return are_true(finite, left);
}

int FCNN_NAME(rmsprop)(const fcnn_update *update, size_t count, float *w, const float *g, float *velocity,
                       float *momentum_slot, float *average, float rho, float gain, float momentum, float epsilon)
{
    const fcnn_update numbers = *update;
    const rmsprop own = {w, g, velocity, momentum_slot, average, rho, gain, momentum, epsilon};
    int finite = 1;
    size_t i = 0;
    for (; i + 2 * FCNN_VL <= count; i += 2 * FCNN_VL) {
        const rmsprop_made first = rmsprop_of(numbers, own, i, FCNN_VL);
        const rmsprop_made second = rmsprop_of(numbers, own, i + FCNN_VL, FCNN_VL);
        if (all_finite(first.shown, second.shown)) {
            rmsprop_store(own, first, i);
            rmsprop_store(own, second, i + FCNN_VL);
        } else {
            finite &= rmsprop_with_care(numbers, own, i, FCNN_VL);
            finite &= rmsprop_with_care(numbers, own, i + FCNN_VL, FCNN_VL);
        }
    }
    for (; i < count; i += FCNN_VL)
        finite &= rmsprop_with_care(numbers, own, i, count - i);
    return finite;
}

/* A product of two floats is exact in double: only the additions round, in the order that the contract gives. */
double FCNN_NAME(sum_of_squares)(size_t count, const float *g)
{
    enum { LANES = 16 };
    double partial[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (size_t lane = 0; lane < LANES; lane++)
            partial[lane] += (double)g[i + lane] * (double)g[i + lane];
    for (size_t lane = 0; i + lane < count; lane++)
        partial[lane] += (double)g[i + lane] * (double)g[i + lane];
    double sum = 0.0;
    for (size_t lane = 0; lane < LANES; lane++)
        sum += partial[lane];
    return sum;
}
