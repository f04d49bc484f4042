/* network_rules.c - Network.set_rules: regularizers and constraints from their descriptions. */
#include "network_object.h"

#include "../base/memory.h"

/* One regularizer and one constraint a parameter, and the tuples that describe them. */
typedef struct descriptions {
    PyObject *regularizers, *constraints;
    fcnn_regularizer *regularizer;
    fcnn_constraint *constraint;
} descriptions;

static void free_descriptions(descriptions *given)
{
    Py_XDECREF(given->regularizers);
    Py_XDECREF(given->constraints);
    PyMem_Free(given->regularizer);
    PyMem_Free(given->constraint);
}

/* A tuple of `count` items with references of its own, or NULL with an exception set. */
static PyObject *tuple_of(PyObject *list, const char *what, size_t count)
{
    PyObject *tuple = PySequence_Tuple(list);
    if (tuple && (size_t)PyTuple_GET_SIZE(tuple) != count) {
        PyErr_Format(PyExc_ValueError, "set_rules() needs %zu %s, one a parameter; got %zd", count, what,
                     PyTuple_GET_SIZE(tuple));
        Py_CLEAR(tuple);
    }
    return tuple;
}

static int read_regularizer(PyObject *self, PyObject *description, const fcnn_shape *shape,
                            fcnn_regularizer *regularizer)
{
    fcnn_attributes attributes;
    fcnn_error error = {0};
    if (description == Py_None)
        return 0;
    fcnn_attribute *items = fcnn_attributes_from_python(description, NULL, &attributes);
    return items
               ? fcnn_end_reading(self, items, fcnn_regularizer_create(regularizer, &attributes, shape, &error), &error)
               : -1;
}

static int read_constraint(PyObject *self, PyObject *description, const fcnn_shape *shape, fcnn_constraint *constraint)
{
    fcnn_attributes attributes;
    fcnn_error error = {0};
    if (description == Py_None)
        return 0;
    fcnn_attribute *items = fcnn_attributes_from_python(description, NULL, &attributes);
    return items ? fcnn_end_reading(self, items, fcnn_constraint_create(constraint, &attributes, shape, &error), &error)
                 : -1;
}

static int read_descriptions(PyObject *self, descriptions *given)
{
    const fcnn_graph *graph = fcnn_network_graph(network_of(self));
    Py_ssize_t p = 0;
    for (size_t n = 0; n < graph->nodes; n++)
        for (size_t i = 0; fcnn_graph_is_owner(graph, n) && i < graph->node[n].layer.parameters; i++, p++) {
            const fcnn_shape *shape = &graph->node[n].layer.parameter[i].shape;
            if (read_regularizer(self, PyTuple_GET_ITEM(given->regularizers, p), shape, &given->regularizer[p]) < 0 ||
                read_constraint(self, PyTuple_GET_ITEM(given->constraints, p), shape, &given->constraint[p]) < 0)
                return -1;
        }
    return 0;
}

static int open_descriptions(PyObject *self, PyObject *const *arguments, descriptions *given)
{
    const size_t count = fcnn_network_parameter_count(network_of(self));
    given->regularizers = tuple_of(arguments[0], "regularizers", count);
    given->constraints = given->regularizers ? tuple_of(arguments[1], "constraints", count) : NULL;
    if (!given->constraints)
        return -1;
    given->regularizer = PyMem_Calloc(count + 1, sizeof *given->regularizer);
    given->constraint = PyMem_Calloc(count + 1, sizeof *given->constraint);
    if (!given->regularizer || !given->constraint) {
        PyErr_NoMemory();
        return -1;
    }
    return read_descriptions(self, given);
}

PyObject *fcnn_call_set_rules(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    if (count != 2)
        return PyErr_Format(PyExc_TypeError, "set_rules() takes regularizers and constraints; got %zd arguments",
                            count);
    descriptions given = {0};
    fcnn_error error = {0};
    fcnn_status status = FCNN_OK;
    const int failed = open_descriptions(self, arguments, &given) < 0;
    if (!failed) {
        Py_BEGIN_ALLOW_THREADS
        status = fcnn_network_set_rules(network_of(self), given.regularizer, given.constraint, &error);
        Py_END_ALLOW_THREADS
    }
    free_descriptions(&given);
    if (status != FCNN_OK)
        return raise_for(self, &error);
    if (failed)
        return NULL;
    Py_RETURN_NONE;
}
