/* graph.h - what the user described: layers, edges, shapes. Immutable once made.
 *
 * A node is one use of a layer on the outputs of earlier nodes. Nodes that share an instance have the same parameters:
 * those of the node that comes first.
 */
#ifndef FCNN_GRAPH_H
#define FCNN_GRAPH_H

#include "../layers/layer.h"

/* Whether a node acts as in training, where dropout drops and batches are normalized by their own statistics. Who runs
 * the network may say it, unless the node is firm; else who described the node; where nobody did, it acts as in
 * inference. */
typedef enum fcnn_mode { FCNN_UNTOLD, FCNN_AS_IN_TRAINING, FCNN_AS_IN_INFERENCE } fcnn_mode;

/* One node as Python describes it. */
typedef struct fcnn_node_spec {
    const char *type; /* a layer class's, or "input" */
    const char *name;
    const size_t *input; /* positions of earlier nodes */
    size_t inputs;
    fcnn_attributes attributes; /* "input": shape */
    const size_t *shares;       /* position of an earlier node whose parameters it has; NULL: it has its own */
    fcnn_mode mode;
    int firm; /* whether it acts so whoever runs the network */
} fcnn_node_spec;

typedef struct fcnn_node {
    fcnn_layer layer; /* .class is NULL for an input; .output is the node's shape */
    size_t input[FCNN_MAX_INPUTS];
    size_t instance;   /* the first node with these parameters: its own position, unless it shares them */
    size_t parameters; /* floats before the instance's in the network's vector */
    size_t penalty;    /* of a node that penalizes: how many do so before it */
    fcnn_mode mode;
    int firm;
} fcnn_node;

typedef struct fcnn_graph {
    fcnn_node *node; /* in an order in which every node follows its inputs */
    size_t nodes;
    size_t *input, inputs;   /* positions of the input nodes, in order */
    size_t *output, outputs; /* positions of the nodes whose outputs are the network's */
    size_t parameters;       /* floats of all parameters */
    size_t penalties;        /* nodes that penalize */
    int always_trains;       /* whether a node acts as in training whoever runs the network */
} fcnn_graph;

/* *graph = the network that `specs` describe, with the outputs of the nodes `output`; every other layer has a use.
 * Owned by the caller. */
fcnn_status fcnn_graph_create(fcnn_graph **graph, const fcnn_node_spec *specs, size_t count, const size_t *output,
                              size_t outputs, fcnn_error *error);

void fcnn_graph_destroy(fcnn_graph *graph);

/* The node whose numbers node n hands on: itself, or where it only penalizes them one before it. */
static inline size_t fcnn_graph_origin(const fcnn_graph *graph, size_t n)
{
    while (graph->node[n].layer.penalizes)
        n = graph->node[n].input[0];
    return n;
}

/* Whether a node acts as in training where the network is run in this mode. */
static inline int fcnn_acts_as_in_training(const fcnn_node *node, fcnn_mode run)
{
    return (run == FCNN_UNTOLD || node->firm ? node->mode : run) == FCNN_AS_IN_TRAINING;
}

/* How often the output of node n is read, by nodes and as an output of the network; in *last, unless that is NULL, the
 * node that does so last, or 0 where that is the network. */
size_t fcnn_graph_users(const fcnn_graph *graph, size_t n, size_t *last);

static inline int fcnn_graph_is_owner(const fcnn_graph *graph, size_t node)
{
    return graph->node[node].instance == node;
}

#endif
