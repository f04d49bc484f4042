/* conv2d_winograd.c - a 3x3 convolution with a 2x2 max pool behind it, by Winograd's F(2x2, 3x3).
 *
 * Four outputs of a 3x3 filter g over a 4x4 patch d are A^T [(G g G^T) . (B^T d B)] A with
 *
 *   B^T = 1  0 -1  0     G = 1    0    0      A^T = 1  1  1  0
 *         0  1  1  0         1/2  1/2  1/2          0  1 -1 -1
 *         0 -1  1  0         1/2 -1/2  1/2
 *         0  1  0 -1         0    0    1
 *
 * 16 products where the definition has 36. The four outputs are just one pool window, so after the transform back, bias,
 * maximum, winner and ReLU happen in registers and the convolution's output is never stored. Between the transforms stand 16
 * products of matrices, V[f] (tiles, channels) U[f] (channels, outputs): those of gemm.c.
 *
 * Source: Lavin and Gray, "Fast algorithms for convolutional neural networks", CVPR 2016, section 4.1.
 */
#include "name.h"
#include "vec.h"

#define UNROLL _Pragma("GCC unroll 16")

static inline size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* ---- G g G^T ---- */

static inline __attribute__((always_inline)) void expand(const vf g[3], vf out[4])
{
    const vf half = vf_broadcast(0.5f), outer = g[0] + g[2];
    out[0] = g[0];
    out[1] = half * (outer + g[1]);
    out[2] = half * (outer - g[1]);
    out[3] = g[2];
}

void FCNN_NAME(winograd_kernel)(size_t channels, size_t outputs, const float *w, size_t begin, size_t end, float *u)
{
    const size_t size = channels * outputs;
    for (size_t at = begin * outputs; at < end * outputs; at += FCNN_VL) {
        const size_t lanes = smaller(FCNN_VL, end * outputs - at);
        vf rows[4][3];
        UNROLL for (size_t j = 0; j < 3; j++) {
            vf column[3], expanded[4];
            UNROLL for (size_t i = 0; i < 3; i++)
                column[i] = vf_load_some(w + (3 * i + j) * size + at, lanes);
            expand(column, expanded);
            UNROLL for (size_t i = 0; i < 4; i++)
                rows[i][j] = expanded[i];
        }
        UNROLL for (size_t i = 0; i < 4; i++) {
            vf expanded[4];
            expand(rows[i], expanded);
            UNROLL for (size_t j = 0; j < 4; j++)
                vf_store_some(u + (4 * i + j) * size + at, expanded[j], lanes);
        }
    }
}

/* ---- B^T d B ---- */

static inline __attribute__((always_inline)) void spread(const vf d[4], vf out[4])
{
    out[0] = d[0] - d[2];
    out[1] = d[1] + d[2];
    out[2] = d[2] - d[1];
    out[3] = d[1] - d[3];
}

/* One vector of channels of one window's patch: v[f * step], f < 16. */
static inline __attribute__((always_inline)) void transform_vector(size_t channels, size_t lanes, const float *x,
                                                                   size_t x_line, float *v, size_t step)
{
    vf rows[4][4];
    UNROLL for (size_t i = 0; i < 4; i++) {
        vf line[4];
        UNROLL for (size_t j = 0; j < 4; j++)
            line[j] = vf_load_some(x + i * x_line + j * channels, lanes);
        spread(line, rows[i]);
    }
    UNROLL for (size_t j = 0; j < 4; j++) {
        vf out[4];
        spread((vf[4]){rows[0][j], rows[1][j], rows[2][j], rows[3][j]}, out);
        UNROLL for (size_t i = 0; i < 4; i++)
            vf_store_some(v + (4 * i + j) * step, out[i], lanes);
    }
}

static void transform_patch(size_t channels, const float *x, size_t x_line, float *v, size_t step)
{
    size_t c = 0;
    for (; c + FCNN_VL <= channels; c += FCNN_VL)
        transform_vector(channels, FCNN_VL, x + c, x_line, v + c, step);
    if (c < channels)
        transform_vector(channels, channels - c, x + c, x_line, v + c, step);
}

/* ---- A^T m A, bias, maximum, ReLU ---- */

static inline __attribute__((always_inline)) void gather(const vf m[4], vf out[2])
{
    const vf sum = m[1] + m[2], difference = m[1] - m[2];
    out[0] = m[0] + sum;
    out[1] = difference - m[3];
}

/* One vector of outputs of one window, from m[f * step]. */
static inline __attribute__((always_inline)) void finish_vector(size_t lanes, const float *m, size_t step,
                                                                const float *bias, int relu, float *y, uint8_t *winner)
{
    vf rows[4][2], pixels[2][2];
    UNROLL for (size_t i = 0; i < 4; i++) {
        vf line[4];
        UNROLL for (size_t j = 0; j < 4; j++)
            line[j] = vf_load_some(m + (4 * i + j) * step, lanes);
        gather(line, rows[i]);
    }
    UNROLL for (size_t j = 0; j < 2; j++) {
        vf out[2];
        gather((vf[4]){rows[0][j], rows[1][j], rows[2][j], rows[3][j]}, out);
        pixels[0][j] = out[0];
        pixels[1][j] = out[1];
    }
    vf best = pixels[0][0];
    vi place = {0};
    UNROLL for (int k = 1; k < 4; k++) {
        const vm better = vf_greater(pixels[k / 2][k % 2], best);
        best = vf_select(better, pixels[k / 2][k % 2], best);
        place = vi_select(better, vi_broadcast(k), place);
    }
    if (bias)
        best += vf_load_some(bias, lanes);
    vf_store_some(y, relu ? vf_max((vf){0}, best) : best, lanes);
    if (winner)
        vi_store_some_bytes(winner, place, lanes);
}

static void finish_window(size_t outputs, const float *m, size_t step, const float *bias, int relu, float *y,
                          uint8_t *winner)
{
    for (size_t o = 0; o < outputs; o += FCNN_VL) {
        const float *start = bias ? bias + o : NULL;
        uint8_t *win = winner ? winner + o : NULL;
        if (o + FCNN_VL <= outputs)
            finish_vector(FCNN_VL, m + o, step, start, relu, y + o, win);
        else
            finish_vector(outputs - o, m + o, step, start, relu, y + o, win);
    }
}

void FCNN_NAME(winograd_pooled)(size_t lines, size_t width, size_t channels, size_t outputs, const float *x, size_t x_line,
                                const float *u, const float *bias, int relu, float *y, uint8_t *winner, size_t y_line,
                                float *scratch)
{
    static const ptrdiff_t run = 0;
    const size_t windows = lines * width;
    float *v = scratch, *m = scratch + 16 * FCNN_WINOGRAD_TILES * channels;   /* (16, tiles, channels), (16, tiles, outputs) */
    for (size_t first = 0; first < windows; first += FCNN_WINOGRAD_TILES) {
        const size_t tiles = smaller(FCNN_WINOGRAD_TILES, windows - first);
        for (size_t t = 0; t < tiles; t++) {
            const size_t line = (first + t) / width, column = (first + t) % width;
            transform_patch(channels, x + 2 * line * x_line + 2 * column * channels, x_line, v + t * channels,
                            tiles * channels);
        }
        const fcnn_patches rows = {.lines = 1, .width = tiles, .step = (ptrdiff_t)channels, .run = &run, .runs = 1,
                                   .run_length = channels};
        for (size_t f = 0; f < 16; f++)
            FCNN_NAME(patches_forward)(&rows, v + f * tiles * channels, u + f * channels * outputs, NULL, outputs,
                                       m + f * tiles * outputs, outputs);
        for (size_t t = 0; t < tiles; t++) {
            const size_t at = (first + t) / width * y_line + (first + t) % width * outputs;
            finish_window(outputs, m + t * outputs, tiles * outputs, bias, relu, y + at, winner ? winner + at : NULL);
        }
    }
}
