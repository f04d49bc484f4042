/* test_depthwise.c - every build of the depthwise kernels against the reference: exactly, as in test_products.c. */
#include "products.h"

/* A convolution and how far its windows reach over the edges, in the order that check_subject's text has. */
typedef struct reaching {
    convolution shape;
    ptrdiff_t before[2];
    size_t after[2];
} reaching;

static const reaching *tested;

/* `apart`: how far outputs lie apart, in pixels. */
static fcnn_depthwise depthwise_of(const convolution *c, size_t apart)
{
    const size_t step = apart * c->channels + 3, line = apart * step * c->width + 2;
    return (fcnn_depthwise){.height = (size_t)((ptrdiff_t)height(c) - tested->before[0]) - tested->after[0],
                            .width = (size_t)((ptrdiff_t)width(c) - tested->before[1]) - tested->after[1],
                            .channels = c->channels,
                            .lines = c->lines,
                            .columns = c->width,
                            .kernel = {c->kernel[0], c->kernel[1]},
                            .strides = {c->strides[0], c->strides[1]},
                            .dilation = {c->dilation[0], c->dilation[1]},
                            .before = {tested->before[0], tested->before[1]},
                            .y_line = (ptrdiff_t)line,
                            .y_step = (ptrdiff_t)step};
}

static void run_forward(const fcnn_kernels *kernels, const convolution *c, result *to)
{
    const fcnn_depthwise far = depthwise_of(c, 2);
    fcnn_depthwise near = depthwise_of(c, 1);
    float *x = new_input(near.height * near.width * c->channels, c->stream), *w = new_input(columns(c), c->stream + 1);
    float *bias = new_input(c->channels, c->stream + 2);
    kernels->depthwise_forward(&near, x, w, bias, new_output(to, (size_t)near.y_line * c->lines));
    kernels->depthwise_forward(&far, x, w, NULL, new_output(to, (size_t)far.y_line * c->lines));
    near.limits = some_limits;
    kernels->depthwise_forward(&near, x, w, bias, new_output(to, (size_t)near.y_line * c->lines));
    free(x), free(w), free(bias);
}

static void run_weight_gradient(const fcnn_kernels *kernels, const convolution *c, result *to)
{
    const fcnn_depthwise depthwise = depthwise_of(c, 1);
    const size_t input = depthwise.height * depthwise.width * c->channels;
    const size_t output = c->lines * c->width * c->channels, stride = input + output + 5;
    float *x = new_batch(c->images, stride, input, c->stream);
    float *dy = new_batch(c->images, stride, output, c->stream + 1);
    float *whole = new_output(to, columns(c)), *part = new_output(to, columns(c));
    kernels->depthwise_weight_gradient(&depthwise, x, dy, c->images, stride, 0, c->channels, whole, 0);
    kernels->depthwise_weight_gradient(&depthwise, x, dy, 1, stride, 0, c->channels, whole, 1);
    kernels->depthwise_weight_gradient(&depthwise, x, dy, c->images, stride, c->channels / 3,
                                       c->channels - c->channels / 4, part, 0);
    free(x), free(dy);
}

static const reaching convolutions[] = {
    /* lines, width, kernel, strides, dilation, spare, images; before, after */
    {{3, 5, {3, 3}, {1, 1}, {1, 1}, 0, .images = 2}, {1, 1}, {1, 1}},
    {{1, 1, {3, 3}, {1, 1}, {1, 1}, 0, .images = 3}, {1, 1}, {1, 1}},
    {{5, 8, {3, 3}, {1, 1}, {1, 1}, 1, .images = 1}, {0, 0}, {0, 0}},
    {{4, 19, {3, 3}, {1, 1}, {1, 1}, 0, .images = 2}, {1, 1}, {1, 1}},
    {{3, 14, {3, 3}, {2, 2}, {1, 1}, 1, .images = 2}, {0, 0}, {1, 2}},
    {{2, 3, {3, 3}, {2, 2}, {1, 1}, 0, .images = 1}, {1, 1}, {1, 1}},
    {{6, 9, {3, 3}, {2, 1}, {2, 1}, 0, .images = 1}, {2, 0}, {1, 1}},
    {{3, 11, {3, 3}, {1, 3}, {1, 1}, 0, .images = 1}, {0, 1}, {1, 0}},
    {{2, 13, {3, 3}, {1, 1}, {2, 2}, 3, .images = 1}, {2, 2}, {2, 5}},
    {{3, 9, {5, 5}, {1, 1}, {1, 1}, 0, .images = 1}, {2, 2}, {2, 2}},
    {{3, 4, {5, 5}, {1, 1}, {1, 1}, 0, .images = 2}, {3, 3}, {2, 3}},
    {{4, 7, {1, 1}, {1, 1}, {1, 1}, 0, .images = 3}, {0, 0}, {0, 0}},
    {{4, 12, {2, 2}, {1, 1}, {1, 1}, 0, .images = 2}, {-1, -2}, {0, 0}},
    {{2, 5, {1, 5}, {1, 1}, {1, 3}, 0, .images = 2}, {0, 6}, {0, 6}},
    {{2, 9, {1, 12}, {1, 1}, {1, 1}, 0, .images = 1}, {0, 5}, {0, 6}},
    {{30, 40, {3, 3}, {1, 1}, {1, 1}, 0, .images = 2}, {1, 1}, {1, 1}},
};

static const size_t counts[] = {1, 2, 3, 4, 7, 8, 15, 16, 17, 20, 31, 32, 33, 48, 64, 100};

int main(void)
{
    fcnn_floating_mode_enter();
    for (size_t s = 0; s < LENGTH(convolutions); s++)
        for (size_t n = s % EVERY; n < LENGTH(counts); n += EVERY) {
            tested = &convolutions[s];
            const convolution c = sized(&tested->shape, counts[n], 1, 1000 * (s + 1) + 10 * n);
            check_subject("depthwise_forward", run_forward, 1, &c);
            check_subject("depthwise_weight_gradient", run_weight_gradient, 1, &c);
        }
    check_digest(EVERY == 1 ? 0x5410bc0d6d041ea4 : 0x4e8e57f700ef91a5);
    return check_report();
}
