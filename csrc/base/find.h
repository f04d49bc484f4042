/* find.h - finds a registered class by its name. */
#ifndef FCNN_FIND_H
#define FCNN_FIND_H

#include <stddef.h>
#include <string.h>

#define FCNN_CLASS_ADDRESS(name) &fcnn_##name##_class,

/* Defines find(type): the class of that type in a list such as FCNN_LAYER_CLASSES, or NULL. */
#define FCNN_DEFINE_FIND(class, CLASSES)                                          \
    static const class *find(const char *type)                                    \
    {                                                                             \
        static const class *const classes[] = {CLASSES(FCNN_CLASS_ADDRESS) NULL}; \
        size_t i = 0;                                                             \
        while (classes[i] && strcmp(classes[i]->type, type) != 0)                 \
            i++;                                                                  \
        return classes[i];                                                        \
    }

#endif
