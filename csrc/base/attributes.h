/* attributes.h - named values with which Python describes a layer, a loss, an optimizer or a metric.
 *
 * The binding turns a dict into a list of these; whoever is described reads the names it knows. Reading is strict: a
 * missing name or a value of the wrong kind is FCNN_E_ARGUMENT, and a name that nobody knows is refused by
 * fcnn_attributes_expect.
 */
#ifndef FCNN_ATTRIBUTES_H
#define FCNN_ATTRIBUTES_H

#include <stddef.h>

#include "status.h"

enum { FCNN_ATTRIBUTE_INTEGERS = 8 };

typedef enum fcnn_attribute_kind {
    FCNN_ATTRIBUTE_INTEGER,
    FCNN_ATTRIBUTE_NUMBER,
    FCNN_ATTRIBUTE_TEXT
} fcnn_attribute_kind;

typedef struct fcnn_attribute {
    const char *name;
    fcnn_attribute_kind kind;
    size_t count;                                /* INTEGER, NUMBER: how many (a tuple has several) */
    long long integers[FCNN_ATTRIBUTE_INTEGERS]; /* INTEGER; a bool is 0 or 1 */
    double number;                               /* NUMBER, of which it is the first; set for a lone INTEGER too */
    const double *numbers;                       /* NUMBER, where there are several */
    const char *text;                            /* TEXT */
} fcnn_attribute;

typedef struct fcnn_attributes {
    const fcnn_attribute *items;
    size_t count;
} fcnn_attributes;

/* True where `name` is given. */
int fcnn_attributes_has(const fcnn_attributes *attributes, const char *name);

/* How many numbers the attribute `name` has; 0 where it is not given. */
size_t fcnn_attributes_count(const fcnn_attributes *attributes, const char *name);

/* values[0 .. count-1] = the integers called `name`, each in [low, high]; a lone integer stands for all of them. */
fcnn_status fcnn_attributes_sizes(const fcnn_attributes *attributes, const char *name, size_t low, size_t high,
                                  size_t *values, size_t count, fcnn_error *error);

/* *value = a number or integer called `name`, finite and in [low, high]. */
fcnn_status fcnn_attributes_number(const fcnn_attributes *attributes, const char *name, double low, double high,
                                   double *value, fcnn_error *error);

/* (*values)[0 .. *count-1] = the number or numbers called `name`, each finite and in [low, high]; owned by the
 * attributes. */
fcnn_status fcnn_attributes_numbers(const fcnn_attributes *attributes, const char *name, double low, double high,
                                    const double **values, size_t *count, fcnn_error *error);

/* *value = the number called `name` in [low, high]; unchanged where it is not given. */
fcnn_status fcnn_attributes_optional_number(const fcnn_attributes *attributes, const char *name, double low,
                                            double high, double *value, fcnn_error *error);

/* *flag = the bool called `name`; unchanged where it is not given. */
fcnn_status fcnn_attributes_optional_flag(const fcnn_attributes *attributes, const char *name, int *flag,
                                          fcnn_error *error);

/* *value = the text called `name`, owned by the attributes. */
fcnn_status fcnn_attributes_text(const fcnn_attributes *attributes, const char *name, const char **value,
                                 fcnn_error *error);

/* *index = the position in choices[0 .. count-1] of the text called `name`. */
fcnn_status fcnn_attributes_choice(const fcnn_attributes *attributes, const char *name, const char *const *choices,
                                   size_t count, size_t *index, fcnn_error *error);

/* Refuses an attribute whose name is not among `names`, which end with NULL. */
fcnn_status fcnn_attributes_expect(const fcnn_attributes *attributes, const char *const *names, fcnn_error *error);

#endif
