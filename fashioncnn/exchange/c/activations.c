/* activations.c - functions of single numbers. In each of them y may be x. */
#include <math.h>
#include <stddef.h>

static float gate(float x) { return 1.0f / (1.0f + expf(-x)); }

static float hard_gate(float x) { return fminf(6.0f, fmaxf(0.0f, x + 3.0f)) / 6.0f; }

static float log_one_plus_exp(float x) { return fmaxf(x, 0.0f) + log1pf(expf(-fabsf(x))); }

/* x where it is above the threshold, at most `most`, else slope * (x - threshold) */
static void relu(size_t size, float slope, float most, float threshold, const float *x, float *y)
{
    for (size_t i = 0; i < size; i++)
        y[i] = x[i] > threshold ? fminf(x[i], most) : slope * (x[i] - threshold);
}

/* 1 / (1 + exp(-x)) */
static void sigmoid(size_t size, const float *x, float *y)
{
    for (size_t i = 0; i < size; i++)
        y[i] = gate(x[i]);
}

/* tanh(x) */
static void hyperbolic_tangent(size_t size, const float *x, float *y)
{
    for (size_t i = 0; i < size; i++)
        y[i] = tanhf(x[i]);
}

/* x where it is positive, else alpha (exp(x) - 1) */
static void elu(size_t size, float alpha, const float *x, float *y)
{
    for (size_t i = 0; i < size; i++)
        y[i] = x[i] > 0.0f ? x[i] : alpha * expm1f(x[i]);
}

/* elu with fixed constants */
static void selu(size_t size, const float *x, float *y)
{
    for (size_t i = 0; i < size; i++)
        y[i] = 1.05070099f * (x[i] > 0.0f ? x[i] : 1.67326324f * expm1f(x[i]));
}

/* x where it is positive, else alpha (exp(x / alpha) - 1) */
static void celu(size_t size, float alpha, const float *x, float *y)
{
    for (size_t i = 0; i < size; i++)
        y[i] = x[i] > 0.0f ? x[i] : alpha * expm1f(x[i] / alpha);
}

/* log(1 + exp(x)) */
static void softplus(size_t size, const float *x, float *y)
{
    for (size_t i = 0; i < size; i++)
        y[i] = log_one_plus_exp(x[i]);
}

/* log(1 / (1 + exp(-x))) */
static void log_sigmoid(size_t size, const float *x, float *y)
{
    for (size_t i = 0; i < size; i++)
        y[i] = -log_one_plus_exp(-x[i]);
}

/* x / (1 + |x|) */
static void softsign(size_t size, const float *x, float *y)
{
    for (size_t i = 0; i < size; i++)
        y[i] = x[i] / (1.0f + fabsf(x[i]));
}

/* x times the normal distribution's share below x */
static void gelu(size_t size, const float *x, float *y)
{
    for (size_t i = 0; i < size; i++)
        y[i] = 0.5f * x[i] * erfcf(-0.707106781f * x[i]);
}

/* x / (1 + exp(-x)) */
static void silu(size_t size, const float *x, float *y)
{
    for (size_t i = 0; i < size; i++)
        y[i] = x[i] * gate(x[i]);
}

/* exp(x) */
static void exponential(size_t size, const float *x, float *y)
{
    for (size_t i = 0; i < size; i++)
        y[i] = expf(x[i]);
}

/* x / 6 + 1 / 2, between 0 and 1 */
static void hard_sigmoid(size_t size, const float *x, float *y)
{
    for (size_t i = 0; i < size; i++)
        y[i] = hard_gate(x[i]);
}

/* x times hard_sigmoid */
static void hard_silu(size_t size, const float *x, float *y)
{
    for (size_t i = 0; i < size; i++)
        y[i] = x[i] * hard_gate(x[i]);
}

/* x, between -1 and 1 */
static void hard_tanh(size_t size, const float *x, float *y)
{
    for (size_t i = 0; i < size; i++)
        y[i] = fminf(1.0f, fmaxf(-1.0f, x[i]));
}

/* 0 where |x| is not above the threshold */
static void hard_shrink(size_t size, float threshold, const float *x, float *y)
{
    for (size_t i = 0; i < size; i++)
        y[i] = fabsf(x[i]) <= threshold ? 0.0f : x[i];
}

/* x moved towards 0 by the threshold */
static void soft_shrink(size_t size, float threshold, const float *x, float *y)
{
    for (size_t i = 0; i < size; i++)
        y[i] = copysignf(fmaxf(fabsf(x[i]) - threshold, 0.0f), x[i]);
}

/* x - tanh(x) */
static void tanh_shrink(size_t size, const float *x, float *y)
{
    for (size_t i = 0; i < size; i++)
        y[i] = x[i] - tanhf(x[i]);
}

/* x tanh(log(1 + exp(x))) */
static void mish(size_t size, const float *x, float *y)
{
    for (size_t i = 0; i < size; i++)
        y[i] = x[i] * tanhf(log_one_plus_exp(x[i]));
}

/* 0 up to -1, x from 1 on, and a parabola between */
static void sparse_plus(size_t size, const float *x, float *y)
{
    for (size_t i = 0; i < size; i++)
        y[i] = x[i] <= -1.0f ? 0.0f : x[i] < 1.0f ? 0.25f * (x[i] + 1.0f) * (x[i] + 1.0f) : x[i];
}

/* (x + 1) / 2, between 0 and 1 */
static void sparse_sigmoid(size_t size, const float *x, float *y)
{
    for (size_t i = 0; i < size; i++)
        y[i] = fminf(1.0f, fmaxf(0.0f, 0.5f * (x[i] + 1.0f)));
}

/* (x + sqrt(x^2 + b)) / 2 */
static void squareplus(size_t size, float b, const float *x, float *y)
{
    for (size_t i = 0; i < size; i++)
        y[i] = x[i] < 0.0f ? 0.5f * b / (sqrtf(x[i] * x[i] + b) - x[i]) : 0.5f * (x[i] + sqrtf(x[i] * x[i] + b));
}

/* a / (1 + exp(-b)) for each of the `pairs` of halves a and b, which lie side by side */
static void glu(size_t pairs, size_t half, const float *x, float *y)
{
    for (size_t p = 0; p < pairs; p++, x += 2 * half, y += half)
        for (size_t i = 0; i < half; i++)
            y[i] = x[i] * gate(x[half + i]);
}
