/* pass.h - one pass over a batch, shared by run.c (the order of things), images.c (what happens to images), pieces.c
 * (what happens to parameters) and pass.c (what layers see of it). */
#ifndef FCNN_PASS_H
#define FCNN_PASS_H

#include "internal.h"

typedef struct fcnn_pass {
    fcnn_network *network;
    fcnn_engine *engine;
    const fcnn_batch *batch;
    fcnn_rows rows;      /* of the batch, or a stretch of them */
    size_t images;       /* of these */
    size_t first_output; /* the outputs' row for the first of them */
    size_t begin, end;   /* those of the block */
    size_t block;        /* of a block, at most */
    size_t group;
    size_t workers;              /* that may run at once */
    fcnn_mode run;               /* how nodes act */
    int scores;                  /* the losses and the metrics are wanted */
    int own_record;              /* every image keeps its record; else a worker has records for one group */
    const fcnn_phase *phase;     /* that runs */
    fcnn_optimizer_step *update; /* NULL: gradients only */
} fcnn_pass;

/* Where a tensor of the image whose record this is lies; NULL where there is no such tensor. */
static inline float *fcnn_tensor_at(float *record, const fcnn_buffer *buffer)
{
    return buffer ? record + buffer->offset : NULL;
}

/* What `step` sees of the images whose records begin at `records`. */
fcnn_io fcnn_pass_io(const fcnn_pass *pass, const fcnn_step *step, float *records, size_t first_image, size_t worker);

/* Bodies of parallel loops; the context is the pass. */

/* A group of images through all actions of the phase. */
fcnn_task fcnn_pass_group;
/* One part of the parameters of the phase's step, for some images. */
fcnn_task fcnn_pass_part;
/* One action of the phase. */
fcnn_task fcnn_pass_piece;

/* How often the body of the phase is to run. */
size_t fcnn_pass_count(const fcnn_pass *pass, const fcnn_phase *phase);

/* Re-lays the parameters that the worker has a copy of, if that was not done in this pass. */
void fcnn_pass_prepare_own(const fcnn_pass *pass, size_t worker);

#endif
