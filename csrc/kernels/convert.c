/* convert.c - numbers of any type to float, and whether all of them are finite.
 *
 * Plain loops, which the compiler turns into vectors. Only the floating types can yield an infinity or a NaN: a float's
 * exponent bits are then all ones. x need not be aligned.
 */
#include "name.h"
#include "vec.h"

enum { EXPONENT = 0x7f800000 };

static inline uint32_t float_bits(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

#define DEFINE_CONVERSION(name, type)                                      \
    static int from_##name(size_t count, const void *x, float *restrict y) \
    {                                                                      \
        typedef type element __attribute__((aligned(1), may_alias));       \
        const element *restrict from = x;                                  \
        uint32_t bad = 0;                                                  \
        for (size_t i = 0; i < count; i++) {                               \
            y[i] = (float)from[i];                                         \
            bad |= (float_bits(y[i]) & EXPONENT) == EXPONENT;              \
        }                                                                  \
        return !bad;                                                       \
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
static int from_float16(size_t count, const void *x, float *y)
{
    const uint8_t *bytes = x;
    int finite = 1;
    for (size_t i = 0; i < count; i++) {
        uint16_t half;
        memcpy(&half, bytes + 2 * i, sizeof half);
        const uint32_t exponent = half >> 10 & 31, fraction = half & 1023;
        uint32_t bits;
        if (exponent == 0)
            bits = float_bits((float)fraction * 0x1p-24f);
        else if (exponent < 31)
            bits = (exponent + 112) << 23 | fraction << 13;
        else
            bits = EXPONENT | fraction << 13;
        finite &= exponent < 31;
        bits |= (uint32_t)(half >> 15) << 31;
        memcpy(y + i, &bits, sizeof bits);
    }
    return finite;
}

int FCNN_NAME(convert)(fcnn_dtype dtype, size_t count, const void *x, float *y)
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
    return 1;
}
