/* thread_count.h - how many CPUs this process has, and how many threads it should use when nobody has said. */
#ifndef FCNN_THREAD_COUNT_H
#define FCNN_THREAD_COUNT_H

#include <stddef.h>

#include "status.h"

/* The CPUs of the affinity mask, cut by the cgroup's quota. At least 1. */
size_t fcnn_thread_count_cpus(void);

/* FASHIONCNN_NUM_THREADS, else OMP_NUM_THREADS (the first number of its list), else `cpus`. A variable that is not a
 * positive number is passed over. At least 1, not limited above. */
size_t fcnn_thread_count_automatic(size_t cpus);

/* Whether FASHIONCNN_ALL_THREADS is set and not empty: all threads work that were asked for, be there ever so few CPUs
 * and ever so little work. So tests meet many threads on any machine. */
int fcnn_thread_count_is_firm(void);

/* FCNN_E_ARGUMENT where FASHIONCNN_NUM_THREADS is not a number of threads. */
fcnn_status fcnn_thread_count_check(fcnn_error *error);

#endif
