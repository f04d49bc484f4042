/* profile.c - watches and what they have counted. */
#include "profile.h"

#include <string.h>

#include "../base/clock.h"
#include "../base/memory.h"

/* ---- stages ---- */

const char *fcnn_stage_name(fcnn_stage stage)
{
    static const char *const names[FCNN_STAGES] = {
        [FCNN_STAGE_READ] = "read",
        [FCNN_STAGE_PREPARE] = "prepare",
        [FCNN_STAGE_FORWARD] = "forward",
        [FCNN_STAGE_OBSERVE] = "batch statistics",
        [FCNN_STAGE_LOSS] = "loss",
        [FCNN_STAGE_INPUT_GRADIENT] = "input gradient",
        [FCNN_STAGE_WEIGHT_GRADIENT] = "weight gradient",
        [FCNN_STAGE_BOTH_GRADIENTS] = "both gradients",
        [FCNN_STAGE_OBSERVE_BACKWARD] = "batch gradients",
        [FCNN_STAGE_JOIN] = "join",
        [FCNN_STAGE_UPDATE] = "update",
        [FCNN_STAGE_MOVE] = "move statistics",
    };
    return names[stage];
}

fcnn_stage fcnn_stage_of(const fcnn_action *action)
{
    static const fcnn_stage stages[FCNN_VERBS] = {
        [FCNN_READ_INPUTS] = FCNN_STAGE_READ,
        [FCNN_FORWARD] = FCNN_STAGE_FORWARD,
        [FCNN_PACK] = FCNN_STAGE_FORWARD,
        [FCNN_FORWARD_SHARD] = FCNN_STAGE_FORWARD,
        [FCNN_OBSERVE] = FCNN_STAGE_OBSERVE,
        [FCNN_SCORE] = FCNN_STAGE_LOSS,
        [FCNN_BACKWARD] = FCNN_STAGE_INPUT_GRADIENT,
        [FCNN_OBSERVE_BACKWARD] = FCNN_STAGE_OBSERVE_BACKWARD,
        [FCNN_ADD_ASIDE] = FCNN_STAGE_JOIN,
        [FCNN_FIND_PARTIAL] = FCNN_STAGE_WEIGHT_GRADIENT,
        [FCNN_FOLD] = FCNN_STAGE_PREPARE,
        [FCNN_PREPARE] = FCNN_STAGE_PREPARE,
        [FCNN_PACK_BACKWARD] = FCNN_STAGE_BOTH_GRADIENTS,
        [FCNN_SETTLE] = FCNN_STAGE_OBSERVE,
        [FCNN_SETTLE_BACKWARD] = FCNN_STAGE_OBSERVE_BACKWARD,
        [FCNN_FIND_GRADIENT] = FCNN_STAGE_WEIGHT_GRADIENT,
        [FCNN_UPDATE] = FCNN_STAGE_UPDATE,
        [FCNN_MOVE] = FCNN_STAGE_MOVE,
    };
    if (action->verb == FCNN_FIND_GRADIENT) {
        const fcnn_summing summing = action->step->summing;
        if (summing == FCNN_SUM_PARTS || summing == FCNN_SUM_PACKED)
            return FCNN_STAGE_BOTH_GRADIENTS;
        if (summing == FCNN_SUM_RECORDS)
            return FCNN_STAGE_JOIN;
    }
    return stages[action->verb];
}

/* ---- memory ---- */

/* Counters of a worker, in whole cache lines: no two workers write to the same. */
static size_t counters_of(const fcnn_profile *profile)
{
    enum { LINE = FCNN_ALIGNMENT / sizeof(int64_t) };
    return (profile->slots + LINE - 1) / LINE * LINE;
}

static fcnn_status make_watches(fcnn_profile *profile, size_t workers, fcnn_error *error)
{
    void *watches, *counters;
    const size_t each = counters_of(profile);
    FCNN_TRY(fcnn_allocate(&watches, workers, sizeof(fcnn_watch), "the profile", error));
    const fcnn_status status = fcnn_allocate(&counters, workers * each, sizeof(int64_t), "the profile", error);
    if (status != FCNN_OK) {
        fcnn_release(watches);
        return status;
    }
    if (profile->workers > 0) {
        memcpy(watches, profile->watch, profile->workers * sizeof(fcnn_watch));
        memcpy(counters, profile->counters, profile->workers * each * sizeof(int64_t));
    }
    fcnn_release(profile->watch);
    fcnn_release(profile->counters);
    profile->watch = watches;
    profile->counters = counters;
    profile->workers = workers;
    for (size_t w = 0; w < workers; w++)
        profile->watch[w].spent = profile->counters + w * each;
    return FCNN_OK;
}

static fcnn_status create(fcnn_profile **profile, const fcnn_plan *plan, fcnn_error *error)
{
    void *block, *waited;
    const size_t slots = (plan->steps + 1) * FCNN_STAGES;
    FCNN_TRY(fcnn_allocate(&block, 1, sizeof(fcnn_profile), "the profile", error));
    const fcnn_status status = fcnn_allocate(&waited, slots, sizeof(int64_t), "the profile", error);
    if (status != FCNN_OK) {
        fcnn_release(block);
        return status;
    }
    *profile = block;
    **profile = (fcnn_profile){.plan = plan, .slots = slots, .waited = waited};
    return FCNN_OK;
}

void fcnn_profile_destroy(fcnn_profile *profile)
{
    if (!profile)
        return;
    fcnn_release(profile->watch);
    fcnn_release(profile->counters);
    fcnn_release(profile->waited);
    fcnn_release(profile);
}

/* ---- passes ---- */

fcnn_status fcnn_profile_begin(fcnn_profile **profile, const fcnn_plan *plan, size_t threads, int64_t since,
                               fcnn_error *error)
{
    if (!*profile)
        FCNN_TRY(create(profile, plan, error));
    if (threads > (*profile)->workers)
        FCNN_TRY(make_watches(*profile, threads, error));
    (*profile)->threads = threads;
    (*profile)->begin = (*profile)->mark = since;
    fcnn_profile_alone(*profile, FCNN_STAGE_READ);
    return FCNN_OK;
}

int64_t fcnn_profile_end(fcnn_profile *profile, size_t images)
{
    const int64_t now = fcnn_nanoseconds();
    profile->passes += images > 0;
    profile->images += images;
    profile->length += now - profile->begin;
    profile->threads_length += (now - profile->begin) * (int64_t)profile->threads;
    return now;
}

/* ---- within a pass ---- */

/* A worker that came when others were counted has no watch, and counts as one who waits. */
void fcnn_watch_start(fcnn_profile *profile, size_t worker)
{
    if (worker < profile->workers)
        profile->watch[worker].last = fcnn_nanoseconds();
}

void fcnn_watch_look(fcnn_profile *profile, size_t worker, fcnn_stage stage, const fcnn_step *step)
{
    if (worker >= profile->workers)
        return;
    fcnn_watch *watch = &profile->watch[worker];
    const int64_t now = fcnn_nanoseconds();
    watch->spent[fcnn_profile_slot(profile, stage, step)] += now - watch->last;
    watch->busy += now - watch->last;
    watch->last = now;
}

static int64_t busy(const fcnn_profile *profile)
{
    int64_t sum = 0;
    for (size_t w = 0; w < profile->workers; w++)
        sum += profile->watch[w].busy;
    return sum;
}

void fcnn_profile_loop(fcnn_profile *profile, size_t count, size_t max_workers, fcnn_task *task, void *context,
                       fcnn_stage stage, const fcnn_step *step)
{
    if (!profile) {
        fcnn_parallel_for(count, max_workers, task, context);
        return;
    }
    const int64_t before = busy(profile), begin = fcnn_nanoseconds();
    fcnn_parallel_for(count, max_workers, task, context);
    profile->mark = fcnn_nanoseconds();
    profile->waited[fcnn_profile_slot(profile, stage, step)] +=
        (profile->mark - begin) * (int64_t)profile->threads - (busy(profile) - before);
}

void fcnn_profile_alone(fcnn_profile *profile, fcnn_stage stage)
{
    if (!profile)
        return;
    const int64_t now = fcnn_nanoseconds(), spent = now - profile->mark;
    const size_t slot = fcnn_profile_slot(profile, stage, NULL);
    profile->watch[0].spent[slot] += spent;
    profile->watch[0].busy += spent;
    profile->waited[slot] += spent * ((int64_t)profile->threads - 1);
    profile->mark = now;
}
