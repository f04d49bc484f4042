/* nadam.c - Nadam: Adam with Nesterov's momentum. In step t, with gradient g:
 *
 *     m = m + (g - m) (1 - beta_1)
 *     v = v + (g^2 - v) (1 - beta_2)
 *     u_t = beta_1 (1 - 0.96^t / 2),  p_t = u_1 u_2 ... u_t
 *     a = u_{t+1} m / (1 - p_{t+1}) + (1 - u_t) g / (1 - p_t)
 *     w = w - learning_rate a / (sqrt(v / (1 - beta_2^t)) + epsilon)
 *
 * The product is that of this beta_1, whatever beta_1 was in earlier steps. Source: Dozat, "Incorporating Nesterov
 * momentum into Adam", 2016.
 */
#include <math.h>

#include "registry.h"

enum { BETA_1, BETA_2, EPSILON };
enum { WARM_UP = 1000 }; /* 1 - 0.96^t / 2 is 1 in double from here on */

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
    fcnn_optimizer_add_slot(optimizer, "velocity", 0.0);
    return FCNN_OK;
}

static double momentum_of_step(double beta_1, double step) { return beta_1 * (1.0 - 0.5 * pow(0.96, step)); }

/* The product of the momenta of the steps 1 to `step`. */
static double product_of_momenta(double beta_1, unsigned long long step)
{
    double product = pow(beta_1, (double)step);
    for (unsigned long long i = 1; i <= step && i < WARM_UP; i++)
        product *= momentum_of_step(1.0, (double)i);
    return product;
}

static void begin(const fcnn_optimizer *optimizer, double learning_rate, unsigned long long step, fcnn_update *update)
{
    const double beta_1 = optimizer->config[BETA_1];
    const double now = momentum_of_step(beta_1, (double)step), next = momentum_of_step(beta_1, (double)step + 1.0);
    const double product = product_of_momenta(beta_1, step);
    const double root = sqrt(1.0 - pow(optimizer->config[BETA_2], (double)step));
    update->rate = (float)(learning_rate * root * next / (1.0 - product * next));
    update->rate_of_gradient = (float)(learning_rate * root * (1.0 - now) / (1.0 - product));
    update->epsilon = (float)(optimizer->config[EPSILON] * root);
}

static int apply(const fcnn_optimizer *optimizer, const fcnn_kernels *kernels, const fcnn_update *update, size_t count,
                 float *w, const float *g, float *const slot[FCNN_MAX_SLOTS])
{
    const double *config = optimizer->config;
    return kernels->nadam(update, count, w, g, slot[0], slot[1], (float)(1.0 - config[BETA_1]),
                          (float)(1.0 - config[BETA_2]));
}

const fcnn_optimizer_class fcnn_nadam_class = {
    .type = "nadam",
    .create = create,
    .begin = begin,
    .apply = apply,
};
