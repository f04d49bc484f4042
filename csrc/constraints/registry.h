/* registry.h - every constraint class; one line each. */
#ifndef FCNN_CONSTRAINT_REGISTRY_H
#define FCNN_CONSTRAINT_REGISTRY_H

#include "constraint.h"

/* A new class is one more line here. */
#define FCNN_CONSTRAINT_CLASSES(EACH) \
    EACH(non_neg)                     \
    EACH(norm)

#define FCNN_DECLARE_CONSTRAINT(name) extern const fcnn_constraint_class fcnn_##name##_class;
FCNN_CONSTRAINT_CLASSES(FCNN_DECLARE_CONSTRAINT)

#endif
