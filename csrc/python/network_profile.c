/* network_profile.c - what Python sees of a network's profile, and of the machine's peak. */
#include "../base/memory.h"
#include "../network/peak.h"
#include "module_state.h"
#include "network_object.h"

/* The names of the layers of a step, each once. */
static PyObject *layers_of(const fcnn_graph *graph, const fcnn_profile_row *row)
{
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list && i < row->nodes; i++) {
        PyObject *name = PyUnicode_FromString(graph->node[row->node[i]].layer.name);
        const int is_known = name ? PySequence_Contains(list, name) : -1;
        if (is_known < 0 || (!is_known && PyList_Append(list, name) < 0))
            Py_CLEAR(list);
        Py_XDECREF(name);
    }
    PyObject *tuple = list ? PyList_AsTuple(list) : NULL;
    Py_XDECREF(list);
    return tuple;
}

static PyObject *rows_of(const fcnn_graph *graph, const fcnn_profile_table *table)
{
    PyObject *list = PyList_New((Py_ssize_t)table->rows);
    for (size_t i = 0; list && i < table->rows; i++) {
        const fcnn_profile_row *row = &table->row[i];
        PyObject *layers = layers_of(graph, row);
        PyObject *item = layers ? Py_BuildValue("(Nsddddd)", layers, row->stage, row->busy, row->waited, row->products,
                                                row->image_bytes, row->pass_bytes)
                                : NULL;
        if (item)
            PyList_SET_ITEM(list, (Py_ssize_t)i, item);
        else
            Py_CLEAR(list);
    }
    return list;
}

/* (purpose, passes, images, length, length times threads, rows) */
static PyObject *describe(const fcnn_graph *graph, const char *purpose, const fcnn_profile_table *table)
{
    PyObject *rows = rows_of(graph, table);
    return rows ? Py_BuildValue("(snnddN)", purpose, (Py_ssize_t)table->passes, (Py_ssize_t)table->images,
                                table->length, table->threads_length, rows)
                : NULL;
}

PyObject *fcnn_call_profile(PyObject *self, PyObject *unused)
{
    (void)unused;
    static const char *const purposes[FCNN_PURPOSES] = {"training", "inference", "inference as in training",
                                                        "inference as told"};
    fcnn_network *network = network_of(self);
    PyObject *list = PyList_New(0);
    for (int purpose = 0; list && purpose < FCNN_PURPOSES; purpose++) {
        fcnn_profile_table table;
        fcnn_error error = {0};
        fcnn_status status;
        Py_BEGIN_ALLOW_THREADS
        status = fcnn_network_profile(network, purpose, &table, &error);
        Py_END_ALLOW_THREADS
        if (status != FCNN_OK) {
            Py_DECREF(list);
            return raise_for(self, &error);
        }
        PyObject *item = table.passes ? describe(fcnn_network_graph(network), purposes[purpose], &table) : NULL;
        if (table.passes && (!item || PyList_Append(list, item) < 0))
            Py_CLEAR(list);
        Py_XDECREF(item);
        fcnn_release(table.row);
    }
    return list;
}

PyObject *fcnn_measure_peak(PyObject *module, PyObject *unused)
{
    (void)unused;
    const fcnn_module_state *state = PyModule_GetState(module);
    fcnn_error error = {0};
    fcnn_status status;
    double peak;
    Py_BEGIN_ALLOW_THREADS
    status = fcnn_peak_measure(state->kernels, &peak, &error);
    Py_END_ALLOW_THREADS
    return status == FCNN_OK ? PyFloat_FromDouble(peak) : fcnn_python_raise(module, &error);
}
