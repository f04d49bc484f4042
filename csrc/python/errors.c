/* errors.c - one status, one exception. */
#include "errors.h"

#include <string.h>

#include "module_state.h"

/* The message as text. A path in it may not be UTF-8, and a cut may have split a character. */
static PyObject *text_of(const fcnn_error *error)
{
    return PyUnicode_DecodeUTF8(error->message, (Py_ssize_t)strlen(error->message), "replace");
}

static PyObject *exception_type(const fcnn_module_state *state, fcnn_status status)
{
    switch (status) {
    case FCNN_E_DTYPE:
        return PyExc_TypeError;
    case FCNN_E_MEMORY:
        return PyExc_MemoryError;
    case FCNN_E_IO:
        return PyExc_OSError;
    case FCNN_E_DATA:
        return state->data_error;
    case FCNN_E_NONFINITE:
        return PyExc_FloatingPointError;
    default:
        return PyExc_ValueError;
    }
}

PyObject *fcnn_python_raise(PyObject *module, const fcnn_error *error)
{
    const fcnn_module_state *state = PyModule_GetState(module);
    PyObject *text = text_of(error);
    PyObject *arguments = !text                        ? NULL
                          : error->status == FCNN_E_IO ? Py_BuildValue("(iO)", error->system_errno, text)
                                                       : PyTuple_Pack(1, text);
    /* An instance: before Python 3.12 PyErr_SetObject keeps the class it is given, and OSError's would not become
     * FileNotFoundError. */
    PyObject *exception = arguments ? PyObject_CallObject(exception_type(state, error->status), arguments) : NULL;
    if (exception)
        PyErr_SetObject((PyObject *)Py_TYPE(exception), exception);
    Py_XDECREF(exception);
    Py_XDECREF(arguments);
    Py_XDECREF(text);
    return NULL;
}
