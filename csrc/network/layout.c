/* layout.c - greedy placement by size. With a handful of buffers, comparing each with all that are placed is quick. */
#include "layout.h"

#include <stdint.h>

enum { LINE = 16 };   /* floats in a cache line */

static const size_t unplaced = SIZE_MAX;

static size_t rounded(size_t size) { return (size + LINE - 1) / LINE * LINE; }

/* The end of a placed buffer that `buffer` at `offset` would overlap, or `offset` if there is none. */
static size_t end_of_clash(const fcnn_buffer *buffers, size_t count, const fcnn_buffer *buffer, size_t offset)
{
    for (size_t i = 0; i < count; i++) {
        const fcnn_buffer *other = &buffers[i];
        if (other->offset == unplaced || other->size == 0 || other->last < buffer->first || buffer->last < other->first)
            continue;
        if (offset < other->offset + rounded(other->size) && other->offset < offset + rounded(buffer->size))
            return other->offset + rounded(other->size);
    }
    return offset;
}

size_t fcnn_layout_place(fcnn_buffer *buffers, size_t count)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        buffers[i].offset = unplaced;
    for (size_t placed = 0; placed < count; placed++) {
        fcnn_buffer *largest = NULL;
        for (size_t i = 0; i < count; i++)
            if (buffers[i].offset == unplaced && (!largest || buffers[i].size > largest->size))
                largest = &buffers[i];
        size_t offset = 0, next;
        while ((next = end_of_clash(buffers, count, largest, offset)) != offset)
            offset = next;
        largest->offset = offset;
        if (offset + rounded(largest->size) > total)
            total = offset + rounded(largest->size);
    }
    return total;
}
