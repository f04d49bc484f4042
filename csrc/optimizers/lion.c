/* lion.c - Lion: steps of one size, in the direction of a mean of gradients. With gradient g:
 *
 *     w = w - learning_rate sign(beta_1 m + (1 - beta_1) g), the sign of 0 being 0
 *     m = beta_2 m + (1 - beta_2) g
 *
 * Source: Chen et al., "Symbolic discovery of optimization algorithms", 2023.
 */
#include "registry.h"

enum { BETA_1, BETA_2 };

static fcnn_status create(fcnn_optimizer *optimizer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {FCNN_OPTIMIZER_COMMON, "beta_1", "beta_2", NULL};
    double *config = optimizer->config;
    config[BETA_1] = 0.9;
    config[BETA_2] = 0.99;
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(fcnn_attributes_optional_number(attributes, "beta_1", 0.0, 1.0, &config[BETA_1], error));
    FCNN_TRY(fcnn_attributes_optional_number(attributes, "beta_2", 0.0, 1.0, &config[BETA_2], error));
    fcnn_optimizer_add_slot(optimizer, "momentum", 0.0);
    return FCNN_OK;
}

static int apply(const fcnn_optimizer *optimizer, const fcnn_kernels *kernels, const fcnn_update *update, size_t count,
                 float *w, const float *g, float *const slot[FCNN_MAX_SLOTS])
{
    const double *config = optimizer->config;
    return kernels->lion(update, count, w, g, slot[0], (float)config[BETA_1], (float)(1.0 - config[BETA_1]),
                         (float)config[BETA_2], (float)(1.0 - config[BETA_2]));
}

const fcnn_optimizer_class fcnn_lion_class = {
    .type = "lion",
    .create = create,
    .begin = fcnn_optimizer_take_rate,
    .apply = apply,
};
