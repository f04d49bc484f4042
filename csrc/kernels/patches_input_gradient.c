/* patches_input_gradient.c - dx += dy w^T, scattered to the patches: see gemm.h. */
#include "gemm.h"

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
