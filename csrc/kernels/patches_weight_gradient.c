/* patches_weight_gradient.c - dw = P^T dy, and sums of rows: see gemm.h. */
#include "gemm.h"

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
