/* module.c - the extension module fashioncnn._core: its state, its types and its smaller functions. */
#define FCNN_IMPORTS_NUMPY
#include "arrays.h"

#include <stdlib.h>

#include "../base/bfloat16_unit.h"
#include "../base/choices.h"
#include "../base/lock.h"
#include "../base/threads.h"
#include "errors.h"
#include "module_state.h"
#include "network_object.h"

static PyObject *get_num_threads(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    return PyLong_FromSize_t(fcnn_threads_get());
}

static PyObject *set_num_threads(PyObject *module, PyObject *argument)
{
    const Py_ssize_t count = PyNumber_AsSsize_t(argument, PyExc_OverflowError);
    if (count == -1 && PyErr_Occurred())
        return NULL;
    if (count < 0)
        return PyErr_Format(PyExc_ValueError,
                            "set_num_threads() got %zd; it takes a positive number, or 0 for automatic", count);
    fcnn_error error = {0};
    if (fcnn_threads_set((size_t)count, &error) != FCNN_OK)
        return fcnn_python_raise(module, &error);
    Py_RETURN_NONE;
}

static PyObject *winograd(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    return PyBool_FromLong(fcnn_winograd_get());
}

static PyObject *set_winograd(PyObject *module, PyObject *argument)
{
    (void)module;
    const int value = PyObject_IsTrue(argument);
    if (value < 0)
        return NULL;
    fcnn_winograd_set(value);
    Py_RETURN_NONE;
}

static PyObject *instruction_set(PyObject *module, PyObject *unused)
{
    (void)unused;
    const fcnn_module_state *state = PyModule_GetState(module);
    return PyUnicode_FromString(fcnn_isa_name(state->isa));
}

static PyObject *cpu_features(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    char text[512];
    fcnn_cpu_describe(text, sizeof text);
    return PyUnicode_FromString(text);
}

static PyObject *take_locks(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    Py_BEGIN_ALLOW_THREADS
    fcnn_locks_take_all();
    Py_END_ALLOW_THREADS
    Py_RETURN_NONE;
}

static PyObject *give_locks(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    fcnn_locks_give_all();
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"get_num_threads", get_num_threads, METH_NOARGS, "Number of threads that a step uses."},
    {"set_num_threads", set_num_threads, METH_O, "Sets the number of threads; 0: automatic."},
    {"winograd", winograd, METH_NOARGS, "Whether convolutions may run by Winograd's algorithm."},
    {"set_winograd", set_winograd, METH_O, "Says whether they may."},
    {"instruction_set", instruction_set, METH_NOARGS, "Name of the kernels in use."},
    {"describe", fcnn_describe, METH_O, "Shapes and parameters of a network that is not made."},
    {"take_locks", take_locks, METH_NOARGS, "Waits, before a fork, until no network is in use, and keeps it so."},
    {"give_locks", give_locks, METH_NOARGS, "Undoes take_locks, after the fork."},
    {"measure_peak", fcnn_measure_peak, METH_NOARGS, "Multiply-adds a second that a core can do."},
    {"cpu_features", cpu_features, METH_NOARGS, "What the processor offers."},
    {0},
};

static int choose_kernels(fcnn_module_state *state)
{
    fcnn_error error = {0};
    if (fcnn_isa_select(getenv("FASHIONCNN_CPU"), &state->isa, &error) != FCNN_OK ||
        fcnn_unit_set(getenv("FASHIONCNN_BFLOAT16"), &error) != FCNN_OK) {
        PyErr_SetString(PyExc_ImportError, error.message);
        return -1;
    }
    state->kernels = fcnn_kernels_for(state->isa);
    return 0;
}

static int check_environment(void)
{
    fcnn_error error = {0};
    if (fcnn_threads_set(0, &error) == FCNN_OK && fcnn_winograd_check(&error) == FCNN_OK)
        return 0;
    PyErr_SetString(PyExc_ImportError, error.message);
    return -1;
}

static int execute(PyObject *module)
{
    fcnn_module_state *state = PyModule_GetState(module);
    if (PyArray_ImportNumPyAPI() < 0 || choose_kernels(state) < 0 || check_environment() < 0)
        return -1;
    state->data_error = PyErr_NewExceptionWithDoc(
        "fashioncnn.DataError", "A file whose content is damaged or not what it claims to be.", PyExc_ValueError, NULL);
    if (!state->data_error || PyModule_AddObjectRef(module, "DataError", state->data_error) < 0)
        return -1;
    state->network_type = fcnn_network_type_create(module);
    if (!state->network_type || PyModule_AddObjectRef(module, "Network", state->network_type) < 0)
        return -1;
    return PyModule_AddFunctions(module, functions) < 0 || PyModule_AddFunctions(module, fcnn_data_functions) < 0 ||
                   PyModule_AddFunctions(module, fcnn_random_functions) < 0 ||
                   PyModule_AddFunctions(module, fcnn_image_functions) < 0
               ? -1
               : 0;
}

static int traverse(PyObject *module, visitproc visit, void *arg)
{
    const fcnn_module_state *state = PyModule_GetState(module);
    Py_VISIT(state->data_error);
    Py_VISIT(state->network_type);
    return 0;
}

static int clear(PyObject *module)
{
    fcnn_module_state *state = PyModule_GetState(module);
    Py_CLEAR(state->data_error);
    Py_CLEAR(state->network_type);
    return 0;
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, (void *)execute},
#if PY_VERSION_HEX >= 0x030C0000
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED},
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "fashioncnn._core",
    .m_doc = "The C core of fashioncnn.",
    .m_size = sizeof(fcnn_module_state),
    .m_slots = slots,
    .m_traverse = traverse,
    .m_clear = clear,
};

PyMODINIT_FUNC PyInit__core(void) { return PyModuleDef_Init(&definition); }
