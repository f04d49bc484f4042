/* pooling.c - the largest or the mean of every window of one image.
 *
 * Channels are the lanes. Windows are cut to the image, so padding is never stored or counted. Each kernel says what
 * happens to some channels of one window; each_window leads it over all of them, with constant sizes for the
 * commonest window (two by two, inside the image) and for whole vectors.
 */
#include "name.h"
#include "vec.h"

/* The part of a window that lies in the image, and which channels of it are meant. */
typedef struct window {
    size_t rows, columns;        /* pixels */
    size_t row_stride, channels; /* numbers from row to row and from pixel to pixel of the image */
    size_t first, pool_width;    /* pixel (i, j) is position first + i * pool_width + j of the whole window */
    size_t input, output;        /* position of the first channel: in pixel (0, 0) of the image, in the output */
    size_t lanes;                /* channels, at most FCNN_VL */
} window;

typedef struct arrays {
    const float *x, *dy;
    float *y, *dx;
    uint8_t *winner;    /* of max_pool */
    const uint8_t *won; /* of max_pool_backward */
} arrays;

typedef void kernel(const arrays *a, window w);

static ALWAYS_INLINE void each_channel(const arrays *a, window w, kernel *run)
{
    size_t left = w.channels;
    for (w.lanes = FCNN_VL; left >= FCNN_VL; left -= FCNN_VL) {
        run(a, w);
        w.input += FCNN_VL;
        w.output += FCNN_VL;
    }
    w.lanes = left;
    if (left)
        run(a, w);
}

/* Window number `index` along one axis: pixels [begin, end) of the image, after `skipped` in the padding. */
typedef struct span {
    size_t begin, end, skipped;
} span;

static inline span span_at(size_t index, size_t stride, size_t reach, size_t pad, size_t extent)
{
    const size_t start = index * stride, last = start + reach - pad;
    const size_t skipped = start < pad ? pad - start : 0;
    return (span){start + skipped - pad, last < extent ? last : extent, skipped};
}

static ALWAYS_INLINE void each_window(const fcnn_windows *s, const arrays *a, kernel *run)
{
    window w = {.row_stride = s->width * s->channels, .channels = s->channels, .pool_width = s->pool_width};
    for (size_t row = 0; row < s->out_height; row++) {
        const span v = span_at(row, s->stride_height, s->pool_height, s->pad_top, s->height);
        for (size_t column = 0; column < s->out_width; column++) {
            const span h = span_at(column, s->stride_width, s->pool_width, s->pad_left, s->width);
            w.rows = v.end - v.begin;
            w.columns = h.end - h.begin;
            w.first = v.skipped * s->pool_width + h.skipped;
            w.input = v.begin * w.row_stride + h.begin * s->channels;
            w.output = (row * s->out_width + column) * s->channels;
            if (w.rows == 2 && w.columns == 2 && s->pool_width == 2) {
                window two = w;
                two.rows = two.columns = two.pool_width = 2;
                each_channel(a, two, run);
            } else {
                each_channel(a, w, run);
            }
        }
    }
}

static ALWAYS_INLINE void find_largest(const arrays *a, window w)
{
    const float *x = a->x + w.input;
    vf best = vf_load_some(x, w.lanes);
    vi place = vi_broadcast((int32_t)w.first);
    for (size_t i = 0; i < w.rows; i++)
        for (size_t j = 0; j < w.columns; j++) {
            const vf candidate = vf_load_some(x + i * w.row_stride + j * w.channels, w.lanes);
            const vm better = vf_greater(candidate, best);
            best = vf_select(better, candidate, best);
            place = vi_select(better, vi_broadcast((int32_t)(w.first + i * w.pool_width + j)), place);
        }
    vf_store_some(a->y + w.output, best, w.lanes);
    if (a->winner)
        vi_store_some_bytes(a->winner + w.output, place, w.lanes);
}

static ALWAYS_INLINE void give_winner(const arrays *a, window w)
{
    const vf gradient = vf_load_some(a->dy + w.output, w.lanes);
    const vi place = vi_load_some_bytes(a->won + w.output, w.lanes);
    for (size_t i = 0; i < w.rows; i++)
        for (size_t j = 0; j < w.columns; j++) {
            float *dx = a->dx + w.input + i * w.row_stride + j * w.channels;
            const vm here = vi_equal(place, vi_broadcast((int32_t)(w.first + i * w.pool_width + j)));
            vf_store_some(dx, vf_load_some(dx, w.lanes) + vf_select(here, gradient, (vf){0}), w.lanes);
        }
}

static ALWAYS_INLINE void find_mean(const arrays *a, window w)
{
    vf sum = {0};
    for (size_t i = 0; i < w.rows; i++)
        for (size_t j = 0; j < w.columns; j++)
            sum += vf_load_some(a->x + w.input + i * w.row_stride + j * w.channels, w.lanes);
    vf_store_some(a->y + w.output, sum / (float)(w.rows * w.columns), w.lanes);
}

static ALWAYS_INLINE void give_shares(const arrays *a, window w)
{
    const vf share = vf_load_some(a->dy + w.output, w.lanes) / (float)(w.rows * w.columns);
    for (size_t i = 0; i < w.rows; i++)
        for (size_t j = 0; j < w.columns; j++) {
            float *dx = a->dx + w.input + i * w.row_stride + j * w.channels;
            vf_store_some(dx, vf_load_some(dx, w.lanes) + share, w.lanes);
        }
}

static void clear_image(const fcnn_windows *s, float *dx)
{
    memset(dx, 0, s->height * s->width * s->channels * sizeof *dx);
}

void FCNN_NAME(max_pool)(const fcnn_windows *windows, const float *x, float *y, uint8_t *winner)
{
    each_window(windows, &(arrays){.x = x, .y = y, .winner = winner}, find_largest);
}

void FCNN_NAME(max_pool_backward)(const fcnn_windows *windows, const float *dy, const uint8_t *winner, float *dx)
{
    clear_image(windows, dx);
    each_window(windows, &(arrays){.dy = dy, .won = winner, .dx = dx}, give_winner);
}

void FCNN_NAME(average_pool)(const fcnn_windows *windows, const float *x, float *y)
{
    each_window(windows, &(arrays){.x = x, .y = y}, find_mean);
}

void FCNN_NAME(average_pool_backward)(const fcnn_windows *windows, const float *dy, float *dx)
{
    clear_image(windows, dx);
    each_window(windows, &(arrays){.dy = dy, .dx = dx}, give_shares);
}
