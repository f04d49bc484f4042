/* int8.c - layers in 8 bits. Products are summed in 32 bits; what a sum is worth is `scale`, in steps of the output. */
#include "int8.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "windows.h"

/* Float to int8: a step of y is worth 1 / per_unit. */
static void quantize(size_t size, float per_unit, const stored *s, const float *x, int8_t *y)
{
    for (size_t i = 0; i < size; i++)
        y[i] = store(s, x[i] * per_unit);
}

/* And back. */
static void dequantize(size_t size, float scale, int32_t zero, const int8_t *x, float *y)
{
    for (size_t i = 0; i < size; i++)
        y[i] = scale * (float)(x[i] - zero);
}

static void store_sums(size_t size, const int32_t *restrict sums, const float *restrict scale, const stored *s,
                       int8_t *restrict y)
{
    for (size_t o = 0; o < size; o++)
        y[o] = store(s, (float)sums[o] * scale[o]);
}

/* A number less its zero, times a weight: at most 255 * 127, which 16 bits hold. */
static int16_t product(int32_t x, int8_t w) { return (int16_t)(x * w); }

/* sums[o] += sum over i of (x[i] - zero) * w[i * row + o] */
static void add_int8_products(size_t inputs, size_t outputs, const int8_t *restrict x, int32_t zero,
                              const int8_t *restrict w, size_t row, int32_t *restrict sums)
{
    const size_t fours = inputs / 4 * 4;
    for (size_t i = 0; i < fours; i += 4, w += 4 * row) {
        const int32_t x0 = x[i] - zero, x1 = x[i + 1] - zero, x2 = x[i + 2] - zero, x3 = x[i + 3] - zero;
        for (size_t o = 0; o < outputs; o++)
            sums[o] +=
                product(x0, w[o]) + product(x1, w[row + o]) + product(x2, w[2 * row + o]) + product(x3, w[3 * row + o]);
    }
    for (size_t i = fours; i < inputs; i++, w += row)
        for (size_t o = 0; o < outputs; o++)
            sums[o] += product(x[i] - zero, w[o]);
}

/* x (rows, inputs) times w (inputs, outputs), plus the bias (outputs). */
static void dense_int8(size_t rows, size_t inputs, size_t outputs, const int8_t *x, int32_t zero, const int8_t *w,
                       const int32_t *bias, const float *scale, const stored *s, int32_t *sums, int8_t *y)
{
    for (size_t r = 0; r < rows; r++, x += inputs, y += outputs) {
        memcpy(sums, bias, outputs * sizeof *sums);
        add_int8_products(inputs, outputs, x, zero, w, outputs, sums);
        store_sums(outputs, sums, scale, s, y);
    }
}

/* A convolution: its windows, its kernel w (height, width, channels / groups, filters) and its bias (filters). */
typedef struct int8_convolution {
    windows at;
    size_t groups, filters;
    int32_t zero; /* of x */
    const int8_t *w;
    const int32_t *bias;
    const float *scale;
    stored stored; /* outputs */
} int8_convolution;

/* y = the filters at one window. Pixels that lie side by side are one run of numbers, in the image as in w. */
static void convolve_int8(const int8_convolution *k, size_t line, size_t column, const int8_t *x, int32_t *sums,
                          int8_t *y)
{
    const windows *p = &k->at;
    const size_t inputs = p->channels / k->groups, outputs = k->filters / k->groups;
    const span lines = inside(p, 0, line), columns = inside(p, 1, column);
    const size_t run = k->groups == 1 && p->dilation[1] == 1 ? columns.end - columns.begin : 1;
    memcpy(sums, k->bias, k->filters * sizeof *sums);
    for (size_t i = lines.begin; i < lines.end; i++)
        for (size_t j = columns.begin; j < columns.end; j += run)
            for (size_t g = 0; g < k->groups; g++)
                add_int8_products(run * inputs, outputs, x + place(p, line, column, i, j) + g * inputs, k->zero,
                                  k->w + (i * p->size[1] + j) * inputs * k->filters + g * outputs, k->filters,
                                  sums + g * outputs);
    store_sums(k->filters, sums, k->scale, &k->stored, y);
}

static void conv2d_int8(const int8_convolution *k, const int8_t *x, int32_t *sums, int8_t *y)
{
    for (size_t line = 0; line < k->at.count[0]; line++)
        for (size_t column = 0; column < k->at.count[1]; column++, y += k->filters)
            convolve_int8(k, line, column, x, sums, y);
}

/* The largest outputs of a convolution in each window of `pool`; only one pixel of it is kept at a time. */
static void conv2d_max_pool_int8(const int8_convolution *k, const windows *pool, const int8_t *x, int32_t *sums,
                                 int8_t *restrict pixel, int8_t *restrict y)
{
    for (size_t line = 0; line < pool->count[0]; line++)
        for (size_t column = 0; column < pool->count[1]; column++, y += k->filters) {
            const span lines = inside(pool, 0, line), columns = inside(pool, 1, column);
            memset(y, -128, k->filters);
            for (size_t i = lines.begin; i < lines.end; i++)
                for (size_t j = columns.begin; j < columns.end; j++) {
                    convolve_int8(k, line * pool->stride[0] + i - pool->before[0],
                                  column * pool->stride[1] + j - pool->before[1], x, sums, pixel);
                    for (size_t o = 0; o < k->filters; o++)
                        y[o] = pixel[o] > y[o] ? pixel[o] : y[o];
                }
        }
}

/* Each channel with kernels of its own: w (height, width, channels, multiplier), bias (channels * multiplier). */
static void depthwise_conv2d_int8(const windows *p, size_t multiplier, const int8_t *restrict x, int32_t zero,
                                  const int8_t *restrict w, const int32_t *bias, const float *scale, const stored *s,
                                  int32_t *restrict sums, int8_t *y)
{
    const size_t outputs = p->channels * multiplier;
    for (size_t line = 0; line < p->count[0]; line++)
        for (size_t column = 0; column < p->count[1]; column++, y += outputs) {
            const span lines = inside(p, 0, line), columns = inside(p, 1, column);
            memcpy(sums, bias, outputs * sizeof *sums);
            for (size_t i = lines.begin; i < lines.end; i++)
                for (size_t j = columns.begin; j < columns.end; j++) {
                    const int8_t *from = x + place(p, line, column, i, j), *tap = w + (i * p->size[1] + j) * outputs;
                    if (multiplier == 1)
                        for (size_t o = 0; o < outputs; o++)
                            sums[o] += (from[o] - zero) * tap[o];
                    else
                        for (size_t o = 0; o < outputs; o++)
                            sums[o] += (from[o / multiplier] - zero) * tap[o];
                }
            store_sums(outputs, sums, scale, s, y);
        }
}

/* x and y have the same scale and zero. */
static void max_pool_int8(const windows *p, const int8_t *restrict x, int8_t *restrict y)
{
    for (size_t line = 0; line < p->count[0]; line++)
        for (size_t column = 0; column < p->count[1]; column++, y += p->channels) {
            const span lines = inside(p, 0, line), columns = inside(p, 1, column);
            memset(y, -128, p->channels);
            for (size_t i = lines.begin; i < lines.end; i++)
                for (size_t j = columns.begin; j < columns.end; j++) {
                    const int8_t *from = x + place(p, line, column, i, j);
                    for (size_t c = 0; c < p->channels; c++)
                        y[c] = from[c] > y[c] ? from[c] : y[c];
                }
        }
}

/* A step of x is worth `scale` steps of y. */
static void average_pool_int8(const windows *p, int32_t zero, float scale, const stored *s, const int8_t *restrict x,
                              int32_t *restrict sums, int8_t *y)
{
    for (size_t line = 0; line < p->count[0]; line++)
        for (size_t column = 0; column < p->count[1]; column++, y += p->channels) {
            const span lines = inside(p, 0, line), columns = inside(p, 1, column);
            const float pixels = (float)((lines.end - lines.begin) * (columns.end - columns.begin));
            memset(sums, 0, p->channels * sizeof *sums);
            for (size_t i = lines.begin; i < lines.end; i++)
                for (size_t j = columns.begin; j < columns.end; j++) {
                    const int8_t *from = x + place(p, line, column, i, j);
                    for (size_t c = 0; c < p->channels; c++)
                        sums[c] += from[c] - zero;
                }
            for (size_t c = 0; c < p->channels; c++)
                y[c] = store(s, (float)sums[c] / pixels * scale);
        }
}

/* One of the arrays that are added: a step of it is worth `scale` steps of the sum. */
typedef struct term {
    const int8_t *x;
    float scale;
    int32_t zero;
} term;

static void add_int8(size_t size, size_t terms, const term *t, const stored *s, int8_t *y)
{
    for (size_t i = 0; i < size; i++) {
        float sum = 0.0f;
        for (size_t k = 0; k < terms; k++)
            sum += t[k].scale * (float)(t[k].x[i] - t[k].zero);
        y[i] = store(s, sum);
    }
}

/* A function of single numbers, from a table of what it makes of -128 to 127; y may be x. */
static void look_up(size_t size, const int8_t table[256], const int8_t *x, int8_t *y)
{
    for (size_t i = 0; i < size; i++)
        y[i] = table[x[i] + 128];
}

/* An image (lines, row numbers) inside a larger one, (above + lines + below, before + row + after). */
static void pad_int8(size_t lines, size_t row, size_t above, size_t below, size_t before, size_t after, int8_t value,
                     const int8_t *x, int8_t *y)
{
    const size_t outer = before + row + after;
    memset(y, value, (above + lines + below) * outer);
    for (size_t line = 0; line < lines; line++)
        memcpy(y + (above + line) * outer + before, x + line * row, row);
}
