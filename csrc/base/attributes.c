/* attributes.c - strict reading of named values. */
#include "attributes.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const char *const KIND_NAMES[] = {
    [FCNN_ATTRIBUTE_INTEGER] = "an integer",
    [FCNN_ATTRIBUTE_NUMBER] = "a number",
    [FCNN_ATTRIBUTE_TEXT] = "text",
};

static const fcnn_attribute *find(const fcnn_attributes *attributes, const char *name)
{
    for (size_t i = 0; i < attributes->count; i++)
        if (strcmp(attributes->items[i].name, name) == 0)
            return &attributes->items[i];
    return NULL;
}

static fcnn_status require(const fcnn_attributes *attributes, const char *name, const fcnn_attribute **item,
                           fcnn_error *error)
{
    *item = find(attributes, name);
    if (!*item)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "`%s` is missing", name);
    return FCNN_OK;
}

static fcnn_status wrong_kind(const fcnn_attribute *item, const char *expected, fcnn_error *error)
{
    const char *kind = item->numbers                                              ? "a tuple of numbers"
                       : item->kind == FCNN_ATTRIBUTE_INTEGER && item->count != 1 ? "a tuple of integers"
                                                                                  : KIND_NAMES[item->kind];
    return fcnn_fail(error, FCNN_E_ARGUMENT, "`%s` is %s; expected %s", item->name, kind, expected);
}

int fcnn_attributes_has(const fcnn_attributes *attributes, const char *name) { return find(attributes, name) != NULL; }

size_t fcnn_attributes_count(const fcnn_attributes *attributes, const char *name)
{
    const fcnn_attribute *item = find(attributes, name);
    return item ? item->count : 0;
}

fcnn_status fcnn_attributes_sizes(const fcnn_attributes *attributes, const char *name, size_t low, size_t high,
                                  size_t *values, size_t count, fcnn_error *error)
{
    const fcnn_attribute *item;
    FCNN_TRY(require(attributes, name, &item, error));
    if (item->kind != FCNN_ATTRIBUTE_INTEGER)
        return wrong_kind(item, count == 1 ? "an integer" : "a tuple of integers", error);
    if (item->count != count && item->count != 1)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "`%s` has %zu integers; expected %zu", name, item->count, count);

    for (size_t i = 0; i < count; i++) {
        const long long value = item->integers[item->count == 1 ? 0 : i];
        if (value < 0 || (unsigned long long)value < low || (unsigned long long)value > high) {
            char bound[48] = "";
            if (high < SIZE_MAX)
                snprintf(bound, sizeof bound, " and at most %zu", high);
            return fcnn_fail(error, FCNN_E_ARGUMENT, "`%s` is %lld; it must be at least %zu%s", name, value, low,
                             bound);
        }
        values[i] = (size_t)value;
    }
    return FCNN_OK;
}

fcnn_status fcnn_attributes_numbers(const fcnn_attributes *attributes, const char *name, double low, double high,
                                    const double **values, size_t *count, fcnn_error *error)
{
    const fcnn_attribute *item;
    FCNN_TRY(require(attributes, name, &item, error));
    if (item->kind == FCNN_ATTRIBUTE_TEXT || (item->kind == FCNN_ATTRIBUTE_INTEGER && item->count != 1))
        return wrong_kind(item, "a number", error);
    *values = item->numbers ? item->numbers : &item->number;
    *count = item->numbers ? item->count : 1;
    for (size_t i = 0; i < *count; i++) {
        const double value = (*values)[i];
        if (!isfinite(value))
            return fcnn_fail(error, FCNN_E_ARGUMENT, "`%s` is %g; it must be finite", name, value);
        if (value < low || value > high)
            return fcnn_fail(error, FCNN_E_ARGUMENT, "`%s` is %g; it must be from %g to %g", name, value, low, high);
    }
    return FCNN_OK;
}

fcnn_status fcnn_attributes_number(const fcnn_attributes *attributes, const char *name, double low, double high,
                                   double *value, fcnn_error *error)
{
    const double *values;
    size_t count;
    FCNN_TRY(fcnn_attributes_numbers(attributes, name, low, high, &values, &count, error));
    if (count != 1)
        return wrong_kind(find(attributes, name), "a number", error);
    *value = *values;
    return FCNN_OK;
}

fcnn_status fcnn_attributes_optional_number(const fcnn_attributes *attributes, const char *name, double low,
                                            double high, double *value, fcnn_error *error)
{
    return fcnn_attributes_has(attributes, name) ? fcnn_attributes_number(attributes, name, low, high, value, error)
                                                 : FCNN_OK;
}

fcnn_status fcnn_attributes_optional_flag(const fcnn_attributes *attributes, const char *name, int *flag,
                                          fcnn_error *error)
{
    size_t value = 0;
    if (!fcnn_attributes_has(attributes, name))
        return FCNN_OK;
    FCNN_TRY(fcnn_attributes_sizes(attributes, name, 0, 1, &value, 1, error));
    *flag = (int)value;
    return FCNN_OK;
}

fcnn_status fcnn_attributes_text(const fcnn_attributes *attributes, const char *name, const char **value,
                                 fcnn_error *error)
{
    const fcnn_attribute *item;
    FCNN_TRY(require(attributes, name, &item, error));
    if (item->kind != FCNN_ATTRIBUTE_TEXT)
        return wrong_kind(item, "text", error);
    *value = item->text;
    return FCNN_OK;
}

fcnn_status fcnn_attributes_choice(const fcnn_attributes *attributes, const char *name, const char *const *choices,
                                   size_t count, size_t *index, fcnn_error *error)
{
    const char *text = NULL;
    FCNN_TRY(fcnn_attributes_text(attributes, name, &text, error));
    for (size_t i = 0; i < count; i++)
        if (strcmp(choices[i], text) == 0) {
            *index = i;
            return FCNN_OK;
        }

    char known[512] = "";
    size_t used = 0;
    for (size_t i = 0; i < count && used < sizeof known; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, i ? ", '%s'" : "'%s'", choices[i]);
    return fcnn_fail(error, FCNN_E_ARGUMENT, "`%s` is '%.64s'; expected one of %s", name, text, known);
}

fcnn_status fcnn_attributes_expect(const fcnn_attributes *attributes, const char *const *names, fcnn_error *error)
{
    for (size_t i = 0; i < attributes->count; i++) {
        const char *const *name = names;
        while (*name && strcmp(*name, attributes->items[i].name) != 0)
            name++;
        if (!*name)
            return fcnn_fail(error, FCNN_E_ARGUMENT, "`%.64s` is not known here", attributes->items[i].name);
    }
    return FCNN_OK;
}
