/* network_nodes.h - the nodes of a network, from a list of dicts. */
#ifndef FCNN_NETWORK_NODES_H
#define FCNN_NETWORK_NODES_H

#include "network_object.h"

/* The nodes in a list, read into memory that lives as long as this. */
typedef struct fcnn_node_list {
    fcnn_node_spec *specs;
    fcnn_attribute **items;
    size_t **inputs;
    size_t count;
} fcnn_node_list;

/* A tuple with references of its own: a list may change while code of its items runs. TypeError with `message` where
 * `sequence` is neither a list nor a tuple. */
PyObject *fcnn_tuple_of(PyObject *sequence, const char *message);

/* Returns 0, or -1 with an exception set; what was read is to be freed in either case. */
int fcnn_read_nodes(PyObject *tuple, fcnn_node_list *nodes);
void fcnn_free_nodes(fcnn_node_list *nodes);

/* *mode = what an argument `training` says: True, False or None. Returns 0, or -1 with an exception set. */
int fcnn_mode_from_python(PyObject *training, fcnn_mode *mode);

/* Positions of the outputs, in memory to be freed by the caller: those in `given`, or that of the last of `nodes` nodes
 * where it is NULL or None. Returns NULL with an exception set on failure. */
size_t *fcnn_read_outputs(PyObject *given, size_t nodes, size_t *count);

#endif
