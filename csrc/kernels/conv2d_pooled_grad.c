/* conv2d_pooled_grad.c - gradients of a convolution that a max pool, and perhaps a ReLU, follow.
 *
 * Of each pool window only the winner has a gradient, and none where the ReLU cut it off: with a pool of two by two less
 * than a quarter of the convolution's outputs. Those that live are first listed, then each is one sum of a scaled row to a row:
 *
 *   weights: for an output channel o, over its live windows:     dW[o] += dy * patch of the winner
 *   input:   for a window and winner, over its live channels:    dx at the patch += dy * W[o]
 *
 * Both are the same loop, accumulate(): rows are cut into as many vectors as the registers hold, and the list is walked once
 * for each such block with its sums in registers. The order in which a number gets its terms is the list's, however the
 * rows are cut.
 *
 * With few columns (a first layer) a row is a small part of a vector; then the lanes are output channels instead, and each
 * window's gradients are spread over its members, most of them zero: see few_columns().
 */
#include "name.h"
#include "vec.h"

#define UNROLL _Pragma("GCC unroll 32")

enum {
    BLOCK = FCNN_VREGS == 32 ? 24 : 12,   /* accumulators */
    MAX_RUNS = 3,                         /* runs that a block spans */
    MAX_VECTORS = 8,                      /* vectors of a run in a block */
    FEW_COLUMNS = 12                      /* up to here the lanes are outputs */
};

static inline size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* What is added: term e is g[e] * (row at from + offset[e]). */
typedef struct terms {
    size_t count;
    const int32_t *offset;
    const float *g;
} terms;

/* Runs of a row: run r begins step r in the source and in the sum. */
typedef struct run_map {
    const ptrdiff_t *from, *to;
} run_map;

static inline __attribute__((always_inline)) vf load_lane(const float *p, size_t j, size_t vectors, size_t tail)
{
    return tail && j == vectors - 1 ? vf_load_partial(p + j * FCNN_VL, tail) : vf_load(p + j * FCNN_VL);
}

static inline __attribute__((always_inline)) void accumulate_block(size_t runs, size_t vectors, size_t tail, terms list,
                                                                   const float *from, float *to, run_map map)
{
    vf acc[MAX_RUNS][MAX_VECTORS];
    const float *source[MAX_RUNS];
    UNROLL for (size_t r = 0; r < runs; r++) {
        source[r] = from + map.from[r];
        UNROLL for (size_t j = 0; j < vectors; j++)
            acc[r][j] = load_lane(to + map.to[r], j, vectors, tail);
    }
    for (size_t e = 0; e < list.count; e++) {
        const vf g = vf_broadcast(list.g[e]);
        const ptrdiff_t offset = list.offset[e];
        UNROLL for (size_t r = 0; r < runs; r++)
            UNROLL for (size_t j = 0; j < vectors; j++)
                acc[r][j] = vf_fma(g, load_lane(source[r] + offset, j, vectors, tail), acc[r][j]);
    }
    UNROLL for (size_t r = 0; r < runs; r++)
        UNROLL for (size_t j = 0; j < vectors; j++) {
            float *p = to + map.to[r] + j * FCNN_VL;
            if (tail && j == vectors - 1)
                vf_store_partial(p, acc[r][j], tail);
            else
                vf_store(p, acc[r][j]);
        }
}

static inline __attribute__((always_inline)) void accumulate_vectors(size_t runs, size_t vectors, size_t tail, terms list,
                                                                     const float *from, float *to, run_map map)
{
    if (tail)
        accumulate_block(runs, vectors, tail, list, from, to, map);
    else
        accumulate_block(runs, vectors, 0, list, from, to, map);
}

static inline __attribute__((always_inline)) void accumulate_runs(size_t runs, size_t vectors, size_t tail, terms list,
                                                                  const float *from, float *to, run_map map)
{
    switch (vectors) {
    case 1: accumulate_vectors(runs, 1, tail, list, from, to, map); return;
    case 2: accumulate_vectors(runs, 2, tail, list, from, to, map); return;
    case 3: accumulate_vectors(runs, 3, tail, list, from, to, map); return;
    case 4: accumulate_vectors(runs, 4, tail, list, from, to, map); return;
    }
    if (runs * 5 > BLOCK)
        return;
    switch (vectors) {
    case 5: accumulate_vectors(runs, 5, tail, list, from, to, map); return;
    case 6: accumulate_vectors(runs, 6, tail, list, from, to, map); return;
    case 7: accumulate_vectors(runs, 7, tail, list, from, to, map); return;
    case 8: accumulate_vectors(runs, 8, tail, list, from, to, map); return;
    }
}

/* Adds the listed terms to one row, block by block. */
static void accumulate(const fcnn_patches *rows, terms list, const float *from, float *to, const ptrdiff_t *from_run,
                       const ptrdiff_t *to_run)
{
    const size_t length = rows->run_length;
    for (size_t r = 0; r < rows->runs;) {
        const size_t left = rows->runs - r, runs = left == 4 ? 2 : smaller(left, MAX_RUNS);
        const size_t all = (length + FCNN_VL - 1) / FCNN_VL, most = smaller(BLOCK / runs, MAX_VECTORS);
        const size_t blocks = (all + most - 1) / most, vectors = (all + blocks - 1) / blocks;
        for (size_t l = 0; l < length; l += vectors * FCNN_VL) {
            const size_t lanes = smaller(vectors * FCNN_VL, length - l), width = (lanes + FCNN_VL - 1) / FCNN_VL;
            const run_map map = {from_run + r, to_run + r};
            if (runs == 3)
                accumulate_runs(3, width, lanes % FCNN_VL, list, from + l, to + l, map);
            else if (runs == 2)
                accumulate_runs(2, width, lanes % FCNN_VL, list, from + l, to + l, map);
            else
                accumulate_runs(1, width, lanes % FCNN_VL, list, from + l, to + l, map);
        }
        r += runs;
    }
}

/* ---- weights ---- */

/* The live windows of output channel o, in order. Returns their number. */
static size_t list_windows(const fcnn_pooled *pooled, const float *y, const float *dy, const uint8_t *winner,
                           size_t outputs, size_t o, int32_t *offset, float *g)
{
    size_t count = 0;
    for (size_t line = 0; line < pooled->window.lines; line++) {
        ptrdiff_t patch = pooled->origin + (ptrdiff_t)line * pooled->window.line_step;
        size_t at = line * pooled->out_width * outputs + o;
        for (size_t i = 0; i < pooled->window.width; i++, at += outputs, patch += pooled->window.step) {
            offset[count] = (int32_t)(patch + pooled->member[winner[at]]);
            g[count] = dy[at];
            count += !pooled->relu || y[at] > 0.0f;
        }
    }
    return count;
}

/* `gradient` rows o in [begin, end) summed in scratch, one behind the other, then transposed into place. */
static void many_columns(const fcnn_pooled *pooled, const float *x, const float *y, const float *dy,
                         const uint8_t *winner, size_t images, size_t stride, size_t outputs, size_t begin, size_t end,
                         float *gradient, float *scratch)
{
    const size_t columns = pooled->window.runs * pooled->window.run_length;
    const size_t windows = pooled->window.lines * pooled->window.width;
    int32_t *offset = (int32_t *)(void *)scratch;
    float *g = scratch + windows, *rows = g + windows;
    ptrdiff_t *to_run = (ptrdiff_t *)(void *)(rows + (end - begin) * columns + ((end - begin) * columns & 1));
    for (size_t r = 0; r < pooled->window.runs; r++)
        to_run[r] = (ptrdiff_t)(r * pooled->window.run_length);
    memset(rows, 0, (end - begin) * columns * sizeof *rows);
    for (size_t i = 0; i < images; i++)
        for (size_t o = begin; o < end; o++) {
            const size_t count = list_windows(pooled, y + i * stride, dy + i * stride,
                                              winner + i * stride * sizeof(float), outputs, o, offset, g);
            accumulate(&pooled->window, (terms){count, offset, g}, x + i * stride, rows + (o - begin) * columns,
                       pooled->window.run, to_run);
        }
    FCNN_NAME(transpose)(end - begin, columns, rows, columns, gradient + begin, outputs);
}

/* One vector of outputs from column `first` on: each window's gradient is spread over the members, and each member's
 * patch is broadcast column by column. `count` columns, at offsets column[] in a patch. */
static inline __attribute__((always_inline)) void few_columns_of(size_t count, const fcnn_pooled *pooled, const float *x,
                                                                 const float *y, const float *dy,
                                                                 const uint8_t *winner, size_t images, size_t stride,
                                                                 size_t outputs, size_t o, size_t lanes,
                                                                 const ptrdiff_t *column, float *gradient)
{
    vf acc[FEW_COLUMNS];
    UNROLL for (size_t k = 0; k < count; k++)
        acc[k] = (vf){0};
    for (size_t i = 0; i < images; i++)
        for (size_t line = 0; line < pooled->window.lines; line++) {
            size_t at = i * stride + line * pooled->out_width * outputs + o;
            const float *patch = x + i * stride + pooled->origin + (ptrdiff_t)line * pooled->window.line_step;
            const uint8_t *win = winner + i * stride * (sizeof(float) - 1) + at;
            for (size_t w = 0; w < pooled->window.width; w++, at += outputs, win += outputs, patch += pooled->window.step) {
                const vf value = vf_load_some(dy + at, lanes);
                const vf live = pooled->relu ? vf_select(vf_greater(vf_load_some(y + at, lanes), (vf){0}), value, (vf){0})
                                             : value;
                const vi place = vi_load_some_bytes(win, lanes);
                for (size_t m = 0; m < pooled->members; m++) {
                    const vf g = vf_select(vi_equal(place, vi_broadcast((int32_t)m)), live, (vf){0});
                    const float *p = patch + pooled->member[m];
                    UNROLL for (size_t k = 0; k < count; k++)
                        acc[k] = vf_fma(g, vf_broadcast(p[column[k]]), acc[k]);
                }
            }
        }
    UNROLL for (size_t k = 0; k < count; k++)
        vf_store_some(gradient + k * outputs + o, acc[k], lanes);
}

static void few_columns(const fcnn_pooled *pooled, const float *x, const float *y, const float *dy,
                        const uint8_t *winner, size_t images, size_t stride, size_t outputs, size_t begin, size_t end,
                        float *gradient)
{
    const size_t columns = pooled->window.runs * pooled->window.run_length;
    ptrdiff_t column[FEW_COLUMNS];
    for (size_t k = 0; k < columns; k++)
        column[k] = pooled->window.run[k / pooled->window.run_length] + (ptrdiff_t)(k % pooled->window.run_length);
    for (size_t o = begin; o < end; o += FCNN_VL) {
        const size_t lanes = smaller(FCNN_VL, end - o);
        for (size_t k = 0; k < columns;) {
            float *to = gradient + k * outputs;
            if (columns - k >= 9) {
                few_columns_of(9, pooled, x, y, dy, winner, images, stride, outputs, o, lanes, column + k, to);
                k += 9;
            } else if (columns - k >= 4) {
                few_columns_of(4, pooled, x, y, dy, winner, images, stride, outputs, o, lanes, column + k, to);
                k += 4;
            } else {
                few_columns_of(1, pooled, x, y, dy, winner, images, stride, outputs, o, lanes, column + k, to);
                k += 1;
            }
        }
    }
}

static void bias_of(const fcnn_pooled *pooled, const float *y, const float *dy, size_t images, size_t stride,
                    size_t outputs, size_t begin, size_t end, float *bias)
{
    for (size_t o = begin; o < end; o += FCNN_VL) {
        const size_t lanes = smaller(FCNN_VL, end - o);
        vf sum = {0};
        for (size_t i = 0; i < images; i++)
            for (size_t line = 0; line < pooled->window.lines; line++) {
                size_t at = i * stride + line * pooled->out_width * outputs + o;
                for (size_t w = 0; w < pooled->window.width; w++, at += outputs) {
                    const vf value = vf_load_some(dy + at, lanes);
                    sum += pooled->relu ? vf_select(vf_greater(vf_load_some(y + at, lanes), (vf){0}), value, (vf){0}) : value;
                }
            }
        vf_store_some(bias + o, sum, lanes);
    }
}

void FCNN_NAME(pooled_weight_gradient)(const fcnn_pooled *pooled, const float *x, const float *y, const float *dy,
                                       const uint8_t *winner, size_t images, size_t stride, size_t outputs,
                                       size_t begin, size_t end, float *gradient, float *bias, float *scratch)
{
    if (pooled->window.runs * pooled->window.run_length <= FEW_COLUMNS)
        few_columns(pooled, x, y, dy, winner, images, stride, outputs, begin, end, gradient);
    else
        many_columns(pooled, x, y, dy, winner, images, stride, outputs, begin, end, gradient, scratch);
    if (bias)
        bias_of(pooled, y, dy, images, stride, outputs, begin, end, bias);
}

/* ---- input ---- */

void FCNN_NAME(pooled_input_gradient)(const fcnn_pooled *pooled, const float *y, const float *dy, const uint8_t *winner,
                                      const float *wt, size_t outputs, float *dx, float *scratch)
{
    const size_t columns = pooled->window.runs * pooled->window.run_length;
    int32_t *offset = (int32_t *)(void *)scratch;   /* (members, outputs) */
    float *g = scratch + pooled->members * outputs;
    size_t *count = (size_t *)(void *)(g + pooled->members * outputs);
    ptrdiff_t *from_run = (ptrdiff_t *)(count + pooled->members);
    for (size_t r = 0; r < pooled->window.runs; r++)
        from_run[r] = (ptrdiff_t)(r * pooled->window.run_length);
    for (size_t line = 0; line < pooled->window.lines; line++) {
        float *patch = dx + pooled->origin + (ptrdiff_t)line * pooled->window.line_step;
        size_t at = line * pooled->out_width * outputs;
        for (size_t w = 0; w < pooled->window.width; w++, at += outputs, patch += pooled->window.step) {
            memset(count, 0, pooled->members * sizeof *count);
            for (size_t o = 0; o < outputs; o++) {
                const size_t m = winner[at + o], to = m * outputs + count[m];
                offset[to] = (int32_t)(o * columns);
                g[to] = dy[at + o];
                count[m] += !pooled->relu || y[at + o] > 0.0f;
            }
            for (size_t m = 0; m < pooled->members; m++)
                if (count[m] > 0)
                    accumulate(&pooled->window, (terms){count[m], offset + m * outputs, g + m * outputs}, wt,
                               patch + pooled->member[m], from_run, pooled->window.run);
        }
    }
}
