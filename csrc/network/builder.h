/* builder.h - a plan in the making, shared by tensors.c (steps, and where their numbers are) and phases.c (when they
 * run). */
#ifndef FCNN_BUILDER_H
#define FCNN_BUILDER_H

#include "plan.h"

/* The two buffers of a tensor: its value and its gradient. */
typedef struct fcnn_tensor {
    fcnn_buffer *value, *gradient; /* gradient NULL: nobody wants it */
    size_t users;                  /* steps and outputs of the network */
    int gradient_begun;            /* one user has written it */
} fcnn_tensor;

typedef struct fcnn_builder {
    const fcnn_graph *graph;
    const fcnn_purpose *purpose;
    fcnn_plan *plan;
    size_t *root;              /* (nodes) the node whose tensor a node's output is */
    fcnn_tensor *tensors;      /* (nodes), by root */
    size_t *uses;              /* (nodes) of an instance's parameters */
    unsigned char *upstream;   /* (nodes) whether a trainable parameter lies at or before the node */
    unsigned char *downstream; /* (nodes) whether a loss or a penalty depends on the node's output */
    size_t (*used)[2];         /* (nodes) lines and columns of a tensor that anyone reads, by root */
    size_t buffers;
    size_t end; /* the last moment */
} fcnn_builder;

/* Fills the plan's steps, inputs and outputs, and places their buffers in a record. Operations are there. */
void fcnn_build_steps(fcnn_builder *b);

/* Lists the plan's actions and phases. Steps are there. */
fcnn_status fcnn_build_phases(fcnn_builder *b, fcnn_error *error);

#endif
