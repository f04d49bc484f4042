/* depthwise.c - convolutions in which every channel has a kernel of its own: lanes are channels.
 *
 * An output is one sum over the taps, so a vector of channels takes a load and a multiply-add for each tap. The pixels
 * of a tile, some of a line, are summed at once: their sums stay in registers, and a tap's weights are loaded once for
 * all of them. Where there are 3x3 taps, side by side, and windows one or two pixels apart, three taps' weights are in
 * registers, and a number of the image is loaded once for all pixels of the tile that see it. In the gradient of the
 * weights it is the taps' sums that stay in registers: all nine of 3x3, else those of one line of the kernel.
 *
 * The image has no border. Lines outside are left out; columns outside, which only tiles at the edges look for, count
 * as 0.
 *
 * Some lines at a time meet all channels, so that they stay in the first-level cache.
 */
#include "limits.h"
#include "name.h"
#include "vec.h"

enum { PIXELS = 7, BAND = 4096 /* floats */, MOST_TAPS = 9 };

typedef const fcnn_depthwise shape;

/* Lines of the output that are handled at a time. */
static size_t band_of(shape *s) { return larger(BAND / (s->columns * s->channels), 1); }

/* The taps [first, end) of an axis that lie inside the image, of a window whose first tap lies at `begin`. */
typedef struct span {
    size_t first, end;
} span;

static span inside(ptrdiff_t begin, size_t kernel, size_t dilation, size_t extent)
{
    span taps = {0, kernel};
    while (taps.first < taps.end && begin + (ptrdiff_t)(taps.first * dilation) < 0)
        taps.first++;
    while (taps.end > taps.first && begin + (ptrdiff_t)((taps.end - 1) * dilation) >= (ptrdiff_t)extent)
        taps.end--;
    return taps;
}

/* A line of windows: the taps' lines that lie in the image, and where the first tap of all lies. */
typedef struct line {
    span rows;
    const float *x; /* column 0 of the first tap's line, which may lie outside */
} line;

static line line_of(shape *s, size_t i, const float *x)
{
    const ptrdiff_t begin = (ptrdiff_t)(i * s->strides[0]) - s->before[0];
    return (line){.rows = inside(begin, s->kernel[0], s->dilation[0], s->height),
                  .x = x + begin * (ptrdiff_t)(s->width * s->channels)};
}

static ALWAYS_INLINE ptrdiff_t first_column(shape *s, size_t j)
{
    return (ptrdiff_t)(j * s->strides[1]) - s->before[1];
}

/* Whether all columns from that of window `first` to that of window `last` lie in the image. */
static ALWAYS_INLINE int are_inside(shape *s, size_t first, size_t last)
{
    return first_column(s, first) >= 0 &&
           first_column(s, last) + (ptrdiff_t)((s->kernel[1] - 1) * s->dilation[1]) < (ptrdiff_t)s->width;
}

/* ---- forward ---- */

/* One vector of channels of a line of outputs. */
typedef struct strip {
    line in;
    const float *w;
    vf bias;
    float *y;
} strip;

/* Some outputs of a strip, and the columns [begin, end) of the image as the first of them sees them. */
typedef struct tile {
    size_t first, stored;
    ptrdiff_t begin, end;
} tile;

static ALWAYS_INLINE tile tile_of(shape *s, size_t j)
{
    const ptrdiff_t column = first_column(s, j);
    return (tile){j, smaller(PIXELS, s->columns - j), -column, (ptrdiff_t)s->width - column};
}

/* The numbers of the pixel at x, column number `column` of the tile: 0 outside. */
static ALWAYS_INLINE vf pixel_of(tile t, int checked, const float *x, size_t column, size_t lanes)
{
    if (checked && ((ptrdiff_t)column < t.begin || (ptrdiff_t)column >= t.end))
        return (vf){0};
    return vf_load_some(x, lanes);
}

/* Line a of the taps, at a tile's pixel 0. */
static ALWAYS_INLINE const float *row_of(shape *s, const strip *p, tile t, size_t a)
{
    return p->in.x + (ptrdiff_t)s->channels * ((ptrdiff_t)(a * s->dilation[0] * s->width) - t.begin);
}

static ALWAYS_INLINE void store_tile(shape *s, const strip *p, tile t, const vf acc[PIXELS], size_t lanes)
{
    float *y = p->y + (ptrdiff_t)t.first * s->y_step;
    UNROLLED_FOR (size_t k = 0; k < PIXELS; k++, y += s->y_step)
        if (k < t.stored)
            vf_store_some(y, vf_limit(vf_end_sum(acc[k]), s->limits), lanes);
}

/* A tile under 3x3 taps, of which the first and last `margin` columns may lie outside. */
static ALWAYS_INLINE void square_tile(shape *s, size_t stride, size_t margin, const strip *p, tile t)
{
    const size_t columns = (PIXELS - 1) * stride + 3;
    vf acc[PIXELS];
    UNROLLED_FOR (size_t k = 0; k < PIXELS; k++)
        acc[k] = p->bias;
    for (size_t a = p->in.rows.first; a < p->in.rows.end; a++) {
        const float *row = row_of(s, p, t, a);
        vf w[3];
        UNROLLED_FOR (size_t b = 0; b < 3; b++)
            w[b] = vf_load(p->w + (3 * a + b) * s->channels);
        UNROLLED_FOR (size_t q = 0; q < columns; q++, row += s->channels) {
            const vf seen = pixel_of(t, q < margin || q + margin >= columns, row, q, FCNN_VL);
            UNROLLED_FOR (size_t k = 0; k < PIXELS; k++)
                if (k * stride <= q && q < k * stride + 3)
                    acc[k] = vf_fma(seen, w[q - k * stride], acc[k]);
        }
    }
    store_tile(s, p, t, acc, FCNN_VL);
}

static ALWAYS_INLINE void square_strip(shape *s, size_t stride, const strip *p)
{
    const ptrdiff_t columns = (ptrdiff_t)((PIXELS - 1) * stride + 3);
    for (size_t j = 0; j < s->columns; j += PIXELS) {
        const tile t = tile_of(s, j), whole = {j, PIXELS, t.begin, t.end};
        if (t.stored == PIXELS && t.begin <= 0 && t.end >= columns)
            square_tile(s, stride, 0, p, whole);
        else if (t.stored == PIXELS && t.begin <= 1 && t.end >= columns - 1)
            square_tile(s, stride, 1, p, whole);
        else
            square_tile(s, stride, (size_t)columns, p, t);
    }
}

/* A tile under any taps. */
static ALWAYS_INLINE void any_tile(shape *s, int checked, const strip *p, tile t, size_t lanes)
{
    vf acc[PIXELS];
    UNROLLED_FOR (size_t k = 0; k < PIXELS; k++)
        acc[k] = p->bias;
    for (size_t a = p->in.rows.first; a < p->in.rows.end; a++) {
        const float *row = row_of(s, p, t, a), *w = p->w + a * s->kernel[1] * s->channels;
        for (size_t b = 0; b < s->kernel[1]; b++, w += s->channels) {
            const vf weight = vf_load_some(w, lanes);
            const float *x = row + b * s->dilation[1] * s->channels;
            UNROLLED_FOR (size_t k = 0; k < PIXELS; k++, x += s->strides[1] * s->channels)
                acc[k] = vf_fma(pixel_of(t, checked, x, b * s->dilation[1] + k * s->strides[1], lanes), weight, acc[k]);
        }
    }
    store_tile(s, p, t, acc, lanes);
}

static ALWAYS_INLINE void any_strip(shape *s, const strip *p, size_t lanes)
{
    const size_t columns = (PIXELS - 1) * s->strides[1] + (s->kernel[1] - 1) * s->dilation[1] + 1;
    for (size_t j = 0; j < s->columns; j += PIXELS) {
        const tile t = tile_of(s, j), whole = {j, PIXELS, t.begin, t.end};
        if (t.stored == PIXELS && t.begin <= 0 && t.end >= (ptrdiff_t)columns)
            any_tile(s, 0, p, whole, lanes);
        else
            any_tile(s, 1, p, t, lanes);
    }
}

/* Whole vectors get code of their own. */
static void run_strip(shape *s, const strip *p, size_t lanes)
{
    const int square = s->kernel[0] == 3 && s->kernel[1] == 3 && s->dilation[1] == 1;
    if (square && s->strides[1] == 1 && lanes == FCNN_VL)
        square_strip(s, 1, p);
    else if (square && s->strides[1] == 2 && lanes == FCNN_VL)
        square_strip(s, 2, p);
    else if (lanes == FCNN_VL)
        any_strip(s, p, FCNN_VL);
    else
        any_strip(s, p, lanes);
}

void FCNN_NAME(depthwise_forward)(const fcnn_depthwise *s, const float *x, const float *w, const float *bias, float *y)
{
    if (s->lines == 0 || s->columns == 0)
        return;
    const size_t band = band_of(s);
    for (size_t first = 0; first < s->lines; first += band)
        for (size_t c = 0; c < s->channels; c += FCNN_VL) {
            const size_t lanes = smaller(FCNN_VL, s->channels - c);
            const vf start = bias ? vf_load_some(bias + c, lanes) : (vf){0};
            for (size_t i = first; i < smaller(first + band, s->lines); i++)
                run_strip(s, &(strip){line_of(s, i, x + c), w + c, start, y + (ptrdiff_t)i * s->y_line + c}, lanes);
        }
}

/* ---- the gradient of the weights ---- */

/* Taps whose sums are made at once: `lines` of the kernel from number `line` on, of each `columns` from number `column`
 * on, of which `stored` are wanted. */
typedef struct taps {
    size_t line, lines, column, columns, stored;
} taps;

/* The taps' lines where they meet a line of windows, at the first window's column; NULL outside. */
typedef struct rows {
    const float *row[3];
} rows;

static ALWAYS_INLINE rows rows_of(shape *s, taps t, const line *in)
{
    rows r = {{NULL}};
    const ptrdiff_t column = first_column(s, 0) + (ptrdiff_t)(t.column * s->dilation[1]);
    UNROLLED_FOR (size_t a = 0; a < t.lines; a++)
        if (t.line + a >= in->rows.first && t.line + a < in->rows.end)
            r.row[a] =
                in->x + (ptrdiff_t)s->channels * ((ptrdiff_t)((t.line + a) * s->dilation[0] * s->width) + column);
    return r;
}

/* Adds the products of window number j. `whole`: no line, and `checked`: some columns may lie outside. */
static ALWAYS_INLINE void add_window(shape *s, int whole, int checked, taps t, const rows *r, size_t j, vf dy,
                                     vf acc[MOST_TAPS], size_t lanes)
{
    const size_t step = s->dilation[1] * s->channels;
    UNROLLED_FOR (size_t a = 0; a < t.lines; a++) {
        if (!whole && !r->row[a])
            continue;
        const float *x = r->row[a] + j * s->strides[1] * s->channels;
        UNROLLED_FOR (size_t b = 0; b < t.columns; b++, x += step) {
            if (b >= t.stored)
                continue;
            const ptrdiff_t column = first_column(s, j) + (ptrdiff_t)((t.column + b) * s->dilation[1]);
            if (checked && (column < 0 || column >= (ptrdiff_t)s->width))
                continue;
            acc[t.columns * a + b] = vf_fma(vf_load_some(x, lanes), dy, acc[t.columns * a + b]);
        }
    }
}

static ALWAYS_INLINE void add_windows(shape *s, int whole, int checked, taps t, const rows *r, size_t begin, size_t end,
                                      const float *dy, vf acc[MOST_TAPS], size_t lanes)
{
    for (size_t j = begin; j < end; j++)
        add_window(s, whole, checked, t, r, j, vf_load_some(dy + j * s->channels, lanes), acc, lanes);
}

/* The lines [first, end) of an image. Windows [edge[0], edge[1]) have no column outside. */
static ALWAYS_INLINE void sum_taps(shape *s, taps t, const float *x, const float *dy, size_t first, size_t end,
                                   const size_t edge[2], float *gradient, int accumulate, size_t lanes)
{
    vf acc[MOST_TAPS];
    gradient += (t.line * s->kernel[1] + t.column) * s->channels;
    UNROLLED_FOR (size_t a = 0; a < t.lines; a++)
        UNROLLED_FOR (size_t b = 0; b < t.columns; b++)
            acc[t.columns * a + b] = accumulate && b < t.stored
                                         ? vf_load_some(gradient + (a * s->kernel[1] + b) * s->channels, lanes)
                                         : (vf){0};
    for (size_t i = first; i < end; i++) {
        const line in = line_of(s, i, x);
        const rows r = rows_of(s, t, &in);
        const float *d = dy + i * s->columns * s->channels;
        add_windows(s, 0, 1, t, &r, 0, edge[0], d, acc, lanes);
        if (in.rows.end - in.rows.first == s->kernel[0])
            add_windows(s, 1, 0, t, &r, edge[0], edge[1], d, acc, lanes);
        else
            add_windows(s, 0, 0, t, &r, edge[0], edge[1], d, acc, lanes);
        add_windows(s, 0, 1, t, &r, edge[1], s->columns, d, acc, lanes);
    }
    UNROLLED_FOR (size_t a = 0; a < t.lines; a++)
        UNROLLED_FOR (size_t b = 0; b < t.columns; b++)
            if (b < t.stored)
                vf_store_some(gradient + (a * s->kernel[1] + b) * s->channels, vf_end_sum(acc[t.columns * a + b]),
                              lanes);
}

/* One vector of channels of all taps, for some lines. */
static void sum_strip(shape *s, const float *x, const float *dy, size_t first, size_t end, const size_t edge[2],
                      float *gradient, int accumulate, size_t lanes)
{
    if (s->kernel[0] == 3 && s->kernel[1] == 3 && lanes == FCNN_VL) {
        sum_taps(s, (taps){0, 3, 0, 3, 3}, x, dy, first, end, edge, gradient, accumulate, FCNN_VL);
        return;
    }
    for (size_t a = 0; a < s->kernel[0]; a++)
        for (size_t b = 0, stored; b < s->kernel[1]; b += stored) {
            stored = balanced(s->kernel[1] - b, MOST_TAPS);
            if (lanes < FCNN_VL)
                sum_taps(s, (taps){a, 1, b, MOST_TAPS, stored}, x, dy, first, end, edge, gradient, accumulate, lanes);
            else if (stored <= 5)
                sum_taps(s, (taps){a, 1, b, 5, stored}, x, dy, first, end, edge, gradient, accumulate, FCNN_VL);
            else
                sum_taps(s, (taps){a, 1, b, MOST_TAPS, stored}, x, dy, first, end, edge, gradient, accumulate, FCNN_VL);
        }
}

void FCNN_NAME(depthwise_weight_gradient)(const fcnn_depthwise *s, const float *x, const float *dy, size_t images,
                                          size_t stride, size_t begin, size_t end, float *gradient, int accumulate)
{
    const size_t band = band_of(s);
    size_t edge[2] = {0, s->columns};
    while (edge[0] < s->columns && first_column(s, edge[0]) < 0)
        edge[0]++;
    while (edge[1] > edge[0] && !are_inside(s, edge[0], edge[1] - 1))
        edge[1]--;
    for (size_t image = 0; image < images; image++)
        for (size_t first = 0; first < s->lines; first += band)
            for (size_t c = begin; c < end; c += FCNN_VL)
                sum_strip(s, x + image * stride + c, dy + image * stride + c, first, smaller(first + band, s->lines),
                          edge, gradient + c, accumulate || image > 0 || first > 0, smaller(FCNN_VL, end - c));
}
