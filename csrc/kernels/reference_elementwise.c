/* reference_elementwise.c - the contracts of elementwise.c, pooling.c and convert.c in plain loops.
 *
 * Functions are computed in double with the C library and rounded once.
 */
#include <math.h>
#include <string.h>

#include "name.h"

#define SELU_SCALE 1.05070098735548049342
#define SELU_ALPHA 1.67326324235437728482
#define SQRT_1_2 0.70710678118654752440
#define SQRT_2_PI 0.79788456080286535588  /* sqrt(2 / pi) */
#define SQRT_1_2PI 0.39894228040143267794 /* sqrt(1 / (2 pi)) */

static double sigmoid(double x) { return 1.0 / (1.0 + exp(-x)); }
static double elu(double x, double alpha, double scale) { return scale * (x > 0.0 ? x : alpha * expm1(x)); }
static double gelu_gate(double x) { return sigmoid(2.0 * SQRT_2_PI * (x + 0.044715 * x * x * x)); }
static double normal(double x) { return 0.5 * erfc(-x * SQRT_1_2); }

static double hard_sigmoid(double x) { return fmin(6.0, fmax(0.0, x + 3.0)) / 6.0; }
static double softplus(double x) { return fmax(x, 0.0) + log1p(exp(-fabs(x))); }
static double sparse_plus(double x) { return x <= -1.0 ? 0.0 : x < 1.0 ? 0.25 * (x + 1.0) * (x + 1.0) : x; }
static double soft_shrink(double x, double threshold)
{
    return x > threshold ? x - threshold : x < -threshold ? x + threshold : x - x;
}
/* x where it is above, or NaN. */
static double above(double x, double size, double threshold, double otherwise)
{
    return size <= threshold ? otherwise : x;
}

static double activate(const fcnn_activation_spec *spec, double x)
{
    switch (spec->function) {
    case FCNN_RELU:
        return x > spec->threshold ? fmin(x, spec->max_value) : spec->negative_slope * (x - spec->threshold);
    case FCNN_SIGMOID:
        return sigmoid(x);
    case FCNN_TANH:
        return tanh(x);
    case FCNN_ELU:
        return elu(x, spec->alpha, 1.0);
    case FCNN_SELU:
        return elu(x, SELU_ALPHA, SELU_SCALE);
    case FCNN_SOFTPLUS:
        return softplus(x);
    case FCNN_SOFTSIGN:
        return x / (1.0 + fabs(x));
    case FCNN_GELU:
        return x * normal(x);
    case FCNN_GELU_TANH:
        return x * gelu_gate(x);
    case FCNN_SILU:
        return x * sigmoid(x);
    case FCNN_EXPONENTIAL:
        return exp(x);
    case FCNN_HARD_SIGMOID:
        return hard_sigmoid(x);
    case FCNN_CELU:
        return x > 0.0 ? x : spec->alpha * expm1(x / spec->alpha);
    case FCNN_HARD_SHRINK:
        return above(x, fabs(x), spec->threshold, 0.0);
    case FCNN_HARD_SILU:
        return x * hard_sigmoid(x);
    case FCNN_HARD_TANH:
        return fmin(1.0, fmax(-1.0, x));
    case FCNN_LOG_SIGMOID:
        return -softplus(-x);
    case FCNN_MISH:
        return x * tanh(softplus(x));
    case FCNN_SOFT_SHRINK:
        return soft_shrink(x, spec->threshold);
    case FCNN_SPARSE_PLUS:
        return sparse_plus(x);
    case FCNN_SPARSE_SIGMOID:
        return fmin(1.0, fmax(0.0, 0.5 * (x + 1.0)));
    case FCNN_SQUAREPLUS:
        return x < 0.0 ? 0.5 * spec->b / (sqrt(x * x + spec->b) - x) : 0.5 * (x + sqrt(x * x + spec->b));
    case FCNN_TANH_SHRINK:
        return x - tanh(x);
    case FCNN_THRESHOLD:
        return above(x, x, spec->threshold, spec->default_value);
    case FCNN_LINEAR:
    case FCNN_ACTIVATION_COUNT:
        break;
    }
    return x;
}

/* f'(x); y = f(x). */
static double derivative(const fcnn_activation_spec *spec, double x, double y)
{
    switch (spec->function) {
    case FCNN_RELU:
        if (fcnn_activation_reads_output(spec))
            x = y;
        return x > spec->threshold ? x < spec->max_value : spec->negative_slope;
    case FCNN_SIGMOID:
        return y * (1.0 - y);
    case FCNN_TANH:
        return 1.0 - y * y;
    case FCNN_ELU:
        return y > 0.0 ? 1.0 : y + spec->alpha;
    case FCNN_SELU:
        return y < 0.0 ? y + SELU_SCALE * SELU_ALPHA : SELU_SCALE;
    case FCNN_SOFTPLUS:
        return -expm1(-y);
    case FCNN_SOFTSIGN:
        return (1.0 - fabs(y)) * (1.0 - fabs(y));
    case FCNN_GELU:
        return normal(x) + x * SQRT_1_2PI * exp(-0.5 * x * x);
    case FCNN_GELU_TANH:
        return gelu_gate(x) +
               x * gelu_gate(x) * (1.0 - gelu_gate(x)) * 2.0 * SQRT_2_PI * (1.0 + 3.0 * 0.044715 * x * x);
    case FCNN_SILU:
        return sigmoid(x) + x * sigmoid(x) * (1.0 - sigmoid(x));
    case FCNN_EXPONENTIAL:
        return y;
    case FCNN_HARD_SIGMOID:
        return y > 0.0 && y < 1.0 ? 1.0 / 6.0 : 0.0;
    case FCNN_CELU:
        return y > 0.0 ? 1.0 : y / spec->alpha + 1.0;
    case FCNN_HARD_SHRINK:
        return fabs(x) > spec->threshold;
    case FCNN_HARD_SILU:
        return hard_sigmoid(x) + (fabs(x) < 3.0 ? x / 6.0 : 0.0);
    case FCNN_HARD_TANH:
        return fabs(x) <= 1.0;
    case FCNN_LOG_SIGMOID:
        return -expm1(y);
    case FCNN_MISH:
        return tanh(softplus(x)) + x * (1.0 - pow(tanh(softplus(x)), 2.0)) * sigmoid(x);
    case FCNN_SOFT_SHRINK:
        return y != 0.0;
    case FCNN_SPARSE_PLUS:
        return fmin(1.0, fmax(0.0, 0.5 * (x + 1.0)));
    case FCNN_SPARSE_SIGMOID:
        return y > 0.0 && y < 1.0 ? 0.5 : 0.0;
    case FCNN_SQUAREPLUS:
        return y > 0.0 ? y / (y + 0.25 * spec->b / y) : 0.0;
    case FCNN_TANH_SHRINK:
        return tanh(x) * tanh(x);
    case FCNN_THRESHOLD:
        return x > spec->threshold;
    case FCNN_LINEAR:
    case FCNN_ACTIVATION_COUNT:
        break;
    }
    return 1.0;
}

void FCNN_NAME(activation_forward)(const fcnn_activation_spec *spec, size_t count, const float *x, float *y)
{
    for (size_t i = 0; i < count; i++)
        y[i] = (float)activate(spec, x[i]);
}

void FCNN_NAME(activation_backward)(const fcnn_activation_spec *spec, size_t count, const float *x, const float *y,
                                    const float *dy, float *dx)
{
    const int reads_output = fcnn_activation_reads_output(spec);
    for (size_t i = 0; i < count; i++)
        dx[i] = (float)(dy[i] * derivative(spec, reads_output ? 0.0 : x[i], reads_output ? y[i] : 0.0));
}

float FCNN_NAME(log_sum_exp)(size_t columns, const float *x, float *max, float *y)
{
    *max = -INFINITY;
    for (size_t c = 0; c < columns; c++)
        *max = x[c] > *max ? x[c] : *max;
    double sum = 0.0;
    for (size_t c = 0; c < columns; c++)
        sum += exp((double)x[c] - *max);
    for (size_t c = 0; y && c < columns; c++)
        y[c] = (float)(exp((double)x[c] - *max) / sum);
    return (float)log(sum);
}

void FCNN_NAME(softmax)(size_t rows, size_t columns, const float *x, float *y)
{
    float max;
    for (size_t r = 0; r < rows; r++)
        FCNN_NAME(log_sum_exp)(columns, x + r * columns, &max, y + r * columns);
}

void FCNN_NAME(softmax_backward)(size_t rows, size_t columns, const float *y, const float *dy, float *dx)
{
    for (size_t r = 0; r < rows; r++, y += columns, dy += columns, dx += columns) {
        double dot = 0.0;
        for (size_t c = 0; c < columns; c++)
            dot += (double)y[c] * dy[c];
        for (size_t c = 0; c < columns; c++)
            dx[c] = (float)(y[c] * (dy[c] - dot));
    }
}

void FCNN_NAME(log_softmax)(size_t rows, size_t columns, const float *x, float *y)
{
    for (size_t r = 0; r < rows; r++, x += columns, y += columns) {
        float max;
        const double log_sum = FCNN_NAME(log_sum_exp)(columns, x, &max, NULL);
        for (size_t c = 0; c < columns; c++)
            y[c] = (float)((double)x[c] - max - log_sum);
    }
}

void FCNN_NAME(log_softmax_backward)(size_t rows, size_t columns, const float *y, const float *dy, float *dx)
{
    for (size_t r = 0; r < rows; r++, y += columns, dy += columns, dx += columns) {
        double sum = 0.0;
        for (size_t c = 0; c < columns; c++)
            sum += dy[c];
        for (size_t c = 0; c < columns; c++)
            dx[c] = (float)(dy[c] - exp(y[c]) * sum);
    }
}

void FCNN_NAME(logarithm)(size_t count, const float *x, float *y)
{
    for (size_t i = 0; i < count; i++)
        y[i] = (float)log(x[i]);
}

void FCNN_NAME(scale_offset)(size_t count, const float *x, float scale, float offset, float *y)
{
    for (size_t i = 0; i < count; i++)
        y[i] = fmaf(x[i], scale, offset);
}

/* Index in the image (without channels) of position `place` of window (row, column), or -1 where it lies outside. */
static ptrdiff_t pixel(const fcnn_windows *s, size_t row, size_t column, size_t place)
{
    const ptrdiff_t y = (ptrdiff_t)(row * s->stride_height + place / s->pool_width) - (ptrdiff_t)s->pad_top;
    const ptrdiff_t x = (ptrdiff_t)(column * s->stride_width + place % s->pool_width) - (ptrdiff_t)s->pad_left;
    const int inside = y >= 0 && y < (ptrdiff_t)s->height && x >= 0 && x < (ptrdiff_t)s->width;
    return inside ? y * (ptrdiff_t)s->width + x : -1;
}

void FCNN_NAME(max_pool)(const fcnn_windows *windows, const float *x, float *y, uint8_t *winner)
{
    const size_t places = windows->pool_height * windows->pool_width;
    for (size_t i = 0; i < windows->out_height * windows->out_width * windows->channels; i++) {
        const size_t c = i % windows->channels, column = i / windows->channels % windows->out_width;
        const size_t row = i / windows->channels / windows->out_width;
        size_t best = places;
        for (size_t place = 0; place < places; place++) {
            const ptrdiff_t p = pixel(windows, row, column, place);
            if (p >= 0 && (best == places || x[(size_t)p * windows->channels + c] > y[i])) {
                best = place;
                y[i] = x[(size_t)p * windows->channels + c];
            }
        }
        if (winner)
            winner[i] = (uint8_t)best;
    }
}

void FCNN_NAME(max_pool_backward)(const fcnn_windows *windows, const float *dy, const uint8_t *winner, float *dx)
{
    memset(dx, 0, windows->height * windows->width * windows->channels * sizeof *dx);
    for (size_t i = 0; i < windows->out_height * windows->out_width * windows->channels; i++) {
        const size_t c = i % windows->channels, column = i / windows->channels % windows->out_width;
        const size_t row = i / windows->channels / windows->out_width;
        dx[(size_t)pixel(windows, row, column, winner[i]) * windows->channels + c] += dy[i];
    }
}

static float valid_pixels(const fcnn_windows *windows, size_t row, size_t column)
{
    float count = 0.0f;
    for (size_t place = 0; place < windows->pool_height * windows->pool_width; place++)
        count += pixel(windows, row, column, place) >= 0;
    return count;
}

void FCNN_NAME(average_pool)(const fcnn_windows *windows, const float *x, float *y)
{
    for (size_t i = 0; i < windows->out_height * windows->out_width * windows->channels; i++) {
        const size_t c = i % windows->channels, column = i / windows->channels % windows->out_width;
        const size_t row = i / windows->channels / windows->out_width;
        float sum = 0.0f;
        for (size_t place = 0; place < windows->pool_height * windows->pool_width; place++) {
            const ptrdiff_t p = pixel(windows, row, column, place);
            if (p >= 0)
                sum += x[(size_t)p * windows->channels + c];
        }
        y[i] = sum / valid_pixels(windows, row, column);
    }
}

void FCNN_NAME(average_pool_backward)(const fcnn_windows *windows, const float *dy, float *dx)
{
    memset(dx, 0, windows->height * windows->width * windows->channels * sizeof *dx);
    for (size_t i = 0; i < windows->out_height * windows->out_width * windows->channels; i++) {
        const size_t c = i % windows->channels, column = i / windows->channels % windows->out_width;
        const size_t row = i / windows->channels / windows->out_width;
        for (size_t place = 0; place < windows->pool_height * windows->pool_width; place++) {
            const ptrdiff_t p = pixel(windows, row, column, place);
            if (p >= 0)
                dx[(size_t)p * windows->channels + c] += dy[i] / valid_pixels(windows, row, column);
        }
    }
}

void FCNN_NAME(add_penalty)(size_t count, const float *w, float step, float slope, float *g)
{
    for (size_t i = 0; i < count; i++)
        g[i] = (float)((double)g[i] + (double)slope * w[i] + (w[i] > 0 ? step : w[i] < 0 ? -step : 0));
}

double FCNN_NAME(sum_of_magnitudes)(size_t count, const float *w)
{
    double partial[16] = {0}, sum = 0.0;
    for (size_t i = 0; i < count; i++)
        partial[i % 16] += fabs((double)w[i]);
    for (size_t lane = 0; lane < 16; lane++)
        sum += partial[lane];
    return sum;
}

static double half_to_double(uint16_t half)
{
    const int exponent = half >> 10 & 31, fraction = half & 1023;
    const double sign = half >> 15 ? -1.0 : 1.0;
    if (exponent == 31)
        return fraction ? NAN : sign * INFINITY;
    return sign * (exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24));
}

float FCNN_NAME(convert)(fcnn_dtype dtype, size_t count, const void *x, float *y)
{
    float largest = 0.0f;
    for (size_t i = 0; i < count; i++) {
        switch (dtype) {
        case FCNN_BOOL:
        case FCNN_UINT8:
            y[i] = ((const uint8_t *)x)[i];
            break;
        case FCNN_INT8:
            y[i] = ((const int8_t *)x)[i];
            break;
        case FCNN_INT16:
            y[i] = ((const int16_t *)x)[i];
            break;
        case FCNN_UINT16:
            y[i] = ((const uint16_t *)x)[i];
            break;
        case FCNN_INT32:
            y[i] = (float)((const int32_t *)x)[i];
            break;
        case FCNN_UINT32:
            y[i] = (float)((const uint32_t *)x)[i];
            break;
        case FCNN_INT64:
            y[i] = (float)((const int64_t *)x)[i];
            break;
        case FCNN_UINT64:
            y[i] = (float)((const uint64_t *)x)[i];
            break;
        case FCNN_FLOAT16:
            y[i] = (float)half_to_double(((const uint16_t *)x)[i]);
            break;
        case FCNN_FLOAT32:
            y[i] = ((const float *)x)[i];
            break;
        case FCNN_FLOAT64:
            y[i] = (float)((const double *)x)[i];
            break;
        case FCNN_DTYPE_COUNT:
            break;
        }
        if (!(fabsf(y[i]) <= largest) && !isnan(largest))
            largest = fabsf(y[i]);
    }
    return largest;
}
