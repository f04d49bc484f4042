/* bfloat16_amx.c - C = A B of packed factors by AMX, whose registers are tiles.
 *
 * Two tiles of A and two of B stand beside four of C: each that is loaded is used twice. All tiles are whole; of those
 * at C's edges only what lies in it is taken out.
 */
#include <immintrin.h>
#include <string.h>

#include "../base/sizes.h"
#include "bfloat16_name.h"

enum { ROWS = FCNN_TILE_ROWS, LINE = 64 }; /* of a tile; bytes of a row */

/* Tile registers: C's, A's and B's. Names for the assembler, which takes no expressions. */
#define C00 0
#define C01 1
#define C10 2
#define C11 3
#define A0 4
#define A1 5
#define B0 6
#define B1 7

/* What the compiler has to know of memory around instructions that it does not look into. */
static inline void settle_memory(void) { __asm__ volatile("" ::: "memory"); }

static void configure(void)
{
    static const struct {
        uint8_t palette, start_row, reserved[14];
        uint16_t line[16];
        uint8_t rows[16];
    } all = {.palette = 1,
             .line = {LINE, LINE, LINE, LINE, LINE, LINE, LINE, LINE},
             .rows = {ROWS, ROWS, ROWS, ROWS, ROWS, ROWS, ROWS, ROWS}};
    _tile_loadconfig(&all);
}

/* A tile of C. */
typedef struct place {
    float *c;
    size_t rows, columns; /* that lie in C */
    const float *start;   /* what a tile begins with, `step` bytes from row to row */
    size_t step;
    _Alignas(LINE) float aside[ROWS][ROWS];
} place;

static void find(const fcnn_product *p, size_t row, size_t column, place *at)
{
    at->rows = smaller(ROWS, p->rows - row);
    at->columns = smaller(ROWS, p->columns - column);
    at->c = p->c + row * p->ldc + column;
    const int whole = at->rows == ROWS && at->columns == ROWS;
    if (p->accumulate && whole) {
        at->start = at->c;
        at->step = p->ldc * sizeof(float);
        return;
    }
    memset(at->aside, 0, p->accumulate ? sizeof at->aside : LINE);
    for (size_t r = 0; p->accumulate && r < at->rows; r++)
        memcpy(at->aside[r], at->c + r * p->ldc, at->columns * sizeof(float));
    if (!p->accumulate && p->bias)
        memcpy(at->aside[0], p->bias + column, at->columns * sizeof(float));
    at->start = at->aside[0];
    at->step = p->accumulate ? LINE : 0; /* the bias is the same in every row */
    settle_memory();
}

/* What was put aside, as far as it lies in C. */
static void take_out(const place *at, size_t ldc)
{
    for (size_t r = 0; r < at->rows; r++)
        memcpy(at->c + r * ldc, at->aside[r], at->columns * sizeof(float));
}

static inline int is_whole(const place *at) { return at->rows == ROWS && at->columns == ROWS; }

#define BEGIN(tile, at) _tile_loadd(tile, (at).start, (at).step)
#define END(tile, at)                                             \
    do {                                                          \
        if (is_whole(&(at))) {                                    \
            _tile_stored(tile, (at).c, p->ldc * sizeof(float));   \
        } else {                                                  \
            _tile_stored(tile, (at).aside, LINE);                 \
            settle_memory();                                      \
            take_out(&(at), p->ldc);                              \
        }                                                         \
    } while (0)

/* Tiles of C at (row, column): two by two, or one where `down` or `across` is 0. */
static inline __attribute__((always_inline)) void block(const fcnn_product *p, size_t row, size_t column, int down,
                                                        int across)
{
    const size_t next = p->depth * FCNN_TILE;
    const uint32_t *a = p->a + row / ROWS * next, *b = p->b + column / ROWS * next;
    place at[2][2];
    find(p, row, column, &at[0][0]);
    BEGIN(C00, at[0][0]);
    if (across) {
        find(p, row, column + ROWS, &at[0][1]);
        BEGIN(C01, at[0][1]);
    }
    if (down) {
        find(p, row + ROWS, column, &at[1][0]);
        BEGIN(C10, at[1][0]);
    }
    if (down && across) {
        find(p, row + ROWS, column + ROWS, &at[1][1]);
        BEGIN(C11, at[1][1]);
    }
    for (size_t k = 0; k < next; k += FCNN_TILE) {
        _tile_loadd(A0, a + k, LINE);
        _tile_loadd(B0, b + k, LINE);
        _tile_dpbf16ps(C00, A0, B0);
        if (across) {
            _tile_loadd(B1, b + next + k, LINE);
            _tile_dpbf16ps(C01, A0, B1);
        }
        if (down) {
            _tile_loadd(A1, a + next + k, LINE);
            _tile_dpbf16ps(C10, A1, B0);
        }
        if (down && across)
            _tile_dpbf16ps(C11, A1, B1);
    }
    END(C00, at[0][0]);
    if (across)
        END(C01, at[0][1]);
    if (down)
        END(C10, at[1][0]);
    if (down && across)
        END(C11, at[1][1]);
}

void FCNN_NAME(multiply)(const fcnn_product *p)
{
    if (p->rows == 0 || p->columns == 0)
        return;
    configure();
    for (size_t column = 0; column < p->columns; column += 2 * ROWS)
        for (size_t row = 0; row < p->rows; row += 2 * ROWS) {
            const int down = p->rows - row > ROWS, across = p->columns - column > ROWS;
            if (down && across)
                block(p, row, column, 1, 1);
            else if (down)
                block(p, row, column, 1, 0);
            else if (across)
                block(p, row, column, 0, 1);
            else
                block(p, row, column, 0, 0);
        }
    _tile_release(); /* so that the system need not save the tiles */
}
