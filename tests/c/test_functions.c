/* test_functions.c - every build of the mathematical functions against the reference, by probes (probes.h), and their
 * accuracy over all that floats can be.
 */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "probes.h"

static fcnn_function_spec function_of(size_t variant)
{
    static const float exponents[] = {2.5f, -0.75f, 3.0f, -2.0f, 0.0f};
    fcnn_function_spec spec = {
        .function = (fcnn_function)variant, .exponent = exponents[0], .low = 1.5f, .high = INFINITY};
    if (variant >= FCNN_FUNCTION_COUNT) {
        spec.function = FCNN_FIXED_POWER;
        spec.exponent = exponents[variant - FCNN_FUNCTION_COUNT + 1];
    }
    return spec;
}

/* Positive numbers, which all functions take. */
static void run_function(const fcnn_kernels *kernels, size_t variant, size_t size, outputs *out)
{
    const fcnn_function_spec spec = function_of(variant);
    float x[ROOM], y[ROOM], dy[ROOM];
    fill(x, size, 1, use_integers ? 1 : 0.25f, 4);
    fill(dy, size, 2, -8, 8);
    out->count = size;
    kernels->function_forward(&spec, size, x, out->array[0]);
    fcnn_kernels_for(FCNN_ISA_REFERENCE)->function_forward(&spec, size, x, y);
    kernels->function_backward(&spec, size, x, y, dy, out->array[1]);
    memcpy(out->array[2], x, size * sizeof *x);
    kernels->function_forward(&spec, size, out->array[2], out->array[2]);
    CHECK(memcmp(out->array[2], out->array[0], size * sizeof *x) == 0);
    memcpy(out->array[3], dy, size * sizeof *x);
    kernels->function_backward(&spec, size, x, y, out->array[3], out->array[3]);
    CHECK(memcmp(out->array[3], out->array[1], size * sizeof *x) == 0);
}

/* variant: which of base and exponent is one number. */
static void run_power(const fcnn_kernels *kernels, size_t variant, size_t size, outputs *out)
{
    const size_t base_step = variant & 1, exponent_step = variant >> 1;
    float x[ROOM] = {1.5f}, p[ROOM] = {-0.5f}, dy[ROOM];
    fill(x, base_step ? size : 1, 3, use_integers ? 1 : 0.25f, 9);
    fill(p, exponent_step ? size : 1, 4, -3, 3);
    fill(dy, size, 5, -8, 8);
    out->count = size;
    for (size_t i = 0; i < size; i++)
        out->array[0][i] = x[i * base_step];
    kernels->combine(FCNN_POWER, size, p, exponent_step, out->array[0]);
    kernels->power_backward(size, x, base_step, p, exponent_step, out->array[0], dy, out->array[1], out->array[2]);
    kernels->power_backward(size, x, base_step, p, exponent_step, out->array[0], dy, NULL, out->array[3]);
    CHECK(memcmp(out->array[3], out->array[2], size * sizeof *x) == 0);
}

static void run_comparison(const fcnn_kernels *kernels, size_t variant, size_t size, outputs *out)
{
    float x[ROOM] = {2};
    fill(x, size, 6, 0, 3);
    fill(out->array[0], size, 7, 0, 3);
    for (size_t i = 0; i < size; i += 5)
        x[i] = NAN;
    out->count = size;
    kernels->combine((fcnn_combination)(FCNN_EQUAL + variant / 2), size, x, variant % 2, out->array[0]);
}

static const probe probes[] = {
    {"function", FCNN_FUNCTION_COUNT + 4, 4, 0, 2e-6, 0.2, run_function},
    {"power", 4, 4, 0, 4e-6, 0.1, run_power},
    {"comparison", 12, 1, 1, 0, 0, run_comparison},
};

static float at(const fcnn_kernels *kernels, fcnn_function function, float x)
{
    const fcnn_function_spec spec = {.function = function, .exponent = 0.5f, .low = -1.0f, .high = 1.0f};
    float y;
    kernels->function_forward(&spec, 1, &x, &y);
    return y;
}

static float power(const fcnn_kernels *kernels, float x, float p)
{
    kernels->combine(FCNN_POWER, 1, &p, 1, &x);
    return x;
}

static void test_whole_numbers(const fcnn_kernels *kernels)
{
    static const float x[] = {0.0f,  0.25f, 0.5f,       0.75f,      1.0f,       1.5f,       2.5f,       3.5f,
                              99.5f, 1e6f,  4194304.0f, 4194304.5f, 4194305.5f, 8388607.5f, 8388609.0f, 3e38f};
    for (size_t i = 0; i < 2 * sizeof x / sizeof *x; i++) {
        const float u = i % 2 ? -x[i / 2] : x[i / 2];
        CHECK(at(kernels, FCNN_FLOOR, u) == floorf(u));
        CHECK(at(kernels, FCNN_CEIL, u) == ceilf(u));
        CHECK(at(kernels, FCNN_TRUNCATE, u) == truncf(u));
        CHECK(at(kernels, FCNN_ROUND, u) == nearbyintf(u));
        CHECK(at(kernels, FCNN_SIGN, u) == (float)((u > 0.0f) - (u < 0.0f)));
        CHECK(at(kernels, FCNN_ABSOLUTE, u) == fabsf(u));
        CHECK(at(kernels, FCNN_CLIP, u) == fminf(1.0f, fmaxf(-1.0f, u)));
    }
}

static void test_extremes(const fcnn_kernels *kernels)
{
    for (size_t function = 0; function < FCNN_FUNCTION_COUNT; function++)
        CHECK(isnan(at(kernels, (fcnn_function)function, NAN)));
    CHECK(at(kernels, FCNN_LOG, 0.0f) == -INFINITY && at(kernels, FCNN_LOG, INFINITY) == INFINITY);
    CHECK(isnan(at(kernels, FCNN_LOG, -1.0f)) && isnan(at(kernels, FCNN_LOG, -INFINITY)));
    CHECK(at(kernels, FCNN_LOG1P, -1.0f) == -INFINITY && at(kernels, FCNN_LOG1P, INFINITY) == INFINITY);
    CHECK(isnan(at(kernels, FCNN_LOG1P, -2.0f)) && isnan(at(kernels, FCNN_SQRT, -1.0f)));
    CHECK(at(kernels, FCNN_EXPM1, 1000.0f) == INFINITY && at(kernels, FCNN_EXPM1, -1000.0f) == -1.0f);
    CHECK(at(kernels, FCNN_ERF, 1000.0f) == 1.0f && at(kernels, FCNN_ERF, -1000.0f) == -1.0f);
    CHECK(at(kernels, FCNN_RECIPROCAL, 0.0f) == INFINITY && at(kernels, FCNN_RSQRT, 0.0f) == INFINITY);
    CHECK(isnan(at(kernels, FCNN_SIN, INFINITY)) && isnan(at(kernels, FCNN_COS, -INFINITY)));
    CHECK(at(kernels, FCNN_SIN, 1e30f) == (float)sin((double)1e30f));

    static const float numbers[] = {0.0f, 0.5f, 1.0f, 2.0f, 3.0f, 1e30f, INFINITY};
    for (size_t i = 0; i < 14; i++)
        for (size_t j = 0; j < 12; j++) {
            const float x = i % 2 ? -numbers[i / 2] : numbers[i / 2], p = j % 2 ? -numbers[j / 2] : numbers[j / 2];
            const double expected = pow((double)x, (double)p);
            const float found = power(kernels, x, p);
            CHECK(isnan(expected) ? isnan(found) : fabs(expected) > 3.5e38 ? isinf(found) : isfinite(found));
            if (isfinite(found) && fabs(expected) > 1.2e-38)
                CHECK_CLOSE((double)found / expected, 1.0, 5e-7);
        }
    CHECK(power(kernels, NAN, 0.0f) == 1.0f && power(kernels, 1.0f, NAN) == 1.0f);
    CHECK(isnan(power(kernels, NAN, 2.0f)) && isnan(power(kernels, 2.0f, NAN)));
}

static void test_accuracy(const fcnn_kernels *kernels)
{
    for (double u = 1e-30; u < 1e30; u *= 1.013) {
        const float x = (float)u;
        CHECK_CLOSE((double)at(kernels, FCNN_LOG, x), log((double)x), 2e-7 * fmax(1e-1, fabs(log((double)x))));
        CHECK_CLOSE((double)at(kernels, FCNN_LOG1P, x) / log1p((double)x), 1.0, 4e-7);
        CHECK_CLOSE((double)at(kernels, FCNN_RSQRT, x) * sqrt((double)x), 1.0, 2e-7);
        if (x < 80.0f)
            CHECK_CLOSE((double)at(kernels, FCNN_EXPM1, x) / expm1((double)x), 1.0, 4e-7);
        CHECK_CLOSE((double)at(kernels, FCNN_EXPM1, -x) / expm1((double)-x), 1.0, 4e-7);
        if (x < 0.99f)
            CHECK_CLOSE((double)at(kernels, FCNN_LOG1P, -x) / log1p((double)-x), 1.0, 4e-7);
        CHECK_CLOSE((double)at(kernels, FCNN_SIN, x), sin((double)x), 1.2e-7);
        CHECK_CLOSE((double)at(kernels, FCNN_COS, -x), cos((double)x), 1.2e-7);
        CHECK_CLOSE((double)at(kernels, FCNN_ERF, x), erf((double)x), 4e-7);
        static const float exponents[] = {0.1f, 1.0f / 3.0f, 0.9f, 1.7f, -1.3f, 2.4f, -0.5f};
        for (size_t e = 0; e < sizeof exponents / sizeof *exponents; e++) {
            const double expected = pow((double)x, (double)exponents[e]);
            if (fabs(expected) < 3e38 && fabs(expected) > 1.2e-38)
                CHECK_CLOSE((double)power(kernels, x, exponents[e]) / expected, 1.0, 4e-7);
        }
    }
    for (double x = -50.0; x < 50.0; x += 0.00731)
        CHECK_CLOSE((double)at(kernels, FCNN_SIN, (float)x), sin((double)(float)x), 1.2e-7);
}

int main(void)
{
    test_probes(probes, sizeof probes / sizeof *probes);
    check_digest(0xfae3806f9e67e1f8);
    for (fcnn_isa isa = FCNN_ISA_BASELINE; isa < FCNN_ISA_COUNT; isa++)
        if (fcnn_isa_available(isa)) {
            test_whole_numbers(fcnn_kernels_for(isa));
            test_extremes(fcnn_kernels_for(isa));
            test_accuracy(fcnn_kernels_for(isa));
        }
    return check_report();
}
