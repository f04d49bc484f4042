/* reference_channels.c - the contracts of channels.c in plain loops, computed in double. */
#include "name.h"

static double of_channel(const float *numbers, size_t channel) { return numbers ? (double)numbers[channel] : 0.0; }

/* y before the limits, with nothing added. */
static double value(const fcnn_channels *of, const float *x, size_t i)
{
    const size_t c = i % of->channels;
    return ((double)x[i] - of_channel(of->mean, c)) * (double)of->scale[c] + of_channel(of->offset, c);
}

/* What passes the limits of y on its way back. */
static float pass_back(const fcnn_channels *of, const float *x, const float *y, const float *dy, size_t i)
{
    const double limited = !of->limits.apply ? 0.0 : y ? (double)y[i] : value(of, x, i);
    return of->limits.apply && !(limited > 0.0 && limited < (double)of->limits.most) ? 0.0f : dy[i];
}

void FCNN_NAME(channel_moments)(const fcnn_channels *of, const float *x, float *mean, float *deviations)
{
    for (size_t c = 0; c < of->channels; c++) {
        double sum = 0.0, squares = 0.0;
        for (size_t r = 0; r < of->rows; r++)
            sum += (double)x[r * of->channels + c];
        mean[c] = (float)(sum / (double)of->rows);
        for (size_t r = 0; r < of->rows; r++) {
            const double deviation = (double)x[r * of->channels + c] - (double)mean[c];
            squares += deviation * deviation;
        }
        deviations[c] = (float)squares;
    }
}

void FCNN_NAME(channel_products)(const fcnn_channels *of, const float *x, const float *y, const float *dy, float *sum,
                                 float *products)
{
    for (size_t c = 0; c < of->channels; c++) {
        double sums = 0.0, total = 0.0;
        for (size_t i = c; i < of->rows * of->channels; i += of->channels) {
            const double d = (double)pass_back(of, x, y, dy, i);
            sums += d;
            total += ((double)x[i] - of_channel(of->mean, c)) * d;
        }
        sum[c] = (float)sums;
        products[c] = (float)total;
    }
}

void FCNN_NAME(channel_scale)(const fcnn_channels *of, const float *x, const float *added, float *y)
{
    for (size_t i = 0; i < of->rows * of->channels; i++) {
        const double sum = value(of, x, i) + (added ? (double)added[i] : 0.0);
        y[i] = fcnn_limit((float)sum, of->limits);
    }
}

void FCNN_NAME(channel_combine)(const fcnn_channels *of, const float *x, const float *slope, const float *shift,
                                const float *y, const float *dy, float *dx, float *passed)
{
    for (size_t i = 0; i < of->rows * of->channels; i++) {
        const size_t c = i % of->channels;
        const float d = pass_back(of, x, y, dy, i);
        if (passed)
            passed[i] = d;
        if (dx)
            dx[i] = (float)(((double)x[i] - of_channel(of->mean, c)) * of_channel(slope, c) + of_channel(shift, c) +
                            (double)d * (double)of->scale[c]);
    }
}
