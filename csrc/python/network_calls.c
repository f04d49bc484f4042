/* network_calls.c - the calls of Network that compute. Arguments are checked with the GIL held; then it is released. */
#include "network_object.h"

#include <string.h>

#include "errors.h"

static fcnn_network *network_of(PyObject *self) { return ((network_object *)self)->network; }

static PyObject *raise_for(PyObject *self, const fcnn_error *error)
{
    return fcnn_python_raise(PyType_GetModule(Py_TYPE(self)), error);
}

static const fcnn_shape *output_of(const fcnn_network *network)
{
    const fcnn_graph *graph = fcnn_network_graph(network);
    return &graph->node[graph->nodes - 1].layer.output;
}

/* True where the array's axes after the first are the shape's first `rank`, or those and a last 1. */
static int rows_have_shape(const fcnn_array *array, const fcnn_shape *shape, size_t rank)
{
    if (array->rank != rank + 1 && !(array->rank == rank + 2 && array->extent[rank + 1] == 1))
        return 0;
    for (size_t i = 0; i < rank; i++)
        if (array->extent[i + 1] != shape->extent[i])
            return 0;
    return 1;
}

/* True where the shape ends in 1 and the array's rows have all of it but that. */
static int lacks_last_one(const fcnn_array *array, const fcnn_shape *shape)
{
    return shape->rank > 0 && shape->extent[shape->rank - 1] == 1 && array->rank == shape->rank &&
           rows_have_shape(array, shape, shape->rank - 1);
}

/* ValueError: "x has rows of shape (28,), expected (28, 28, 1)". Returns -1. */
static int refuse_shape(const fcnn_array *array, const char *argument, const fcnn_shape *expected, size_t rank)
{
    fcnn_shape rows = {.rank = array->rank - 1}, wanted = *expected;
    for (size_t i = 0; i < rows.rank && i < FCNN_MAX_RANK; i++)
        rows.extent[i] = array->extent[i + 1];
    wanted.rank = rank;
    char got[128], want[128];
    PyErr_Format(PyExc_ValueError, "%s has rows of shape %s, expected %s", argument,
                 fcnn_shape_text(&rows, got, sizeof got), fcnn_shape_text(&wanted, want, sizeof want));
    return -1;
}

static int check_x(const fcnn_network *network, const fcnn_array *x)
{
    const fcnn_shape *input = &fcnn_network_graph(network)->node[0].layer.output;
    if ((x->rank == input->rank + 1 && rows_have_shape(x, input, input->rank)) || lacks_last_one(x, input))
        return 0;
    return refuse_shape(x, "x", input, input->rank);
}

static int check_y(const fcnn_network *network, const fcnn_array *y)
{
    const fcnn_shape *output = output_of(network);
    if (fcnn_network_loss(network)->class->target == FCNN_TARGET_VALUES) {
        if ((y->rank == output->rank + 1 && rows_have_shape(y, output, output->rank)) || lacks_last_one(y, output))
            return 0;
        return refuse_shape(y, "y", output, output->rank);
    }
    if (!fcnn_dtype_is_integer(y->dtype)) {
        PyErr_SetString(PyExc_TypeError, "y must hold integer labels for a sparse loss, got floats; convert them with "
                                         "y.astype(\"int64\"), or use a loss for probabilities");
        return -1;
    }
    const size_t rank = output->rank > 0 ? output->rank - 1 : 0;
    return rows_have_shape(y, output, rank) ? 0 : refuse_shape(y, "y", output, rank);
}

/* order (None, or a contiguous int64 array), start and stop, checked against the number of rows. */
static int read_rows(PyObject *order, PyObject *start, PyObject *stop, size_t available, fcnn_rows *rows)
{
    const Py_ssize_t first = PyNumber_AsSsize_t(start, PyExc_OverflowError);
    if (first == -1 && PyErr_Occurred())
        return -1;
    const Py_ssize_t last = PyNumber_AsSsize_t(stop, PyExc_OverflowError);
    if (last == -1 && PyErr_Occurred())
        return -1;
    size_t length = available;
    rows->order = NULL;
    if (order != Py_None) {
        if (!PyArray_Check(order) || PyArray_TYPE((PyArrayObject *)order) != NPY_INT64 ||
            PyArray_NDIM((PyArrayObject *)order) != 1 || !PyArray_ISCARRAY_RO((PyArrayObject *)order)) {
            PyErr_SetString(PyExc_TypeError, "order must be None or a contiguous array of int64 with one axis");
            return -1;
        }
        rows->order = PyArray_DATA((PyArrayObject *)order);
        length = (size_t)PyArray_DIM((PyArrayObject *)order, 0);
    }
    if (first < 0 || last <= first || (size_t)last > length) {
        PyErr_Format(PyExc_ValueError, "a batch from %zd to %zd is not within the %zu rows, or is empty", first, last,
                     length);
        return -1;
    }
    for (Py_ssize_t i = first; rows->order && i < last; i++)
        if (rows->order[i] < 0 || (size_t)rows->order[i] >= available) {
            PyErr_Format(PyExc_IndexError, "order names the row %lld of %zu", (long long)rows->order[i], available);
            return -1;
        }
    rows->start = (size_t)first;
    rows->stop = (size_t)last;
    return 0;
}

/* A batch and the arrays that it points to. */
typedef struct batch_arguments {
    fcnn_array x, y, sample_weight;
    fcnn_batch batch;
} batch_arguments;

/* (x, y, order, start, stop, sample_weight=None) */
static int read_batch(PyObject *self, const char *call, PyObject *const *arguments, Py_ssize_t count,
                      batch_arguments *out)
{
    const fcnn_network *network = network_of(self);
    if (count < 5 || count > 6) {
        PyErr_Format(PyExc_TypeError, "%s() takes x, y, order, start, stop and sample_weight; got %zd arguments", call,
                     count);
        return -1;
    }
    if (!fcnn_network_loss(network)) {
        PyErr_Format(PyExc_ValueError, "%s() needs a loss: call set_loss first", call);
        return -1;
    }
    if (fcnn_array_from_python(arguments[0], "x", &out->x) < 0 || check_x(network, &out->x) < 0 ||
        fcnn_array_from_python(arguments[1], "y", &out->y) < 0 || check_y(network, &out->y) < 0)
        return -1;
    const size_t available = out->x.extent[0];
    if (out->y.extent[0] != available) {
        PyErr_Format(PyExc_ValueError, "x has %zu rows and y has %zu; they must be as long as each other", available,
                     out->y.extent[0]);
        return -1;
    }
    out->batch = (fcnn_batch){.x = &out->x, .y = &out->y};
    if (count == 6 && arguments[5] != Py_None) {
        if (fcnn_array_from_python(arguments[5], "sample_weight", &out->sample_weight) < 0)
            return -1;
        if (out->sample_weight.rank != 1 || out->sample_weight.extent[0] != available) {
            PyErr_Format(PyExc_ValueError, "sample_weight must have one number for each of the %zu rows", available);
            return -1;
        }
        out->batch.sample_weight = &out->sample_weight;
    }
    return read_rows(arguments[2], arguments[3], arguments[4], available, &out->batch.rows);
}

static PyObject *run_training(PyObject *self, const char *call, PyObject *const *arguments, Py_ssize_t count,
                              int update)
{
    batch_arguments given;
    if (read_batch(self, call, arguments, count, &given) < 0)
        return NULL;
    fcnn_network *network = network_of(self);
    if (update && !fcnn_network_optimizer(network)) {
        PyErr_Format(PyExc_ValueError, "%s() needs an optimizer: call set_optimizer first", call);
        return NULL;
    }
    double loss;
    fcnn_error error = {0};
    fcnn_status status;
    Py_BEGIN_ALLOW_THREADS
    status = fcnn_network_train(network, &given.batch, update, &loss, &error);
    Py_END_ALLOW_THREADS
    return status == FCNN_OK ? PyFloat_FromDouble(loss) : raise_for(self, &error);
}

PyObject *fcnn_call_train_step(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    return run_training(self, "train_step", arguments, count, 1);
}

PyObject *fcnn_call_compute_gradients(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    return run_training(self, "compute_gradients", arguments, count, 0);
}

PyObject *fcnn_call_test_step(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    batch_arguments given;
    if (read_batch(self, "test_step", arguments, count, &given) < 0)
        return NULL;
    double loss;
    fcnn_error error = {0};
    fcnn_status status;
    Py_BEGIN_ALLOW_THREADS
    status = fcnn_network_test(network_of(self), &given.batch, &loss, &error);
    Py_END_ALLOW_THREADS
    return status == FCNN_OK ? PyFloat_FromDouble(loss) : raise_for(self, &error);
}

PyObject *fcnn_call_apply_gradients(PyObject *self, PyObject *unused)
{
    (void)unused;
    if (!fcnn_network_optimizer(network_of(self))) {
        PyErr_SetString(PyExc_ValueError, "apply_gradients() needs an optimizer: call set_optimizer first");
        return NULL;
    }
    fcnn_error error = {0};
    fcnn_status status;
    Py_BEGIN_ALLOW_THREADS
    status = fcnn_network_apply_gradients(network_of(self), &error);
    Py_END_ALLOW_THREADS
    if (status != FCNN_OK)
        return raise_for(self, &error);
    Py_RETURN_NONE;
}

/* Checks that `object` can take predictions for `rows` rows; returns its memory, or NULL with an exception set. */
static float *check_out(const fcnn_network *network, PyObject *object, size_t rows)
{
    fcnn_array out;
    if (fcnn_array_from_python(object, "out", &out) < 0)
        return NULL;
    const fcnn_shape *output = output_of(network);
    if (out.dtype != FCNN_FLOAT32 || !PyArray_ISCARRAY((PyArrayObject *)object) || out.rank != output->rank + 1 ||
        !rows_have_shape(&out, output, output->rank) || out.extent[0] < rows) {
        PyErr_SetString(PyExc_ValueError,
                        "out must be a writable, contiguous float32 array with the output's shape and a "
                        "row for each row of x");
        return NULL;
    }
    return PyArray_DATA((PyArrayObject *)object);
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
    fcnn_array x;
    fcnn_rows rows;
    if (fcnn_array_from_python(arguments[0], "x", &x) < 0 || check_x(network, &x) < 0 ||
        read_rows(Py_None, arguments[1], arguments[2], x.extent[0], &rows) < 0)
        return NULL;
    float *out = check_out(network, arguments[3], rows.stop);
    if (!out)
        return NULL;
    const int training = count + named == 5 ? PyObject_IsTrue(arguments[4]) : 0;
    if (training < 0)
        return NULL;
    fcnn_error error = {0};
    fcnn_status status;
    Py_BEGIN_ALLOW_THREADS
    status = fcnn_network_predict(network, &x, rows.start, rows.stop,
                                  out + rows.start * fcnn_shape_size(output_of(network)), training, &error);
    Py_END_ALLOW_THREADS
    if (status != FCNN_OK)
        return raise_for(self, &error);
    Py_RETURN_NONE;
}

PyObject *fcnn_call_last_outputs(PyObject *self, PyObject *unused)
{
    (void)unused;
    const fcnn_network *network = network_of(self);
    const fcnn_shape *output = output_of(network);
    size_t images;
    const float *values = fcnn_network_last_outputs(network, &images);
    npy_intp shape[FCNN_ARRAY_RANK] = {(npy_intp)images};
    for (size_t i = 0; i < output->rank; i++)
        shape[i + 1] = (npy_intp)output->extent[i];
    PyObject *array = PyArray_SimpleNew((int)output->rank + 1, shape, NPY_FLOAT32);
    if (array && images > 0)
        memcpy(PyArray_DATA((PyArrayObject *)array), values, images * fcnn_shape_size(output) * sizeof(float));
    return array;
}
