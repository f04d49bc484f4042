/* sparsemax.c - the point of the simplex that is nearest to each vector x: y = max(x - tau, 0), whose sum is 1.
 *
 * tau is the mean of the numbers above it, less 1 / their count. It is found from below (Michelot, 1986): first it is
 * the largest number less 1, then again and again what the numbers above the last tau make it, until none drops out.
 * All are measured from the largest number.
 *
 * Backward: dx = dy - the mean of dy over the numbers above tau there, and 0 elsewhere.
 */
#include "registry.h"
#include "vectors.h"

static double largest(size_t columns, const float *x)
{
    float max = x[0];
    for (size_t c = 1; c < columns; c++)
        max = x[c] > max ? x[c] : max;
    return (double)max;
}

/* What the numbers above *tau make it, at least as much as it was; returns how many they are. NaN is above. */
static size_t raise_tau(size_t columns, const float *x, double max, double *tau)
{
    double sum = 0.0;
    size_t count = 0;
    for (size_t c = 0; c < columns; c++)
        if (!((double)x[c] - max <= *tau)) {
            sum += (double)x[c] - max;
            count++;
        }
    const double next = (sum - 1.0) / (double)count;
    *tau = next <= *tau ? *tau : next;
    return count;
}

static void project(size_t rows, size_t columns, const float *x, float *y)
{
    for (size_t r = 0; r < rows; r++, x += columns, y += columns) {
        const double max = largest(columns, x);
        double tau = -1.0;
        for (size_t before = 0, count = columns + 1; count != before;) {
            before = count;
            count = raise_tau(columns, x, max, &tau);
        }
        for (size_t c = 0; c < columns; c++) {
            const double above = (double)x[c] - max - tau;
            y[c] = above <= 0.0 ? 0.0f : (float)above;
        }
    }
}

static void project_back(size_t rows, size_t columns, const float *y, const float *dy, float *dx)
{
    for (size_t r = 0; r < rows; r++, y += columns, dy += columns, dx += columns) {
        double sum = 0.0, count = 0.0;
        for (size_t c = 0; c < columns; c++)
            if (y[c] > 0.0f) {
                sum += (double)dy[c];
                count += 1.0;
            }
        for (size_t c = 0; c < columns; c++)
            dx[c] = y[c] > 0.0f ? (float)((double)dy[c] - sum / count) : 0.0f;
    }
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    fcnn_vectors_run_forward(layer, io, images, project);
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    fcnn_vectors_run_backward(layer, io, images, project_back);
}

const fcnn_layer_class fcnn_sparsemax_class = {
    .type = "sparsemax",
    .create = fcnn_vectors_create,
    .forward = forward,
    .backward = backward,
};
