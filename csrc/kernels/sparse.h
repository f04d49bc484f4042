/* sparse.h - rows added to a row, each scaled: the loop behind the gradients through a max pool.
 *
 * Of each pool window only the winner has a gradient, and none where the ReLU cut it off: with a pool of two by two less
 * than a quarter of the convolution's outputs. Those that live are found as bits, then each is one scaled row:
 *
 *   weights: for an output channel o, over its live windows:     dW[o] += dy * patch of the winner
 *   input:   for a window and winner, over its live channels:    dx at the patch += dy * W[o]
 *
 * Both are the same loop: rows are cut into as many vectors as the registers hold, and the bits are walked once for each such
 * block with its sums in registers. The order in which a number gets its terms is the bits', however rows are cut.
 */
#ifndef FCNN_SPARSE_H
#define FCNN_SPARSE_H

#include "kernels.h"
#include "vec.h"

enum {
    BLOCK = FCNN_VREGS == 32 ? 24 : 12,   /* accumulators */
    MAX_RUNS = 3,                         /* runs that a block spans */
    MAX_VECTORS = 8                       /* vectors of a run in a block */
};

enum { WORD = FCNN_LIVE_WORD };   /* terms that a word has bits for */

/* Gradients that live; the others are 0. */
static inline vf live_gradients(const float *y, const float *dy, size_t lanes, int relu)
{
    const vf g = vf_load_some(dy, lanes);
    return relu ? vf_select(vf_greater(vf_load_some(y, lanes), (vf){0}), g, (vf){0}) : g;
}

/* What is added: where bit e of the words is set, g[e * step] * (row at from + offset[e * step]). */
typedef struct terms {
    const uint32_t *bits;
    size_t words, word_step;
    const int32_t *offset;
    const float *g;
    size_t step;
} terms;

/* Runs of a row: run r begins step r in the source and in the sum. */
typedef struct run_map {
    const ptrdiff_t *from, *to;
} run_map;

static inline __attribute__((always_inline)) vf load_lane(const float *p, size_t j, size_t vectors, size_t tail)
{
    return tail && j == vectors - 1 ? vf_load_partial(p + j * FCNN_VL, tail) : vf_load(p + j * FCNN_VL);
}

static inline __attribute__((always_inline)) void add_block_of_terms(size_t runs, size_t vectors, size_t tail, terms list,
                                                                   const float *from, float *to, run_map map)
{
    vf acc[MAX_RUNS][MAX_VECTORS];
    const float *source[MAX_RUNS];
    UNROLL for (size_t r = 0; r < runs; r++) {
        source[r] = from + map.from[r];
        UNROLL for (size_t j = 0; j < vectors; j++)
            acc[r][j] = load_lane(to + map.to[r], j, vectors, tail);
    }
    for (size_t word = 0; word < list.words; word++)
        for (uint32_t left = list.bits[word * list.word_step]; left; left &= left - 1) {
            const size_t e = (word * WORD + (size_t)__builtin_ctz(left)) * list.step;
            const vf g = vf_broadcast(list.g[e]);
            const ptrdiff_t offset = list.offset[e];
            UNROLL for (size_t r = 0; r < runs; r++)
                UNROLL for (size_t j = 0; j < vectors; j++)
                    acc[r][j] = vf_fma(g, load_lane(source[r] + offset, j, vectors, tail), acc[r][j]);
        }
    UNROLL for (size_t r = 0; r < runs; r++)
        UNROLL for (size_t j = 0; j < vectors; j++) {
            float *p = to + map.to[r] + j * FCNN_VL;
            if (tail && j == vectors - 1)
                vf_store_partial(p, acc[r][j], tail);
            else
                vf_store(p, acc[r][j]);
        }
}

static inline __attribute__((always_inline)) void add_vectors_of_terms(size_t runs, size_t vectors, size_t tail, terms list,
                                                                     const float *from, float *to, run_map map)
{
    if (tail)
        add_block_of_terms(runs, vectors, tail, list, from, to, map);
    else
        add_block_of_terms(runs, vectors, 0, list, from, to, map);
}

static inline __attribute__((always_inline)) void add_runs_of_terms(size_t runs, size_t vectors, size_t tail, terms list,
                                                                  const float *from, float *to, run_map map)
{
    switch (vectors) {
    case 1: add_vectors_of_terms(runs, 1, tail, list, from, to, map); return;
    case 2: add_vectors_of_terms(runs, 2, tail, list, from, to, map); return;
    case 3: add_vectors_of_terms(runs, 3, tail, list, from, to, map); return;
    case 4: add_vectors_of_terms(runs, 4, tail, list, from, to, map); return;
    }
    if (runs * 5 > BLOCK)
        return;
    switch (vectors) {
    case 5: add_vectors_of_terms(runs, 5, tail, list, from, to, map); return;
    case 6: add_vectors_of_terms(runs, 6, tail, list, from, to, map); return;
    case 7: add_vectors_of_terms(runs, 7, tail, list, from, to, map); return;
    case 8: add_vectors_of_terms(runs, 8, tail, list, from, to, map); return;
    }
}

/* Adds the terms to one row, block by block. */
static __attribute__((noinline)) void add_terms(const fcnn_patches *rows, terms list, const float *from, float *to, const ptrdiff_t *from_run,
                       const ptrdiff_t *to_run)
{
    const size_t length = rows->run_length;
    for (size_t r = 0; r < rows->runs;) {
        const size_t left = rows->runs - r, runs = left == 4 ? 2 : smaller(left, MAX_RUNS);
        const size_t all = (length + FCNN_VL - 1) / FCNN_VL, most = smaller(BLOCK / runs, MAX_VECTORS);
        const size_t blocks = (all + most - 1) / most, vectors = (all + blocks - 1) / blocks;
        for (size_t l = 0; l < length; l += vectors * FCNN_VL) {
            const size_t lanes = smaller(vectors * FCNN_VL, length - l), width = (lanes + FCNN_VL - 1) / FCNN_VL;
            const run_map map = {from_run + r, to_run + r};
            if (runs == 3)
                add_runs_of_terms(3, width, lanes % FCNN_VL, list, from + l, to + l, map);
            else if (runs == 2)
                add_runs_of_terms(2, width, lanes % FCNN_VL, list, from + l, to + l, map);
            else
                add_runs_of_terms(1, width, lanes % FCNN_VL, list, from + l, to + l, map);
        }
        r += runs;
    }
}

#endif
