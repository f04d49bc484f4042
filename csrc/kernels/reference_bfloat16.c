/* reference_bfloat16.c - the contracts of bfloat16.h in plain loops, sums in double. */
#include <math.h>
#include <string.h>

#include "bfloat16_name.h"

/* The nearest bfloat16; of two that are equally near the one whose last bit is 0. */
static uint32_t nearest(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    if (isnan(x))
        return bits >> 16 | 0x40;
    const uint32_t below = bits >> 16, rest = bits & 0xffff;
    return below + (rest > 0x8000 || (rest == 0x8000 && below & 1));
}

static double number(uint32_t word, size_t half)
{
    const uint32_t bits = half ? word & 0xffff0000 : word << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Where a factor's number in row (or column) `line` and at `depth` is: the word's index. */
static size_t word_of(fcnn_factor factor, size_t line, size_t at, size_t depth)
{
    const size_t tile = line / FCNN_TILE_ROWS * depth + at / FCNN_TILE_DEPTH;
    const size_t l = line % FCNN_TILE_ROWS, p = at % FCNN_TILE_DEPTH / 2;
    const int is_a = factor == FCNN_FACTOR_A || factor == FCNN_FACTOR_A_TRANSPOSED;
    return tile * FCNN_TILE + (is_a ? l * FCNN_TILE_ROWS + p : p * FCNN_TILE_ROWS + l);
}

void FCNN_NAME(pack)(const fcnn_patches *rows, const float *x, size_t columns, fcnn_factor factor, size_t depth,
                     uint32_t *tiles)
{
    const size_t count = rows->lines * rows->width;
    const int deep_columns = factor == FCNN_FACTOR_A || factor == FCNN_FACTOR_B_TRANSPOSED;
    const size_t lines = deep_columns ? count : columns, terms = deep_columns ? columns : count;
    for (size_t line = 0; line < fcnn_tiles(lines) * FCNN_TILE_ROWS; line++)
        for (size_t at = 0; at < fcnn_tiles_deep(terms) * FCNN_TILE_DEPTH; at++) {
            const size_t row = deep_columns ? line : at, column = deep_columns ? at : line;
            const int inside = row < count && column < columns;
            const ptrdiff_t offset = (ptrdiff_t)(row / rows->width) * rows->line_step +
                                     (ptrdiff_t)(row % rows->width) * rows->step + (ptrdiff_t)column;
            const uint32_t half = inside ? nearest(x[offset]) : 0;
            uint32_t *word = &tiles[word_of(factor, line, at, depth)];
            *word = at % 2 ? (*word & 0xffff) | half << 16 : (*word & 0xffff0000) | half;
        }
}

void FCNN_NAME(multiply)(const fcnn_product *p)
{
    for (size_t row = 0; row < p->rows; row++)
        for (size_t column = 0; column < p->columns; column++) {
            float *c = &p->c[row * p->ldc + column];
            double sum = p->accumulate ? *c : p->bias ? p->bias[column] : 0.0;
            for (size_t at = 0; at < p->depth * FCNN_TILE_DEPTH; at++)
                sum += number(p->a[word_of(FCNN_FACTOR_A, row, at, p->depth)], at % 2) *
                       number(p->b[word_of(FCNN_FACTOR_B, column, at, p->depth)], at % 2);
            *c = (float)sum;
        }
}
