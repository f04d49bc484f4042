/* patches_forward.c - y = P w + bias: see gemm.h. */
#include "gemm.h"
#include "limits.h"

static ALWAYS_INLINE void forward_tile(size_t rows, size_t stored, panel columns, const fcnn_patches *patches,
                                       const float *const *row,   // (rows) first column of each patch
                                       const float *w, const float *bias, size_t outputs, float *y, size_t ldy)
{
    const fcnn_limits limits = patches->limits;
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
                vf_store_column(y + i * ldy + columns.column, vf_limit(vf_end_sum(acc[i][j]), limits), j,
                                columns.vectors, columns.tail);
}

static ALWAYS_INLINE void forward_panel(panel columns, const fcnn_patches *patches, const float *x, const float *w,
                                        const float *bias, size_t outputs, float *y, size_t ldy)
{
    const size_t most = tile_rows(columns.vectors), rows = patches->lines * patches->width;
    const size_t tiles = (rows + most - 1) / most, least = rows / tiles, larger_tiles = rows % tiles;
    row_walk walk = {0, 0};
    for (size_t t = 0, r = 0; t < tiles; t++) {
        const size_t stored = least + (t < larger_tiles);
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
