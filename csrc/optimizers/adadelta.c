/* adadelta.c - Adadelta. With gradient g:
 *
 *     v = rho v + (1 - rho) g^2
 *     d = sqrt(x + epsilon) / sqrt(v + epsilon) g
 *     x = rho x + (1 - rho) d^2
 *     w = w - learning_rate d
 *
 * Source: Zeiler, "ADADELTA: an adaptive learning rate method", 2012.
 */
#include "registry.h"

enum { RHO, EPSILON };

static fcnn_status create(fcnn_optimizer *optimizer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {FCNN_OPTIMIZER_COMMON, "rho", "epsilon", NULL};
    double *config = optimizer->config;
    config[RHO] = 0.95;
    config[EPSILON] = 1e-7;
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(fcnn_optimizer_read_decay(attributes, "rho", &config[RHO], error));
    FCNN_TRY(fcnn_optimizer_read_epsilon(attributes, &config[EPSILON], error));
    fcnn_optimizer_add_slot(optimizer, "accumulated_grad", 0.0);
    fcnn_optimizer_add_slot(optimizer, "accumulated_delta_var", 0.0);
    return FCNN_OK;
}

static int apply(const fcnn_optimizer *optimizer, const fcnn_kernels *kernels, const fcnn_update *update, size_t count,
                 float *w, const float *g, float *const slot[FCNN_MAX_SLOTS])
{
    const double *config = optimizer->config;
    return kernels->adadelta(update, count, w, g, slot[0], slot[1], (float)config[RHO], (float)(1.0 - config[RHO]),
                             (float)config[EPSILON]);
}

const fcnn_optimizer_class fcnn_adadelta_class = {
    .type = "adadelta",
    .create = create,
    .begin = fcnn_optimizer_take_rate,
    .apply = apply,
};
