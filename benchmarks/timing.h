/* timing.h - what the benchmarks in C share: a clock, made-up numbers and the machine's peak. */
#ifndef FCNN_TIMING_H
#define FCNN_TIMING_H

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/floating_mode.h"
#include "base/memory.h"
#include "base/sizes.h"
#include "kernels/kernels.h"
#include "network/peak.h"

static inline float *numbers(size_t count, float low, float high)
{
    float *p = aligned_alloc(64, (count * sizeof *p + 63) / 64 * 64);
    if (!p)
        exit(1);
    for (size_t i = 0; i < count; i++)
        p[i] = low + (high - low) * (float)(rand() % 10007) / 10007.0f;
    return p;
}

/* Multiply-adds a second of a build on one core. */
static inline double peak_of(const fcnn_kernels *k)
{
    fcnn_error error;
    double peak;
    if (fcnn_peak_measure(k, &peak, &error) != FCNN_OK)
        exit(1);
    return peak;
}

static inline int begins_with(const char *text, const char *start) { return strncmp(text, start, strlen(start)) == 0; }

#endif
