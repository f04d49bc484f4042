/* l1_l2.c - l1 times the sum of |w|, plus l2 times the sum of w^2.
 *
 * Gradient: l1 sign(w) + 2 l2 w, where sign(0) = 0.
 */
#include "../base/sizes.h"
#include "../kernels/penalty.h"
#include "registry.h"

enum { L1, L2 };
enum { RANGE = 8192 }; /* values of a piece */

static fcnn_status create(fcnn_regularizer *regularizer, const fcnn_attributes *attributes, const fcnn_shape *shape,
                          fcnn_error *error)
{
    static const char *const names[] = {"type", "l1", "l2", NULL};
    (void)shape;
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(
        fcnn_attributes_optional_number(attributes, "l1", 0.0, FCNN_MOST_PENALTY, &regularizer->config[L1], error));
    FCNN_TRY(
        fcnn_attributes_optional_number(attributes, "l2", 0.0, FCNN_MOST_PENALTY, &regularizer->config[L2], error));
    regularizer->pieces = (regularizer->size + RANGE - 1) / RANGE;
    return FCNN_OK;
}

static size_t size_of(const fcnn_regularizer *regularizer, size_t piece)
{
    return smaller(RANGE, regularizer->size - piece * RANGE);
}

static double penalty(const fcnn_regularizer *regularizer, const fcnn_penalized *penalized, size_t piece)
{
    return fcnn_penalty(penalized->kernels, size_of(regularizer, piece), penalized->w + piece * RANGE,
                        regularizer->config[L1], regularizer->config[L2]);
}

static void add_to_range(const fcnn_regularizer *regularizer, const fcnn_kernels *kernels, size_t count, const float *w,
                         float *gradient)
{
    kernels->add_penalty(count, w, (float)regularizer->config[L1], (float)(2.0 * regularizer->config[L2]), gradient);
}

static void add_gradient(const fcnn_regularizer *regularizer, const fcnn_penalized *penalized, size_t piece)
{
    add_to_range(regularizer, penalized->kernels, size_of(regularizer, piece), penalized->w + piece * RANGE,
                 penalized->gradient + piece * RANGE);
}

const fcnn_regularizer_class fcnn_l1_l2_class = {
    .type = "l1_l2",
    .create = create,
    .penalty = penalty,
    .add_gradient = add_gradient,
    .add_to_range = add_to_range,
};
