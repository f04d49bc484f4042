/* arrays.c - from NumPy's arrays and Python's dicts to the core's descriptions. Nothing is copied. */
#include "arrays.h"

#include <string.h>

static int dtype_from_numpy(int type, fcnn_dtype *dtype)
{
    static const struct {
        int numpy;
        fcnn_dtype core;
    } types[] = {
        {NPY_BOOL, FCNN_BOOL},       {NPY_INT8, FCNN_INT8},        {NPY_UINT8, FCNN_UINT8},
        {NPY_INT16, FCNN_INT16},     {NPY_UINT16, FCNN_UINT16},    {NPY_INT32, FCNN_INT32},
        {NPY_UINT32, FCNN_UINT32},   {NPY_INT64, FCNN_INT64},      {NPY_UINT64, FCNN_UINT64},
        {NPY_FLOAT16, FCNN_FLOAT16}, {NPY_FLOAT32, FCNN_FLOAT32},  {NPY_FLOAT64, FCNN_FLOAT64},
        {NPY_LONGLONG, FCNN_INT64},  {NPY_ULONGLONG, FCNN_UINT64},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].numpy == type) {
            *dtype = types[i].core;
            return 0;
        }
    return -1;
}

int fcnn_array_from_python(PyObject *object, const char *argument, fcnn_array *array)
{
    if (!PyArray_Check(object)) {
        PyErr_Format(PyExc_TypeError, "%s must be a NumPy array, got %s", argument, Py_TYPE(object)->tp_name);
        return -1;
    }
    PyArrayObject *numpy = (PyArrayObject *)object;
    if (dtype_from_numpy(PyArray_TYPE(numpy), &array->dtype) < 0) {
        PyErr_Format(PyExc_TypeError, "%s must hold numbers, got dtype %S", argument, (PyObject *)PyArray_DESCR(numpy));
        return -1;
    }
    if (!PyArray_ISNOTSWAPPED(numpy) || !PyArray_ISALIGNED(numpy)) {
        PyErr_Format(PyExc_TypeError,
                     "%s must be aligned and in native byte order, got dtype %S; convert it with astype", argument,
                     (PyObject *)PyArray_DESCR(numpy));
        return -1;
    }
    const int rank = PyArray_NDIM(numpy);
    if (rank < 1 || rank > FCNN_ARRAY_RANK) {
        PyErr_Format(PyExc_ValueError, "%s must have 1 to %d axes, the first counting examples; got %d", argument,
                     FCNN_ARRAY_RANK, rank);
        return -1;
    }
    array->data = PyArray_BYTES(numpy);
    array->rank = (size_t)rank;
    for (int axis = 0; axis < rank; axis++) {
        array->extent[axis] = (size_t)PyArray_DIM(numpy, axis);
        array->stride[axis] = PyArray_STRIDE(numpy, axis);
    }
    return 0;
}

PyObject *fcnn_shape_to_python(const fcnn_shape *shape)
{
    PyObject *tuple = PyTuple_New((Py_ssize_t)shape->rank);
    for (size_t i = 0; tuple && i < shape->rank; i++) {
        PyObject *extent = PyLong_FromSize_t(shape->extent[i]);
        if (!extent)
            Py_CLEAR(tuple);
        else
            PyTuple_SET_ITEM(tuple, (Py_ssize_t)i, extent);
    }
    return tuple;
}

static int set_integer(PyObject *value, const char *name, long long *integer)
{
    int overflow;
    *integer = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow)
        PyErr_Format(PyExc_ValueError, "`%s` is %S, which no supported size comes near", name, value);
    return *integer == -1 && PyErr_Occurred() ? -1 : 0;
}

static int set_integers(PyObject *tuple, fcnn_attribute *attribute)
{
    const Py_ssize_t count = PyTuple_GET_SIZE(tuple);
    if (count > FCNN_ATTRIBUTE_INTEGERS) {
        PyErr_Format(PyExc_ValueError, "%s has %zd numbers; at most %d are supported", attribute->name, count,
                     FCNN_ATTRIBUTE_INTEGERS);
        return -1;
    }
    attribute->kind = FCNN_ATTRIBUTE_INTEGER;
    attribute->count = (size_t)count;
    for (Py_ssize_t i = 0; i < count; i++)
        if (set_integer(PyTuple_GET_ITEM(tuple, i), attribute->name, &attribute->integers[i]) < 0)
            return -1;
    return 0;
}

/* Puts them where `*room` is, and moves it on. */
static int set_numbers(PyObject *tuple, fcnn_attribute *attribute, double **room)
{
    attribute->kind = FCNN_ATTRIBUTE_NUMBER;
    attribute->count = (size_t)PyTuple_GET_SIZE(tuple);
    attribute->numbers = *room;
    for (size_t i = 0; i < attribute->count; i++) {
        PyObject *item = PyTuple_GET_ITEM(tuple, (Py_ssize_t)i);
        if (!PyFloat_Check(item)) {
            PyErr_Format(PyExc_TypeError, "%s must hold only ints or only floats, got %s", attribute->name,
                         Py_TYPE(item)->tp_name);
            return -1;
        }
        *(*room)++ = PyFloat_AS_DOUBLE(item);
    }
    attribute->number = attribute->numbers[0];
    return 0;
}

static int set_value(PyObject *value, fcnn_attribute *attribute, double **room)
{
    if (PyTuple_Check(value) && PyTuple_GET_SIZE(value) > 0 && PyFloat_Check(PyTuple_GET_ITEM(value, 0)))
        return set_numbers(value, attribute, room);
    if (PyTuple_Check(value))
        return set_integers(value, attribute);
    if (PyUnicode_Check(value)) {
        attribute->kind = FCNN_ATTRIBUTE_TEXT;
        attribute->text = PyUnicode_AsUTF8(value);
        return attribute->text ? 0 : -1;
    }
    if (PyFloat_Check(value)) {
        attribute->kind = FCNN_ATTRIBUTE_NUMBER;
        attribute->count = 1;
        attribute->number = PyFloat_AS_DOUBLE(value);
        return 0;
    }
    if (!PyLong_Check(value)) {
        PyErr_Format(PyExc_TypeError, "%s must be a bool, int, float, str or tuple of ints, got %s", attribute->name,
                     Py_TYPE(value)->tp_name);
        return -1;
    }
    attribute->kind = FCNN_ATTRIBUTE_INTEGER;
    attribute->count = 1;
    if (set_integer(value, attribute->name, &attribute->integers[0]) < 0)
        return -1;
    attribute->number = (double)attribute->integers[0];
    return 0;
}

static int is_skipped(const char *name, const char *const *skip)
{
    for (; skip && *skip; skip++)
        if (strcmp(name, *skip) == 0)
            return 1;
    return 0;
}

fcnn_attribute *fcnn_attributes_from_python(PyObject *dict, const char *const *skip, fcnn_attributes *attributes)
{
    if (!PyDict_Check(dict)) {
        PyErr_Format(PyExc_TypeError, "expected a dict, got %s", Py_TYPE(dict)->tp_name);
        return NULL;
    }
    Py_ssize_t position = 0;
    PyObject *key, *value;
    size_t numbers = 0;
    while (PyDict_Next(dict, &position, &key, &value))
        numbers += PyTuple_Check(value) ? (size_t)PyTuple_GET_SIZE(value) : 0;
    const size_t most = (size_t)PyDict_Size(dict);
    fcnn_attribute *items = PyMem_Calloc(1, most * sizeof *items + numbers * sizeof(double) + 1);
    if (!items) {
        PyErr_NoMemory();
        return NULL;
    }
    double *room = (double *)(void *)(items + most);
    size_t count = 0;
    position = 0;
    while (PyDict_Next(dict, &position, &key, &value)) {
        /* Of a string's own type: no code of anybody's runs when keys are compared, which could change the dict. */
        const char *name = PyUnicode_CheckExact(key) ? PyUnicode_AsUTF8(key) : NULL;
        if (!name) {
            if (!PyErr_Occurred())
                PyErr_SetString(PyExc_TypeError, "the keys of a description must be strings");
            PyMem_Free(items);
            return NULL;
        }
        if (is_skipped(name, skip))
            continue;
        items[count].name = name;
        if (set_value(value, &items[count], &room) < 0) {
            PyMem_Free(items);
            return NULL;
        }
        count++;
    }
    *attributes = (fcnn_attributes){items, count};
    return items;
}
