/* module_state.h - what one instance of the module owns. */
#ifndef FCNN_PYTHON_MODULE_STATE_H
#define FCNN_PYTHON_MODULE_STATE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "../kernels/kernels.h"

typedef struct fcnn_module_state {
    PyObject *data_error;
    PyObject *network_type;
    fcnn_isa isa;
    const fcnn_kernels *kernels;
} fcnn_module_state;

/* Creates the Network type. */
PyObject *fcnn_network_type_create(PyObject *module);

/* Functions of the module, ended by an empty entry. */
extern PyMethodDef fcnn_data_functions[];
extern PyMethodDef fcnn_random_functions[];
extern PyMethodDef fcnn_image_functions[];

#endif
