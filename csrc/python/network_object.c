/* network_object.c - the Python type Network: creation, configuration and the state that Python reads and sets.
 * The calls that compute are in network_calls.c. */
#include "network_object.h"

#include "../base/memory.h"
#include "errors.h"
#include "module_state.h"

/* ---- creation ---- */

/* Reads one node's dict into *spec; *items and *inputs are to be freed by the caller. Returns -1 with an exception set.
 * */
static int read_node(PyObject *dict, fcnn_node_spec *spec, fcnn_attribute **items, size_t **inputs)
{
    static const char *const structure[] = {"type", "name", "inputs", NULL};
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
    spec->inputs = from ? (size_t)PyTuple_GET_SIZE(from) : 0;
    *inputs = PyMem_Calloc(spec->inputs + 1, sizeof **inputs);
    if (!*inputs) {
        PyErr_NoMemory();
        return -1;
    }
    spec->input = *inputs;
    for (size_t i = 0; i < spec->inputs; i++) {
        (*inputs)[i] = PyLong_AsSize_t(PyTuple_GET_ITEM(from, (Py_ssize_t)i));
        if (PyErr_Occurred())
            return -1;
    }
    return 0;
}

static fcnn_status create_network(fcnn_network **network, const fcnn_node_spec *specs, size_t count,
                                  const fcnn_kernels *kernels, fcnn_error *error)
{
    fcnn_graph *graph;
    FCNN_TRY(fcnn_graph_create(&graph, specs, count, error));
    return fcnn_network_create(network, graph, kernels, error);
}

/* The nodes in a list, read into memory that lives as long as this. */
typedef struct node_list {
    fcnn_node_spec *specs;
    fcnn_attribute **items;
    size_t **inputs;
    size_t count;
} node_list;

static void free_nodes(node_list *nodes)
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

static int read_nodes(PyObject *sequence, node_list *nodes)
{
    nodes->count = (size_t)PySequence_Fast_GET_SIZE(sequence);
    nodes->specs = PyMem_Calloc(nodes->count + 1, sizeof *nodes->specs);
    nodes->items = PyMem_Calloc(nodes->count + 1, sizeof *nodes->items);
    nodes->inputs = PyMem_Calloc(nodes->count + 1, sizeof *nodes->inputs);
    if (!nodes->specs || !nodes->items || !nodes->inputs) {
        PyErr_NoMemory();
        return -1;
    }
    for (size_t i = 0; i < nodes->count; i++)
        if (read_node(PySequence_Fast_GET_ITEM(sequence, (Py_ssize_t)i), &nodes->specs[i], &nodes->items[i],
                      &nodes->inputs[i]) < 0)
            return -1;
    return 0;
}

static PyObject *network_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"nodes", NULL};
    PyObject *nodes;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O:Network", names, &nodes))
        return NULL;
    PyObject *module = PyType_GetModule(type);
    PyObject *sequence = module ? PySequence_Fast(nodes, "nodes must be a sequence of dicts") : NULL;
    if (!sequence)
        return NULL;
    const fcnn_module_state *state = PyModule_GetState(module);
    PyObject *self = NULL;
    node_list list = {0};
    if (read_nodes(sequence, &list) == 0) {
        fcnn_network *network;
        fcnn_error error = {0};
        if (create_network(&network, list.specs, list.count, state->kernels, &error) != FCNN_OK)
            fcnn_python_raise(module, &error);
        else if ((self = type->tp_alloc(type, 0)))
            ((network_object *)self)->network = network;
        else
            fcnn_network_destroy(network);
    }
    free_nodes(&list);
    Py_DECREF(sequence);
    return self;
}

static int network_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    return 0;
}

static void network_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    fcnn_network_destroy(((network_object *)self)->network);
    type->tp_free(self);
    Py_DECREF(type);
}

/* ---- what is read ---- */

static fcnn_network *network_of(PyObject *self) { return ((network_object *)self)->network; }

/* A (parameters) array over the network's own memory; it keeps the network alive. */
static PyObject *view_of(PyObject *self, float *values)
{
    npy_intp size = (npy_intp)fcnn_network_graph(network_of(self))->parameters;
    PyObject *array = PyArray_SimpleNewFromData(1, &size, NPY_FLOAT32, values);
    if (!array)
        return NULL;
    Py_INCREF(self);
    if (PyArray_SetBaseObject((PyArrayObject *)array, self) < 0) {
        Py_DECREF(array);
        return NULL;
    }
    return array;
}

static PyObject *get_weights(PyObject *self, void *unused)
{
    (void)unused;
    return view_of(self, fcnn_network_weights(network_of(self)));
}

static PyObject *get_gradients(PyObject *self, void *unused)
{
    (void)unused;
    return view_of(self, fcnn_network_gradients(network_of(self)));
}

static PyObject *get_input_shape(PyObject *self, void *unused)
{
    (void)unused;
    return fcnn_shape_to_python(&fcnn_network_graph(network_of(self))->node[0].layer.output);
}

/* Appends item (a new reference, or NULL after an error) to list; on failure clears *list. */
static void append(PyObject **list, PyObject *item)
{
    if (!item || PyList_Append(*list, item) < 0)
        Py_CLEAR(*list);
    Py_XDECREF(item);
}

static PyObject *get_output_shapes(PyObject *self, void *unused)
{
    (void)unused;
    const fcnn_graph *graph = fcnn_network_graph(network_of(self));
    PyObject *list = PyList_New(0);
    for (size_t n = 0; list && n < graph->nodes; n++)
        append(&list, fcnn_shape_to_python(&graph->node[n].layer.output));
    return list;
}

static PyObject *get_parameters(PyObject *self, void *unused)
{
    (void)unused;
    const fcnn_graph *graph = fcnn_network_graph(network_of(self));
    PyObject *list = PyList_New(0);
    for (size_t n = 0; list && n < graph->nodes; n++)
        for (size_t i = 0; list && i < graph->node[n].layer.parameters; i++) {
            const fcnn_parameter *parameter = &graph->node[n].layer.parameter[i];
            append(&list,
                   Py_BuildValue("(nsNn)", (Py_ssize_t)n, parameter->name, fcnn_shape_to_python(&parameter->shape),
                                 (Py_ssize_t)(graph->node[n].parameters + parameter->offset)));
        }
    return list;
}

static PyObject *get_optimizer_slots(PyObject *self, void *unused)
{
    (void)unused;
    const fcnn_optimizer *optimizer = fcnn_network_optimizer(network_of(self));
    PyObject *list = PyList_New(0);
    for (size_t s = 0; list && optimizer && s < optimizer->slots; s++)
        append(&list,
               Py_BuildValue("(sN)", optimizer->slot_name[s], view_of(self, fcnn_network_slot(network_of(self), s))));
    return list;
}

static PyObject *get_trainable(PyObject *self, void *unused)
{
    (void)unused;
    const size_t count = fcnn_network_parameter_count(network_of(self));
    unsigned char *flags = PyMem_Malloc(count + 1);
    if (!flags)
        return PyErr_NoMemory();
    fcnn_network_get_trainable(network_of(self), flags);
    PyObject *list = PyList_New(0);
    for (size_t p = 0; list && p < count; p++)
        append(&list, PyBool_FromLong(flags[p]));
    PyMem_Free(flags);
    return list;
}

/* ---- what is set ---- */

static int refuse_deletion(PyObject *value)
{
    if (value)
        return 0;
    PyErr_SetString(PyExc_AttributeError, "this attribute cannot be deleted");
    return -1;
}

static int set_trainable(PyObject *self, PyObject *value, void *unused)
{
    (void)unused;
    if (refuse_deletion(value) < 0)
        return -1;
    PyObject *sequence = PySequence_Fast(value, "trainable must be a sequence of truth values, one a parameter");
    if (!sequence)
        return -1;
    const size_t count = fcnn_network_parameter_count(network_of(self));
    const size_t given = (size_t)PySequence_Fast_GET_SIZE(sequence);
    unsigned char *flags = PyMem_Malloc(count + 1);
    int failed = !flags || given != count;
    if (!flags)
        PyErr_NoMemory();
    else if (given != count)
        PyErr_Format(PyExc_ValueError, "trainable needs %zu truth values, one a parameter; got %zu", count, given);
    for (size_t p = 0; !failed && p < count; p++) {
        const int truth = PyObject_IsTrue(PySequence_Fast_GET_ITEM(sequence, (Py_ssize_t)p));
        failed = truth < 0;
        flags[p] = (unsigned char)(truth > 0);
    }
    if (!failed)
        fcnn_network_set_trainable(network_of(self), flags);
    PyMem_Free(flags);
    Py_DECREF(sequence);
    return failed ? -1 : 0;
}

/* The counters of fcnn_network_state, by their offset in it. */
static PyObject *get_counter(PyObject *self, void *offset)
{
    const char *state = (const char *)fcnn_network_state_of(network_of(self));
    return PyLong_FromUnsignedLongLong(*(const uint64_t *)(const void *)(state + (size_t)offset));
}

static int set_counter(PyObject *self, PyObject *value, void *offset)
{
    if (refuse_deletion(value) < 0)
        return -1;
    PyObject *index = PyNumber_Index(value);
    if (!index)
        return -1;
    const unsigned long long number = PyLong_AsUnsignedLongLong(index);
    Py_DECREF(index);
    if (number == (unsigned long long)-1 && PyErr_Occurred())
        return -1;
    char *state = (char *)fcnn_network_state_of(network_of(self));
    *(uint64_t *)(void *)(state + (size_t)offset) = number;
    return 0;
}

static PyObject *get_learning_rate(PyObject *self, void *unused)
{
    (void)unused;
    return PyFloat_FromDouble(fcnn_network_state_of(network_of(self))->learning_rate);
}

static int set_learning_rate(PyObject *self, PyObject *value, void *unused)
{
    (void)unused;
    if (refuse_deletion(value) < 0)
        return -1;
    const double rate = PyFloat_AsDouble(value);
    if (rate == -1.0 && PyErr_Occurred())
        return -1;
    if (!(rate >= 0.0 && rate < 1e30)) {
        PyErr_Format(PyExc_ValueError, "learning_rate must be a finite number, not negative; got %R", value);
        return -1;
    }
    fcnn_network_state_of(network_of(self))->learning_rate = rate;
    return 0;
}

static PyObject *get_check_finite(PyObject *self, void *unused)
{
    (void)unused;
    return PyBool_FromLong(fcnn_network_state_of(network_of(self))->check_finite);
}

static int set_check_finite(PyObject *self, PyObject *value, void *unused)
{
    (void)unused;
    const int truth = refuse_deletion(value) < 0 ? -1 : PyObject_IsTrue(value);
    if (truth < 0)
        return -1;
    fcnn_network_state_of(network_of(self))->check_finite = truth;
    return 0;
}

static PyObject *raise_for(PyObject *self, const fcnn_error *error)
{
    return fcnn_python_raise(PyType_GetModule(Py_TYPE(self)), error);
}

static const char *const nothing_skipped[] = {NULL};

static PyObject *set_loss(PyObject *self, PyObject *description)
{
    fcnn_attributes attributes;
    fcnn_attribute *items = fcnn_attributes_from_python(description, nothing_skipped, &attributes);
    if (!items)
        return NULL;
    fcnn_loss loss = {0};
    fcnn_error error = {0};
    const fcnn_status status = fcnn_loss_create(&loss, &attributes, &error);
    PyMem_Free(items);
    if (status != FCNN_OK)
        return raise_for(self, &error);
    fcnn_network_set_loss(network_of(self), &loss);
    Py_RETURN_NONE;
}

static PyObject *set_optimizer(PyObject *self, PyObject *description)
{
    fcnn_attributes attributes;
    fcnn_attribute *items = fcnn_attributes_from_python(description, nothing_skipped, &attributes);
    if (!items)
        return NULL;
    fcnn_optimizer optimizer = {0};
    fcnn_error error = {0};
    fcnn_status status = fcnn_optimizer_create(&optimizer, &attributes, &error);
    PyMem_Free(items);
    if (status == FCNN_OK)
        status = fcnn_network_set_optimizer(network_of(self), &optimizer, &error);
    if (status != FCNN_OK)
        return raise_for(self, &error);
    Py_RETURN_NONE;
}

static PyObject *set_metrics(PyObject *self, PyObject *descriptions)
{
    PyObject *sequence = PySequence_Fast(descriptions, "metrics must be a sequence of dicts");
    if (!sequence)
        return NULL;
    const size_t count = (size_t)PySequence_Fast_GET_SIZE(sequence);
    fcnn_metric metrics[FCNN_MAX_METRICS] = {0};
    fcnn_error error = {0};
    fcnn_status status = FCNN_OK;
    if (count > FCNN_MAX_METRICS)
        status = fcnn_fail(&error, FCNN_E_ARGUMENT, "%zu metrics are asked for; at most %d are supported", count,
                           FCNN_MAX_METRICS);
    for (size_t m = 0; status == FCNN_OK && m < count; m++) {
        fcnn_attributes attributes;
        fcnn_attribute *items = fcnn_attributes_from_python(PySequence_Fast_GET_ITEM(sequence, (Py_ssize_t)m),
                                                            nothing_skipped, &attributes);
        if (!items) {
            Py_DECREF(sequence);
            return NULL;
        }
        status = fcnn_metric_create(&metrics[m], &attributes, &error);
        PyMem_Free(items);
    }
    Py_DECREF(sequence);
    if (status == FCNN_OK)
        status = fcnn_network_set_metrics(network_of(self), metrics, count, &error);
    if (status != FCNN_OK)
        return raise_for(self, &error);
    Py_RETURN_NONE;
}

static PyObject *metric_totals(PyObject *self, PyObject *unused)
{
    (void)unused;
    double totals[FCNN_MAX_METRICS], weights[FCNN_MAX_METRICS];
    const size_t count = fcnn_network_metric_totals(network_of(self), totals, weights);
    PyObject *list = PyList_New(0);
    for (size_t m = 0; list && m < count; m++)
        append(&list, Py_BuildValue("(dd)", totals[m], weights[m]));
    return list;
}

static PyObject *reset_metrics(PyObject *self, PyObject *unused)
{
    (void)unused;
    fcnn_network_reset_metrics(network_of(self));
    Py_RETURN_NONE;
}

static PyGetSetDef attributes_of_network[] = {
    {"input_shape", get_input_shape, NULL, "Shape of one input.", NULL},
    {"output_shapes", get_output_shapes, NULL, "Shapes of all nodes' outputs.", NULL},
    {"parameters", get_parameters, NULL, "(node, name, shape, offset) of every parameter.", NULL},
    {"weights", get_weights, NULL, "All parameters, a view.", NULL},
    {"gradients", get_gradients, NULL, "All gradients, a view.", NULL},
    {"optimizer_slots", get_optimizer_slots, NULL, "(name, view) of each slot.", NULL},
    {"trainable", get_trainable, set_trainable, "One truth value a parameter.", NULL},
    {"iterations", get_counter, set_counter, "Updates made.", (void *)offsetof(fcnn_network_state, iterations)},
    {"seed", get_counter, set_counter, "Key of the dropout masks.", (void *)offsetof(fcnn_network_state, seed)},
    {"random_step", get_counter, set_counter, "Training steps made.",
     (void *)offsetof(fcnn_network_state, random_step)},
    {"learning_rate", get_learning_rate, set_learning_rate, "Of the next update.", NULL},
    {"check_finite", get_check_finite, set_check_finite, "Whether a loss that is not finite raises.", NULL},
    {0},
};

static PyMethodDef methods[] = {
    {"set_loss", set_loss, METH_O, "Chooses the loss."},
    {"set_optimizer", set_optimizer, METH_O, "Chooses the optimizer."},
    {"set_metrics", set_metrics, METH_O, "Chooses what is counted."},
    {"metric_totals", metric_totals, METH_NOARGS, "(sum, count) of every metric."},
    {"reset_metrics", reset_metrics, METH_NOARGS, "Starts counting anew."},
    {"train_step", (PyCFunction)(void (*)(void))fcnn_call_train_step, METH_FASTCALL, "One update."},
    {"test_step", (PyCFunction)(void (*)(void))fcnn_call_test_step, METH_FASTCALL, "Loss and metrics of a batch."},
    {"compute_gradients", (PyCFunction)(void (*)(void))fcnn_call_compute_gradients, METH_FASTCALL,
     "Gradients of a batch."},
    {"apply_gradients", fcnn_call_apply_gradients, METH_NOARGS, "One update from the gradients."},
    {"predict", (PyCFunction)(void (*)(void))fcnn_call_predict, METH_FASTCALL | METH_KEYWORDS, "Predictions for rows."},
    {"last_outputs", fcnn_call_last_outputs, METH_NOARGS, "A copy of the last batch's predictions."},
    {0},
};

PyObject *fcnn_network_type_create(PyObject *module)
{
    static PyType_Slot slots[] = {
        {Py_tp_new, (void *)network_new},
        {Py_tp_dealloc, (void *)network_dealloc},
        {Py_tp_traverse, (void *)network_traverse},
        {Py_tp_getset, attributes_of_network},
        {Py_tp_methods, methods},
        {Py_tp_doc, "Parameters, gradients, optimizer state and plan of one network: see _core.pyi."},
        {0, NULL},
    };
    static PyType_Spec spec = {
        .name = "fashioncnn._core.Network",
        .basicsize = sizeof(network_object),
        .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
        .slots = slots,
    };
    return PyType_FromModuleAndSpec(module, &spec, NULL);
}
