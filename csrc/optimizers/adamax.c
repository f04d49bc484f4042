/* adamax.c - Adamax: Adam with the largest gradient, fading, in place of the mean square. In step t, with gradient g:
 *
 *     m = m + (g - m) (1 - beta_1)
 *     u = max(beta_2 u, |g|)
 *     w = w - learning_rate / (1 - beta_1^t) m / (u + epsilon)
 *
 * Source: Kingma and Ba, "Adam: a method for stochastic optimization", 2014.
 */
#include <math.h>

#include "registry.h"

enum { BETA_1, BETA_2, EPSILON };

static fcnn_status create(fcnn_optimizer *optimizer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {FCNN_OPTIMIZER_COMMON, "beta_1", "beta_2", "epsilon", NULL};
    double *config = optimizer->config;
    config[BETA_1] = 0.9;
    config[BETA_2] = 0.999;
    config[EPSILON] = 1e-7;
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(fcnn_optimizer_read_decay(attributes, "beta_1", &config[BETA_1], error));
    FCNN_TRY(fcnn_optimizer_read_decay(attributes, "beta_2", &config[BETA_2], error));
    FCNN_TRY(fcnn_optimizer_read_epsilon(attributes, &config[EPSILON], error));
    fcnn_optimizer_add_slot(optimizer, "momentum", 0.0);
    fcnn_optimizer_add_slot(optimizer, "norm", 0.0);
    return FCNN_OK;
}

static void begin(const fcnn_optimizer *optimizer, double learning_rate, unsigned long long step, fcnn_update *update)
{
    update->rate = (float)(learning_rate / (1.0 - pow(optimizer->config[BETA_1], (double)step)));
}

static int apply(const fcnn_optimizer *optimizer, const fcnn_kernels *kernels, const fcnn_update *update, size_t count,
                 float *w, const float *g, float *const slot[FCNN_MAX_SLOTS])
{
    const double *config = optimizer->config;
    return kernels->adamax(update, count, w, g, slot[0], slot[1], (float)(1.0 - config[BETA_1]), (float)config[BETA_2],
                           (float)config[EPSILON]);
}

const fcnn_optimizer_class fcnn_adamax_class = {
    .type = "adamax",
    .create = create,
    .begin = begin,
    .apply = apply,
};
