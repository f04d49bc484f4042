/* sparsemax.c - y = max(x - tau, 0), with tau as Keras computes it.
 *
 * With the numbers of a vector in descending order, z_1 to z_n, and c_j the sum of the first j, the support are the
 * first k, as long as z_j > (c_j - 1) / j; tau = (c_1 + ... + c_k - 1) / k. Martins and Astudillo (2016), who invented
 * sparsemax, have c_k in place of that sum, which makes the sum of y 1; Keras's is that where k is 1.
 *
 * Backward: with s the sum of dy where y is not 0, dx = dy there, less s (k - j + 1) / k for z_j, j <= k.
 */
#include <string.h>

#include "registry.h"
#include "vectors.h"

static void sift_down(float *heap, size_t count, size_t at)
{
    for (size_t child = 2 * at + 1; child < count; at = child, child = 2 * at + 1) {
        if (child + 1 < count && heap[child + 1] < heap[child])
            child++;
        if (heap[at] <= heap[child])
            return;
        const float moved = heap[at];
        heap[at] = heap[child];
        heap[child] = moved;
    }
}

/* In descending order: a heap with the smallest number first gives up one after the other. */
static void sort(float *z, size_t count)
{
    for (size_t at = count / 2; at-- > 0;)
        sift_down(z, count, at);
    for (size_t left = count; left-- > 1;) {
        const float smallest = z[0];
        z[0] = z[left];
        z[left] = smallest;
        sift_down(z, left, 0);
    }
}

/* Returns tau. z = x in descending order, of which the first *support are the support. */
static double find_tau(size_t columns, const float *x, float *z, size_t *support)
{
    double sum = 0.0, sums = 0.0;
    memcpy(z, x, columns * sizeof *z);
    sort(z, columns);
    *support = 0;
    for (size_t j = 0; j < columns; j++) {
        sum += (double)z[j];
        if ((double)z[j] - (sum - 1.0) / (double)(j + 1) > 0.0) {
            sums += sum;
            ++*support;
        }
    }
    return (sums - 1.0) / (double)*support;
}

static float above(float x, double tau) /* NaN stays NaN */
{
    return (double)x <= tau ? 0.0f : (float)((double)x - tau);
}

static void make(const fcnn_kernels *kernels, size_t rows, size_t columns, const float *x, float *y, float *scratch)
{
    (void)kernels;
    for (size_t r = 0; r < rows; r++, x += columns, y += columns) {
        size_t support;
        const double tau = find_tau(columns, x, scratch, &support);
        for (size_t c = 0; c < columns; c++)
            y[c] = above(x[c], tau);
    }
}

/* How many of z, in descending order, are larger than x. */
static size_t count_larger(const float *z, size_t count, float x)
{
    size_t low = 0, high = count;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (z[middle] > x)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void make_back(const fcnn_kernels *kernels, size_t rows, size_t columns, const float *x, const float *dy,
                      float *dx, float *scratch)
{
    float *equals = scratch + columns; /* how many equal numbers came before, for the first of them */
    (void)kernels;
    for (size_t r = 0; r < rows; r++, x += columns, dy += columns, dx += columns) {
        size_t support;
        const double tau = find_tau(columns, x, scratch, &support);
        double sum = 0.0;
        for (size_t c = 0; c < columns; c++)
            sum += above(x[c], tau) != 0.0f ? (double)dy[c] : 0.0;
        memset(equals, 0, columns * sizeof *equals);
        for (size_t c = 0; c < columns; c++) {
            const size_t larger = count_larger(scratch, columns, x[c]);
            const double rank = (double)larger + (double)equals[larger < columns ? larger : 0]++;
            const double share = rank < (double)support ? ((double)support - rank) / (double)support : 0.0;
            dx[c] = (float)((above(x[c], tau) != 0.0f ? (double)dy[c] : 0.0) - sum * share);
        }
    }
}

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    FCNN_TRY(fcnn_vectors_create(layer, attributes, error));
    layer->backward_reads = FCNN_READS_X;
    layer->scratch += 2 * fcnn_axes_chosen(layer->config);
    return FCNN_OK;
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    fcnn_vectors_run_forward(layer, io, images, make);
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    fcnn_vectors_run_backward(layer, io, images, make_back);
}

const fcnn_layer_class fcnn_sparsemax_class = {
    .type = "sparsemax",
    .create = create,
    .forward = forward,
    .backward = backward,
};
