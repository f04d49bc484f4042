/* test_winograd.c - convolutions by Winograd's algorithm.
 *
 * The transforms divide: the builds with fused multiply-add agree exactly with each other, and all with the reference,
 * and with the plain convolution, within a tolerance.
 */
#include "products.h"

static size_t tile; /* outputs along its edge: 4 or 5 for kernels of 3x3, 2 or 3 for 5x5 */

static fcnn_winograd winograd_of(const convolution *c)
{
    return (fcnn_winograd){.tile = tile,
                           .kernel = c->kernel[0],
                           .channels = c->channels,
                           .outputs = c->outputs,
                           .lines = c->lines,
                           .width = c->width,
                           .x_line = width(c) * c->channels};
}

/* Without an upper limit, so that tolerances, which go by the largest output, hold. */
static const fcnn_limits relu = {1, INFINITY};

static size_t transformed_size(const fcnn_winograd *shape)
{
    return fcnn_winograd_products(shape) * fcnn_winograd_kernel_step(shape);
}

static void run_winograd_kernel(const fcnn_kernels *kernels, const convolution *c, result *to)
{
    const fcnn_winograd shape = winograd_of(c);
    float *w = new_input(columns(c) * c->outputs, c->stream);
    kernels->winograd_kernel(&shape, w, 0, c->channels, new_output(to, transformed_size(&shape)));
    kernels->winograd_kernel(&shape, w, c->channels / 3, c->channels - c->channels / 4,
                             new_output(to, transformed_size(&shape)));
    free(w);
}

/* Images, kernel and bias (none, where the pool has no ReLU) of a convolution, and how far apart images lie. */
typedef struct winograd {
    size_t x_stride, y_stride;
    float *x, *w, *bias;
} winograd;

/* Makes a corner of each image black. */
static void blacken(const convolution *c, const winograd *g)
{
    for (size_t i = 0; i < c->images; i++)
        for (size_t line = height(c) / 4; line < height(c); line++)
            memset(g->x + i * g->x_stride + line * width(c) * c->channels, 0,
                   width(c) / 3 * 2 * c->channels * sizeof(float));
}

static winograd new_winograd(const convolution *c)
{
    winograd g = {.x_stride = image_size(c) + 3, .y_stride = c->lines * c->width * c->outputs + 5};
    g.x = new_batch(c->images, g.x_stride, image_size(c), c->stream);
    g.w = new_input(columns(c) * c->outputs, c->stream + 1);
    g.bias = c->pool.relu ? new_input(c->outputs, c->stream + 2) : NULL;
    if (c->images > 1)
        blacken(c, &g);
    return g;
}

static void free_winograd(winograd *g) { free(g->x), free(g->w), free(g->bias); }

/* The kernel is transformed by the reference, whichever build runs forward. */
static void run_winograd_forward(const fcnn_kernels *kernels, const convolution *c, result *to)
{
    fcnn_winograd shape = winograd_of(c);
    const size_t scratch_size = fcnn_winograd_scratch(&shape);
    winograd g = new_winograd(c);
    float *u = new_input(transformed_size(&shape), 0);
    fcnn_kernels_for(FCNN_ISA_REFERENCE)->winograd_kernel(&shape, g.w, 0, c->channels, u);
    float *y = new_output(to, c->images * g.y_stride), *limited = new_output(to, c->images * g.y_stride);
    float *scratch = new_scratch(to, scratch_size);
    kernels->winograd_forward(&shape, c->images, g.x, g.x_stride, u, g.bias, y, g.y_stride, scratch);
    shape.limits = relu;
    kernels->winograd_forward(&shape, c->images, g.x, g.x_stride, u, g.bias, limited, g.y_stride, scratch);
    put_canaries(scratch, scratch_size);
    free(u), free_winograd(&g);
}

static void run_plain_forward(const fcnn_kernels *kernels, const convolution *c, result *to)
{
    const fcnn_winograd shape = winograd_of(c);
    ptrdiff_t run[MAX_TAPS];
    fcnn_patches patches = patches_of(c, run);
    winograd g = new_winograd(c);
    float *y[] = {new_output(to, c->images * g.y_stride), new_output(to, c->images * g.y_stride)};
    new_scratch(to, fcnn_winograd_scratch(&shape));
    for (size_t limited = 0; limited < 2; limited++, patches.limits = relu)
        for (size_t i = 0; i < c->images; i++)
            kernels->patches_forward(&patches, g.x + i * g.x_stride, g.w, g.bias, c->outputs,
                                     y[limited] + i * g.y_stride, c->outputs);
    free_winograd(&g);
}

static void test_winograd_is_a_convolution(const convolution *c)
{
    for (kind = USUAL; kind <= INTEGERS; kind++) {
        result expected = {0}, actual = {0};
        run_plain_forward(fcnn_kernels_for(FCNN_ISA_REFERENCE), c, &expected);
        run_winograd_forward(fcnn_kernels_for(FCNN_ISA_REFERENCE), c, &actual);
        CHECK(all_agree(&actual, &expected, TOLERANCE));
        release(&expected), release(&actual);
    }
}

/* Outputs that see only black are the bias, and nothing else: every build agrees with the plain convolution's bits
 * there. */
static void test_black_is_exact(const convolution *c)
{
    kind = USUAL;
    for (fcnn_isa isa = FCNN_ISA_REFERENCE; isa < FCNN_ISA_COUNT; isa++) {
        if (!fcnn_isa_available(isa))
            continue;
        result plain = {0}, fast = {0};
        run_plain_forward(fcnn_kernels_for(FCNN_ISA_REFERENCE), c, &plain);
        run_winograd_forward(fcnn_kernels_for(isa), c, &fast);
        /* Of a black output. */
        const float *bias = plain.array[0].memory + GUARD + 1 + (c->lines - 1) * c->width * c->outputs;
        size_t exact = 0;
        for (size_t o = 0; o < c->outputs; o++)
            exact += memcmp(bias + o, fast.array[0].memory + (bias - plain.array[0].memory) + o, sizeof(float)) == 0;
        CHECK(exact == c->outputs);
        release(&plain), release(&fast);
    }
}

/* ---- the gradient of the kernel ---- */

/* Images and dy, each begun `stride` floats behind the one before. */
typedef struct gradients {
    size_t stride;
    float *x, *dy;
} gradients;

static gradients new_gradients(const convolution *c)
{
    const size_t outputs = c->lines * c->width * c->outputs;
    gradients g = {.stride = (image_size(c) > outputs ? image_size(c) : outputs) + 3};
    g.x = new_batch(c->images, g.stride, image_size(c), c->stream);
    g.dy = new_batch(c->images, g.stride, outputs, c->stream + 1);
    return g;
}

/* All channels at once, and some of them added to what is there. */
static void run_winograd_gradient(const fcnn_kernels *kernels, const convolution *c, result *to)
{
    const fcnn_winograd shape = winograd_of(c);
    const size_t size = columns(c) * c->outputs, some[] = {c->channels / 3, c->channels - c->channels / 4};
    const size_t scratch_size = fcnn_winograd_gradient_scratch(&shape, c->channels);
    gradients g = new_gradients(c);
    float *scratch = new_scratch(to, scratch_size), *all = new_output(to, size), *added = new_output(to, size);
    kernels->winograd_weight_gradient(&shape, g.x, g.dy, c->images, g.stride, 0, c->channels, all, 0, scratch);
    memcpy(added, all, size * sizeof *added);
    kernels->winograd_weight_gradient(&shape, g.x, g.dy, c->images, g.stride, some[0], some[1], added, 1, scratch);
    put_canaries(scratch, scratch_size);
    free(g.x), free(g.dy);
}

static void run_plain_gradient(const fcnn_kernels *kernels, const convolution *c, result *to)
{
    const fcnn_winograd shape = winograd_of(c);
    const size_t size = columns(c) * c->outputs;
    ptrdiff_t run[MAX_TAPS];
    const fcnn_patches patches = patches_of(c, run);
    gradients g = new_gradients(c);
    new_scratch(to, fcnn_winograd_gradient_scratch(&shape, c->channels));
    float *all = new_output(to, size), *added = new_output(to, size);
    kernels->patches_weight_gradient(&patches, g.x, g.dy, c->outputs, c->images, g.stride, c->outputs, 0, columns(c),
                                     all, 0, NULL);
    for (size_t i = 0; i < size; i++) {
        const size_t channel = i / c->outputs % c->channels;
        added[i] = channel >= c->channels / 3 && channel < c->channels - c->channels / 4 ? all[i] + all[i] : all[i];
    }
    free(g.x), free(g.dy);
}

static void test_gradient_is_that_of_a_convolution(const convolution *c)
{
    enum { RATIO = 5 }; /* of the tolerance of gradients to that of outputs: docs/numerics.md */
    for (kind = USUAL; kind <= INTEGERS; kind++) {
        result expected = {0}, actual = {0};
        run_plain_gradient(fcnn_kernels_for(FCNN_ISA_REFERENCE), c, &expected);
        run_winograd_gradient(fcnn_kernels_for(FCNN_ISA_REFERENCE), c, &actual);
        CHECK(all_agree(&actual, &expected, RATIO * TOLERANCE));
        release(&expected), release(&actual);
    }
}

static const convolution winograd_convolutions[] = {
    /* lines, width, kernel, strides, dilation, spare, images; with or without bias */
    {10, 10, {3, 3}, {1, 1}, {1, 1}, 1, 5, .pool.relu = 1}, {1, 1, {3, 3}, {1, 1}, {1, 1}, 0, 17, .pool.relu = 0},
    {7, 13, {3, 3}, {1, 1}, {1, 1}, 2, 2, .pool.relu = 1},  {4, 6, {3, 3}, {1, 1}, {1, 1}, 0, 1, .pool.relu = 0},
    {8, 9, {5, 5}, {1, 1}, {1, 1}, 1, 3, .pool.relu = 1},   {1, 2, {5, 5}, {1, 1}, {1, 1}, 0, 9, .pool.relu = 0},
};

static void test_convolutions(void)
{
    for (size_t n = 0; n < LENGTH(output_counts); n += EVERY)
        for (size_t s = n / EVERY % 2; s < LENGTH(winograd_convolutions); s += 2)
            for (size_t larger = 0; larger < 2; larger++) {
                const convolution c = numbered(winograd_convolutions, s, n);
                tile = larger + (c.kernel[0] == 3 ? 4 : 2);
                check_subject("winograd_kernel", run_winograd_kernel, 0, &c);
                check_subject("winograd_forward", run_winograd_forward, 0, &c);
                check_subject("winograd_weight_gradient", run_winograd_gradient, 0, &c);
                test_winograd_is_a_convolution(&c);
                test_gradient_is_that_of_a_convolution(&c);
                if (c.lines > 7)
                    test_black_is_exact(&c);
            }
}

int main(void)
{
    fcnn_floating_mode_enter();
    test_convolutions();
    check_digest(EVERY == 1 ? 0xce3789a08b4eaae6 : 0xcd6c7fc58a191a3f);
    return check_report();
}
