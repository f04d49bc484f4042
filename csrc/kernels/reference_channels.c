/* reference_channels.c - the contracts of channels.c in plain loops, computed in double. */
#include "name.h"

void FCNN_NAME(channel_moments)(size_t rows, size_t channels, const float *x, float *mean, float *deviations)
{
    for (size_t c = 0; c < channels; c++) {
        double sum = 0.0, squares = 0.0;
        for (size_t r = 0; r < rows; r++)
            sum += (double)x[r * channels + c];
        mean[c] = (float)(sum / (double)rows);
        for (size_t r = 0; r < rows; r++) {
            const double deviation = (double)x[r * channels + c] - (double)mean[c];
            squares += deviation * deviation;
        }
        deviations[c] = (float)squares;
    }
}

void FCNN_NAME(channel_products)(size_t rows, size_t channels, const float *x, const float *mean, const float *dy,
                                 float *sum, float *products)
{
    for (size_t c = 0; c < channels; c++) {
        double sums = 0.0, total = 0.0;
        for (size_t r = 0; r < rows; r++) {
            const double d = (double)dy[r * channels + c];
            sums += d;
            total += ((double)x[r * channels + c] - (double)mean[c]) * d;
        }
        sum[c] = (float)sums;
        products[c] = (float)total;
    }
}

void FCNN_NAME(channel_scale)(size_t rows, size_t channels, const float *x, const float *mean, const float *scale,
                              const float *offset, float *y)
{
    for (size_t i = 0; i < rows * channels; i++) {
        const size_t c = i % channels;
        const double centred = (double)x[i] - (mean ? (double)mean[c] : 0.0);
        y[i] = (float)(centred * (double)scale[c] + (offset ? (double)offset[c] : 0.0));
    }
}

void FCNN_NAME(channel_combine)(size_t rows, size_t channels, const float *x, const float *mean, const float *slope,
                                const float *dy, const float *scale, const float *offset, float *dx)
{
    for (size_t i = 0; i < rows * channels; i++) {
        const size_t c = i % channels;
        dx[i] = (float)(((double)x[i] - (double)mean[c]) * (double)slope[c] + (double)offset[c] +
                        (double)dy[i] * (double)scale[c]);
    }
}
