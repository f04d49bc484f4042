/* rmsprop.c - RMSprop. With gradient g:
 *
 *     v = rho v + (1 - rho) g^2
 *     d = v, or centered: a = rho a + (1 - rho) g,  d = v - a^2
 *     change = learning_rate g / sqrt(d + epsilon), or with momentum: m = momentum m + that,  change = m
 *     w = w - change
 *
 * Source: Tieleman and Hinton, Neural Networks for Machine Learning, lecture 6.5, 2012; epsilon is inside the root,
 * as in Keras.
 */
#include "registry.h"

enum { RHO, MOMENTUM, EPSILON };

static fcnn_status create(fcnn_optimizer *optimizer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {FCNN_OPTIMIZER_COMMON, "rho", "momentum", "epsilon", "centered", NULL};
    double *config = optimizer->config;
    config[RHO] = 0.9;
    config[EPSILON] = 1e-7;
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(fcnn_optimizer_read_decay(attributes, "rho", &config[RHO], error));
    FCNN_TRY(fcnn_attributes_optional_number(attributes, "momentum", 0.0, 1.0, &config[MOMENTUM], error));
    FCNN_TRY(fcnn_optimizer_read_epsilon(attributes, &config[EPSILON], error));
    FCNN_TRY(fcnn_attributes_optional_flag(attributes, "centered", &optimizer->flag, error));
    fcnn_optimizer_add_slot(optimizer, "velocity", 0.0);
    if (config[MOMENTUM] > 0.0)
        fcnn_optimizer_add_slot(optimizer, "momentum", 0.0);
    if (optimizer->flag)
        fcnn_optimizer_add_slot(optimizer, "average_gradient", 0.0);
    return FCNN_OK;
}

static int apply(const fcnn_optimizer *optimizer, const fcnn_kernels *kernels, const fcnn_update *update, size_t count,
                 float *w, const float *g, float *const slot[FCNN_MAX_SLOTS])
{
    const double *config = optimizer->config;
    const int has_momentum = config[MOMENTUM] > 0.0;
    return kernels->rmsprop(update, count, w, g, slot[0], has_momentum ? slot[1] : NULL,
                            optimizer->flag ? slot[has_momentum ? 2 : 1] : NULL, (float)config[RHO],
                            (float)(1.0 - config[RHO]), (float)config[MOMENTUM], (float)config[EPSILON]);
}

const fcnn_optimizer_class fcnn_rmsprop_class = {
    .type = "rmsprop",
    .create = create,
    .begin = fcnn_optimizer_take_rate,
    .apply = apply,
};
