/* value.c - the prediction is the loss itself: what the network makes of predictions and targets, for losses that users
 * write. The mean of its numbers; the target is not looked at. */
#include "registry.h"

static fcnn_status create(fcnn_loss *loss, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {FCNN_LOSS_COMMON, NULL};
    (void)loss;
    return fcnn_attributes_expect(attributes, names, error);
}

static float evaluate(const fcnn_loss *loss, const fcnn_kernels *kernels, size_t rows, size_t classes,
                      const float *prediction, const void *target, float scale, float *gradient)
{
    const size_t count = rows * classes;
    double sum = 0.0;
    (void)loss, (void)kernels, (void)target;
    for (size_t i = 0; i < count; i++)
        sum += (double)prediction[i];
    for (size_t i = 0; gradient && i < count; i++)
        gradient[i] = scale / (float)count;
    return (float)(sum / (double)count);
}

const fcnn_loss_class fcnn_value_class = {
    .type = "value",
    .target = FCNN_TARGET_VALUES,
    .create = create,
    .evaluate = evaluate,
};
