/* reference.c - the products' contracts in plain loops: the specification, and the tests' oracle. */
#include <math.h>

#include "name.h"

/* The end of a sum whose zero terms may be left out: +0 in place of -0. */
static float end_sum(float sum) { return sum + 0.0f; }

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
            y[r * ldy + o] = fcnn_limit(end_sum(sum), patches->limits);
        }
}

void FCNN_NAME(patches_weight_gradient)(const fcnn_patches *patches, const float *x, const float *dy, size_t ldy,
                                        size_t images, size_t stride, size_t outputs, size_t begin, size_t end,
                                        float *gradient, int accumulate, float *updated)
{
    (void)updated;
    for (size_t k = begin; k < end; k++)
        for (size_t o = 0; o < outputs; o++) {
            float sum = accumulate ? gradient[(k - begin) * outputs + o] : 0.0f;
            for (size_t i = 0; i < images; i++)
                for (size_t r = 0; r < patches->lines * patches->width; r++)
                    sum = fmaf(x[i * stride + (size_t)position(patches, r, k)], dy[i * stride + r * ldy + o], sum);
            gradient[(k - begin) * outputs + o] = end_sum(sum);
        }
}

void FCNN_NAME(sum_rows)(const float *a, size_t lda, size_t rows, size_t images, size_t stride, size_t columns,
                         float *sum, int accumulate)
{
    for (size_t o = 0; o < columns; o++) {
        float total = accumulate ? sum[o] : 0.0f;
        for (size_t i = 0; i < images; i++)
            for (size_t r = 0; r < rows; r++)
                total += a[i * stride + r * lda + o];
        sum[o] = end_sum(total);
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

/* The pixel that output (i, j) sees with tap (a, b); 0 outside of the image. */
static float seen(const fcnn_depthwise *s, const float *x, size_t i, size_t j, size_t a, size_t b)
{
    const ptrdiff_t line = (ptrdiff_t)(i * s->strides[0] + a * s->dilation[0]) - s->before[0];
    const ptrdiff_t column = (ptrdiff_t)(j * s->strides[1] + b * s->dilation[1]) - s->before[1];
    if (line < 0 || line >= (ptrdiff_t)s->height || column < 0 || column >= (ptrdiff_t)s->width)
        return 0.0f;
    return x[((size_t)line * s->width + (size_t)column) * s->channels];
}

void FCNN_NAME(depthwise_forward)(const fcnn_depthwise *s, const float *x, const float *w, const float *bias, float *y)
{
    for (size_t i = 0; i < s->lines; i++)
        for (size_t j = 0; j < s->columns; j++)
            for (size_t c = 0; c < s->channels; c++) {
                float sum = bias ? bias[c] : 0.0f;
                for (size_t a = 0; a < s->kernel[0]; a++)
                    for (size_t b = 0; b < s->kernel[1]; b++)
                        sum = fmaf(seen(s, x + c, i, j, a, b), w[(a * s->kernel[1] + b) * s->channels + c], sum);
                y[(ptrdiff_t)i * s->y_line + (ptrdiff_t)j * s->y_step + (ptrdiff_t)c] =
                    fcnn_limit(end_sum(sum), s->limits);
            }
}

void FCNN_NAME(depthwise_weight_gradient)(const fcnn_depthwise *s, const float *x, const float *dy, size_t images,
                                          size_t stride, size_t begin, size_t end, float *gradient, int accumulate)
{
    for (size_t t = 0; t < s->kernel[0] * s->kernel[1]; t++)
        for (size_t c = begin; c < end; c++) {
            float *sum = &gradient[t * s->channels + c];
            *sum = accumulate ? *sum : 0.0f;
            for (size_t n = 0; n < images; n++)
                for (size_t r = 0; r < s->lines * s->columns; r++)
                    *sum = fmaf(
                        seen(s, x + n * stride + c, r / s->columns, r % s->columns, t / s->kernel[1], t % s->kernel[1]),
                        dy[n * stride + r * s->channels + c], *sum);
            *sum = end_sum(*sum);
        }
}

void FCNN_NAME(dense_forward)(size_t images, size_t inputs, size_t outputs, const float *x, size_t ldx, const float *w,
                              const float *bias, float *y, size_t ldy)
{
    for (size_t n = 0; n < images; n++)
        for (size_t o = 0; o < outputs; o++) {
            float sum = bias ? bias[o] : 0.0f;
            for (size_t i = 0; i < inputs; i++)
                sum = fmaf(x[n * ldx + i], w[i * outputs + o], sum);
            y[n * ldy + o] = end_sum(sum);
        }
}

void FCNN_NAME(dense_weight_gradient)(size_t images, size_t stride, size_t outputs, const float *x, const float *dy,
                                      size_t begin, size_t end, float *gradient, int accumulate, float *updated)
{
    (void)updated;
    for (size_t i = begin; i < end; i++)
        for (size_t o = 0; o < outputs; o++) {
            float *sum = &gradient[(i - begin) * outputs + o];
            *sum = accumulate ? *sum : 0.0f;
            for (size_t n = 0; n < images; n++)
                *sum = fmaf(x[n * stride + i], dy[n * stride + o], *sum);
            *sum = end_sum(*sum);
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

void FCNN_NAME(dense_backward)(size_t images, size_t inputs, size_t outputs, const float *x, size_t ldx,
                               const float *dy, size_t lddy, const float *w, float *dx, float *gradient, int accumulate)
{
    for (size_t i = 0; i < inputs; i++)
        for (size_t o = 0; o < outputs; o++) {
            float *sum = &gradient[i * outputs + o];
            *sum = accumulate ? *sum : 0.0f;
            for (size_t n = 0; n < images; n++)
                *sum = fmaf(x[n * ldx + i], dy[n * lddy + o], *sum);
            *sum = end_sum(*sum);
        }
    for (size_t n = 0; n < images; n++)
        for (size_t i = 0; i < inputs; i++) {
            float sum[FCNN_DENSE_LANES] = {0};
            for (size_t o = 0; o < outputs; o++)
                sum[o % FCNN_DENSE_LANES] = fmaf(w[i * outputs + o], dy[n * lddy + o], sum[o % FCNN_DENSE_LANES]);
            for (size_t apart = FCNN_DENSE_LANES / 2; apart > 0; apart /= 2)
                for (size_t j = 0; j < apart; j++)
                    sum[j] += sum[j + apart];
            dx[n * ldx + i] = x[n * ldx + i] == 0.0f ? 0.0f : end_sum(sum[0]);
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
                                       size_t begin, size_t end, float *gradient, float *bias, int accumulate,
                                       float *scratch)
{
    (void)scratch;
    const size_t columns = pooled->window.runs * pooled->window.run_length;
    for (size_t o = begin; o < end; o++) {
        for (size_t k = 0; k < columns && !accumulate; k++)
            gradient[k * outputs + o] = 0.0f;
        bias[o] = accumulate ? bias[o] : 0.0f;
        for (size_t i = 0; i < images; i++)
            for (size_t w = 0; w < pooled->window.lines * pooled->window.width; w++) {
                const size_t at = i * stride + pooled_entry(pooled, w, outputs, o);
                if (pooled->relu && !(y[at] > 0.0f))
                    continue;
                const uint8_t member = winner[i * stride * (sizeof(float) - 1) + at];
                for (size_t k = 0; k < columns; k++)
                    gradient[k * outputs + o] =
                        fmaf(dy[at], x[(ptrdiff_t)(i * stride) + pooled_position(pooled, w, k, member)],
                             gradient[k * outputs + o]);
                bias[o] += dy[at];
            }
        bias[o] = end_sum(bias[o]);
        for (size_t k = 0; k < columns; k++)
            gradient[k * outputs + o] = end_sum(gradient[k * outputs + o]);
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
                    *to = end_sum(fmaf(dy[at], wt[o * columns + k], *to));
                }
            }
}

/* As above, with the weights of a channel in its slice, and some outputs after the other. */
void FCNN_NAME(pooled_input_gradient_3x3)(const fcnn_pooled *pooled, size_t channels, size_t images, size_t stride,
                                          const float *y, const float *dy, const uint8_t *winner, const float *wt,
                                          size_t outputs, float *dx, float *scratch)
{
    (void)scratch;
    const size_t windows = pooled->window.lines * pooled->window.width;
    for (size_t n = 0; n < images; n++, y += stride, dy += stride, winner += stride * sizeof(float), dx += stride)
        for (size_t first = 0; first < outputs; first += FCNN_LIVE_WORD)
            for (size_t i = 0; i < windows * pooled->members * FCNN_LIVE_WORD; i++) {
                const size_t w = i / FCNN_LIVE_WORD / pooled->members, m = i / FCNN_LIVE_WORD % pooled->members;
                const size_t o = first + i % FCNN_LIVE_WORD, at = pooled_entry(pooled, w, outputs, o);
                if (o >= outputs || winner[at] != m || (pooled->relu && !(y[at] > 0.0f)))
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
