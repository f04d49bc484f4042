/* layout.c - greedy placement by size. Buffers that are placed form a list in order of offsets, so that one walk along
 * it finds the lowest free place for the next one, and where it joins the list.
 */
#include "layout.h"

#include <stdint.h>

#include "../base/sizes.h"

static const size_t nobody = SIZE_MAX; /* ends the list; as an offset: not placed yet */

static int live_together(const fcnn_buffer *a, const fcnn_buffer *b)
{
    return a->size > 0 && a->first <= b->last && b->first <= a->last;
}

/* Gives `buffer` the lowest offset where nothing that lives when it does is in its way. */
static void place(fcnn_buffer *buffers, size_t list, fcnn_buffer *buffer)
{
    const size_t size = rounded(buffer->size);
    size_t offset = 0;
    for (size_t i = list; i != nobody && buffers[i].offset < offset + size; i = buffers[i].next) {
        const size_t end = buffers[i].offset + rounded(buffers[i].size);
        if (end > offset && live_together(&buffers[i], buffer))
            offset = end;
    }
    buffer->offset = offset;
}

static void insert(fcnn_buffer *buffers, size_t *list, size_t position)
{
    while (*list != nobody && buffers[*list].offset < buffers[position].offset)
        list = &buffers[*list].next;
    buffers[position].next = *list;
    *list = position;
}

static size_t largest_left(const fcnn_buffer *buffers, size_t count)
{
    size_t largest = nobody;
    for (size_t i = 0; i < count; i++)
        if (buffers[i].offset == nobody && (largest == nobody || buffers[i].size > buffers[largest].size))
            largest = i;
    return largest;
}

size_t fcnn_layout_place(fcnn_buffer *buffers, size_t count)
{
    size_t total = 0, list = nobody;
    for (size_t i = 0; i < count; i++)
        buffers[i].offset = nobody;
    for (size_t placed = 0; placed < count; placed++) {
        const size_t largest = largest_left(buffers, count);
        place(buffers, list, &buffers[largest]);
        insert(buffers, &list, largest);
        const size_t end = buffers[largest].offset + rounded(buffers[largest].size);
        total = end > total ? end : total;
    }
    return total;
}
