/* registry.h - every regularizer class; one line each. */
#ifndef FCNN_REGULARIZER_REGISTRY_H
#define FCNN_REGULARIZER_REGISTRY_H

#include "regularizer.h"

/* A new class is one more line here. */
#define FCNN_REGULARIZER_CLASSES(EACH) \
    EACH(l1_l2)                        \
    EACH(orthogonal)

#define FCNN_DECLARE_REGULARIZER(name) extern const fcnn_regularizer_class fcnn_##name##_class;
FCNN_REGULARIZER_CLASSES(FCNN_DECLARE_REGULARIZER)

#endif
