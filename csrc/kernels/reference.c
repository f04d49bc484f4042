/* reference.c - the products' contracts in plain loops: the specification, and the tests' oracle. */
#include <math.h>

#include "name.h"

/* Where row `row`, column `column` of the patch matrix lies in its image. */
static ptrdiff_t position(const fcnn_patches *patches, size_t row, size_t column)
{
    return (ptrdiff_t)(row / patches->width) * patches->line_step + (ptrdiff_t)(row % patches->width) * patches->step +
           patches->run[column / patches->run_length] + (ptrdiff_t)(column % patches->run_length);
}

void FCNN_NAME(patches_forward)(const fcnn_patches *patches, const float *x, const float *w, const float *bias,
                                size_t outputs, float *y, size_t ldy)
{
    const size_t columns = patches->runs * patches->run_length;
    for (size_t r = 0; r < patches->lines * patches->width; r++)
        for (size_t o = 0; o < outputs; o++) {
            float sum = bias ? bias[o] : 0.0f;
            for (size_t k = 0; k < columns; k++)
                sum = fmaf(x[position(patches, r, k)], w[k * outputs + o], sum);
            y[r * ldy + o] = sum;
        }
}

void FCNN_NAME(patches_weight_gradient)(const fcnn_patches *patches, const float *x, const float *dy, size_t ldy,
                                        size_t images, size_t stride, size_t outputs, size_t begin, size_t end,
                                        float *gradient)
{
    for (size_t k = begin; k < end; k++)
        for (size_t o = 0; o < outputs; o++) {
            float sum = 0.0f;
            for (size_t i = 0; i < images; i++)
                for (size_t r = 0; r < patches->lines * patches->width; r++)
                    sum = fmaf(x[i * stride + (size_t)position(patches, r, k)], dy[i * stride + r * ldy + o], sum);
            gradient[k * outputs + o] = sum;
        }
}

void FCNN_NAME(bias_gradient)(const float *dy, size_t ldy, size_t rows, size_t images, size_t stride, size_t outputs,
                              float *gradient)
{
    for (size_t o = 0; o < outputs; o++) {
        float sum = 0.0f;
        for (size_t i = 0; i < images; i++)
            for (size_t r = 0; r < rows; r++)
                sum += dy[i * stride + r * ldy + o];
        gradient[o] = sum;
    }
}

void FCNN_NAME(patches_input_gradient)(const fcnn_patches *patches, size_t tap, const float *dy, size_t ldy,
                                       const float *wt, size_t outputs, float *dx)
{
    const size_t columns = patches->runs * patches->run_length;
    for (size_t k = 0; k < columns; k++)
        for (size_t r = 0; r < patches->lines * patches->width; r++) {
            float sum = 0.0f;
            for (size_t o = 0; o < outputs; o++)
                sum = fmaf(dy[r * ldy + o], wt[(k / tap * outputs + o) * tap + k % tap], sum);
            dx[position(patches, r, k)] += sum;
        }
}

void FCNN_NAME(dense_input_gradient)(size_t images, size_t inputs, size_t outputs, const float *dy, size_t lddy,
                                     const float *w, float *dx, size_t lddx, float *scratch)
{
    (void)scratch;
    for (size_t n = 0; n < images; n++)
        for (size_t i = 0; i < inputs; i++) {
            float sum = 0.0f;
            for (size_t o = 0; o < outputs; o++)
                sum = fmaf(w[i * outputs + o], dy[n * lddy + o], sum);
            dx[n * lddx + i] = sum;
        }
}

/* G, B^T and A^T of F(2x2, 3x3): see conv2d_winograd.c. */
static const float winograd_g[4][3] = {{1, 0, 0}, {0.5f, 0.5f, 0.5f}, {0.5f, -0.5f, 0.5f}, {0, 0, 1}};
static const float winograd_b[4][4] = {{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, 1, 0, -1}};
static const float winograd_a[2][4] = {{1, 1, 1, 0}, {0, 1, -1, -1}};

/* out (rows, rows) = t (rows, columns) in (columns, columns) t^T */
static void both_sides(size_t rows, size_t columns, const float *t, const float *in, float *out)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < rows; j++) {
            float sum = 0.0f;
            for (size_t k = 0; k < columns; k++)
                for (size_t l = 0; l < columns; l++)
                    sum += t[i * columns + k] * t[j * columns + l] * in[k * columns + l];
            out[i * rows + j] = sum;
        }
}

void FCNN_NAME(winograd_kernel)(size_t channels, size_t outputs, const float *w, size_t begin, size_t end, float *u)
{
    const size_t size = channels * outputs;
    for (size_t at = begin * outputs; at < end * outputs; at++) {
        float taps[9], product[16];
        for (size_t k = 0; k < 9; k++)
            taps[k] = w[k * size + at];
        both_sides(4, 3, winograd_g[0], taps, product);
        for (size_t f = 0; f < 16; f++)
            u[f * size + at] = product[f];
    }
}

/* The four conv outputs of a window, without bias, for one output channel. */
static void winograd_window(size_t channels, size_t outputs, const float *x, size_t x_line, const float *u, size_t o,
                            float pixels[4])
{
    float product[16] = {0};
    for (size_t c = 0; c < channels; c++) {
        float patch[16], v[16];
        for (size_t k = 0; k < 16; k++)
            patch[k] = x[k / 4 * x_line + k % 4 * channels + c];
        both_sides(4, 4, winograd_b[0], patch, v);
        for (size_t f = 0; f < 16; f++)
            product[f] = fmaf(v[f], u[(f * channels + c) * outputs + o], product[f]);
    }
    both_sides(2, 4, winograd_a[0], product, pixels);
}

void FCNN_NAME(winograd_pooled)(size_t lines, size_t width, size_t channels, size_t outputs, const float *x, size_t x_line,
                                const float *u, const float *bias, int relu, float *y, uint8_t *winner, size_t y_line,
                                float *scratch)
{
    (void)scratch;
    for (size_t i = 0; i < lines; i++)
        for (size_t j = 0; j < width; j++)
            for (size_t o = 0; o < outputs; o++) {
                float pixels[4];
                winograd_window(channels, outputs, x + 2 * i * x_line + 2 * j * channels, x_line, u, o, pixels);
                uint8_t best = 0;
                for (uint8_t k = 1; k < 4; k++)
                    if (pixels[k] > pixels[best])
                        best = k;
                const float value = pixels[best] + (bias ? bias[o] : 0.0f);
                const size_t at = i * y_line + j * outputs + o;
                y[at] = relu && value < 0.0f ? 0.0f : value;
                if (winner)
                    winner[at] = best;
            }
}

/* Where the patch of entry (window, output) lies, and its gradient: 0 where it does not live. */
static ptrdiff_t pooled_position(const fcnn_pooled *pooled, size_t window, size_t column, uint8_t member)
{
    return pooled->origin + pooled->member[member] + position(&pooled->window, window, column);
}

static size_t pooled_entry(const fcnn_pooled *pooled, size_t window, size_t outputs, size_t o)
{
    return (window / pooled->window.width * pooled->out_width + window % pooled->window.width) * outputs + o;
}

void FCNN_NAME(pooled_forward)(const fcnn_pooled *pooled, const float *x, const float *w, const float *bias,
                               size_t outputs, float *y, uint8_t *winner)
{
    const size_t columns = pooled->window.runs * pooled->window.run_length;
    for (size_t n = 0; n < pooled->window.lines * pooled->window.width; n++)
        for (size_t o = 0; o < outputs; o++) {
            const size_t at = pooled_entry(pooled, n, outputs, o);
            float best = -INFINITY;
            for (size_t m = 0; m < pooled->members; m++) {
                float sum = bias ? bias[o] : 0.0f;
                for (size_t k = 0; k < columns; k++)
                    sum = fmaf(x[pooled_position(pooled, n, k, (uint8_t)m)], w[k * outputs + o], sum);
                if (m == 0 || sum > best) {
                    best = sum;
                    if (winner)
                        winner[at] = (uint8_t)m;
                }
            }
            y[at] = pooled->relu && best < 0.0f ? 0.0f : best;
        }
}

void FCNN_NAME(pooled_weight_gradient)(const fcnn_pooled *pooled, const float *x, const float *y, const float *dy,
                                       const uint8_t *winner, size_t images, size_t stride, size_t outputs,
                                       size_t begin, size_t end, float *gradient, float *bias, float *scratch)
{
    (void)scratch;
    const size_t columns = pooled->window.runs * pooled->window.run_length;
    for (size_t o = begin; o < end; o++) {
        for (size_t k = 0; k < columns; k++)
            gradient[k * outputs + o] = 0.0f;
        bias[o] = 0.0f;
        for (size_t i = 0; i < images; i++)
            for (size_t w = 0; w < pooled->window.lines * pooled->window.width; w++) {
                const size_t at = i * stride + pooled_entry(pooled, w, outputs, o);
                if (pooled->relu && !(y[at] > 0.0f))
                    continue;
                const uint8_t member = winner[i * stride * (sizeof(float) - 1) + at];
                for (size_t k = 0; k < columns; k++)
                    gradient[k * outputs + o] = fmaf(dy[at], x[(ptrdiff_t)(i * stride) + pooled_position(pooled, w, k, member)],
                                                     gradient[k * outputs + o]);
                bias[o] += dy[at];
            }
    }
}

void FCNN_NAME(pooled_input_gradient)(const fcnn_pooled *pooled, const float *y, const float *dy, const uint8_t *winner,
                                      const float *wt, size_t outputs, float *dx, float *scratch)
{
    (void)scratch;
    const size_t columns = pooled->window.runs * pooled->window.run_length;
    for (size_t w = 0; w < pooled->window.lines * pooled->window.width; w++)
        for (size_t m = 0; m < pooled->members; m++)
            for (size_t o = 0; o < outputs; o++) {
                const size_t at = pooled_entry(pooled, w, outputs, o);
                if (winner[at] != m || (pooled->relu && !(y[at] > 0.0f)))
                    continue;
                for (size_t k = 0; k < columns; k++) {
                    float *to = dx + pooled_position(pooled, w, k, winner[at]);
                    *to = fmaf(dy[at], wt[o * columns + k], *to);
                }
            }
}

/* As above, with the weights of a channel in its slice. */
void FCNN_NAME(pooled_input_gradient_3x3)(const fcnn_pooled *pooled, size_t channels, const float *y, const float *dy,
                                          const uint8_t *winner, const float *wt, size_t outputs, float *dx, float *scratch)
{
    (void)scratch;
    for (size_t w = 0; w < pooled->window.lines * pooled->window.width; w++)
        for (size_t m = 0; m < pooled->members; m++)
            for (size_t o = 0; o < outputs; o++) {
                const size_t at = pooled_entry(pooled, w, outputs, o);
                if (winner[at] != m || (pooled->relu && !(y[at] > 0.0f)))
                    continue;
                for (size_t k = 0; k < 9 * channels; k++) {
                    const size_t tap = k / channels, c = k % channels;
                    const size_t slice = c / FCNN_POOLED_SLICE * outputs + o;
                    float *to = dx + pooled_position(pooled, w, k, winner[at]);
                    *to = fmaf(dy[at], wt[(slice * 9 + tap) * FCNN_POOLED_SLICE + c % FCNN_POOLED_SLICE], *to);
                }
            }
}

void FCNN_NAME(transpose)(size_t rows, size_t columns, const float *a, size_t lda, float *t, size_t ldt)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++)
            t[c * ldt + r] = a[r * lda + c];
}
