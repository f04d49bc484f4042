/* noise.c - random masks and noise.
 *
 * Number i of an image comes from word i / 16 mod 4 of block i / 64 * 16 + i mod 16, so that the blocks of a vector
 * follow each other in every instruction set.
 */
#include "name.h"
#include "vec_math.h"

enum { BLOCKS = 16, STRETCH = 4 * BLOCKS }; /* a stretch is word 0 of 16 blocks, then word 1 of the same, ... */

/* One vector of numbers that a kernel writes. */
typedef struct place {
    size_t first, left; /* its first number, and how many are left from there on */
} place;

typedef struct arrays {
    const float *x;
    float *y;
    float rate, scale;     /* dropout */
    float kept, dropped;   /* mask */
    float mean, deviation; /* normals */
} arrays;

typedef void kernel(const arrays *a, place at, vu word);

/* Words 0 .. 3 of fcnn_philox(key, high, low + lane). */
static inline void philox_words(uint64_t key, uint64_t high, uint64_t low, vu word[4])
{
    enum { ROUNDS = 10 };
    vu c0, c1, c2 = vu_broadcast((uint32_t)high), c3 = vu_broadcast((uint32_t)(high >> 32));
    for (size_t lane = 0; lane < FCNN_VL; lane++) {
        c0[lane] = (uint32_t)(low + lane);
        c1[lane] = (uint32_t)((low + lane) >> 32);
    }
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    for (int round = 0; round < ROUNDS; round++) {
        const vu high0 = vu_multiply_high(c0, 0xD2511F53u), low0 = c0 * 0xD2511F53u;
        const vu high2 = vu_multiply_high(c2, 0xCD9E8D57u), low2 = c2 * 0xCD9E8D57u;
        c0 = high2 ^ c1 ^ k0;
        c1 = low2;
        c2 = high0 ^ c3 ^ k1;
        c3 = low0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    word[0] = c0;
    word[1] = c1;
    word[2] = c2;
    word[3] = c3;
}

static ALWAYS_INLINE void each_word(size_t count, uint64_t key, uint64_t step, uint64_t image, const arrays *a,
                                    kernel *run)
{
    for (size_t begin = 0; begin < count; begin += STRETCH)
        for (size_t block = 0; block < BLOCKS; block += FCNN_VL) {
            vu words[4];
            philox_words(key, step, (image << 40) + begin / STRETCH * BLOCKS + block, words);
            for (size_t word = 0; word < 4; word++) {
                const size_t i = begin + word * BLOCKS + block;
                if (i >= count)
                    break;
                run(a, (place){i, count - i}, words[word]);
            }
        }
}

static inline vm is_dropped(float rate, vu word)
{
    return vf_greater(vf_broadcast(rate), vi_to_float((vi)(word >> 8)) * 0x1p-24f);
}

static ALWAYS_INLINE void drop(const arrays *a, place at, vu word)
{
    const vf kept = vf_load_some(a->x + at.first, at.left) * a->scale;
    vf_store_some(a->y + at.first, vf_select(is_dropped(a->rate, word), (vf){0}, kept), at.left);
}

static ALWAYS_INLINE void choose(const arrays *a, place at, vu word)
{
    const vf chosen = vf_select(is_dropped(a->rate, word), vf_broadcast(a->dropped), vf_broadcast(a->kept));
    vf_store_some(a->y + at.first, chosen, at.left);
}

/* The normal distribution's quantile for p in (0, 1/2], to about 7 digits.
 * Source: Wichura, "Algorithm AS 241: The percentage points of the normal distribution", Applied Statistics 37, 1988:
 * PPND7. */
static inline vf quantile_below_half(vf p)
{
    static const float centre_above[] = {3.3871327179f, 50.434271938f, 159.29113202f, 59.109374720f};
    static const float centre_below[] = {1.0f, 17.895169469f, 78.757757664f, 67.187563600f};
    static const float tail_above[] = {1.4234372777f, 2.7568153900f, 1.3067284816f, 0.17023821103f};
    static const float tail_below[] = {1.0f, 0.73700164250f, 0.12021132975f};
    const vf q = p - 0.5f, r = vf_fma(-q, q, vf_broadcast(0.180625f));
    const vf centre = q * vf_polynomial(r, centre_above, 4) / vf_polynomial(r, centre_below, 4);
    const vf s = vf_sqrt(-vf_log(p)) - 1.6f;
    const vf tail = -vf_polynomial(s, tail_above, 4) / vf_polynomial(s, tail_below, 3);
    return vf_select(vf_greater(vf_broadcast(-0.425f), q), tail, centre);
}

/* The 31 lower bits are a rank below 1/2, the highest one is the sign. */
static ALWAYS_INLINE void draw(const arrays *a, place at, vu word)
{
    const vf z = quantile_below_half((vi_to_float((vi)(word & 0x7fffffffu)) + 0.5f) * 0x1p-32f);
    const vf signed_z = vi_as_float(vf_bits(z) ^ (vi)(word & 0x80000000u));
    vf_store_some(a->y + at.first, vf_fma(signed_z, vf_broadcast(a->deviation), vf_broadcast(a->mean)), at.left);
}

void FCNN_NAME(dropout)(size_t count, const float *x, uint64_t key, uint64_t step, uint64_t image, float rate, float *y)
{
    const float scale = (float)(1.0 / (1.0 - (double)rate));
    each_word(count, key, step, image, &(arrays){.x = x, .y = y, .rate = rate, .scale = scale}, drop);
}

void FCNN_NAME(mask)(size_t count, uint64_t key, uint64_t step, uint64_t image, float rate, float kept, float dropped,
                     float *y)
{
    each_word(count, key, step, image, &(arrays){.y = y, .rate = rate, .kept = kept, .dropped = dropped}, choose);
}

void FCNN_NAME(normals)(size_t count, uint64_t key, uint64_t step, uint64_t image, float mean, float deviation,
                        float *y)
{
    each_word(count, key, step, image, &(arrays){.y = y, .mean = mean, .deviation = deviation}, draw);
}
