/* int8.h - how numbers are kept in 8 bits: number = scale * (int8 - zero), with one scale and one zero for a whole
 * array, except that weights have a scale for each output and no zero. */
#ifndef INT8_H
#define INT8_H

#include <stdint.h>

/* What is stored: its zero, and the limits of a number before it is rounded and the zero added. */
typedef struct stored {
    int32_t zero;
    float low, high;
} stored;

/* The whole number nearest to v, which is kept between the limits, so that with 256 added it is positive. */
static int8_t store(const stored *s, float v)
{
    const float above = v > s->low ? v : s->low, kept = above < s->high ? above : s->high;
    return (int8_t)((int32_t)(kept + 256.5f) - 256 + s->zero);
}

#endif
