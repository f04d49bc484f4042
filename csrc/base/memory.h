/* memory.h - the one place that allocates.
 *
 * Blocks are 64-byte aligned (a cache line, an AVX-512 vector) and zeroed. Sizes are checked for overflow.
 * Thread-safe.
 */
#ifndef FCNN_MEMORY_H
#define FCNN_MEMORY_H

#include <stddef.h>

#include "status.h"

enum { FCNN_ALIGNMENT = 64 };

/* *block = count zeroed elements of `size` bytes (NULL on failure, never NULL on success, even for count 0).
 * `what` names the memory in the message of FCNN_E_MEMORY, e.g. "the optimizer's slots". */
fcnn_status fcnn_allocate(void **block, size_t count, size_t size, const char *what, fcnn_error *error);

/* *floats = `count` times `each` zeros in place of what it was; unchanged on failure. */
fcnn_status fcnn_allocate_floats(float **floats, size_t count, size_t each, const char *what, fcnn_error *error);

/* Frees a block of fcnn_allocate; NULL is allowed. */
void fcnn_release(void *block);

/* Fault injection for tests: let `successes` further allocations succeed and every later one fail; -1 turns it off. */
void fcnn_memory_fail_after(long successes);

#endif
