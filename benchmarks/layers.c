/* layers.c - times convolution layers, as ResNet-20 and MobileNet have them for images of 28x28, beside the machine's
 * measured peak.
 *
 * Each line: a layer; then for forward, the gradient of its input and the gradient of its parameters the microseconds
 * an image on one core (the fastest of several rounds), and how many percent of the measured multiply-add peak the
 * multiply-adds of a plain convolution reach: Winograd's algorithm, which needs fewer, may exceed 100. Copies of padded
 * images count, re-laid parameters do not.
 *
 * Built and run by `make bench-kernels`; `build/release/layers depthwise` times those whose names begin with depthwise.
 */
#include <stdio.h>

#include "../tests/c/describe.h"
#include "layers/layer.h"
#include "timing.h"

enum { IMAGES = 16, ROUNDS = 40 };

typedef struct stage {
    const char *name, *type;
    size_t side, channels;
    int filters, kernel, stride; /* filters 0: a depthwise convolution */
} stage;

static const stage stages[] = {
    {"3x3 28x28x16 to 16", "conv2d", 28, 16, 16, 3, 1},
    {"3x3 14x14x32 to 32", "conv2d", 14, 32, 32, 3, 1},
    {"3x3 7x7x64 to 64", "conv2d", 7, 64, 64, 3, 1},
    {"3x3 28x28x1 to 16", "conv2d", 28, 1, 16, 3, 1},
    {"3x3 28x28x16 to 32, stride 2", "conv2d", 28, 16, 32, 3, 2},
    {"3x3 14x14x32 to 64, stride 2", "conv2d", 14, 32, 64, 3, 2},
    {"1x1 28x28x16 to 32, stride 2", "conv2d", 28, 16, 32, 1, 2},
    {"1x1 28x28x32 to 64", "conv2d", 28, 32, 64, 1, 1},
    {"1x1 14x14x64 to 128", "conv2d", 14, 64, 128, 1, 1},
    {"1x1 14x14x128 to 128", "conv2d", 14, 128, 128, 1, 1},
    {"1x1 7x7x128 to 256", "conv2d", 7, 128, 256, 1, 1},
    {"depthwise 28x28x16", "depthwise_conv2d", 28, 16, 0, 3, 1},
    {"depthwise 28x28x32", "depthwise_conv2d", 28, 32, 0, 3, 1},
    {"depthwise 28x28x64, stride 2", "depthwise_conv2d", 28, 64, 0, 3, 2},
    {"depthwise 14x14x128", "depthwise_conv2d", 14, 128, 0, 3, 1},
    {"depthwise 14x14x128, stride 2", "depthwise_conv2d", 14, 128, 0, 3, 2},
    {"depthwise 7x7x256", "depthwise_conv2d", 7, 256, 0, 3, 1},
    {"depthwise 5x5 14x14x128", "depthwise_conv2d", 14, 128, 0, 5, 1},
};
enum { STAGES = sizeof stages / sizeof *stages };

static fcnn_layer layer_of(const stage *s)
{
    const int filters = s->filters ? s->filters : 1;
    const fcnn_attribute attributes[] = {
        INTEGER(s->filters ? "filters" : "depth_multiplier", filters),
        INTEGER("kernel_size", s->kernel),
        INTEGER("strides", s->stride),
        TEXT("padding", "same"),
        INTEGER("dilation_rate", 1),
        INTEGER("use_bias", 1),
    };
    fcnn_layer layer = {
        .class = fcnn_layer_find(s->type), .inputs = 1, .input = {{3, {s->side, s->side, s->channels}}}};
    fcnn_error error;
    if (layer.class->create(&layer, &(fcnn_attributes)ALL_OF(attributes), &error) != FCNN_OK) {
        fprintf(stderr, "%s: %s\n", s->name, error.message);
        exit(1);
    }
    if (layer.class->quicken)
        layer.class->quicken(&layer);
    return layer;
}

static double multiply_adds(const stage *s, const fcnn_layer *layer)
{
    const size_t pixels = layer->output.extent[0] * layer->output.extent[1];
    return (double)(pixels * s->channels) * s->kernel * s->kernel * (s->filters ? s->filters : 1);
}

/* One batch: each image's record holds x, y, what forward saves, dy and dx. */
static fcnn_io batch_of(const fcnn_layer *layer, const fcnn_kernels *kernels, float **memory)
{
    const size_t x = rounded(fcnn_shape_size(&layer->input[0])), y = rounded(fcnn_shape_size(&layer->output));
    const size_t parameters = rounded(fcnn_layer_parameter_size(layer)), saved = rounded(layer->saved);
    const size_t record = (2 * (x + y) + saved) | 16; /* an odd number of cache lines */
    float *at = *memory =
        numbers(IMAGES * record + 2 * parameters + rounded(layer->scratch) + rounded(layer->prepared), -1, 1);
    fcnn_io io = {.kernels = kernels, .stride = record, .x = {at}, .y = at + x};
    io.saved = io.y + y;
    io.dy = io.saved + saved;
    io.dx[0] = io.saved + saved + y;
    io.parameters = at + IMAGES * record;
    io.gradient.values = at + IMAGES * record + parameters;
    io.scratch = io.gradient.values + parameters;
    io.prepared = io.scratch + rounded(layer->scratch);
    return io;
}

static void run_forward(const fcnn_layer *layer, const fcnn_io *io) { layer->class->forward(layer, io, IMAGES); }

static void run_backward(const fcnn_layer *layer, const fcnn_io *io) { layer->class->backward(layer, io, IMAGES); }

/* Of few parameters, image by image, as the plan does. */
static void run_gradient(const fcnn_layer *layer, const fcnn_io *io)
{
    const int few = 4 * fcnn_layer_parameter_size(layer) <= fcnn_shape_size(&layer->output);
    const size_t images = few ? 1 : IMAGES;
    for (size_t i = 0; i < IMAGES; i += images) {
        fcnn_io some = *io;
        some.x[0] += i * io->stride;
        some.saved += i * io->stride;
        some.dy += i * io->stride;
        for (size_t shard = 0; shard < layer->gradient_shards; shard++)
            layer->class->gradient(layer, &some, images, shard);
    }
}

typedef void pass(const fcnn_layer *layer, const fcnn_io *io);
static pass *const passes[] = {run_forward, run_backward, run_gradient};
enum { PASSES = sizeof passes / sizeof *passes };

static void time_stage(const stage *s, const fcnn_kernels *kernels, double peak)
{
    fcnn_layer layer = layer_of(s);
    float *memory;
    const fcnn_io io = batch_of(&layer, kernels, &memory);
    for (size_t shard = 0; shard < layer.prepare_shards; shard++)
        layer.class->prepare(&layer, &io, shard);
    double best[PASSES];
    for (int round = 0; round < ROUNDS; round++)
        for (size_t p = 0; p < PASSES; p++) {
            const double begin = fcnn_thread_seconds();
            passes[p](&layer, &io);
            const double seconds = (fcnn_thread_seconds() - begin) / IMAGES;
            best[p] = round == 0 || seconds < best[p] ? seconds : best[p];
        }
    printf("  %-32s", s->name);
    for (size_t p = 0; p < PASSES; p++)
        printf("  %8.2f us %5.1f %%", best[p] * 1e6, 100 * multiply_adds(s, &layer) / best[p] / peak);
    printf("\n");
    free(memory);
    fcnn_release(layer.config);
}

int main(int argc, char **argv)
{
    const char *wanted = argc > 1 ? argv[1] : "";
    fcnn_floating_mode_enter();
    for (int isa = FCNN_ISA_AVX2; isa < FCNN_ISA_COUNT; isa++) {
        if (!fcnn_isa_available(isa))
            continue;
        const double peak = peak_of(fcnn_kernels_for(isa));
        printf("\n%s: %.1f billion multiply-adds a second in the first-level cache\n  %-32s  %-19s  %-19s  %s\n",
               fcnn_isa_name(isa), peak * 1e-9, "", "forward", "input gradient", "parameters' gradient");
        for (size_t s = 0; s < STAGES; s++)
            if (begins_with(stages[s].name, wanted))
                time_stage(&stages[s], fcnn_kernels_for(isa), peak);
    }
    return 0;
}
