/* finite.c - rows are read in blocks, as a training step would read them; blocks after a bad row found are skipped. */
#include "finite.h"

#include <math.h>

#include "../base/memory.h"
#include "../base/threads.h"

enum { BLOCK_BYTES = 1 << 18 };

typedef struct search {
    const fcnn_array *array;
    const fcnn_kernels *kernels;
    size_t rows_in_block, row_size;
    float *scratch;      /* (workers, row_size) */
    atomic_size_t first; /* the first bad row found so far; the number of rows where there is none */
} search;

static void search_block(void *context, size_t block, size_t worker)
{
    search *s = context;
    float *y = s->scratch + worker * s->row_size;
    const size_t begin = block * s->rows_in_block;
    for (size_t row = begin; row < begin + s->rows_in_block && row < atomic_load(&s->first); row++)
        if (!isfinite(fcnn_array_read_row(s->array, s->kernels, row, y))) {
            fcnn_lower(&s->first, row);
            return;
        }
}

fcnn_status fcnn_array_first_nonfinite(const fcnn_array *array, const fcnn_kernels *kernels, int64_t *row,
                                       fcnn_error *error)
{
    *row = -1;
    const size_t rows = array->extent[0], row_size = fcnn_array_row_size(array);
    if (fcnn_dtype_is_integer(array->dtype) || rows == 0 || row_size == 0)
        return FCNN_OK;

    const size_t workers = fcnn_threads_get();
    void *scratch;
    FCNN_TRY(fcnn_allocate(&scratch, workers * row_size, sizeof(float), "a row for each thread", error));
    const size_t fitting = BLOCK_BYTES / (row_size * fcnn_dtype_size(array->dtype));
    search s = {array, kernels, fitting ? fitting : 1, row_size, scratch, rows};
    fcnn_parallel_for((rows - 1) / s.rows_in_block + 1, workers, search_block, &s);
    fcnn_release(scratch);
    if (s.first < rows)
        *row = (int64_t)s.first;
    return FCNN_OK;
}
