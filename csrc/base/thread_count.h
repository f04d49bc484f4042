/* thread_count.h - how many threads this process should use when nobody has said. */
#ifndef FCNN_THREAD_COUNT_H
#define FCNN_THREAD_COUNT_H

#include <stddef.h>

#include "status.h"

/* FASHIONCNN_NUM_THREADS, else OMP_NUM_THREADS (the first number of its list), else the CPUs of the affinity mask, cut
 * by the cgroup's quota. A variable that is not a positive number is passed over. At least 1, not limited above. */
size_t fcnn_thread_count_automatic(void);

/* FCNN_E_ARGUMENT where FASHIONCNN_NUM_THREADS is not a number of threads. */
fcnn_status fcnn_thread_count_check(fcnn_error *error);

#endif
