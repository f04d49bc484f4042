/* limits.h - fcnn_limits applied to a vector. */
#ifndef FCNN_LIMITS_H
#define FCNN_LIMITS_H

#include "kernels.h"
#include "vec.h"

/* A maximum of 0 and NaN is NaN where NaN comes second: so stays NaN. */
static ALWAYS_INLINE vf vf_limit(vf y, fcnn_limits limits)
{
    return limits.apply ? vf_min(vf_broadcast(limits.most), vf_max((vf){0}, y)) : y;
}

#endif
