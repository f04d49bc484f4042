/* pooled_small.c - the weight gradient of a convolution with small patches under windows of four pixels.
 *
 * Lanes are output channels. In each window every channel has its own winner among four pixels, so for a column of the
 * patch it needs one of four numbers: a table that lies in a quarter of a vector, from which one permutation gives each
 * lane its own. The tables are the image interleaved with itself, moved by the members' offsets. They are made for a
 * strip of the image that fits the first-level cache, and the sums stay in registers while the windows of a strip are
 * walked through.
 */
#include "pooled_weight_gradient.h"

/* Columns and vectors whose sums stay in registers. */
enum { SMALL_BLOCK = 9, SMALL_VECTORS = FCNN_VREGS == 32 ? 2 : 1 };

/* table[4 * i + m] = x[i + member[m]], i < count. */
static void interleave_members(size_t count, const float *x, const ptrdiff_t member[4], float *table)
{
    for (size_t i = 0; i < count; i += FCNN_VL, table += 4 * FCNN_VL) {
        const size_t left = count - i;
        vf row[4], even[2], odd[2], low[2], high[2];
        for (size_t m = 0; m < 4; m++)
            row[m] = vf_load_some(x + i + member[m], left);
        vf_zip(row[0], row[2], even);
        vf_zip(row[1], row[3], odd);
        vf_zip(even[0], odd[0], low);
        vf_zip(even[1], odd[1], high);
        vf_store(table, low[0]);
        vf_store(table + FCNN_VL, low[1]);
        vf_store(table + 2 * FCNN_VL, high[0]);
        vf_store(table + 3 * FCNN_VL, high[1]);
    }
}

/* Floats from the first to the last that `lines` lines of windows see of their first member. */
static size_t strip_reach(const fcnn_pooled *pooled, size_t lines)
{
    const fcnn_patches *window = &pooled->window;
    return (lines - 1) * (size_t)window->line_step + (window->width - 1) * (size_t)window->step +
           (size_t)window->run[window->runs - 1] + window->run_length;
}

/* Lines of windows in a strip. */
static size_t strip_lines(const fcnn_pooled *pooled)
{
    const size_t one = strip_reach(pooled, 1), step = (size_t)pooled->window.line_step;
    return one + step > FCNN_POOLED_STRIP ? 1 : 1 + (FCNN_POOLED_STRIP - one) / step;
}

/* Some lines of windows of one image, from some of the channels on. */
typedef struct strip {
    const float *y, *dy;
    const uint8_t *winner;
    size_t lines, width;
    size_t outputs, out_line; /* numbers from window to window, and from line to line, of y, dy and winner */
    size_t step, line_step;   /* the same of the tables */
    size_t lanes;             /* of the last vector */
    int relu;
} strip;

/* gradient[k * ldg] += the strip's sums for `columns` columns, whose tables begin at table[k]; bias += those of dy,
 * where wanted. */
static ALWAYS_INLINE void add_block(size_t vectors, size_t columns, const strip *s, const float *const *table,
                                    float *gradient, size_t ldg, float *bias)
{
    vf acc[SMALL_BLOCK][SMALL_VECTORS], sum[SMALL_VECTORS];
    UNROLLED_FOR (size_t v = 0; v < vectors; v++) {
        const size_t lanes = v + 1 < vectors ? FCNN_VL : s->lanes;
        sum[v] = bias ? vf_load_some(bias + v * FCNN_VL, lanes) : (vf){0};
        UNROLLED_FOR (size_t k = 0; k < columns; k++)
            acc[k][v] = vf_load_some(gradient + k * ldg + v * FCNN_VL, lanes);
    }
    for (size_t line = 0; line < s->lines; line++)
        for (size_t w = 0; w < s->width; w++) {
            const size_t at = line * s->out_line + w * s->outputs, in = line * s->line_step + w * s->step;
            vf g[SMALL_VECTORS];
            vi place[SMALL_VECTORS];
            UNROLLED_FOR (size_t v = 0; v < vectors; v++) {
                const size_t lanes = v + 1 < vectors ? FCNN_VL : s->lanes, here = at + v * FCNN_VL;
                g[v] = live_gradients(s->y + here, s->dy + here, lanes, s->relu);
                place[v] = vi_load_some_bytes(s->winner + here, lanes);
                sum[v] += g[v];
            }
            UNROLLED_FOR (size_t k = 0; k < columns; k++)
                UNROLLED_FOR (size_t v = 0; v < vectors; v++)
                    acc[k][v] = vf_fma(g[v], vf_lookup(table[k] + in, place[v]), acc[k][v]);
        }
    UNROLLED_FOR (size_t v = 0; v < vectors; v++) {
        const size_t lanes = v + 1 < vectors ? FCNN_VL : s->lanes;
        if (bias)
            vf_store_some(bias + v * FCNN_VL, vf_end_sum(sum[v]), lanes);
        UNROLLED_FOR (size_t k = 0; k < columns; k++)
            vf_store_some(gradient + k * ldg + v * FCNN_VL, vf_end_sum(acc[k][v]), lanes);
    }
}

static ALWAYS_INLINE void add_columns(size_t vectors, size_t columns, const strip *s, const float *const *table,
                                      float *gradient, size_t ldg, float *bias)
{
    switch (columns) {
    case 1:
        add_block(vectors, 1, s, table, gradient, ldg, bias);
        return;
    case 2:
        add_block(vectors, 2, s, table, gradient, ldg, bias);
        return;
    case 3:
        add_block(vectors, 3, s, table, gradient, ldg, bias);
        return;
    case 4:
        add_block(vectors, 4, s, table, gradient, ldg, bias);
        return;
    case 5:
        add_block(vectors, 5, s, table, gradient, ldg, bias);
        return;
    case 6:
        add_block(vectors, 6, s, table, gradient, ldg, bias);
        return;
    case 7:
        add_block(vectors, 7, s, table, gradient, ldg, bias);
        return;
    case 8:
        add_block(vectors, 8, s, table, gradient, ldg, bias);
        return;
    default:
        add_block(vectors, SMALL_BLOCK, s, table, gradient, ldg, bias);
        return;
    }
}

/* All columns for the channels of one or two vectors, in blocks of about equal width. */
static void add_strip(const fcnn_pooled *pooled, size_t vectors, const strip *s, const float *table, float *gradient,
                      float *bias)
{
    const size_t all = pooled->window.runs * pooled->window.run_length, blocks = (all + SMALL_BLOCK - 1) / SMALL_BLOCK;
    for (size_t block = 0; block < blocks; block++) {
        const size_t begin = all * block / blocks, end = all * (block + 1) / blocks;
        const float *start[SMALL_BLOCK];
        for (size_t k = begin; k < end; k++) {
            const ptrdiff_t run = pooled->window.run[k / pooled->window.run_length];
            start[k - begin] = table + 4 * ((size_t)run + k % pooled->window.run_length);
        }
        float *to = gradient + begin * s->outputs, *sums = block == 0 ? bias : NULL;
        if (vectors == SMALL_VECTORS)
            add_columns(SMALL_VECTORS, end - begin, s, start, to, s->outputs, sums);
        else
            add_columns(1, end - begin, s, start, to, s->outputs, sums);
    }
}

void FCNN_NAME(pooled_small)(const fcnn_pooled *pooled, const float *x, const float *y, const float *dy,
                             const uint8_t *winner, size_t images, size_t stride, size_t outputs, size_t begin,
                             size_t end, float *gradient, float *bias, int accumulate, float *table)
{
    const size_t columns = pooled->window.runs * pooled->window.run_length, most = strip_lines(pooled);
    for (size_t k = 0; k < columns && !accumulate; k++)
        memset(gradient + k * outputs + begin, 0, (end - begin) * sizeof *gradient);
    if (!accumulate)
        memset(bias + begin, 0, (end - begin) * sizeof *bias);
    strip s = {.width = pooled->window.width,
               .outputs = outputs,
               .out_line = pooled->out_width * outputs,
               .step = 4 * (size_t)pooled->window.step,
               .line_step = 4 * (size_t)pooled->window.line_step,
               .relu = pooled->relu};
    for (size_t i = 0; i < images; i++)
        for (size_t line = 0; line < pooled->window.lines; line += s.lines) {
            s.lines = smaller(most, pooled->window.lines - line);
            interleave_members(strip_reach(pooled, s.lines),
                               x + i * stride + (ptrdiff_t)line * pooled->window.line_step, pooled->member, table);
            for (size_t o = begin; o < end; o += SMALL_VECTORS * FCNN_VL) {
                const size_t at = line * s.out_line + o, left = end - o;
                const size_t vectors = left > FCNN_VL ? SMALL_VECTORS : 1, last = left - (vectors - 1) * FCNN_VL;
                s.y = y + i * stride + at;
                s.dy = dy + i * stride + at;
                s.winner = winner + i * stride * sizeof(float) + at;
                s.lanes = last < FCNN_VL ? last : FCNN_VL;
                add_strip(pooled, vectors, &s, table, gradient + o, bias + o);
            }
        }
}
