/* pooling.c - the largest or the mean of every window of one image.
 *
 * Channels are the lanes. Windows are cut to the image, so padding is never stored or counted. The window of two by two that lies
 * inside the image, by far the commonest, is compiled with constant bounds.
 */
#include "name.h"
#include "vec.h"

/* The part of a window that lies in the image: pixels [top, bottom) x [left, right), of which the first is position `first` of
 * the whole window. */
typedef struct window {
    size_t top, bottom, left, right, first;
} window;

static inline size_t clip_begin(size_t start, size_t pad) { return start > pad ? start - pad : 0; }
static inline size_t clip_end(size_t end, size_t pad, size_t extent)
{
    const size_t inside = end > pad ? end - pad : 0;
    return inside < extent ? inside : extent;
}

static inline window window_at(const fcnn_windows *s, size_t row, size_t column)
{
    const size_t y = row * s->stride_height, x = column * s->stride_width;
    window w = {
        .top = clip_begin(y, s->pad_top),
        .bottom = clip_end(y + s->pool_height, s->pad_top, s->height),
        .left = clip_begin(x, s->pad_left),
        .right = clip_end(x + s->pool_width, s->pad_left, s->width),
    };
    w.first = (w.top + s->pad_top - y) * s->pool_width + w.left + s->pad_left - x;
    return w;
}

static inline int is_two_by_two(const fcnn_windows *s, const window *w)
{
    return s->pool_width == 2 && s->pool_height == 2 && w->bottom - w->top == 2 && w->right - w->left == 2;
}

/* Below, `x` or `dx` is the window's first pixel; rows of it are `row_stride` floats apart, its pixels `channels`; it is
 * `rows` by `columns` pixels, of a pool that is `pool_width` wide. */

static inline __attribute__((always_inline)) void max_of(const float *x, size_t row_stride, size_t channels, size_t rows,
                                                         size_t columns, size_t first, size_t pool_width, float *y,
                                                         uint8_t *winner)
{
    for (size_t c = 0; c < channels; c += FCNN_VL) {
        const size_t left = channels - c;
        vf best = vf_load_some(x + c, left);
        vi place = vi_broadcast((int32_t)first);
        for (size_t i = 0; i < rows; i++)
            for (size_t j = 0; j < columns; j++) {
                const vf candidate = vf_load_some(x + i * row_stride + j * channels + c, left);
                const vm better = vf_greater(candidate, best);
                best = vf_select(better, candidate, best);
                place = vi_select(better, vi_broadcast((int32_t)(first + i * pool_width + j)), place);
            }
        vf_store_some(y + c, best, left);
        if (winner)
            vi_store_some_bytes(winner + c, place, left);
    }
}

void FCNN_NAME(max_pool)(const fcnn_windows *windows, const float *x, float *y, uint8_t *winner)
{
    const size_t channels = windows->channels, row_stride = windows->width * channels;
    for (size_t row = 0; row < windows->out_height; row++)
        for (size_t column = 0; column < windows->out_width; column++) {
            const window w = window_at(windows, row, column);
            const float *first = x + w.top * row_stride + w.left * channels;
            if (is_two_by_two(windows, &w))
                max_of(first, row_stride, channels, 2, 2, 0, 2, y, winner);
            else
                max_of(first, row_stride, channels, w.bottom - w.top, w.right - w.left, w.first, windows->pool_width, y,
                       winner);
            y += channels;
            if (winner)
                winner += channels;
        }
}

static inline __attribute__((always_inline)) void give_winner(float *dx, size_t row_stride, size_t channels, size_t rows,
                                                              size_t columns, size_t first, size_t pool_width,
                                                              const float *dy, const uint8_t *winner)
{
    for (size_t c = 0; c < channels; c += FCNN_VL) {
        const size_t left = channels - c;
        const vf gradient = vf_load_some(dy + c, left);
        const vi place = vi_load_some_bytes(winner + c, left);
        for (size_t i = 0; i < rows; i++)
            for (size_t j = 0; j < columns; j++) {
                float *to = dx + i * row_stride + j * channels + c;
                const vm here = vi_equal(place, vi_broadcast((int32_t)(first + i * pool_width + j)));
                vf_store_some(to, vf_load_some(to, left) + vf_select(here, gradient, (vf){0}), left);
            }
    }
}

void FCNN_NAME(max_pool_backward)(const fcnn_windows *windows, const float *dy, const uint8_t *winner, float *dx)
{
    const size_t channels = windows->channels, row_stride = windows->width * channels;
    memset(dx, 0, windows->height * row_stride * sizeof *dx);
    for (size_t row = 0; row < windows->out_height; row++)
        for (size_t column = 0; column < windows->out_width; column++) {
            const window w = window_at(windows, row, column);
            float *first = dx + w.top * row_stride + w.left * channels;
            if (is_two_by_two(windows, &w))
                give_winner(first, row_stride, channels, 2, 2, 0, 2, dy, winner);
            else
                give_winner(first, row_stride, channels, w.bottom - w.top, w.right - w.left, w.first,
                            windows->pool_width, dy, winner);
            dy += channels;
            winner += channels;
        }
}

static inline __attribute__((always_inline)) void mean_of(const float *x, size_t row_stride, size_t channels, size_t rows,
                                                          size_t columns, float *y)
{
    for (size_t c = 0; c < channels; c += FCNN_VL) {
        const size_t left = channels - c;
        vf sum = {0};
        for (size_t i = 0; i < rows; i++)
            for (size_t j = 0; j < columns; j++)
                sum += vf_load_some(x + i * row_stride + j * channels + c, left);
        vf_store_some(y + c, sum / (float)(rows * columns), left);
    }
}

void FCNN_NAME(average_pool)(const fcnn_windows *windows, const float *x, float *y)
{
    const size_t channels = windows->channels, row_stride = windows->width * channels;
    for (size_t row = 0; row < windows->out_height; row++)
        for (size_t column = 0; column < windows->out_width; column++) {
            const window w = window_at(windows, row, column);
            const float *first = x + w.top * row_stride + w.left * channels;
            if (is_two_by_two(windows, &w))
                mean_of(first, row_stride, channels, 2, 2, y);
            else
                mean_of(first, row_stride, channels, w.bottom - w.top, w.right - w.left, y);
            y += channels;
        }
}

static inline __attribute__((always_inline)) void give_share(float *dx, size_t row_stride, size_t channels, size_t rows,
                                                             size_t columns, const float *dy)
{
    for (size_t c = 0; c < channels; c += FCNN_VL) {
        const size_t left = channels - c;
        const vf share = vf_load_some(dy + c, left) / (float)(rows * columns);
        for (size_t i = 0; i < rows; i++)
            for (size_t j = 0; j < columns; j++) {
                float *to = dx + i * row_stride + j * channels + c;
                vf_store_some(to, vf_load_some(to, left) + share, left);
            }
    }
}

void FCNN_NAME(average_pool_backward)(const fcnn_windows *windows, const float *dy, float *dx)
{
    const size_t channels = windows->channels, row_stride = windows->width * channels;
    memset(dx, 0, windows->height * row_stride * sizeof *dx);
    for (size_t row = 0; row < windows->out_height; row++)
        for (size_t column = 0; column < windows->out_width; column++) {
            const window w = window_at(windows, row, column);
            float *first = dx + w.top * row_stride + w.left * channels;
            if (is_two_by_two(windows, &w))
                give_share(first, row_stride, channels, 2, 2, dy);
            else
                give_share(first, row_stride, channels, w.bottom - w.top, w.right - w.left, dy);
            dy += channels;
        }
}
