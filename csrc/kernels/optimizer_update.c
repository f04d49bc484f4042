/* optimizer_update.c - the optimizers' elementwise updates. Formulas: Keras 3.
 *
 * Every number of a parameter has its own slots, so lanes are independent and ranges may be cut anywhere.
 */
#include <math.h>

#include "name.h"
#include "vec.h"

/* The gradient after clipping, and the weight after decay. NaN passes through, so that it is noticed. */
static inline vf clipped(vf g, float scale, float limit)
{
    return vf_min(vf_broadcast(limit), vf_max(vf_broadcast(-limit), g * scale));
}
static inline vf decayed(vf w, float decay) { return vf_fma(w, vf_broadcast(-decay), w); }

/* 1 / (sqrt(a) + epsilon) for a >= 0, to about 2e-7. Processors take roots beside other work, but a division after the
 * root would wait for the same unit: the inverse begins with a guess from the exponent bits, wrong by 13 % at most,
 * which Newton's method squares away three times. */
static inline vf inverse_size(vf a, float epsilon)
{
    const vf size = vf_sqrt(vf_min(a, vf_broadcast(0x1.fffffep127f))) + epsilon;
    vf inverse = vi_as_float(0x7ef311c7 - vf_bits(size));
    for (int i = 0; i < 3; i++)
        inverse = vf_fma(inverse, vf_fma(-size, inverse, vf_broadcast(1.0f)), inverse);
    return inverse;
}

void FCNN_NAME(adam)(size_t count, float *w, const float *g, float *m, float *v, float *v_max, float rate, float gain_m,
                     float gain_v, float epsilon, float decay, float clip_scale, float clip_value)
{
    for (size_t i = 0; i < count; i += FCNN_VL) {
        const size_t left = count - i;
        const vf gradient = clipped(vf_load_some(g + i, left), clip_scale, clip_value);
        const vf m_old = vf_load_some(m + i, left), v_old = vf_load_some(v + i, left);
        const vf m_new = vf_fma(gradient - m_old, vf_broadcast(gain_m), m_old);
        const vf v_new = vf_fma(gradient * gradient - v_old, vf_broadcast(gain_v), v_old);
        vf_store_some(m + i, m_new, left);
        vf_store_some(v + i, v_new, left);
        vf size = v_new;
        if (v_max) {
            size = vf_max(vf_load_some(v_max + i, left), v_new);
            vf_store_some(v_max + i, size, left);
        }
        const vf weight = decayed(vf_load_some(w + i, left), decay);
        vf_store_some(w + i, vf_fma(m_new * -rate, inverse_size(size, epsilon), weight), left);
    }
}

void FCNN_NAME(sgd)(size_t count, float *w, const float *g, float *momentum_slot, float rate, float momentum,
                    int nesterov, float decay, float clip_scale, float clip_value)
{
    for (size_t i = 0; i < count; i += FCNN_VL) {
        const size_t left = count - i;
        const vf step = clipped(vf_load_some(g + i, left), clip_scale, clip_value) * -rate;
        const vf weight = decayed(vf_load_some(w + i, left), decay);
        vf change = step;
        if (momentum_slot) {
            change = vf_fma(vf_load_some(momentum_slot + i, left), vf_broadcast(momentum), step);
            vf_store_some(momentum_slot + i, change, left);
            if (nesterov)
                change = vf_fma(change, vf_broadcast(momentum), step);
        }
        vf_store_some(w + i, weight + change, left);
    }
}

void FCNN_NAME(rmsprop)(size_t count, float *w, const float *g, float *velocity, float *momentum_slot, float *average,
                        float rate, float rho, float gain, float momentum, float epsilon, float decay, float clip_scale,
                        float clip_value)
{
    for (size_t i = 0; i < count; i += FCNN_VL) {
        const size_t left = count - i;
        const vf gradient = clipped(vf_load_some(g + i, left), clip_scale, clip_value);
        const vf v = vf_fma(vf_load_some(velocity + i, left), vf_broadcast(rho), gain * (gradient * gradient));
        vf_store_some(velocity + i, v, left);
        vf variance = v;
        if (average) {
            const vf mean = vf_fma(vf_load_some(average + i, left), vf_broadcast(rho), gain * gradient);
            vf_store_some(average + i, mean, left);
            variance = vf_fma(-mean, mean, v);
        }
        vf change = rate * gradient / vf_sqrt(variance + epsilon);
        if (momentum_slot) {
            change = vf_fma(vf_load_some(momentum_slot + i, left), vf_broadcast(momentum), change);
            vf_store_some(momentum_slot + i, change, left);
        }
        vf_store_some(w + i, decayed(vf_load_some(w + i, left), decay) - change, left);
    }
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
