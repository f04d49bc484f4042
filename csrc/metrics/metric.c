/* metric.c - finds and creates metrics. */
#include "metric.h"

#include <string.h>

#include "registry.h"

#define ADDRESS(name) &fcnn_##name##_class,
static const fcnn_metric_class *const classes[] = {FCNN_METRIC_CLASSES(ADDRESS) NULL};

const fcnn_metric_class *fcnn_metric_find(const char *type)
{
    size_t i = 0;
    while (classes[i] && strcmp(classes[i]->type, type) != 0)
        i++;
    return classes[i];
}

fcnn_status fcnn_metric_create(fcnn_metric *metric, const fcnn_attributes *attributes, fcnn_error *error)
{
    const char *type;
    FCNN_TRY(fcnn_attributes_text(attributes, "type", &type, error));
    *metric = (fcnn_metric){.class = fcnn_metric_find(type)};
    if (!metric->class)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "metric '%.64s' is not known", type);
    if (fcnn_attributes_has(attributes, "weighted")) {
        size_t weighted;
        FCNN_TRY(fcnn_attributes_sizes(attributes, "weighted", 0, 1, &weighted, 1, error));
        metric->weighted = (int)weighted;
    }
    return metric->class->create(metric, attributes, error);
}
