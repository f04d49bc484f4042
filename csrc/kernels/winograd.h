/* winograd.h - the transforms of Winograd's F(m x m, r x r), for the convolution (conv2d_winograd.c) and for the
 * gradient of its kernel (winograd_gradient.c).
 *
 * The rows of G and of A evaluate at n - 1 points p and at infinity, (1, p, ..., p^(r-1)) / f(p) and (1, p, ...,
 * p^(m-1)), and a row of B^T holds the coefficients of the product of (x - q) over the other points q, where f(p) is
 * its value at p. Two sets of points serve:
 *
 *   n = 6: 0, 1, -1, 1/2, -2           F(4x4, 3x3): 36 products for 144      F(2x2, 5x5): 36 for 100
 *   n = 7: 0, 1, -1, 1/2, -1/2, 2      F(5x5, 3x3): 49 products for 225      F(3x3, 5x5): 49 for 225
 *
 * Points near 1 keep the rounding errors small; docs/numerics.md tells how small. The transforms below are these
 * matrices, with what rows have in common computed once.
 *
 * Sources: Lavin and Gray, "Fast algorithms for convolutional neural networks", CVPR 2016, section 4; for the choice of
 * points, Barabasz, Anderson, Soodhalter and Gregg, "Error analysis and improving the accuracy of Winograd
 * convolution", 2018.
 */
#ifndef FCNN_WINOGRAD_KERNELS_H
#define FCNN_WINOGRAD_KERNELS_H

#include "name.h"
#include "vec.h"

enum { MAX_TILE = 5, MAX_PATCH = 7 };

/* a + factor * b */
static ALWAYS_INLINE vf plus(vf a, float factor, vf b) { return vf_fma(vf_broadcast(factor), b, a); }

/* ---- one dimension: G (n, r) expands, B^T (n, n) spreads, A^T (m, n) gathers ---- */

typedef void transform(const vf *in, vf *out);

/* The polynomial with `count` coefficients g at the point p. */
static ALWAYS_INLINE vf value_at(float p, size_t count, const vf *g)
{
    vf value = g[count - 1];
    UNROLLED_FOR (size_t k = count - 1; k-- > 0;)
        value = plus(g[k], p, value);
    return value;
}

static ALWAYS_INLINE void expand_6(size_t count, const vf *g, vf out[6])
{
    out[0] = g[0];
    out[1] = value_at(1.0f, count, g) * (1.0f / 3.0f);
    out[2] = value_at(-1.0f, count, g) * (-1.0f / 3.0f);
    out[3] = value_at(0.5f, count, g) * (-16.0f / 15.0f);
    out[4] = value_at(-2.0f, count, g) * (1.0f / 15.0f);
    out[5] = g[count - 1];
}

static ALWAYS_INLINE void spread_6(const vf d[6], vf out[6])
{
    vf t[4]; /* d (x - 1/2) (x + 2) */
    UNROLLED_FOR (size_t k = 0; k < 4; k++)
        t[k] = plus(d[k + 2] - d[k], 1.5f, d[k + 1]);
    const vf odd = d[3] - d[1], even = d[4] - d[2];
    out[0] = t[2] - t[0];
    out[1] = t[2] + t[1];
    out[2] = t[2] - t[1];
    out[3] = plus(even, 2.0f, odd);
    out[4] = plus(even, -0.5f, odd);
    out[5] = t[3] - t[1];
}

/* count: 2 to 5 */
static ALWAYS_INLINE void gather_6(size_t count, const vf m[6], vf *out)
{
    const vf sum = m[1] + m[2], difference = m[1] - m[2];
    out[0] = (m[0] + sum) + (m[3] + m[4]);
    out[1] = plus(plus(difference, 0.5f, m[3]), -2.0f, m[4]);
    if (count > 2)
        out[2] = plus(plus(sum, 0.25f, m[3]), 4.0f, m[4]);
    if (count > 3)
        out[3] = plus(plus(difference, 0.125f, m[3]), -8.0f, m[4]);
    if (count > 4)
        out[4] = plus(plus(sum, 0.0625f, m[3]), 16.0f, m[4]);
    out[count - 1] += m[5];
}

static ALWAYS_INLINE void expand_7(size_t count, const vf *g, vf out[7])
{
    out[0] = g[0] * -2.0f;
    out[1] = value_at(1.0f, count, g) * (-2.0f / 3.0f);
    out[2] = value_at(-1.0f, count, g) * (-2.0f / 9.0f);
    out[3] = value_at(0.5f, count, g) * (16.0f / 9.0f);
    out[4] = value_at(-0.5f, count, g) * (16.0f / 15.0f);
    out[5] = value_at(2.0f, count, g) * (2.0f / 45.0f);
    out[6] = g[count - 1];
}

static ALWAYS_INLINE void spread_7(const vf d[7], vf out[7])
{
    vf t[6]; /* d (x - 2) */
    UNROLLED_FOR (size_t k = 0; k < 6; k++)
        t[k] = plus(d[k + 1], -2.0f, d[k]);
    const vf even_1 = plus(t[4], -0.25f, t[2]), odd_1 = plus(t[3], -0.25f, t[1]);
    const vf even_2 = t[4] - t[2], odd_2 = t[3] - t[1];
    out[0] = plus(plus(t[4], -1.25f, t[2]), 0.25f, t[0]);
    out[1] = even_1 + odd_1;
    out[2] = even_1 - odd_1;
    out[3] = plus(even_2, 0.5f, odd_2);
    out[4] = plus(even_2, -0.5f, odd_2);
    out[5] = plus(plus(d[5], -1.25f, d[3]), 0.25f, d[1]);
    out[6] = plus(plus(t[5], -1.25f, t[3]), 0.25f, t[1]);
}

/* count: 3 or 5 */
static ALWAYS_INLINE void gather_7(size_t count, const vf m[7], vf *out)
{
    const vf sum_1 = m[1] + m[2], difference_1 = m[1] - m[2];
    const vf sum_2 = m[3] + m[4], difference_2 = m[3] - m[4];
    out[0] = (m[0] + m[5]) + (sum_1 + sum_2);
    out[1] = plus(plus(difference_1, 0.5f, difference_2), 2.0f, m[5]);
    out[2] = plus(plus(sum_1, 0.25f, sum_2), 4.0f, m[5]);
    if (count == 5) {
        out[3] = plus(plus(difference_1, 0.125f, difference_2), 8.0f, m[5]);
        out[4] = plus(plus(sum_1, 0.0625f, sum_2), 16.0f, m[5]);
    }
    out[count - 1] += m[6];
}

/* ---- two dimensions ---- */

/* Each transform of a square goes over its lines first, then over the columns of the result. */
typedef vf square[MAX_PATCH][MAX_PATCH];

/* The transform of column j of the first `lines` lines. */
static ALWAYS_INLINE void transform_column(size_t lines, transform *one, square middle, size_t j, vf out[MAX_PATCH])
{
    vf column[MAX_PATCH];
    UNROLLED_FOR (size_t i = 0; i < lines; i++)
        column[i] = middle[i][j];
    one(column, out);
}

/* ---- from one square to a larger one: G g G^T, B^T d B, A dy A^T ---- */

/* A square of `size` x `size` pixels, of which those beyond `lines` and `columns` count as 0. */
typedef struct patch {
    const float *x;
    size_t line, step; /* floats from line to line, and from pixel to pixel */
    size_t lines, columns;
} patch;

/* One vector of channels, into n^2 matrices `step` floats apart. */
static ALWAYS_INLINE void transform_vector(size_t size, size_t n, transform *one, patch p, size_t lanes, float *v,
                                           size_t step)
{
    square middle;
    vf line[MAX_PATCH];
    for (size_t i = 0; i < size; i++) {
        UNROLLED_FOR (size_t j = 0; j < size; j++)
            line[j] = i < p.lines && j < p.columns ? vf_load_some(p.x + i * p.line + j * p.step, lanes) : (vf){0};
        one(line, middle[i]);
    }
    for (size_t j = 0; j < n; j++) {
        transform_column(size, one, middle, j, line);
        UNROLLED_FOR (size_t i = 0; i < n; i++)
            vf_store_some(v + (i * n + j) * step, line[i], lanes);
    }
}

/* All channels. Whole vectors in whole squares, nearly all of the work, get code of their own. */
static ALWAYS_INLINE void transform_patch(size_t size, size_t n, transform *one, patch p, size_t channels, float *v,
                                          size_t step)
{
    const int whole = p.lines == size && p.columns == size;
    for (size_t c = 0; c < channels; c += FCNN_VL, p.x += FCNN_VL) {
        const size_t lanes = smaller(FCNN_VL, channels - c);
        if (whole && lanes == FCNN_VL)
            transform_vector(size, n, one, (patch){p.x, p.line, p.step, size, size}, FCNN_VL, v + c, step);
        else
            transform_vector(size, n, one, p, lanes, v + c, step);
    }
}

#endif
