/* arrays.h - NumPy arrays as the core sees them. */
#ifndef FCNN_PYTHON_ARRAYS_H
#define FCNN_PYTHON_ARRAYS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#define PY_ARRAY_UNIQUE_SYMBOL fcnn_numpy_api
#ifndef FCNN_IMPORTS_NUMPY
#define NO_IMPORT_ARRAY
#endif
#include <numpy/arrayobject.h>

#include "../base/attributes.h"
#include "../network/array.h"

/* *array = the object's memory, borrowed. Sets TypeError or ValueError, naming `argument`, and returns -1 for what is
 * not an array of numbers in native byte order with at least one axis. */
int fcnn_array_from_python(PyObject *object, const char *argument, fcnn_array *array);

/* A tuple of the shape's extents. */
PyObject *fcnn_shape_to_python(const fcnn_shape *shape);

/* Reads a dict of str -> bool, int, float, str or tuple of ints, except the keys in skip (NULL-terminated; NULL: none),
 * into *attributes; their texts belong to the dict. Returns a block to be freed with PyMem_Free, or NULL with an
 * exception set. */
fcnn_attribute *fcnn_attributes_from_python(PyObject *dict, const char *const *skip, fcnn_attributes *attributes);

#endif
