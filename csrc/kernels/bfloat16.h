/* bfloat16.h - products whose factors are rounded to bfloat16 and whose terms are added up in float32: the table of
 * these kernels, with each one's contract.
 *
 * A bfloat16 is the upper half of a float: its sign, its exponent, and 7 bits of its fraction. Two of them make a word,
 * the first in the lower half. Numbers are rounded to the nearest, ties to even; NaN stays NaN.
 *
 * C = A B. Both factors are packed into tiles of 16 rows of 16 words, a cache line each, which is what the processors'
 * units for matrices take:
 *
 *     a tile of A, 16 rows by 32 deep:      word [r][p] = a[r][2p], a[r][2p + 1]
 *     a tile of B, 32 deep by 16 columns:   word [p][c] = b[2p][c], b[2p + 1][c]
 *
 * Tile (r, k) of A is number r * depth + k, tile (k, c) of B is number c * depth + k. What lies beyond a factor's edge
 * is 0. A tile has the size of 256 floats.
 */
#ifndef FCNN_BFLOAT16_H
#define FCNN_BFLOAT16_H

#include "kernels.h"

enum { FCNN_TILE_ROWS = 16, FCNN_TILE_DEPTH = 32, FCNN_TILE = 256 };

/* Tiles that cover so many rows of A, or columns of B; and the same for what is summed over. */
static inline size_t fcnn_tiles(size_t rows) { return (rows + FCNN_TILE_ROWS - 1) / FCNN_TILE_ROWS; }
static inline size_t fcnn_tiles_deep(size_t terms) { return (terms + FCNN_TILE_DEPTH - 1) / FCNN_TILE_DEPTH; }

/* Memory for floats, as large, for tiles. */
static inline uint32_t *fcnn_words(float *memory) { return (uint32_t *)(void *)memory; }

/* Which factor a matrix becomes: A, B, or one of them after it was transposed. */
typedef enum fcnn_factor {
    FCNN_FACTOR_A,
    FCNN_FACTOR_A_TRANSPOSED,
    FCNN_FACTOR_B,
    FCNN_FACTOR_B_TRANSPOSED
} fcnn_factor;

/* C (rows, columns) = or += A B. */
typedef struct fcnn_product {
    size_t rows, columns;
    size_t depth; /* tiles of A in a row */
    const uint32_t *a, *b;
    const float *bias; /* (columns) that every row begins with; NULL: 0. Not looked at where `accumulate` */
    int accumulate;
    float *c;
    size_t ldc;
} fcnn_product;

typedef struct fcnn_bfloat16 {
    /* Packs a matrix of floats as a factor that is `depth` tiles deep, into tiles from the first on. The matrix's rows
     * are found as those of `rows`, its columns begin at x and lie side by side. */
    void (*pack)(const fcnn_patches *rows, const float *x, size_t columns, fcnn_factor factor, size_t depth,
                 uint32_t *tiles);

    /* Each number's terms are added in order of depth, after what it begins with; how those of one tile are added up
     * is the unit's: see docs/numerics.md. No number depends on how many rows and columns there are. */
    void (*multiply)(const fcnn_product *product);
} fcnn_bfloat16;

/* The kernels that use a unit, or for FCNN_UNIT_PLAIN none, of the instruction set. */
const fcnn_bfloat16 *fcnn_bfloat16_for(fcnn_isa isa, fcnn_unit unit);

/* Those that stand beside the table of an instruction set, with the unit that was chosen. */
const fcnn_bfloat16 *fcnn_bfloat16_beside(const fcnn_kernels *kernels);

#endif
