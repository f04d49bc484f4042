/* pooled_input_gradient.c - dx of a convolution that a max pool, and perhaps a ReLU, follow.
 *
 * For each window and each of its members, the live channels that the member won are found, as bits; their rows of W,
 * scaled, are added to the member's patch of dx: see sparse.h.
 *
 * For 3x3 taps under 2x2 windows, the four members' patches overlap in a square of 4x4 pixels. One slice of CHANNELS
 * input channels and WORD output channels at a time, so that the slice's weights (36 KiB) stay in the first-level cache
 * for some images, that square is kept in registers (where there are enough) while all members' channels are added, and
 * moved along the line of windows.
 */
#include "name.h"
#include "sparse.h"

enum { CHANNELS = FCNN_POOLED_SLICE }; /* in a slice */

/* bits[m * step], bit b: whether channel b of at most WORD of a window lives and member m won it. */
static ALWAYS_INLINE void find_live(size_t members, int relu, const float *y, const float *dy, const uint8_t *winner,
                                    size_t outputs, uint64_t *bits, size_t step)
{
    for (size_t m = 0; m < members; m++)
        bits[m * step] = 0;
    for (size_t o = 0; o < outputs; o += FCNN_VL) {
        const size_t lanes = smaller(FCNN_VL, outputs - o);
        const vi place = vi_load_some_bytes(winner + o, lanes);
        uint32_t live =
            ~vm_bits(vf_equal(vf_load_some(dy + o, lanes), (vf){0})) & (uint32_t)((UINT64_C(1) << lanes) - 1u);
        if (relu)
            live &= vm_bits(vf_greater(vf_load_some(y + o, lanes), (vf){0}));
        for (size_t m = 0; m < members; m++)
            bits[m * step] |= (uint64_t)(live & vm_bits(vi_equal(place, vi_broadcast((int32_t)m)))) << o;
    }
}

static int has_bits(const uint64_t *bits, size_t words)
{
    uint64_t any = 0;
    for (size_t i = 0; i < words; i++)
        any |= bits[i];
    return any != 0;
}

void FCNN_NAME(pooled_input_gradient)(const fcnn_pooled *pooled, const float *y, const float *dy, const uint8_t *winner,
                                      const float *wt, size_t outputs, float *dx, float *scratch)
{
    const size_t columns = pooled->window.runs * pooled->window.run_length, words = (outputs + WORD - 1) / WORD;
    ptrdiff_t *from_run = (ptrdiff_t *)(void *)scratch;                    /* (runs) */
    uint64_t *bits = (uint64_t *)(void *)(from_run + pooled->window.runs); /* (members, words) */
    int32_t *offset = (int32_t *)(void *)(bits + pooled->members * words); /* (outputs) */
    const cut blocks = cut_rows(&pooled->window);
    for (size_t o = 0; o < outputs; o++)
        offset[o] = (int32_t)(o * columns);
    for (size_t r = 0; r < pooled->window.runs; r++)
        from_run[r] = (ptrdiff_t)(r * pooled->window.run_length);
    for (size_t line = 0; line < pooled->window.lines; line++) {
        float *patch = dx + pooled->origin + (ptrdiff_t)line * pooled->window.line_step;
        size_t at = line * pooled->out_width * outputs;
        for (size_t w = 0; w < pooled->window.width; w++, at += outputs, patch += pooled->window.step) {
            for (size_t o = 0; o < outputs; o += WORD)
                find_live(pooled->members, pooled->relu, y + at + o, dy + at + o, winner + at + o,
                          smaller(WORD, outputs - o), bits + o / WORD, words);
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
static ALWAYS_INLINE void add_taps(uint64_t left, const float *dy, const float *wt, vf *acc[9])
{
    for (; left; left &= left - 1) {
        const size_t o = (size_t)__builtin_ctzll(left);
        const float *row = wt + o * 9 * CHANNELS;
        const vf g = vf_broadcast(dy[o]);
        UNROLLED_FOR (size_t t = 0; t < 9; t++)
            *acc[t] = vf_fma(g, vf_load(row + t * CHANNELS), *acc[t]);
    }
}

/* A line of windows: their live channels of one word, (windows, 4) words, and the gradients of these. */
typedef struct window_line {
    size_t windows;
    const uint64_t *bits;
    const float *dy;
    size_t dy_step; /* from window to window */
} window_line;

/* Four lines of the image. */
typedef struct four_lines {
    float *first;
    ptrdiff_t line, pixel; /* floats from line to line, and from pixel to pixel */
} four_lines;

/* One vector of channels of a line of windows. The right half of a window's square is the left half of the next. */
static ALWAYS_INLINE void add_line_in_squares(window_line from, const float *wt, four_lines to, size_t lanes)
{
    vf square[16];
    float *line[4];
    UNROLLED_FOR (ptrdiff_t i = 0; i < 4; i++)
        line[i] = to.first + i * to.line;
    UNROLLED_FOR (size_t t = 0; t < 16; t++)
        if (t % 4 < 2)
            square[t] = vf_load_some(line[t / 4] + (ptrdiff_t)(t % 4) * to.pixel, lanes);
    for (size_t w = 0; w < from.windows; w++, from.bits += 4, from.dy += from.dy_step) {
        UNROLLED_FOR (size_t t = 0; t < 16; t++)
            if (t % 4 >= 2)
                square[t] = vf_load_some(line[t / 4] + (ptrdiff_t)(t % 4) * to.pixel, lanes);
        UNROLLED_FOR (size_t m = 0; m < 4; m++) {
            vf *acc[9];
            UNROLLED_FOR (size_t t = 0; t < 9; t++)
                acc[t] = &square[(m / 2 + t / 3) * 4 + m % 2 + t % 3];
            add_taps(from.bits[m], from.dy, wt, acc);
        }
        UNROLLED_FOR (size_t t = 0; t < 16; t++)
            if (t % 4 < 2) {
                vf_store_some(line[t / 4] + (ptrdiff_t)(t % 4) * to.pixel, square[t], lanes);
                square[t] = square[t + 2];
            }
        UNROLLED_FOR (size_t i = 0; i < 4; i++)
            line[i] += 2 * to.pixel;
    }
    UNROLLED_FOR (size_t t = 0; t < 16; t++)
        if (t % 4 < 2)
            vf_store_some(line[t / 4] + (ptrdiff_t)(t % 4) * to.pixel, square[t], lanes);
}

/* The same with one member's patch in registers, where there are too few for the square. */
static ALWAYS_INLINE void add_line_in_patches(window_line from, const float *wt, four_lines to, size_t lanes)
{
    for (size_t w = 0; w < from.windows; w++, from.bits += 4, from.dy += from.dy_step, to.first += 2 * to.pixel)
        for (size_t m = 0; m < 4; m++) {
            float *patch = to.first + (ptrdiff_t)(m / 2) * to.line + (ptrdiff_t)(m % 2) * to.pixel;
            vf sum[9], *acc[9];
            UNROLLED_FOR (size_t t = 0; t < 9; t++) {
                sum[t] = vf_load_some(patch + (ptrdiff_t)(t / 3) * to.line + (ptrdiff_t)(t % 3) * to.pixel, lanes);
                acc[t] = &sum[t];
            }
            add_taps(from.bits[m], from.dy, wt, acc);
            UNROLLED_FOR (size_t t = 0; t < 9; t++)
                vf_store_some(patch + (ptrdiff_t)(t / 3) * to.line + (ptrdiff_t)(t % 3) * to.pixel, sum[t], lanes);
        }
}

/* Functions of their own, so that the few registers for addresses are free for this loop. */
static __attribute__((noinline)) void add_whole_vectors(window_line from, const float *wt, four_lines to)
{
    if (FCNN_VREGS == 32)
        add_line_in_squares(from, wt, to, FCNN_VL);
    else
        add_line_in_patches(from, wt, to, FCNN_VL);
}
static __attribute__((noinline)) void add_some_lanes(window_line from, const float *wt, four_lines to, size_t lanes)
{
    if (FCNN_VREGS == 32)
        add_line_in_squares(from, wt, to, lanes);
    else
        add_line_in_patches(from, wt, to, lanes);
}

/* One slice of the weights, for one image. bits: (lines, windows, 4) */
static void add_slice(const fcnn_pooled *pooled, size_t channels, size_t lanes, const uint64_t *bits, const float *dy,
                      size_t outputs, const float *wt, float *dx)
{
    const size_t width = pooled->window.width;
    for (size_t line = 0; line < pooled->window.lines; line++) {
        const window_line from = {.windows = width,
                                  .bits = bits + line * width * 4,
                                  .dy = dy + line * pooled->out_width * outputs,
                                  .dy_step = outputs};
        const four_lines to = {.first = dx + pooled->origin + (ptrdiff_t)line * pooled->window.line_step,
                               .line = pooled->window.run[1] - pooled->window.run[0],
                               .pixel = (ptrdiff_t)channels};
        if (lanes == FCNN_VL)
            add_whole_vectors(from, wt, to);
        else
            add_some_lanes(from, wt, to, lanes);
    }
}

/* At most FCNN_POOLED_IMAGES images, for which a slice stays in the cache. bits: (images, words, windows, 4) */
static void add_slices(const fcnn_pooled *pooled, size_t channels, size_t images, size_t stride, const float *y,
                       const float *dy, const uint8_t *winner, const float *wt, size_t outputs, float *dx,
                       uint64_t *bits)
{
    const size_t words = (outputs + WORD - 1) / WORD, width = pooled->window.width;
    const size_t windows = pooled->window.lines * width, size = words * windows * 4;
    for (size_t i = 0; i < images; i++)
        for (size_t w = 0; w < windows; w++) {
            const size_t at = (w / width * pooled->out_width + w % width) * outputs, in = i * stride;
            for (size_t o = 0; o < outputs; o += WORD) {
                uint64_t live[4];
                find_live(4, pooled->relu, y + in + at + o, dy + in + at + o, winner + in * sizeof(float) + at + o,
                          smaller(WORD, outputs - o), live, 1);
                memcpy(bits + i * size + (o / WORD * windows + w) * 4, live, sizeof live);
            }
        }
    for (size_t c = 0; c < channels; c += FCNN_VL) {
        const float *slice = wt + c / CHANNELS * outputs * 9 * CHANNELS + c % CHANNELS;
        const size_t lanes = smaller(FCNN_VL, channels - c);
        for (size_t word = 0; word < words; word++, slice += WORD * 9 * CHANNELS)
            for (size_t i = 0; i < images; i++)
                add_slice(pooled, channels, lanes, bits + i * size + word * windows * 4, dy + i * stride + word * WORD,
                          outputs, slice, dx + i * stride + c);
    }
}

void FCNN_NAME(pooled_input_gradient_3x3)(const fcnn_pooled *pooled, size_t channels, size_t images, size_t stride,
                                          const float *y, const float *dy, const uint8_t *winner, const float *wt,
                                          size_t outputs, float *dx, float *scratch)
{
    for (size_t i = 0; i < images; i += FCNN_POOLED_IMAGES) {
        const size_t at = i * stride;
        add_slices(pooled, channels, smaller(FCNN_POOLED_IMAGES, images - i), stride, y + at, dy + at,
                   winner + at * sizeof(float), wt, outputs, dx + at, (uint64_t *)(void *)scratch);
    }
}
