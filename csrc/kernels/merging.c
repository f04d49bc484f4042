/* merging.c - several arrays become one, number by number, and weighted sums of rows.
 *
 * An array whose step is 0 is one number that meets all those of the other.
 */
#include "name.h"
#include "vec_functions.h"

/* y where it is NaN, and else whichever of the two `keeps_y` chooses; of NaN and a number it chooses x. */
static ALWAYS_INLINE vf choose(vm keeps_y, vf y, vf x)
{
    return vf_select(vf_equal(y, y), vf_select(keeps_y, y, x), y);
}

static inline vf truth(vm m) { return vf_select(m, vf_broadcast(1), (vf){0}); }

static ALWAYS_INLINE vf combined(fcnn_combination how, vf y, vf x)
{
    switch (how) {
    case FCNN_ADD:
        return y + x;
    case FCNN_SUBTRACT:
        return y - x;
    case FCNN_MULTIPLY:
        return y * x;
    case FCNN_DIVIDE:
        return y / x;
    case FCNN_MAXIMUM:
        return choose(vm_or(vf_greater(y, x), vf_equal(y, x)), y, x);
    case FCNN_POWER:
        return vf_power(y, x);
    case FCNN_EQUAL:
        return truth(vf_equal(y, x));
    case FCNN_NOT_EQUAL:
        return 1 - truth(vf_equal(y, x));
    case FCNN_GREATER:
        return truth(vf_greater(y, x));
    case FCNN_GREATER_EQUAL:
        return truth(vm_or(vf_greater(y, x), vf_equal(y, x)));
    case FCNN_LESS:
        return truth(vf_greater(x, y));
    case FCNN_LESS_EQUAL:
        return truth(vm_or(vf_greater(x, y), vf_equal(y, x)));
    case FCNN_MINIMUM:
        break;
    }
    return choose(vm_or(vf_greater(x, y), vf_equal(y, x)), y, x);
}

static ALWAYS_INLINE void combine_all(fcnn_combination how, size_t count, const float *x, size_t step, float *y)
{
    for (size_t i = 0; i < count; i += FCNN_VL) {
        const size_t left = count - i;
        vf_store_some(y + i, combined(how, vf_load_some(y + i, left), vf_load_step(x + i * step, step, left)), left);
    }
}

void FCNN_NAME(add)(size_t count, const float *x, float *y) { combine_all(FCNN_ADD, count, x, 1, y); }

void FCNN_NAME(combine)(fcnn_combination how, size_t count, const float *x, size_t step, float *y)
{
    switch (how) {
    case FCNN_ADD:
        combine_all(FCNN_ADD, count, x, step, y);
        return;
    case FCNN_MULTIPLY:
        combine_all(FCNN_MULTIPLY, count, x, step, y);
        return;
    default:
        combine_all(how, count, x, step, y);
    }
}

void FCNN_NAME(take_equal)(size_t count, const float *x, size_t step, const float *y, float *left, float *taken)
{
    for (size_t i = 0; i < count; i += FCNN_VL) {
        const size_t rest = count - i;
        const vm equal = vf_equal(vf_load_step(x + i * step, step, rest), vf_load_some(y + i, rest));
        const vf gradient = vf_load_some(left + i, rest);
        vf_store_some(taken + i, vf_select(equal, gradient, (vf){0}), rest);
        vf_store_some(left + i, vf_select(equal, (vf){0}, gradient), rest);
    }
}

void FCNN_NAME(weighted_sum)(size_t count, size_t terms, const float *weights, const float *x, size_t stride, float *y)
{
    for (size_t i = 0; i < count; i += FCNN_VL) {
        vf sum = {0};
        for (size_t t = 0; t < terms; t++)
            sum = vf_fma(vf_broadcast(weights[t]), vf_load_some(x + t * stride + i, count - i), sum);
        vf_store_some(y + i, sum, count - i);
    }
}
