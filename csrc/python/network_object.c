/* network_object.c - the Python type Network: creation, configuration and the state that Python reads and sets.
 * The calls that compute are in network_calls.c. */
#include "network_object.h"

#include "../base/memory.h"
#include "module_state.h"
#include "network_nodes.h"

/* ---- creation ---- */

static fcnn_status create_network(fcnn_network **network, const fcnn_node_list *nodes, const size_t *output,
                                  size_t outputs, const fcnn_kernels *kernels, fcnn_error *error)
{
    fcnn_graph *graph;
    FCNN_TRY(fcnn_graph_create(&graph, nodes->specs, nodes->count, output, outputs, error));
    fcnn_status status;
    Py_BEGIN_ALLOW_THREADS
    status = fcnn_network_create(network, graph, kernels, error);
    Py_END_ALLOW_THREADS
    return status;
}

static PyObject *new_object(PyTypeObject *type, PyObject *module, const fcnn_node_list *nodes, PyObject *outputs)
{
    const fcnn_module_state *state = PyModule_GetState(module);
    fcnn_network *network;
    fcnn_error error = {0};
    size_t count = 0, *output = fcnn_read_outputs(outputs, nodes->count, &count);
    if (!output)
        return NULL;
    const fcnn_status status = create_network(&network, nodes, output, count, state->kernels, &error);
    PyMem_Free(output);
    if (status != FCNN_OK)
        return fcnn_python_raise(module, &error);
    PyObject *self = type->tp_alloc(type, 0);
    if (self)
        ((network_object *)self)->network = network;
    else
        fcnn_network_destroy(network);
    return self;
}

static PyObject *network_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"nodes", "outputs", NULL};
    PyObject *nodes, *outputs = NULL;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O|O:Network", names, &nodes, &outputs))
        return NULL;
    PyObject *module = PyType_GetModule(type);
    PyObject *tuple = module ? fcnn_tuple_of(nodes, "nodes must be a list of dicts") : NULL;
    if (!tuple)
        return NULL;
    fcnn_node_list list = {0};
    PyObject *self = fcnn_read_nodes(tuple, &list) == 0 ? new_object(type, module, &list, outputs) : NULL;
    fcnn_free_nodes(&list);
    Py_DECREF(tuple);
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
    Py_BEGIN_ALLOW_THREADS
    fcnn_network_destroy(((network_object *)self)->network);
    Py_END_ALLOW_THREADS
    type->tp_free(self);
    Py_DECREF(type);
}

/* ---- what is read ---- */

/* Appends item (a new reference, or NULL after an error) to list; on failure clears *list. */
static void append(PyObject **list, PyObject *item)
{
    if (!item || PyList_Append(*list, item) < 0)
        Py_CLEAR(*list);
    Py_XDECREF(item);
}

/* Shapes of the outputs of some nodes, or of all where `positions` is NULL. */
static PyObject *shapes_of(const fcnn_graph *graph, const size_t *positions, size_t count)
{
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list && i < count; i++)
        append(&list, fcnn_shape_to_python(&graph->node[positions ? positions[i] : i].layer.output));
    return list;
}

static PyObject *get_input_shapes(PyObject *self, void *unused)
{
    (void)unused;
    const fcnn_graph *graph = fcnn_network_graph(network_of(self));
    return shapes_of(graph, graph->input, graph->inputs);
}

static PyObject *get_output_shapes(PyObject *self, void *unused)
{
    (void)unused;
    const fcnn_graph *graph = fcnn_network_graph(network_of(self));
    return shapes_of(graph, graph->output, graph->outputs);
}

static PyObject *get_node_shapes(PyObject *self, void *unused)
{
    (void)unused;
    const fcnn_graph *graph = fcnn_network_graph(network_of(self));
    return shapes_of(graph, NULL, graph->nodes);
}

static PyObject *parameters_of(const fcnn_graph *graph)
{
    PyObject *list = PyList_New(0);
    for (size_t n = 0; list && n < graph->nodes; n++)
        for (size_t i = 0; list && fcnn_graph_is_owner(graph, n) && i < graph->node[n].layer.parameters; i++) {
            const fcnn_parameter *parameter = &graph->node[n].layer.parameter[i];
            append(&list,
                   Py_BuildValue("(nsNn)", (Py_ssize_t)n, parameter->name, fcnn_shape_to_python(&parameter->shape),
                                 (Py_ssize_t)(graph->node[n].parameters + parameter->offset)));
        }
    return list;
}

static PyObject *get_parameters(PyObject *self, void *unused)
{
    (void)unused;
    return parameters_of(fcnn_network_graph(network_of(self)));
}

static PyObject *describe(PyObject *module, const fcnn_node_list *nodes)
{
    fcnn_graph *graph;
    fcnn_error error = {0};
    size_t *all = PyMem_Calloc(nodes->count + 1, sizeof *all);
    if (!all)
        return PyErr_NoMemory();
    for (size_t i = 0; i < nodes->count; i++)
        all[i] = i;
    const fcnn_status status = fcnn_graph_create(&graph, nodes->specs, nodes->count, all, nodes->count, &error);
    PyMem_Free(all);
    if (status != FCNN_OK)
        return fcnn_python_raise(module, &error);
    PyObject *description = Py_BuildValue("(NN)", shapes_of(graph, NULL, graph->nodes), parameters_of(graph));
    fcnn_graph_destroy(graph);
    return description;
}

PyObject *fcnn_describe(PyObject *module, PyObject *nodes)
{
    PyObject *tuple = fcnn_tuple_of(nodes, "nodes must be a list of dicts");
    if (!tuple)
        return NULL;
    fcnn_node_list list = {0};
    PyObject *description = fcnn_read_nodes(tuple, &list) == 0 ? describe(module, &list) : NULL;
    fcnn_free_nodes(&list);
    Py_DECREF(tuple);
    return description;
}

static PyObject *get_optimizer_slots(PyObject *self, void *unused)
{
    (void)unused;
    fcnn_optimizer optimizer;
    int has_optimizer;
    Py_BEGIN_ALLOW_THREADS
    has_optimizer = fcnn_network_get_optimizer(network_of(self), &optimizer);
    Py_END_ALLOW_THREADS
    PyObject *list = PyList_New(0);
    for (size_t s = 0; list && has_optimizer && s < optimizer.slots; s++)
        append(&list, PyUnicode_FromString(optimizer.slot_name[s]));
    return list;
}

/* Truth values of the parameters: how they are read and set, and what they are called. */
typedef struct flags_attribute {
    const char *name;
    void (*get)(fcnn_network *network, unsigned char *flags);
    void (*set)(fcnn_network *network, const unsigned char *flags);
} flags_attribute;

static flags_attribute trainable_flags = {"trainable", fcnn_network_get_trainable, fcnn_network_set_trainable};
static flags_attribute decays_flags = {"decays", fcnn_network_get_decays, fcnn_network_set_decays};

static flags_attribute optimized_flags = {"optimized", fcnn_network_get_optimized, NULL};

static PyObject *get_flags(PyObject *self, void *attribute)
{
    const size_t count = fcnn_network_parameter_count(network_of(self));
    unsigned char *flags = PyMem_Malloc(count + 1);
    if (!flags)
        return PyErr_NoMemory();
    Py_BEGIN_ALLOW_THREADS((const flags_attribute *)attribute)
    ->get(network_of(self), flags);
    Py_END_ALLOW_THREADS
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

/* flags[0 .. count-1] from a tuple of truth values. */
static int read_flags(PyObject *tuple, const char *name, unsigned char *flags, size_t count)
{
    if ((size_t)PyTuple_GET_SIZE(tuple) != count) {
        PyErr_Format(PyExc_ValueError, "%s needs %zu truth values, one a parameter; got %zd", name, count,
                     PyTuple_GET_SIZE(tuple));
        return -1;
    }
    for (size_t p = 0; p < count; p++) {
        const int truth = PyObject_IsTrue(PyTuple_GET_ITEM(tuple, (Py_ssize_t)p));
        if (truth < 0)
            return -1;
        flags[p] = (unsigned char)truth;
    }
    return 0;
}

static int set_flags(PyObject *self, PyObject *value, void *attribute)
{
    const flags_attribute *own = attribute;
    PyObject *tuple = refuse_deletion(value) < 0 ? NULL : fcnn_tuple_of(value, "a list of truth values is needed");
    if (!tuple)
        return -1;
    const size_t count = fcnn_network_parameter_count(network_of(self));
    unsigned char *flags = PyMem_Malloc(count + 1);
    if (!flags)
        PyErr_NoMemory();
    const int failed = !flags || read_flags(tuple, own->name, flags, count) < 0;
    if (!failed) {
        Py_BEGIN_ALLOW_THREADS
        own->set(network_of(self), flags);
        Py_END_ALLOW_THREADS
    }
    PyMem_Free(flags);
    Py_DECREF(tuple);
    return failed ? -1 : 0;
}

static fcnn_network_state get_state(PyObject *self)
{
    fcnn_network_state state;
    Py_BEGIN_ALLOW_THREADS
    state = fcnn_network_get_state(network_of(self));
    Py_END_ALLOW_THREADS
    return state;
}

static void set_state(PyObject *self, size_t offset, const void *value, size_t size)
{
    Py_BEGIN_ALLOW_THREADS
    fcnn_network_set_state(network_of(self), offset, value, size);
    Py_END_ALLOW_THREADS
}

/* The counters of fcnn_network_state, by their offset in it. */
static PyObject *get_counter(PyObject *self, void *offset)
{
    const fcnn_network_state state = get_state(self);
    return PyLong_FromUnsignedLongLong(*(const uint64_t *)(const void *)((const char *)&state + (size_t)offset));
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
    const uint64_t counter = number;
    set_state(self, (size_t)offset, &counter, sizeof counter);
    return 0;
}

static PyObject *get_learning_rate(PyObject *self, void *unused)
{
    (void)unused;
    return PyFloat_FromDouble(get_state(self).learning_rate);
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
        PyErr_Format(PyExc_ValueError, "learning_rate must be at least 0 and below 1e30; got %R", value);
        return -1;
    }
    set_state(self, offsetof(fcnn_network_state, learning_rate), &rate, sizeof rate);
    return 0;
}

static PyObject *get_keeps_profile(PyObject *self, void *unused)
{
    (void)unused;
    int keeps;
    Py_BEGIN_ALLOW_THREADS
    keeps = fcnn_network_get_profiles(network_of(self));
    Py_END_ALLOW_THREADS
    return PyBool_FromLong(keeps);
}

static int set_keeps_profile(PyObject *self, PyObject *value, void *unused)
{
    (void)unused;
    const int truth = refuse_deletion(value) < 0 ? -1 : PyObject_IsTrue(value);
    if (truth < 0)
        return -1;
    Py_BEGIN_ALLOW_THREADS
    fcnn_network_set_profiles(network_of(self), truth);
    Py_END_ALLOW_THREADS
    return 0;
}

static PyObject *get_check_finite(PyObject *self, void *unused)
{
    (void)unused;
    return PyBool_FromLong(get_state(self).check_finite);
}

static int set_check_finite(PyObject *self, PyObject *value, void *unused)
{
    (void)unused;
    const int truth = refuse_deletion(value) < 0 ? -1 : PyObject_IsTrue(value);
    if (truth < 0)
        return -1;
    set_state(self, offsetof(fcnn_network_state, check_finite), &truth, sizeof truth);
    return 0;
}

static int read_loss(PyObject *self, PyObject *description, fcnn_loss *loss)
{
    fcnn_attributes attributes;
    fcnn_error error = {0};
    fcnn_attribute *items = fcnn_attributes_from_python(description, NULL, &attributes);
    return items ? fcnn_end_reading(self, items, fcnn_loss_create(loss, &attributes, &error), &error) : -1;
}

static int read_metric(PyObject *self, PyObject *description, fcnn_metric *metric)
{
    fcnn_attributes attributes;
    fcnn_error error = {0};
    fcnn_attribute *items = fcnn_attributes_from_python(description, NULL, &attributes);
    return items ? fcnn_end_reading(self, items, fcnn_metric_create(metric, &attributes, &error), &error) : -1;
}

static int read_optimizer(PyObject *self, PyObject *description, fcnn_optimizer *optimizer)
{
    fcnn_attributes attributes;
    fcnn_error error = {0};
    fcnn_attribute *items = fcnn_attributes_from_python(description, NULL, &attributes);
    return items ? fcnn_end_reading(self, items, fcnn_optimizer_create(optimizer, &attributes, &error), &error) : -1;
}

static int read_metrics(PyObject *self, PyObject *metrics, fcnn_objective *objective)
{
    PyObject *tuple = fcnn_tuple_of(metrics, "metrics must be a list of dicts");
    if (!tuple)
        return -1;
    int failed = PyTuple_GET_SIZE(tuple) > FCNN_MAX_METRICS;
    if (failed)
        PyErr_Format(PyExc_ValueError, "%zd metrics are asked for; at most %d are supported", PyTuple_GET_SIZE(tuple),
                     FCNN_MAX_METRICS);
    for (Py_ssize_t m = 0; !failed && m < PyTuple_GET_SIZE(tuple); m++)
        failed = read_metric(self, PyTuple_GET_ITEM(tuple, m), &objective->metric[objective->metrics++]) < 0;
    Py_DECREF(tuple);
    return failed ? -1 : 0;
}

static int read_objective(PyObject *self, PyObject *loss, PyObject *metrics, fcnn_objective *objective)
{
    objective->has_loss = loss != Py_None;
    if (objective->has_loss && read_loss(self, loss, &objective->loss) < 0)
        return -1;
    return read_metrics(self, metrics, objective);
}

/* One objective for each output, from a loss and metrics, or from tuples with one for each output. */
static int read_objectives(PyObject *self, PyObject *losses, PyObject *metrics, fcnn_objective *objectives)
{
    const size_t outputs = fcnn_network_graph(network_of(self))->outputs;
    const int several = PyTuple_Check(losses);
    if (!several && outputs == 1)
        return read_objective(self, losses, metrics, objectives);
    if (!several || !PyTuple_Check(metrics) || (size_t)PyTuple_GET_SIZE(losses) != outputs ||
        (size_t)PyTuple_GET_SIZE(metrics) != outputs) {
        PyErr_Format(PyExc_ValueError, "loss and metrics must be tuples of %zu, one for each output", outputs);
        return -1;
    }
    for (size_t o = 0; o < outputs; o++)
        if (read_objective(self, PyTuple_GET_ITEM(losses, (Py_ssize_t)o), PyTuple_GET_ITEM(metrics, (Py_ssize_t)o),
                           &objectives[o]) < 0)
            return -1;
    return 0;
}

/* (loss, metrics) */
static PyObject *set_objective(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    if (count != 2)
        return PyErr_Format(PyExc_TypeError, "set_objective() takes loss and metrics; got %zd arguments", count);
    fcnn_objective *objectives = PyMem_Calloc(fcnn_network_graph(network_of(self))->outputs, sizeof *objectives);
    if (!objectives)
        return PyErr_NoMemory();
    fcnn_error error = {0};
    fcnn_status status = FCNN_OK;
    const int failed = read_objectives(self, arguments[0], arguments[1], objectives) < 0;
    if (!failed) {
        Py_BEGIN_ALLOW_THREADS
        status = fcnn_network_set_objectives(network_of(self), objectives, &error);
        Py_END_ALLOW_THREADS
    }
    PyMem_Free(objectives);
    if (failed)
        return NULL;
    if (status != FCNN_OK)
        return raise_for(self, &error);
    Py_RETURN_NONE;
}

/* (optimizer, keep=False) */
static PyObject *set_optimizer(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    if (count < 1 || count > 2)
        return PyErr_Format(PyExc_TypeError, "set_optimizer() takes optimizer and keep; got %zd arguments", count);
    const int keep = count == 2 ? PyObject_IsTrue(arguments[1]) : 0;
    fcnn_optimizer optimizer = {0};
    if (keep < 0 || read_optimizer(self, arguments[0], &optimizer) < 0)
        return NULL;
    fcnn_error error = {0};
    fcnn_status status;
    Py_BEGIN_ALLOW_THREADS
    status = fcnn_network_set_optimizer(network_of(self), &optimizer, keep, &error);
    Py_END_ALLOW_THREADS
    if (status != FCNN_OK)
        return raise_for(self, &error);
    Py_RETURN_NONE;
}

static PyGetSetDef attributes_of_network[] = {
    {"input_shapes", get_input_shapes, NULL, "Shapes of the inputs.", NULL},
    {"output_shapes", get_output_shapes, NULL, "Shapes of the outputs.", NULL},
    {"node_shapes", get_node_shapes, NULL, "Shapes of all nodes' outputs.", NULL},
    {"parameters", get_parameters, NULL, "(node, name, shape, offset) of every parameter.", NULL},
    {"optimizer_slots", get_optimizer_slots, NULL, "The name of each slot.", NULL},
    {"trainable", get_flags, set_flags, "One truth value a parameter.", &trainable_flags},
    {"optimized", get_flags, NULL, "One truth value a parameter: whether an optimizer may change it.",
     &optimized_flags},
    {"decays", get_flags, set_flags, "One truth value a parameter: whether weight decay acts on it.", &decays_flags},
    {"iterations", get_counter, set_counter, "Updates made.", (void *)offsetof(fcnn_network_state, iterations)},
    {"random_step", get_counter, set_counter, "Training steps made.",
     (void *)offsetof(fcnn_network_state, random_step)},
    {"learning_rate", get_learning_rate, set_learning_rate, "Of the next update.", NULL},
    {"check_finite", get_check_finite, set_check_finite,
     "Whether a target, a loss or an update that is not finite raises.", NULL},
    {"keeps_profile", get_keeps_profile, set_keeps_profile, "Whether the calls that compute are timed.", NULL},
    {0},
};

#define FAST(function) (PyCFunction)(void (*)(void)) function

static PyMethodDef methods[] = {
    {"set_objective", FAST(set_objective), METH_FASTCALL, "Chooses the loss and what is counted."},
    {"set_optimizer", FAST(set_optimizer), METH_FASTCALL, "Chooses the optimizer."},
    {"set_rules", FAST(fcnn_call_set_rules), METH_FASTCALL, "Chooses regularizers and constraints."},
    {"train_step", FAST(fcnn_call_train_step), METH_FASTCALL, "One update."},
    {"test_step", FAST(fcnn_call_test_step), METH_FASTCALL, "Loss and metrics of a batch."},
    {"compute_gradients", FAST(fcnn_call_compute_gradients), METH_FASTCALL, "Gradients of a batch."},
    {"apply_gradients", fcnn_call_apply_gradients, METH_NOARGS, "One update from the gradients."},
    {"predict", FAST(fcnn_call_predict), METH_FASTCALL | METH_KEYWORDS, "Predictions for rows."},
    {"read", FAST(fcnn_call_read), METH_FASTCALL, "Numbers of a vector into an array."},
    {"write", FAST(fcnn_call_write), METH_FASTCALL, "Numbers of a vector from an array."},
    {"profile", fcnn_call_profile, METH_NOARGS, "Where the time of the calls went."},
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
