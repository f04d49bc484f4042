/* vec.h - the vector type every kernel is written in.
 *
 * The only file that knows an instruction set. A kernel is compiled once per set; FCNN_VL (floats in a vector) and
 * FCNN_VREGS (registers) let it choose its tile, and the functions below cover what C's operators on vectors cannot
 * say. Lanes are independent outputs: only vf_sum_lanes adds across them, and says in which order.
 *
 * Multiply-adds are written vf_fma and the compiler is told not to contract a * b + c by itself (-ffp-contract=off): so
 * each rounding is where the source says, and every set with fused multiply-add returns the same bits. The baseline of
 * x86-64 has none: there vf_fma rounds twice.
 */
#ifndef FCNN_VEC_H
#define FCNN_VEC_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX2__) || defined(__AVX512F__)
#include <immintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#include "../base/sizes.h"

#if defined(__AVX512F__)
enum { FCNN_VL = 16, FCNN_VREGS = 32 };
#elif defined(__AVX2__)
enum { FCNN_VL = 8, FCNN_VREGS = 16 };
#elif defined(__ARM_NEON)
enum { FCNN_VL = 4, FCNN_VREGS = 32 };
#else
enum { FCNN_VL = 4, FCNN_VREGS = 16 };
#endif

/* A short loop with constant bounds: unrolled, so that what it indexes stays in registers. */
#define UNROLLED_FOR _Pragma("GCC unroll 32") for

#define ALWAYS_INLINE inline __attribute__((always_inline))

/* How many of `left` things come next, at most `most` at a time, so that all times are about equal. */
static inline size_t balanced(size_t left, size_t most)
{
    const size_t times = (left + most - 1) / most;
    return (left + times - 1) / times;
}

enum { FCNN_ALL_LANES = (1 << FCNN_VL) - 1 }; /* vm_bits of a mask that is true everywhere */

typedef float vf __attribute__((vector_size(4 * FCNN_VL)));
typedef int32_t vi __attribute__((vector_size(4 * FCNN_VL)));
typedef uint32_t vu __attribute__((vector_size(4 * FCNN_VL)));
typedef float vf_unaligned __attribute__((vector_size(4 * FCNN_VL), aligned(4), may_alias));
typedef int32_t vi_unaligned __attribute__((vector_size(4 * FCNN_VL), aligned(4), may_alias));

static inline vf vf_load(const float *p) { return *(const vf_unaligned *)p; }
static inline void vf_store(float *p, vf a) { *(vf_unaligned *)p = a; }
static inline void vi_store(int32_t *p, vi a) { *(vi_unaligned *)p = a; }
static inline vf vf_broadcast(float a) { return a - (vf){0}; }
static inline vi vi_broadcast(int32_t a) { return a - (vi){0}; }
static inline vu vu_broadcast(uint32_t a) { return a - (vu){0}; }

/* The bits of one type read as the other. */
static inline vi vf_bits(vf a) { return (vi)a; }
static inline vf vi_as_float(vi a) { return (vf)a; }

/* a, but +0 in place of -0: how every sum ends whose zero terms may have been left out. */
static inline vf vf_end_sum(vf a) { return a + (vf){0}; }

static inline vf vf_abs(vf a) { return (vf)((vi)a & 0x7fffffff); }
/* |magnitude| with the sign of `sign`. */
static inline vf vf_copysign(vf magnitude, vf sign)
{
    return (vf)(((vi)magnitude & INT32_MAX) | ((vi)sign & INT32_MIN));
}

/* vm: one truth value a lane. */
#if defined(__AVX512F__)

typedef __mmask16 vm;

static inline vf vf_fma(vf a, vf b, vf c) { return (vf)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c); }
static inline vf vf_sqrt(vf a) { return (vf)_mm512_sqrt_ps((__m512)a); }
static inline vm vf_greater(vf a, vf b) { return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_GT_OQ); }
static inline vm vf_equal(vf a, vf b) { return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_EQ_OQ); }
static inline vf vf_select(vm m, vf a, vf b) { return (vf)_mm512_mask_blend_ps(m, (__m512)b, (__m512)a); }
static inline vi vi_select(vm m, vi a, vi b) { return (vi)_mm512_mask_blend_epi32(m, (__m512i)b, (__m512i)a); }
static inline vm vi_equal(vi a, vi b) { return _mm512_cmpeq_epi32_mask((__m512i)a, (__m512i)b); }
static inline vm vm_and(vm a, vm b) { return a & b; }
static inline vm vm_or(vm a, vm b) { return a | b; }
/* True from lane n on. */
static inline vm vm_from(size_t n) { return (vm)(FCNN_ALL_LANES & ~((1u << n) - 1u)); }
/* Lane i of the result is bit i. */
static inline uint32_t vm_bits(vm m) { return m; }
/* Larger of the two; b where either is NaN. */
static inline vf vf_max(vf a, vf b) { return (vf)_mm512_max_ps((__m512)a, (__m512)b); }
static inline vf vf_min(vf a, vf b) { return (vf)_mm512_min_ps((__m512)a, (__m512)b); }
static inline vf vf_round(vf a) { return (vf)_mm512_roundscale_ps((__m512)a, 0x08); }
static inline vi vf_to_int(vf a) { return (vi)_mm512_cvtps_epi32((__m512)a); }
static inline vf vi_to_float(vi a) { return (vf)_mm512_cvtepi32_ps((__m512i)a); }

/* The first n < FCNN_VL lanes; the others read as 0, or are not written. */
static inline vf vf_load_partial(const float *p, size_t n)
{
    return (vf)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1u), p);
}
static inline void vf_store_partial(float *p, vf a, size_t n)
{
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1u), (__m512)a);
}

/* The upper half of the 64-bit products a * b. */
static inline vu vu_multiply_high(vu a, uint32_t b)
{
    const __m512i factor = _mm512_set1_epi32((int)b);
    const __m512i even = _mm512_mul_epu32((__m512i)a, factor);
    const __m512i odd = _mm512_mul_epu32(_mm512_srli_epi64((__m512i)a, 32), factor);
    return (vu)_mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64(even, 32), odd);
}

/* One byte a lane: the low byte when stored, zero-extended when loaded. */
static inline vi vi_load_bytes(const uint8_t *p)
{
    return (vi)_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i_u *)p));
}
static inline void vi_store_bytes(uint8_t *p, vi a)
{
    _mm_storeu_si128((__m128i_u *)p, _mm512_cvtepi32_epi8((__m512i)a));
}

#else /* the other sets keep a truth value as a lane of all ones or all zeros */

typedef vi vm;

static inline vf vf_select(vm m, vf a, vf b) { return (vf)((m & (vi)a) | (~m & (vi)b)); }
static inline vi vi_select(vm m, vi a, vi b) { return (m & a) | (~m & b); }
static inline vm vf_greater(vf a, vf b) { return a > b; }
static inline vm vf_equal(vf a, vf b) { return a == b; }
static inline vm vi_equal(vi a, vi b) { return a == b; }
static inline vm vm_and(vm a, vm b) { return a & b; }
static inline vm vm_or(vm a, vm b) { return a | b; }
static inline vm vm_from(size_t n)
{
    vi lane;
    for (size_t i = 0; i < FCNN_VL; i++)
        lane[i] = (int32_t)i;
    return lane >= (int32_t)n;
}

#if defined(__AVX2__)

static inline vf vf_fma(vf a, vf b, vf c) { return (vf)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c); }
static inline vf vf_sqrt(vf a) { return (vf)_mm256_sqrt_ps((__m256)a); }
static inline uint32_t vm_bits(vm m) { return (uint32_t)_mm256_movemask_ps((__m256)m); }
static inline vf vf_max(vf a, vf b) { return (vf)_mm256_max_ps((__m256)a, (__m256)b); }
static inline vf vf_min(vf a, vf b) { return (vf)_mm256_min_ps((__m256)a, (__m256)b); }
static inline vf vf_round(vf a) { return (vf)_mm256_round_ps((__m256)a, 0x08); }
static inline vi vf_to_int(vf a) { return (vi)_mm256_cvtps_epi32((__m256)a); }
static inline vf vi_to_float(vi a) { return (vf)_mm256_cvtepi32_ps((__m256i)a); }

static inline __m256i vec_first_lanes(size_t n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
static inline vf vf_load_partial(const float *p, size_t n) { return (vf)_mm256_maskload_ps(p, vec_first_lanes(n)); }
static inline void vf_store_partial(float *p, vf a, size_t n) { _mm256_maskstore_ps(p, vec_first_lanes(n), (__m256)a); }
static inline vu vu_multiply_high(vu a, uint32_t b)
{
    const __m256i factor = _mm256_set1_epi32((int)b);
    const __m256i even = _mm256_mul_epu32((__m256i)a, factor);
    const __m256i odd = _mm256_mul_epu32(_mm256_srli_epi64((__m256i)a, 32), factor);
    return (vu)_mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
}
static inline vi vi_load_bytes(const uint8_t *p)
{
    return (vi)_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i_u *)p));
}
static inline void vi_store_bytes(uint8_t *p, vi a)
{
    const __m256i low = _mm256_and_si256((__m256i)a, _mm256_set1_epi32(0xff));
    const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(low), _mm256_extracti128_si256(low, 1));
    _mm_storel_epi64((__m128i_u *)p, _mm_packus_epi16(words, words));
}

#else

#if defined(__ARM_NEON)
static inline vf vf_fma(vf a, vf b, vf c) { return (vf)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b); }
#else
static inline vf vf_fma(vf a, vf b, vf c) { return a * b + c; }
#endif

static inline vf vf_sqrt(vf a)
{
#if defined(__SSE2__)
    return (vf)_mm_sqrt_ps((__m128)a);
#else
    for (size_t i = 0; i < FCNN_VL; i++)
        a[i] = __builtin_sqrtf(a[i]);
    return a;
#endif
}
static inline uint32_t vm_bits(vm m)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < FCNN_VL; i++)
        bits |= (uint32_t)(m[i] != 0) << i;
    return bits;
}
static inline vf vf_max(vf a, vf b) { return vf_select(a > b, a, b); }
static inline vf vf_min(vf a, vf b) { return vf_select(a < b, a, b); }
static inline vf vf_round(vf a) /* to nearest even, for |a| < 2^22 */
{
    const vf magic = vf_broadcast(0x1.8p23f);
    return (a + magic) - magic;
}
static inline vi vf_to_int(vf a) { return __builtin_convertvector(vf_round(a), vi); }
static inline vf vi_to_float(vi a) { return __builtin_convertvector(a, vf); }
static inline vf vf_load_partial(const float *p, size_t n)
{
    vf a = {0};
    memcpy(&a, p, n * sizeof(float));
    return a;
}
static inline void vf_store_partial(float *p, vf a, size_t n) { memcpy(p, &a, n * sizeof(float)); }
static inline vu vu_multiply_high(vu a, uint32_t b)
{
    /* Little-endian: the even lane is the lower half. */
    typedef uint64_t pairs __attribute__((vector_size(4 * FCNN_VL)));
    const pairs even = ((pairs)a & UINT32_MAX) * b, odd = ((pairs)a >> 32) * b;
    return (vu)(even >> 32 | (odd & ~(uint64_t)UINT32_MAX));
}
static inline vi vi_load_bytes(const uint8_t *p)
{
    vi a;
    for (size_t i = 0; i < FCNN_VL; i++)
        a[i] = p[i];
    return a;
}
static inline void vi_store_bytes(uint8_t *p, vi a)
{
    for (size_t i = 0; i < FCNN_VL; i++)
        p[i] = (uint8_t)a[i];
}

#endif
#endif

/* The next min(n, FCNN_VL) lanes of an array of which n elements are left: one loop body for whole vectors and the
 * tail. */
static inline vf vf_load_some(const float *p, size_t n) { return n < FCNN_VL ? vf_load_partial(p, n) : vf_load(p); }
static inline void vf_store_some(float *p, vf a, size_t n)
{
    if (n < FCNN_VL)
        vf_store_partial(p, a, n);
    else
        vf_store(p, a);
}
/* The same, or where `step` is 0 one number that stands for all. */
static ALWAYS_INLINE vf vf_load_step(const float *p, size_t step, size_t n)
{
    return step ? vf_load_some(p, n) : vf_broadcast(*p);
}
/* Vector number `vector` of `vectors`; `tail` lanes of the last one are in use, all where tail is 0. */
static ALWAYS_INLINE vf vf_load_column(const float *p, size_t vector, size_t vectors, size_t tail)
{
    return tail && vector == vectors - 1 ? vf_load_partial(p + vector * FCNN_VL, tail) : vf_load(p + vector * FCNN_VL);
}
static ALWAYS_INLINE void vf_store_column(float *p, vf a, size_t vector, size_t vectors, size_t tail)
{
    if (tail && vector == vectors - 1)
        vf_store_partial(p + vector * FCNN_VL, a, tail);
    else
        vf_store(p + vector * FCNN_VL, a);
}
static inline vi vi_load_some_bytes(const uint8_t *p, size_t n)
{
    if (n >= FCNN_VL)
        return vi_load_bytes(p);
    uint8_t bytes[FCNN_VL] = {0};
    memcpy(bytes, p, n);
    return vi_load_bytes(bytes);
}
static inline void vi_store_some_bytes(uint8_t *p, vi a, size_t n)
{
    uint8_t bytes[FCNN_VL];
    vi_store_bytes(n < FCNN_VL ? bytes : p, a);
    if (n < FCNN_VL)
        memcpy(p, bytes, n);
}

/* Lane i of the result is table[index[i]], an index below 4. */
static inline vf vf_lookup(const float table[4], vi index)
{
#if defined(__AVX512F__)
    return (vf)_mm512_permutevar_ps(_mm512_broadcast_f32x4(_mm_loadu_ps(table)), (__m512i)index);
#elif defined(__AVX2__)
    const __m128 four = _mm_loadu_ps(table);
    return (vf)_mm256_permutevar_ps(_mm256_set_m128(four, four), (__m256i)index);
#else
    vf a;
    for (size_t i = 0; i < FCNN_VL; i++)
        a[i] = table[index[i]];
    return a;
#endif
}

/* Lane i of the result is p[index[i]]. */
static inline vf vf_gather(const float *p, vi index)
{
#if defined(__AVX512F__)
    return (vf)_mm512_i32gather_ps((__m512i)index, p, 4);
#elif defined(__AVX2__)
    return (vf)_mm256_i32gather_ps(p, (__m256i)index, 4);
#else
    vf a;
    for (size_t i = 0; i < FCNN_VL; i++)
        a[i] = p[index[i]];
    return a;
#endif
}

/* Writes a number where it stands, so that this core owns the line before it is needed. The weights have been read by
 * all cores, and it takes long to take a line away from another one. */
static inline void claim(float *p) { *(volatile float *)p = *(volatile float *)p; }

/* Lane i of the result is lane index[i] of a, then b, one behind the other. */
static ALWAYS_INLINE vf vf_shuffle(vf a, vf b, vi index)
{
#if defined(__clang__)
    vf out;
    for (int i = 0; i < FCNN_VL; i++)
        out[i] = index[i] < FCNN_VL ? a[index[i]] : b[index[i] - FCNN_VL];
    return out;
#else
    return __builtin_shuffle(a, b, index);
#endif
}

/* a[0], b[0], a[1], b[1], ... : the first and the second half. */
static inline void vf_zip(vf a, vf b, vf out[2])
{
    vi low;
    for (int i = 0; i < FCNN_VL; i++)
        low[i] = i / 2 + i % 2 * FCNN_VL;
    out[0] = vf_shuffle(a, b, low);
    out[1] = vf_shuffle(a, b, low + FCNN_VL / 2);
}

/* Lane i of the result is the sum of a[i]'s lanes: first of those FCNN_VL / 2 apart, then FCNN_VL / 4, and so on. a is
 * used up. */
static ALWAYS_INLINE vf vf_sum_lanes(vf a[FCNN_VL])
{
    vi lane;
    UNROLLED_FOR (int i = 0; i < FCNN_VL; i++)
        lane[i] = i;
#pragma GCC unroll 4
    for (int apart = FCNN_VL / 2; apart > 0; apart /= 2) {
        const vi second = (lane & apart) != 0; /* lanes that are the second vector's */
        const vi own = lane + (second & FCNN_VL), other = own ^ apart;
#pragma GCC unroll 8
        for (int i = 0; i < apart; i++)
            a[i] = vf_shuffle(a[i], a[i + apart], own) + vf_shuffle(a[i], a[i + apart], other);
    }
    return a[0];
}

/* a[i] lane j <-> a[j] lane i. */
static ALWAYS_INLINE void vf_transpose(vf a[FCNN_VL])
{
#if defined(__AVX512F__)
    /* Exchanges blocks of 1, 2, 4, 8 lanes between rows that far apart. */
    const vi lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
#pragma GCC unroll 4
    for (int d = 1; d < FCNN_VL; d *= 2) {
        const vi odd = (lane & d) != 0;
        const vi low = lane + (odd & (FCNN_VL - d)), high = lane + (odd & FCNN_VL) + (~odd & d);
#pragma GCC unroll 16
        for (int i = 0; i < FCNN_VL; i++)
            if ((i & d) == 0) {
                const __m512 p = (__m512)a[i], q = (__m512)a[i + d];
                a[i] = (vf)_mm512_permutex2var_ps(p, (__m512i)low, q);
                a[i + d] = (vf)_mm512_permutex2var_ps(p, (__m512i)high, q);
            }
    }
#elif defined(__AVX2__)
    __m256 p[8], q[8];
#pragma GCC unroll 4
    for (int i = 0; i < 8; i += 2) {
        p[i] = _mm256_unpacklo_ps((__m256)a[i], (__m256)a[i + 1]);
        p[i + 1] = _mm256_unpackhi_ps((__m256)a[i], (__m256)a[i + 1]);
    }
#pragma GCC unroll 2
    for (int i = 0; i < 8; i += 4) {
        q[i] = _mm256_shuffle_ps(p[i], p[i + 2], 0x44);
        q[i + 1] = _mm256_shuffle_ps(p[i], p[i + 2], 0xee);
        q[i + 2] = _mm256_shuffle_ps(p[i + 1], p[i + 3], 0x44);
        q[i + 3] = _mm256_shuffle_ps(p[i + 1], p[i + 3], 0xee);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        a[i] = (vf)_mm256_permute2f128_ps(q[i], q[i + 4], 0x20);
        a[i + 4] = (vf)_mm256_permute2f128_ps(q[i], q[i + 4], 0x31);
    }
#else
    for (int i = 0; i < FCNN_VL; i++)
        for (int j = 0; j < i; j++) {
            const float swap = a[i][j];
            a[i][j] = a[j][i];
            a[j][i] = swap;
        }
#endif
}

#endif
