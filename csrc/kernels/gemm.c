/* gemm.c - the products behind dense and convolution layers: y = P w, and its gradients P^T dy and dy w^T.
 *
 * P is the matrix of patches, which is never built: fcnn_patches says where each row's columns lie in the image.
 *
 * Register tiles. A tile of `rows` x `vectors` accumulators stays in registers while the sum runs; each step loads
 * `vectors` vectors of one factor, broadcasts `rows` numbers of the other and does rows * vectors multiply-adds. Narrow
 * tiles get more rows, so that the register file is always about full. Rows that are left over run in the same tile,
 * with the last row repeated and not stored. The last columns, where they do not fill a vector, use partial loads and
 * stores.
 */
#include "name.h"
#include "vec.h"

enum { WIDE = 4, MAX_ROWS = 12 };

/* Rows of the tile that is `vectors` wide. */
static ALWAYS_INLINE size_t tile_rows(size_t vectors)
{
    if (FCNN_VREGS == 32)
        return vectors == 4 ? 6 : vectors == 3 ? 8 : 12;
    return vectors == 4 ? 3 : vectors == 3 ? 4 : vectors == 2 ? 6 : 10;
}

/* Walks over the rows of a patch matrix. */
typedef struct row_walk {
    ptrdiff_t line; /* offset of the line's first row */
    size_t column;
} row_walk;

/* Offset of the row that the walk stands on; steps to the next one. */
static inline ptrdiff_t next_row(const fcnn_patches *patches, row_walk *walk)
{
    const ptrdiff_t offset = walk->line + (ptrdiff_t)walk->column * patches->step;
    if (++walk->column == patches->width) {
        walk->column = 0;
        walk->line += patches->line_step;
    }
    return offset;
}

/* A tile's worth of one of the three products, `tail` lanes of its last vector in use (0: all of them). */
typedef struct panel {
    size_t column;  /* first output column */
    size_t vectors; /* 1 .. WIDE */
    size_t tail;
} panel;

/* Calls body(panel) for the columns 0 .. columns-1 in panels up to WIDE vectors wide. `body` is inlined with constant
 * widths, so that its accumulators live in registers. */
#define FOR_PANELS(columns, BODY)                                              \
    for (size_t column_ = 0; column_ < (columns); column_ += WIDE * FCNN_VL) { \
        const size_t left_ = (columns) - column_, tail_ = left_ % FCNN_VL;     \
        if (left_ >= 4 * FCNN_VL)                                              \
            BODY(((panel){column_, 4, 0}));                                    \
        else if (left_ > 3 * FCNN_VL)                                          \
            BODY(((panel){column_, 4, tail_}));                                \
        else if (left_ == 3 * FCNN_VL)                                         \
            BODY(((panel){column_, 3, 0}));                                    \
        else if (left_ > 2 * FCNN_VL)                                          \
            BODY(((panel){column_, 3, tail_}));                                \
        else if (left_ == 2 * FCNN_VL)                                         \
            BODY(((panel){column_, 2, 0}));                                    \
        else if (left_ > FCNN_VL)                                              \
            BODY(((panel){column_, 2, tail_}));                                \
        else if (left_ == FCNN_VL)                                             \
            BODY(((panel){column_, 1, 0}));                                    \
        else                                                                   \
            BODY(((panel){column_, 1, tail_}));                                \
    }

/* ---- y = P w + bias ---- */

static ALWAYS_INLINE void forward_tile(size_t rows, size_t stored, panel columns, const fcnn_patches *patches,
                                       const float *const *row,   // (rows) first column of each patch
                                       const float *w, const float *bias, size_t outputs, float *y, size_t ldy)
{
    vf acc[MAX_ROWS][WIDE];
    UNROLLED_FOR (size_t j = 0; j < columns.vectors; j++) {
        const vf start = bias ? vf_load_column(bias + columns.column, j, columns.vectors, columns.tail) : (vf){0};
        UNROLLED_FOR (size_t i = 0; i < rows; i++)
            acc[i][j] = start;
    }

    w += columns.column;
    for (size_t run = 0; run < patches->runs; run++) {
        const ptrdiff_t begin = patches->run[run], end = begin + (ptrdiff_t)patches->run_length;
        for (ptrdiff_t k = begin; k < end; k++, w += outputs) {
            vf wk[WIDE];
            UNROLLED_FOR (size_t j = 0; j < columns.vectors; j++)
                wk[j] = vf_load_column(w, j, columns.vectors, columns.tail);
            UNROLLED_FOR (size_t i = 0; i < rows; i++) {
                const vf xk = vf_broadcast(row[i][k]);
                UNROLLED_FOR (size_t j = 0; j < columns.vectors; j++)
                    acc[i][j] = vf_fma(xk, wk[j], acc[i][j]);
            }
        }
    }

    UNROLLED_FOR (size_t i = 0; i < rows; i++)
        if (i < stored)
            UNROLLED_FOR (size_t j = 0; j < columns.vectors; j++)
                vf_store_column(y + i * ldy + columns.column, vf_end_sum(acc[i][j]), j, columns.vectors, columns.tail);
}

static ALWAYS_INLINE void forward_panel(panel columns, const fcnn_patches *patches, const float *x, const float *w,
                                        const float *bias, size_t outputs, float *y, size_t ldy)
{
    const size_t most = tile_rows(columns.vectors), rows = patches->lines * patches->width;
    row_walk walk = {0, 0};
    for (size_t r = 0; r < rows;) {
        const size_t stored = balanced(rows - r, most);
        const float *row[MAX_ROWS], *last = x;
        UNROLLED_FOR (size_t i = 0; i < most; i++) {
            if (i < stored)
                last = x + next_row(patches, &walk);
            row[i] = last;
        }
        float *out = y + r * ldy;
        if (stored == 1)
            forward_tile(1, 1, columns, patches, row, w, bias, outputs, out, ldy);
        else if (stored + 2 == most)
            forward_tile(most - 2, stored, columns, patches, row, w, bias, outputs, out, ldy);
        else if (stored + 1 == most)
            forward_tile(most - 1, stored, columns, patches, row, w, bias, outputs, out, ldy);
        else
            forward_tile(most, stored, columns, patches, row, w, bias, outputs, out, ldy);
        r += stored;
    }
}

void FCNN_NAME(patches_forward)(const fcnn_patches *patches, const float *x, const float *w, const float *bias,
                                size_t outputs, float *y, size_t ldy)
{
#define BODY(columns) forward_panel(columns, patches, x, w, bias, outputs, y, ldy)
    FOR_PANELS(outputs, BODY)
#undef BODY
}

/* ---- gradient = P^T dy ---- */

static ALWAYS_INLINE void weight_gradient_panel(panel columns, const fcnn_patches *patches, const float *x,
                                                const float *dy, size_t ldy, size_t images, size_t stride,
                                                size_t outputs, size_t begin, size_t end, float *gradient,
                                                int accumulate, float *updated)
{
    const size_t tile = tile_rows(columns.vectors), rows = patches->lines * patches->width;
    for (size_t k = begin; k < end; k += tile) {
        const size_t stored = smaller(tile, end - k);
        ptrdiff_t offset[MAX_ROWS], last = 0;
        size_t run = k / patches->run_length, l = k % patches->run_length;
        UNROLLED_FOR (size_t i = 0; i < tile; i++) {
            if (i < stored) {
                last = patches->run[run] + (ptrdiff_t)l;
                run += ++l == patches->run_length;
                l = l == patches->run_length ? 0 : l;
            }
            offset[i] = last;
        }
        float *g = gradient + (k - begin) * outputs + columns.column;
        vf acc[MAX_ROWS][WIDE];
        UNROLLED_FOR (size_t i = 0; i < tile; i++)
            UNROLLED_FOR (size_t j = 0; j < columns.vectors; j++)
                acc[i][j] = accumulate && i < stored ? vf_load_column(g + i * outputs, j, columns.vectors, columns.tail)
                                                     : (vf){0};

        float *claimed = updated ? updated + (k - begin) * outputs + columns.column : NULL;
        const size_t lines = updated ? stored * columns.vectors : 0;
        size_t line = 0;
        for (size_t image = 0; image < images; image++) {
            const float *d = dy + image * stride + columns.column;
            row_walk walk = {0, 0};
            for (size_t r = 0; r < rows; r++, d += ldy) {
                const float *p = x + image * stride + next_row(patches, &walk);
                if (line < lines) {
                    claim(claimed + line / columns.vectors * outputs + line % columns.vectors * FCNN_VL);
                    line++;
                }
                vf dr[WIDE];
                UNROLLED_FOR (size_t j = 0; j < columns.vectors; j++)
                    dr[j] = vf_load_column(d, j, columns.vectors, columns.tail);
                UNROLLED_FOR (size_t i = 0; i < tile; i++) {
                    const vf xk = vf_broadcast(p[offset[i]]);
                    UNROLLED_FOR (size_t j = 0; j < columns.vectors; j++)
                        acc[i][j] = vf_fma(xk, dr[j], acc[i][j]);
                }
            }
        }

        UNROLLED_FOR (size_t i = 0; i < tile; i++)
            if (i < stored)
                UNROLLED_FOR (size_t j = 0; j < columns.vectors; j++)
                    vf_store_column(g + i * outputs, vf_end_sum(acc[i][j]), j, columns.vectors, columns.tail);
    }
}

void FCNN_NAME(patches_weight_gradient)(const fcnn_patches *patches, const float *x, const float *dy, size_t ldy,
                                        size_t images, size_t stride, size_t outputs, size_t begin, size_t end,
                                        float *gradient, int accumulate, float *updated)
{
#define BODY(columns)                                                                                              \
    weight_gradient_panel(columns, patches, x, dy, ldy, images, stride, outputs, begin, end, gradient, accumulate, \
                          updated)
    FOR_PANELS(outputs, BODY)
#undef BODY
}

static ALWAYS_INLINE void sum_rows_panel(panel columns, const float *a, size_t lda, size_t rows, size_t images,
                                         size_t stride, float *sum, int accumulate)
{
    vf acc[WIDE];
    UNROLLED_FOR (size_t j = 0; j < columns.vectors; j++)
        acc[j] = accumulate ? vf_load_column(sum + columns.column, j, columns.vectors, columns.tail) : (vf){0};
    for (size_t image = 0; image < images; image++)
        for (size_t r = 0; r < rows; r++)
            UNROLLED_FOR (size_t j = 0; j < columns.vectors; j++)
                acc[j] +=
                    vf_load_column(a + image * stride + r * lda + columns.column, j, columns.vectors, columns.tail);
    UNROLLED_FOR (size_t j = 0; j < columns.vectors; j++)
        vf_store_column(sum + columns.column, vf_end_sum(acc[j]), j, columns.vectors, columns.tail);
}

void FCNN_NAME(sum_rows)(const float *a, size_t lda, size_t rows, size_t images, size_t stride, size_t columns,
                         float *sum, int accumulate)
{
#define BODY(part) sum_rows_panel(part, a, lda, rows, images, stride, sum, accumulate)
    FOR_PANELS(columns, BODY)
#undef BODY
}

/* ---- dx += dy w^T, scattered to the patches ---- */

static ALWAYS_INLINE void input_gradient_panel(panel columns, const fcnn_patches *patches, ptrdiff_t tap_offset,
                                               size_t tap, const float *dy, size_t ldy,
                                               const float *wt,   // (outputs, tap)
                                               size_t outputs, float *dx)
{
    const size_t tile = tile_rows(columns.vectors), rows = patches->lines * patches->width;
    row_walk walk = {0, 0};
    for (size_t r = 0; r < rows; r += tile) {
        const size_t stored = smaller(tile, rows - r);
        const float *d[MAX_ROWS];
        vf acc[MAX_ROWS][WIDE];
        UNROLLED_FOR (size_t i = 0; i < tile; i++) {
            d[i] = dy + (r + smaller(i, stored - 1)) * ldy;
            UNROLLED_FOR (size_t j = 0; j < columns.vectors; j++)
                acc[i][j] = (vf){0};
        }
        const float *w = wt + columns.column;
        for (size_t o = 0; o < outputs; o++, w += tap) {
            vf wo[WIDE];
            UNROLLED_FOR (size_t j = 0; j < columns.vectors; j++)
                wo[j] = vf_load_column(w, j, columns.vectors, columns.tail);
            UNROLLED_FOR (size_t i = 0; i < tile; i++) {
                const vf g = vf_broadcast(d[i][o]);
                UNROLLED_FOR (size_t j = 0; j < columns.vectors; j++)
                    acc[i][j] = vf_fma(g, wo[j], acc[i][j]);
            }
        }
        UNROLLED_FOR (size_t i = 0; i < tile; i++)
            if (i < stored) {
                float *p = dx + next_row(patches, &walk) + tap_offset + (ptrdiff_t)columns.column;
                UNROLLED_FOR (size_t j = 0; j < columns.vectors; j++)
                    vf_store_column(p, vf_load_column(p, j, columns.vectors, columns.tail) + acc[i][j], j,
                                    columns.vectors, columns.tail);
            }
    }
}

void FCNN_NAME(patches_input_gradient)(const fcnn_patches *patches, size_t tap, const float *dy, size_t ldy,
                                       const float *wt, size_t outputs, float *dx)
{
    for (size_t run = 0; run < patches->runs; run++)
        for (size_t l = 0; l < patches->run_length; l += tap, wt += outputs * tap) {
            const ptrdiff_t offset = patches->run[run] + (ptrdiff_t)l;
#define BODY(columns) input_gradient_panel(columns, patches, offset, tap, dy, ldy, wt, outputs, dx)
            FOR_PANELS(tap, BODY)
#undef BODY
        }
}
