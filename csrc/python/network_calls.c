/* network_calls.c - the calls of Network that compute. Arguments are taken with the GIL held; then it is released. */
#include "network_object.h"

#include <string.h>

/* ---- arguments ---- */

static int to_size(PyObject *object, const char *argument, size_t *size)
{
    const Py_ssize_t value = PyNumber_AsSsize_t(object, PyExc_OverflowError);
    if (value == -1 && PyErr_Occurred())
        return -1;
    if (value < 0) {
        PyErr_Format(PyExc_ValueError, "%s must be at least 0, got %zd", argument, value);
        return -1;
    }
    *size = (size_t)value;
    return 0;
}

/* *rows = order[start .. stop-1] in a copy, to be freed with PyMem_Free: while the batch runs anybody may write to
 * order. Or start .. stop-1 where order is None. */
static int to_rows(PyObject *order, size_t start, size_t stop, fcnn_rows *rows, int64_t **copy)
{
    *rows = (fcnn_rows){NULL, start, stop};
    *copy = NULL;
    if (order == Py_None)
        return 0;
    if (!PyArray_Check(order) || PyArray_TYPE((PyArrayObject *)order) != NPY_INT64 ||
        PyArray_NDIM((PyArrayObject *)order) != 1 || !PyArray_ISCARRAY_RO((PyArrayObject *)order)) {
        PyErr_SetString(PyExc_TypeError, "order must be None or a contiguous array of int64 with one axis");
        return -1;
    }
    const size_t length = (size_t)PyArray_DIM((PyArrayObject *)order, 0);
    if (stop > length || stop <= start) {
        PyErr_Format(PyExc_ValueError, "a batch from %zu to %zu is not within the %zu rows, or is empty", start, stop,
                     length);
        return -1;
    }
    *copy = PyMem_Malloc((stop - start) * sizeof **copy);
    if (!*copy) {
        PyErr_NoMemory();
        return -1;
    }
    memcpy(*copy, (const int64_t *)PyArray_DATA((PyArrayObject *)order) + start, (stop - start) * sizeof **copy);
    *rows = (fcnn_rows){*copy, 0, stop - start};
    return 0;
}

/* The memory of an array that can take the outputs of rows 0 .. rows-1; NULL with an exception set where it cannot. */
static float *to_outputs(const fcnn_network *network, PyObject *object, const char *argument, size_t rows)
{
    const fcnn_shape *output = fcnn_network_output(network);
    PyArrayObject *array = (PyArrayObject *)object;
    int fits = PyArray_Check(object) && PyArray_TYPE(array) == NPY_FLOAT32 && PyArray_ISCARRAY(array) &&
               PyArray_NDIM(array) == (int)output->rank + 1 && (size_t)PyArray_DIM(array, 0) >= rows;
    for (size_t i = 0; fits && i < output->rank; i++)
        fits = (size_t)PyArray_DIM(array, (int)i + 1) == output->extent[i];
    if (fits)
        return PyArray_DATA(array);
    PyErr_Format(PyExc_ValueError,
                 "%s must be a writable, contiguous float32 array with the output's shape and a place for each row",
                 argument);
    return NULL;
}

/* A batch and what it points to. */
typedef struct batch_arguments {
    fcnn_array x, y, sample_weight;
    int64_t *order;
    fcnn_batch batch;
} batch_arguments;

/* (x, y, order, start, stop, sample_weight=None, outputs=None). On success the caller frees out->order. */
static int read_batch(PyObject *self, const char *call, PyObject *const *arguments, Py_ssize_t count,
                      batch_arguments *out)
{
    size_t start, stop;
    if (count < 5 || count > 7) {
        PyErr_Format(PyExc_TypeError,
                     "%s() takes x, y, order, start, stop, sample_weight and outputs; got %zd arguments", call, count);
        return -1;
    }
    if (to_size(arguments[3], "start", &start) < 0 || to_size(arguments[4], "stop", &stop) < 0 ||
        fcnn_array_from_python(arguments[0], "x", &out->x) < 0 ||
        fcnn_array_from_python(arguments[1], "y", &out->y) < 0)
        return -1;
    out->batch = (fcnn_batch){.x = &out->x, .y = &out->y};
    if (count > 5 && arguments[5] != Py_None) {
        if (fcnn_array_from_python(arguments[5], "sample_weight", &out->sample_weight) < 0)
            return -1;
        out->batch.sample_weight = &out->sample_weight;
    }
    if (count > 6 && arguments[6] != Py_None) {
        const size_t images = stop > start ? stop - start : 0;
        out->batch.outputs = to_outputs(network_of(self), arguments[6], "outputs", images);
        if (!out->batch.outputs)
            return -1;
    }
    return to_rows(arguments[2], start, stop, &out->batch.rows, &out->order);
}

/* (loss, sum of the first metric, its weight, sum of the second, ...) */
static PyObject *tuple_of(const fcnn_results *results)
{
    PyObject *tuple = PyTuple_New(1 + 2 * (Py_ssize_t)results->metrics);
    for (size_t i = 0; tuple && i < 1 + 2 * results->metrics; i++) {
        const size_t m = (i - 1) / 2;
        PyObject *number = PyFloat_FromDouble(i == 0       ? results->loss
                                              : i % 2 == 1 ? results->metric_sum[m]
                                                           : results->metric_weight[m]);
        if (!number)
            Py_CLEAR(tuple);
        else
            PyTuple_SET_ITEM(tuple, (Py_ssize_t)i, number);
    }
    return tuple;
}

/* ---- calls ---- */

typedef enum purpose { TRAIN, COMPUTE_GRADIENTS, TEST } purpose;

static PyObject *run_batch(PyObject *self, const char *call, PyObject *const *arguments, Py_ssize_t count, purpose why)
{
    batch_arguments given = {0};
    if (read_batch(self, call, arguments, count, &given) < 0)
        return NULL;
    fcnn_results results;
    fcnn_error error = {0};
    fcnn_status status;
    Py_BEGIN_ALLOW_THREADS
    if (why == TEST)
        status = fcnn_network_test(network_of(self), &given.batch, &results, &error);
    else
        status = fcnn_network_train(network_of(self), &given.batch, why == TRAIN, &results, &error);
    Py_END_ALLOW_THREADS
    PyMem_Free(given.order);
    return status == FCNN_OK ? tuple_of(&results) : raise_for(self, &error);
}

PyObject *fcnn_call_train_step(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    return run_batch(self, "train_step", arguments, count, TRAIN);
}

PyObject *fcnn_call_compute_gradients(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    return run_batch(self, "compute_gradients", arguments, count, COMPUTE_GRADIENTS);
}

PyObject *fcnn_call_test_step(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    return run_batch(self, "test_step", arguments, count, TEST);
}

PyObject *fcnn_call_apply_gradients(PyObject *self, PyObject *unused)
{
    (void)unused;
    fcnn_error error = {0};
    fcnn_status status;
    Py_BEGIN_ALLOW_THREADS
    status = fcnn_network_apply_gradients(network_of(self), &error);
    Py_END_ALLOW_THREADS
    if (status != FCNN_OK)
        return raise_for(self, &error);
    Py_RETURN_NONE;
}

PyObject *fcnn_call_predict(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    const Py_ssize_t named = keywords ? PyTuple_GET_SIZE(keywords) : 0;
    if (count < 4 || count + named > 5 ||
        (named == 1 && PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(keywords, 0), "training") != 0)) {
        PyErr_SetString(PyExc_TypeError, "predict() takes x, start, stop, out and training");
        return NULL;
    }
    fcnn_network *network = network_of(self);
    const int training = count + named == 5 ? PyObject_IsTrue(arguments[4]) : 0;
    fcnn_array x;
    size_t start, stop;
    if (training < 0 || to_size(arguments[1], "start", &start) < 0 || to_size(arguments[2], "stop", &stop) < 0 ||
        fcnn_array_from_python(arguments[0], "x", &x) < 0)
        return NULL;
    float *out = to_outputs(network, arguments[3], "out", stop);
    if (!out)
        return NULL;
    fcnn_error error = {0};
    fcnn_status status;
    Py_BEGIN_ALLOW_THREADS
    status = fcnn_network_predict(network, &x, start, stop, out + start * fcnn_shape_size(fcnn_network_output(network)),
                                  training, &error);
    Py_END_ALLOW_THREADS
    if (status != FCNN_OK)
        return raise_for(self, &error);
    Py_RETURN_NONE;
}

/* ---- vectors ---- */

/* *vector = the one called `name`: "weights", "gradients" or an optimizer's slot. */
static int to_vector(PyObject *self, PyObject *name, size_t *vector)
{
    if (PyUnicode_Check(name)) {
        if (PyUnicode_CompareWithASCIIString(name, "weights") == 0)
            return *vector = FCNN_WEIGHTS, 0;
        if (PyUnicode_CompareWithASCIIString(name, "gradients") == 0)
            return *vector = FCNN_GRADIENTS, 0;
        fcnn_optimizer optimizer;
        int has_optimizer;
        Py_BEGIN_ALLOW_THREADS
        has_optimizer = fcnn_network_get_optimizer(network_of(self), &optimizer);
        Py_END_ALLOW_THREADS
        for (size_t s = 0; has_optimizer && s < optimizer.slots; s++)
            if (PyUnicode_CompareWithASCIIString(name, optimizer.slot_name[s]) == 0)
                return *vector = FCNN_SLOTS + s, 0;
    }
    PyErr_Format(PyExc_ValueError, "a vector is \"weights\", \"gradients\" or one of optimizer_slots; got %R", name);
    return -1;
}

/* (vector, offset, values): the numbers from `offset` on, as many as `values` has. */
static PyObject *move_numbers(PyObject *self, const char *call, PyObject *const *arguments, Py_ssize_t count, int write)
{
    size_t vector, offset;
    if (count != 3)
        return PyErr_Format(PyExc_TypeError, "%s() takes vector, offset and values; got %zd arguments", call, count);
    if (to_vector(self, arguments[0], &vector) < 0 || to_size(arguments[1], "offset", &offset) < 0)
        return NULL;
    PyArrayObject *values = (PyArrayObject *)arguments[2];
    if (!PyArray_Check(arguments[2]) || PyArray_TYPE(values) != NPY_FLOAT32 ||
        !(write ? PyArray_ISCARRAY_RO(values) : PyArray_ISCARRAY(values))) {
        PyErr_SetString(PyExc_TypeError, "values must be a contiguous float32 array, and writable to be read into");
        return NULL;
    }
    const size_t size = (size_t)PyArray_SIZE(values);
    float *data = PyArray_DATA(values);
    fcnn_error error = {0};
    fcnn_status status;
    Py_BEGIN_ALLOW_THREADS
    if (write)
        status = fcnn_network_write(network_of(self), vector, offset, size, data, &error);
    else
        status = fcnn_network_read(network_of(self), vector, offset, size, data, &error);
    Py_END_ALLOW_THREADS
    if (status != FCNN_OK)
        return raise_for(self, &error);
    Py_RETURN_NONE;
}

PyObject *fcnn_call_read(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    return move_numbers(self, "read", arguments, count, 0);
}

PyObject *fcnn_call_write(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    return move_numbers(self, "write", arguments, count, 1);
}
