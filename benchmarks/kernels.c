/* kernels.c - times every build of the hot kernels on the reference network's shapes, beside the machine's measured
 * peak.
 *
 * Each line: the stage, microseconds an image on one core (the median of several rounds, taken in turn over the
 * builds), and how many percent of the measured multiply-add peak its own multiply-adds reach. Sparse stages count the
 * products that they do, not those that they avoid.
 *
 * Built and run by `make bench-kernels`; `build/release/kernels conv2` times the stages whose names begin with conv2.
 */
#include <math.h>
#include <stdio.h>

#include "timing.h"

enum { IMAGES = 16, ROUNDS = 15 };

typedef struct stage {
    const char *name;
    void (*run)(const fcnn_kernels *kernels); /* one batch of IMAGES */
    double products;                          /* multiply-adds an image */
} stage;

enum { STRIDE = 16 * 1101 }; /* floats of an image's record here */

static float *input, *hidden, *pooled_1, *pooled_2, *gradient_1, *gradient_2, *dense_in, *dense_out, *dense_gradient;
static float *kernel_1, *kernel_2, *transposed_2, *transformed_2, *dense_kernel, *weights_gradient, *scratch, *output;
static uint8_t *winner_1, *winner_2;

static const ptrdiff_t runs_1[3] = {0, 28, 56}, runs_2[3] = {0, 13 * 32, 26 * 32};
static const ptrdiff_t member_1[4] = {0, 1, 28, 29}, member_2[4] = {0, 32, 13 * 32, 14 * 32};
static const fcnn_pooled pool_1 = {
    .window = {12, 12, 56, 2, runs_1, 3, 3}, .member = member_1, .members = 4, .out_width = 13, .relu = 1, .inside = 1};
static const fcnn_pooled pool_2 = {.window = {5, 5, 26 * 32, 64, runs_2, 3, 96},
                                   .member = member_2,
                                   .members = 4,
                                   .out_width = 5,
                                   .relu = 1,
                                   .inside = 1};

static const fcnn_winograd winograd_2 = {
    .tile = 5, .kernel = 3, .channels = 32, .outputs = 64, .lines = 10, .width = 10, .x_line = 13 * 32};

static void conv1_forward(const fcnn_kernels *k)
{
    for (size_t i = 0; i < IMAGES; i++)
        k->pooled_forward(&pool_1, input + i * STRIDE, kernel_1, kernel_1, 32, output + i * STRIDE,
                          winner_1 + i * 4 * STRIDE);
}

static void conv2_winograd(const fcnn_kernels *k)
{
    for (size_t i = 0; i < IMAGES; i += 4)
        k->winograd_forward(&winograd_2, 4, hidden + i * STRIDE, STRIDE, transformed_2, kernel_2, output, 6400,
                            scratch);
}

static void conv2_direct(const fcnn_kernels *k)
{
    const fcnn_patches rows = {
        .lines = 10, .width = 10, .line_step = 13 * 32, .step = 32, .run = runs_2, .runs = 3, .run_length = 96};
    for (size_t i = 0; i < IMAGES; i++)
        k->patches_forward(&rows, hidden + i * STRIDE, kernel_2, kernel_2, 64, output + i * STRIDE, 64);
}

static void dense_forward(const fcnn_kernels *k)
{
    k->dense_forward(IMAGES, 1600, 128, dense_in, STRIDE, dense_kernel, dense_kernel, output, 128);
}

static void dense_input(const fcnn_kernels *k)
{
    k->dense_input_gradient(IMAGES, 1600, 128, dense_gradient, STRIDE, dense_kernel, output, STRIDE, scratch);
}

static void dense_weights(const fcnn_kernels *k)
{
    k->dense_weight_gradient(IMAGES, STRIDE, 128, dense_in, dense_gradient, 0, 1600, weights_gradient, 0, NULL);
}

static void dense_both(const fcnn_kernels *k)
{
    for (size_t i = 0; i < 1600; i += 48)
        k->dense_backward(IMAGES, i + 48 < 1600 ? 48 : 1600 - i, 128, dense_in + i, STRIDE, dense_gradient, STRIDE,
                          dense_kernel + i * 128, output + i, weights_gradient, 0);
}

static void conv2_input(const fcnn_kernels *k)
{
    k->pooled_input_gradient_3x3(&pool_2, 32, IMAGES, STRIDE, pooled_2, gradient_2, winner_2, transposed_2, 64, output,
                                 scratch);
}

static void conv2_weights(const fcnn_kernels *k)
{
    for (size_t o = 0; o < 64; o += 16)
        k->pooled_weight_gradient(&pool_2, hidden, pooled_2, gradient_2, winner_2, IMAGES, STRIDE, 64, o, o + 16,
                                  weights_gradient, weights_gradient + 32 * 9 * 64, 0, scratch);
}

static void conv1_weights(const fcnn_kernels *k)
{
    for (size_t o = 0; o < 32; o += 32)
        k->pooled_weight_gradient(&pool_1, input, pooled_1, gradient_1, winner_1, IMAGES, STRIDE, 32, o, o + 32,
                                  weights_gradient, weights_gradient + 1000, 0, scratch);
}

static void kernel_transform(const fcnn_kernels *k) { k->winograd_kernel(&winograd_2, kernel_2, 0, 32, transformed_2); }

static void adam(const fcnn_kernels *k)
{
    const fcnn_update update = {.rate = 1e-3f, .clip_scale = 1.0f, .clip_value = INFINITY, .keeps_finite = 1};
    k->adam(&update, 225034, dense_kernel, weights_gradient, weights_gradient + 300000, weights_gradient + 600000, NULL,
            0.9f, 0.999f, 1e-7f);
}

static const stage stages[] = {
    {"conv1 forward, ReLU, pool", conv1_forward, 24 * 24 * 9 * 32},
    {"conv2 forward, direct", conv2_direct, 100 * 288 * 64},
    {"conv2 forward, Winograd F(5x5, 3x3)", conv2_winograd, 49 * 4 * 32 * 64},
    {"dense forward, sparse", dense_forward, 0.5 * 1600 * 128},
    {"dense input gradient", dense_input, 1600 * 128},
    {"dense weight gradient, sparse", dense_weights, 0.5 * 1600 * 128},
    {"dense input and weight gradient, sparse", dense_both, 0.5 * 2 * 1600 * 128},
    {"conv2 input gradient, sparse", conv2_input, 0.5 * 1600 * 288},
    {"conv2 weight gradient, sparse", conv2_weights, 0.5 * 1600 * 288},
    {"conv1 weight gradient", conv1_weights, 0.5 * 144 * 32 * 9},
    {"kernel transform (a step of 32)", kernel_transform, 0},
    {"Adam (a step of 32)", adam, 0},
};
enum { STAGES = sizeof stages / sizeof *stages };

static void make_data(void)
{
    const size_t all = IMAGES * STRIDE;
    input = numbers(all, 0, 1), hidden = numbers(all, 0, 1);
    pooled_1 = numbers(all, -1, 1), pooled_2 = numbers(all, -1, 1);
    gradient_1 = numbers(all, -1, 1), gradient_2 = numbers(all, -1, 1);
    dense_in = numbers(all, -1, 1), dense_out = numbers(all, 0, 1), dense_gradient = numbers(all, -1, 1);
    for (size_t i = 0; i < all; i++)
        dense_in[i] = fmaxf(dense_in[i], 0.0f);
    kernel_1 = numbers(320, -1, 1), kernel_2 = numbers(9 * 32 * 64 + 64, -1, 1),
    transposed_2 = numbers(9 * 32 * 64, -1, 1);
    transformed_2 = numbers(fcnn_winograd_products(&winograd_2) * fcnn_winograd_kernel_step(&winograd_2), -1, 1),
    dense_kernel = numbers(300000, -1, 1);
    weights_gradient = numbers(900000, 0, 1), scratch = numbers(1 << 20, 0, 1), output = numbers(all, 0, 1);
    winner_1 = malloc(4 * all), winner_2 = malloc(4 * all);
    if (!winner_1 || !winner_2)
        exit(1);
    for (size_t i = 0; i < 4 * all; i++)
        winner_1[i] = (uint8_t)(rand() % 4), winner_2[i] = (uint8_t)(rand() % 4);
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    const char *wanted = argc > 1 ? argv[1] : "";
    make_data();
    static double seconds[STAGES][FCNN_ISA_COUNT][ROUNDS];
    for (int round = 0; round < ROUNDS; round++)
        for (size_t s = 0; s < STAGES; s++)
            for (int isa = FCNN_ISA_BASELINE; isa < FCNN_ISA_COUNT; isa++) {
                if (!fcnn_isa_available(isa) || !begins_with(stages[s].name, wanted))
                    continue;
                const fcnn_kernels *k = fcnn_kernels_for(isa);
                stages[s].run(k);
                const double begin = fcnn_thread_seconds();
                stages[s].run(k);
                stages[s].run(k);
                seconds[s][isa][round] = (fcnn_thread_seconds() - begin) / 2;
            }
    for (int isa = FCNN_ISA_BASELINE; isa < FCNN_ISA_COUNT; isa++) {
        if (!fcnn_isa_available(isa))
            continue;
        const double peak = peak_of(fcnn_kernels_for(isa));
        printf("\n%s: %.1f billion multiply-adds a second in the first-level cache\n", fcnn_isa_name(isa), peak * 1e-9);
        for (size_t s = 0; s < STAGES; s++) {
            if (!begins_with(stages[s].name, wanted))
                continue;
            qsort(seconds[s][isa], ROUNDS, sizeof(double), ascending);
            const int step = stages[s].products == 0;
            const double each = seconds[s][isa][ROUNDS / 4] / (step ? 32 : IMAGES);
            printf("  %-38s %8.2f us", stages[s].name, each * 1e6);
            if (!step)
                printf("  %5.1f %%", 100 * stages[s].products / each / peak);
            printf("\n");
        }
    }
    return 0;
}
