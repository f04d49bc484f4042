/* conv2d_winograd.c - 3x3 and 5x5 convolutions of stride 1 by Winograd's F(m x m, r x r).
 *
 * The output is cut into tiles of m x m pixels. The outputs of an r x r filter g over a patch d of n x n pixels,
 * n = m + r - 1, are
 *
 *   A^T [(G g G^T) . (B^T d B)] A
 *
 * which is multiplication of polynomials by evaluation and interpolation: winograd.h. n^2 products take the place of
 * m^2 r^2. Between the transforms stand n^2 products of matrices, V[f] (tiles, channels) U[f] (channels, outputs):
 * those of gemm.h. Tiles are handled in blocks, so that V and its product stay in the second-level cache.
 *
 * An output is a sum in which the tile's other pixels cancel, up to rounding. On a black background that would turn a
 * true 0, which a ReLU gives no gradient, into a number of either sign. So outputs that see zeros alone are found, and
 * set to 0.
 */
#include "limits.h"
#include "winograd.h"

static ALWAYS_INLINE void expand_6_3(const vf *in, vf *out) { expand_6(3, in, out); }
static ALWAYS_INLINE void expand_6_5(const vf *in, vf *out) { expand_6(5, in, out); }
static ALWAYS_INLINE void expand_7_3(const vf *in, vf *out) { expand_7(3, in, out); }
static ALWAYS_INLINE void expand_7_5(const vf *in, vf *out) { expand_7(5, in, out); }
static ALWAYS_INLINE void gather_6_2(const vf *in, vf *out) { gather_6(2, in, out); }
static ALWAYS_INLINE void gather_6_4(const vf *in, vf *out) { gather_6(4, in, out); }
static ALWAYS_INLINE void gather_7_3(const vf *in, vf *out) { gather_7(3, in, out); }
static ALWAYS_INLINE void gather_7_5(const vf *in, vf *out) { gather_7(5, in, out); }

/* ---- u = G g G^T ---- */

/* For the numbers [begin, end) of each tap's (channels, outputs). */
static ALWAYS_INLINE void transform_kernel(size_t n, size_t r, transform *expand, size_t size, const float *w,
                                           size_t begin, size_t end, float *u, size_t step)
{
    transform_patch(r, n, expand, (patch){w + begin, r * size, size, r, r}, end - begin, u + begin, step);
}

void FCNN_NAME(winograd_kernel)(const fcnn_winograd *s, const float *w, size_t begin, size_t end, float *u)
{
    const size_t size = s->channels * s->outputs, step = fcnn_winograd_kernel_step(s);
    begin *= s->outputs, end *= s->outputs;
    if (s->tile == 2)
        transform_kernel(6, 5, expand_6_5, size, w, begin, end, u, step);
    else if (s->tile == 3)
        transform_kernel(7, 5, expand_7_5, size, w, begin, end, u, step);
    else if (s->tile == 4)
        transform_kernel(6, 3, expand_6_3, size, w, begin, end, u, step);
    else
        transform_kernel(7, 3, expand_7_3, size, w, begin, end, u, step);
}

/* ---- the image's side ---- */

/* One tile: its input and output. */
typedef struct place {
    const float *x;
    float *y;
    size_t lines, columns; /* as a patch's */
} place;

/* seen[i * tile + j] = all ones where output (i, j) of a tile sees a number other than 0, else 0. */
typedef int32_t sight[MAX_TILE * MAX_TILE];

/* Bit j: whether pixel j of a line has a number other than 0. */
static ALWAYS_INLINE uint64_t look_at_line(size_t columns, size_t channels, const float *x)
{
    vi bits[MAX_PATCH];
    UNROLLED_FOR (size_t j = 0; j < columns; j++)
        bits[j] = (vi){0};
    for (size_t c = 0; c < channels; c += FCNN_VL)
        UNROLLED_FOR (size_t j = 0; j < columns; j++)
            bits[j] |= vf_bits(vf_load_some(x + j * channels + c, channels - c));
    uint64_t pixels = 0;
    UNROLLED_FOR (size_t j = 0; j < columns; j++)
        pixels |= (uint64_t)(vm_bits(vi_equal(bits[j] & INT32_MAX, (vi){0})) != FCNN_ALL_LANES) << j;
    return pixels;
}

/* Whether some output may see zeros alone: each sees exactly one of the pixels whose line and column are r - 1,
 * 2 r - 1, ... */
static ALWAYS_INLINE int may_see_black(size_t r, const fcnn_winograd *s, place p)
{
    for (size_t i = r - 1; i < p.lines; i += r)
        for (size_t j = r - 1; j < p.columns; j += r)
            if (!look_at_line(1, s->channels, p.x + i * s->x_line + j * s->channels))
                return 1;
    return 0;
}

/* Which outputs of a tile see a number. */
static ALWAYS_INLINE void look(size_t n, size_t tile, const fcnn_winograd *s, place p, sight seen)
{
    uint64_t pixels = 0; /* bit i * n + j: pixel (i, j) is not black */
    for (size_t i = 0; i < p.lines; i++) {
        const float *line = p.x + i * s->x_line;
        if (p.columns == n)
            pixels |= look_at_line(n, s->channels, line) << i * n;
        else
            for (size_t j = 0; j < p.columns; j++)
                pixels |= look_at_line(1, s->channels, line + j * s->channels) << (i * n + j);
    }
    pixels |= pixels >> 1 | pixels >> 2;
    pixels |= pixels >> n | pixels >> 2 * n;
    if (n - tile == 4) { /* 5x5 taps see two pixels more */
        pixels |= pixels >> 2;
        pixels |= pixels >> 2 * n;
    }
    for (size_t i = 0; i < tile; i++)
        UNROLLED_FOR (size_t j = 0; j < tile; j++)
            seen[i * tile + j] = -(int32_t)(pixels >> (i * n + j) & 1);
}

/* The first output of a tile. The last tile overlaps the one before, to be whole. */
static size_t tile_start(size_t index, size_t tile, size_t extent)
{
    return extent < tile ? 0 : smaller(index * tile, extent - tile);
}

static place find_tile(const fcnn_winograd *s, size_t index, const float *x, size_t x_stride, float *y, size_t y_stride)
{
    const size_t across = (s->width + s->tile - 1) / s->tile, down = (s->lines + s->tile - 1) / s->tile;
    const size_t image = index / (across * down);
    const size_t i = tile_start(index / across % down, s->tile, s->lines),
                 j = tile_start(index % across, s->tile, s->width);
    return (place){
        .x = x + image * x_stride + i * s->x_line + j * s->channels,
        .y = y + image * y_stride + (i * s->width + j) * s->outputs,
        .lines = smaller(s->tile, s->lines - i) + s->kernel - 1,
        .columns = smaller(s->tile, s->width - j) + s->kernel - 1,
    };
}

/* y = A^T m A + bias, limited, for one vector of outputs; without the product where `seen` says so (NULL: nowhere). */
static ALWAYS_INLINE void gather_vector(size_t n, size_t tile, transform *gather, const fcnn_winograd *s, place p,
                                        size_t lanes, const float *m, size_t step, const int32_t *seen, vf bias)
{
    square middle;
    vf line[MAX_PATCH];
    for (size_t i = 0; i < n; i++) {
        UNROLLED_FOR (size_t j = 0; j < n; j++)
            line[j] = vf_load_some(m + (i * n + j) * step, lanes);
        gather(line, middle[i]);
    }
    for (size_t j = 0; j + (n - tile) < p.columns; j++) {
        transform_column(n, gather, middle, j, line);
        UNROLLED_FOR (size_t i = 0; i < tile; i++) {
            if (i + (n - tile) >= p.lines)
                continue;
            const vf sum = seen ? vi_as_float(vf_bits(line[i]) & vi_broadcast(seen[i * tile + j])) : line[i];
            vf_store_some(p.y + (i * s->width + j) * s->outputs, vf_limit(sum + bias, s->limits), lanes);
        }
    }
}

static patch patch_of(const fcnn_winograd *s, place p)
{
    return (patch){p.x, s->x_line, s->channels, p.lines, p.columns};
}

static ALWAYS_INLINE void gather_tile(size_t n, size_t tile, transform *gather, const fcnn_winograd *s, place p,
                                      const float *m, size_t step, const float *bias)
{
    const int whole = p.lines == n && p.columns == n, all_seen = !may_see_black(n - tile + 1, s, p);
    sight seen;
    if (!all_seen || !whole || s->outputs % FCNN_VL) /* else nobody asks */
        look(n, tile, s, p, seen);
    for (size_t o = 0; o < s->outputs; o += FCNN_VL, p.y += FCNN_VL) {
        const size_t lanes = smaller(FCNN_VL, s->outputs - o);
        const vf add = bias ? vf_load_some(bias + o, lanes) : (vf){0};
        if (whole && all_seen && lanes == FCNN_VL)
            gather_vector(n, tile, gather, s, (place){p.x, p.y, n, n}, FCNN_VL, m + o, step, NULL, add);
        else if (whole && lanes == FCNN_VL)
            gather_vector(n, tile, gather, s, (place){p.x, p.y, n, n}, FCNN_VL, m + o, step, seen, add);
        else
            gather_vector(n, tile, gather, s, p, lanes, m + o, step, seen, add);
    }
}

static ALWAYS_INLINE void forward(size_t n, size_t tile, transform *spread, transform *gather, const fcnn_winograd *s,
                                  size_t images, const float *x, size_t x_stride, const float *u, const float *bias,
                                  float *y, size_t y_stride, float *scratch)
{
    const size_t v_step = fcnn_winograd_step(s->channels), m_step = fcnn_winograd_step(s->outputs);
    const size_t tiles = images * fcnn_winograd_tiles(s), u_step = fcnn_winograd_kernel_step(s);
    float *v = scratch, *m = scratch + n * n * v_step; /* (n n, tiles, channels), (n n, tiles, outputs) */
    for (size_t first = 0, block; first < tiles; first += block) {
        block = smaller(tiles - first, FCNN_WINOGRAD_BLOCK);
        for (size_t t = 0; t < block; t++)
            transform_patch(n, n, spread, patch_of(s, find_tile(s, first + t, x, x_stride, y, y_stride)), s->channels,
                            v + t * s->channels, v_step);
        const fcnn_patches rows = fcnn_patches_of_rows(block, s->channels, s->channels);
        for (size_t f = 0; f < n * n; f++)
            FCNN_NAME(patches_forward)(&rows, v + f * v_step, u + f * u_step, NULL, s->outputs, m + f * m_step,
                                       s->outputs);
        for (size_t t = 0; t < block; t++)
            gather_tile(n, tile, gather, s, find_tile(s, first + t, x, x_stride, y, y_stride), m + t * s->outputs,
                        m_step, bias);
    }
}

void FCNN_NAME(winograd_forward)(const fcnn_winograd *s, size_t images, const float *x, size_t x_stride, const float *u,
                                 const float *bias, float *y, size_t y_stride, float *scratch)
{
    if (s->tile == 2)
        forward(6, 2, spread_6, gather_6_2, s, images, x, x_stride, u, bias, y, y_stride, scratch);
    else if (s->tile == 3)
        forward(7, 3, spread_7, gather_7_3, s, images, x, x_stride, u, bias, y, y_stride, scratch);
    else if (s->tile == 4)
        forward(6, 4, spread_6, gather_6_4, s, images, x, x_stride, u, bias, y, y_stride, scratch);
    else
        forward(7, 5, spread_7, gather_7_5, s, images, x, x_stride, u, bias, y, y_stride, scratch);
}
