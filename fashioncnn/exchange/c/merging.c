/* merging.c - several inputs become one. In each function y may be a. */
#include <stddef.h>
#include <string.h>

#include "windows.h"

/* a (rows, columns) + b, between two limits; b's rows are `next` numbers apart, 0 if there is one for all. */
static void add(size_t rows, size_t columns, const float *a, const float *b, size_t next, float low, float high,
                float *y)
{
    for (size_t r = 0; r < rows; r++, a += columns, b += next, y += columns) {
        for (size_t c = 0; c < columns; c++)
            y[c] = a[c] + b[c];
        limit(columns, low, high, y);
    }
}

/* a (rows, columns) - b; see add. */
static void subtract(size_t rows, size_t columns, const float *a, const float *b, size_t next, float *y)
{
    for (size_t r = 0; r < rows; r++, a += columns, b += next, y += columns)
        for (size_t c = 0; c < columns; c++)
            y[c] = a[c] - b[c];
}

/* a (rows, columns) * b; see add. */
static void multiply(size_t rows, size_t columns, const float *a, const float *b, size_t next, float *y)
{
    for (size_t r = 0; r < rows; r++, a += columns, b += next, y += columns)
        for (size_t c = 0; c < columns; c++)
            y[c] = a[c] * b[c];
}

/* The larger one of a (rows, columns) and b; see add. */
static void maximum(size_t rows, size_t columns, const float *a, const float *b, size_t next, float *y)
{
    for (size_t r = 0; r < rows; r++, a += columns, b += next, y += columns)
        for (size_t c = 0; c < columns; c++)
            y[c] = a[c] < b[c] ? b[c] : a[c];
}

/* The smaller one of a (rows, columns) and b; see add. */
static void minimum(size_t rows, size_t columns, const float *a, const float *b, size_t next, float *y)
{
    for (size_t r = 0; r < rows; r++, a += columns, b += next, y += columns)
        for (size_t c = 0; c < columns; c++)
            y[c] = a[c] > b[c] ? b[c] : a[c];
}

/* Rows of `row` bytes as a part of longer rows, `next` bytes apart: one input of a concatenation. */
static void put_rows(size_t rows, size_t row, const void *x, size_t next, void *y)
{
    const char *from = x;
    char *to = y;
    for (size_t r = 0; r < rows; r++, from += row, to += next)
        memcpy(to, from, row);
}
