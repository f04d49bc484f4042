/* optimizer_scales.c - optimizers that divide a gradient by the size of those before it. Formulas: Keras 3. */
#include <float.h>

#include "optimizer_update.h"
#include "vec_math.h"

/* ---- RMSprop ---- */

enum { W, V, A, M_BEHIND_A }; /* the weight, the mean of squares, and where centered the mean of gradients */
enum { CENTERED = 1, HEAVY = 2 };

static ALWAYS_INLINE made_numbers rmsprop_of(fcnn_update update, constants c, vf g, const vf old[NUMBERS], manner how)
{
    (void)how;
    const int centered = c.options & CENTERED, m = centered ? M_BEHIND_A : A;
    const vf gradient = clipped(update, g), rho = vf_broadcast(c.rho);
    made_numbers made = {0};
    made.number[V] = vf_fma(old[V], rho, c.gain * (gradient * gradient));
    const vf mean = vf_fma(old[A], rho, c.gain * gradient);
    const vf variance = centered ? vf_fma(-mean, mean, made.number[V]) : made.number[V];
    const vf step = update.rate * gradient / vf_sqrt(variance + c.epsilon);
    made.number[A] = mean;
    made.number[m] = c.options & HEAVY ? vf_fma(old[m], vf_broadcast(c.momentum), step) : step;
    made.number[W] = decayed(update, old[W]) - made.number[m];
    made.shown = both(made.number[W], made.number[V]); /* an infinite v makes the step 0 */
    return made;
}

int FCNN_NAME(rmsprop)(const fcnn_update *update, size_t count, float *w, const float *g, float *velocity,
                       float *momentum_slot, float *average, float rho, float gain, float momentum, float epsilon)
{
    constants c = {.rho = rho, .gain = gain, .momentum = momentum, .epsilon = epsilon};
    if (!average && !momentum_slot)
        return update_all(rmsprop_of, 2, update, c, count, g, (places){{w, velocity}});
    if (!average) {
        c.options = HEAVY;
        return update_all(rmsprop_of, 3, update, c, count, g, (places){{w, velocity, momentum_slot}});
    }
    if (!momentum_slot) {
        c.options = CENTERED;
        return update_all(rmsprop_of, 3, update, c, count, g, (places){{w, velocity, average}});
    }
    c.options = CENTERED | HEAVY;
    return update_all(rmsprop_of, 4, update, c, count, g, (places){{w, velocity, average, momentum_slot}});
}

/* ---- Adagrad, Adadelta ---- */

static ALWAYS_INLINE made_numbers adagrad_of(fcnn_update update, constants c, vf g, const vf old[NUMBERS], manner how)
{
    (void)how;
    const vf gradient = clipped(update, g);
    made_numbers made = {0};
    made.number[V] = vf_fma(gradient, gradient, old[V]);
    made.number[W] = decayed(update, old[W]) - update.rate * gradient / vf_sqrt(made.number[V] + c.epsilon);
    made.shown = both(made.number[W], made.number[V]);
    return made;
}

int FCNN_NAME(adagrad)(const fcnn_update *update, size_t count, float *w, const float *g, float *accumulator,
                       float epsilon)
{
    const constants c = {.epsilon = epsilon};
    return update_all(adagrad_of, 2, update, c, count, g, (places){{w, accumulator}});
}

enum { D = A }; /* Adadelta: the mean of the squares of changes */

static ALWAYS_INLINE made_numbers adadelta_of(fcnn_update update, constants c, vf g, const vf old[NUMBERS], manner how)
{
    (void)how;
    const vf gradient = clipped(update, g), rho = vf_broadcast(c.rho);
    made_numbers made = {0};
    made.number[V] = vf_fma(old[V], rho, c.gain * (gradient * gradient));
    const vf change = vf_sqrt(old[D] + c.epsilon) * gradient / vf_sqrt(made.number[V] + c.epsilon);
    made.number[D] = vf_fma(old[D], rho, c.gain * (change * change));
    made.number[W] = vf_fma(change, vf_broadcast(-update.rate), decayed(update, old[W]));
    made.shown = both(both(made.number[W], made.number[V]), made.number[D]);
    return made;
}

int FCNN_NAME(adadelta)(const fcnn_update *update, size_t count, float *w, const float *g, float *squares,
                        float *changes, float rho, float gain, float epsilon)
{
    const constants c = {.rho = rho, .gain = gain, .epsilon = epsilon};
    return update_all(adadelta_of, 3, update, c, count, g, (places){{w, squares, changes}});
}

/* ---- Ftrl ---- */

enum { LINEAR = A };

/* a^power for a >= 0; what is too small for a normal number counts as 0. */
static ALWAYS_INLINE vf power_of(vf a, float power)
{
    if (power == 0.5f)
        return vf_sqrt(a);
    if (power == 0.0f)
        return vf_broadcast(1.0f);
    const vf smallest = vf_broadcast(FLT_MIN);
    return vf_select(vf_greater(smallest, a), (vf){0}, vf_exp(power * vf_log(vf_max(smallest, a))));
}

static ALWAYS_INLINE made_numbers ftrl_of(fcnn_update update, constants c, vf g, const vf old[NUMBERS], manner how)
{
    (void)how;
    const vf gradient = clipped(update, g), w = decayed(update, old[W]);
    made_numbers made = {0};
    made.number[V] = vf_fma(gradient, gradient, old[V]);
    const vf size = power_of(made.number[V], c.power), growth = size - power_of(old[V], c.power);
    const vf pull = vf_fma(w, vf_broadcast(c.shrinkage), gradient);
    made.number[LINEAR] = old[LINEAR] + vf_fma(-growth / update.rate, w, pull);
    const vf kept = vf_min(vf_broadcast(c.l1), vf_max(vf_broadcast(-c.l1), made.number[LINEAR]));
    made.number[W] = (kept - made.number[LINEAR]) / (size / update.rate + c.l2);
    made.shown = both(both(made.number[W], made.number[V]), made.number[LINEAR]);
    return made;
}

int FCNN_NAME(ftrl)(const fcnn_update *update, size_t count, float *w, const float *g, float *accumulator,
                    float *linear, float power, float l1, float l2, float shrinkage)
{
    const constants c = {.power = power, .l1 = l1, .l2 = l2, .shrinkage = shrinkage};
    return update_all(ftrl_of, 3, update, c, count, g, (places){{w, accumulator, linear}});
}
