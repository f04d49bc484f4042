/* channels.c - what batch normalization does to the channels of an image: rows of pixels, lanes of channels.
 *
 * Two vectors of channels at a time go through all rows, so that what belongs to a channel stays in registers, and a
 * cache line of 16 channels is read once. Sums over rows run in four chains, of the rows r mod 4, so that an addition
 * need not wait for the one before.
 */
#include "limits.h"
#include "name.h"
#include "vec.h"

enum { CHAINS = 4, STRIPE = 2 /* vectors */ };

/* `vectors` of channels from `column` on; `tail` lanes of the last one are in use, all where that is 0. */
typedef struct stripe {
    size_t column, vectors, tail;
} stripe;

/* Everything that one of the kernels reads and writes. */
typedef struct pass {
    const fcnn_channels *of;
    const float *x, *y, *added, *dy;
    const float *slope, *shift; /* (channels) */
    float *out, *passed;        /* an image each */
    float *first, *second;      /* (channels): sums */
} pass;

typedef void on_stripe(const pass *p, stripe at);

static ALWAYS_INLINE void over_stripes(const pass *p, on_stripe *body)
{
    const size_t channels = p->of->channels;
    for (size_t c = 0; c < channels; c += STRIPE * FCNN_VL) {
        const size_t left = channels - c;
        if (left >= STRIPE * FCNN_VL)
            body(p, (stripe){c, STRIPE, 0});
        else if (left > FCNN_VL)
            body(p, (stripe){c, STRIPE, left % FCNN_VL});
        else
            body(p, (stripe){c, 1, left % FCNN_VL});
    }
}

/* Vector v of the stripe in a row. */
static ALWAYS_INLINE vf load(const float *row, stripe at, size_t v)
{
    return vf_load_column(row + at.column, v, at.vectors, at.tail);
}

static ALWAYS_INLINE void store(float *row, vf a, stripe at, size_t v)
{
    vf_store_column(row + at.column, a, v, at.vectors, at.tail);
}

/* 0 where there are none. */
static ALWAYS_INLINE void load_channels(const float *channels, stripe at, vf out[STRIPE])
{
    UNROLLED_FOR (size_t v = 0; v < at.vectors; v++)
        out[v] = channels ? load(channels, at, v) : (vf){0};
}

/* What y is made with. */
typedef struct line {
    vf mean[STRIPE], scale[STRIPE], offset[STRIPE];
} line;

static ALWAYS_INLINE line load_line(const pass *p, stripe at)
{
    line of;
    load_channels(p->of->mean, at, of.mean);
    load_channels(p->of->scale, at, of.scale);
    load_channels(p->of->offset, at, of.offset);
    return of;
}

/* y before the limits, with nothing added. */
static ALWAYS_INLINE vf value(vf x, const line *of, size_t v)
{
    return vf_fma(x - of->mean[v], of->scale[v], of->offset[v]);
}

/* What passes the limits of y on its way back, in the row that begins at number i, where x is the stripe's vector v. */
static ALWAYS_INLINE vf pass_back(const pass *p, size_t i, stripe at, size_t v, vf x, const line *of)
{
    const vf d = load(p->dy + i, at, v);
    if (!p->of->limits.apply)
        return d;
    const vf y = p->y ? load(p->y + i, at, v) : value(x, of, v);
    return vf_select(vm_and(vf_greater(y, (vf){0}), vf_greater(vf_broadcast(p->of->limits.most), y)), d, (vf){0});
}

/* ---- sums over rows ---- */

static ALWAYS_INLINE vf add_chains(const vf chain[CHAINS]) { return ((chain[0] + chain[1]) + chain[2]) + chain[3]; }

static ALWAYS_INLINE void find_means(const pass *p, stripe at, vf mean[STRIPE])
{
    const size_t rows = p->of->rows, channels = p->of->channels;
    vf chain[STRIPE][CHAINS] = {{{0}}};
    size_t r = 0;
    for (; r + CHAINS <= rows; r += CHAINS)
        UNROLLED_FOR (size_t k = 0; k < CHAINS; k++)
            UNROLLED_FOR (size_t v = 0; v < at.vectors; v++)
                chain[v][k] += load(p->x + (r + k) * channels, at, v);
    for (size_t k = 0; r + k < rows; k++)
        UNROLLED_FOR (size_t v = 0; v < at.vectors; v++)
            chain[v][k] += load(p->x + (r + k) * channels, at, v);
    UNROLLED_FOR (size_t v = 0; v < at.vectors; v++)
        mean[v] = add_chains(chain[v]) * vf_broadcast(1.0f / (float)rows);
}

static ALWAYS_INLINE void add_square(const pass *p, size_t row, stripe at, size_t v, vf mean, vf *sum)
{
    const vf deviation = load(p->x + row * p->of->channels, at, v) - mean;
    *sum = vf_fma(deviation, deviation, *sum);
}

static ALWAYS_INLINE void moments(const pass *p, stripe at)
{
    const size_t rows = p->of->rows;
    vf mean[STRIPE], chain[STRIPE][CHAINS] = {{{0}}};
    find_means(p, at, mean);
    size_t r = 0;
    for (; r + CHAINS <= rows; r += CHAINS)
        UNROLLED_FOR (size_t k = 0; k < CHAINS; k++)
            UNROLLED_FOR (size_t v = 0; v < at.vectors; v++)
                add_square(p, r + k, at, v, mean[v], &chain[v][k]);
    for (size_t k = 0; r + k < rows; k++)
        UNROLLED_FOR (size_t v = 0; v < at.vectors; v++)
            add_square(p, r + k, at, v, mean[v], &chain[v][k]);
    UNROLLED_FOR (size_t v = 0; v < at.vectors; v++) {
        store(p->first, mean[v], at, v);
        store(p->second, add_chains(chain[v]), at, v);
    }
}

void FCNN_NAME(channel_moments)(const fcnn_channels *of, const float *x, float *mean, float *deviations)
{
    const pass p = {.of = of, .x = x, .first = mean, .second = deviations};
    over_stripes(&p, moments);
}

static ALWAYS_INLINE void add_product(const pass *p, size_t row, stripe at, size_t v, const line *of, vf *sum,
                                      vf *product)
{
    const size_t i = row * p->of->channels;
    const vf x = load(p->x + i, at, v), d = pass_back(p, i, at, v, x, of);
    *sum += d;
    *product = vf_fma(x - of->mean[v], d, *product);
}

static ALWAYS_INLINE void products(const pass *p, stripe at)
{
    const size_t rows = p->of->rows;
    const line of = load_line(p, at);
    vf sum[STRIPE][CHAINS] = {{{0}}}, chain[STRIPE][CHAINS] = {{{0}}};
    size_t r = 0;
    for (; r + CHAINS <= rows; r += CHAINS)
        UNROLLED_FOR (size_t k = 0; k < CHAINS; k++)
            UNROLLED_FOR (size_t v = 0; v < at.vectors; v++)
                add_product(p, r + k, at, v, &of, &sum[v][k], &chain[v][k]);
    for (size_t k = 0; r + k < rows; k++)
        UNROLLED_FOR (size_t v = 0; v < at.vectors; v++)
            add_product(p, r + k, at, v, &of, &sum[v][k], &chain[v][k]);
    UNROLLED_FOR (size_t v = 0; v < at.vectors; v++) {
        store(p->first, add_chains(sum[v]), at, v);
        store(p->second, add_chains(chain[v]), at, v);
    }
}

void FCNN_NAME(channel_products)(const fcnn_channels *of, const float *x, const float *y, const float *dy, float *sum,
                                 float *products_of)
{
    const pass p = {.of = of, .x = x, .y = y, .dy = dy, .first = sum, .second = products_of};
    over_stripes(&p, products);
}

/* ---- row by row ---- */

static ALWAYS_INLINE void scale_rows(const pass *p, stripe at)
{
    const fcnn_channels *of = p->of;
    const line made = load_line(p, at);
    for (size_t i = 0; i < of->rows * of->channels; i += of->channels)
        UNROLLED_FOR (size_t v = 0; v < at.vectors; v++) {
            vf y = value(load(p->x + i, at, v), &made, v);
            if (p->added)
                y += load(p->added + i, at, v);
            store(p->out + i, vf_limit(y, of->limits), at, v);
        }
}

void FCNN_NAME(channel_scale)(const fcnn_channels *of, const float *x, const float *added, float *y)
{
    const pass p = {.of = of, .x = x, .added = added, .out = y};
    over_stripes(&p, scale_rows);
}

static ALWAYS_INLINE void combine_rows(const pass *p, stripe at)
{
    const fcnn_channels *of = p->of;
    const line made = load_line(p, at);
    vf slope[STRIPE], shift[STRIPE];
    load_channels(p->slope, at, slope);
    load_channels(p->shift, at, shift);
    for (size_t i = 0; i < of->rows * of->channels; i += of->channels)
        UNROLLED_FOR (size_t v = 0; v < at.vectors; v++) {
            const vf x = load(p->x + i, at, v), d = pass_back(p, i, at, v, x, &made);
            if (p->passed)
                store(p->passed + i, d, at, v);
            if (p->out)
                store(p->out + i, vf_fma(d, made.scale[v], vf_fma(x - made.mean[v], slope[v], shift[v])), at, v);
        }
}

void FCNN_NAME(channel_combine)(const fcnn_channels *of, const float *x, const float *slope, const float *shift,
                                const float *y, const float *dy, float *dx, float *passed)
{
    const pass p = {.of = of, .x = x, .y = y, .dy = dy, .slope = slope, .shift = shift, .out = dx, .passed = passed};
    over_stripes(&p, combine_rows);
}
