/* layout.h - gives buffers that live at different times the same memory. */
#ifndef FCNN_LAYOUT_H
#define FCNN_LAYOUT_H

#include <stddef.h>

typedef struct fcnn_buffer {
    size_t size;        /* floats; 0 takes no room */
    size_t first, last; /* the moments of its first and last use, both included */
    size_t offset;      /* result: a multiple of 16 floats */
    size_t next;        /* for fcnn_layout_place alone: the buffer that was placed behind this one */
} fcnn_buffer;

/* Places all buffers so that no two that live at the same moment overlap; returns the floats that they need together.
 * Larger buffers first, each at the lowest free offset. */
size_t fcnn_layout_place(fcnn_buffer *buffers, size_t count);

#endif
