/* broadcast.c - broadcasting: shapes, and walking through the output in runs. */
#include "broadcast.h"

#include <string.h>

/* Extent of axis `axis` of a shape that is aligned with one of `rank` axes. */
static size_t aligned_extent(const fcnn_shape *shape, size_t rank, size_t axis)
{
    const size_t missing = rank - shape->rank;
    return axis < missing ? 1 : shape->extent[axis - missing];
}

fcnn_status fcnn_broadcast_shape(const fcnn_layer *layer, const fcnn_shape *inputs, size_t count, fcnn_shape *output,
                                 fcnn_error *error)
{
    *output = inputs[0];
    for (size_t k = 1; k < count; k++) {
        const fcnn_shape before = *output, *other = &inputs[k];
        output->rank = before.rank > other->rank ? before.rank : other->rank;
        for (size_t axis = 0; axis < output->rank; axis++) {
            const size_t a = aligned_extent(&before, output->rank, axis), b = aligned_extent(other, output->rank, axis);
            char first[64], second[64];
            if (a != b && a != 1 && b != 1)
                return fcnn_fail(error, FCNN_E_SHAPE,
                                 "layer '%s' cannot merge inputs of shapes %s and %s: axes must be equal, or one of "
                                 "them 1",
                                 layer->name, fcnn_shape_text(&before, first, sizeof first),
                                 fcnn_shape_text(other, second, sizeof second));
            output->extent[axis] = a == 1 ? b : a;
        }
    }
    return FCNN_OK;
}

/* step = floats from one index to the next along each axis of the output. */
static void find_steps(const fcnn_shape *input, const fcnn_shape *output, size_t step[FCNN_MAX_RANK])
{
    size_t floats = 1;
    for (size_t axis = output->rank; axis-- > 0;) {
        const size_t extent = aligned_extent(input, output->rank, axis);
        step[axis] = extent == 1 ? 0 : floats;
        floats *= extent;
    }
}

/* Whether an axis whose steps are `step` continues the last one that is described: together they are one longer
 * axis. */
static int continues(const fcnn_broadcast *b, size_t count, size_t step[][FCNN_MAX_RANK], size_t axis, size_t extent)
{
    for (size_t k = 0; b->axes > 0 && k < count; k++)
        if (b->step[k][b->axes - 1] != step[k][axis] * extent)
            return 0;
    return b->axes > 0;
}

void fcnn_broadcast_describe(fcnn_broadcast *broadcast, const fcnn_shape *inputs, size_t count,
                             const fcnn_shape *output)
{
    size_t step[FCNN_MAX_INPUTS][FCNN_MAX_RANK] = {{0}};
    *broadcast = (fcnn_broadcast){.axes = 0};
    for (size_t k = 0; k < count; k++) {
        find_steps(&inputs[k], output, step[k]);
        broadcast->size[k] = fcnn_shape_size(&inputs[k]);
        broadcast->whole[k] = broadcast->size[k] == fcnn_shape_size(output);
    }
    for (size_t axis = 0; axis < output->rank; axis++) {
        const size_t extent = output->extent[axis];
        if (extent == 1)
            continue;
        if (continues(broadcast, count, step, axis, extent))
            broadcast->extent[broadcast->axes - 1] *= extent;
        else
            broadcast->extent[broadcast->axes++] = extent;
        for (size_t k = 0; k < count; k++)
            broadcast->step[k][broadcast->axes - 1] = step[k][axis];
    }
    if (broadcast->axes == 0)
        broadcast->extent[broadcast->axes++] = 1;
}

size_t fcnn_broadcast_run(const fcnn_broadcast *broadcast) { return broadcast->extent[broadcast->axes - 1]; }

size_t fcnn_broadcast_runs(const fcnn_broadcast *broadcast)
{
    size_t runs = 1;
    for (size_t axis = 0; axis + 1 < broadcast->axes; axis++)
        runs *= broadcast->extent[axis];
    return runs;
}

size_t fcnn_broadcast_place(const fcnn_broadcast *broadcast, size_t input, size_t run, size_t *step)
{
    const size_t *steps = broadcast->step[input], last = broadcast->axes - 1;
    size_t place = 0;
    for (size_t axis = last; axis-- > 0; run /= broadcast->extent[axis])
        place += run % broadcast->extent[axis] * steps[axis];
    *step = steps[last];
    return place;
}

void fcnn_broadcast_combine(const fcnn_broadcast *broadcast, const fcnn_kernels *kernels, fcnn_combination how,
                            size_t input, const float *x, float *y)
{
    const size_t run = fcnn_broadcast_run(broadcast), runs = fcnn_broadcast_runs(broadcast);
    for (size_t r = 0; r < runs; r++, y += run) {
        size_t step;
        const size_t place = fcnn_broadcast_place(broadcast, input, r, &step);
        kernels->combine(how, run, x + place, step, y);
    }
}

void fcnn_broadcast_spread(const fcnn_broadcast *broadcast, size_t input, const float *x, float *y)
{
    const size_t run = fcnn_broadcast_run(broadcast), runs = fcnn_broadcast_runs(broadcast);
    for (size_t r = 0; r < runs; r++, y += run) {
        size_t step;
        const float *from = x + fcnn_broadcast_place(broadcast, input, r, &step);
        if (step)
            memcpy(y, from, run * sizeof *y);
        else
            for (size_t i = 0; i < run; i++)
                y[i] = *from;
    }
}

void fcnn_broadcast_gather(const fcnn_broadcast *broadcast, const fcnn_kernels *kernels, size_t input,
                           const float *used, float *dx)
{
    const size_t run = fcnn_broadcast_run(broadcast), runs = fcnn_broadcast_runs(broadcast);
    memset(dx, 0, broadcast->size[input] * sizeof *dx);
    for (size_t r = 0; r < runs; r++, used += run) {
        size_t step;
        float *to = dx + fcnn_broadcast_place(broadcast, input, r, &step);
        if (step)
            kernels->add(run, used, to);
        else
            for (size_t i = 0; i < run; i++)
                *to += used[i];
    }
}
