/* bfloat16_amx.c - C = A B of packed factors by AMX, whose registers are tiles.
 *
 * Two tiles of A and two of B stand beside four of C: each that is loaded is used twice. Sums are taken stretch by
 * stretch, so that what two columns of tiles have in B stays in the first-level cache while all rows go by. All tiles
 * are whole; of those at C's edges only what lies in it is taken out.
 */
#include <immintrin.h>
#include <string.h>

#include "../base/sizes.h"
#include "bfloat16_name.h"

enum { ROWS = FCNN_TILE_ROWS, LINE = 64 }; /* of a tile; bytes of a row */
enum { DEEP = 16 };                        /* tiles of a stretch: B takes two thirds of 48 KiB */

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

/* A tile of C, where it lies in C or, where that has not all of it, aside. */
typedef struct place {
    float *c;
    size_t step;          /* bytes from row to row */
    size_t rows, columns; /* that lie in C */
    _Alignas(LINE) float aside[ROWS][ROWS];
} place;

static inline int is_whole(const place *at) { return at->rows == ROWS && at->columns == ROWS; }

static inline void find(const fcnn_product *p, size_t row, size_t column, place *at)
{
    at->rows = smaller(ROWS, p->rows - row);
    at->columns = smaller(ROWS, p->columns - column);
    at->c = p->c + row * p->ldc + column;
    at->step = p->ldc * sizeof(float);
}

/* Puts what is in C aside. */
static void put_aside(place *at)
{
    memset(at->aside, 0, sizeof at->aside);
    for (size_t r = 0; r < at->rows; r++)
        memcpy(at->aside[r], (const char *)at->c + r * at->step, at->columns * sizeof(float));
    settle_memory();
}

static void take_out(const place *at)
{
    settle_memory();
    for (size_t r = 0; r < at->rows; r++)
        memcpy((char *)at->c + r * at->step, at->aside[r], at->columns * sizeof(float));
}

/* A stretch of the sums that some columns of C are. */
typedef struct stretch {
    const fcnn_product *product;
    size_t column;
    size_t first, end;  /* tiles deep */
    const float *start; /* what each row begins with; NULL: what is in C */
} stretch;

#define BEGIN(tile, at, bias)                     \
    do {                                          \
        if (bias) {                               \
            _tile_loadd(tile, bias, 0);           \
        } else if (is_whole(&(at))) {             \
            _tile_loadd(tile, (at).c, (at).step); \
        } else {                                  \
            put_aside(&(at));                     \
            _tile_loadd(tile, (at).aside, LINE);  \
        }                                         \
    } while (0)
#define END(tile, at)                              \
    do {                                           \
        if (is_whole(&(at))) {                     \
            _tile_stored(tile, (at).c, (at).step); \
        } else {                                   \
            _tile_stored(tile, (at).aside, LINE);  \
            take_out(&(at));                       \
        }                                          \
    } while (0)

/* Tiles of C from `row` on: two by two, or one where `down` or `across` is 0. */
static inline __attribute__((always_inline)) void block(const stretch *s, size_t row, int down, int across)
{
    const fcnn_product *p = s->product;
    const size_t next = p->depth * FCNN_TILE;
    const uint32_t *a = p->a + row / ROWS * next, *b = p->b + s->column / ROWS * next;
    const float *bias[2] = {s->start, s->start ? s->start + ROWS : NULL};
    place at[2][2];
    find(p, row, s->column, &at[0][0]);
    BEGIN(C00, at[0][0], bias[0]);
    if (across) {
        find(p, row, s->column + ROWS, &at[0][1]);
        BEGIN(C01, at[0][1], bias[1]);
    }
    if (down) {
        find(p, row + ROWS, s->column, &at[1][0]);
        BEGIN(C10, at[1][0], bias[0]);
    }
    if (down && across) {
        find(p, row + ROWS, s->column + ROWS, &at[1][1]);
        BEGIN(C11, at[1][1], bias[1]);
    }
    for (size_t k = s->first * FCNN_TILE; k < s->end * FCNN_TILE; k += FCNN_TILE) {
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

static void all_rows(const stretch *s)
{
    const fcnn_product *p = s->product;
    const int across = p->columns - s->column > ROWS;
    size_t row = 0;
    for (; p->rows - row > ROWS; row += 2 * ROWS) {
        if (across)
            block(s, row, 1, 1);
        else
            block(s, row, 1, 0);
        if (p->rows - row <= 2 * ROWS)
            return;
    }
    if (across)
        block(s, row, 0, 1);
    else
        block(s, row, 0, 0);
}

void FCNN_NAME(multiply)(const fcnn_product *p)
{
    if (p->rows == 0 || p->columns == 0)
        return;
    configure();
    for (size_t column = 0; column < p->columns; column += 2 * ROWS) {
        _Alignas(LINE) float start[2 * ROWS] = {0};
        if (p->bias && !p->accumulate)
            memcpy(start, p->bias + column, smaller(2 * ROWS, p->columns - column) * sizeof *start);
        settle_memory();
        for (size_t first = 0; first < p->depth; first += DEEP)
            all_rows(&(stretch){.product = p,
                                .column = column,
                                .first = first,
                                .end = smaller(first + DEEP, p->depth),
                                .start = p->accumulate || first > 0 ? NULL : start});
    }
    _tile_release(); /* so that the system need not save the tiles */
}
