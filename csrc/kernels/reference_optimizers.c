/* reference_optimizers.c - the contracts of optimizer_update.c and optimizer_scales.c in plain loops.
 *
 * Updates are computed in double with the C library and rounded once for each stored number.
 */
#include <math.h>

#include "name.h"

static double clipped(const fcnn_update *update, float g)
{
    const double scaled = (double)g * update->clip_scale, limit = update->clip_value;
    return scaled > limit ? limit : scaled < -limit ? -limit : scaled;
}

static double decayed(const fcnn_update *update, float w) { return (double)w - (double)w * update->decay; }

/* Stores the new numbers of one element where all are finite or nobody asked for that; returns whether they are. Old
 * and new numbers that an optimizer does not have are NULL. */
static int store(const fcnn_update *update, size_t numbers, float *const old[], const float new[])
{
    int finite = 1;
    for (size_t n = 0; n < numbers; n++)
        finite &= !old[n] || isfinite(new[n]);
    for (size_t n = 0; n < numbers && (finite || !update->keeps_finite); n++)
        if (old[n])
            *old[n] = new[n];
    return finite;
}

static float *element(float *slot, size_t i) { return slot ? slot + i : NULL; }

int FCNN_NAME(adam)(const fcnn_update *update, size_t count, float *w, const float *g, float *m, float *v, float *v_max,
                    float gain_m, float gain_v, float epsilon)
{
    int finite = 1;
    for (size_t i = 0; i < count; i++) {
        const double gradient = clipped(update, g[i]);
        const float m_new = (float)(m[i] + (gradient - m[i]) * gain_m);
        const float v_new = (float)(v[i] + (gradient * gradient - v[i]) * gain_v);
        const float size = v_max ? fmaxf(v_max[i], v_new) : v_new;
        const float w_new = (float)(decayed(update, w[i]) - (double)m_new * update->rate / (sqrt(size) + epsilon));
        finite &= store(update, 4, (float *const[]){w + i, m + i, v + i, element(v_max, i)},
                        (const float[]){w_new, m_new, v_new, size});
    }
    return finite;
}

int FCNN_NAME(sgd)(const fcnn_update *update, size_t count, float *w, const float *g, float *momentum_slot,
                   float momentum, int nesterov)
{
    int finite = 1;
    for (size_t i = 0; i < count; i++) {
        const double step = -update->rate * clipped(update, g[i]);
        const float m_new = momentum_slot ? (float)(momentum_slot[i] * (double)momentum + step) : (float)step;
        const double change = momentum_slot ? (nesterov ? m_new * (double)momentum + step : m_new) : step;
        const float w_new = (float)(decayed(update, w[i]) + change);
        finite &= store(update, 2, (float *const[]){w + i, element(momentum_slot, i)}, (const float[]){w_new, m_new});
    }
    return finite;
}

int FCNN_NAME(rmsprop)(const fcnn_update *update, size_t count, float *w, const float *g, float *velocity,
                       float *momentum_slot, float *average, float rho, float gain, float momentum, float epsilon)
{
    int finite = 1;
    for (size_t i = 0; i < count; i++) {
        const double gradient = clipped(update, g[i]);
        const float v_new = (float)((double)rho * velocity[i] + gain * gradient * gradient);
        const float a_new = average ? (float)((double)rho * average[i] + gain * gradient) : 0.0f;
        double change = update->rate * gradient / sqrt(v_new - (double)a_new * a_new + epsilon);
        if (momentum_slot)
            change = (float)((double)momentum * momentum_slot[i] + change);
        const float w_new = (float)(decayed(update, w[i]) - change);
        finite &=
            store(update, 4, (float *const[]){w + i, velocity + i, element(momentum_slot, i), element(average, i)},
                  (const float[]){w_new, v_new, (float)change, a_new});
    }
    return finite;
}

int FCNN_NAME(nadam)(const fcnn_update *update, size_t count, float *w, const float *g, float *m, float *v,
                     float gain_m, float gain_v)
{
    int finite = 1;
    for (size_t i = 0; i < count; i++) {
        const double gradient = clipped(update, g[i]);
        const float m_new = (float)(m[i] + (gradient - m[i]) * gain_m);
        const float v_new = (float)(v[i] + (gradient * gradient - v[i]) * gain_v);
        const double step = (double)update->rate * m_new + update->rate_of_gradient * gradient;
        const float w_new = (float)(decayed(update, w[i]) - step / (sqrt(v_new) + update->epsilon));
        finite &= store(update, 3, (float *const[]){w + i, m + i, v + i}, (const float[]){w_new, m_new, v_new});
    }
    return finite;
}

int FCNN_NAME(adamax)(const fcnn_update *update, size_t count, float *w, const float *g, float *m, float *norm,
                      float gain_m, float beta_2, float epsilon)
{
    int finite = 1;
    for (size_t i = 0; i < count; i++) {
        const double gradient = clipped(update, g[i]), faded = (double)beta_2 * norm[i];
        const float m_new = (float)(m[i] + (gradient - m[i]) * gain_m);
        const float norm_new = (float)(faded > fabs(gradient) ? faded : fabs(gradient));
        const float w_new =
            (float)(decayed(update, w[i]) - (double)m_new * update->rate / ((double)norm_new + epsilon));
        finite &= store(update, 3, (float *const[]){w + i, m + i, norm + i}, (const float[]){w_new, m_new, norm_new});
    }
    return finite;
}

int FCNN_NAME(lion)(const fcnn_update *update, size_t count, float *w, const float *g, float *m, float beta_1,
                    float gain, float beta_2, float gain_m)
{
    int finite = 1;
    for (size_t i = 0; i < count; i++) {
        const double gradient = clipped(update, g[i]), mix = (double)beta_1 * m[i] + gain * gradient;
        const double sign = mix > 0.0 ? 1.0 : mix < 0.0 ? -1.0 : mix;
        const float m_new = (float)((double)beta_2 * m[i] + gain_m * gradient);
        const float w_new = (float)(decayed(update, w[i]) - update->rate * sign);
        finite &= store(update, 2, (float *const[]){w + i, m + i}, (const float[]){w_new, m_new});
    }
    return finite;
}

int FCNN_NAME(adagrad)(const fcnn_update *update, size_t count, float *w, const float *g, float *accumulator,
                       float epsilon)
{
    int finite = 1;
    for (size_t i = 0; i < count; i++) {
        const double gradient = clipped(update, g[i]);
        const float sum = (float)(accumulator[i] + gradient * gradient);
        const float w_new = (float)(decayed(update, w[i]) - update->rate * gradient / sqrt((double)sum + epsilon));
        finite &= store(update, 2, (float *const[]){w + i, accumulator + i}, (const float[]){w_new, sum});
    }
    return finite;
}

int FCNN_NAME(adadelta)(const fcnn_update *update, size_t count, float *w, const float *g, float *squares,
                        float *changes, float rho, float gain, float epsilon)
{
    int finite = 1;
    for (size_t i = 0; i < count; i++) {
        const double gradient = clipped(update, g[i]);
        const float square = (float)((double)rho * squares[i] + gain * gradient * gradient);
        const double change = sqrt((double)changes[i] + epsilon) * gradient / sqrt((double)square + epsilon);
        const float mean = (float)((double)rho * changes[i] + gain * change * change);
        const float w_new = (float)(decayed(update, w[i]) - update->rate * change);
        finite &=
            store(update, 3, (float *const[]){w + i, squares + i, changes + i}, (const float[]){w_new, square, mean});
    }
    return finite;
}

int FCNN_NAME(ftrl)(const fcnn_update *update, size_t count, float *w, const float *g, float *accumulator,
                    float *linear, float power, float l1, float l2, float shrinkage)
{
    int finite = 1;
    for (size_t i = 0; i < count; i++) {
        const double gradient = clipped(update, g[i]), weight = decayed(update, w[i]);
        const float sum = (float)(accumulator[i] + gradient * gradient);
        const double growth = pow(sum, power) - pow(accumulator[i], power);
        const float z = (float)(linear[i] + gradient + shrinkage * weight - growth / update->rate * weight);
        const double kept = z > l1 ? l1 : z < -l1 ? -l1 : z;
        const float w_new = (float)((kept - z) / (pow(sum, power) / update->rate + l2));
        finite &=
            store(update, 3, (float *const[]){w + i, accumulator + i, linear + i}, (const float[]){w_new, sum, z});
    }
    return finite;
}

int FCNN_NAME(accumulate)(const fcnn_update *update, size_t count, float *sum, const float *g)
{
    int finite = 1;
    for (size_t i = 0; i < count; i++)
        finite &= store(update, 1, (float *const[]){sum + i}, (const float[]){sum[i] + g[i]});
    return finite;
}

void FCNN_NAME(average)(size_t count, const float *w, float momentum, float gain, float *average)
{
    for (size_t i = 0; i < count; i++)
        average[i] = isnan(average[i]) ? w[i] : (float)((double)momentum * average[i] + (double)gain * w[i]);
}

double FCNN_NAME(sum_of_squares)(size_t count, const float *g)
{
    double partial[16] = {0}, sum = 0.0;
    for (size_t i = 0; i < count; i++)
        partial[i % 16] += (double)g[i] * g[i];
    for (size_t lane = 0; lane < 16; lane++)
        sum += partial[lane];
    return sum;
}
