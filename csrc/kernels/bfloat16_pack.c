/* bfloat16_pack.c - matrices of floats, rounded to bfloat16 and packed into tiles.
 *
 * A word of a tile is two numbers: neighbours of one row, or two numbers of a column. So there are two ways to read a
 * matrix, and what comes out is a tile of one factor, or turned round of the other:
 *
 *     neighbours of 16 rows, 32 columns:       A, or turned round B of the transposed matrix
 *     pairs of rows, 32 rows, 16 columns:      B, or turned round A of the transposed matrix
 */
#include "bfloat16_name.h"
#include "gemm.h"

enum { WORDS = FCNN_TILE_ROWS, VECTORS = WORDS / FCNN_VL }; /* of a row of a tile */

#ifdef __AVX512BF16__

/* Word i = a[i], b[i]. */
static ALWAYS_INLINE vi paired(vf a, vf b)
{
    const __m512i halves = (__m512i)_mm512_cvtne2ps_pbh((__m512)b, (__m512)a); /* of a, then of b */
    vi order;                                                                  /* halves i and i + 16 */
    UNROLLED_FOR (int i = 0; i < FCNN_VL; i++)
        order[i] = i | (i + FCNN_VL) << 16;
    return (vi)_mm512_permutexvar_epi16((__m512i)order, halves);
}

/* Word i = numbers 2 i and 2 i + 1 of a and b, one behind the other. */
static ALWAYS_INLINE vi neighbours(vf a, vf b) { return (vi)_mm512_cvtne2ps_pbh((__m512)b, (__m512)a); }

#else

/* The bits of a, of which the upper half is the bfloat16. */
static ALWAYS_INLINE vu nearest(vf a)
{
    const vu bits = (vu)a, up = bits + 0x7fff + (bits >> 16 & 1);
    return (vu)vi_select(vf_equal(a, a), (vi)up, (vi)(bits | 0x400000));
}

static ALWAYS_INLINE vi paired(vf a, vf b) { return (vi)(nearest(a) >> 16 | (nearest(b) & 0xffff0000)); }

static ALWAYS_INLINE vi neighbours(vf a, vf b)
{
    vi even;
    UNROLLED_FOR (int i = 0; i < FCNN_VL; i++)
        even[i] = 2 * i;
    return paired(vf_shuffle(a, b, even), vf_shuffle(a, b, even + 1));
}

#endif

/* Columns from `first` on of a row that has `columns`; 0 beyond. */
static ALWAYS_INLINE vf load(const float *row, size_t first, size_t columns)
{
    return first < columns ? vf_load_some(row + first, columns - first) : (vf){0};
}

/* Up to 16 rows of 32 columns. */
static ALWAYS_INLINE void read_neighbours(const float *const *row, size_t rows, size_t columns, vi tile[WORDS][VECTORS])
{
    for (size_t r = 0; r < WORDS; r++)
        UNROLLED_FOR (size_t j = 0; j < VECTORS; j++) {
            const size_t first = 2 * j * FCNN_VL;
            tile[r][j] =
                r < rows ? neighbours(load(row[r], first, columns), load(row[r], first + FCNN_VL, columns)) : (vi){0};
        }
}

/* Up to 32 rows of 16 columns. */
static ALWAYS_INLINE void read_pairs(const float *const *row, size_t rows, size_t columns, vi tile[WORDS][VECTORS])
{
    for (size_t p = 0; p < WORDS; p++)
        UNROLLED_FOR (size_t j = 0; j < VECTORS; j++) {
            const vf a = 2 * p < rows ? load(row[2 * p], j * FCNN_VL, columns) : (vf){0};
            const vf b = 2 * p + 1 < rows ? load(row[2 * p + 1], j * FCNN_VL, columns) : (vf){0};
            tile[p][j] = paired(a, b);
        }
}

static ALWAYS_INLINE void turn_round(vi tile[WORDS][VECTORS])
{
    for (size_t i = 0; i < VECTORS; i++)
        for (size_t j = 0; j <= i; j++) {
            vf here[FCNN_VL], there[FCNN_VL];
            UNROLLED_FOR (size_t n = 0; n < FCNN_VL; n++) {
                here[n] = (vf)tile[i * FCNN_VL + n][j];
                there[n] = (vf)tile[j * FCNN_VL + n][i];
            }
            vf_transpose(here);
            vf_transpose(there);
            UNROLLED_FOR (size_t n = 0; n < FCNN_VL; n++) {
                tile[i * FCNN_VL + n][j] = (vi)there[n];
                tile[j * FCNN_VL + n][i] = (vi)here[n];
            }
        }
}

static ALWAYS_INLINE void pack_tile(const float *const *row, size_t rows, size_t columns, int pairs, int turns,
                                    uint32_t *words)
{
    vi tile[WORDS][VECTORS];
    if (pairs)
        read_pairs(row, rows, columns, tile);
    else
        read_neighbours(row, rows, columns, tile);
    if (turns)
        turn_round(tile);
    for (size_t r = 0; r < WORDS; r++)
        UNROLLED_FOR (size_t j = 0; j < VECTORS; j++)
            vi_store((int32_t *)words + r * WORDS + j * FCNN_VL, tile[r][j]);
}

/* The tiles of up to 16 or 32 rows, `step` words apart. */
static ALWAYS_INLINE void pack_rows(const float *const *row, size_t rows, size_t columns, int pairs, int turns,
                                    uint32_t *words, size_t step)
{
    const size_t height = pairs ? FCNN_TILE_DEPTH : FCNN_TILE_ROWS, width = FCNN_TILE_ROWS + FCNN_TILE_DEPTH - height;
    const float *at[FCNN_TILE_DEPTH];
    for (size_t column = 0; column < columns; column += width, words += step) {
        for (size_t r = 0; r < rows; r++)
            at[r] = row[r] + column;
        if (rows == height && columns - column >= width)
            pack_tile(at, height, width, pairs, turns, words);
        else
            pack_tile(at, rows, smaller(width, columns - column), pairs, turns, words);
    }
}

void FCNN_NAME(pack)(const fcnn_patches *rows, const float *x, size_t columns, fcnn_factor factor, size_t depth,
                     uint32_t *tiles)
{
    const int pairs = factor == FCNN_FACTOR_B || factor == FCNN_FACTOR_A_TRANSPOSED;
    const size_t height = pairs ? FCNN_TILE_DEPTH : FCNN_TILE_ROWS, count = rows->lines * rows->width;
    const int deep_columns = factor == FCNN_FACTOR_A || factor == FCNN_FACTOR_B_TRANSPOSED;
    const size_t deep = FCNN_TILE, next = depth * FCNN_TILE; /* words from tile to tile, along depth and not */
    const size_t down = deep_columns ? next : deep, across = deep_columns ? deep : next;
    row_walk walk = {0};
    for (size_t first = 0; first < count; first += height, tiles += down) {
        const float *row[FCNN_TILE_DEPTH];
        const size_t some = smaller(height, count - first);
        for (size_t r = 0; r < some; r++)
            row[r] = x + next_row(rows, &walk);
        switch (factor) {
        case FCNN_FACTOR_A:
            pack_rows(row, some, columns, 0, 0, tiles, across);
            break;
        case FCNN_FACTOR_B_TRANSPOSED:
            pack_rows(row, some, columns, 0, 1, tiles, across);
            break;
        case FCNN_FACTOR_B:
            pack_rows(row, some, columns, 1, 0, tiles, across);
            break;
        case FCNN_FACTOR_A_TRANSPOSED:
            pack_rows(row, some, columns, 1, 1, tiles, across);
            break;
        }
    }
}
