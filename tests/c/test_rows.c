/* test_rows.c - every build of the kernels that run over rows and columns against the reference, by probes
 * (probes.h). */
#include <string.h>

#include "base/sizes.h"
#include "probes.h"

static void run_log_softmax(const fcnn_kernels *kernels, size_t variant, size_t size, outputs *out)
{
    const size_t rows = variant + 1;
    float x[ROOM], y[ROOM], dy[ROOM];
    if (size == 0)
        return;
    fill(x, rows * size, 41, -9, 9);
    fill(dy, rows * size, 42, -2, 2);
    out->count = rows * size;
    kernels->log_softmax(rows, size, x, out->array[0]);
    fcnn_kernels_for(FCNN_ISA_REFERENCE)->log_softmax(rows, size, x, y);
    kernels->log_softmax_backward(rows, size, y, dy, out->array[1]);
    memcpy(out->array[2], dy, out->count * sizeof *dy);
    kernels->log_softmax_backward(rows, size, y, out->array[2], out->array[2]);
    memcpy(out->array[3], x, out->count * sizeof *x);
    kernels->log_softmax(rows, size, out->array[3], out->array[3]);
    CHECK(memcmp(out->array[3], out->array[0], out->count * sizeof *x) == 0);
}

static void run_glu(const fcnn_kernels *kernels, size_t variant, size_t size, outputs *out)
{
    float a[ROOM], b[ROOM], dy[ROOM];
    (void)variant;
    fill(a, size, 43, -9, 9);
    fill(b, size, 44, -9, 9);
    fill(dy, size, 45, -2, 2);
    out->count = size;
    kernels->glu(size, a, b, out->array[0]);
    kernels->glu_backward(size, a, b, dy, out->array[1], out->array[2]);
}

/* Variants 0 .. 2: rows of numbers with factors of their own; 3 .. 5: one factor for all. */
enum { ROW_VARIANTS = 6 };
static size_t rows_of(size_t variant) { return variant % 3 * 3 + 1; }
static size_t step_of(size_t variant) { return variant < 3; }

static void run_prelu(const fcnn_kernels *kernels, size_t variant, size_t size, outputs *out)
{
    const size_t rows = rows_of(variant), step = step_of(variant);
    float x[ROOM], alpha[ROOM], dy[ROOM];
    out->count = rows * size;
    fill(x, out->count, 46, -3, 3);
    fill(alpha, size + 1, 47, -2, 2);
    fill(dy, out->count, 48, -3, 3);
    kernels->prelu(rows, size, x, alpha, step, out->array[0]);
    kernels->prelu_backward(rows, size, x, alpha, step, dy, out->array[1]);
    memcpy(out->array[2], x, out->count * sizeof *x);
    kernels->prelu(rows, size, out->array[2], alpha, step, out->array[2]);
    memcpy(out->array[3], dy, out->count * sizeof *dy);
    kernels->prelu_backward(rows, size, x, alpha, step, out->array[3], out->array[3]);
}

static void run_affine(const fcnn_kernels *kernels, size_t variant, size_t size, outputs *out)
{
    const size_t rows = rows_of(variant), step = step_of(variant);
    float x[ROOM], scale[ROOM], shift[ROOM];
    out->count = rows * size;
    fill(x, out->count, 49, -9, 9);
    fill(scale, size + 1, 50, -9, 9);
    fill(shift, size + 1, 51, -9, 9);
    kernels->affine(rows, size, x, scale, shift, step, out->array[0]);
    kernels->affine(rows, size, x, NULL, shift, step, out->array[1]);
    kernels->affine(rows, size, x, scale, NULL, step, out->array[2]);
    memcpy(out->array[3], x, out->count * sizeof *x);
    kernels->affine(rows, size, out->array[3], scale, shift, step, out->array[3]);
}

static void run_blend(const fcnn_kernels *kernels, size_t variant, size_t size, outputs *out)
{
    const size_t rows = rows_of(variant), step = step_of(variant);
    float dy[ROOM], y[ROOM], factor[3][ROOM];
    out->count = rows * size;
    fill(dy, out->count, 52, -9, 9);
    fill(y, out->count, 53, -9, 9);
    for (size_t f = 0; f < 3; f++)
        fill(factor[f], size + 1, 54 + f, -9, 9);
    kernels->blend(rows, size, dy, y, factor[0], factor[1], factor[2], step, out->array[0]);
    memcpy(out->array[1], dy, out->count * sizeof *dy);
    kernels->blend(rows, size, out->array[1], y, factor[0], factor[1], factor[2], step, out->array[1]);
}

static void run_row_sum(const fcnn_kernels *kernels, size_t variant, size_t size, outputs *out)
{
    float a[ROOM], b[ROOM];
    const size_t count = variant ? 31 * size : size;
    fill(a, count, 57, -9, 9);
    fill(b, count, 58, -9, 9);
    out->count = 1;
    out->array[0][0] = kernels->row_sum(FCNN_NUMBER, count, a, NULL);
    out->array[1][0] = kernels->row_sum(FCNN_PRODUCT, count, a, b);
    out->array[2][0] = kernels->row_sum(FCNN_NEGATIVE_PRODUCT, count, a, b);
}

static void run_column_sums(const fcnn_kernels *kernels, size_t variant, size_t size, outputs *out)
{
    static const size_t rows[] = {1, 5, 32, 40};
    const size_t ld = size + variant % 2, count = smaller(rows[variant] * ld, ROOM);
    const size_t taken = ld > 0 ? count / ld : 0;
    float a[ROOM], b[ROOM];
    fill(a, count, 59, -9, 9);
    fill(b, count, 60, -9, 9);
    out->count = size;
    for (size_t term = 0; term < 3; term++) {
        fill(out->array[term], size, 61 + term, -9, 9);
        kernels->column_sums((fcnn_term)term, taken, size, a, term == FCNN_NUMBER ? NULL : b, ld, out->array[term]);
    }
}

static const probe probes[] = {
    {"log_softmax", 3, 4, 0, 2e-6, 1, run_log_softmax},   {"glu", 1, 3, 0, 2e-6, 1, run_glu},
    {"prelu", ROW_VARIANTS, 4, 1, 1e-7, 1e-2, run_prelu}, {"affine", ROW_VARIANTS, 4, 1, 2e-7, 10, run_affine},
    {"blend", ROW_VARIANTS, 2, 1, 2e-7, 100, run_blend},  {"row_sum", 2, 3, 1, 1e-6, 1000, run_row_sum},
    {"column_sums", 4, 3, 1, 1e-6, 100, run_column_sums},
};

int main(void)
{
    test_probes(probes, sizeof probes / sizeof *probes);
    check_digest(0x638b30556af9db2a);
    return check_report();
}
