/* gemm.h - the register tiles of the products behind dense and convolution layers: y = P w, and its gradients P^T dy
 * and dy w^T.
 *
 * P is the matrix of patches, which is never built: fcnn_patches says where each row's columns lie in the image.
 *
 * Register tiles. A tile of `rows` x `vectors` accumulators stays in registers while the sum runs; each step loads
 * `vectors` vectors of one factor, broadcasts `rows` numbers of the other and does rows * vectors multiply-adds. Narrow
 * tiles get more rows, so that the register file is always about full. Rows that are left over run in the same tile,
 * with the last row repeated and not stored. The last columns, where they do not fill a vector, use partial loads and
 * stores.
 */
#ifndef FCNN_GEMM_H
#define FCNN_GEMM_H

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

#endif
