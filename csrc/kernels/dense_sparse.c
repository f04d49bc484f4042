/* dense_sparse.c - y = x w + bias, dw = x^T dy and dx = dy w^T of a dense layer, whose zero inputs are left out.
 *
 * Behind a ReLU half of x and more is zero. What lives is found as bits; each live number then scales one row, which is
 * added to a row of sums in registers:
 *
 *   forward:   for an image, over its live inputs i:  y += x[i] * w[i]. It runs some inputs at a time, whose rows of w
 *              stay in the first-level cache for all images.
 *   weights:   for an input, over the images n it lives in:  dw += x[n] * dy[n]
 *   backward:  the same, and dx[n] = dy[n] . w, which the ReLU lets through only where x lives: dy[n] is loaded once
 *              for both, w and dw stay in registers. The products go to LANES sums, which wait until there are enough
 *              of them to add up FCNN_VL at once (vf_sum_lanes).
 *
 * Every sum but dx's gets its terms in the order of gemm.h's, which do the work where too little is zero for this to
 * pay. To add 0 changes nothing but the sign of a zero, which vf_end_sum sets right: so both ways give the same bits as
 * long as weights and gradients are finite.
 */
#include "name.h"
#include "vec.h"

enum { BLOCK_INPUTS = 48, WORD = 32, WIDE = 8, HALF = 4 };         /* inputs; images; vectors of sums */
enum { LANES = FCNN_DENSE_LANES, LANE_VECTORS = LANES / FCNN_VL }; /* of a sum of dx; vectors that they fill */
enum { PANEL = FCNN_VREGS / 4 };                                   /* vectors of w and of dw in registers */
enum { PENDING = 2 * WORD }; /* sums that may wait: those of one input, and fewer than FCNN_VL older ones */

/* Leaving out pays where rows are long enough and less than 3 numbers in 4 live. */
static int are_long(size_t outputs) { return outputs >= HALF * FCNN_VL; }
static int pays(size_t live, size_t all) { return live * 4 < all * 3; }

/* Bit i: whether x[i] is not 0, i < count <= 64. */
static inline uint64_t live_bits(const float *x, size_t count)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < count; i += FCNN_VL) {
        const uint32_t zeros = vm_bits(vf_equal(vf_load_some(x + i, count - i), (vf){0}));
        bits |= (uint64_t)(zeros ^ FCNN_ALL_LANES) << i;
    }
    return bits;
}

/* Rows of sums: to row r, for each bit e of bits[r], is added
 * factor[r * factors_step + e * factor_step] * (source row e). */
typedef struct sums {
    size_t rows, row_step;
    float *row;
    float *claimed; /* as large: lines that will be written next; or NULL */
    const uint64_t *bits;
    const float *factor;
    size_t factors_step, factor_step;
    const float *source;
    size_t source_step;
} sums;

/* Columns from `column` on, `vectors` vectors of them, `lanes` of the last one. */
static ALWAYS_INLINE void add_panel(size_t vectors, size_t lanes, const sums *s, size_t column)
{
    const float *source = s->source + column;
    for (size_t r = 0; r < s->rows; r++) {
        const float *factor = s->factor + r * s->factors_step;
        float *sum = s->row + r * s->row_step + column;
        for (size_t line = 0; s->claimed && line < vectors * FCNN_VL; line += 16)
            claim(s->claimed + r * s->row_step + column + line);
        vf acc[WIDE];
        UNROLLED_FOR (size_t j = 0; j < vectors; j++)
            acc[j] = vf_load_some(sum + j * FCNN_VL, j + 1 < vectors ? FCNN_VL : lanes);
        for (uint64_t left = s->bits[r]; left; left &= left - 1) {
            const size_t e = (size_t)__builtin_ctzll(left);
            const vf scale = vf_broadcast(factor[e * s->factor_step]);
            const float *from = source + e * s->source_step;
            UNROLLED_FOR (size_t j = 0; j < vectors; j++)
                acc[j] = vf_fma(scale, vf_load_some(from + j * FCNN_VL, j + 1 < vectors ? FCNN_VL : lanes), acc[j]);
        }
        UNROLLED_FOR (size_t j = 0; j < vectors; j++)
            vf_store_some(sum + j * FCNN_VL, vf_end_sum(acc[j]), j + 1 < vectors ? FCNN_VL : lanes);
    }
}

static void add_rows(const sums *s, size_t columns)
{
    size_t column = 0;
    for (; columns - column >= WIDE * FCNN_VL; column += WIDE * FCNN_VL)
        add_panel(WIDE, FCNN_VL, s, column);
    for (; columns - column >= HALF * FCNN_VL; column += HALF * FCNN_VL)
        add_panel(HALF, FCNN_VL, s, column);
    for (; columns - column >= FCNN_VL; column += FCNN_VL)
        add_panel(1, FCNN_VL, s, column);
    if (column < columns)
        add_panel(1, columns - column, s, column);
}

static void forward_block(size_t images, size_t outputs, const float *x, size_t ldx, size_t begin, size_t end,
                          const float *w, float *y, size_t ldy)
{
    for (size_t first = 0; first < images; first += WORD) {
        const size_t rows = smaller(WORD, images - first);
        uint64_t bits[WORD];
        for (size_t n = 0; n < rows; n++)
            bits[n] = live_bits(x + (first + n) * ldx + begin, end - begin);
        const sums s = {.rows = rows,
                        .row_step = ldy,
                        .row = y + first * ldy,
                        .bits = bits,
                        .factor = x + first * ldx + begin,
                        .factors_step = ldx,
                        .factor_step = 1,
                        .source = w + begin * outputs,
                        .source_step = outputs};
        add_rows(&s, outputs);
    }
}

static size_t count_live(size_t images, size_t inputs, const float *x, size_t ldx)
{
    size_t live = 0;
    for (size_t n = 0; n < images; n++)
        for (size_t i = 0; i < inputs; i += 64)
            live += (size_t)__builtin_popcountll(live_bits(x + n * ldx + i, smaller(64, inputs - i)));
    return live;
}

void FCNN_NAME(dense_forward)(size_t images, size_t inputs, size_t outputs, const float *x, size_t ldx, const float *w,
                              const float *bias, float *y, size_t ldy)
{
    const fcnn_patches rows = fcnn_patches_of_rows(images, ldx, inputs);
    if (!are_long(outputs) || !pays(count_live(images, inputs, x, ldx), images * inputs)) {
        FCNN_NAME(patches_forward)(&rows, x, w, bias, outputs, y, ldy);
        return;
    }
    for (size_t n = 0; n < images; n++)
        if (bias)
            memcpy(y + n * ldy, bias, outputs * sizeof *y);
        else
            memset(y + n * ldy, 0, outputs * sizeof *y);
    for (size_t i = 0; i < inputs; i += BLOCK_INPUTS)
        forward_block(images, outputs, x, ldx, i, smaller(i + BLOCK_INPUTS, inputs), w, y, ldy);
}

/* bits[i], bit n: whether image n's x[i] lives, i < inputs <= BLOCK_INPUTS. Returns how many do. */
static size_t find_images(size_t images, size_t stride, const float *x, size_t inputs, uint64_t bits[BLOCK_INPUTS])
{
    size_t live = 0;
    for (size_t first = 0; first < inputs; first += FCNN_VL) {
        vi words = {0};
        vu bit = vu_broadcast(1);
        for (size_t n = 0; n < images; n++, bit += bit) {
            const vf some = vf_load_some(x + n * stride + first, inputs - first);
            words |= vi_select(vf_equal(some, (vf){0}), (vi){0}, (vi)bit);
        }
        for (size_t i = 0; i < FCNN_VL; i++) {
            bits[first + i] = (uint32_t)words[i];
            live += (size_t)__builtin_popcountll(bits[first + i]);
        }
    }
    return live;
}

/* For at most BLOCK_INPUTS inputs and WORD images. */
static void add_images(size_t images, size_t stride, size_t inputs, size_t outputs, const float *x, const float *dy,
                       float *gradient, int accumulate, float *updated)
{
    const fcnn_patches row = fcnn_patches_of_rows(1, 0, inputs);
    uint64_t bits[BLOCK_INPUTS];
    if (!are_long(outputs) || !pays(find_images(images, stride, x, inputs, bits), images * inputs)) {
        FCNN_NAME(patches_weight_gradient)(&row, x, dy, outputs, images, stride, outputs, 0, inputs, gradient,
                                           accumulate, updated);
        return;
    }
    if (!accumulate)
        memset(gradient, 0, inputs * outputs * sizeof *gradient);
    const sums s = {.rows = inputs,
                    .row_step = outputs,
                    .row = gradient,
                    .claimed = updated,
                    .bits = bits,
                    .factor = x,
                    .factors_step = 1,
                    .factor_step = stride,
                    .source = dy,
                    .source_step = stride};
    add_rows(&s, outputs);
}

void FCNN_NAME(dense_weight_gradient)(size_t images, size_t stride, size_t outputs, const float *x, const float *dy,
                                      size_t begin, size_t end, float *gradient, int accumulate, float *updated)
{
    for (size_t i = begin; i < end; i += BLOCK_INPUTS)
        for (size_t first = 0; first < images; first += WORD) {
            const size_t at = (i - begin) * outputs;
            add_images(smaller(WORD, images - first), stride, smaller(BLOCK_INPUTS, end - i), outputs,
                       x + first * stride + i, dy + first * stride, gradient + at, accumulate || first > 0,
                       updated && first == 0 ? updated + at : NULL);
        }
}

/* Sums of dx that wait to be added up: numbers begin to end - 1, each in its place modulo PENDING. */
typedef struct pending {
    size_t begin, end;
    _Alignas(64) float sum[PENDING][LANES];
    float *dx[PENDING];
} pending;

/* The first `count` <= FCNN_VL of them; begin is a multiple of FCNN_VL. */
static void add_up(pending *p, size_t count)
{
    const size_t at = p->begin % PENDING;
    vf sum[FCNN_VL];
    UNROLLED_FOR (size_t i = 0; i < FCNN_VL; i++) {
        vf part[LANE_VECTORS];
        UNROLLED_FOR (size_t j = 0; j < LANE_VECTORS; j++)
            part[j] = vf_load(p->sum[at + i] + j * FCNN_VL);
        for (size_t apart = LANE_VECTORS / 2; apart > 0; apart /= 2)
            for (size_t j = 0; j < apart; j++)
                part[j] += part[j + apart];
        sum[i] = part[0];
    }
    float dx[FCNN_VL];
    vf_store(dx, vf_end_sum(vf_sum_lanes(sum)));
    for (size_t i = 0; i < count; i++)
        *p->dx[at + i] = dx[i];
    p->begin += count;
}

/* One input, for at most WORD images: its row of w, its row of sums of dw, and its numbers in x and dx. */
typedef struct input_row {
    uint64_t bits; /* the images */
    const float *x;
    float *dx;
    size_t ldx;
    const float *w;
    float *gradient;
    int accumulate;
    const float *dy;
    size_t lddy;
} input_row;

static ALWAYS_INLINE vf load_lanes(const float *p, size_t vector, size_t columns)
{
    const size_t before = vector * FCNN_VL;
    return columns > before ? vf_load_some(p + before, columns - before) : (vf){0};
}

/* Columns from `column` on: `columns` of them, in `vectors` vectors. */
static ALWAYS_INLINE void back_panel(size_t vectors, size_t columns, const input_row *row, size_t column, pending *p)
{
    vf w[PANEL], sum[PANEL];
    UNROLLED_FOR (size_t j = 0; j < vectors; j++) {
        w[j] = load_lanes(row->w + column, j, columns);
        sum[j] = row->accumulate ? load_lanes(row->gradient + column, j, columns) : (vf){0};
    }
    size_t number = p->end;
    for (uint64_t left = row->bits; left; left &= left - 1, number++) {
        const size_t n = (size_t)__builtin_ctzll(left);
        const vf x = vf_broadcast(row->x[n * row->ldx]);
        const float *dy = row->dy + n * row->lddy + column;
        float *parts = p->sum[number % PENDING];
        vf part[LANE_VECTORS];
        UNROLLED_FOR (size_t j = 0; j < LANE_VECTORS; j++)
            part[j] = column > 0 ? vf_load(parts + j * FCNN_VL) : (vf){0};
        UNROLLED_FOR (size_t j = 0; j < vectors; j++) {
            const vf d = load_lanes(dy, j, columns);
            sum[j] = vf_fma(x, d, sum[j]);
            part[j % LANE_VECTORS] = vf_fma(w[j], d, part[j % LANE_VECTORS]);
        }
        UNROLLED_FOR (size_t j = 0; j < LANE_VECTORS; j++)
            vf_store(parts + j * FCNN_VL, part[j]);
        p->dx[number % PENDING] = row->dx + n * row->ldx;
    }
    UNROLLED_FOR (size_t j = 0; j < vectors; j++)
        if (columns > j * FCNN_VL)
            vf_store_some(row->gradient + column + j * FCNN_VL, vf_end_sum(sum[j]), columns - j * FCNN_VL);
}

static void back_row(const input_row *row, size_t outputs, pending *p)
{
    size_t column = 0;
    for (; outputs - column >= PANEL * FCNN_VL; column += PANEL * FCNN_VL)
        back_panel(PANEL, PANEL * FCNN_VL, row, column, p);
    for (; column < outputs; column += LANES)
        back_panel(LANE_VECTORS, smaller(LANES, outputs - column), row, column, p);
    p->end += (size_t)__builtin_popcountll(row->bits);
    while (p->end - p->begin >= FCNN_VL)
        add_up(p, FCNN_VL);
}

void FCNN_NAME(dense_backward)(size_t images, size_t inputs, size_t outputs, const float *x, size_t ldx,
                               const float *dy, size_t lddy, const float *w, float *dx, float *gradient, int accumulate)
{
    pending p = {0};
    for (size_t first = 0; first < images; first += WORD)
        for (size_t i = 0; i < inputs; i += BLOCK_INPUTS) {
            const size_t rows = smaller(WORD, images - first), block = smaller(BLOCK_INPUTS, inputs - i),
                         at = first * ldx + i;
            uint64_t bits[BLOCK_INPUTS];
            find_images(rows, ldx, x + at, block, bits);
            for (size_t n = 0; n < rows; n++)
                memset(dx + at + n * ldx, 0, block * sizeof *dx);
            for (size_t k = 0; k < block; k++) {
                const size_t begin = (i + k) * outputs;
                const input_row row = {.bits = bits[k],
                                       .x = x + at + k,
                                       .dx = dx + at + k,
                                       .ldx = ldx,
                                       .w = w + begin,
                                       .gradient = gradient + begin,
                                       .accumulate = accumulate || first > 0,
                                       .dy = dy + first * lddy,
                                       .lddy = lddy};
                back_row(&row, outputs, &p);
            }
        }
    if (p.begin < p.end)
        add_up(&p, p.end - p.begin);
}
