/* array.h - a user's array as it lies in memory, and rows of it as floats or labels. */
#ifndef FCNN_ARRAY_H
#define FCNN_ARRAY_H

#include <stdint.h>

#include "../base/shape.h"
#include "../kernels/kernels.h"

enum { FCNN_ARRAY_RANK = FCNN_MAX_RANK + 1 };

/* Rows (the first axis) of any type and strides. Borrowed: the caller keeps the memory alive. */
typedef struct fcnn_array {
    fcnn_dtype dtype;
    const char *data;
    size_t rank; /* with the row axis; at least 1 */
    size_t extent[FCNN_ARRAY_RANK];
    ptrdiff_t stride[FCNN_ARRAY_RANK]; /* bytes */
} fcnn_array;

/* Which rows make up a batch: order[start .. stop-1], or start .. stop-1 where order is NULL. */
typedef struct fcnn_rows {
    const int64_t *order;
    size_t start, stop;
} fcnn_rows;

static inline size_t fcnn_rows_get(const fcnn_rows *rows, size_t i)
{
    return rows->order ? (size_t)rows->order[rows->start + i] : rows->start + i;
}

/* Bytes of an element. */
size_t fcnn_dtype_size(fcnn_dtype dtype);

/* True for the types of integers, bool among them. */
int fcnn_dtype_is_integer(fcnn_dtype dtype);

/* Numbers in a row. */
size_t fcnn_array_row_size(const fcnn_array *array);

/* y[0 .. row size-1] = row `row` in row-major order. Returns the largest magnitude: NaN where a number is NaN. */
float fcnn_array_read_row(const fcnn_array *array, const fcnn_kernels *kernels, size_t row, float *y);

/* Whether row `row` holds whole numbers in [0, classes) only, of any type, or *ignored where that is not NULL; then
 * labels[0 .. row size-1] = these numbers. Else *bad is the first number that is not. */
int fcnn_array_read_labels(const fcnn_array *array, const fcnn_kernels *kernels, size_t row, size_t classes,
                           const int32_t *ignored, int32_t *labels, double *bad);

#endif
