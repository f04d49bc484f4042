/* pooled_weight_gradient.c - dW of a convolution that a max pool, and perhaps a ReLU, follow.
 *
 * For each output channel, the patches of the live windows, scaled, are added to the channel's row of dW^T: see
 * sparse.h. Which windows live, and where their patches lie, is first found for a vector of channels at once, and for
 * as many images as a word has bits for: a row is loaded, walked and stored once for all of them.
 *
 * A first layer has few channels, and so short runs, of which each fills only a small part of a vector: see
 * pooled_short.c. Small patches under four pixels, the commonest case, have a better way still: pooled_small.c.
 */
#include "pooled_weight_gradient.h"

#include "sparse.h"

/* Of each window of some images: its position in y and dy, and in `winner`, and the offset of its first patch in x. */
typedef struct window_table {
    int32_t *place, *winner, *patch; /* (windows) */
    size_t windows;
} window_table;

static void fill_table(const fcnn_pooled *pooled, size_t images, size_t stride, size_t outputs, window_table *table)
{
    size_t n = 0;
    for (size_t image = 0; image < images; image++)
        for (size_t i = 0; i < pooled->window.lines; i++)
            for (size_t j = 0; j < pooled->window.width; j++, n++) {
                const size_t at = (i * pooled->out_width + j) * outputs;
                table->place[n] = (int32_t)(image * stride + at);
                table->winner[n] = (int32_t)(image * stride * sizeof(float) + at);
                table->patch[n] =
                    (int32_t)((ptrdiff_t)(image * stride) + pooled->origin + (ptrdiff_t)i * pooled->window.line_step +
                              (ptrdiff_t)j * pooled->window.step);
            }
    table->windows = n;
}

/* A vector of channels over all windows: whether each entry lives, its gradient, its winner's patch's offset. */
typedef struct entries {
    uint64_t *bits;  /* (windows / WORD, FCNN_VL): bit b of word i: window i * WORD + b lives */
    float *g;        /* (windows, FCNN_VL) */
    int32_t *offset; /* (windows, FCNN_VL) */
} entries;

/* member[place], lane by lane. */
static inline vi member_offsets(const fcnn_pooled *pooled, vi place)
{
    if (pooled->members <= 4) {
        float table[4] = {0};
        for (size_t m = 0; m < pooled->members; m++) {
            const int32_t offset = (int32_t)pooled->member[m];
            memcpy(table + m, &offset, sizeof offset);
        }
        return vf_bits(vf_lookup(table, place));
    }
    vi offset;
    for (size_t lane = 0; lane < FCNN_VL; lane++)
        offset[lane] = (int32_t)pooled->member[place[lane]];
    return offset;
}

enum { HALF = WORD / 2 }; /* windows whose bits a lane holds */

/* bias (lanes) += the gradients. */
static __attribute__((noinline)) void find_live(const fcnn_pooled *pooled, const window_table *table, const float *y,
                                                const float *dy, const uint8_t *winner, size_t lanes, const entries *to,
                                                float *bias)
{
    vf sum = vf_load_some(bias, lanes);
    for (size_t first = 0; first < table->windows; first += HALF) {
        const size_t last = smaller(first + HALF, table->windows);
        vi half = {0};
        vu bit = vu_broadcast(1);
        for (size_t w = first; w < last; w++, bit += bit) {
            const size_t at = (size_t)table->place[w];
            const vf g = live_gradients(y + at, dy + at, lanes, pooled->relu);
            const vi place = vi_load_some_bytes(winner + table->winner[w], lanes);
            half |= vi_select(vf_equal(g, (vf){0}), (vi){0}, (vi)bit);
            sum += g;
            vf_store(to->g + w * FCNN_VL, g);
            vi_store(to->offset + w * FCNN_VL, member_offsets(pooled, place) + vi_broadcast(table->patch[w]));
        }
        uint64_t *word = to->bits + first / WORD * FCNN_VL;
        for (size_t lane = 0; lane < FCNN_VL; lane++)
            word[lane] = first % WORD ? word[lane] | (uint64_t)(uint32_t)half[lane] << HALF : (uint32_t)half[lane];
    }
    vf_store_some(bias, vf_end_sum(sum), lanes);
}

/* Images whose windows one word has bits for, and whose places 32 bits can tell. */
static size_t images_at_once(size_t images, size_t windows, size_t stride)
{
    const size_t told = INT32_MAX / (stride * sizeof(float) + 1);
    return larger(1, smaller(smaller(images, WORD / windows), told));
}

/* Rows o in [begin, end) of dW^T are summed in scratch, one behind the other, then transposed into place. */
static void long_runs(const fcnn_pooled *pooled, const float *x, const float *y, const float *dy, const uint8_t *winner,
                      size_t images, size_t stride, size_t outputs, size_t begin, size_t end, float *gradient,
                      float *bias, int accumulate, float *scratch)
{
    const size_t columns = pooled->window.runs * pooled->window.run_length;
    const size_t windows = pooled->window.lines * pooled->window.width, words = (windows + WORD - 1) / WORD;
    const size_t most = images_at_once(images, windows, stride), entries_at_once = larger(windows, WORD);
    float *rows = scratch; /* (end - begin, columns) */
    float *lists = rows + rounded((end - begin) * columns);
    int32_t *offset = (int32_t *)(void *)(lists + entries_at_once * FCNN_VL);
    uint64_t *bits = (uint64_t *)(void *)(offset + entries_at_once * FCNN_VL);
    const entries live = {.bits = bits, .g = lists, .offset = offset};
    ptrdiff_t *to_run = (ptrdiff_t *)(void *)(bits + words * FCNN_VL);
    int32_t *place = (int32_t *)(void *)(to_run + pooled->window.runs);
    window_table table = {.place = place, .winner = place + entries_at_once, .patch = place + 2 * entries_at_once};
    for (size_t r = 0; r < pooled->window.runs; r++)
        to_run[r] = (ptrdiff_t)(r * pooled->window.run_length);
    const cut blocks = cut_rows(&pooled->window);

    if (accumulate) {
        FCNN_NAME(transpose)(columns, end - begin, gradient + begin, outputs, rows, columns);
    } else {
        memset(rows, 0, (end - begin) * columns * sizeof *rows);
        memset(bias + begin, 0, (end - begin) * sizeof *bias);
    }
    for (size_t i = 0, count = 0; i < images; i += count) {
        const size_t before = count, at = i * stride;
        count = smaller(most, images - i);
        if (count != before)
            fill_table(pooled, count, stride, outputs, &table);
        for (size_t o = begin; o < end; o += FCNN_VL) {
            const size_t lanes = smaller(FCNN_VL, end - o);
            find_live(pooled, &table, y + at + o, dy + at + o, winner + at * sizeof(float) + o, lanes, &live, bias + o);
            const terms list = {live.bits, words, live.offset, live.g, FCNN_VL};
            add_terms(&pooled->window, &blocks, list, x + at,
                      (destination){lanes, rows + (o - begin) * columns, columns, pooled->window.run, to_run});
        }
    }
    FCNN_NAME(transpose)(end - begin, columns, rows, columns, gradient + begin, outputs);
}

void FCNN_NAME(pooled_weight_gradient)(const fcnn_pooled *pooled, const float *x, const float *y, const float *dy,
                                       const uint8_t *winner, size_t images, size_t stride, size_t outputs,
                                       size_t begin, size_t end, float *gradient, float *bias, int accumulate,
                                       float *scratch)
{
    if (pooled->members == 4 && pooled->inside && pooled->window.runs * pooled->window.run_length <= SMALL_PATCH)
        FCNN_NAME(pooled_small)(pooled, x, y, dy, winner, images, stride, outputs, begin, end, gradient, bias,
                                accumulate, scratch);
    else if (pooled->window.run_length <= SHORT_RUN)
        FCNN_NAME(pooled_short)(pooled, x, y, dy, winner, images, stride, outputs, begin, end, gradient, bias,
                                accumulate);
    else
        long_runs(pooled, x, y, dy, winner, images, stride, outputs, begin, end, gradient, bias, accumulate, scratch);
}
