/* registry.h - every metric class; metric.c looks them up by type. */
#ifndef FCNN_METRIC_REGISTRY_H
#define FCNN_METRIC_REGISTRY_H

#include "metric.h"

extern const fcnn_metric_class fcnn_sparse_categorical_accuracy_class;
extern const fcnn_metric_class fcnn_categorical_accuracy_class;
extern const fcnn_metric_class fcnn_binary_accuracy_class;
extern const fcnn_metric_class fcnn_sparse_top_k_categorical_accuracy_class;
extern const fcnn_metric_class fcnn_top_k_categorical_accuracy_class;

#endif
