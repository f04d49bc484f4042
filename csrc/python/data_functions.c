/* data_functions.c - the module's functions about data: read_idx, first_nonfinite_row. */
#include "arrays.h"

#include "../data/idx.h"
#include "../network/finite.h"
#include "errors.h"
#include "module_state.h"

static int numpy_type(fcnn_idx_type type)
{
    switch (type) {
    case FCNN_IDX_UINT8:
        return NPY_UINT8;
    case FCNN_IDX_INT8:
        return NPY_INT8;
    case FCNN_IDX_INT16:
        return NPY_INT16;
    case FCNN_IDX_INT32:
        return NPY_INT32;
    case FCNN_IDX_FLOAT32:
        return NPY_FLOAT32;
    default:
        return NPY_FLOAT64;
    }
}

/* A new array of the file's type and shape, its elements not yet read. */
static PyObject *array_for(const fcnn_idx *idx)
{
    npy_intp extents[FCNN_IDX_RANK];
    for (size_t axis = 0; axis < idx->rank; axis++)
        extents[axis] = (npy_intp)idx->extent[axis];
    return PyArray_SimpleNew((int)idx->rank, extents, numpy_type(idx->type));
}

/* Lets Python's signal handlers run; true where one raised: Ctrl-C does. */
static int handle_signals(void)
{
    const PyGILState_STATE state = PyGILState_Ensure();
    const int raised = PyErr_CheckSignals() < 0;
    PyGILState_Release(state);
    return raised;
}

/* The exception of a signal handler, where there is one, or the error's. */
static PyObject *raise_error(PyObject *module, const fcnn_error *error)
{
    return PyErr_Occurred() ? NULL : fcnn_python_raise(module, error);
}

static PyObject *read_open_file(PyObject *module, fcnn_idx *idx)
{
    PyObject *array = array_for(idx);
    if (!array)
        return NULL;
    fcnn_error error = {0};
    fcnn_status status;
    void *elements = PyArray_DATA((PyArrayObject *)array);
    Py_BEGIN_ALLOW_THREADS
    status = fcnn_idx_read(idx, elements, &error);
    Py_END_ALLOW_THREADS
    if (status == FCNN_OK)
        return array;
    Py_DECREF(array);
    return raise_error(module, &error);
}

static PyObject *read_idx(PyObject *module, PyObject *argument)
{
    PyObject *path;
    if (!PyUnicode_FSConverter(argument, &path))
        return NULL;
    fcnn_idx idx;
    fcnn_error error = {0};
    fcnn_status status;
    const char *bytes = PyBytes_AS_STRING(path);
    Py_BEGIN_ALLOW_THREADS
    status = fcnn_idx_open(&idx, bytes, handle_signals, &error);
    Py_END_ALLOW_THREADS
    PyObject *array = status == FCNN_OK ? read_open_file(module, &idx) : raise_error(module, &error);
    fcnn_idx_close(&idx);
    Py_DECREF(path);
    return array;
}

static PyObject *first_nonfinite_row(PyObject *module, PyObject *argument)
{
    const fcnn_module_state *state = PyModule_GetState(module);
    fcnn_array array;
    if (fcnn_array_from_python(argument, "x", &array) < 0)
        return NULL;
    fcnn_error error = {0};
    fcnn_status status;
    int64_t row;
    Py_BEGIN_ALLOW_THREADS
    status = fcnn_array_first_nonfinite(&array, state->kernels, &row, &error);
    Py_END_ALLOW_THREADS
    return status == FCNN_OK ? PyLong_FromLongLong(row) : fcnn_python_raise(module, &error);
}

PyMethodDef fcnn_data_functions[] = {
    {"read_idx", read_idx, METH_O, "Array of an IDX file, gzipped or not."},
    {"first_nonfinite_row", first_nonfinite_row, METH_O, "Position of the first row with a NaN or an infinity, or -1."},
    {0},
};
