/* pooled_input_gradient.c - dx of a convolution that a max pool, and perhaps a ReLU, follow.
 *
 * For each window and each of its members, the live channels that the member won are found, as bits; their rows of W,
 * scaled, are added to the member's patch of dx: see sparse.h.
 *
 * For 3x3 taps under 2x2 windows, the four members' patches overlap in a square of 4x4 pixels. One slice of CHANNELS
 * input channels and WORD output channels at a time, so that the slice's weights stay in the first-level cache, that
 * square is kept in registers (where there are enough) while all members' channels are added, and moved along the line
 * of windows.
 */
#include "name.h"
#include "sparse.h"

enum { CHANNELS = FCNN_POOLED_SLICE }; /* in a slice */

/* bits[m * words + i], bit b: whether channel i * WORD + b of a window lives and member m won it. */
static inline void find_live(const fcnn_pooled *pooled, const float *y, const float *dy, const uint8_t *winner,
                             size_t outputs, uint32_t *bits)
{
    const size_t words = (outputs + WORD - 1) / WORD;
    for (size_t i = 0; i < pooled->members * words; i++)
        bits[i] = 0;
    for (size_t o = 0; o < outputs; o += FCNN_VL) {
        const size_t lanes = smaller(FCNN_VL, outputs - o);
        const vi place = vi_load_some_bytes(winner + o, lanes);
        uint32_t live =
            ~vm_bits(vf_equal(vf_load_some(dy + o, lanes), (vf){0})) & (uint32_t)((UINT64_C(1) << lanes) - 1u);
        if (pooled->relu)
            live &= vm_bits(vf_greater(vf_load_some(y + o, lanes), (vf){0}));
        for (size_t m = 0; m < pooled->members; m++) {
            const uint32_t won = live & vm_bits(vi_equal(place, vi_broadcast((int32_t)m)));
            bits[m * words + o / WORD] |= won << o % WORD;
        }
    }
}

static int has_bits(const uint32_t *bits, size_t words)
{
    uint32_t any = 0;
    for (size_t i = 0; i < words; i++)
        any |= bits[i];
    return any != 0;
}

void FCNN_NAME(pooled_input_gradient)(const fcnn_pooled *pooled, const float *y, const float *dy, const uint8_t *winner,
                                      const float *wt, size_t outputs, float *dx, float *scratch)
{
    const size_t columns = pooled->window.runs * pooled->window.run_length, words = (outputs + WORD - 1) / WORD;
    ptrdiff_t *from_run = (ptrdiff_t *)(void *)scratch;                    /* (runs) */
    int32_t *offset = (int32_t *)(void *)(from_run + pooled->window.runs); /* (outputs) */
    uint32_t *bits = (uint32_t *)(void *)(offset + outputs);               /* (members, words) */
    const cut blocks = cut_rows(&pooled->window);
    for (size_t o = 0; o < outputs; o++)
        offset[o] = (int32_t)(o * columns);
    for (size_t r = 0; r < pooled->window.runs; r++)
        from_run[r] = (ptrdiff_t)(r * pooled->window.run_length);
    for (size_t line = 0; line < pooled->window.lines; line++) {
        float *patch = dx + pooled->origin + (ptrdiff_t)line * pooled->window.line_step;
        size_t at = line * pooled->out_width * outputs;
        for (size_t w = 0; w < pooled->window.width; w++, at += outputs, patch += pooled->window.step) {
            find_live(pooled, y + at, dy + at, winner + at, outputs, bits);
            for (size_t m = 0; m < pooled->members; m++) {
                const terms list = {bits + m * words, words, offset, dy + at, 1};
                if (has_bits(list.bits, words))
                    add_terms(&pooled->window, &blocks, list, wt,
                              (destination){1, patch + pooled->member[m], 0, from_run, pooled->window.run});
            }
        }
    }
}

/* *acc[t] += tap t of the rows of one member's live channels. */
static ALWAYS_INLINE void add_taps(uint32_t left, const float *dy, const float *wt, vf *acc[9])
{
    for (; left; left &= left - 1) {
        const size_t o = (size_t)__builtin_ctz(left);
        const float *row = wt + o * 9 * CHANNELS;
        const vf g = vf_broadcast(dy[o]);
        UNROLLED_FOR (size_t t = 0; t < 9; t++)
            *acc[t] = vf_fma(g, vf_load(row + t * CHANNELS), *acc[t]);
    }
}

/* Some columns of four pixels that lie below each other, of a square whose first pixel is at dx. */
typedef struct columns {
    float *dx;
    ptrdiff_t line, pixel;
    size_t lanes;
} columns;

static ALWAYS_INLINE void load_columns(columns at, size_t first, size_t last, vf square[16])
{
    UNROLLED_FOR (size_t t = 0; t < 16; t++)
        if (t % 4 >= first && t % 4 <= last)
            square[t] = vf_load_some(at.dx + (ptrdiff_t)(t / 4) * at.line + (ptrdiff_t)(t % 4) * at.pixel, at.lanes);
}

static ALWAYS_INLINE void store_columns(columns at, const vf square[16])
{
    UNROLLED_FOR (size_t t = 0; t < 16; t++)
        if (t % 4 < 2)
            vf_store_some(at.dx + (ptrdiff_t)(t / 4) * at.line + (ptrdiff_t)(t % 4) * at.pixel, square[t], at.lanes);
}

/* One vector of channels of a line of windows. The right half of a window's square is the left half of the next. */
static ALWAYS_INLINE void add_line_in_squares(const uint32_t *bits, size_t words, size_t windows, const float *dy,
                                              size_t outputs, const float *wt, columns at)
{
    vf square[16];
    load_columns(at, 0, 1, square);
    for (size_t w = 0; w < windows; w++, bits += 4 * words, dy += outputs, at.dx += 2 * at.pixel) {
        load_columns(at, 2, 3, square);
        UNROLLED_FOR (size_t m = 0; m < 4; m++) {
            vf *acc[9];
            UNROLLED_FOR (size_t t = 0; t < 9; t++)
                acc[t] = &square[(m / 2 + t / 3) * 4 + m % 2 + t % 3];
            add_taps(bits[m * words], dy, wt, acc);
        }
        store_columns(at, square);
        UNROLLED_FOR (size_t t = 0; t < 16; t++)
            if (t % 4 < 2)
                square[t] = square[t + 2];
    }
    store_columns(at, square);
}

/* The same with one member's patch in registers, where there are too few for the square. */
static ALWAYS_INLINE void add_line_in_patches(const uint32_t *bits, size_t words, size_t windows, const float *dy,
                                              size_t outputs, const float *wt, columns at)
{
    for (size_t w = 0; w < windows; w++, bits += 4 * words, dy += outputs, at.dx += 2 * at.pixel)
        for (size_t m = 0; m < 4; m++) {
            float *patch = at.dx + (ptrdiff_t)(m / 2) * at.line + (ptrdiff_t)(m % 2) * at.pixel;
            vf sum[9], *acc[9];
            UNROLLED_FOR (size_t t = 0; t < 9; t++) {
                sum[t] = vf_load_some(patch + (ptrdiff_t)(t / 3) * at.line + (ptrdiff_t)(t % 3) * at.pixel, at.lanes);
                acc[t] = &sum[t];
            }
            add_taps(bits[m * words], dy, wt, acc);
            UNROLLED_FOR (size_t t = 0; t < 9; t++)
                vf_store_some(patch + (ptrdiff_t)(t / 3) * at.line + (ptrdiff_t)(t % 3) * at.pixel, sum[t], at.lanes);
        }
}

static ALWAYS_INLINE void add_line(const uint32_t *bits, size_t words, size_t windows, const float *dy, size_t outputs,
                                   const float *wt, columns at)
{
    if (FCNN_VREGS == 32)
        add_line_in_squares(bits, words, windows, dy, outputs, wt, at);
    else
        add_line_in_patches(bits, words, windows, dy, outputs, wt, at);
}

void FCNN_NAME(pooled_input_gradient_3x3)(const fcnn_pooled *pooled, size_t channels, const float *y, const float *dy,
                                          const uint8_t *winner, const float *wt, size_t outputs, float *dx,
                                          float *scratch)
{
    const size_t words = (outputs + WORD - 1) / WORD, width = pooled->window.width;
    const ptrdiff_t image_line = pooled->window.run[1] - pooled->window.run[0], pixel = (ptrdiff_t)channels;
    uint32_t *bits = (uint32_t *)(void *)scratch; /* (windows, 4, words) */
    for (size_t line = 0, n = 0; line < pooled->window.lines; line++)
        for (size_t w = 0; w < width; w++, n++) {
            const size_t at = (line * pooled->out_width + w) * outputs;
            find_live(pooled, y + at, dy + at, winner + at, outputs, bits + n * 4 * words);
        }
    for (size_t c = 0; c < channels; c += FCNN_VL) {
        const float *slice = wt + c / CHANNELS * outputs * 9 * CHANNELS + c % CHANNELS;
        const size_t lanes = smaller(FCNN_VL, channels - c);
        for (size_t word = 0; word < words; word++, slice += WORD * 9 * CHANNELS)
            for (size_t line = 0; line < pooled->window.lines; line++) {
                const uint32_t *here = bits + line * width * 4 * words + word;
                const float *gradients = dy + line * pooled->out_width * outputs + word * WORD;
                float *to = dx + pooled->origin + (ptrdiff_t)line * pooled->window.line_step + (ptrdiff_t)c;
                if (lanes == FCNN_VL)
                    add_line(here, words, width, gradients, outputs, slice, (columns){to, image_line, pixel, FCNN_VL});
                else
                    add_line(here, words, width, gradients, outputs, slice, (columns){to, image_line, pixel, lanes});
            }
    }
}
