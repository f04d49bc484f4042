/* windows.c - how windows fit over an image.
 *
 * 'valid': output = (input - reach) / stride + 1, no padding.
 * 'same': output = ceil(input / stride). What is missing, max((output - 1) * stride + reach - input, 0), is padded,
 * half of it (rounded down) before and the rest after. Source: TensorFlow's documentation of tf.nn.convolution.
 */
#include "windows.h"

fcnn_status fcnn_windows_expect_images(const fcnn_layer *layer, fcnn_error *error)
{
    char text[64];
    if (layer->input[0].rank == 3)
        return FCNN_OK;
    return fcnn_fail(error, FCNN_E_SHAPE, "layer '%s' expects images (height, width, channels), got shape %s",
                     layer->name, fcnn_shape_text(&layer->input[0], text, sizeof text));
}

fcnn_status fcnn_windows_fit(const fcnn_layer *layer, const fcnn_attributes *attributes, const char *what,
                             const size_t reach[2], const size_t strides[2], fcnn_extent extent[2], fcnn_error *error)
{
    static const char *const paddings[] = {"valid", "same"};
    const fcnn_shape *in = &layer->input[0];
    size_t same;
    FCNN_TRY(fcnn_windows_expect_images(layer, error));
    FCNN_TRY(fcnn_attributes_choice(attributes, "padding", paddings, 2, &same, error));
    if (!same && (reach[0] > in->extent[0] || reach[1] > in->extent[1]))
        return fcnn_fail(
            error, FCNN_E_SHAPE,
            "layer '%s': a %zux%zu %s does not fit its %zux%zu input; use a smaller %s or padding=\"same\"",
            layer->name, reach[0], reach[1], what, in->extent[0], in->extent[1], what);
    for (size_t axis = 0; axis < 2; axis++) {
        const size_t input = in->extent[axis], stride = strides[axis];
        if (!same) {
            extent[axis] = (fcnn_extent){(input - reach[axis]) / stride + 1, 0, 0};
            continue;
        }
        const size_t output = (input + stride - 1) / stride, needed = (output - 1) * stride + reach[axis];
        const size_t missing = needed > input ? needed - input : 0;
        extent[axis] = (fcnn_extent){output, missing / 2, missing - missing / 2};
    }
    return FCNN_OK;
}
