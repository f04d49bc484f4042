/* layer.h - what every layer is: shapes at creation, then forward, backward and parameter gradients over a batch.
 *
 * A layer is created once, from its input shapes and attributes, and never changes afterwards: parameters, activations
 * and gradients belong to the network, which passes them in an fcnn_io. So one layer may run on several threads at
 * once.
 *
 * Memory. Each image of a batch has one record: a stretch of floats in which the plan gives every tensor a place. So in
 * every per-image buffer below, image i is found `stride` floats after image i - 1, and buffers need not be dense
 * across images.
 *
 * Work is divided in two ways, and neither changes a bit of the result:
 *   - forward and backward run over images: each image's numbers depend on that image alone. Where a layer runs in
 *     parts they run over its parameters first, for all images, with the same result;
 *   - gradient runs over shards of parameters: each parameter's sum runs over the images in order, inside one shard.
 * A layer with many parameters may run in parts: the shards are dealt out to FCNN_PARTS parts, y is the sum of what
 * each part adds to it, and dx is found with the gradients. In training each core then reads and updates its own parts
 * only, for all images.
 * A layer may pack what its products read of all images, and then run forward in shards, too, for all of them.
 */
#ifndef FCNN_LAYER_H
#define FCNN_LAYER_H

#include <stddef.h>
#include <stdint.h>

#include "../base/attributes.h"
#include "../base/shape.h"
#include "../base/status.h"
#include "../kernels/bfloat16.h"
#include "../kernels/kernels.h"

enum { FCNN_PARTS = 4 };
#define FCNN_MOST_PARAMETERS ((size_t)1 << 32) /* of a network */
enum { FCNN_MAX_INPUTS = 16, FCNN_MAX_PARAMETERS = 4, FCNN_NAME_SIZE = 64 };

typedef struct fcnn_layer fcnn_layer;

/* The place for gradients of a layer's parameters. */
typedef struct fcnn_gradient {
    float *values;  /* laid out as the parameters, from number `begin` on */
    size_t begin;   /* 0 where gradient_range is NULL, else at most the shard's first parameter */
    int accumulate; /* to be added to what is there, of images before these */
    float *updated; /* the parameters, where they are updated right after their gradients; else NULL */
} fcnn_gradient;

/* One batch as one layer sees it. */
typedef struct fcnn_io {
    const fcnn_kernels *kernels;
    const fcnn_bfloat16 *bfloat16;   /* for layers that say so */
    size_t stride;                   /* floats from one image to the next, in x, y, dy, dx and saved */
    const float *x[FCNN_MAX_INPUTS]; /* inputs */
    float *y;                        /* output */
    /* (FCNN_PARTS - 1, size of y): what the parts but the first add to y; forward then only adds them up, as
     * forward_part has run. NULL: forward does all. */
    float *parts;
    const float *dy;            /* gradient of the loss with respect to y */
    float *dx[FCNN_MAX_INPUTS]; /* to be written (not added to); NULL where nobody needs it */
    float *saved;    /* layer->saved floats an image, from forward to backward and gradient; NULL: no such follow */
    float *observed; /* layer->observed floats an image: see observe */
    float *settled;  /* layer->settled floats; NULL: the layer does not look at the batch */
    const float *parameters; /* the layer's own, as the specs lay them out */
    fcnn_gradient gradient;  /* where `gradient` puts what it finds */
    float *prepared;         /* layer->prepared floats: written by prepare, read by forward and backward */
    float *packed;           /* layer->packed floats an image of the block, whole tiles: see pack_forward */
    float *scratch;          /* layer->scratch floats of this worker; content undefined on entry */
    size_t used[2];          /* lines and columns of y that anyone reads: see input_used */
    int training;            /* dropout acts */
    uint64_t random_step;    /* training: counts the steps */
    size_t first_image;      /* index in the batch of image 0 here (for random numbers) */
    size_t batch;            /* images of the whole batch */
    double *penalty;         /* of a layer that penalizes: one an image, for forward to write */
} fcnn_io;

typedef struct fcnn_parameter {
    const char *name; /* Keras's: "kernel", "bias" */
    fcnn_shape shape; /* Keras's: (KH, KW, C, O), (O) */
    size_t offset;    /* floats from the layer's first parameter */
    int statistic;    /* moved by what batches are like, not by gradients */
} fcnn_parameter;

typedef struct fcnn_layer_class {
    const char *type; /* the registry's key: "conv2d" */

    /* layer->inputs and layer->input[] are set; checks the attributes and fills in everything else. On failure the
     * caller destroys the layer. */
    fcnn_status (*create)(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error);

    /* Frees layer->config. NULL: fcnn_release does. */
    void (*destroy)(fcnn_layer *layer);

    /* Re-lays parameters into io->prepared, one call for each shard < layer->prepare_shards. NULL: nothing to do. */
    void (*prepare)(const fcnn_layer *layer, const fcnn_io *io, size_t shard);

    /* y from x, for images 0 .. images-1 of io. */
    void (*forward)(const fcnn_layer *layer, const fcnn_io *io, size_t images);

    /* dx from dy (and x, y, saved as layer->backward_reads says). Not called where no dx is wanted. */
    void (*backward)(const fcnn_layer *layer, const fcnn_io *io, size_t images);

    /* gradients of one shard < layer->gradient_shards, summed over the images of io in order (all of a block, or one
     * alone). NULL: no parameters. Added to where io->gradient.accumulate; every parameter is written by exactly one
     * shard. */
    void (*gradient)(const fcnn_layer *layer, const fcnn_io *io, size_t images, size_t shard);

    /* Of a layer that runs in parts. Part p's share of y: of part 0 into y, of the others into io->parts. */
    void (*forward_part)(const fcnn_layer *layer, const fcnn_io *io, size_t images, size_t part);

    /* What backward and gradient do, at once: dx of the inputs that the shard's parameters belong to, but 0 where x is
     * 0. */
    void (*backward_gradient)(const fcnn_layer *layer, const fcnn_io *io, size_t images, size_t shard);

    /* Of a layer with layer->packed. pack_forward: io->packed = x, for all images of a block, one call for each shard <
     * layer->pack_shards[0]. forward_shard, when all have been packed: some of each image's y, one call for each shard
     * < layer->forward_shards; together they do what forward does. pack_backward: io->packed = dy, likewise, in
     * layer->pack_shards[1]; backward_gradient looks there for it, and finds dx where io->dx[0] is wanted. */
    void (*pack_forward)(const fcnn_layer *layer, const fcnn_io *io, size_t images, size_t shard);
    void (*forward_shard)(const fcnn_layer *layer, const fcnn_io *io, size_t images, size_t shard);
    void (*pack_backward)(const fcnn_layer *layer, const fcnn_io *io, size_t images, size_t shard);

    /* Of a layer that looks at the whole batch, in training or always. observe: io->observed = what each image
     * adds; settle, when all images have been observed: joins it, image by image in order, into io->settled, one
     * call for each shard < layer->settle_shards. Forward comes afterwards. */
    void (*observe)(const fcnn_layer *layer, const fcnn_io *io, size_t images);
    void (*settle)(const fcnn_layer *layer, const fcnn_io *io, size_t images, size_t shard);

    /* The same before backward: observe_backward looks at x, dy and io->settled. settle_backward also writes the
     * gradients of the parameters, where io->gradient.values is not NULL. */
    void (*observe_backward)(const fcnn_layer *layer, const fcnn_io *io, size_t images);
    void (*settle_backward)(const fcnn_layer *layer, const fcnn_io *io, size_t images, size_t shard);

    /* After a step of training: moves the statistics among the parameters towards those of the batch. */
    void (*move_statistics)(const fcnn_layer *layer, const fcnn_io *io, size_t images, float *parameters);

    /* [*begin, *end) = the parameters that `shard` completes, where they are contiguous: their gradients need no place
     * of their own, and they are updated while those are in the cache. NULL, and where layer->interleaved: they are
     * updated after all shards. */
    void (*gradient_range)(const fcnn_layer *layer, size_t shard, size_t *begin, size_t *end);

    /* in[0], [1] = lines and columns of the input that are read where only `used` lines and columns of the output are
     * wanted; the rest of y and of dx may be left undefined. NULL: all are read, and all of the output is written. */
    void (*input_used)(const fcnn_layer *layer, const size_t used[2], size_t in[2]);

    /* *limited = the layer, with a config of its own, and with a ReLU behind it where limits.apply, for inference.
     * NULL: the ReLU runs alone. */
    fcnn_status (*limit)(const fcnn_layer *layer, fcnn_limits limits, fcnn_layer *limited, fcnn_error *error);

    /* Lets a layer that nobody else has run by Winograd's algorithm where that is cheaper; it rounds more. NULL: never.
     */
    void (*quicken)(fcnn_layer *layer);
} fcnn_layer_class;

enum { FCNN_READS_X = 1, FCNN_READS_Y = 2, FCNN_GRADIENT_READS_Y = 4, FCNN_READS_FIRST_X = 8 };

struct fcnn_layer {
    const fcnn_layer_class *class;
    char name[FCNN_NAME_SIZE]; /* for messages: the user's layer, e.g. "conv2d_1" */
    size_t inputs;
    fcnn_shape input[FCNN_MAX_INPUTS];
    fcnn_shape output;
    size_t parameters;
    fcnn_parameter parameter[FCNN_MAX_PARAMETERS];
    size_t saved;     /* floats an image keeps from forward to backward or gradient */
    size_t scratch;   /* floats a worker needs during one call */
    size_t prepared;  /* floats of re-laid parameters */
    size_t observed;  /* floats an image adds to what is settled; 0: the layer does not look at the batch */
    int looks_always; /* at the batch, in inference too, and where statistics do not move */
    size_t settled;   /* floats that are settled, forward and backward */
    size_t packed;    /* floats that an image of a block takes where it is packed */
    int bfloat16; /* io->bfloat16 is needed; gradients add up FCNN_TILE_DEPTH images first, where an image is a row */
    size_t prepare_shards;
    size_t gradient_shards;
    size_t forward_shards, pack_shards[2];
    size_t settle_shards;
    /* FCNN_READS_...: what backward looks at besides dy and saved: of x all, or the first input only. gradient reads
     * x, or where FCNN_READS_FIRST_X the first, and y where FCNN_GRADIENT_READS_Y. */
    int backward_reads;
    int in_parts;           /* large enough for forward_part and backward_gradient, with nothing to prepare */
    int in_place;           /* forward may be given y == x, and backward dx == dy */
    int dx_in_place;        /* backward may be given dx == dy, for one of the inputs */
    int interleaved;        /* the parameters of a shard are not contiguous */
    int view;               /* y is x under another shape: neither forward nor backward is called */
    int penalizes;          /* y is x, with a penalty for it; backward may be given no dy, and then dx is its alone */
    int zero_is_dead;       /* where y is 0, backward passes no gradient on */
    int keeps_zeros;        /* where y is 0, backward passes gradients only to zeros of x */
    const char *activation; /* "softmax" or "sigmoid": the layer is just that, which a loss can absorb; else NULL */
    void *config;           /* the class's own, from fcnn_allocate */
};

/* *copy = the layer, with a config of its own: the first `size` bytes of the layer's. */
fcnn_status fcnn_layer_copy(const fcnn_layer *layer, size_t size, fcnn_layer *copy, fcnn_error *error);

/* What gradient_range says of a shard; false where nothing is said. */
int fcnn_layer_range(const fcnn_layer *layer, size_t shard, size_t *begin, size_t *end);

/* Total number of parameters. */
size_t fcnn_layer_parameter_size(const fcnn_layer *layer);

/* Whether the layer keeps what its class promises: shapes and parameters of a size that can be counted, a gradient for
 * its parameters, each of them in exactly one shard. */
fcnn_status fcnn_layer_check(const fcnn_layer *layer, fcnn_error *error);

/* Appends a parameter of `shape`; for create(). */
void fcnn_layer_add_parameter(fcnn_layer *layer, const char *name, const fcnn_shape *shape);

/* The first of the shards of part number `part`; of FCNN_PARTS: how many shards there are. */
size_t fcnn_layer_part(const fcnn_layer *layer, size_t part);

/* The class called `type`, or NULL. */
const fcnn_layer_class *fcnn_layer_find(const char *type);

#endif
