/* fuse.h - which neighbouring layers run as one step. A pattern only saves time: every layer also runs alone. */
#ifndef FCNN_FUSE_H
#define FCNN_FUSE_H

#include "graph.h"

/* What a plan is made for. */
typedef struct fcnn_purpose {
    fcnn_mode run;                   /* a layer that acts as in training looks at the batch, if its statistics move */
    int backward;                    /* with backward and gradients */
    int winograd;                    /* convolutions may run by Winograd's algorithm */
    const unsigned char *has_loss;   /* (outputs) */
    const unsigned char *absorbs;    /* (outputs) the loss reads the last layer's input, and does its backward, too */
    const unsigned char *trainable;  /* (nodes) which instances' gradients are wanted */
    const unsigned char *statistics; /* (nodes) which instances' statistics move */
} fcnn_purpose;

/* A step to be: from the nodes `input`, with the parameters of node `head`, to the output of node `tail`. */
typedef struct fcnn_operation {
    fcnn_layer *fused;       /* owned; NULL where the step is the node's own layer */
    int borrows;             /* fused->config is the node's */
    const fcnn_layer *layer; /* what runs */
    const fcnn_node *folded; /* the batch normalization that is multiplied into the parameters; NULL: none */
    size_t head, tail;
    size_t input[FCNN_MAX_INPUTS];
} fcnn_operation;

/* Whether a node looks at the whole batch. */
int fcnn_looks_at_the_batch(const fcnn_node *node, const fcnn_purpose *purpose);

/* operations (nodes, zeros) = the steps of the graph in the order of their tails, views left out; *count = how many.
 * The caller destroys them. */
fcnn_status fcnn_fuse(const fcnn_graph *graph, const fcnn_purpose *purpose, fcnn_operation *operations, size_t *count,
                      fcnn_error *error);

void fcnn_operation_destroy(fcnn_operation *operation);

#endif
