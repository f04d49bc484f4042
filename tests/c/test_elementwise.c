/* test_elementwise.c - every build of the elementwise, pooling, optimizer and conversion kernels against the reference,
 * by probes (probes.h), and what these do not reach. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "probes.h"

static fcnn_activation_spec activation(size_t variant)
{
    fcnn_activation_spec spec = {
        .function = (fcnn_activation)variant, .max_value = INFINITY, .alpha = 0.75f, .b = 3.0f, .default_value = -2.0f};
    if (variant > FCNN_RELU && variant < FCNN_ACTIVATION_COUNT)
        spec.threshold = 0.5f;
    if (variant >= FCNN_ACTIVATION_COUNT)
        spec.function = FCNN_RELU;
    if (variant == FCNN_ACTIVATION_COUNT || variant == FCNN_ACTIVATION_COUNT + 2)
        spec.negative_slope = 0.25f;
    if (variant == FCNN_ACTIVATION_COUNT + 4)
        spec.negative_slope = 1.5f;
    if (variant >= FCNN_ACTIVATION_COUNT + 1)
        spec.max_value = 3.0f;
    if (variant >= FCNN_ACTIVATION_COUNT + 2)
        spec.threshold = 1.0f;
    return spec;
}

static void run_activation(const fcnn_kernels *kernels, size_t variant, size_t size, outputs *out)
{
    const fcnn_activation_spec spec = activation(variant);
    float x[ROOM], y[ROOM], dy[ROOM];
    fill(x, size, 1, -8, 8);
    fill(dy, size, 2, -8, 8);
    out->count = size;
    kernels->activation_forward(&spec, size, x, out->array[0]);
    fcnn_kernels_for(FCNN_ISA_REFERENCE)->activation_forward(&spec, size, x, y);
    kernels->activation_backward(&spec, size, x, y, dy, out->array[1]);
    memcpy(out->array[2], x, size * sizeof *x);
    kernels->activation_forward(&spec, size, out->array[2], out->array[2]);
    CHECK(memcmp(out->array[2], out->array[0], size * sizeof *x) == 0);
    memcpy(out->array[3], dy, size * sizeof *x);
    kernels->activation_backward(&spec, size, x, y, out->array[3], out->array[3]);
    CHECK(memcmp(out->array[3], out->array[1], size * sizeof *x) == 0);
}

static void run_softmax(const fcnn_kernels *kernels, size_t variant, size_t size, outputs *out)
{
    const size_t rows = variant + 1;
    float x[ROOM], y[ROOM], dy[ROOM];
    if (size == 0)
        return;
    fill(x, rows * size, 3, -9, 9);
    fill(dy, rows * size, 4, -2, 2);
    out->count = rows * size;
    kernels->softmax(rows, size, x, out->array[0]);
    fcnn_kernels_for(FCNN_ISA_REFERENCE)->softmax(rows, size, x, y);
    kernels->softmax_backward(rows, size, y, dy, out->array[1]);
    memcpy(out->array[2], dy, out->count * sizeof *dy);
    kernels->softmax_backward(rows, size, y, out->array[2], out->array[2]);
    memcpy(out->array[3], x, out->count * sizeof *x);
    kernels->softmax(rows, size, out->array[3], out->array[3]);
    CHECK(memcmp(out->array[3], out->array[0], out->count * sizeof *x) == 0);
}

static void run_log_sum_exp(const fcnn_kernels *kernels, size_t variant, size_t size, outputs *out)
{
    float x[ROOM];
    if (size == 0)
        return;
    fill(x, size, 5, variant ? 500 : -9, variant ? 600 : 9);
    out->count = size;
    float max, again;
    const float log_sum = kernels->log_sum_exp(size, x, &max, out->array[0]);
    CHECK(kernels->log_sum_exp(size, x, &again, NULL) == log_sum && again == max);
    for (size_t i = 0; i < size; i++) {
        out->array[1][i] = log_sum;
        out->array[2][i] = max;
    }
}

static void run_logarithm(const fcnn_kernels *kernels, size_t variant, size_t size, outputs *out)
{
    float x[ROOM];
    (void)variant;
    fill(x, size, 6, 1e-7f, 4);
    for (size_t i = 0; i < size; i++)
        x[i] = i % 3 == 0 ? x[i] * 1e-7f : i % 3 == 1 ? x[i] * 1e30f : x[i] + 1e-7f;
    out->count = size;
    kernels->logarithm(size, x, out->array[0]);
}

static void run_scale_add(const fcnn_kernels *kernels, size_t variant, size_t size, outputs *out)
{
    float x[ROOM];
    fill(x, size, 7, -100, 100);
    fill(out->array[1], size, 8, -100, 100);
    out->count = size;
    kernels->scale_offset(size, x, variant ? 0.5f : 3.0f, -7.0f, out->array[0]);
    kernels->add(size, x, out->array[1]);
}

static void run_dropout(const fcnn_kernels *kernels, size_t variant, size_t size, outputs *out)
{
    static const float rates[] = {0.0f, 0.25f, 0.5f, 1.0f};
    float x[ROOM];
    fill(x, size, 9, -100, 100);
    out->count = size;
    kernels->dropout(size, x, 77, 3, 12, rates[variant], out->array[0]);
    memcpy(out->array[1], x, size * sizeof *x);
    kernels->dropout(size, out->array[1], 77, 3, 12, rates[variant], out->array[1]);
    CHECK(memcmp(out->array[1], out->array[0], size * sizeof *x) == 0);
}

static void run_combine(const fcnn_kernels *kernels, size_t variant, size_t size, outputs *out)
{
    const fcnn_combination how = (fcnn_combination)(variant / 2);
    float x[ROOM] = {1};
    fill(x, size, 41, 1, 9);
    fill(out->array[0], size, 42, 1, 9);
    out->count = size;
    kernels->combine(how, size, x, variant % 2, out->array[0]);
}

static void run_take_equal(const fcnn_kernels *kernels, size_t variant, size_t size, outputs *out)
{
    float x[ROOM] = {2}, y[ROOM];
    fill(x, size, 43, 0, 4);
    fill(y, size, 44, 0, 4);
    fill(out->array[0], size, 45, -9, 9);
    out->count = size;
    kernels->take_equal(size, x, variant, y, out->array[0], out->array[1]);
}

static void run_weighted_sum(const fcnn_kernels *kernels, size_t variant, size_t size, outputs *out)
{
    float weights[5], x[ROOM];
    fill(weights, 5, 46, -3, 3);
    fill(x, 5 * (size + 3), 47, -9, 9);
    out->count = size;
    kernels->weighted_sum(size, variant, weights, x, size + 3, out->array[0]);
}

static void run_noise(const fcnn_kernels *kernels, size_t variant, size_t size, outputs *out)
{
    out->count = size;
    kernels->mask(size, 77, 3, 12, variant ? 0.25f : 1.0f, 1.5f, -0.5f, out->array[0]);
    kernels->normals(size, 78, 3, 12, variant ? 1.0f : 0.0f, variant ? 0.5f : 3.0f, out->array[1]);
}

/* Pools of `size` channels: 2x2, overlapping with padding, wide, strides beyond the pool, one pixel. */
static fcnn_windows windows_of(size_t variant, size_t channels)
{
    static const fcnn_windows all[] = {
        {6, 4, 0, 3, 2, 2, 2, 2, 2, 0, 0}, {5, 5, 0, 2, 2, 2, 2, 2, 2, 0, 0}, {5, 5, 0, 5, 5, 3, 3, 1, 1, 1, 1},
        {5, 4, 0, 3, 2, 2, 2, 2, 2, 0, 0}, {4, 7, 0, 1, 2, 4, 3, 3, 4, 0, 0}, {7, 5, 0, 3, 2, 1, 2, 3, 3, 0, 0},
        {3, 3, 0, 3, 3, 2, 2, 1, 1, 0, 0}, {1, 1, 0, 1, 1, 3, 3, 2, 2, 1, 1},
    };
    fcnn_windows windows = all[variant];
    windows.channels = channels;
    return windows;
}
enum { WINDOWS = 8 };

static void run_max_pool(const fcnn_kernels *kernels, size_t variant, size_t size, outputs *out)
{
    const fcnn_windows windows = windows_of(variant, size);
    const size_t pixels = windows.out_height * windows.out_width * size;
    float x[ROOM];
    uint8_t winner[ROOM];
    memset(winner, 0xcd, sizeof winner);
    fill(x, windows.height * windows.width * size, 10, -3, 3);
    out->count = pixels;
    kernels->max_pool(&windows, x, out->array[0], winner + 1);
    for (size_t i = 0; i < pixels; i++)
        out->array[1][i] = winner[i + 1];
    for (size_t i = pixels + 1; i < sizeof winner; i++)
        CHECK(winner[i] == 0xcd);
    CHECK(winner[0] == 0xcd);
    kernels->max_pool(&windows, x, out->array[2], NULL);
    CHECK(memcmp(out->array[2], out->array[0], pixels * sizeof *x) == 0);
}

static void run_max_pool_backward(const fcnn_kernels *kernels, size_t variant, size_t size, outputs *out)
{
    const fcnn_windows windows = windows_of(variant, size);
    float x[ROOM], y[ROOM], dy[ROOM];
    uint8_t winner[ROOM];
    out->count = windows.height * windows.width * size;
    fill(x, out->count, 11, -3, 3);
    fill(dy, windows.out_height * windows.out_width * size, 12, -9, 9);
    fcnn_kernels_for(FCNN_ISA_REFERENCE)->max_pool(&windows, x, y, winner);
    kernels->max_pool_backward(&windows, dy, winner, out->array[0]);
}

static void run_average_pool(const fcnn_kernels *kernels, size_t variant, size_t size, outputs *out)
{
    const fcnn_windows windows = windows_of(variant, size);
    float x[ROOM];
    out->count = windows.out_height * windows.out_width * size;
    fill(x, windows.height * windows.width * size, 13, -30, 30);
    kernels->average_pool(&windows, x, out->array[0]);
}

static void run_average_pool_backward(const fcnn_kernels *kernels, size_t variant, size_t size, outputs *out)
{
    const fcnn_windows windows = windows_of(variant, size);
    float dy[ROOM];
    out->count = windows.height * windows.width * size;
    fill(dy, windows.out_height * windows.out_width * size, 14, -30, 30);
    kernels->average_pool_backward(&windows, dy, out->array[0]);
}

/* Each variant turns one more of decay, scaling, clipping and the class's own options on. */

static fcnn_update update_of(int decays, int scales, int clips)
{
    return (fcnn_update){.rate = 1e-2f,
                         .rate_of_gradient = 2e-2f,
                         .epsilon = 1e-5f,
                         .decay = decays ? 1e-2f : 0.0f,
                         .clip_scale = scales ? 0.7f : 1.0f,
                         .clip_value = clips ? 1.0f : INFINITY,
                         .keeps_finite = 1};
}

static void run_adam(const fcnn_kernels *kernels, size_t variant, size_t size, outputs *out)
{
    float g[ROOM];
    out->count = size;
    for (size_t a = 0; a < 4; a++)
        fill(out->array[a], size, 20 + a, a < 2 ? -1 : 0, 1);
    fill(g, size, 24, -3, 3);
    const fcnn_update update = update_of(variant > 1, variant > 2, variant > 3);
    CHECK(kernels->adam(&update, size, out->array[0], g, out->array[1], out->array[2], variant ? out->array[3] : NULL,
                        0.1f, 1e-3f, 1e-7f));
}

static void run_sgd(const fcnn_kernels *kernels, size_t variant, size_t size, outputs *out)
{
    float g[ROOM];
    out->count = size;
    for (size_t a = 0; a < 2; a++)
        fill(out->array[a], size, 25 + a, -1, 1);
    fill(g, size, 27, -3, 3);
    const fcnn_update update = update_of(variant > 2, variant > 3, variant > 4);
    CHECK(kernels->sgd(&update, size, out->array[0], g, variant ? out->array[1] : NULL, 0.9f, variant > 1));
}

static void run_rmsprop(const fcnn_kernels *kernels, size_t variant, size_t size, outputs *out)
{
    float g[ROOM];
    out->count = size;
    fill(out->array[0], size, 28, -1, 1);
    fill(out->array[1], size, 29, 1, 2);
    fill(out->array[2], size, 30, -1, 1);
    fill(out->array[3], size, 31, -0.5f, 0.5f);
    fill(g, size, 32, -3, 3);
    const fcnn_update update = update_of(variant > 2, variant > 3, variant > 4);
    CHECK(kernels->rmsprop(&update, size, out->array[0], g, out->array[1], variant ? out->array[2] : NULL,
                           variant > 1 ? out->array[3] : NULL, 0.9f, 0.1f, 0.8f, 1e-7f));
}

/* An update whose weight is array 0, from random numbers or whole ones, and whose slots are filled by the caller. */
static fcnn_update begin_update(size_t variant, size_t size, float *g, outputs *out)
{
    out->count = size;
    fill(out->array[0], size, 50, -1, 1);
    fill(g, size, 51, -3, 3);
    return update_of(variant > 0, variant > 1, variant > 2);
}

static void run_nadam(const fcnn_kernels *kernels, size_t variant, size_t size, outputs *out)
{
    float g[ROOM];
    const fcnn_update update = begin_update(variant, size, g, out);
    fill(out->array[1], size, 52, -1, 1);
    fill(out->array[2], size, 53, 0, 1);
    CHECK(kernels->nadam(&update, size, out->array[0], g, out->array[1], out->array[2], 0.1f, 1e-3f));
}

static void run_adamax(const fcnn_kernels *kernels, size_t variant, size_t size, outputs *out)
{
    float g[ROOM];
    const fcnn_update update = begin_update(variant, size, g, out);
    fill(out->array[1], size, 54, -1, 1);
    fill(out->array[2], size, 55, 0, 2);
    CHECK(kernels->adamax(&update, size, out->array[0], g, out->array[1], out->array[2], 0.1f, 0.9f, 1e-5f));
}

static void run_lion(const fcnn_kernels *kernels, size_t variant, size_t size, outputs *out)
{
    float g[ROOM];
    const fcnn_update update = begin_update(variant, size, g, out);
    fill(out->array[1], size, 56, -1, 1);
    CHECK(kernels->lion(&update, size, out->array[0], g, out->array[1], 0.75f, 0.25f, 0.9f, 0.1f));
}

static void run_adagrad(const fcnn_kernels *kernels, size_t variant, size_t size, outputs *out)
{
    float g[ROOM];
    const fcnn_update update = begin_update(variant, size, g, out);
    fill(out->array[1], size, 57, 1, 3);
    CHECK(kernels->adagrad(&update, size, out->array[0], g, out->array[1], 1e-5f));
}

static void run_adadelta(const fcnn_kernels *kernels, size_t variant, size_t size, outputs *out)
{
    float g[ROOM];
    const fcnn_update update = begin_update(variant, size, g, out);
    fill(out->array[1], size, 58, 0, 1);
    fill(out->array[2], size, 59, 0, 1);
    CHECK(kernels->adadelta(&update, size, out->array[0], g, out->array[1], out->array[2], 0.95f, 0.05f, 1e-3f));
}

/* Each variant has another power, and the last ones regularize. */
static void run_ftrl(const fcnn_kernels *kernels, size_t variant, size_t size, outputs *out)
{
    static const float powers[] = {0.5f, 0.0f, 1.0f, 0.7f, 0.5f, 1.3f};
    float g[ROOM];
    fcnn_update update = begin_update(variant > 3 ? variant - 3 : 0, size, g, out);
    const int regularizes = variant > 3;
    update.rate = 0.5f;
    fill(out->array[1], size, 60, 1, 3);
    fill(out->array[2], size, 61, -3, 3);
    CHECK(kernels->ftrl(&update, size, out->array[0], g, out->array[1], out->array[2], powers[variant],
                        regularizes ? 2.0f : 0.0f, regularizes ? 0.5f : 0.0f, regularizes ? 0.25f : 0.0f));
}

static void run_accumulate(const fcnn_kernels *kernels, size_t variant, size_t size, outputs *out)
{
    float g[ROOM];
    const fcnn_update update = begin_update(variant, size, g, out);
    CHECK(kernels->accumulate(&update, size, out->array[0], g));
}

static void run_average(const fcnn_kernels *kernels, size_t variant, size_t size, outputs *out)
{
    float w[ROOM];
    begin_update(variant, size, w, out);
    for (size_t i = 0; i < size; i += 3)
        out->array[0][i] = variant > 1 ? NAN : out->array[0][i];
    kernels->average(size, w, variant ? 0.75f : 0.0f, variant ? 0.25f : 1.0f, out->array[0]);
}

/* Images `size` pixels wide, of one to three channels, with every fill, through a turn or a projection. */
static fcnn_resampling resampling_of(size_t variant, size_t size)
{
    return (fcnn_resampling){.height = 1 + size % 7,
                             .width = size,
                             .channels = variant % 2 ? 2 + size % 2 : 1,
                             .fill = (fcnn_fill)(variant / 2 % 4),
                             .value = 2.5f,
                             .bilinear = (int)(variant / 8 % 2)};
}

static const float transforms[][8] = {
    {0.75f, -0.5f, 2.25f, 0.5f, 0.75f, -1.5f, 0.0f, 0.0f},
    {-3.0f, 0.3f, 20.0f, 0.1f, 2.5f, -4.0f, 0.0f, 0.0f},
    {1.0f, 0.1f, -3.0f, 0.2f, 1.0f, 1.0f, 0.125f, -0.5f},
    {3e38f, 3e38f, -3e38f, 3e38f, -3e38f, 3e38f, 0.0f, 1e38f}, /* infinities and NaN */
};

static void run_resample(const fcnn_kernels *kernels, size_t variant, size_t size, outputs *out)
{
    const fcnn_resampling how = resampling_of(variant, size);
    float x[ROOM], scratch[ROOM];
    out->count = how.height * how.width * how.channels;
    fill(x, out->count, 31, -9, 9);
    kernels->resample(&how, transforms[variant / 16], x, scratch, out->array[0]);
    kernels->resample_backward(&how, transforms[variant / 16], x, scratch, out->array[1]);
    memcpy(out->array[2], x, out->count * sizeof *x);
    kernels->resample(&how, transforms[variant / 16], out->array[2], scratch, out->array[2]);
    memcpy(out->array[3], x, out->count * sizeof *x);
    kernels->resample_backward(&how, transforms[variant / 16], out->array[3], scratch, out->array[3]);
}

static const probe probes[] = {
    {"activation", FCNN_ACTIVATION_COUNT + 5, 4, 0, 2e-6, 0.2, run_activation},
    {"softmax", 3, 4, 0, 2e-6, 0.1, run_softmax},
    {"log_sum_exp", 2, 3, 0, 2e-6, 0.1, run_log_sum_exp},
    {"logarithm", 1, 1, 0, 2e-6, 1e-3, run_logarithm},
    {"scale_offset and add", 2, 2, 1, 2e-6, 1e-2, run_scale_add},
    {"dropout", 4, 2, 1, 0, 0, run_dropout},
    {"combine", 12, 1, 1, 2e-7, 1, run_combine},
    {"take_equal", 2, 2, 1, 0, 0, run_take_equal},
    {"weighted_sum", 6, 1, 1, 2e-6, 10, run_weighted_sum},
    {"mask and normals", 2, 2, 0, 2e-6, 1, run_noise},
    {"resample", 16 * (sizeof transforms / sizeof *transforms), 4, 1, 0, 0, run_resample},
    {"max_pool", WINDOWS, 3, 1, 0, 0, run_max_pool},
    {"max_pool_backward", WINDOWS, 1, 1, 0, 0, run_max_pool_backward},
    {"average_pool", WINDOWS, 1, 1, 2e-6, 1, run_average_pool},
    {"average_pool_backward", WINDOWS, 1, 1, 2e-6, 1, run_average_pool_backward},
    {"adam", 5, 4, 0, 2e-6, 0.1, run_adam},
    {"sgd", 6, 2, 0, 2e-6, 0.1, run_sgd},
    {"rmsprop", 6, 4, 0, 2e-6, 0.1, run_rmsprop},
    {"nadam", 4, 3, 0, 2e-6, 0.1, run_nadam},
    {"adamax", 4, 3, 0, 2e-6, 0.1, run_adamax},
    {"lion", 4, 2, 0, 2e-6, 0.1, run_lion},
    {"adagrad", 4, 2, 0, 2e-6, 0.1, run_adagrad},
    {"adadelta", 4, 3, 0, 2e-6, 0.1, run_adadelta},
    {"ftrl", 6, 3, 0, 2e-6, 5, run_ftrl},
    {"accumulate", 1, 1, 1, 0, 0, run_accumulate},
    {"average", 3, 1, 1, 2e-6, 0.1, run_average},
};

/* ---- what probes do not reach ---- */

static void test_position_does_not_matter(const fcnn_kernels *kernels)
{
    float x[53], y[53];
    for (size_t i = 0; i < 53; i++)
        x[i] = -1.2345678f;
    for (size_t function = 0; function < FCNN_ACTIVATION_COUNT; function++) {
        const fcnn_activation_spec spec = activation(function);
        kernels->activation_forward(&spec, 53, x, y);
        for (size_t i = 1; i < 53; i++)
            CHECK(memcmp(&y[i], &y[0], sizeof *y) == 0);
    }
}

static float at(const fcnn_kernels *kernels, fcnn_activation function, float x)
{
    const fcnn_activation_spec spec = activation(function);
    kernels->activation_forward(&spec, 1, &x, &x);
    return x;
}

static void test_extremes(const fcnn_kernels *kernels)
{
    static const float huge[] = {90.0f, 1e4f, 3e38f, INFINITY};
    for (size_t i = 0; i < 4; i++) {
        CHECK(at(kernels, FCNN_EXPONENTIAL, huge[i]) == INFINITY);
        CHECK(at(kernels, FCNN_EXPONENTIAL, -huge[i]) == 0.0f);
        CHECK(at(kernels, FCNN_SIGMOID, huge[i]) == 1.0f);
        CHECK(at(kernels, FCNN_SIGMOID, -huge[i]) == 0.0f);
        CHECK(at(kernels, FCNN_TANH, huge[i]) == 1.0f);
        CHECK(at(kernels, FCNN_TANH, -huge[i]) == -1.0f);
        CHECK(at(kernels, FCNN_SOFTPLUS, huge[i]) == huge[i]);
        CHECK(at(kernels, FCNN_SOFTPLUS, -huge[i]) == 0.0f);
        CHECK(at(kernels, FCNN_ELU, -huge[i]) == -0.75f);
        CHECK(at(kernels, FCNN_RELU, huge[i]) == huge[i]);
        CHECK(at(kernels, FCNN_RELU, -huge[i]) == 0.0f);
        CHECK(at(kernels, FCNN_CELU, -huge[i]) == -0.75f);
        CHECK(at(kernels, FCNN_LOG_SIGMOID, -huge[i]) == -huge[i]);
        CHECK(at(kernels, FCNN_LOG_SIGMOID, huge[i]) == 0.0f);
        CHECK(at(kernels, FCNN_MISH, huge[i]) == huge[i]);
        CHECK(at(kernels, FCNN_HARD_SILU, huge[i]) == huge[i]);
        CHECK(at(kernels, FCNN_HARD_TANH, -huge[i]) == -1.0f);
        CHECK(at(kernels, FCNN_SOFT_SHRINK, -huge[i]) == -huge[i] + 0.5f);
        CHECK(at(kernels, FCNN_SPARSE_PLUS, huge[i]) == huge[i]);
        CHECK(at(kernels, FCNN_SPARSE_SIGMOID, huge[i]) == 1.0f);
        CHECK(at(kernels, FCNN_THRESHOLD, -huge[i]) == -2.0f);
    }
    CHECK(at(kernels, FCNN_EXPONENTIAL, 0.0f) == 1.0f);
    CHECK(signbit(at(kernels, FCNN_TANH, -0.0f)) != 0);
    for (size_t function = 0; function < FCNN_ACTIVATION_COUNT; function++)
        CHECK(isnan(at(kernels, (fcnn_activation)function, NAN)));

    float max, row[] = {1.0f, NAN, 2.0f};
    CHECK(isnan(kernels->log_sum_exp(3, row, &max, NULL)));
    row[1] = INFINITY;
    CHECK(isnan(kernels->log_sum_exp(3, row, &max, NULL)));
    row[1] = -INFINITY;
    kernels->softmax(1, 3, row, row);
    CHECK(row[1] == 0.0f);
}

static void test_accuracy_of_functions(const fcnn_kernels *kernels)
{
    for (double x = -86.5; x < 88.7; x += 0.00917)
        CHECK_CLOSE(at(kernels, FCNN_EXPONENTIAL, (float)x) / exp((float)x), 1.0, 3e-7);
    for (double x = 1e-30; x < 10.0; x *= 1.01) {
        CHECK_CLOSE(at(kernels, FCNN_TANH, (float)x) / tanh((float)x), 1.0, 4e-7);
        CHECK_CLOSE(at(kernels, FCNN_ELU, (float)-x) / (0.75 * expm1((float)-x)), 1.0, 4e-7);
        CHECK_CLOSE(at(kernels, FCNN_SOFTPLUS, (float)-x) / log1p(exp((float)-x)), 1.0, 4e-7);
        CHECK_CLOSE(at(kernels, FCNN_CELU, (float)-x) / (0.75 * expm1((float)-x / 0.75)), 1.0, 4e-7);
        CHECK_CLOSE(at(kernels, FCNN_LOG_SIGMOID, (float)x) / -log1p(exp((float)-x)), 1.0, 4e-7);
        CHECK_CLOSE(at(kernels, FCNN_MISH, (float)x) / ((float)x * tanh(log1p(exp((float)x)))), 1.0, 6e-7);
        CHECK_CLOSE(at(kernels, FCNN_MISH, (float)-x) / ((float)-x * tanh(log1p(exp((float)-x)))), 1.0, 6e-7);
        CHECK_CLOSE(at(kernels, FCNN_SQUAREPLUS, (float)-x) / (1.5 / (sqrt((float)x * (float)x + 3.0) + (float)x)), 1.0,
                    4e-7);
        CHECK_CLOSE(at(kernels, FCNN_GELU, (float)-x) / (-(float)x * 0.5 * erfc((float)x * sqrt(0.5))), 1.0, 6e-6);
        CHECK_CLOSE(at(kernels, FCNN_GELU, (float)x) / ((float)x * 0.5 * erfc(-(float)x * sqrt(0.5))), 1.0, 4e-7);
    }
}

static void test_largest_of_nan(const fcnn_kernels *kernels)
{
    static const fcnn_combination both[] = {FCNN_MAXIMUM, FCNN_MINIMUM};
    for (size_t c = 0; c < 2; c++) {
        float x[] = {NAN, 1.0f, NAN, 2.0f}, y[] = {1.0f, NAN, NAN, 2.0f};
        kernels->combine(both[c], 4, x, 1, y);
        CHECK(isnan(y[0]) && isnan(y[1]) && isnan(y[2]) && y[3] == 2.0f);
    }
}

static void test_normals_are_normal(const fcnn_kernels *kernels)
{
    enum { COUNT = 100000 };
    static float z[COUNT];
    size_t within[3] = {0};
    kernels->normals(COUNT, 5, 6, 7, 0.0f, 1.0f, z);
    for (size_t i = 0; i < COUNT; i++)
        for (int d = 0; d < 3; d++)
            within[d] += fabsf(z[i]) < (float)(d + 1);
    CHECK_CLOSE((double)within[0], 68269.0, 600.0); /* four standard deviations */
    CHECK_CLOSE((double)within[1], 95450.0, 270.0);
    CHECK_CLOSE((double)within[2], 99730.0, 70.0);
}

static void test_sum_of_squares(const fcnn_kernels *kernels)
{
    float g[100];
    fill(g, 100, 40, -1, 1);
    for (size_t size = 0; size <= 100; size++)
        CHECK(kernels->sum_of_squares(size, g) == fcnn_kernels_for(FCNN_ISA_REFERENCE)->sum_of_squares(size, g));
}

static const size_t element_size[FCNN_DTYPE_COUNT] = {1, 1, 1, 2, 2, 4, 4, 8, 8, 2, 4, 8};

static void test_conversion(const fcnn_kernels *kernels)
{
    static uint64_t bits[ROOM / 2];
    static outputs expected, actual;
    const fcnn_kernels *reference = fcnn_kernels_for(FCNN_ISA_REFERENCE);
    for (size_t i = 0; i < ROOM / 2; i++) {
        uint32_t words[4];
        fcnn_philox(1, 2, i, words);
        bits[i] = words[0] | (uint64_t)words[1] << 32;
    }
    for (size_t dtype = 0; dtype < FCNN_DTYPE_COUNT; dtype++)
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            clear(&expected);
            clear(&actual);
            expected.count = actual.count = sizes[s];
            const float largest = reference->convert((fcnn_dtype)dtype, sizes[s], bits, expected.array[0]);
            CHECK_CLOSE(kernels->convert((fcnn_dtype)dtype, sizes[s], bits, actual.array[0]), largest, 0.0);
            CHECK(is_guarded(&actual, 1));
            for (size_t i = 0; i < sizes[s]; i++)
                CHECK_CLOSE(actual.array[0][i], expected.array[0][i], 0.0);
        }

    uint16_t half[65536];
    for (size_t i = 0; i < 65536; i++) {
        half[i] = (uint16_t)i;
        float value, reference_value;
        const float magnitude = kernels->convert(FCNN_FLOAT16, 1, &half[i], &value);
        CHECK_CLOSE(magnitude, reference->convert(FCNN_FLOAT16, 1, &half[i], &reference_value), 0.0);
        CHECK_CLOSE(magnitude, fabs((double)value), 0.0);
        CHECK_CLOSE(value, reference_value, 0.0);
    }

    float y[19];
    double x[19] = {0};
    for (size_t i = 0; i < 19; i++) {
        CHECK(kernels->convert(FCNN_FLOAT64, 19, x, y) == 0.0f);
        x[i] = i % 2 ? 1e39 : NAN;
        CHECK(!isfinite(kernels->convert(FCNN_FLOAT64, 19, x, y)));
        x[i] = 0.0;
    }
    uint8_t bytes[19 * 8 + 1] = {0}; /* an array that is not aligned */
    for (size_t dtype = 0; dtype < FCNN_DTYPE_COUNT; dtype++) {
        memset(bytes, 0, sizeof bytes);
        bytes[19 * element_size[dtype]] = 0x40; /* the top byte of the last element */
        CHECK(kernels->convert((fcnn_dtype)dtype, 19, bytes + 1, y) > 0.0f);
        CHECK(y[17] == 0.0f && y[18] > 0.0f);
    }
}

static void test_dropout_drops_the_rate(void)
{
    static float x[100000], y[100000];
    size_t dropped = 0;
    for (size_t i = 0; i < 100000; i++)
        x[i] = 1.0f;
    fcnn_kernels_for(FCNN_ISA_REFERENCE)->dropout(100000, x, 5, 6, 7, 0.3f, y);
    for (size_t i = 0; i < 100000; i++)
        dropped += y[i] == 0.0f;
    CHECK_CLOSE((double)dropped, 30000.0, 600.0); /* four standard deviations */
}

int main(void)
{
    test_probes(probes, sizeof probes / sizeof *probes);
    check_digest(0xd034791a0ea95a4b);
    for (fcnn_isa isa = FCNN_ISA_BASELINE; isa < FCNN_ISA_COUNT; isa++) {
        if (!fcnn_isa_available(isa))
            continue;
        const fcnn_kernels *kernels = fcnn_kernels_for(isa);
        test_position_does_not_matter(kernels);
        test_extremes(kernels);
        test_accuracy_of_functions(kernels);
        test_largest_of_nan(kernels);
        test_normals_are_normal(kernels);
        test_sum_of_squares(kernels);
        test_conversion(kernels);
    }
    test_dropout_drops_the_rate();
    return check_report();
}
