/* peak.c - times a product of two small matrices, by the processor time of this thread. */
#include "peak.h"

#include "../base/clock.h"
#include "../base/memory.h"

enum { ROWS = 24, DEPTH = 64, COLUMNS = 64, ROUNDS = 200, TIMES = 20 };

fcnn_status fcnn_peak_measure(const fcnn_kernels *kernels, double *peak, fcnn_error *error)
{
    static const ptrdiff_t run[1] = {0};
    const fcnn_patches rows = {.lines = 1, .width = ROWS, .step = DEPTH, .run = run, .runs = 1, .run_length = DEPTH};
    float *block = NULL;
    FCNN_TRY(fcnn_allocate_floats(&block, 1, ROWS * DEPTH + DEPTH * COLUMNS + ROWS * COLUMNS, "a measurement", error));
    float *x = block, *w = x + ROWS * DEPTH, *y = w + DEPTH * COLUMNS;
    double best = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        const double begin = fcnn_thread_seconds();
        for (int i = 0; i < TIMES; i++)
            kernels->patches_forward(&rows, x, w, NULL, COLUMNS, y, COLUMNS);
        const double seconds = fcnn_thread_seconds() - begin;
        best = seconds < best ? seconds : best;
    }
    fcnn_release(block);
    *peak = (double)TIMES * ROWS * DEPTH * COLUMNS / best;
    return FCNN_OK;
}
