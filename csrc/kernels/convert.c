/* convert.c - numbers of any type to float, and the largest magnitude among them.
 *
 * Plain loops, which the compiler turns into vectors. Magnitudes are compared as integers: without their sign, the bits
 * of floats are in the order of their values, infinity comes after all numbers, and NaN after infinity. x need not be
 * aligned.
 */
#include "name.h"
#include "vec.h"

static inline int32_t magnitude_bits(float value)
{
    int32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits & INT32_MAX;
}

static inline float float_of(int32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

#define DEFINE_CONVERSION(name, type)                                        \
    static float from_##name(size_t count, const void *x, float *restrict y) \
    {                                                                        \
        typedef type element __attribute__((aligned(1), may_alias));         \
        const element *restrict from = x;                                    \
        int32_t largest = 0;                                                 \
        for (size_t i = 0; i < count; i++) {                                 \
            y[i] = (float)from[i];                                           \
            const int32_t bits = magnitude_bits(y[i]);                       \
            largest = bits > largest ? bits : largest;                       \
        }                                                                    \
        return float_of(largest);                                            \
    }
DEFINE_CONVERSION(int8, int8_t)
DEFINE_CONVERSION(uint8, uint8_t)
DEFINE_CONVERSION(int16, int16_t)
DEFINE_CONVERSION(uint16, uint16_t)
DEFINE_CONVERSION(int32, int32_t)
DEFINE_CONVERSION(uint32, uint32_t)
DEFINE_CONVERSION(int64, int64_t)
DEFINE_CONVERSION(uint64, uint64_t)
DEFINE_CONVERSION(float32, float)
DEFINE_CONVERSION(float64, double)

/* IEEE 754 binary16: 1 sign, 5 exponent and 10 fraction bits. */
static float from_float16(size_t count, const void *x, float *y)
{
    enum { INFINITE = 0x7f800000 };
    const uint8_t *bytes = x;
    int32_t largest = 0;
    for (size_t i = 0; i < count; i++) {
        uint16_t half;
        memcpy(&half, bytes + 2 * i, sizeof half);
        const int32_t exponent = half >> 10 & 31, fraction = half & 1023;
        int32_t bits;
        if (exponent == 0)
            bits = magnitude_bits((float)fraction * 0x1p-24f);
        else if (exponent < 31)
            bits = (exponent + 112) << 23 | fraction << 13;
        else
            bits = INFINITE | fraction << 13;
        largest = bits > largest ? bits : largest;
        y[i] = half >> 15 ? -float_of(bits) : float_of(bits);
    }
    return float_of(largest);
}

float FCNN_NAME(convert)(fcnn_dtype dtype, size_t count, const void *x, float *y)
{
    switch (dtype) {
    case FCNN_INT8:
        return from_int8(count, x, y);
    case FCNN_BOOL:
    case FCNN_UINT8:
        return from_uint8(count, x, y);
    case FCNN_INT16:
        return from_int16(count, x, y);
    case FCNN_UINT16:
        return from_uint16(count, x, y);
    case FCNN_INT32:
        return from_int32(count, x, y);
    case FCNN_UINT32:
        return from_uint32(count, x, y);
    case FCNN_INT64:
        return from_int64(count, x, y);
    case FCNN_UINT64:
        return from_uint64(count, x, y);
    case FCNN_FLOAT16:
        return from_float16(count, x, y);
    case FCNN_FLOAT32:
        return from_float32(count, x, y);
    case FCNN_FLOAT64:
        return from_float64(count, x, y);
    case FCNN_DTYPE_COUNT:
        break;
    }
    return 0.0f;
}
