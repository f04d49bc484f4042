/* threads.h - the pool: runs the iterations of a loop on several cores.
 *
 * No more threads work than there are CPUs: one that waits for a CPU that another one spins on costs more than it does.
 * One pool for the process, made at first use and made again in the child after fork. Workers spin for a moment, then
 * sleep. Workers (and the caller, for the length of the call) run with denormals flushed to zero; the caller's mode is
 * restored.
 */
#ifndef FCNN_THREADS_H
#define FCNN_THREADS_H

#include <stdatomic.h>
#include <stddef.h>

#include "status.h"

enum { FCNN_MAX_THREADS = 256 };

/* One iteration. `worker` < the max_workers of the call: no two iterations run at once with the same number, so
 * it may index scratch memory. */
typedef void fcnn_task(void *context, size_t index, size_t worker);

/* Runs task(context, i, worker) once for every i in [0, count), in any order, on at most max_workers threads (the
 * caller is one of them), and returns when all are done. Iterations are handed out one by one, so uneven ones balance.
 * If another thread is using the pool, or the pool cannot be made, everything runs in the caller as worker 0. */
void fcnn_parallel_for(size_t count, size_t max_workers, fcnn_task *task, void *context);

/* *value = the smaller of it and `candidate`, whatever other threads do to it. */
static inline void fcnn_lower(atomic_size_t *value, size_t candidate)
{
    size_t current = atomic_load(value);
    while (candidate < current && !atomic_compare_exchange_weak(value, &current, candidate))
        continue;
}

/* Threads that a parallel loop uses: the last fcnn_threads_set, else FASHIONCNN_NUM_THREADS, else OMP_NUM_THREADS, else
 * the CPUs of the affinity mask, cut by the cgroup's quota. At least 1, at most FCNN_MAX_THREADS. */
size_t fcnn_threads_get(void);

/* How many of these are worth waking for a pass of `work` multiply-adds. At least 1. */
size_t fcnn_threads_for(size_t work);

/* Sets the number of threads; 0 returns to the automatic choice. FCNN_E_ARGUMENT above FCNN_MAX_THREADS, and for 0
 * where FASHIONCNN_NUM_THREADS is not a number of threads. */
fcnn_status fcnn_threads_set(size_t count, fcnn_error *error);

#endif
