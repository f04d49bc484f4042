/* timing.h - what the benchmarks in C share: a clock, made-up numbers and the machine's peak. */
#ifndef FCNN_TIMING_H
#define FCNN_TIMING_H

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/floating_mode.h"
#include "base/memory.h"
#include "base/sizes.h"
#include "kernels/kernels.h"

static inline double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static inline float *numbers(size_t count, float low, float high)
{
    float *p = aligned_alloc(64, (count * sizeof *p + 63) / 64 * 64);
    if (!p)
        exit(1);
    for (size_t i = 0; i < count; i++)
        p[i] = low + (high - low) * (float)(rand() % 10007) / 10007.0f;
    return p;
}

/* Multiply-adds a second of a build on one core: a product of matrices that stays in the first-level cache. */
static inline double peak_of(const fcnn_kernels *k)
{
    static const ptrdiff_t run[1] = {0};
    const fcnn_patches rows = {.lines = 1, .width = 24, .step = 64, .run = run, .runs = 1, .run_length = 64};
    float *x = numbers(24 * 64, 0, 1), *w = numbers(64 * 64, -1, 1), *y = numbers(24 * 64, 0, 1);
    double best = 1e9;
    for (int round = 0; round < 200; round++) {
        const double begin = now();
        for (int i = 0; i < 20; i++)
            k->patches_forward(&rows, x, w, NULL, 64, y, 64);
        const double seconds = now() - begin;
        best = seconds < best ? seconds : best;
    }
    free(x), free(w), free(y);
    return 20.0 * 24 * 64 * 64 / best;
}

static inline int begins_with(const char *text, const char *start) { return strncmp(text, start, strlen(start)) == 0; }

#endif
