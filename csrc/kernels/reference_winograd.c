/* reference_winograd.c - Winograd's algorithm in plain loops, its matrices computed from the points: see
 * conv2d_winograd.c. */
#include "name.h"

enum { MAX_PATCH = 7 };

/* Rows of G (n, r), B^T (n, n) and A (n, m). */
typedef struct matrices {
    size_t m, r, n;
    double g[MAX_PATCH][MAX_PATCH], bt[MAX_PATCH][MAX_PATCH], a[MAX_PATCH][MAX_PATCH];
} matrices;

/* Coefficients of the product of (x - points[j]) over all j but `without`. */
static void product(const double *points, size_t count, size_t without, double *coefficients)
{
    for (size_t k = 0; k < MAX_PATCH; k++)
        coefficients[k] = k == 0;
    for (size_t j = 0; j < count; j++)
        for (size_t k = MAX_PATCH; j != without && k-- > 0;)
            coefficients[k] = (k > 0 ? coefficients[k - 1] : 0) - points[j] * coefficients[k];
}

static matrices matrices_of(const fcnn_winograd *s)
{
    static const double points[2][6] = {{0, 1, -1, 0.5, -2}, {0, 1, -1, 0.5, -0.5, 2}};
    matrices all = {.m = s->tile, .r = s->kernel, .n = s->tile + s->kernel - 1};
    const double *p = points[all.n - 6];
    const size_t finite = all.n - 1;
    for (size_t i = 0; i < finite; i++) {
        double value = 1, power = 1;
        for (size_t j = 0; j < finite; j++)
            value *= j == i ? 1 : p[i] - p[j];
        for (size_t k = 0; k < MAX_PATCH; k++, power *= p[i]) {
            all.a[i][k] = power;
            all.g[i][k] = power / value;
        }
        product(p, finite, i, all.bt[i]);
    }
    all.a[finite][all.m - 1] = all.g[finite][all.r - 1] = 1;
    product(p, finite, finite, all.bt[finite]);
    return all;
}

/* out (rows, rows) = t (rows, columns) in (columns, columns) t^T, or with t transposed. */
static void both_sides(size_t rows, size_t columns, const double t[MAX_PATCH][MAX_PATCH], int transposed,
                       const float *in, float *out)
{
    double middle[MAX_PATCH][MAX_PATCH]; /* t in */
    for (size_t i = 0; i < rows; i++)
        for (size_t l = 0; l < columns; l++) {
            middle[i][l] = 0;
            for (size_t k = 0; k < columns; k++)
                middle[i][l] += (transposed ? t[k][i] : t[i][k]) * (double)in[k * columns + l];
        }
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < rows; j++) {
            double sum = 0;
            for (size_t l = 0; l < columns; l++)
                sum += middle[i][l] * (transposed ? t[l][j] : t[j][l]);
            out[i * rows + j] = (float)sum;
        }
}

void FCNN_NAME(winograd_kernel)(const fcnn_winograd *s, const float *w, size_t begin, size_t end, float *u)
{
    const matrices all = matrices_of(s);
    const size_t size = s->channels * s->outputs, step = fcnn_winograd_kernel_step(s);
    for (size_t at = begin * s->outputs; at < end * s->outputs; at++) {
        float taps[MAX_PATCH * MAX_PATCH], transformed[MAX_PATCH * MAX_PATCH];
        for (size_t k = 0; k < all.r * all.r; k++)
            taps[k] = w[k * size + at];
        both_sides(all.n, all.r, all.g, 0, taps, transformed);
        for (size_t f = 0; f < all.n * all.n; f++)
            u[f * step + at] = transformed[f];
    }
}

static int sees_zeros(const fcnn_winograd *s, const float *x, size_t row, size_t column)
{
    int zeros = 1;
    for (size_t k = 0; k < s->kernel * s->kernel; k++)
        for (size_t c = 0; c < s->channels; c++)
            zeros &= x[(row + k / s->kernel) * s->x_line + (column + k % s->kernel) * s->channels + c] == 0;
    return zeros;
}

/* v (channels, n^2) = the transformed patches of the tile whose first output is pixel (i, j): channels [begin, end). */
static void transform_patches(const fcnn_winograd *s, const matrices *all, const float *x, size_t i, size_t j,
                              size_t begin, size_t end, float *v)
{
    const size_t n = all->n, rim = s->kernel - 1;
    for (size_t c = begin; c < end; c++) {
        float patch[MAX_PATCH * MAX_PATCH];
        for (size_t k = 0; k < n * n; k++) {
            const size_t row = i + k / n, column = j + k % n;
            patch[k] =
                row < s->lines + rim && column < s->width + rim ? x[row * s->x_line + column * s->channels + c] : 0;
        }
        both_sides(n, n, all->bt, 0, patch, v + (c - begin) * n * n);
    }
}

/* The outputs of that tile for one output channel. */
static void run_tile(const fcnn_winograd *s, const matrices *all, const float *v, const float *u, size_t o, float *out)
{
    const size_t products = all->n * all->n, step = fcnn_winograd_kernel_step(s);
    float sums[MAX_PATCH * MAX_PATCH] = {0};
    for (size_t c = 0; c < s->channels; c++)
        for (size_t f = 0; f < products; f++)
            sums[f] += v[c * products + f] * u[f * step + c * s->outputs + o];
    both_sides(all->m, all->n, all->a, 1, sums, out);
}

void FCNN_NAME(winograd_forward)(const fcnn_winograd *s, size_t images, const float *x, size_t x_stride, const float *u,
                                 const float *bias, float *y, size_t y_stride, float *scratch)
{
    const matrices all = matrices_of(s);
    for (size_t image = 0; image < images; image++, x += x_stride, y += y_stride)
        for (size_t i = 0; i < s->lines; i += s->tile)
            for (size_t j = 0; j < s->width; j += s->tile) {
                transform_patches(s, &all, x, i, j, 0, s->channels, scratch);
                for (size_t o = 0; o < s->outputs; o++) {
                    float out[MAX_PATCH * MAX_PATCH];
                    run_tile(s, &all, scratch, u, o, out);
                    for (size_t k = 0; k < s->tile * s->tile; k++) {
                        const size_t row = i + k / s->tile, column = j + k % s->tile;
                        if (row < s->lines && column < s->width)
                            y[(row * s->width + column) * s->outputs + o] = fcnn_limit(
                                (sees_zeros(s, x, row, column) ? 0.0f : out[k]) + (bias ? bias[o] : 0.0f), s->limits);
                    }
                }
            }
}

/* d (outputs, n^2) = the transformed tile of dy whose first pixel is (i, j). */
static void transform_tile(const fcnn_winograd *s, const matrices *all, const float *dy, size_t i, size_t j, float *d)
{
    for (size_t o = 0; o < s->outputs; o++) {
        float tile[MAX_PATCH * MAX_PATCH];
        for (size_t k = 0; k < all->m * all->m; k++) {
            const size_t row = i + k / all->m, column = j + k % all->m;
            tile[k] = row < s->lines && column < s->width ? dy[(row * s->width + column) * s->outputs + o] : 0;
        }
        both_sides(all->n, all->m, all->a, 0, tile, d + o * all->n * all->n);
    }
}

/* m (channels, outputs, n^2) += the products of one image. v, d: one tile's patches and dy. */
static void add_image(const fcnn_winograd *s, const matrices *all, const float *x, const float *dy, size_t begin,
                      size_t end, float *m, float *v, float *d)
{
    const size_t products = all->n * all->n;
    for (size_t i = 0; i < s->lines; i += s->tile)
        for (size_t j = 0; j < s->width; j += s->tile) {
            transform_patches(s, all, x, i, j, begin, end, v);
            transform_tile(s, all, dy, i, j, d);
            for (size_t k = 0; k < (end - begin) * s->outputs; k++)
                for (size_t f = 0; f < products; f++)
                    m[k * products + f] += v[k / s->outputs * products + f] * d[k % s->outputs * products + f];
        }
}

void FCNN_NAME(winograd_weight_gradient)(const fcnn_winograd *s, const float *x, const float *dy, size_t images,
                                         size_t stride, size_t begin, size_t end, float *gradient, int accumulate,
                                         float *scratch)
{
    const matrices all = matrices_of(s);
    const size_t products = all.n * all.n, taps = s->kernel * s->kernel, size = (end - begin) * s->outputs;
    float *m = scratch, *d = m + size * products, *v = d + s->outputs * products;
    for (size_t first = 0; first < images; first += FCNN_WINOGRAD_IMAGES, accumulate = 1) {
        for (size_t k = 0; k < size * products; k++)
            m[k] = 0;
        for (size_t image = first; image < images && image < first + FCNN_WINOGRAD_IMAGES; image++)
            add_image(s, &all, x + image * stride, dy + image * stride, begin, end, m, v, d);
        for (size_t k = 0; k < size; k++) {
            float back[MAX_PATCH * MAX_PATCH];
            both_sides(all.r, all.n, all.g, 1, m + k * products, back);
            for (size_t tap = 0; tap < taps; tap++) {
                float *to = gradient + (tap * s->channels + begin) * s->outputs + k;
                *to = (accumulate ? *to : 0) + back[tap];
            }
        }
    }
}
