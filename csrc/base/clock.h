/* clock.h - clocks that only go forward: time, in nanoseconds from some beginning, and a thread's work. */
#ifndef FCNN_CLOCK_H
#define FCNN_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t fcnn_nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Seconds of the processor that this thread has taken. */
static inline double fcnn_thread_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#endif
