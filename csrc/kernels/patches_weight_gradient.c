/* patches_weight_gradient.c - dw = P^T dy, and sums of rows: see gemm.h.
 *
 * Rows are handled in blocks whose part of dy stays in the first-level cache while all tiles of sums meet it; between
 * blocks the sums wait in the gradient.
 */
#include "gemm.h"

enum { BLOCK = 4096 }; /* floats of dy */

/* What one block of rows of an image adds to the gradient. */
typedef struct block {
    const float *x, *dy; /* the line, and the number, where the rows begin */
    size_t column, rows; /* the first row's, and how many they are */
    int accumulate;
    float *updated; /* to be claimed, or NULL */
} block;

/* acc += P^T dy for a tile's columns, `offset` further on in the image than a row's first. */
static ALWAYS_INLINE void add_rows(size_t tile, panel columns, const fcnn_patches *patches, const block *b,
                                   const ptrdiff_t offset[MAX_ROWS], size_t ldy, vf acc[MAX_ROWS][WIDE])
{
    const float *d = b->dy + columns.column, *line = b->x;
    size_t column = b->column, left = b->rows;
    for (; left > 0; line += patches->line_step, column = 0) {
        const float *p = line + (ptrdiff_t)column * patches->step;
        size_t here = smaller(left, patches->width - column);
        for (left -= here; here > 0; here--, p += patches->step, d += ldy) {
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
}

static ALWAYS_INLINE void weight_gradient_panel(panel columns, const fcnn_patches *patches, const block *b, size_t ldy,
                                                size_t outputs, size_t begin, size_t end, float *gradient)
{
    const size_t tile = tile_rows(columns.vectors);
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
        for (size_t line = 0; b->updated && line < stored * columns.vectors; line++)
            claim(b->updated + (k - begin + line / columns.vectors) * outputs + columns.column +
                  line % columns.vectors * FCNN_VL);
        vf acc[MAX_ROWS][WIDE];
        UNROLLED_FOR (size_t i = 0; i < tile; i++)
            UNROLLED_FOR (size_t j = 0; j < columns.vectors; j++)
                acc[i][j] = b->accumulate && i < stored
                                ? vf_load_column(g + i * outputs, j, columns.vectors, columns.tail)
                                : (vf){0};
        add_rows(tile, columns, patches, b, offset, ldy, acc);
        UNROLLED_FOR (size_t i = 0; i < tile; i++)
            if (i < stored)
                UNROLLED_FOR (size_t j = 0; j < columns.vectors; j++)
                    vf_store_column(g + i * outputs, vf_end_sum(acc[i][j]), j, columns.vectors, columns.tail);
    }
}

static void weight_gradient_block(const fcnn_patches *patches, const block *b, size_t ldy, size_t outputs, size_t begin,
                                  size_t end, float *gradient)
{
#define BODY(columns) weight_gradient_panel(columns, patches, b, ldy, outputs, begin, end, gradient)
    FOR_PANELS(outputs, BODY)
#undef BODY
}

/* Lines without a gap between them are one: a walk over rows then ends seldom. */
static fcnn_patches join_lines(const fcnn_patches *patches)
{
    fcnn_patches joined = *patches;
    if (patches->line_step == (ptrdiff_t)patches->width * patches->step) {
        joined.width *= joined.lines;
        joined.lines = 1;
    }
    return joined;
}

void FCNN_NAME(patches_weight_gradient)(const fcnn_patches *patches, const float *x, const float *dy, size_t ldy,
                                        size_t images, size_t stride, size_t outputs, size_t begin, size_t end,
                                        float *gradient, int accumulate, float *updated)
{
    const size_t rows = patches->lines * patches->width, most = larger(BLOCK / outputs, 16);
    const fcnn_patches joined = join_lines(patches);
    patches = &joined;
    for (size_t image = 0; image < images; image++)
        for (size_t first = 0, size; first < rows; first += size) {
            size = balanced(rows - first, most);
            const int begins = image == 0 && first == 0;
            const block b = {.x = x + image * stride + (ptrdiff_t)(first / patches->width) * patches->line_step,
                             .dy = dy + image * stride + first * ldy,
                             .column = first % patches->width,
                             .rows = size,
                             .accumulate = accumulate || !begins,
                             .updated = begins ? updated : NULL};
            weight_gradient_block(patches, &b, ldy, outputs, begin, end, gradient);
        }
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
