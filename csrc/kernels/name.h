/* name.h - a kernel's name in one build: FCNN_NAME(add) is fcnn_add_avx2 where the build sets FCNN_ISA to avx2.
 *
 * Declares every kernel of this build with the type that the table gives it, so that a definition which strays from its
 * contract does not compile.
 */
#ifndef FCNN_KERNEL_NAME_H
#define FCNN_KERNEL_NAME_H

#include "kernels.h"

#define FCNN_PASTE(name, isa) fcnn_##name##_##isa
#define FCNN_EXPAND(name, isa) FCNN_PASTE(name, isa)
#define FCNN_NAME(name) FCNN_EXPAND(name, FCNN_ISA)

/* Every function of fcnn_kernels, once. */
#define FCNN_KERNEL_NAMES(EACH)     \
    EACH(patches_forward)           \
    EACH(patches_weight_gradient)   \
    EACH(sum_rows)                  \
    EACH(patches_input_gradient)    \
    EACH(depthwise_forward)         \
    EACH(depthwise_weight_gradient) \
    EACH(dense_forward)             \
    EACH(dense_weight_gradient)     \
    EACH(dense_input_gradient)      \
    EACH(dense_backward)            \
    EACH(winograd_kernel)           \
    EACH(winograd_forward)          \
    EACH(winograd_weight_gradient)  \
    EACH(pooled_forward)            \
    EACH(pooled_weight_gradient)    \
    EACH(pooled_input_gradient)     \
    EACH(pooled_input_gradient_3x3) \
    EACH(transpose)                 \
    EACH(function_forward)          \
    EACH(function_backward)         \
    EACH(power_backward)            \
    EACH(activation_forward)        \
    EACH(activation_backward)       \
    EACH(glu)                       \
    EACH(glu_backward)              \
    EACH(prelu)                     \
    EACH(prelu_backward)            \
    EACH(softmax)                   \
    EACH(softmax_backward)          \
    EACH(log_softmax)               \
    EACH(log_softmax_backward)      \
    EACH(log_sum_exp)               \
    EACH(logarithm)                 \
    EACH(scale_offset)              \
    EACH(add)                       \
    EACH(combine)                   \
    EACH(take_equal)                \
    EACH(weighted_sum)              \
    EACH(dropout)                   \
    EACH(mask)                      \
    EACH(normals)                   \
    EACH(resample)                  \
    EACH(resample_backward)         \
    EACH(channel_moments)           \
    EACH(channel_products)          \
    EACH(channel_scale)             \
    EACH(channel_combine)           \
    EACH(row_sum)                   \
    EACH(column_sums)               \
    EACH(affine)                    \
    EACH(blend)                     \
    EACH(max_pool)                  \
    EACH(max_pool_backward)         \
    EACH(average_pool)              \
    EACH(average_pool_backward)     \
    EACH(adam)                      \
    EACH(nadam)                     \
    EACH(adamax)                    \
    EACH(lion)                      \
    EACH(sgd)                       \
    EACH(rmsprop)                   \
    EACH(adagrad)                   \
    EACH(adadelta)                  \
    EACH(ftrl)                      \
    EACH(accumulate)                \
    EACH(average)                   \
    EACH(sum_of_squares)            \
    EACH(add_penalty)               \
    EACH(sum_of_magnitudes)         \
    EACH(convert)

#define FCNN_DECLARE(name) extern __typeof__(*((const fcnn_kernels *)0)->name) FCNN_NAME(name);
FCNN_KERNEL_NAMES(FCNN_DECLARE)
#undef FCNN_DECLARE

#endif
