/* overlap.c - how much of what is predicted and what is there is not common: sums over some axes of an image.
 *
 * tversky:  1 - I / D, I = sum of t p, D = I + alpha (sum of (1 - p) t) + beta (sum of p (1 - t)) + epsilon
 * dice:     1 - 2 I / (sum of t + sum of p + 2 epsilon'), which is tversky with alpha = beta = 1/2 and epsilon'
 * derivative -(t D - I d) / D^2, d = t - alpha t + beta (1 - t); the mean over what the sums leave.
 */
#include "registry.h"

enum { ALPHA, BETA, EPSILON, NUMBERS };

/* `axis` is needed: without it Keras sums over the whole batch. */
static fcnn_status read_axis(fcnn_loss *loss, const fcnn_attributes *attributes, fcnn_error *error)
{
    FCNN_TRY(fcnn_loss_read_options(loss, attributes, error));
    if (loss->axes == 0)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "%s: `axis` is missing", loss->class->type);
    return FCNN_OK;
}

static fcnn_status create_tversky(fcnn_loss *loss, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {FCNN_LOSS_COMMON, "alpha", "beta", "axis", NULL};
    static const fcnn_loss_number numbers[NUMBERS - 1] = {[ALPHA] = {"alpha", -0x1p60, 0x1p60, 0.5},
                                                          [BETA] = {"beta", -0x1p60, 0x1p60, 0.5}};
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(fcnn_loss_read_numbers(loss, attributes, numbers, NUMBERS - 1, error));
    loss->parameter[EPSILON] = 1e-7f;
    return read_axis(loss, attributes, error);
}

static fcnn_status create_dice(fcnn_loss *loss, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {FCNN_LOSS_COMMON, "axis", NULL};
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    loss->parameter[ALPHA] = loss->parameter[BETA] = 0.5f;
    loss->parameter[EPSILON] = 0.5e-7f;
    return read_axis(loss, attributes, error);
}

/* Neighbouring axes that are both summed over, or both not, become one. */
static fcnn_status fit(fcnn_loss *loss, const fcnn_shape *output, fcnn_error *error)
{
    unsigned summed = 0;
    for (size_t i = 0; i < loss->axes; i++) {
        size_t axis = 0;
        FCNN_TRY(fcnn_loss_axis(loss, i, output, &axis, error));
        if (axis == 0)
            return fcnn_fail(error, FCNN_E_ARGUMENT,
                             "%s: axis holds %d, the batch; a model is trained with sums over each image's axes",
                             loss->class->type, loss->axis[i]);
        summed |= 1u << (axis - 1);
    }
    loss->shape = (fcnn_shape){0};
    loss->summed = 0;
    loss->values = 1;
    for (size_t a = 0; a < output->rank; a++) {
        const unsigned is_summed = summed >> a & 1u;
        if (a == 0 || is_summed != (summed >> (a - 1) & 1u)) {
            loss->summed |= is_summed << loss->shape.rank;
            loss->shape.extent[loss->shape.rank++] = 1;
        }
        loss->shape.extent[loss->shape.rank - 1] *= output->extent[a];
        loss->values *= is_summed ? 1 : output->extent[a];
    }
    return FCNN_OK;
}

/* Where the number `index` is among those that differ only along the axes that are summed over, or along others. */
static size_t place(const fcnn_loss *loss, size_t index, unsigned is_summed)
{
    size_t offset = 0, stride = 1;
    for (size_t a = loss->shape.rank; a-- > 0; stride *= loss->shape.extent[a])
        if ((loss->summed >> a & 1u) == is_summed) {
            offset += index % loss->shape.extent[a] * stride;
            index /= loss->shape.extent[a];
        }
    return offset;
}

/* The value of the `count` numbers that one sum is over. */
static float of_one(const fcnn_loss *loss, size_t count, const float *p, const float *t, float share, float *gradient)
{
    const float alpha = loss->parameter[ALPHA], beta = loss->parameter[BETA];
    double common = 0.0, missed = 0.0, wrong = 0.0;
    for (size_t i = 0; i < count; i++) {
        const size_t at = place(loss, i, 1);
        common += (double)t[at] * p[at];
        missed += (1.0 - p[at]) * t[at];
        wrong += p[at] * (1.0 - t[at]);
    }
    const double divisor = common + alpha * missed + beta * wrong + loss->parameter[EPSILON];
    const float overlap = (float)(common / divisor), factor = (float)(share / divisor);
    for (size_t i = 0; gradient && i < count; i++) {
        const size_t at = place(loss, i, 1);
        gradient[at] = factor * (overlap * (t[at] - alpha * t[at] + beta * (1.0f - t[at])) - t[at]);
    }
    return 1.0f - overlap;
}

static float evaluate(const fcnn_loss *loss, const fcnn_kernels *kernels, size_t rows, size_t classes,
                      const float *prediction, const void *target, float scale, float *gradient)
{
    const size_t count = rows * classes / loss->values;
    double sum = 0.0;
    (void)kernels;
    for (size_t v = 0; v < loss->values; v++) {
        const size_t at = place(loss, v, 0);
        sum += of_one(loss, count, prediction + at, (const float *)target + at, scale / (float)loss->values,
                      gradient ? gradient + at : NULL);
    }
    return (float)(sum / (double)loss->values);
}

const fcnn_loss_class fcnn_dice_class = {
    .type = "dice",
    .target = FCNN_TARGET_VALUES,
    .create = create_dice,
    .fit = fit,
    .evaluate = evaluate,
};

const fcnn_loss_class fcnn_tversky_class = {
    .type = "tversky",
    .target = FCNN_TARGET_VALUES,
    .create = create_tversky,
    .fit = fit,
    .evaluate = evaluate,
};
