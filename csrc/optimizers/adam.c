/* adam.c - Adam, and AMSGrad. In step t, with gradient g:
 *
 *     m = m + (g - m) (1 - beta_1)
 *     v = v + (g^2 - v) (1 - beta_2)
 *     w = w - learning_rate sqrt(1 - beta_2^t) / (1 - beta_1^t) m / (sqrt(v) + epsilon)
 *
 * AMSGrad divides by the largest v so far. Sources: Kingma and Ba, "Adam: a method for stochastic optimization", 2014;
 * Reddi et al., "On the convergence of Adam and beyond", 2018.
 */
#include <math.h>

#include "registry.h"

enum { BETA_1, BETA_2, EPSILON };

static fcnn_status create(fcnn_optimizer *optimizer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {FCNN_OPTIMIZER_COMMON, "beta_1", "beta_2", "epsilon", "amsgrad", NULL};
    double *config = optimizer->config;
    config[BETA_1] = 0.9;
    config[BETA_2] = 0.999;
    config[EPSILON] = 1e-7;
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(fcnn_optimizer_read_decay(attributes, "beta_1", &config[BETA_1], error));
    FCNN_TRY(fcnn_optimizer_read_decay(attributes, "beta_2", &config[BETA_2], error));
    FCNN_TRY(fcnn_optimizer_read_epsilon(attributes, &config[EPSILON], error));
    FCNN_TRY(fcnn_attributes_optional_flag(attributes, "amsgrad", &optimizer->flag, error));
    fcnn_optimizer_add_slot(optimizer, "momentum", 0.0);
    fcnn_optimizer_add_slot(optimizer, "velocity", 0.0);
    if (optimizer->flag)
        fcnn_optimizer_add_slot(optimizer, "velocity_hat", 0.0);
    return FCNN_OK;
}

static void begin(const fcnn_optimizer *optimizer, double learning_rate, unsigned long long step, fcnn_update *update)
{
    const double power_1 = pow(optimizer->config[BETA_1], (double)step);
    const double power_2 = pow(optimizer->config[BETA_2], (double)step);
    update->rate = (float)(learning_rate * sqrt(1.0 - power_2) / (1.0 - power_1));
}

static int apply(const fcnn_optimizer *optimizer, const fcnn_kernels *kernels, const fcnn_update *update, size_t count,
                 float *w, const float *g, float *const slot[FCNN_MAX_SLOTS])
{
    const double *config = optimizer->config;
    return kernels->adam(update, count, w, g, slot[0], slot[1], optimizer->flag ? slot[2] : NULL,
                         (float)(1.0 - config[BETA_1]), (float)(1.0 - config[BETA_2]), (float)config[EPSILON]);
}

const fcnn_optimizer_class fcnn_adam_class = {
    .type = "adam",
    .create = create,
    .begin = begin,
    .apply = apply,
};
