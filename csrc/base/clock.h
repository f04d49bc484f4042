/* clock.h - a clock that only goes forward, in nanoseconds from some beginning. */
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

#endif
