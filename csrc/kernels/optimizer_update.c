/* optimizer_update.c - optimizers that follow the gradient or its running mean, and what belongs to all optimizers.
 * Formulas: Keras 3. */
#include "optimizer_update.h"

/* ---- Adam, Nadam, Adamax ---- */

enum { W, M, V, V_MAX }; /* the weight, the mean of gradients, the mean of their squares, the largest of these */

static ALWAYS_INLINE made_numbers moments_of(constants c, vf gradient, const vf old[NUMBERS])
{
    made_numbers made = {0};
    made.number[M] = vf_fma(gradient - old[M], vf_broadcast(c.gain_m), old[M]);
    made.number[V] = vf_fma(gradient * gradient - old[V], vf_broadcast(c.gain_v), old[V]);
    return made;
}

/* Finite where the new numbers are: an m that is not shows in w, and in haste so does a v. */
static ALWAYS_INLINE vf shown_of(made_numbers made, manner how)
{
    return how == WITH_CARE ? both(made.number[W], made.number[V]) : made.number[W];
}

static ALWAYS_INLINE made_numbers adam_of(fcnn_update update, constants c, vf g, const vf old[NUMBERS], manner how)
{
    made_numbers made = moments_of(c, clipped(update, g), old);
    made.number[V_MAX] = c.options ? vf_max(old[V_MAX], made.number[V]) : made.number[V];
    const vf inverse = inverse_size(made.number[V_MAX], c.epsilon, how);
    made.number[W] = vf_fma(made.number[M] * -update.rate, inverse, decayed(update, old[W]));
    made.shown = shown_of(made, how);
    return made;
}

int FCNN_NAME(adam)(const fcnn_update *update, size_t count, float *w, const float *g, float *m, float *v, float *v_max,
                    float gain_m, float gain_v, float epsilon)
{
    constants c = {.gain_m = gain_m, .gain_v = gain_v, .epsilon = epsilon};
    const places p = {{w, m, v, v_max}};
    if (!v_max)
        return update_all(adam_of, 3, update, c, count, g, p);
    c.options = 1;
    return update_all(adam_of, 4, update, c, count, g, p);
}

static ALWAYS_INLINE made_numbers nadam_of(fcnn_update update, constants c, vf g, const vf old[NUMBERS], manner how)
{
    const vf gradient = clipped(update, g);
    made_numbers made = moments_of(c, gradient, old);
    const vf inverse = inverse_size(made.number[V], update.epsilon, how);
    const vf step = vf_fma(made.number[M], vf_broadcast(-update.rate), gradient * -update.rate_of_gradient);
    made.number[W] = vf_fma(step, inverse, decayed(update, old[W]));
    made.shown = shown_of(made, how);
    return made;
}

int FCNN_NAME(nadam)(const fcnn_update *update, size_t count, float *w, const float *g, float *m, float *v,
                     float gain_m, float gain_v)
{
    const constants c = {.gain_m = gain_m, .gain_v = gain_v};
    return update_all(nadam_of, 3, update, c, count, g, (places){{w, m, v}});
}

static ALWAYS_INLINE made_numbers adamax_of(fcnn_update update, constants c, vf g, const vf old[NUMBERS], manner how)
{
    (void)how;
    const vf gradient = clipped(update, g);
    made_numbers made = {0};
    made.number[M] = vf_fma(gradient - old[M], vf_broadcast(c.gain_m), old[M]);
    made.number[V] = vf_max(old[V] * c.beta_2, vf_abs(gradient));
    made.number[W] = decayed(update, old[W]) - made.number[M] * update.rate / (made.number[V] + c.epsilon);
    made.shown = made.number[W];
    return made;
}

int FCNN_NAME(adamax)(const fcnn_update *update, size_t count, float *w, const float *g, float *m, float *norm,
                      float gain_m, float beta_2, float epsilon)
{
    const constants c = {.gain_m = gain_m, .beta_2 = beta_2, .epsilon = epsilon};
    return update_all(adamax_of, 3, update, c, count, g, (places){{w, m, norm}});
}

/* ---- Lion ---- */

static ALWAYS_INLINE vf sign_of(vf a)
{
    const vf negative_or_none = vf_select(vf_greater((vf){0}, a), vf_broadcast(-1.0f), a);
    return vf_select(vf_greater(a, (vf){0}), vf_broadcast(1.0f), negative_or_none);
}

static ALWAYS_INLINE made_numbers lion_of(fcnn_update update, constants c, vf g, const vf old[NUMBERS], manner how)
{
    (void)how;
    const vf gradient = clipped(update, g);
    const vf sign = sign_of(vf_fma(old[M], vf_broadcast(c.beta_1), gradient * c.gain));
    made_numbers made = {0};
    made.number[W] = vf_fma(sign, vf_broadcast(-update.rate), decayed(update, old[W]));
    made.number[M] = vf_fma(old[M], vf_broadcast(c.beta_2), gradient * c.gain_m);
    made.shown = both(made.number[W], made.number[M]);
    return made;
}

int FCNN_NAME(lion)(const fcnn_update *update, size_t count, float *w, const float *g, float *m, float beta_1,
                    float gain, float beta_2, float gain_m)
{
    const constants c = {.beta_1 = beta_1, .gain = gain, .beta_2 = beta_2, .gain_m = gain_m};
    return update_all(lion_of, 2, update, c, count, g, (places){{w, m}});
}

/* ---- SGD ---- */

enum { HEAVY = 1, NESTEROV = 2 };

static ALWAYS_INLINE made_numbers sgd_of(fcnn_update update, constants c, vf g, const vf old[NUMBERS], manner how)
{
    (void)how;
    const vf step = clipped(update, g) * -update.rate, momentum = vf_broadcast(c.momentum);
    made_numbers made = {0};
    made.number[M] = c.options & HEAVY ? vf_fma(old[M], momentum, step) : step;
    const vf change = c.options & NESTEROV ? vf_fma(made.number[M], momentum, step) : made.number[M];
    made.number[W] = decayed(update, old[W]) + change;
    made.shown = made.number[W];
    return made;
}

int FCNN_NAME(sgd)(const fcnn_update *update, size_t count, float *w, const float *g, float *momentum_slot,
                   float momentum, int nesterov)
{
    constants c = {.momentum = momentum};
    const places p = {{w, momentum_slot}};
    if (!momentum_slot)
        return update_all(sgd_of, 1, update, c, count, g, p);
    c.options = nesterov ? HEAVY | NESTEROV : HEAVY;
    return update_all(sgd_of, 2, update, c, count, g, p);
}

/* ---- what belongs to all optimizers ---- */

static ALWAYS_INLINE made_numbers sum_of(fcnn_update update, constants c, vf g, const vf old[NUMBERS], manner how)
{
    (void)update, (void)c, (void)how;
    made_numbers made = {0};
    made.number[0] = made.shown = old[0] + g;
    return made;
}

int FCNN_NAME(accumulate)(const fcnn_update *update, size_t count, float *sum, const float *g)
{
    return update_all(sum_of, 1, update, (constants){0}, count, g, (places){{sum}});
}

void FCNN_NAME(average)(size_t count, const float *w, float momentum, float gain, float *average)
{
    for (size_t i = 0; i < count; i += FCNN_VL) {
        const vf weight = vf_load_some(w + i, count - i), old = vf_load_some(average + i, count - i);
        const vf mean = vf_fma(old, vf_broadcast(momentum), weight * gain);
        vf_store_some(average + i, vf_select(vf_equal(old, old), mean, weight), count - i);
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
