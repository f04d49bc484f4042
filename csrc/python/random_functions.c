/* random_functions.c - the module's functions that draw random numbers: random_uniform, random_normal, permutation. */
#include "arrays.h"

#include <math.h>

#include "../base/random.h"
#include "module_state.h"

/* For "O&": an int in [0, 2^64). */
static int to_uint64(PyObject *object, void *value)
{
    const unsigned long long number = PyLong_AsUnsignedLongLong(object);
    if (number == (unsigned long long)-1 && PyErr_Occurred()) {
        if (PyErr_ExceptionMatches(PyExc_OverflowError))
            PyErr_Format(PyExc_ValueError, "seed and stream must be at least 0 and below 2**64, got %S", object);
        return 0;
    }
    *(uint64_t *)value = number;
    return 1;
}

/* For "O&": a finite number that is one as a float, too. */
static int to_float(PyObject *object, void *value)
{
    const double number = PyFloat_AsDouble(object);
    if (number == -1 && PyErr_Occurred())
        return 0;
    if (!isfinite((float)number)) {
        PyErr_Format(PyExc_ValueError, "expected a finite float32 number, got %S", object);
        return 0;
    }
    *(float *)value = (float)number;
    return 1;
}

/* For "O&": an array that can be filled from end to end. */
static int to_output(PyObject *object, void *array)
{
    if (!PyArray_Check(object) || PyArray_TYPE((PyArrayObject *)object) != NPY_FLOAT32 ||
        !PyArray_ISCARRAY((PyArrayObject *)object)) {
        PyErr_SetString(PyExc_TypeError, "out must be a writable, C-contiguous float32 array");
        return 0;
    }
    *(PyArrayObject **)array = (PyArrayObject *)object;
    return 1;
}

static PyObject *random_uniform(PyObject *module, PyObject *arguments, PyObject *keywords)
{
    (void)module;
    static char *names[] = {"out", "seed", "stream", "low", "high", NULL};
    PyArrayObject *out;
    uint64_t seed, stream;
    float low, high;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O&O&O&O&O&:random_uniform", names, to_output, &out,
                                     to_uint64, &seed, to_uint64, &stream, to_float, &low, to_float, &high))
        return NULL;
    if (low > high)
        return PyErr_Format(PyExc_ValueError, "random_uniform() got a low above its high");
    Py_BEGIN_ALLOW_THREADS
    fcnn_random_uniform(PyArray_DATA(out), (size_t)PyArray_SIZE(out), seed, stream, low, high);
    Py_END_ALLOW_THREADS
    Py_RETURN_NONE;
}

static PyObject *random_normal(PyObject *module, PyObject *arguments, PyObject *keywords)
{
    (void)module;
    static char *names[] = {"out", "seed", "stream", "mean", "deviation", "truncated", NULL};
    PyArrayObject *out;
    uint64_t seed, stream;
    float mean, deviation;
    int truncated = 0;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O&O&O&O&O&|p:random_normal", names, to_output, &out,
                                     to_uint64, &seed, to_uint64, &stream, to_float, &mean, to_float, &deviation,
                                     &truncated))
        return NULL;
    if (deviation < 0)
        return PyErr_Format(PyExc_ValueError, "random_normal() got a negative deviation");
    Py_BEGIN_ALLOW_THREADS
    fcnn_random_normal(PyArray_DATA(out), (size_t)PyArray_SIZE(out), seed, stream, mean, deviation, truncated);
    Py_END_ALLOW_THREADS
    Py_RETURN_NONE;
}

static PyObject *permutation(PyObject *module, PyObject *arguments, PyObject *keywords)
{
    (void)module;
    static char *names[] = {"count", "seed", "stream", NULL};
    npy_intp count;
    uint64_t seed, stream;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "nO&O&:permutation", names, &count, to_uint64, &seed,
                                     to_uint64, &stream))
        return NULL;
    if (count < 0)
        return PyErr_Format(PyExc_ValueError, "permutation() got a count of %zd; expected at least 0", count);
    PyObject *order = PyArray_SimpleNew(1, &count, NPY_INT64);
    if (!order)
        return NULL;
    Py_BEGIN_ALLOW_THREADS
    fcnn_random_permutation(PyArray_DATA((PyArrayObject *)order), (size_t)count, seed, stream);
    Py_END_ALLOW_THREADS
    return order;
}

PyMethodDef fcnn_random_functions[] = {
    {"random_uniform", (PyCFunction)(void (*)(void))random_uniform, METH_VARARGS | METH_KEYWORDS,
     "Fills an array with uniform random numbers."},
    {"random_normal", (PyCFunction)(void (*)(void))random_normal, METH_VARARGS | METH_KEYWORDS,
     "Fills an array with normal random numbers."},
    {"permutation", (PyCFunction)(void (*)(void))permutation, METH_VARARGS | METH_KEYWORDS,
     "A random order of range(count)."},
    {0},
};
