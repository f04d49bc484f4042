/* errors.c - one status, one exception. */
#include "errors.h"

#include "module_state.h"

PyObject *fcnn_python_raise(PyObject *module, const fcnn_error *error)
{
    const fcnn_module_state *state = PyModule_GetState(module);
    switch (error->status) {
    case FCNN_E_DTYPE:
        PyErr_SetString(PyExc_TypeError, error->message);
        break;
    case FCNN_E_MEMORY:
        PyErr_SetString(PyExc_MemoryError, error->message);
        break;
    case FCNN_E_DATA:
        PyErr_SetString(state->data_error, error->message);
        break;
    case FCNN_E_NONFINITE:
        PyErr_SetString(PyExc_FloatingPointError, error->message);
        break;
    case FCNN_E_IO: {
        PyObject *arguments = Py_BuildValue("(is)", error->system_errno, error->message);
        if (arguments)
            PyErr_SetObject(PyExc_OSError, arguments);
        Py_XDECREF(arguments);
        break;
    }
    default:
        PyErr_SetString(PyExc_ValueError, error->message);
    }
    return NULL;
}
