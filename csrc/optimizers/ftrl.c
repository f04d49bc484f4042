/* ftrl.c - Ftrl: follow the regularized leader. With gradient g and p = -learning_rate_power:
 *
 *     b = a + g^2, where a begins as initial_accumulator_value
 *     z = z + g + 2 l2_shrinkage w - (b^p - a^p) / learning_rate w
 *     w = (min(max(z, -l1), l1) - z) / (b^p / learning_rate + 2 l2 + beta / learning_rate)
 *     a = b
 *
 * Source: McMahan et al., "Ad click prediction: a view from the trenches", 2013.
 */
#include "registry.h"

enum { POWER, START, L1, L2, SHRINKAGE, BETA };
#define FTRL_NUMBERS                                                                                                \
    "learning_rate_power", "initial_accumulator_value", "l1_regularization_strength", "l2_regularization_strength", \
        "l2_shrinkage_regularization_strength", "beta"

static fcnn_status create(fcnn_optimizer *optimizer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {FCNN_OPTIMIZER_COMMON, FTRL_NUMBERS, NULL};
    static const char *const numbers[] = {FTRL_NUMBERS};
    const double most = 0x1p60;
    double *config = optimizer->config;
    config[POWER] = -0.5;
    config[START] = 0.1;
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    for (size_t n = POWER; n <= BETA; n++)
        FCNN_TRY(fcnn_attributes_optional_number(attributes, numbers[n], n == POWER ? -most : 0.0,
                                                 n == POWER ? 0.0 : most, &config[n], error));
    fcnn_optimizer_add_slot(optimizer, "accumulator", config[START]);
    fcnn_optimizer_add_slot(optimizer, "linear", 0.0);
    return FCNN_OK;
}

static int apply(const fcnn_optimizer *optimizer, const fcnn_kernels *kernels, const fcnn_update *update, size_t count,
                 float *w, const float *g, float *const slot[FCNN_MAX_SLOTS])
{
    const double *config = optimizer->config;
    const double l2 = 2.0 * config[L2] + config[BETA] / (double)update->rate;
    return kernels->ftrl(update, count, w, g, slot[0], slot[1], (float)-config[POWER], (float)config[L1], (float)l2,
                         (float)(2.0 * config[SHRINKAGE]));
}

const fcnn_optimizer_class fcnn_ftrl_class = {
    .type = "ftrl",
    .create = create,
    .begin = fcnn_optimizer_take_rate,
    .apply = apply,
};
