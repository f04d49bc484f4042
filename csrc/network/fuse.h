/* fuse.h - which neighbouring layers run as one step. A pattern only saves time: every layer also runs alone. */
#ifndef FCNN_FUSE_H
#define FCNN_FUSE_H

#include "graph.h"

/* A step to be: from the inputs and parameters of node `head` to the output of node `tail`. */
typedef struct fcnn_operation {
    fcnn_layer *fused;       /* owned; NULL where the step is the node's own layer */
    const fcnn_layer *layer; /* what runs */
    size_t head, tail;
} fcnn_operation;

/* operations (nodes) = the steps of the graph in order, views left out; *count = how many. The caller destroys them. */
fcnn_status fcnn_fuse(const fcnn_graph *graph, fcnn_operation *operations, size_t *count, fcnn_error *error);

void fcnn_operation_destroy(fcnn_operation *operation);

#endif
