/* penalties.c - what regularizers add to gradients, and the sum of magnitudes that one of them weighs. */
#include <math.h>

#include "name.h"
#include "vec.h"

void FCNN_NAME(add_penalty)(size_t count, const float *w, float step, float slope, float *g)
{
    const vf up = vf_broadcast(step), zero = {0};
    for (size_t i = 0; i < count; i += FCNN_VL) {
        const size_t left = count - i;
        const vf value = vf_load_some(w + i, left);
        const vf sign = vf_select(vf_greater(value, zero), up, vf_select(vf_greater(zero, value), -up, zero));
        vf_store_some(g + i, vf_fma(vf_broadcast(slope), value, vf_load_some(g + i, left)) + sign, left);
    }
}

double FCNN_NAME(sum_of_magnitudes)(size_t count, const float *w)
{
    enum { LANES = 16 };
    double partial[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (size_t lane = 0; lane < LANES; lane++)
            partial[lane] += (double)fabsf(w[i + lane]);
    for (size_t lane = 0; i + lane < count; lane++)
        partial[lane] += (double)fabsf(w[i + lane]);
    double sum = 0.0;
    for (size_t lane = 0; lane < LANES; lane++)
        sum += partial[lane];
    return sum;
}
