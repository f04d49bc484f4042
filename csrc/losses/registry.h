/* registry.h - every loss class, and what several of them share. */
#ifndef FCNN_LOSS_REGISTRY_H
#define FCNN_LOSS_REGISTRY_H

#include "loss.h"

/* A new class is one more line here. */
#define FCNN_LOSS_CLASSES(EACH)                 \
    EACH(sparse_categorical_crossentropy)       \
    EACH(categorical_crossentropy)              \
    EACH(categorical_focal_crossentropy)        \
    EACH(categorical_generalized_cross_entropy) \
    EACH(binary_crossentropy)                   \
    EACH(binary_focal_crossentropy)             \
    EACH(mean_squared_error)                    \
    EACH(mean_absolute_error)                   \
    EACH(mean_absolute_percentage_error)        \
    EACH(mean_squared_logarithmic_error)        \
    EACH(huber)                                 \
    EACH(log_cosh)                              \
    EACH(poisson)                               \
    EACH(kl_divergence)                         \
    EACH(cosine_similarity)                     \
    EACH(hinge)                                 \
    EACH(squared_hinge)                         \
    EACH(categorical_hinge)                     \
    EACH(dice)                                  \
    EACH(tversky)                               \
    EACH(value)

#define FCNN_DECLARE_LOSS(name) extern const fcnn_loss_class fcnn_##name##_class;
FCNN_LOSS_CLASSES(FCNN_DECLARE_LOSS)

/* Probabilities are kept this far from 0 and 1 before their logarithm is taken: Keras's backend.epsilon(). */
#define FCNN_PROBABILITY_LOW 1e-7f
#define FCNN_PROBABILITY_HIGH (1.0f - 1e-7f)

static inline float fcnn_probability_clip(float p)
{
    return p < FCNN_PROBABILITY_LOW ? FCNN_PROBABILITY_LOW : p > FCNN_PROBABILITY_HIGH ? FCNN_PROBABILITY_HIGH : p;
}

/* The derivative of fcnn_probability_clip. */
static inline float fcnn_probability_is_inside(float p)
{
    return p >= FCNN_PROBABILITY_LOW && p <= FCNN_PROBABILITY_HIGH ? 1.0f : 0.0f;
}

/* Attributes that fcnn_loss_create has read. */
#define FCNN_LOSS_COMMON "type", "reduction", "factor"

/* Sets loss->from_logits, label_smoothing and axis from the attributes of those names, where they are given. */
fcnn_status fcnn_loss_read_options(fcnn_loss *loss, const fcnn_attributes *attributes, fcnn_error *error);

/* Sets loss->parameter[0 .. count-1] from the numbers of these names in [low, high]; defaults where not given. */
typedef struct fcnn_loss_number {
    const char *name;
    double low, high, otherwise;
} fcnn_loss_number;
fcnn_status fcnn_loss_read_numbers(fcnn_loss *loss, const fcnn_attributes *attributes, const fcnn_loss_number *numbers,
                                   size_t count, fcnn_error *error);

/* Sets *axis to the number from 0 of loss->axis[i] among an output's axes, which begin with the batch's. */
fcnn_status fcnn_loss_axis(const fcnn_loss *loss, size_t i, const fcnn_shape *output, size_t *axis, fcnn_error *error);

/* ---- losses of single numbers, a stretch at a time, so that functions come from the kernels ---- */

enum { FCNN_STRETCH_OF_LOSS = 64 };

/* Values and their derivatives of `count` <= FCNN_STRETCH_OF_LOSS predictions and targets. */
typedef void fcnn_loss_of_numbers(const fcnn_loss *loss, const fcnn_kernels *kernels, size_t count,
                                  const float *prediction, const float *target, float *value, float *slope);

/* The sum of `count` values; their derivatives, times `share`, where `gradient` is not NULL; it may be prediction. */
double fcnn_loss_of_all(const fcnn_loss *loss, const fcnn_kernels *kernels, size_t count, const float *prediction,
                        const float *target, float share, float *gradient, fcnn_loss_of_numbers *function);

/* y = x^exponent. What is below the smallest normal number counts as that: of 0 a power below 0 is finite. */
void fcnn_loss_power(const fcnn_kernels *kernels, size_t count, const float *x, float exponent, float *y);

#endif
