/* array.c - reads rows of arrays of any type and strides. Axes that lie densely are read in one go. */
#include "array.h"

#include <math.h>

size_t fcnn_dtype_size(fcnn_dtype dtype)
{
    static const unsigned char sizes[FCNN_DTYPE_COUNT] = {
        [FCNN_BOOL] = 1,   [FCNN_INT8] = 1,    [FCNN_UINT8] = 1,   [FCNN_INT16] = 2,
        [FCNN_UINT16] = 2, [FCNN_INT32] = 4,   [FCNN_UINT32] = 4,  [FCNN_INT64] = 8,
        [FCNN_UINT64] = 8, [FCNN_FLOAT16] = 2, [FCNN_FLOAT32] = 4, [FCNN_FLOAT64] = 8,
    };
    return sizes[dtype];
}

int fcnn_dtype_is_integer(fcnn_dtype dtype) { return dtype < FCNN_FLOAT16; }

size_t fcnn_array_row_size(const fcnn_array *array)
{
    size_t size = 1;
    for (size_t axis = 1; axis < array->rank; axis++)
        size *= array->extent[axis];
    return size;
}

/* The first axis from which on a row lies densely in memory; *size = numbers in such a stretch. */
static size_t dense_axis(const fcnn_array *array, size_t *size)
{
    size_t axis = array->rank;
    *size = 1;
    while (axis > 1 && (array->extent[axis - 1] == 1 ||
                        array->stride[axis - 1] == (ptrdiff_t)(*size * fcnn_dtype_size(array->dtype)))) {
        axis--;
        *size *= array->extent[axis];
    }
    return axis;
}

/* Steps `data` to the next stretch: an odometer over axes [1, axes). `index` starts as zeros. */
static const char *next_stretch(const fcnn_array *array, size_t axes, size_t *index, const char *data)
{
    for (size_t axis = axes; axis-- > 1;) {
        data += array->stride[axis];
        if (++index[axis] < array->extent[axis])
            break;
        data -= (ptrdiff_t)array->extent[axis] * array->stride[axis];
        index[axis] = 0;
    }
    return data;
}

float fcnn_array_read_row(const fcnn_array *array, const fcnn_kernels *kernels, size_t row, float *y)
{
    size_t stretch, index[FCNN_ARRAY_RANK] = {0};
    const size_t axes = dense_axis(array, &stretch), total = fcnn_array_row_size(array);
    const char *data = array->data + (ptrdiff_t)row * array->stride[0];
    float largest = 0.0f;
    for (size_t done = 0; done < total; done += stretch, data = next_stretch(array, axes, index, data)) {
        const float magnitude = kernels->convert(array->dtype, stretch, data, y + done);
        largest = magnitude <= largest || isnan(largest) ? largest : magnitude;
    }
    return largest;
}

/* A number of any type. Integers beyond 2^53 are rounded: no label is as large. */
static double number_at(fcnn_dtype dtype, const fcnn_kernels *kernels, const char *data)
{
    float half;
    switch (dtype) {
    case FCNN_INT8:
        return *(const int8_t *)data;
    case FCNN_INT16:
        return *(const int16_t *)data;
    case FCNN_UINT16:
        return *(const uint16_t *)data;
    case FCNN_INT32:
        return *(const int32_t *)data;
    case FCNN_UINT32:
        return *(const uint32_t *)data;
    case FCNN_INT64:
        return (double)*(const int64_t *)data;
    case FCNN_UINT64:
        return (double)*(const uint64_t *)data;
    case FCNN_FLOAT16:
        kernels->convert(dtype, 1, data, &half);
        return (double)half;
    case FCNN_FLOAT32:
        return (double)*(const float *)data;
    case FCNN_FLOAT64:
        return *(const double *)data;
    default:
        return *(const uint8_t *)data;
    }
}

int fcnn_array_read_labels(const fcnn_array *array, const fcnn_kernels *kernels, size_t row, size_t classes,
                           const int32_t *ignored, int32_t *labels, double *bad)
{
    size_t index[FCNN_ARRAY_RANK] = {0};
    const size_t total = fcnn_array_row_size(array);
    const char *data = array->data + (ptrdiff_t)row * array->stride[0];
    for (size_t i = 0; i < total; i++, data = next_stretch(array, array->rank, index, data)) {
        const double label = number_at(array->dtype, kernels, data);
        const int is_label = label >= 0.0 && label < (double)classes && label == floor(label);
        if (!is_label && !(ignored && label == (double)*ignored)) {
            *bad = label;
            return 0;
        }
        labels[i] = (int32_t)label;
    }
    return 1;
}
