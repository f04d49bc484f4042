/* describe.h - attributes as Python would send them, for tests of layers, losses, metrics and optimizers. */
#ifndef FCNN_DESCRIBE_H
#define FCNN_DESCRIBE_H

#include "base/attributes.h"

#define INTEGER(key, value) \
    {.name = key, .kind = FCNN_ATTRIBUTE_INTEGER, .count = 1, .integers = {value}, .number = value}
#define PAIR(key, a, b)                                                             \
    {                                                                               \
        .name = key, .kind = FCNN_ATTRIBUTE_INTEGER, .count = 2, .integers = {a, b} \
    }
#define THREE(key, a, b, c)                                                            \
    {                                                                                  \
        .name = key, .kind = FCNN_ATTRIBUTE_INTEGER, .count = 3, .integers = {a, b, c} \
    }
#define FOUR(key, a, b, c, d)                                                             \
    {                                                                                     \
        .name = key, .kind = FCNN_ATTRIBUTE_INTEGER, .count = 4, .integers = {a, b, c, d} \
    }
#define NUMBER(key, value) {.name = key, .kind = FCNN_ATTRIBUTE_NUMBER, .number = value}
#define NUMBERS(key, ...)                \
    {.name = key,                        \
     .kind = FCNN_ATTRIBUTE_NUMBER,      \
     .numbers = (double[]){__VA_ARGS__}, \
     .count = sizeof((double[]){__VA_ARGS__}) / sizeof(double)}
#define TEXT(key, value) {.name = key, .kind = FCNN_ATTRIBUTE_TEXT, .text = value}

/* Initializes attributes with all of an array. */
#define ALL_OF(items) {items, sizeof items / sizeof *items}

/* The attributes given as INTEGER(...), TEXT(...) and so on; valid until the enclosing block ends. */
#define DESCRIBE(...)                                                                                                 \
    (fcnn_attributes)                                                                                                 \
    {                                                                                                                 \
        (const fcnn_attribute[]){__VA_ARGS__}, sizeof((const fcnn_attribute[]){__VA_ARGS__}) / sizeof(fcnn_attribute) \
    }

#endif
