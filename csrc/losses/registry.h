/* registry.h - every loss class, and what several of them share. */
#ifndef FCNN_LOSS_REGISTRY_H
#define FCNN_LOSS_REGISTRY_H

#include "loss.h"

/* A new class is one more line here. */
#define FCNN_LOSS_CLASSES(EACH)           \
    EACH(sparse_categorical_crossentropy) \
    EACH(categorical_crossentropy)        \
    EACH(binary_crossentropy)             \
    EACH(mean_squared_error)              \
    EACH(mean_absolute_error)             \
    EACH(huber)                           \
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

/* Sets loss->from_logits and loss->label_smoothing from the attributes of those names, where they are given. */
fcnn_status fcnn_loss_read_options(fcnn_loss *loss, const fcnn_attributes *attributes, fcnn_error *error);

#endif
