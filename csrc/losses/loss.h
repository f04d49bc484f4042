/* loss.h - what every loss is: a value and a gradient for one image's prediction and target.
 *
 * Predictions are seen as `rows` rows of `classes` numbers (rows is 1 unless the output has more than one axis); an
 * image's value is the mean over its rows, as Keras's sum_over_batch_size has it for unweighted images.
 */
#ifndef FCNN_LOSS_H
#define FCNN_LOSS_H

#include <stddef.h>
#include <stdint.h>

#include "../base/attributes.h"
#include "../base/shape.h"
#include "../base/status.h"
#include "../kernels/kernels.h"

typedef enum fcnn_target { FCNN_TARGET_LABELS, FCNN_TARGET_VALUES } fcnn_target;

/* How the values of a batch's images become one, as Keras has it; the gradient is that of what they become. */
typedef enum fcnn_reduction {
    FCNN_SUM_OVER_BATCH_SIZE,     /* sum of weight x value / images */
    FCNN_SUM,                     /* sum of weight x value x rows: of every single loss */
    FCNN_MEAN_WITH_SAMPLE_WEIGHT, /* sum of weight x value / sum of weights; 0 where that is 0 */
    FCNN_NONE                     /* what is reported is as with SUM_OVER_BATCH_SIZE, the gradient as with SUM */
} fcnn_reduction;

enum { FCNN_LOSS_PARAMETERS = 3 };

typedef struct fcnn_loss fcnn_loss;

typedef struct fcnn_loss_class {
    const char *type;   /* "sparse_categorical_crossentropy" */
    fcnn_target target; /* LABELS: (rows) int32 in [0, classes); VALUES: (rows, classes) float */
    int takes_logits;   /* computed from what goes into the model's final softmax or sigmoid */
    int of_sigmoid;     /* where it takes logits: only of a sigmoid */

    fcnn_status (*create)(fcnn_loss *loss, const fcnn_attributes *attributes, fcnn_error *error);

    /* NULL, or takes over the shape of the output, and refuses one that it is not for. */
    fcnn_status (*fit)(fcnn_loss *loss, const fcnn_shape *output, fcnn_error *error);

    /* NULL, or looks at all targets of a batch before its images are evaluated. */
    void (*look)(fcnn_loss *loss, size_t count, const float *targets);

    /* Returns the value. Where gradient is not NULL, also gradient (rows, classes) = scale * d value / d prediction.
     * Where loss->from_logits, prediction holds logits. gradient == prediction is allowed. */
    float (*evaluate)(const fcnn_loss *loss, const fcnn_kernels *kernels, size_t rows, size_t classes,
                      const float *prediction,   // (rows, classes)
                      const void *target,        // (rows) int32 or (rows, classes) float
                      float scale, float *gradient);
} fcnn_loss_class;

struct fcnn_loss {
    const fcnn_loss_class *class;
    fcnn_reduction reduction;
    float factor;    /* of the value and the gradient: compile's loss_weights */
    int from_logits; /* asked for by the user, or set by the network when the last layer's input is taken */
    float label_smoothing;
    float parameter[FCNN_LOSS_PARAMETERS]; /* the class's own numbers, e.g. huber's delta */
    int ignores;                           /* rows whose label is `ignored` have no loss, and do not count */
    int32_t ignored;
    size_t axes; /* given axes, which count the batch's; below 0 from the end */
    int axis[FCNN_MAX_RANK + 1];
    size_t values;     /* of the losses that an image has: one a row, or what `fit` says */
    fcnn_shape shape;  /* of the output, neighbours made one where the class treats them alike: overlap.c */
    unsigned summed;   /* a bit for each axis of `shape` that is summed over */
    int yes_no_labels; /* every target of the batch is 0 or 1: hinge.c */
};

/* How many images the rows with a loss make, of one with these labels: 1 unless some are ignored. */
double fcnn_loss_counted(const fcnn_loss *loss, size_t rows, const int32_t *labels);

/* Fits a loss to the shape of an output, before it is evaluated. */
fcnn_status fcnn_loss_fit(fcnn_loss *loss, const fcnn_shape *output, fcnn_error *error);

/* Fills *loss from attributes: "type", "reduction", "factor" (1 where it is not given) and the class's own. */
fcnn_status fcnn_loss_create(fcnn_loss *loss, const fcnn_attributes *attributes, fcnn_error *error);

#endif
