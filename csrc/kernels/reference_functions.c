/* reference_functions.c - the contract of functions.c in plain loops, in double with the C library, rounded once. */
#include <math.h>

#include "name.h"

#define TWO_BY_SQRT_PI 1.12837916709551257390

static double sign(double x) { return x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : x; }

static double evaluate(const fcnn_function_spec *spec, double x)
{
    switch (spec->function) {
    case FCNN_ABSOLUTE:
        return fabs(x);
    case FCNN_CEIL:
        return ceil(x);
    case FCNN_CLIP:
        return isnan(x) ? x : fmin((double)spec->high, fmax((double)spec->low, x));
    case FCNN_COS:
        return cos(x);
    case FCNN_ERF:
        return erf(x);
    case FCNN_EXPM1:
        return expm1(x);
    case FCNN_FIXED_POWER:
        return pow(x, (double)spec->exponent);
    case FCNN_FLOOR:
        return floor(x);
    case FCNN_LOG:
        return log(x);
    case FCNN_LOG1P:
        return log1p(x);
    case FCNN_RECIPROCAL:
        return 1.0 / x;
    case FCNN_ROUND:
        return nearbyint(x);
    case FCNN_RSQRT:
        return 1.0 / sqrt(x);
    case FCNN_SIGN:
        return sign(x);
    case FCNN_SIN:
        return sin(x);
    case FCNN_SQRT:
        return sqrt(x);
    case FCNN_SQUARE:
        return x * x;
    case FCNN_TRUNCATE:
        return trunc(x);
    case FCNN_STOP_GRADIENT:
    case FCNN_FUNCTION_COUNT:
        break;
    }
    return x;
}

/* y = f(x). */
static double derivative(const fcnn_function_spec *spec, double x, double y)
{
    switch (spec->function) {
    case FCNN_ABSOLUTE:
        return sign(x);
    case FCNN_CLIP:
        return x == y;
    case FCNN_COS:
        return -sin(x);
    case FCNN_ERF:
        return TWO_BY_SQRT_PI * exp(-x * x);
    case FCNN_EXPM1:
        return y + 1.0;
    case FCNN_LOG:
        return 1.0 / x;
    case FCNN_LOG1P:
        return 1.0 / (1.0 + x);
    case FCNN_FIXED_POWER:
        return (double)spec->exponent * pow(x, (double)spec->exponent - 1.0);
    case FCNN_RECIPROCAL:
        return -y * y;
    case FCNN_RSQRT:
        return -0.5 * y * y * y;
    case FCNN_SIN:
        return cos(x);
    case FCNN_SQRT:
        return 0.5 / y;
    case FCNN_SQUARE:
        return 2.0 * x;
    case FCNN_CEIL:
    case FCNN_FLOOR:
    case FCNN_ROUND:
    case FCNN_SIGN:
    case FCNN_TRUNCATE:
    case FCNN_STOP_GRADIENT:
    case FCNN_FUNCTION_COUNT:
        break;
    }
    return 0.0;
}

void FCNN_NAME(function_forward)(const fcnn_function_spec *spec, size_t count, const float *x, float *y)
{
    for (size_t i = 0; i < count; i++)
        y[i] = (float)evaluate(spec, (double)x[i]);
}

void FCNN_NAME(function_backward)(const fcnn_function_spec *spec, size_t count, const float *x, const float *y,
                                  const float *dy, float *dx)
{
    for (size_t i = 0; i < count; i++)
        dx[i] = (float)((double)dy[i] * derivative(spec, (double)x[i], (double)y[i]));
}

void FCNN_NAME(power_backward)(size_t count, const float *x, size_t x_step, const float *p, size_t p_step,
                               const float *y, const float *dy, float *dx, float *dp)
{
    for (size_t i = 0; i < count; i++) {
        const double base = (double)x[i * x_step], power = (double)p[i * p_step], given = (double)dy[i];
        if (dx)
            dx[i] = (float)(given * power * pow(base, power - 1.0));
        if (dp)
            dp[i] = (float)(given * (double)y[i] * (base > 0.0 ? log(base) : 0.0));
    }
}
