/* registry.h - every layer class, one line each. */
#ifndef FCNN_LAYER_REGISTRY_H
#define FCNN_LAYER_REGISTRY_H

#include "layer.h"

/* A new class is one more line here. */
#define FCNN_LAYER_CLASSES(EACH)   \
    EACH(activation)               \
    EACH(activity_regularization)  \
    EACH(add)                      \
    EACH(affine)                   \
    EACH(alpha_dropout)            \
    EACH(average)                  \
    EACH(average_pooling2d)        \
    EACH(batch_normalization)      \
    EACH(by_training)              \
    EACH(concatenate)              \
    EACH(constant)                 \
    EACH(conv2d)                   \
    EACH(conv2d_transpose)         \
    EACH(cropping2d)               \
    EACH(dense)                    \
    EACH(depthwise_conv2d)         \
    EACH(divide)                   \
    EACH(dot)                      \
    EACH(dropout)                  \
    EACH(equal)                    \
    EACH(function)                 \
    EACH(gaussian_dropout)         \
    EACH(gaussian_noise)           \
    EACH(global_average_pooling2d) \
    EACH(global_max_pooling2d)     \
    EACH(glu)                      \
    EACH(greater)                  \
    EACH(greater_equal)            \
    EACH(grouped_conv2d)           \
    EACH(less)                     \
    EACH(less_equal)               \
    EACH(log_softmax)              \
    EACH(max_pooling2d)            \
    EACH(maximum)                  \
    EACH(minimum)                  \
    EACH(multiply)                 \
    EACH(normalization)            \
    EACH(not_equal)                \
    EACH(pad)                      \
    EACH(permute)                  \
    EACH(power)                    \
    EACH(prelu)                    \
    EACH(random_brightness)        \
    EACH(random_contrast)          \
    EACH(random_crop)              \
    EACH(random_erasing)           \
    EACH(random_flip)              \
    EACH(random_rotation)          \
    EACH(random_translation)       \
    EACH(random_zoom)              \
    EACH(reduce)                   \
    EACH(rescaling)                \
    EACH(reshape)                  \
    EACH(resizing)                 \
    EACH(slice)                    \
    EACH(softmax)                  \
    EACH(sparsemax)                \
    EACH(standardization)          \
    EACH(subtract)                 \
    EACH(up_sampling2d)            \
    EACH(weight)                   \
    EACH(where)                    \
    EACH(zero_padding2d)

#define FCNN_DECLARE_LAYER(name) extern const fcnn_layer_class fcnn_##name##_class;
FCNN_LAYER_CLASSES(FCNN_DECLARE_LAYER)

/* Made by fusion only: see conv2d_pooled.h. */
extern const fcnn_layer_class fcnn_conv2d_pooled_class;

#endif
