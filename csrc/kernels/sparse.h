/* sparse.h - rows added to a row, each scaled: the loop behind the gradients through a max pool.
 *
 * Of each pool window only the winner has a gradient, and none where the ReLU cut it off: with a pool of two by two
 * less than a quarter of the convolution's outputs. Those that live are found as bits, then each is one scaled row:
 *
 *   weights: for an output channel o, over its live windows:     dW[o] += dy * patch of the winner
 *   input:   for a window and winner, over its live channels:    dx at the patch += dy * W[o]
 *
 * Both are the same loop: rows are cut into blocks of as many vectors as the registers hold, and the bits are walked
 * once for each block with its sums in registers. The order in which a number gets its terms is the bits', however rows
 * are cut.
 *
 * For example, a row of 3x3 taps and 32 channels has 3 runs of 96 numbers. With AVX2 a run is 12 vectors, and 12 sums
 * fit: 3 blocks, each of 4 vectors of every run. With AVX-512 a run is 6 vectors, and 24 sums fit: 1 block of 18.
 */
#ifndef FCNN_SPARSE_H
#define FCNN_SPARSE_H

#include "kernels.h"
#include "vec.h"

enum {
    SUM_VECTORS = FCNN_VREGS == 32 ? 24 : 12, /* vectors of sums that the registers hold */
    MAX_RUNS = 3,                             /* runs that a block spans */
    MAX_RUN_VECTORS = 8                       /* vectors of one run in a block */
};

enum { WORD = FCNN_LIVE_WORD }; /* terms that a word has bits for */

/* What is added to one row: where bit e of the words is set, g[e * step] * (row at from + offset[e * step]).
 *
 * For example, with step 8, entry 70 of list 3 is bit 6 of bits[1 * 8 + 3], and its g and offset are at 70 * 8 + 3. */
typedef struct terms {
    const uint64_t *bits;
    size_t words;
    const int32_t *offset;
    const float *g;
    size_t step; /* from word to word of bits, and from entry to entry of offset and g */
} terms;

/* Where the sums go: list l of the terms, whose numbers lie l behind those of the first list, is added to row l. Run r
 * of a row begins from[r] behind the source, to[r] behind the sum. */
typedef struct destination {
    size_t lists;
    float *row;
    size_t row_step;
    const ptrdiff_t *from, *to;
} destination;

static ALWAYS_INLINE void add_block_of_terms(size_t runs, size_t vectors, size_t tail, terms list, const float *x,
                                             destination to)
{
    const float *source[MAX_RUNS];
    UNROLLED_FOR (size_t r = 0; r < runs; r++)
        source[r] = x + to.from[r];
    for (size_t l = 0; l < to.lists; l++, to.row += to.row_step) {
        vf acc[MAX_RUNS][MAX_RUN_VECTORS];
        UNROLLED_FOR (size_t r = 0; r < runs; r++)
            UNROLLED_FOR (size_t j = 0; j < vectors; j++)
                acc[r][j] = vf_load_column(to.row + to.to[r], j, vectors, tail);
        for (size_t word = 0; word < list.words; word++)
            for (uint64_t left = list.bits[word * list.step + l]; left; left &= left - 1) {
                const size_t e = (word * WORD + (size_t)__builtin_ctzll(left)) * list.step + l;
                const vf g = vf_broadcast(list.g[e]);
                const ptrdiff_t offset = list.offset[e];
                UNROLLED_FOR (size_t r = 0; r < runs; r++)
                    UNROLLED_FOR (size_t j = 0; j < vectors; j++)
                        acc[r][j] = vf_fma(g, vf_load_column(source[r] + offset, j, vectors, tail), acc[r][j]);
            }
        UNROLLED_FOR (size_t r = 0; r < runs; r++)
            UNROLLED_FOR (size_t j = 0; j < vectors; j++)
                vf_store_column(to.row + to.to[r], vf_end_sum(acc[r][j]), j, vectors, tail);
    }
}

static ALWAYS_INLINE void add_vectors_of_terms(size_t runs, size_t vectors, size_t tail, terms list, const float *x,
                                               destination to)
{
    if (tail)
        add_block_of_terms(runs, vectors, tail, list, x, to);
    else
        add_block_of_terms(runs, vectors, 0, list, x, to);
}

static ALWAYS_INLINE void add_runs_of_terms(size_t runs, size_t vectors, size_t tail, terms list, const float *x,
                                            destination to)
{
    switch (vectors) {
    case 1:
        add_vectors_of_terms(runs, 1, tail, list, x, to);
        return;
    case 2:
        add_vectors_of_terms(runs, 2, tail, list, x, to);
        return;
    case 3:
        add_vectors_of_terms(runs, 3, tail, list, x, to);
        return;
    case 4:
        add_vectors_of_terms(runs, 4, tail, list, x, to);
        return;
    }
    if (runs * 5 > SUM_VECTORS)
        return;
    switch (vectors) {
    case 5:
        add_vectors_of_terms(runs, 5, tail, list, x, to);
        return;
    case 6:
        add_vectors_of_terms(runs, 6, tail, list, x, to);
        return;
    case 7:
        add_vectors_of_terms(runs, 7, tail, list, x, to);
        return;
    case 8:
        add_vectors_of_terms(runs, 8, tail, list, x, to);
        return;
    }
}

/* How rows are cut into blocks: vectors of a run in a block of so many runs. */
typedef struct cut {
    size_t vectors[MAX_RUNS + 1];
} cut;

static inline cut cut_rows(const fcnn_patches *rows)
{
    const size_t all = (rows->run_length + FCNN_VL - 1) / FCNN_VL;
    cut c = {{0}};
    for (size_t runs = 1; runs <= MAX_RUNS; runs++) {
        const size_t most = smaller(SUM_VECTORS / runs, MAX_RUN_VECTORS), blocks = (all + most - 1) / most;
        c.vectors[runs] = (all + blocks - 1) / blocks;
    }
    return c;
}

/* Adds the terms to the rows, block by block. */
static __attribute__((noinline)) void add_terms(const fcnn_patches *rows, const cut *blocks, terms list, const float *x,
                                                destination to)
{
    const size_t length = rows->run_length;
    for (size_t r = 0; r < rows->runs;) {
        const size_t left = rows->runs - r, runs = left == 4 ? 2 : smaller(left, MAX_RUNS),
                     step = blocks->vectors[runs] * FCNN_VL;
        for (size_t l = 0; l < length; l += step) {
            const size_t lanes = smaller(step, length - l), width = (lanes + FCNN_VL - 1) / FCNN_VL;
            const destination here = {to.lists, to.row + l, to.row_step, to.from + r, to.to + r};
            if (runs == 3)
                add_runs_of_terms(3, width, lanes % FCNN_VL, list, x + l, here);
            else if (runs == 2)
                add_runs_of_terms(2, width, lanes % FCNN_VL, list, x + l, here);
            else
                add_runs_of_terms(1, width, lanes % FCNN_VL, list, x + l, here);
        }
        r += runs;
    }
}

#endif
