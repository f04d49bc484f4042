/* resampling.c - an image seen through a projective transform, and the gradient on the way back.
 *
 * A vector is adjacent pixels of an output line. The image is first copied into a frame of the constant, two pixels
 * wide, and places beyond that are moved to where all pixels around are the frame's: so nothing has to ask whether a
 * pixel is inside.
 */
#include <string.h>

#include "name.h"
#include "vec.h"

enum { BORDER = FCNN_RESAMPLING_BORDER };

/* What the pixels of a vector look at: a pixel in the frame, the one to the left and above of the four that are
 * weighed, and the factors of the two lines and columns. Not bilinear: that pixel alone. */
typedef struct places {
    vi first;
    vf upper, lower, before, after;
    vm is_nowhere;
} places;

/* ---- places ---- */

static inline vf whole_below(vf a)
{
    const vf whole = vf_round(a);
    return vf_select(vf_greater(whole, a), whole - 1.0f, whole);
}

/* Halves away from zero. */
static inline vf nearest_whole(vf a)
{
    const vf size = vf_abs(a), below = whole_below(size);
    return vf_copysign(vf_select(vf_greater(vf_broadcast(0.5f), size - below), below, below + 1.0f), a);
}

static inline vf clamped(vf a, float low, float high)
{
    return vf_min(vf_max(a, vf_broadcast(low)), vf_broadcast(high));
}

static ALWAYS_INLINE vf reflected(vf place, float length)
{
    const vf zero = {0}, period = vf_broadcast(2.0f * length);
    const vf back = period * whole_below(-place / period) + place;
    const vf before = vf_select(vf_greater(vf_broadcast(-length), back), back + period, -back - 1.0f);
    const vf on = place - period * whole_below(place / period);
    const vf behind = vf_select(vf_greater(vf_broadcast(length), on), on, period - on - 1.0f);
    return vf_select(vf_greater(zero, place), before,
                     vf_select(vf_greater(place, vf_broadcast(length - 1.0f)), behind, place));
}

static ALWAYS_INLINE vf wrapped(vf place, float length)
{
    const vf zero = {0}, last = vf_broadcast(length - 1.0f);
    const vf before = place + length * (whole_below(-place / last) + 1.0f);
    const vf behind = place - length * whole_below(place / last);
    return vf_select(vf_greater(zero, place), before, vf_select(vf_greater(place, last), behind, place));
}

/* Where along an axis of `length` pixels a place is found. */
static ALWAYS_INLINE vf mapped(fcnn_fill fill, vf place, size_t length)
{
    const float extent = (float)length;
    if (fill == FCNN_FILL_CONSTANT)
        return clamped(place, -(float)BORDER, extent);
    const vf inside = clamped(place, 0.0f, extent - 1.0f);
    if (fill == FCNN_FILL_NEAREST || length == 1 || vm_bits(vf_equal(inside, place)) == FCNN_ALL_LANES)
        return inside;
    place = clamped(place, -0x1p22f, 0x1p22f);
    place = fill == FCNN_FILL_REFLECT ? reflected(place, extent) : wrapped(place, extent);
    return clamped(place, 0.0f, extent - 1.0f);
}

static ALWAYS_INLINE places find(const fcnn_resampling *how, const float *t, int projective, vf column, float v)
{
    const int32_t pixel = (int32_t)how->channels, line = ((int32_t)how->width + 2 * BORDER) * pixel;
    vf x = vf_broadcast(t[0]) * column + t[1] * v + t[2];
    vf y = vf_broadcast(t[3]) * column + t[4] * v + t[5];
    places found = {0};
    if (projective) {
        const vf p = vf_broadcast(t[6]) * column + t[7] * v + 1.0f;
        found.is_nowhere = vf_equal(p, (vf){0});
        const vf divisor = vf_select(found.is_nowhere, vf_broadcast(1.0f), p);
        x /= divisor;
        y /= divisor;
    }
    x = mapped(how->fill, x, how->width);
    y = mapped(how->fill, y, how->height);
    const vf left = how->bilinear ? whole_below(x) : nearest_whole(x);
    const vf top = how->bilinear ? whole_below(y) : nearest_whole(y);
    found.first = (vf_to_int(top) + BORDER) * line + (vf_to_int(left) + BORDER) * pixel;
    found.upper = top + 1.0f - y;
    found.lower = y - top;
    found.before = left + 1.0f - x;
    found.after = x - left;
    return found;
}

/* Columns u, u + 1, ... as numbers. */
static inline vf columns_from(size_t u)
{
    vi lane;
    UNROLLED_FOR (int i = 0; i < FCNN_VL; i++)
        lane[i] = i;
    return vi_to_float(lane + (int32_t)u);
}

static int is_projective(const float *t) { return t[6] != 0.0f || t[7] != 0.0f; }

/* ---- forward ---- */

static void put_into_frame(const fcnn_resampling *how, const float *x, float *frame)
{
    const size_t row = how->width * how->channels, border = BORDER * how->channels, line = row + 2 * border;
    float *end = frame + fcnn_resampling_scratch(how);
    for (size_t v = 0; v < how->height; v++) {
        float *to = frame + (v + BORDER) * line;
        memcpy(to + border, x + v * row, row * sizeof *to);
        for (size_t i = 0; i < border; i++)
            to[i] = to[border + row + i] = how->value;
    }
    for (size_t i = 0; i < BORDER * line; i++)
        frame[i] = *--end = how->value;
}

/* One channel: its pixels are the lanes. */
static ALWAYS_INLINE void read_lanes(const fcnn_resampling *how, const float *frame, const places *at, size_t left,
                                     float *y)
{
    const int32_t line = (int32_t)how->width + 2 * BORDER;
    vf read = vf_gather(frame, at->first);
    if (how->bilinear) {
        const vf above = at->before * read + at->after * vf_gather(frame + 1, at->first);
        const vf below =
            at->before * vf_gather(frame + line, at->first) + at->after * vf_gather(frame + line + 1, at->first);
        read = at->upper * above + at->lower * below;
    }
    vf_store_some(y, vf_select(at->is_nowhere, vf_broadcast(how->value), read), left);
}

/* Several: pixel after pixel, and of each the channels. */
static ALWAYS_INLINE void read_channels(const fcnn_resampling *how, size_t channels, const float *frame,
                                        const places *at, size_t left, float *y)
{
    const size_t line = (how->width + 2 * BORDER) * channels;
    const uint32_t nowhere = vm_bits(at->is_nowhere);
    for (size_t i = 0; i < FCNN_VL && i < left; i++, y += channels) {
        const float *first = frame + at->first[i], *second = first + line;
        const float before = at->before[i], after = at->after[i], upper = at->upper[i], lower = at->lower[i];
        if (nowhere >> i & 1)
            for (size_t c = 0; c < channels; c++)
                y[c] = how->value;
        else if (how->bilinear)
            for (size_t c = 0; c < channels; c++)
                y[c] = upper * (before * first[c] + after * first[channels + c]) +
                       lower * (before * second[c] + after * second[channels + c]);
        else
            for (size_t c = 0; c < channels; c++)
                y[c] = first[c];
    }
}

static ALWAYS_INLINE void resample(fcnn_resampling how, const float *t, int projective, const float *frame, float *y)
{
    for (size_t v = 0; v < how.height; v++, y += how.width * how.channels)
        for (size_t u = 0; u < how.width; u += FCNN_VL) {
            const places at = find(&how, t, projective, columns_from(u), (float)v);
            if (how.channels == 1)
                read_lanes(&how, frame, &at, how.width - u, y + u);
            else if (how.channels == 3)
                read_channels(&how, 3, frame, &at, how.width - u, y + u * 3);
            else
                read_channels(&how, how.channels, frame, &at, how.width - u, y + u * how.channels);
        }
}

void FCNN_NAME(resample)(const fcnn_resampling *how, const float transform[8], const float *x, float *scratch, float *y)
{
    put_into_frame(how, x, scratch);
    resample(*how, transform, is_projective(transform), scratch, y);
}

/* ---- backward ---- */

static ALWAYS_INLINE void add(const fcnn_resampling *how, const places *at, size_t left, const float *dy, float *frame)
{
    const size_t channels = how->channels, line = (how->width + 2 * BORDER) * channels;
    const uint32_t nowhere = vm_bits(at->is_nowhere);
    const vf factor[4] = {at->upper * at->before, at->upper * at->after, at->lower * at->before, at->lower * at->after};
    for (size_t i = 0; i < FCNN_VL && i < left; i++, dy += channels) {
        float *first = frame + at->first[i], *second = first + line;
        for (size_t c = 0; !(nowhere >> i & 1) && c < channels; c++)
            if (how->bilinear) {
                first[c] += factor[0][i] * dy[c];
                first[channels + c] += factor[1][i] * dy[c];
                second[c] += factor[2][i] * dy[c];
                second[channels + c] += factor[3][i] * dy[c];
            } else {
                first[c] += dy[c];
            }
    }
}

void FCNN_NAME(resample_backward)(const fcnn_resampling *how, const float transform[8], const float *dy, float *scratch,
                                  float *dx)
{
    const size_t row = how->width * how->channels, border = BORDER * how->channels, line = row + 2 * border;
    const int projective = is_projective(transform);
    memset(scratch, 0, fcnn_resampling_scratch(how) * sizeof *scratch);
    for (size_t v = 0; v < how->height; v++)
        for (size_t u = 0; u < how->width; u += FCNN_VL) {
            const places at = find(how, transform, projective, columns_from(u), (float)v);
            add(how, &at, how->width - u, dy + v * row + u * how->channels, scratch);
        }
    for (size_t v = 0; v < how->height; v++)
        memcpy(dx + v * row, scratch + (v + BORDER) * line + border, row * sizeof *dx);
}
