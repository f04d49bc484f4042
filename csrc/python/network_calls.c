/* network_calls.c - the calls of Network that compute. Arguments are taken with the GIL held; then it is released. */
#include "network_nodes.h"

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

/* The memory of an array that can take the rows 0 .. rows-1 of an output; NULL with an exception set where it
 * cannot. */
static float *to_output(const fcnn_shape *output, PyObject *object, const char *argument, size_t rows)
{
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

/* Item i of an argument that is one object, or a tuple with one for each of `count` inputs or outputs; borrowed. NULL
 * with an exception set where their number is another. */
static PyObject *item_of(PyObject *argument, const char *name, size_t i, size_t count)
{
    const size_t given = PyTuple_Check(argument) ? (size_t)PyTuple_GET_SIZE(argument) : 1;
    if (argument == Py_None)
        return argument;
    if (given == count)
        return PyTuple_Check(argument) ? PyTuple_GET_ITEM(argument, (Py_ssize_t)i) : argument;
    PyErr_Format(PyExc_ValueError, "%s has %zu arrays; expected %zu", name, given, count);
    return NULL;
}

/* arrays[0 .. count-1] = those of an argument; data NULL where one is None. */
static int to_arrays(PyObject *argument, const char *name, size_t count, fcnn_array *arrays)
{
    for (size_t i = 0; i < count; i++) {
        PyObject *item = item_of(argument, name, i, count);
        if (!item || (item != Py_None && fcnn_array_from_python(item, name, &arrays[i]) < 0))
            return -1;
    }
    return 0;
}

/* outputs[0 .. count-1] = the memory of the arrays for predictions of `rows` rows; NULL where one is None. */
static int to_outputs(const fcnn_network *network, PyObject *argument, const char *name, size_t rows, float **outputs)
{
    const size_t count = fcnn_network_graph(network)->outputs;
    for (size_t o = 0; o < count; o++) {
        PyObject *item = item_of(argument, name, o, count);
        if (!item)
            return -1;
        outputs[o] = item == Py_None ? NULL : to_output(fcnn_network_output(network, o), item, name, rows);
        if (PyErr_Occurred())
            return -1;
    }
    return 0;
}

/* A batch, and the memory that it and what comes out of it are in: one block. */
typedef struct batch_arguments {
    fcnn_array *x, *y, *sample_weight; /* (inputs), (outputs) each */
    fcnn_score *score;                 /* (outputs) */
    float **outputs;                   /* (outputs) */
    double *penalties;                 /* (nodes that penalize) */
    int64_t *order;
    fcnn_batch batch;
} batch_arguments;

static int reserve_arguments(const fcnn_network *network, batch_arguments *out)
{
    const fcnn_graph *graph = fcnn_network_graph(network);
    const size_t inputs = graph->inputs, outputs = graph->outputs;
    out->x = PyMem_Calloc(1, (inputs + 2 * outputs) * sizeof(fcnn_array) + outputs * sizeof(fcnn_score) +
                                 outputs * sizeof(float *) + graph->penalties * sizeof(double));
    if (!out->x) {
        PyErr_NoMemory();
        return -1;
    }
    out->y = out->x + inputs;
    out->sample_weight = out->y + outputs;
    out->score = (fcnn_score *)(void *)(out->sample_weight + outputs);
    out->outputs = (float **)(void *)(out->score + outputs);
    out->penalties = (double *)(void *)(out->outputs + outputs);
    return 0;
}

static void free_arguments(batch_arguments *given)
{
    PyMem_Free(given->x);
    PyMem_Free(given->order);
}

static int refuse_missing(const fcnn_array *arrays, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (!arrays[i].data) {
            PyErr_Format(PyExc_TypeError, "%s must be an array, or a tuple of arrays", name);
            return -1;
        }
    return 0;
}

/* (x, y, order, start, stop, sample_weight=None, outputs=None). The caller frees *out, also after a failure. */
static int read_batch(PyObject *self, const char *call, PyObject *const *arguments, Py_ssize_t count,
                      batch_arguments *out)
{
    const fcnn_network *network = network_of(self);
    const size_t inputs = fcnn_network_graph(network)->inputs, outputs = fcnn_network_graph(network)->outputs;
    size_t start, stop;
    if (count < 5 || count > 7) {
        PyErr_Format(PyExc_TypeError,
                     "%s() takes x, y, order, start, stop, sample_weight and outputs; got %zd arguments", call, count);
        return -1;
    }
    if (reserve_arguments(network, out) < 0 || to_size(arguments[3], "start", &start) < 0 ||
        to_size(arguments[4], "stop", &stop) < 0 || to_arrays(arguments[0], "x", inputs, out->x) < 0 ||
        refuse_missing(out->x, inputs, "x") < 0 || to_arrays(arguments[1], "y", outputs, out->y) < 0)
        return -1;
    out->batch = (fcnn_batch){.x = out->x, .y = out->y, .outputs = out->outputs};
    if (count > 5 && arguments[5] != Py_None) {
        if (to_arrays(arguments[5], "sample_weight", outputs, out->sample_weight) < 0)
            return -1;
        out->batch.sample_weight = out->sample_weight;
    }
    const size_t images = stop > start ? stop - start : 0;
    if (count > 6 && to_outputs(network, arguments[6], "outputs", images, out->outputs) < 0)
        return -1;
    return to_rows(arguments[2], start, stop, &out->batch.rows, &out->order);
}

/* Appends a number to a tuple that is being made; on failure clears *tuple. */
static void set_number(PyObject **tuple, Py_ssize_t *at, double value)
{
    PyObject *number = *tuple ? PyFloat_FromDouble(value) : NULL;
    if (number)
        PyTuple_SET_ITEM(*tuple, (*at)++, number);
    else
        Py_CLEAR(*tuple);
}

/* (loss, each output's loss where there are several outputs, sum of the first metric, its weight, sum of the second,
 * ...)
 */
static PyObject *tuple_of(const fcnn_results *results, size_t outputs)
{
    Py_ssize_t length = 1 + (outputs > 1 ? (Py_ssize_t)outputs : 0), at = 0;
    for (size_t o = 0; o < outputs; o++)
        length += 2 * (Py_ssize_t)results->score[o].metrics;
    PyObject *tuple = PyTuple_New(length);
    set_number(&tuple, &at, results->loss);
    for (size_t o = 0; outputs > 1 && o < outputs; o++)
        set_number(&tuple, &at, results->score[o].loss);
    for (size_t o = 0; o < outputs; o++)
        for (size_t m = 0; m < results->score[o].metrics; m++) {
            set_number(&tuple, &at, results->score[o].metric_sum[m]);
            set_number(&tuple, &at, results->score[o].metric_weight[m]);
        }
    return tuple;
}

/* ---- calls ---- */

typedef enum purpose { TRAIN, COMPUTE_GRADIENTS, TEST } purpose;

static PyObject *run_batch(PyObject *self, const char *call, PyObject *const *arguments, Py_ssize_t count, purpose why)
{
    fcnn_network *network = network_of(self);
    batch_arguments given = {0};
    PyObject *tuple = NULL;
    if (read_batch(self, call, arguments, count, &given) == 0) {
        fcnn_results results = {.score = given.score};
        fcnn_error error = {0};
        fcnn_status status;
        Py_BEGIN_ALLOW_THREADS
        if (why == TEST)
            status = fcnn_network_test(network, &given.batch, &results, &error);
        else
            status = fcnn_network_train(network, &given.batch, why == TRAIN, &results, &error);
        Py_END_ALLOW_THREADS
        tuple = status == FCNN_OK ? tuple_of(&results, fcnn_network_graph(network)->outputs) : raise_for(self, &error);
    }
    free_arguments(&given);
    return tuple;
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

/* (x, start, stop, out): the rows' predictions go to out[start:stop]; a tuple of the penalties. */
static PyObject *predict(PyObject *self, PyObject *const *arguments, fcnn_mode run, batch_arguments *given)
{
    fcnn_network *network = network_of(self);
    const fcnn_graph *graph = fcnn_network_graph(network);
    size_t start, stop;
    if (reserve_arguments(network, given) < 0 || to_size(arguments[1], "start", &start) < 0 ||
        to_size(arguments[2], "stop", &stop) < 0 || to_arrays(arguments[0], "x", graph->inputs, given->x) < 0 ||
        refuse_missing(given->x, graph->inputs, "x") < 0 ||
        to_outputs(network, arguments[3], "out", stop, given->outputs) < 0)
        return NULL;
    for (size_t o = 0; o < graph->outputs; o++)
        if (given->outputs[o])
            given->outputs[o] += start * fcnn_shape_size(fcnn_network_output(network, o));
    given->batch = (fcnn_batch){.x = given->x, .rows = {NULL, start, stop}, .outputs = given->outputs};
    fcnn_error error = {0};
    fcnn_status status;
    Py_BEGIN_ALLOW_THREADS
    status = fcnn_network_predict(network, &given->batch, run, given->penalties, &error);
    Py_END_ALLOW_THREADS
    if (status != FCNN_OK)
        return raise_for(self, &error);
    PyObject *tuple = PyTuple_New((Py_ssize_t)graph->penalties);
    Py_ssize_t at = 0;
    for (size_t n = 0; n < graph->penalties; n++)
        set_number(&tuple, &at, given->penalties[n]);
    return tuple;
}

PyObject *fcnn_call_predict(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    const Py_ssize_t named = keywords ? PyTuple_GET_SIZE(keywords) : 0;
    if (count < 4 || count + named > 5 ||
        (named == 1 && PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(keywords, 0), "training") != 0)) {
        PyErr_SetString(PyExc_TypeError, "predict() takes x, start, stop, out and training");
        return NULL;
    }
    fcnn_mode run = FCNN_AS_IN_INFERENCE;
    if (count + named == 5 && fcnn_mode_from_python(arguments[4], &run) < 0)
        return NULL;
    batch_arguments given = {0};
    PyObject *result = predict(self, arguments, run, &given);
    free_arguments(&given);
    return result;
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
