/* reference_resampling.c - the contracts of resampling.c in plain loops. */
#include <math.h>
#include <string.h>

#include "name.h"

static float clamped(float a, float low, float high) { return !(a > low) ? low : a > high ? high : a; }

/* Where along an axis of `length` pixels a place is found. */
static float mapped(fcnn_fill fill, float place, size_t length)
{
    const float last = (float)length - 1.0f, period = 2.0f * (float)length;
    if (fill == FCNN_FILL_CONSTANT)
        return clamped(place, -2.0f, (float)length);
    place = clamped(place, -0x1p22f, 0x1p22f);
    if (length > 1 && fill == FCNN_FILL_REFLECT && place < 0.0f) {
        place = period * truncf(-place / period) + place;
        place = place < -(float)length ? place + period : -place - 1.0f;
    } else if (length > 1 && fill == FCNN_FILL_REFLECT && place > last) {
        place -= period * truncf(place / period);
        place = place >= (float)length ? period - place - 1.0f : place;
    } else if (length > 1 && fill == FCNN_FILL_WRAP && place < 0.0f) {
        place += (float)length * (truncf(-place / last) + 1.0f);
    } else if (length > 1 && fill == FCNN_FILL_WRAP && place > last) {
        place -= (float)length * truncf(place / last);
    }
    return clamped(place, 0.0f, last);
}

/* The place that pixel (v, u) of y looks at. Returns 0 where there is none. */
static int find(const fcnn_resampling *how, const float *t, size_t v, size_t u, float place[2])
{
    const float column = (float)u, line = (float)v;
    float x = t[0] * column + t[1] * line + t[2], y = t[3] * column + t[4] * line + t[5];
    if (t[6] != 0.0f || t[7] != 0.0f) {
        const float p = t[6] * column + t[7] * line + 1.0f;
        if (p == 0.0f)
            return 0;
        x /= p;
        y /= p;
    }
    place[0] = mapped(how->fill, y, how->height);
    place[1] = mapped(how->fill, x, how->width);
    return 1;
}

/* Where a pixel lies in the image; -1: beyond it. */
static ptrdiff_t pixel(const fcnn_resampling *how, float line, float column)
{
    if (line < 0.0f || column < 0.0f || line >= (float)how->height || column >= (float)how->width)
        return -1;
    return ((ptrdiff_t)line * (ptrdiff_t)how->width + (ptrdiff_t)column) * (ptrdiff_t)how->channels;
}

static float value(const fcnn_resampling *how, const float *x, float line, float column, size_t channel)
{
    const ptrdiff_t at = pixel(how, line, column);
    return at < 0 ? how->value : x[at + (ptrdiff_t)channel];
}

static float between(const fcnn_resampling *how, const float *x, const float place[2], size_t channel)
{
    const float top = floorf(place[0]), left = floorf(place[1]), bottom = top + 1.0f, right = left + 1.0f;
    const float before = right - place[1], after = place[1] - left;
    const float above = before * value(how, x, top, left, channel) + after * value(how, x, top, right, channel);
    const float below = before * value(how, x, bottom, left, channel) + after * value(how, x, bottom, right, channel);
    return (bottom - place[0]) * above + (place[0] - top) * below;
}

void FCNN_NAME(resample)(const fcnn_resampling *how, const float transform[8], const float *x, float *scratch, float *y)
{
    memcpy(scratch, x, how->height * how->width * how->channels * sizeof *scratch);
    for (size_t v = 0; v < how->height; v++)
        for (size_t u = 0; u < how->width; u++, y += how->channels) {
            float place[2];
            const int found = find(how, transform, v, u, place);
            for (size_t c = 0; c < how->channels; c++)
                y[c] = !found          ? how->value
                       : how->bilinear ? between(how, scratch, place, c)
                                       : value(how, scratch, roundf(place[0]), roundf(place[1]), c);
        }
}

static void add(const fcnn_resampling *how, float line, float column, float factor, const float *dy, float *dx)
{
    const ptrdiff_t at = pixel(how, line, column);
    for (size_t c = 0; at >= 0 && c < how->channels; c++)
        dx[(size_t)at + c] += factor * dy[c];
}

void FCNN_NAME(resample_backward)(const fcnn_resampling *how, const float transform[8], const float *dy, float *scratch,
                                  float *dx)
{
    const size_t bytes = how->height * how->width * how->channels * sizeof *dx;
    memcpy(scratch, dy, bytes);
    memset(dx, 0, bytes);
    dy = scratch;
    for (size_t v = 0; v < how->height; v++)
        for (size_t u = 0; u < how->width; u++, dy += how->channels) {
            float place[2];
            if (!find(how, transform, v, u, place))
                continue;
            if (!how->bilinear) {
                add(how, roundf(place[0]), roundf(place[1]), 1.0f, dy, dx);
                continue;
            }
            const float top = floorf(place[0]), left = floorf(place[1]), bottom = top + 1.0f, right = left + 1.0f;
            const float upper = bottom - place[0], lower = place[0] - top;
            const float before = right - place[1], after = place[1] - left;
            add(how, top, left, upper * before, dy, dx);
            add(how, top, right, upper * after, dy, dx);
            add(how, bottom, left, lower * before, dy, dx);
            add(how, bottom, right, lower * after, dy, dx);
        }
}
