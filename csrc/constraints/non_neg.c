/* non_neg.c - what is negative becomes 0. */
#include "../base/sizes.h"
#include "registry.h"

enum { RANGE = 8192 }; /* values of a piece */

static fcnn_status create(fcnn_constraint *constraint, const fcnn_attributes *attributes, const fcnn_shape *shape,
                          fcnn_error *error)
{
    static const char *const names[] = {"type", NULL};
    (void)shape;
    constraint->pieces = (constraint->size + RANGE - 1) / RANGE;
    return fcnn_attributes_expect(attributes, names, error);
}

static void apply(const fcnn_constraint *constraint, float *w, size_t piece)
{
    for (size_t i = piece * RANGE, end = smaller(i + RANGE, constraint->size); i < end; i++)
        w[i] = w[i] < 0.0f ? 0.0f : w[i];
}

const fcnn_constraint_class fcnn_non_neg_class = {
    .type = "non_neg",
    .create = create,
    .apply = apply,
};
