/* products.c - convolutions and dense layers, in float. */
#include <math.h>

#include "windows.h"

/* x (rows, inputs) times w (inputs, outputs), plus the bias (outputs) or NULL, between two limits. */
static void dense(size_t rows, size_t inputs, size_t outputs, const float *x, const float *w, const float *bias,
                  float low, float high, float *y)
{
    for (size_t r = 0; r < rows; r++, x += inputs, y += outputs) {
        set_bias(outputs, bias, y);
        add_products(inputs, outputs, x, w, outputs, y);
        limit(outputs, low, high, y);
    }
}

/* A convolution: its windows, its kernel w (height, width, channels / groups, filters), its bias (filters) or NULL. */
typedef struct convolution {
    windows at;
    size_t groups, filters;
    const float *w, *bias;
    float low, high; /* limits of its outputs */
} convolution;

/* y = the filters at one window, without limits. Pixels that lie side by side are one run of numbers, in the image as
 * in w. */
static void convolve(const convolution *k, size_t line, size_t column, const float *x, float *y)
{
    const windows *p = &k->at;
    const size_t inputs = p->channels / k->groups, outputs = k->filters / k->groups;
    const span lines = inside(p, 0, line), columns = inside(p, 1, column);
    const size_t run = k->groups == 1 && p->dilation[1] == 1 ? columns.end - columns.begin : 1;
    set_bias(k->filters, k->bias, y);
    for (size_t i = lines.begin; i < lines.end; i++)
        for (size_t j = columns.begin; j < columns.end; j += run)
            for (size_t g = 0; g < k->groups; g++)
                add_products(run * inputs, outputs, x + place(p, line, column, i, j) + g * inputs,
                             k->w + (i * p->size[1] + j) * inputs * k->filters + g * outputs, k->filters,
                             y + g * outputs);
}

static void conv2d(const convolution *k, const float *x, float *y)
{
    for (size_t line = 0; line < k->at.count[0]; line++)
        for (size_t column = 0; column < k->at.count[1]; column++, y += k->filters) {
            convolve(k, line, column, x, y);
            limit(k->filters, k->low, k->high, y);
        }
}

/* The largest outputs of a convolution in each window of `pool`; only one pixel of it is kept at a time. */
static void conv2d_max_pool(const convolution *k, const windows *pool, const float *x, float *restrict pixel,
                            float *restrict y)
{
    for (size_t line = 0; line < pool->count[0]; line++)
        for (size_t column = 0; column < pool->count[1]; column++, y += k->filters) {
            const span lines = inside(pool, 0, line), columns = inside(pool, 1, column);
            for (size_t o = 0; o < k->filters; o++)
                y[o] = -INFINITY;
            for (size_t i = lines.begin; i < lines.end; i++)
                for (size_t j = columns.begin; j < columns.end; j++) {
                    convolve(k, line * pool->stride[0] + i - pool->before[0],
                             column * pool->stride[1] + j - pool->before[1], x, pixel);
                    for (size_t o = 0; o < k->filters; o++)
                        y[o] = pixel[o] > y[o] ? pixel[o] : y[o];
                }
            limit(k->filters, k->low, k->high, y);
        }
}

/* Each channel with kernels of its own: w (height, width, channels, multiplier), bias (channels * multiplier). */
static void depthwise_conv2d(const windows *p, size_t multiplier, const float *restrict x, const float *restrict w,
                             const float *bias, float low, float high, float *restrict y)
{
    const size_t outputs = p->channels * multiplier;
    for (size_t line = 0; line < p->count[0]; line++)
        for (size_t column = 0; column < p->count[1]; column++, y += outputs) {
            const span lines = inside(p, 0, line), columns = inside(p, 1, column);
            set_bias(outputs, bias, y);
            for (size_t i = lines.begin; i < lines.end; i++)
                for (size_t j = columns.begin; j < columns.end; j++) {
                    const float *from = x + place(p, line, column, i, j), *tap = w + (i * p->size[1] + j) * outputs;
                    if (multiplier == 1)
                        for (size_t o = 0; o < outputs; o++)
                            y[o] += from[o] * tap[o];
                    else
                        for (size_t o = 0; o < outputs; o++)
                            y[o] += from[o / multiplier] * tap[o];
                }
            limit(outputs, low, high, y);
        }
}

/* A convolution turned round. The windows lie over y, whose channels are the filters; each of them is one pixel of x,
 * of `inputs` channels, which adds its multiples of w (height, width, inputs, filters) to the window. */
static void conv2d_transpose(const windows *p, size_t inputs, const float *x, const float *w, const float *bias,
                             float low, float high, float *y)
{
    const size_t filters = p->channels, pixels = p->image[0] * p->image[1];
    for (size_t pixel = 0; pixel < pixels; pixel++)
        set_bias(filters, bias, y + pixel * filters);
    for (size_t line = 0; line < p->count[0]; line++)
        for (size_t column = 0; column < p->count[1]; column++, x += inputs) {
            const span lines = inside(p, 0, line), columns = inside(p, 1, column);
            for (size_t i = lines.begin; i < lines.end; i++)
                for (size_t j = columns.begin; j < columns.end; j++)
                    add_products(inputs, filters, x, w + (i * p->size[1] + j) * inputs * filters, filters,
                                 y + place(p, line, column, i, j));
        }
    limit(pixels * filters, low, high, y);
}

/* Two matrices: a (rows, inputs) times b (inputs, columns). */
static void dot(size_t rows, size_t inputs, size_t columns, const float *a, const float *b, float *y)
{
    for (size_t r = 0; r < rows; r++, a += inputs, y += columns) {
        set_bias(columns, NULL, y);
        add_products(inputs, columns, a, b, columns, y);
    }
}
