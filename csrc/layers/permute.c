/* permute.c - the axes of an image in another order; backward puts them back.
 *
 * The last axis of the input and the last one of the output, where they differ, are transposed for each index of the
 * others; where they are the same, rows are copied.
 */
#include <string.h>

#include "../base/memory.h"
#include "registry.h"

/* One way to move an array: axis a of what is written is axis order[a] of what is read. */
typedef struct movement {
    size_t rank;
    size_t extent[FCNN_MAX_RANK];                            /* of what is written */
    size_t from_step[FCNN_MAX_RANK], to_step[FCNN_MAX_RANK]; /* floats from one index of such an axis to the next */
    size_t turning;                                          /* the axis that is last in what is read */
} movement;

typedef struct permutation {
    movement forward, backward;
} permutation;

static movement plan(const fcnn_shape *from, const fcnn_shape *to, const size_t order[])
{
    movement m = {.rank = to->rank};
    size_t step[FCNN_MAX_RANK], floats = 1;
    for (size_t a = from->rank; a-- > 0; floats *= from->extent[a])
        step[a] = floats;
    floats = 1;
    for (size_t a = to->rank; a-- > 0; floats *= to->extent[a]) {
        m.extent[a] = to->extent[a];
        m.to_step[a] = floats;
        m.from_step[a] = step[order[a]];
        if (order[a] + 1 == from->rank)
            m.turning = a;
    }
    return m;
}

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"dims", NULL};
    const fcnn_shape *in = &layer->input[0];
    size_t order[FCNN_MAX_RANK], back[FCNN_MAX_RANK], found = 0;
    char text[64];
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    if (in->rank == 0 || fcnn_attributes_count(attributes, "dims") != in->rank)
        return fcnn_fail(error, FCNN_E_SHAPE, "Permute '%s': `dims` has %zu axes, the input of shape %s has %zu",
                         layer->name, fcnn_attributes_count(attributes, "dims"), fcnn_shape_text(in, text, sizeof text),
                         in->rank);
    FCNN_TRY(fcnn_attributes_sizes(attributes, "dims", 0, in->rank - 1, order, in->rank, error));
    layer->output.rank = in->rank;
    for (size_t a = 0; a < in->rank; a++) {
        layer->output.extent[a] = in->extent[order[a]];
        back[order[a]] = a;
        found |= (size_t)1 << order[a];
    }
    if (found != ((size_t)1 << in->rank) - 1)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "Permute '%s': `dims` must name each axis once", layer->name);
    FCNN_TRY(fcnn_allocate(&layer->config, 1, sizeof(permutation), "a layer's description", error));
    *(permutation *)layer->config = (permutation){plan(in, &layer->output, order), plan(&layer->output, in, back)};
    return FCNN_OK;
}

/* The plane of the two last axes, for one index of the others. */
static void move_plane(const movement *m, const fcnn_kernels *kernels, const float *from, float *to)
{
    const size_t last = m->rank - 1, turning = m->turning;
    if (turning == last)
        memcpy(to, from, m->extent[last] * sizeof *to);
    else
        kernels->transpose(m->extent[last], m->extent[turning], from, m->from_step[last], to, m->to_step[turning]);
}

static void move(const movement *m, const fcnn_kernels *kernels, const float *from, float *to)
{
    size_t planes = 1;
    for (size_t a = 0; a + 1 < m->rank; a++)
        planes *= a == m->turning ? 1 : m->extent[a];
    for (size_t plane = 0; plane < planes; plane++) {
        size_t index = plane, from_place = 0, to_place = 0;
        for (size_t a = m->rank - 1; a-- > 0;) {
            if (a == m->turning)
                continue;
            from_place += index % m->extent[a] * m->from_step[a];
            to_place += index % m->extent[a] * m->to_step[a];
            index /= m->extent[a];
        }
        move_plane(m, kernels, from + from_place, to + to_place);
    }
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const permutation *self = layer->config;
    for (size_t i = 0; i < images; i++)
        move(&self->forward, io->kernels, io->x[0] + i * io->stride, io->y + i * io->stride);
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const permutation *self = layer->config;
    for (size_t i = 0; i < images; i++)
        move(&self->backward, io->kernels, io->dy + i * io->stride, io->dx[0] + i * io->stride);
}

const fcnn_layer_class fcnn_permute_class = {
    .type = "permute",
    .create = create,
    .forward = forward,
    .backward = backward,
};
