/* sgd.c - gradient descent, with momentum. With gradient g:
 *
 *     without momentum:  w = w - learning_rate g
 *     with:              m = momentum m - learning_rate g,  w = w + m
 *     nesterov:          the same m,                        w = w + momentum m - learning_rate g
 */
#include "registry.h"

enum { MOMENTUM };

static fcnn_status create(fcnn_optimizer *optimizer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {FCNN_OPTIMIZER_COMMON, "momentum", "nesterov", NULL};
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(fcnn_attributes_optional_number(attributes, "momentum", 0.0, 1.0, &optimizer->config[MOMENTUM], error));
    FCNN_TRY(fcnn_attributes_optional_flag(attributes, "nesterov", &optimizer->flag, error));
    if (optimizer->config[MOMENTUM] > 0.0)
        fcnn_optimizer_add_slot(optimizer, "momentum", 0.0);
    return FCNN_OK;
}

static int apply(const fcnn_optimizer *optimizer, const fcnn_kernels *kernels, const fcnn_update *update, size_t count,
                 float *w, const float *g, float *const slot[FCNN_MAX_SLOTS])
{
    return kernels->sgd(update, count, w, g, optimizer->config[MOMENTUM] > 0.0 ? slot[0] : NULL,
                        (float)optimizer->config[MOMENTUM], optimizer->flag);
}

const fcnn_optimizer_class fcnn_sgd_class = {
    .type = "sgd",
    .create = create,
    .begin = fcnn_optimizer_take_rate,
    .apply = apply,
};
