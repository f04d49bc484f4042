/* probes.h - compares every build of a kernel with the reference.
 *
 * A probe runs one kernel on made-up input of some size and leaves its outputs in guarded arrays. Each build's
 * outputs are compared with the reference's: exactly where the probe says so, on small integers; within a relative
 * tolerance on random numbers. Builds with fused multiply-add must agree to the bit, and nothing may be written
 * beside the outputs.
 */
#ifndef FCNN_PROBES_H
#define FCNN_PROBES_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/random.h"
#include "builds.h"

enum { GUARD = 24, ARRAYS = 4, ROOM = 4096, CANARY = 0x7fc0dead };

static const size_t sizes[] = {0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100};

/* ---- input ---- */

static int use_integers;

/* out[i] = numbers in [low, high), whole ones where use_integers is set. */
static inline void fill(float *out, size_t count, uint64_t stream, float low, float high)
{
    fcnn_random_uniform(out, count, 2024, stream, low, high);
    for (size_t i = 0; use_integers && i < count; i++)
        out[i] = floorf(out[i]);
}

/* ---- guarded output ---- */

typedef struct outputs {
    size_t count; /* floats that the probe wrote to each of its arrays */
    float *array[ARRAYS];
    float memory[ARRAYS][ROOM + 2 * GUARD];
} outputs;

static inline void clear(outputs *out)
{
    const int32_t canary = CANARY;
    out->count = 0;
    for (size_t a = 0; a < ARRAYS; a++) {
        for (size_t i = 0; i < ROOM + 2 * GUARD; i++)
            memcpy(&out->memory[a][i], &canary, sizeof canary);
        out->array[a] = out->memory[a] + GUARD + 1; /* not aligned to a vector */
    }
}

static inline int is_guarded(const outputs *out, size_t arrays)
{
    for (size_t a = 0; a < ARRAYS; a++)
        for (size_t i = 0; i < ROOM + 2 * GUARD; i++) {
            const float *at = &out->memory[a][i];
            int32_t bits;
            memcpy(&bits, at, sizeof bits);
            const int inside = a < arrays && at >= out->array[a] && at < out->array[a] + out->count;
            if (!inside && bits != CANARY)
                return 0;
        }
    return 1;
}

typedef struct probe {
    const char *name;
    size_t variants, arrays;
    int exact_on_integers;
    double tolerance; /* on random numbers: |error| <= tolerance * max(|expected|, scale) */
    double scale;
    void (*run)(const fcnn_kernels *kernels, size_t variant, size_t size, outputs *out);
} probe;

/* ---- comparison ---- */

static inline void compare(const probe *p, size_t variant, size_t size, const char *isa, const outputs *actual,
                           const outputs *expected)
{
    const int exact = use_integers && p->exact_on_integers;
    double worst = 0.0;
    CHECK(actual->count == expected->count);
    for (size_t a = 0; a < p->arrays; a++)
        for (size_t i = 0; i < expected->count; i++) {
            const double e = expected->array[a][i], error = fabs(actual->array[a][i] - e);
            const double allowed = exact ? 0.0 : p->tolerance * fmax(fabs(e), p->scale);
            if (isnan(e) && isnan(actual->array[a][i]))
                continue;
            worst = error <= allowed ? worst : fmax(worst, isnan(error) ? INFINITY : error);
        }
    if (worst > 0.0)
        fprintf(stderr, "%s, %s, variant %zu, size %zu: error %g\n", p->name, isa, variant, size, worst);
    CHECK(worst == 0.0);
}

static inline int is_same(const outputs *a, const outputs *b)
{
    return memcmp(a->memory, b->memory, sizeof a->memory) == 0;
}

static inline void test_probe(const probe *p, size_t variant, size_t size)
{
    static outputs expected, actual, fused;
    int have_fused = 0;
    clear(&expected);
    p->run(fcnn_kernels_for(FCNN_ISA_REFERENCE), variant, size, &expected);
    CHECK(is_guarded(&expected, p->arrays));
    for (fcnn_isa isa = FCNN_ISA_BASELINE; isa < FCNN_ISA_COUNT; isa++) {
        if (!fcnn_isa_available(isa))
            continue;
        clear(&actual);
        p->run(fcnn_kernels_for(isa), variant, size, &actual);
        CHECK(is_guarded(&actual, p->arrays));
        compare(p, variant, size, fcnn_isa_name(isa), &actual, &expected);
        if (!has_fma(isa))
            continue;
        if (have_fused && !is_same(&actual, &fused))
            fprintf(stderr, "%s, variant %zu, size %zu: not the same bits\n", p->name, variant, size);
        CHECK(!have_fused || is_same(&actual, &fused));
        memcpy(fused.memory, actual.memory, sizeof actual.memory);
        have_fused = 1;
    }
    if (have_fused)
        add_to_digest(fused.memory, sizeof fused.memory);
}

/* All variants of all probes, for all sizes; the digest is then of what they left. */
static inline void test_probes(const probe *probes, size_t count)
{
    for (size_t p = 0; p < count; p++)
        for (size_t variant = 0; variant < probes[p].variants; variant++)
            for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
                for (use_integers = 0; use_integers < 2; use_integers++)
                    test_probe(&probes[p], variant, sizes[s]);
    use_integers = 0;
}

#endif
