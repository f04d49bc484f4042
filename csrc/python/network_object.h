/* network_object.h - the Python type Network, shared by network_object.c (the type), network_calls.c (its computing
 * calls), network_rules.c (regularizers and constraints) and network_profile.c (profiles). */
#ifndef FCNN_PYTHON_NETWORK_OBJECT_H
#define FCNN_PYTHON_NETWORK_OBJECT_H

#include "arrays.h"

#include "../network/network.h"
#include "errors.h"

typedef struct network_object {
    PyObject_HEAD fcnn_network *network;
} network_object;

static inline fcnn_network *network_of(PyObject *self) { return ((network_object *)self)->network; }

static inline PyObject *raise_for(PyObject *self, const fcnn_error *error)
{
    return fcnn_python_raise(PyType_GetModule(Py_TYPE(self)), error);
}

/* Ends the reading of a description: frees what fcnn_attributes_from_python returned, and raises what the core, which
 * made something of it, has found. Returns 0, or -1 with an exception set. */
static inline int fcnn_end_reading(PyObject *self, fcnn_attribute *items, fcnn_status status, const fcnn_error *error)
{
    PyMem_Free(items);
    if (status != FCNN_OK)
        raise_for(self, error);
    return status == FCNN_OK ? 0 : -1;
}

/* The shapes of all nodes' outputs, and the parameters, of a network that is not made. See _core.pyi. */
PyObject *fcnn_describe(PyObject *module, PyObject *nodes);

/* Methods that compute; they release the GIL. See _core.pyi. */
PyObject *fcnn_call_train_step(PyObject *self, PyObject *const *arguments, Py_ssize_t count);
PyObject *fcnn_call_test_step(PyObject *self, PyObject *const *arguments, Py_ssize_t count);
PyObject *fcnn_call_compute_gradients(PyObject *self, PyObject *const *arguments, Py_ssize_t count);
PyObject *fcnn_call_apply_gradients(PyObject *self, PyObject *unused);
PyObject *fcnn_call_predict(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords);
PyObject *fcnn_call_set_rules(PyObject *self, PyObject *const *arguments, Py_ssize_t count);
PyObject *fcnn_call_read(PyObject *self, PyObject *const *arguments, Py_ssize_t count);
PyObject *fcnn_call_write(PyObject *self, PyObject *const *arguments, Py_ssize_t count);

/* What was found out about passes. See _core.pyi. */
PyObject *fcnn_call_profile(PyObject *self, PyObject *unused);
PyObject *fcnn_measure_peak(PyObject *module, PyObject *unused);

#endif
