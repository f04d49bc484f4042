/* loss.c - finds and creates losses, and what several of them share. */
#include "loss.h"

#include <float.h>

#include "../base/find.h"
#include "registry.h"

FCNN_DEFINE_FIND(fcnn_loss_class, FCNN_LOSS_CLASSES)

static fcnn_status read_common(fcnn_loss *loss, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const reductions[] = {"sum_over_batch_size", "sum", "mean_with_sample_weight", "none"};
    size_t reduction = FCNN_SUM_OVER_BATCH_SIZE;
    double factor = 1.0;
    if (fcnn_attributes_has(attributes, "reduction"))
        FCNN_TRY(fcnn_attributes_choice(attributes, "reduction", reductions, 4, &reduction, error));
    FCNN_TRY(fcnn_attributes_optional_number(attributes, "factor", -0x1p60, 0x1p60, &factor, error));
    loss->reduction = (fcnn_reduction)reduction;
    loss->factor = (float)factor;
    return FCNN_OK;
}

fcnn_status fcnn_loss_create(fcnn_loss *loss, const fcnn_attributes *attributes, fcnn_error *error)
{
    const char *type;
    FCNN_TRY(fcnn_attributes_text(attributes, "type", &type, error));
    *loss = (fcnn_loss){.class = find(type)};
    if (!loss->class)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "loss '%.64s' is not known", type);
    FCNN_TRY(read_common(loss, attributes, error));
    return loss->class->create(loss, attributes, error);
}

static fcnn_status read_axes(fcnn_loss *loss, const fcnn_attributes *attributes, fcnn_error *error)
{
    const double *axes;
    if (!fcnn_attributes_has(attributes, "axis"))
        return FCNN_OK;
    FCNN_TRY(fcnn_attributes_numbers(attributes, "axis", -FCNN_MAX_RANK - 1, FCNN_MAX_RANK, &axes, &loss->axes, error));
    if (loss->axes > FCNN_MAX_RANK + 1)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "`axis` has %zu numbers; at most %d are supported", loss->axes,
                         FCNN_MAX_RANK + 1);
    for (size_t i = 0; i < loss->axes; i++)
        loss->axis[i] = (int)axes[i];
    return FCNN_OK;
}

fcnn_status fcnn_loss_read_options(fcnn_loss *loss, const fcnn_attributes *attributes, fcnn_error *error)
{
    double smoothing = 0.0;
    FCNN_TRY(fcnn_attributes_optional_flag(attributes, "from_logits", &loss->from_logits, error));
    FCNN_TRY(fcnn_attributes_optional_number(attributes, "label_smoothing", 0.0, 1.0, &smoothing, error));
    loss->label_smoothing = (float)smoothing;
    return read_axes(loss, attributes, error);
}

fcnn_status fcnn_loss_read_numbers(fcnn_loss *loss, const fcnn_attributes *attributes, const fcnn_loss_number *numbers,
                                   size_t count, fcnn_error *error)
{
    for (size_t i = 0; i < count; i++) {
        double value = numbers[i].otherwise;
        FCNN_TRY(fcnn_attributes_optional_number(attributes, numbers[i].name, numbers[i].low, numbers[i].high, &value,
                                                 error));
        loss->parameter[i] = (float)value;
    }
    return FCNN_OK;
}

/* ---- its output and its targets ---- */

fcnn_status fcnn_loss_axis(const fcnn_loss *loss, size_t i, const fcnn_shape *output, size_t *axis, fcnn_error *error)
{
    const int rank = (int)output->rank + 1, given = loss->axis[i], found = given < 0 ? given + rank : given;
    if (found < 0 || found >= rank)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "%s: axis is %d; the output has %d axes, with the batch's",
                         loss->class->type, given, rank);
    *axis = (size_t)found;
    return FCNN_OK;
}

fcnn_status fcnn_loss_fit(fcnn_loss *loss, const fcnn_shape *output, fcnn_error *error)
{
    loss->values = output->rank == 0 ? 1 : fcnn_shape_size(output) / output->extent[output->rank - 1];
    if (loss->class->fit)
        return loss->class->fit(loss, output, error);
    for (size_t i = 0; i < loss->axes; i++) {
        size_t axis = 0;
        FCNN_TRY(fcnn_loss_axis(loss, i, output, &axis, error));
        if (axis != output->rank)
            return fcnn_fail(error, FCNN_E_ARGUMENT,
                             "%s: axis is %d; a model is trained along the last axis, which is -1 or %zu",
                             loss->class->type, loss->axis[i], output->rank);
    }
    return FCNN_OK;
}

double fcnn_loss_counted(const fcnn_loss *loss, size_t rows, const int32_t *labels)
{
    size_t counted = 0;
    if (!loss->ignores)
        return 1.0;
    for (size_t r = 0; r < rows; r++)
        counted += labels[r] != loss->ignored;
    return (double)counted / (double)rows;
}

/* ---- losses of single numbers ---- */

double fcnn_loss_of_all(const fcnn_loss *loss, const fcnn_kernels *kernels, size_t count, const float *prediction,
                        const float *target, float share, float *gradient, fcnn_loss_of_numbers *function)
{
    double sum = 0.0;
    for (size_t begin = 0; begin < count; begin += FCNN_STRETCH_OF_LOSS) {
        const size_t left = count - begin, some = left < FCNN_STRETCH_OF_LOSS ? left : FCNN_STRETCH_OF_LOSS;
        float value[FCNN_STRETCH_OF_LOSS], slope[FCNN_STRETCH_OF_LOSS];
        function(loss, kernels, some, prediction + begin, target + begin, value, slope);
        for (size_t i = 0; i < some; i++)
            sum += value[i];
        for (size_t i = 0; gradient && i < some; i++)
            gradient[begin + i] = share * slope[i];
    }
    return sum;
}

void fcnn_loss_power(const fcnn_kernels *kernels, size_t count, const float *x, float exponent, float *y)
{
    static const fcnn_activation_spec exponential = {.function = FCNN_EXPONENTIAL};
    for (size_t i = 0; i < count; i++)
        y[i] = x[i] < FLT_MIN ? FLT_MIN : x[i];
    kernels->logarithm(count, y, y);
    kernels->scale_offset(count, y, exponent, 0.0f, y);
    kernels->activation_forward(&exponential, count, y, y);
}
