/* bfloat16_multiply.c - C = A B of packed factors, in vectors: a pair of products a step where the processor has
 * AVX512_BF16, else two multiply-adds of what the halves of a word are as floats.
 *
 * Such a product is exact in float32, so the plain way gives the same bits with and without fused multiply-add.
 */
#include "bfloat16_name.h"
#include "vec.h"

enum { WORDS = FCNN_TILE_ROWS };          /* of a row of a tile */
enum { ROWS = FCNN_VREGS == 32 ? 8 : 4 }; /* of C that are summed at once: a half or a quarter of a tile */
enum { WIDE = 2 };                        /* vectors of them */

#ifdef __AVX512BF16__

typedef __m512bh words;
static ALWAYS_INLINE words load_words(const uint32_t *p) { return (words)_mm512_loadu_si512(p); }
static ALWAYS_INLINE vf add_products(uint32_t a, words b, vf sum)
{
    return (vf)_mm512_dpbf16_ps((__m512)sum, (words)_mm512_set1_epi32((int)a), b);
}

#else

typedef struct words {
    vf first, second;
} words;
static ALWAYS_INLINE vf first_half(vu word) { return (vf)(word << 16); }
static ALWAYS_INLINE vf second_half(vu word) { return (vf)(word & 0xffff0000); }
static ALWAYS_INLINE words load_words(const uint32_t *p)
{
    const vu word = (vu)vf_load((const float *)(const void *)p);
    return (words){first_half(word), second_half(word)};
}
static ALWAYS_INLINE vf add_products(uint32_t a, words b, vf sum)
{
    const vu word = vu_broadcast(a);
    return vf_fma(second_half(word), b.second, vf_fma(first_half(word), b.first, sum));
}

#endif

static ALWAYS_INLINE size_t lanes_from(const fcnn_product *p, size_t column)
{
    return p->columns > column ? smaller(FCNN_VL, p->columns - column) : 0;
}

/* What C's number begins with. */
static ALWAYS_INLINE vf begin(const fcnn_product *p, size_t row, size_t column)
{
    const size_t lanes = lanes_from(p, column);
    if (lanes == 0 || row >= p->rows)
        return (vf){0};
    if (p->accumulate)
        return vf_load_some(p->c + row * p->ldc + column, lanes);
    return p->bias ? vf_load_some(p->bias + column, lanes) : (vf){0};
}

/* ROWS rows of C by `vectors` vectors. */
static ALWAYS_INLINE void panel(size_t vectors, const fcnn_product *p, size_t row, size_t column)
{
    const uint32_t *a = p->a + row / WORDS * p->depth * FCNN_TILE + row % WORDS * WORDS, *b[WIDE];
    vf sum[ROWS][WIDE];
    UNROLLED_FOR (size_t j = 0; j < vectors; j++) {
        const size_t first = column + j * FCNN_VL;
        b[j] = p->b + first / WORDS * p->depth * FCNN_TILE + first % WORDS;
        UNROLLED_FOR (size_t r = 0; r < ROWS; r++)
            sum[r][j] = begin(p, row + r, first);
    }
    for (size_t tile = 0; tile < p->depth; tile++, a += FCNN_TILE)
        for (size_t word = 0; word < WORDS; word++) {
            words factor[WIDE];
            UNROLLED_FOR (size_t j = 0; j < vectors; j++)
                factor[j] = load_words(b[j] + tile * FCNN_TILE + word * WORDS);
            UNROLLED_FOR (size_t r = 0; r < ROWS; r++)
                UNROLLED_FOR (size_t j = 0; j < vectors; j++)
                    sum[r][j] = add_products(a[r * WORDS + word], factor[j], sum[r][j]);
        }
    UNROLLED_FOR (size_t j = 0; j < vectors; j++)
        for (size_t r = 0; r < ROWS && row + r < p->rows; r++)
            if (lanes_from(p, column + j * FCNN_VL) > 0)
                vf_store_some(p->c + (row + r) * p->ldc + column + j * FCNN_VL, sum[r][j],
                              lanes_from(p, column + j * FCNN_VL));
}

void FCNN_NAME(multiply)(const fcnn_product *p)
{
    for (size_t column = 0; column < p->columns; column += WIDE * FCNN_VL)
        for (size_t row = 0; row < p->rows; row += ROWS)
            if (p->columns - column > FCNN_VL)
                panel(WIDE, p, row, column);
            else
                panel(1, p, row, column);
}
