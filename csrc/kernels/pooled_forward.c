/* pooled_forward.c - a convolution, a max pool of four pixels and an optional ReLU, in registers.
 *
 * The four pixels of a window (two windows, where registers allow) are four rows of a register tile like that of
 * gemm.h. When their sums are complete, the largest, its place and the ReLU are taken from the registers, and the
 * convolution's output is never stored.
 */
#include "name.h"
#include "vec.h"

enum { MEMBERS = 4, WIDE = FCNN_VREGS == 32 ? 4 : 2, MAX_WINDOWS = 2 };

/* One vector of one window from the sums of its members. */
static ALWAYS_INLINE void finish_window(const vf sums[MEMBERS], int relu, size_t lanes, float *y, uint8_t *winner)
{
    vf best = sums[0];
    vi place = {0};
    UNROLLED_FOR (int m = 1; m < MEMBERS; m++) {
        const vm better = vf_greater(sums[m], best);
        best = vf_select(better, sums[m], best);
        place = vi_select(better, vi_broadcast(m), place);
    }
    vf_store_some(y, relu ? vf_max((vf){0}, best) : best, lanes);
    if (winner)
        vi_store_some_bytes(winner, place, lanes);
}

/* `windows` neighbouring windows and `vectors` vectors of outputs; `lanes` of the last one are used. */
static ALWAYS_INLINE void tile(size_t windows, size_t vectors, const fcnn_pooled *pooled, const float *x,
                               const float *w, const float *bias, size_t outputs, size_t lanes, float *y,
                               uint8_t *winner)
{
    vf acc[MAX_WINDOWS][WIDE][MEMBERS];
    const float *pixel[MAX_WINDOWS][MEMBERS];
    UNROLLED_FOR (size_t i = 0; i < windows; i++)
        UNROLLED_FOR (size_t m = 0; m < MEMBERS; m++)
            pixel[i][m] = x + (ptrdiff_t)i * pooled->window.step + pooled->member[m];
    UNROLLED_FOR (size_t v = 0; v < vectors; v++) {
        const size_t some = v + 1 < vectors ? FCNN_VL : lanes;
        const vf start = bias ? vf_load_some(bias + v * FCNN_VL, some) : (vf){0};
        UNROLLED_FOR (size_t i = 0; i < windows; i++)
            UNROLLED_FOR (size_t m = 0; m < MEMBERS; m++)
                acc[i][v][m] = start;
    }
    for (size_t r = 0; r < pooled->window.runs; r++) {
        const ptrdiff_t begin = pooled->window.run[r], end = begin + (ptrdiff_t)pooled->window.run_length;
        for (ptrdiff_t k = begin; k < end; k++, w += outputs) {
            vf wk[WIDE];
            UNROLLED_FOR (size_t v = 0; v < vectors; v++)
                wk[v] = vf_load_some(w + v * FCNN_VL, v + 1 < vectors ? FCNN_VL : lanes);
            UNROLLED_FOR (size_t i = 0; i < windows; i++)
                UNROLLED_FOR (size_t m = 0; m < MEMBERS; m++) {
                    const vf xk = vf_broadcast(pixel[i][m][k]);
                    UNROLLED_FOR (size_t v = 0; v < vectors; v++)
                        acc[i][v][m] = vf_fma(xk, wk[v], acc[i][v][m]);
                }
        }
    }
    UNROLLED_FOR (size_t i = 0; i < windows; i++)
        UNROLLED_FOR (size_t v = 0; v < vectors; v++) {
            const size_t at = i * outputs + v * FCNN_VL;
            finish_window(acc[i][v], pooled->relu, v + 1 < vectors ? FCNN_VL : lanes, y + at,
                          winner ? winner + at : NULL);
        }
}

/* All windows, `vectors` vectors of outputs. */
static ALWAYS_INLINE void panel(size_t vectors, const fcnn_pooled *pooled, const float *x, const float *w,
                                const float *bias, size_t outputs, size_t lanes, float *y, uint8_t *winner)
{
    const size_t pair = FCNN_VREGS == 32 && vectors <= 2 ? 2 : 1;
    for (size_t line = 0; line < pooled->window.lines; line++) {
        const float *patch = x + pooled->origin + (ptrdiff_t)line * pooled->window.line_step;
        size_t at = line * pooled->out_width * outputs;
        for (size_t i = 0; i < pooled->window.width;) {
            uint8_t *win = winner ? winner + at : NULL;
            const size_t windows = i + pair <= pooled->window.width ? pair : 1;
            if (windows == 2)
                tile(2, vectors, pooled, patch, w, bias, outputs, lanes, y + at, win);
            else
                tile(1, vectors, pooled, patch, w, bias, outputs, lanes, y + at, win);
            i += windows;
            at += windows * outputs;
            patch += (ptrdiff_t)windows * pooled->window.step;
        }
    }
}

void FCNN_NAME(pooled_forward)(const fcnn_pooled *pooled, const float *x, const float *w, const float *bias,
                               size_t outputs, float *y, uint8_t *winner)
{
    for (size_t o = 0; o < outputs; o += WIDE * FCNN_VL) {
        const size_t left = outputs - o < WIDE * FCNN_VL ? outputs - o : WIDE * FCNN_VL;
        const size_t vectors = (left + FCNN_VL - 1) / FCNN_VL, lanes = left - (vectors - 1) * FCNN_VL;
        const float *start = bias ? bias + o : NULL;
        uint8_t *win = winner ? winner + o : NULL;
        if (vectors == WIDE && lanes == FCNN_VL)
            panel(WIDE, pooled, x, w + o, start, outputs, FCNN_VL, y + o, win);
        else if (vectors == 2 && lanes == FCNN_VL)
            panel(2, pooled, x, w + o, start, outputs, FCNN_VL, y + o, win);
        else if (vectors == 4)
            panel(WIDE, pooled, x, w + o, start, outputs, lanes, y + o, win);
        else if (vectors == 3)
            panel(WIDE == 4 ? 3 : 2, pooled, x, w + o, start, outputs, lanes, y + o, win);
        else if (vectors == 2)
            panel(2, pooled, x, w + o, start, outputs, lanes, y + o, win);
        else
            panel(1, pooled, x, w + o, start, outputs, lanes, y + o, win);
    }
}
