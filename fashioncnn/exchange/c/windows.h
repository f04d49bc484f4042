/* windows.h - what convolutions and pools share: where windows lie, and the products that the sums are made of. */
#ifndef WINDOWS_H
#define WINDOWS_H

#include <stddef.h>
#include <string.h>

/* Windows over an image (height, width, channels), each (height, width), the vertical first. Window (i, j) of the
 * `count` begins at pixel i * stride - before, and its pixels are `dilation` apart; pixels outside are not counted. */
typedef struct windows {
    size_t image[2], channels;
    size_t count[2];
    size_t size[2], stride[2], dilation[2], before[2];
} windows;

/* Those of a window's pixels that lie inside of the image, along one axis: [begin, end). */
typedef struct span {
    size_t begin, end;
} span;

static span inside(const windows *w, size_t axis, size_t window)
{
    const size_t at = window * w->stride[axis], before = w->before[axis], step = w->dilation[axis];
    const size_t left = before + w->image[axis] > at ? before + w->image[axis] - at : 0;
    span s = {before > at ? (before - at + step - 1) / step : 0, (left + step - 1) / step};
    if (s.end > w->size[axis])
        s.end = w->size[axis];
    if (s.begin > s.end)
        s.begin = s.end;
    return s;
}

/* The first channel of a window's pixel (i, j), counted from the beginning of the image. */
static size_t place(const windows *w, size_t line, size_t column, size_t i, size_t j)
{
    const size_t y = line * w->stride[0] + i * w->dilation[0] - w->before[0];
    const size_t x = column * w->stride[1] + j * w->dilation[1] - w->before[1];
    return (y * w->image[1] + x) * w->channels;
}

/* y = bias, or 0 where there is none. */
static void set_bias(size_t size, const float *bias, float *y)
{
    if (bias)
        memcpy(y, bias, size * sizeof *y);
    else
        memset(y, 0, size * sizeof *y);
}

/* y[o] += sum over i of x[i] * w[i * row + o]: four terms at once, so that y is read and written less often. */
static void add_products(size_t inputs, size_t outputs, const float *restrict x, const float *restrict w, size_t row,
                         float *restrict y)
{
    const size_t fours = inputs / 4 * 4;
    for (size_t i = 0; i < fours; i += 4, w += 4 * row) {
        const float x0 = x[i], x1 = x[i + 1], x2 = x[i + 2], x3 = x[i + 3];
        for (size_t o = 0; o < outputs; o++)
            y[o] += x0 * w[o] + x1 * w[row + o] + x2 * w[2 * row + o] + x3 * w[3 * row + o];
    }
    for (size_t i = fours; i < inputs; i++, w += row)
        for (size_t o = 0; o < outputs; o++)
            y[o] += x[i] * w[o];
}

/* y is kept between two limits, as ReLU does it. */
static void limit(size_t size, float low, float high, float *y)
{
    for (size_t i = 0; i < size; i++) {
        const float above = y[i] < low ? low : y[i];
        y[i] = above > high ? high : above;
    }
}

#endif
