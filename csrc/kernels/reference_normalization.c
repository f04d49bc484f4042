/* reference_normalization.c - the contracts of normalization.c, and of what activation.c does with rows and columns, in
 * plain loops. Sums are made in double, and rounded once. */
#include <math.h>

#include "name.h"

static double term_of(fcnn_term term, float a, const float *b)
{
    if (term == FCNN_NUMBER)
        return a;
    return (double)a * (term == FCNN_PRODUCT ? *b : fminf(*b, 0.0f));
}

float FCNN_NAME(row_sum)(fcnn_term term, size_t count, const float *a, const float *b)
{
    double sum = 0.0;
    for (size_t i = 0; i < count; i++)
        sum += term_of(term, a[i], b ? b + i : NULL);
    return (float)sum;
}

void FCNN_NAME(column_sums)(fcnn_term term, size_t rows, size_t columns, const float *a, const float *b, size_t ld,
                            float *sum)
{
    for (size_t c = 0; c < columns; c++) {
        double total = sum[c];
        for (size_t r = 0; r < rows; r++)
            total += term_of(term, a[r * ld + c], b ? b + r * ld + c : NULL);
        sum[c] = (float)total;
    }
}

void FCNN_NAME(affine)(size_t rows, size_t columns, const float *x, const float *scale, const float *shift, size_t step,
                       float *y)
{
    for (size_t i = 0; i < rows * columns; i++) {
        const size_t c = i % columns * step;
        y[i] = fmaf(x[i], scale ? scale[c] : 1.0f, shift ? shift[c] : 0.0f);
    }
}

void FCNN_NAME(blend)(size_t rows, size_t columns, const float *dy, const float *y, const float *gain,
                      const float *slope, const float *shift, size_t step, float *dx)
{
    for (size_t i = 0; i < rows * columns; i++) {
        const size_t c = i % columns * step;
        dx[i] = fmaf(dy[i], gain[c], fmaf(y[i], slope[c], shift[c]));
    }
}

static double sigmoid(double x) { return 1.0 / (1.0 + exp(-x)); }

void FCNN_NAME(glu)(size_t count, const float *a, const float *b, float *y)
{
    for (size_t i = 0; i < count; i++)
        y[i] = (float)(a[i] * sigmoid(b[i]));
}

void FCNN_NAME(glu_backward)(size_t count, const float *a, const float *b, const float *dy, float *da, float *db)
{
    for (size_t i = 0; i < count; i++) {
        const double gate = sigmoid(b[i]);
        da[i] = (float)(dy[i] * gate);
        db[i] = (float)(dy[i] * (double)a[i] * gate * (1.0 - gate));
    }
}

void FCNN_NAME(prelu)(size_t rows, size_t columns, const float *x, const float *alpha, size_t step, float *y)
{
    for (size_t i = 0; i < rows * columns; i++)
        y[i] = x[i] > 0.0f ? x[i] : alpha[i % columns * step] * x[i];
}

void FCNN_NAME(prelu_backward)(size_t rows, size_t columns, const float *x, const float *alpha, size_t step,
                               const float *dy, float *dx)
{
    for (size_t i = 0; i < rows * columns; i++)
        dx[i] = x[i] > 0.0f ? dy[i] : x[i] < 0.0f ? alpha[i % columns * step] * dy[i] : 0.0f;
}
