/* metric.h - numbers that are counted while a batch is in the cache: the accuracy family.
 *
 * A metric maps one image's prediction and target to a number; the network sums them (as doubles, in order of images)
 * and Python divides.
 */
#ifndef FCNN_METRIC_H
#define FCNN_METRIC_H

#include <stddef.h>
#include <stdint.h>

#include "../base/attributes.h"
#include "../base/status.h"

typedef struct fcnn_metric fcnn_metric;

typedef struct fcnn_metric_class {
    const char *type; /* "sparse_categorical_accuracy" */
    int reads_labels; /* target: (rows) int32 rather than (rows, classes) float */
    fcnn_status (*create)(fcnn_metric *metric, const fcnn_attributes *attributes, fcnn_error *error);
    /* The mean over the image's rows. */
    float (*evaluate)(const fcnn_metric *metric, size_t rows, size_t classes,
                      const float *prediction,   // (rows, classes), after the final activation
                      const void *target);
} fcnn_metric_class;

struct fcnn_metric {
    const fcnn_metric_class *class;
    float threshold; /* binary_accuracy */
    size_t k;        /* top-k */
    int weighted;    /* count images with their sample weight */
};

/* Fills *metric from attributes: "type", "weighted" (bool) and the class's own. */
fcnn_status fcnn_metric_create(fcnn_metric *metric, const fcnn_attributes *attributes, fcnn_error *error);

#endif
