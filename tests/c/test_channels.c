/* test_channels.c - every build of the kernels of batch normalization against the reference: probes.h. The size of a
 * probe is the number of channels; each variant has another number of rows. */
#include "probes.h"

static const size_t rows_of[] = {1, 3, 4, 7, 30};

enum { ROW_COUNTS = sizeof rows_of / sizeof *rows_of };

/* What belongs to each channel; of the variants beyond the first ROW_COUNTS, with limits. */
typedef struct numbers {
    float mean[ROOM], scale[ROOM], offset[ROOM], slope[ROOM], shift[ROOM];
    fcnn_channels of;
} numbers;

static const fcnn_channels *fill_channels(numbers *n, size_t variant, size_t channels)
{
    fill(n->mean, channels, 1, -4, 4);
    fill(n->scale, channels, 2, -3, 3);
    fill(n->offset, channels, 3, -9, 9);
    fill(n->slope, channels, 10, -2, 2);
    fill(n->shift, channels, 11, -9, 9);
    n->of = (fcnn_channels){.rows = rows_of[variant % ROW_COUNTS],
                            .channels = channels,
                            .mean = n->mean,
                            .scale = n->scale,
                            .offset = n->offset,
                            .limits = {variant >= ROW_COUNTS, 6.0f}};
    return &n->of;
}

/* Whole numbers have a whole mean here: the last row brings the sum of each channel to 0. */
static void run_moments(const fcnn_kernels *kernels, size_t variant, size_t channels, outputs *out)
{
    static numbers n;
    const fcnn_channels *of = fill_channels(&n, variant, channels);
    float x[ROOM];
    fill(x, of->rows * channels, 4, -9, 9);
    for (size_t c = 0; use_integers && c < channels; c++) {
        float *last = &x[(of->rows - 1) * channels + c];
        *last = 0.0f;
        for (size_t r = 0; r + 1 < of->rows; r++)
            *last -= x[r * channels + c];
    }
    out->count = channels;
    kernels->channel_moments(of, x, out->array[0], out->array[1]);
}

static void run_products(const fcnn_kernels *kernels, size_t variant, size_t channels, outputs *out)
{
    static numbers n;
    const fcnn_channels *of = fill_channels(&n, variant, channels);
    float x[ROOM], y[ROOM], dy[ROOM];
    fill(x, of->rows * channels, 5, -9, 9);
    fill(y, of->rows * channels, 12, -9, 9);
    fill(dy, of->rows * channels, 6, -9, 9);
    out->count = channels;
    kernels->channel_products(of, x, y, dy, out->array[0], out->array[1]);
    kernels->channel_products(of, x, NULL, dy, out->array[2], out->array[3]);
}

static void run_scale(const fcnn_kernels *kernels, size_t variant, size_t channels, outputs *out)
{
    static numbers n;
    const fcnn_channels *of = fill_channels(&n, variant, channels);
    const fcnn_channels bare = {.rows = of->rows, .channels = channels, .scale = n.scale};
    float x[ROOM], added[ROOM];
    fill(x, of->rows * channels, 7, -9, 9);
    fill(added, of->rows * channels, 13, -9, 9);
    out->count = of->rows * channels;
    kernels->channel_scale(of, x, added, out->array[0]);
    kernels->channel_scale(&bare, x, NULL, out->array[1]);
    memcpy(out->array[2], x, out->count * sizeof *x);
    kernels->channel_scale(of, out->array[2], added, out->array[2]);
    CHECK(memcmp(out->array[2], out->array[0], out->count * sizeof *x) == 0);
    memcpy(out->array[3], added, out->count * sizeof *x);
    kernels->channel_scale(of, x, out->array[3], out->array[3]);
    CHECK(memcmp(out->array[3], out->array[0], out->count * sizeof *x) == 0);
}

static void run_combine(const fcnn_kernels *kernels, size_t variant, size_t channels, outputs *out)
{
    static numbers n;
    const fcnn_channels *of = fill_channels(&n, variant, channels);
    float x[ROOM], y[ROOM], dy[ROOM];
    fill(x, of->rows * channels, 8, -9, 9);
    fill(y, of->rows * channels, 14, -9, 9);
    fill(dy, of->rows * channels, 9, -9, 9);
    out->count = of->rows * channels;
    const float *limited = of->limits.apply ? y : NULL;
    kernels->channel_combine(of, x, n.slope, n.shift, limited, dy, out->array[0], out->array[1]);
    memcpy(out->array[2], dy, out->count * sizeof *dy);
    kernels->channel_combine(of, x, n.slope, n.shift, limited, out->array[2], out->array[2], NULL);
    CHECK(memcmp(out->array[2], out->array[0], out->count * sizeof *dy) == 0);
    memcpy(out->array[3], dy, out->count * sizeof *dy);
    kernels->channel_combine(of, x, NULL, NULL, limited, out->array[3], NULL, out->array[3]);
    CHECK(memcmp(out->array[3], out->array[1], out->count * sizeof *dy) == 0);
}

static void run_combine_alone(const fcnn_kernels *kernels, size_t variant, size_t channels, outputs *out)
{
    static numbers n;
    const fcnn_channels *of = fill_channels(&n, variant, channels);
    float x[ROOM], dy[ROOM];
    fill(x, of->rows * channels, 15, -9, 9);
    fill(dy, of->rows * channels, 17, -9, 9);
    out->count = of->rows * channels;
    kernels->channel_combine(of, x, NULL, NULL, NULL, dy, out->array[0], NULL);
}

static const probe probes[] = {
    {"channel_moments", ROW_COUNTS, 2, 1, 2e-6, 10, run_moments},
    {"channel_products", 2 * ROW_COUNTS, 4, 1, 2e-6, 100, run_products},
    {"channel_scale", 2 * ROW_COUNTS, 4, 1, 2e-6, 10, run_scale},
    {"channel_combine", 2 * ROW_COUNTS, 4, 1, 2e-6, 10, run_combine},
    {"channel_combine without slope", 2 * ROW_COUNTS, 1, 1, 2e-6, 10, run_combine_alone},
};

int main(void)
{
    test_probes(probes, sizeof probes / sizeof *probes);
    check_digest(0xf87a16d6ccc07199);
    return check_report();
}
