/* registry.h - every metric class; one line each. */
#ifndef FCNN_METRIC_REGISTRY_H
#define FCNN_METRIC_REGISTRY_H

#include "metric.h"

/* A new class is one more line here. */
#define FCNN_METRIC_CLASSES(EACH)           \
    EACH(sparse_categorical_accuracy)       \
    EACH(categorical_accuracy)              \
    EACH(binary_accuracy)                   \
    EACH(sparse_top_k_categorical_accuracy) \
    EACH(top_k_categorical_accuracy)

#define FCNN_DECLARE_METRIC(name) extern const fcnn_metric_class fcnn_##name##_class;
FCNN_METRIC_CLASSES(FCNN_DECLARE_METRIC)

#endif
