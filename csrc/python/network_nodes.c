/* network_nodes.c - what Python says of a network's nodes, read into what the core takes. */
#include "network_nodes.h"

/* A tuple with references of its own: a list may change while code of its items runs. */
PyObject *fcnn_tuple_of(PyObject *sequence, const char *message)
{
    if (PyList_Check(sequence) || PyTuple_Check(sequence))
        return PySequence_Tuple(sequence);
    PyErr_SetString(PyExc_TypeError, message);
    return NULL;
}

/* Positions of nodes, in memory to be freed by the caller, with room for one more; NULL with an exception set. */
static size_t *read_positions(PyObject *tuple, size_t *count)
{
    *count = tuple ? (size_t)PyTuple_GET_SIZE(tuple) : 0;
    size_t *positions = PyMem_Calloc(*count + 1, sizeof *positions);
    if (!positions)
        PyErr_NoMemory();
    for (size_t i = 0; positions && i < *count; i++) {
        positions[i] = PyLong_AsSize_t(PyTuple_GET_ITEM(tuple, (Py_ssize_t)i));
        if (PyErr_Occurred()) {
            PyMem_Free(positions);
            return NULL;
        }
    }
    return positions;
}

int fcnn_mode_from_python(PyObject *training, fcnn_mode *mode)
{
    const int is_true = PyObject_IsTrue(training);
    *mode = is_true ? FCNN_AS_IN_TRAINING : training == Py_None ? FCNN_UNTOLD : FCNN_AS_IN_INFERENCE;
    return is_true < 0 ? -1 : 0;
}

/* "shares", a position, is put behind the node's inputs; "training" is True, False or None, and "firm" a bool. */
static int read_options(PyObject *dict, fcnn_node_spec *spec, size_t *room)
{
    PyObject *shares = PyDict_GetItemString(dict, "shares"), *training = PyDict_GetItemString(dict, "training");
    PyObject *firm = PyDict_GetItemString(dict, "firm");
    if (shares && shares != Py_None) {
        *room = PyLong_AsSize_t(shares);
        if (PyErr_Occurred())
            return -1;
        spec->shares = room;
    }
    spec->firm = firm && PyObject_IsTrue(firm) == 1;
    return training ? fcnn_mode_from_python(training, &spec->mode) : 0;
}

/* Reads one node's dict into *spec; *items and *inputs are to be freed by the caller. Returns -1 with an exception set,
 * else 0. */
static int read_node(PyObject *dict, fcnn_node_spec *spec, fcnn_attribute **items, size_t **inputs)
{
    static const char *const structure[] = {"type", "name", "inputs", "shares", "training", "firm", NULL};
    *items = fcnn_attributes_from_python(dict, structure, &spec->attributes);
    if (!*items)
        return -1;
    PyObject *type = PyDict_GetItemString(dict, "type"), *name = PyDict_GetItemString(dict, "name");
    PyObject *from = PyDict_GetItemString(dict, "inputs");
    if (!type || !PyUnicode_Check(type) || !name || !PyUnicode_Check(name) || (from && !PyTuple_Check(from))) {
        PyErr_SetString(PyExc_ValueError, "a node needs a type (str), a name (str) and inputs (tuple)");
        return -1;
    }
    spec->type = PyUnicode_AsUTF8(type);
    spec->name = PyUnicode_AsUTF8(name);
    if (!spec->type || !spec->name)
        return -1;
    *inputs = read_positions(from, &spec->inputs);
    if (!*inputs)
        return -1;
    spec->input = *inputs;
    return read_options(dict, spec, *inputs + spec->inputs);
}

void fcnn_free_nodes(fcnn_node_list *nodes)
{
    for (size_t i = 0; i < nodes->count; i++) {
        if (nodes->items)
            PyMem_Free(nodes->items[i]);
        if (nodes->inputs)
            PyMem_Free(nodes->inputs[i]);
    }
    PyMem_Free(nodes->specs);
    PyMem_Free(nodes->items);
    PyMem_Free(nodes->inputs);
}

int fcnn_read_nodes(PyObject *tuple, fcnn_node_list *nodes)
{
    nodes->count = (size_t)PyTuple_GET_SIZE(tuple);
    nodes->specs = PyMem_Calloc(nodes->count + 1, sizeof *nodes->specs);
    nodes->items = PyMem_Calloc(nodes->count + 1, sizeof *nodes->items);
    nodes->inputs = PyMem_Calloc(nodes->count + 1, sizeof *nodes->inputs);
    if (!nodes->specs || !nodes->items || !nodes->inputs) {
        PyErr_NoMemory();
        return -1;
    }
    for (size_t i = 0; i < nodes->count; i++)
        if (read_node(PyTuple_GET_ITEM(tuple, (Py_ssize_t)i), &nodes->specs[i], &nodes->items[i], &nodes->inputs[i]) <
            0)
            return -1;
    return 0;
}

/* Positions of the outputs: those in `given`, or that of the last node. */
size_t *fcnn_read_outputs(PyObject *given, size_t nodes, size_t *count)
{
    if (given && given != Py_None) {
        PyObject *tuple = fcnn_tuple_of(given, "outputs must be a list of positions");
        size_t *positions = tuple ? read_positions(tuple, count) : NULL;
        Py_XDECREF(tuple);
        return positions;
    }
    size_t *positions = PyMem_Calloc(1, sizeof *positions);
    if (!positions)
        return (size_t *)PyErr_NoMemory();
    *count = 1;
    *positions = nodes > 0 ? nodes - 1 : 0;
    return positions;
}
