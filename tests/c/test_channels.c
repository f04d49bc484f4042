/* test_channels.c - every build of the kernels of batch normalization against the reference: probes.h. The size of a
 * probe is the number of channels; each variant has another number of rows. */
#include "probes.h"

static const size_t rows_of[] = {1, 3, 4, 7, 30};

enum { ROW_COUNTS = sizeof rows_of / sizeof *rows_of };

/* Numbers for each channel that the kernels read. */
typedef struct channel_numbers {
    float mean[ROOM], scale[ROOM], offset[ROOM];
} channel_numbers;

static void fill_channels(channel_numbers *numbers, size_t channels)
{
    fill(numbers->mean, channels, 1, -4, 4);
    fill(numbers->scale, channels, 2, -3, 3);
    fill(numbers->offset, channels, 3, -9, 9);
}

/* Whole numbers have a whole mean here: the last row brings the sum of each channel to 0. */
static void run_moments(const fcnn_kernels *kernels, size_t variant, size_t channels, outputs *out)
{
    const size_t rows = rows_of[variant];
    float x[ROOM];
    fill(x, rows * channels, 4, -9, 9);
    for (size_t c = 0; use_integers && c < channels; c++) {
        float *last = &x[(rows - 1) * channels + c];
        *last = 0.0f;
        for (size_t r = 0; r + 1 < rows; r++)
            *last -= x[r * channels + c];
    }
    out->count = channels;
    kernels->channel_moments(rows, channels, x, out->array[0], out->array[1]);
}

static void run_products(const fcnn_kernels *kernels, size_t variant, size_t channels, outputs *out)
{
    const size_t rows = rows_of[variant];
    float x[ROOM], dy[ROOM];
    channel_numbers numbers;
    fill(x, rows * channels, 5, -9, 9);
    fill(dy, rows * channels, 6, -9, 9);
    fill_channels(&numbers, channels);
    out->count = channels;
    kernels->channel_products(rows, channels, x, numbers.mean, dy, out->array[0], out->array[1]);
}

static void run_scale(const fcnn_kernels *kernels, size_t variant, size_t channels, outputs *out)
{
    const size_t rows = rows_of[variant];
    float x[ROOM];
    channel_numbers numbers;
    fill(x, rows * channels, 7, -9, 9);
    fill_channels(&numbers, channels);
    out->count = rows * channels;
    kernels->channel_scale(rows, channels, x, numbers.mean, numbers.scale, numbers.offset, out->array[0]);
    kernels->channel_scale(rows, channels, x, NULL, numbers.scale, NULL, out->array[1]);
    memcpy(out->array[2], x, out->count * sizeof *x);
    kernels->channel_scale(rows, channels, out->array[2], numbers.mean, numbers.scale, numbers.offset, out->array[2]);
    CHECK(memcmp(out->array[2], out->array[0], out->count * sizeof *x) == 0);
}

static void run_combine(const fcnn_kernels *kernels, size_t variant, size_t channels, outputs *out)
{
    const size_t rows = rows_of[variant];
    float x[ROOM], dy[ROOM], slope[ROOM];
    channel_numbers numbers;
    fill(x, rows * channels, 8, -9, 9);
    fill(dy, rows * channels, 9, -9, 9);
    fill(slope, channels, 10, -2, 2);
    fill_channels(&numbers, channels);
    out->count = rows * channels;
    kernels->channel_combine(rows, channels, x, numbers.mean, slope, dy, numbers.scale, numbers.offset, out->array[0]);
    memcpy(out->array[1], dy, out->count * sizeof *dy);
    kernels->channel_combine(rows, channels, x, numbers.mean, slope, out->array[1], numbers.scale, numbers.offset,
                             out->array[1]);
    CHECK(memcmp(out->array[1], out->array[0], out->count * sizeof *dy) == 0);
}

static const probe probes[] = {
    {"channel_moments", ROW_COUNTS, 2, 1, 2e-6, 10, run_moments},
    {"channel_products", ROW_COUNTS, 2, 1, 2e-6, 100, run_products},
    {"channel_scale", ROW_COUNTS, 3, 1, 2e-6, 10, run_scale},
    {"channel_combine", ROW_COUNTS, 2, 1, 2e-6, 10, run_combine},
};

int main(void)
{
    test_probes(probes, sizeof probes / sizeof *probes);
    check_digest(0x80d7c29c51733341);
    return check_report();
}
