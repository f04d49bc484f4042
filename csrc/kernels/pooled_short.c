/* pooled_short.c - the weight gradient of a convolution with short runs, under a max pool.
 *
 * A patch of a first layer with few channels fills only a small part of a vector. So the lanes are output channels:
 * each window's gradients are spread over the window's members, most of them zero, and every tap's number is broadcast.
 */
#include "pooled_weight_gradient.h"

enum { SHORT_SUMS = FCNN_VREGS == 32 ? 20 : 10 }; /* accumulators */

/* `vectors` vectors of outputs, `runs` runs of `length` columns, run[] further on in a patch. */
static ALWAYS_INLINE void short_block(size_t vectors, size_t runs, size_t length, const fcnn_pooled *pooled,
                                      const float *x, const float *y, const float *dy, const uint8_t *winner,
                                      size_t images, size_t stride, size_t outputs, size_t o, size_t lanes,
                                      const ptrdiff_t *run, float *gradient, float *bias, int accumulate)
{
    vf acc[SHORT_SUMS][2], sum[2];
    UNROLLED_FOR (size_t v = 0; v < vectors; v++) {
        const size_t some = v + 1 < vectors ? FCNN_VL : lanes;
        sum[v] = accumulate && bias ? vf_load_some(bias + o + v * FCNN_VL, some) : (vf){0};
        UNROLLED_FOR (size_t k = 0; k < runs * length; k++)
            acc[k][v] = accumulate ? vf_load_some(gradient + k * outputs + o + v * FCNN_VL, some) : (vf){0};
    }
    for (size_t i = 0; i < images; i++)
        for (size_t line = 0; line < pooled->window.lines; line++) {
            size_t at = line * pooled->out_width * outputs + o;
            const float *yl = y + i * stride, *dyl = dy + i * stride;
            const uint8_t *win = winner + i * stride * sizeof(float);
            const float *patch = x + i * stride + pooled->origin + (ptrdiff_t)line * pooled->window.line_step;
            for (size_t w = 0; w < pooled->window.width; w++, patch += pooled->window.step, at += outputs) {
                vf live[2];
                vi place[2];
                UNROLLED_FOR (size_t v = 0; v < vectors; v++) {
                    const size_t here = at + v * FCNN_VL, some = v + 1 < vectors ? FCNN_VL : lanes;
                    live[v] = live_gradients(yl + here, dyl + here, some, pooled->relu);
                    place[v] = vi_load_some_bytes(win + here, some);
                    sum[v] += live[v];
                }
                for (size_t m = 0; m < pooled->members; m++) {
                    vf g[2];
                    uint32_t zeros = FCNN_ALL_LANES;
                    UNROLLED_FOR (size_t v = 0; v < vectors; v++) {
                        g[v] = vf_select(vi_equal(place[v], vi_broadcast((int32_t)m)), live[v], (vf){0});
                        zeros &= vm_bits(vf_equal(g[v], (vf){0}));
                    }
                    if (zeros == FCNN_ALL_LANES)
                        continue; /* also where the member lies in a pool's padding, outside the image */
                    UNROLLED_FOR (size_t r = 0; r < runs; r++) {
                        const float *p = patch + pooled->member[m] + run[r];
                        UNROLLED_FOR (size_t l = 0; l < length; l++) {
                            const vf xk = vf_broadcast(p[l]);
                            UNROLLED_FOR (size_t v = 0; v < vectors; v++)
                                acc[r * length + l][v] = vf_fma(g[v], xk, acc[r * length + l][v]);
                        }
                    }
                }
            }
        }
    UNROLLED_FOR (size_t k = 0; k < runs * length; k++)
        UNROLLED_FOR (size_t v = 0; v < vectors; v++)
            vf_store_some(gradient + k * outputs + o + v * FCNN_VL, vf_end_sum(acc[k][v]),
                          v + 1 < vectors ? FCNN_VL : lanes);
    if (!bias)
        return;
    UNROLLED_FOR (size_t v = 0; v < vectors; v++)
        vf_store_some(bias + o + v * FCNN_VL, vf_end_sum(sum[v]), v + 1 < vectors ? FCNN_VL : lanes);
}

/* As many runs at once as there are registers for their sums. `lanes` of the last vector are used. */
static ALWAYS_INLINE void short_runs_of(size_t vectors, size_t length, const fcnn_pooled *pooled, const float *x,
                                        const float *y, const float *dy, const uint8_t *winner, size_t images,
                                        size_t stride, size_t outputs, size_t o, size_t lanes, float *gradient,
                                        float *bias, int accumulate)
{
    const size_t most = length * vectors > SHORT_SUMS ? 1 : smaller(SHORT_SUMS / (length * vectors), 3);
    for (size_t r = 0; r < pooled->window.runs;) {
        const size_t left = pooled->window.runs - r;
        const ptrdiff_t *run = pooled->window.run + r;
        float *to = gradient + r * length * outputs, *sums = r == 0 ? bias : NULL;
        if (left >= most) {
            short_block(vectors, most, length, pooled, x, y, dy, winner, images, stride, outputs, o, lanes, run, to,
                        sums, accumulate);
            r += most;
        } else {
            short_block(vectors, 1, length, pooled, x, y, dy, winner, images, stride, outputs, o, lanes, run, to, sums,
                        accumulate);
            r += 1;
        }
    }
}

void FCNN_NAME(pooled_short)(const fcnn_pooled *pooled, const float *x, const float *y, const float *dy,
                             const uint8_t *winner, size_t images, size_t stride, size_t outputs, size_t begin,
                             size_t end, float *gradient, float *bias, int accumulate)
{
    for (size_t o = begin; o < end;) {
        const size_t left = end - o, wide = left > FCNN_VL && FCNN_VREGS == 32;
        const size_t lanes = smaller(FCNN_VL, wide ? left - FCNN_VL : left);
#define RUNS_OF(length)                                                                                       \
    if (wide)                                                                                                 \
        short_runs_of(2, length, pooled, x, y, dy, winner, images, stride, outputs, o, lanes, gradient, bias, \
                      accumulate);                                                                            \
    else                                                                                                      \
        short_runs_of(1, length, pooled, x, y, dy, winner, images, stride, outputs, o, lanes, gradient, bias, \
                      accumulate);                                                                            \
    break
        switch (pooled->window.run_length) {
        case 1:
            RUNS_OF(1);
        case 2:
            RUNS_OF(2);
        case 3:
            RUNS_OF(3);
        case 4:
            RUNS_OF(4);
        default:
            RUNS_OF(SHORT_RUN);
        }
#undef RUNS_OF
        o += (wide ? FCNN_VL : 0) + lanes;
    }
}
