/* metric.c - finds and creates metrics. */
#include "metric.h"

#include "../base/find.h"
#include "registry.h"

FCNN_DEFINE_FIND(fcnn_metric_class, FCNN_METRIC_CLASSES)

fcnn_status fcnn_metric_create(fcnn_metric *metric, const fcnn_attributes *attributes, fcnn_error *error)
{
    const char *type;
    FCNN_TRY(fcnn_attributes_text(attributes, "type", &type, error));
    *metric = (fcnn_metric){.class = find(type)};
    if (!metric->class)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "metric '%.64s' is not known", type);
    FCNN_TRY(fcnn_attributes_optional_flag(attributes, "weighted", &metric->weighted, error));
    return metric->class->create(metric, attributes, error);
}
