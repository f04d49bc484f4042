/* graph.h - what the user described: layers, edges, shapes. Immutable once made. */
#ifndef FCNN_GRAPH_H
#define FCNN_GRAPH_H

#include "../layers/layer.h"

/* One node as Python describes it. */
typedef struct fcnn_node_spec {
    const char *type; /* a layer class's, or "input" */
    const char *name;
    const size_t *input; /* positions of earlier nodes */
    size_t inputs;
    fcnn_attributes attributes; /* "input": shape */
} fcnn_node_spec;

typedef struct fcnn_node {
    fcnn_layer layer; /* .class is NULL for the input; .output is the node's shape */
    size_t input[FCNN_MAX_INPUTS];
    size_t parameters; /* floats before this node's in the network's vector */
} fcnn_node;

typedef struct fcnn_graph {
    fcnn_node *node; /* in an order in which every node follows its inputs; the last is the output */
    size_t nodes;
    size_t parameters; /* floats of all parameters */
} fcnn_graph;

/* *graph = the network that `specs` describe: exactly one input, no node without a use but the last. Owned by the
 * caller. */
fcnn_status fcnn_graph_create(fcnn_graph **graph, const fcnn_node_spec *specs, size_t count, fcnn_error *error);

void fcnn_graph_destroy(fcnn_graph *graph);

#endif
