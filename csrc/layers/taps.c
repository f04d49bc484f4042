/* taps.c - reads what a kernel's taps are like, and finds their patches. */
#include "taps.h"

enum { LARGEST = 1 << 24 }; /* of the sizes that a user gives */

fcnn_status fcnn_taps_read(const fcnn_attributes *attributes, fcnn_taps *taps, fcnn_error *error)
{
    FCNN_TRY(fcnn_attributes_sizes(attributes, "kernel_size", 1, LARGEST, taps->kernel, 2, error));
    FCNN_TRY(fcnn_attributes_sizes(attributes, "strides", 1, LARGEST, taps->strides, 2, error));
    FCNN_TRY(fcnn_attributes_sizes(attributes, "dilation_rate", 1, LARGEST, taps->dilation, 2, error));
    for (size_t axis = 0; axis < 2; axis++)
        taps->reach[axis] = (taps->kernel[axis] - 1) * taps->dilation[axis] + 1;
    return FCNN_OK;
}

fcnn_frame fcnn_taps_frame(const fcnn_shape *image, size_t channels, const fcnn_extent extent[2])
{
    return (fcnn_frame){.lines = image->extent[0],
                        .columns = image->extent[1],
                        .channels = channels,
                        .height = image->extent[0] + extent[0].before + extent[0].after,
                        .width = image->extent[1] + extent[1].before + extent[1].after,
                        .top = extent[0].before,
                        .left = extent[1].before};
}

static int are_apart(const fcnn_taps *taps, int apart) { return apart || taps->dilation[1] > 1; }

size_t fcnn_taps_runs(const fcnn_taps *taps, int apart)
{
    return are_apart(taps, apart) ? taps->kernel[0] * taps->kernel[1] : taps->kernel[0];
}

fcnn_patches fcnn_taps_patches(const fcnn_taps *taps, const fcnn_frame *frame, size_t lines, size_t width,
                               size_t channels, ptrdiff_t *run)
{
    const int apart = are_apart(taps, channels < frame->channels);
    const size_t runs = fcnn_taps_runs(taps, apart), in_line = apart ? taps->kernel[1] : 1;
    for (size_t r = 0; r < runs; r++)
        run[r] = (ptrdiff_t)((r / in_line * taps->dilation[0] * frame->width + r % in_line * taps->dilation[1]) *
                             frame->channels);
    return (fcnn_patches){.lines = lines,
                          .width = width,
                          .line_step = (ptrdiff_t)(taps->strides[0] * frame->width * frame->channels),
                          .step = (ptrdiff_t)(taps->strides[1] * frame->channels),
                          .run = run,
                          .runs = runs,
                          .run_length = apart ? channels : taps->kernel[1] * channels};
}
