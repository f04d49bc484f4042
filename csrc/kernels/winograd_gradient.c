/* winograd_gradient.c - the gradient of the kernel of a 3x3 or 5x5 convolution of stride 1, by Winograd's algorithm.
 *
 * The outputs of a tile, A^T [(G g G^T) . (B^T d B)] A, are linear in the filter g (conv2d_winograd.c). Turned round,
 * dy of a tile and its patch d of the image add to the gradient of g
 *
 *   G^T [(A dy A^T) . (B^T d B)] G
 *
 * The products are summed over the tiles of some images, M[f] = V[f]^T (channels, tiles) D[f] (tiles, outputs), n^2
 * products of matrices as in patches_weight_gradient.c, before the sums are transformed back. Tiles are handled in
 * blocks, so that V and D stay in the second-level cache. Here tiles do not overlap: the last ones count only what is
 * in the image.
 */
#include "winograd.h"

/* ---- one dimension: A (n, m) evaluates, G^T (r, n) collects ---- */

static ALWAYS_INLINE void evaluate_6(size_t count, const vf *d, vf out[6])
{
    const vf even = count > 2 ? d[0] + d[2] : d[0], odd = count > 3 ? d[1] + d[3] : d[1];
    out[0] = d[0];
    out[1] = even + odd;
    out[2] = even - odd;
    out[3] = value_at(0.5f, count, d);
    out[4] = value_at(-2.0f, count, d);
    out[5] = d[count - 1];
}

static ALWAYS_INLINE void evaluate_7(size_t count, const vf *d, vf out[7])
{
    vf even_1 = d[0] + d[2], even_2 = plus(d[0], 0.25f, d[2]);
    vf odd_1 = d[1], odd_2 = d[1] * 0.5f;
    if (count == 5) {
        even_1 += d[4], even_2 = plus(even_2, 0.0625f, d[4]);
        odd_1 += d[3], odd_2 = plus(odd_2, 0.125f, d[3]);
    }
    out[0] = d[0];
    out[1] = even_1 + odd_1;
    out[2] = even_1 - odd_1;
    out[3] = even_2 + odd_2;
    out[4] = even_2 - odd_2;
    out[5] = value_at(2.0f, count, d);
    out[6] = d[count - 1];
}

static ALWAYS_INLINE void collect_6(size_t count, const vf m[6], vf *out)
{
    const vf scaled[6] = {
        m[0], m[1] * (1.0f / 3.0f), m[2] * (-1.0f / 3.0f), m[3] * (-16.0f / 15.0f), m[4] * (1.0f / 15.0f), m[5]};
    gather_6(count, scaled, out);
}

static ALWAYS_INLINE void collect_7(size_t count, const vf m[7], vf *out)
{
    const vf scaled[7] = {m[0] * -2.0f,
                          m[1] * (-2.0f / 3.0f),
                          m[2] * (-2.0f / 9.0f),
                          m[3] * (16.0f / 9.0f),
                          m[4] * (16.0f / 15.0f),
                          m[5] * (2.0f / 45.0f),
                          m[6]};
    gather_7(count, scaled, out);
}

static ALWAYS_INLINE void evaluate_6_2(const vf *in, vf *out) { evaluate_6(2, in, out); }
static ALWAYS_INLINE void evaluate_6_4(const vf *in, vf *out) { evaluate_6(4, in, out); }
static ALWAYS_INLINE void evaluate_7_3(const vf *in, vf *out) { evaluate_7(3, in, out); }
static ALWAYS_INLINE void evaluate_7_5(const vf *in, vf *out) { evaluate_7(5, in, out); }
static ALWAYS_INLINE void collect_6_3(const vf *in, vf *out) { collect_6(3, in, out); }
static ALWAYS_INLINE void collect_6_5(const vf *in, vf *out) { collect_6(5, in, out); }
static ALWAYS_INLINE void collect_7_3(const vf *in, vf *out) { collect_7(3, in, out); }
static ALWAYS_INLINE void collect_7_5(const vf *in, vf *out) { collect_7(5, in, out); }

/* ---- G^T m G ---- */

/* gradient[tap], `size` floats apart, = or += the sums m, `step` floats apart, for `count` numbers of each. */
static ALWAYS_INLINE void transform_back(size_t n, size_t r, transform *collect, const float *m, size_t step,
                                         size_t count, float *gradient, size_t size, int accumulate)
{
    for (size_t at = 0; at < count; at += FCNN_VL) {
        const size_t lanes = smaller(FCNN_VL, count - at);
        square middle;
        vf line[MAX_PATCH];
        for (size_t i = 0; i < n; i++) {
            UNROLLED_FOR (size_t j = 0; j < n; j++)
                line[j] = vf_load_some(m + (i * n + j) * step + at, lanes);
            collect(line, middle[i]);
        }
        for (size_t j = 0; j < r; j++) {
            transform_column(n, collect, middle, j, line);
            UNROLLED_FOR (size_t i = 0; i < r; i++) {
                float *to = gradient + (i * r + j) * size + at;
                vf_store_some(to, accumulate ? vf_load_some(to, lanes) + line[i] : line[i], lanes);
            }
        }
    }
}

/* ---- the sums ---- */

/* What the tiles add to. */
typedef struct sums {
    const fcnn_winograd *shape;
    const float *x, *dy;
    size_t stride;
    size_t begin, channels; /* of the image */
    float *v, *d, *m;       /* (n n, tiles, channels), (n n, tiles, outputs), (n n, channels, outputs) */
    size_t v_step, d_step, m_step;
} sums;

/* The patches of tile number `index` of the image and of dy. */
static void find_patches(const sums *all, size_t index, patch *x, patch *dy)
{
    const fcnn_winograd *s = all->shape;
    const size_t across = (s->width + s->tile - 1) / s->tile, down = (s->lines + s->tile - 1) / s->tile;
    const size_t image = index / (across * down) * all->stride;
    const size_t i = index / across % down * s->tile, j = index % across * s->tile;
    const size_t lines = smaller(s->tile, s->lines - i), columns = smaller(s->tile, s->width - j);
    *x = (patch){all->x + image + i * s->x_line + j * s->channels + all->begin, s->x_line, s->channels,
                 lines + s->kernel - 1, columns + s->kernel - 1};
    *dy = (patch){all->dy + image + (i * s->width + j) * s->outputs, s->width * s->outputs, s->outputs, lines, columns};
}

/* M += V^T D for the tiles [first, first + block); M = where they are the first. */
static ALWAYS_INLINE void add_tiles(size_t n, size_t tile, transform *spread, transform *evaluate, const sums *all,
                                    size_t first, size_t block)
{
    const size_t outputs = all->shape->outputs;
    for (size_t t = 0; t < block; t++) {
        patch x, dy;
        find_patches(all, first + t, &x, &dy);
        transform_patch(n, n, spread, x, all->channels, all->v + t * all->channels, all->v_step);
        transform_patch(tile, n, evaluate, dy, outputs, all->d + t * outputs, all->d_step);
    }
    const fcnn_patches rows = fcnn_patches_of_rows(block, all->channels, all->channels);
    for (size_t f = 0; f < n * n; f++)
        FCNN_NAME(patches_weight_gradient)(&rows, all->v + f * all->v_step, all->d + f * all->d_step, outputs, 1, 0,
                                           outputs, 0, all->channels, all->m + f * all->m_step, first > 0, NULL);
}

static ALWAYS_INLINE void gradient(size_t n, size_t tile, transform *spread, transform *evaluate, transform *collect,
                                   sums all, size_t images, float *to, int accumulate)
{
    const fcnn_winograd *s = all.shape;
    const size_t of_tap = s->channels * s->outputs;
    for (size_t image = 0, some; image < images; image += some, accumulate = 1) {
        some = smaller(FCNN_WINOGRAD_IMAGES, images - image);
        const size_t tiles = some * fcnn_winograd_tiles(s);
        for (size_t first = 0, block; first < tiles; first += block) {
            block = balanced(tiles - first, FCNN_WINOGRAD_GRADIENT_BLOCK);
            add_tiles(n, tile, spread, evaluate, &all, first, block);
        }
        transform_back(n, n - tile + 1, collect, all.m, all.m_step, all.channels * s->outputs,
                       to + all.begin * s->outputs, of_tap, accumulate);
        all.x += some * all.stride;
        all.dy += some * all.stride;
    }
}

void FCNN_NAME(winograd_weight_gradient)(const fcnn_winograd *s, const float *x, const float *dy, size_t images,
                                         size_t stride, size_t begin, size_t end, float *to, int accumulate,
                                         float *scratch)
{
    const size_t products = fcnn_winograd_products(s), channels = end - begin;
    sums all = {.shape = s, .x = x, .dy = dy, .stride = stride, .begin = begin, .channels = channels};
    all.v_step = fcnn_winograd_gradient_step(channels);
    all.d_step = fcnn_winograd_gradient_step(s->outputs);
    all.m_step = fcnn_winograd_sums_step(s, channels);
    all.v = scratch;
    all.d = all.v + products * all.v_step;
    all.m = all.d + products * all.d_step;
    if (s->tile == 2)
        gradient(6, 2, spread_6, evaluate_6_2, collect_6_5, all, images, to, accumulate);
    else if (s->tile == 3)
        gradient(7, 3, spread_7, evaluate_7_3, collect_7_5, all, images, to, accumulate);
    else if (s->tile == 4)
        gradient(6, 4, spread_6, evaluate_6_4, collect_6_3, all, images, to, accumulate);
    else
        gradient(7, 5, spread_7, evaluate_7_5, collect_7_3, all, images, to, accumulate);
}
