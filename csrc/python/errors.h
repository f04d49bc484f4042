/* errors.h - the core's failures as Python exceptions. */
#ifndef FCNN_PYTHON_ERRORS_H
#define FCNN_PYTHON_ERRORS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "../base/status.h"

/* Sets the exception that belongs to the error's status, with its message; returns NULL. */
PyObject *fcnn_python_raise(PyObject *module, const fcnn_error *error);

#endif
