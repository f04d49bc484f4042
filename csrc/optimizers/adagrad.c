/* adagrad.c - Adagrad. With gradient g:
 *
 *     a = a + g^2, from initial_accumulator_value on
 *     w = w - learning_rate g / sqrt(a + epsilon)
 *
 * Source: Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic optimization",
 * 2011.
 */
#include "registry.h"

enum { START, EPSILON };

static fcnn_status create(fcnn_optimizer *optimizer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {FCNN_OPTIMIZER_COMMON, "initial_accumulator_value", "epsilon", NULL};
    double *config = optimizer->config;
    config[START] = 0.1;
    config[EPSILON] = 1e-7;
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(
        fcnn_attributes_optional_number(attributes, "initial_accumulator_value", 0.0, 0x1p60, &config[START], error));
    FCNN_TRY(fcnn_optimizer_read_epsilon(attributes, &config[EPSILON], error));
    fcnn_optimizer_add_slot(optimizer, "accumulator", config[START]);
    return FCNN_OK;
}

static int apply(const fcnn_optimizer *optimizer, const fcnn_kernels *kernels, const fcnn_update *update, size_t count,
                 float *w, const float *g, float *const slot[FCNN_MAX_SLOTS])
{
    return kernels->adagrad(update, count, w, g, slot[0], (float)optimizer->config[EPSILON]);
}

const fcnn_optimizer_class fcnn_adagrad_class = {
    .type = "adagrad",
    .create = create,
    .begin = fcnn_optimizer_take_rate,
    .apply = apply,
};
