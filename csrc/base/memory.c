/* memory.c - aligned, zeroed blocks, and the hook that lets tests fail any allocation. */
#include "memory.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static atomic_long successes_left = -1; /* -1: unlimited */

void fcnn_memory_fail_after(long successes) { atomic_store(&successes_left, successes); }

static int injected_failure(void)
{
    long left = atomic_load(&successes_left);
    while (left > 0 && !atomic_compare_exchange_weak(&successes_left, &left, left - 1))
        continue;
    return left == 0;
}

fcnn_status fcnn_allocate(void **block, size_t count, size_t size, const char *what, fcnn_error *error)
{
    *block = NULL;
    if (size != 0 && count > (PTRDIFF_MAX - FCNN_ALIGNMENT) / size)
        return fcnn_fail(error, FCNN_E_MEMORY, "%zu elements of %zu bytes for %s exceed the address space", count, size,
                         what);

    const size_t bytes = count * size;
    const size_t rounded = (bytes / FCNN_ALIGNMENT + 1) * FCNN_ALIGNMENT;
    void *memory = injected_failure() ? NULL : aligned_alloc(FCNN_ALIGNMENT, rounded);
    if (!memory)
        return fcnn_fail(error, FCNN_E_MEMORY, "cannot allocate %zu bytes for %s", bytes, what);
    *block = memset(memory, 0, rounded);
    return FCNN_OK;
}

void fcnn_release(void *block) { free(block); }

fcnn_status fcnn_allocate_floats(float **floats, size_t count, size_t each, const char *what, fcnn_error *error)
{
    void *block;
    size_t total;
    if (__builtin_mul_overflow(count, each, &total))
        return fcnn_fail(error, FCNN_E_MEMORY, "%s would need more memory than there are addresses", what);
    FCNN_TRY(fcnn_allocate(&block, total, sizeof(float), what, error));
    fcnn_release(*floats);
    *floats = block;
    return FCNN_OK;
}
