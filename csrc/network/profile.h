/* profile.h - where the time of a network's passes goes: which layer, which stage, which waiting.
 *
 * Each worker has a watch. It is started where the worker begins an iteration, and looked at after each stage of a
 * step: the time since the last look is added to that stage of that step, in counters of the worker's own. Nothing is
 * locked, shared or allocated within a loop, and a network that keeps no profile pays for one test each time.
 *
 * The caller looks at its own watch between the loops. After a loop it knows how long the threads were not at work in
 * it: the loop's length times the threads, less what their watches say. They waited for the last of them, so that is
 * put down to the loop's last stage. What the caller does alone, all others wait for.
 *
 * So the length of a pass times its threads = what was spent on stages + what was waited + a rest, which is the way
 * from one loop to the next.
 */
#ifndef FCNN_PROFILE_H
#define FCNN_PROFILE_H

#include "../base/threads.h"
#include "plan.h"

typedef enum fcnn_stage {
    FCNN_STAGE_READ, /* inputs and targets */
    FCNN_STAGE_PREPARE,
    FCNN_STAGE_FORWARD,
    FCNN_STAGE_OBSERVE, /* and settle */
    FCNN_STAGE_LOSS,    /* and metrics, and what is checked before an update */
    FCNN_STAGE_INPUT_GRADIENT,
    FCNN_STAGE_WEIGHT_GRADIENT,
    FCNN_STAGE_BOTH_GRADIENTS,
    FCNN_STAGE_OBSERVE_BACKWARD,
    FCNN_STAGE_JOIN, /* sums of gradients */
    FCNN_STAGE_UPDATE,
    FCNN_STAGE_MOVE, /* statistics */
    FCNN_STAGES
} fcnn_stage;

const char *fcnn_stage_name(fcnn_stage stage);

/* What the action is to the user. */
fcnn_stage fcnn_stage_of(const fcnn_action *action);

/* Of one worker. */
typedef struct fcnn_watch {
    _Alignas(64) int64_t last; /* when it was looked at */
    int64_t busy;              /* nanoseconds at work so far */
    int64_t *spent;            /* (slots of the profile) the same for each stage of each step */
} fcnn_watch;

/* Of one plan. */
typedef struct fcnn_profile {
    const fcnn_plan *plan;
    fcnn_watch *watch; /* (workers) */
    size_t workers, slots;
    int64_t *counters, *waited; /* the memory of `spent`; (slots) */
    size_t passes, images;
    int64_t length, threads_length; /* of all passes; the same times the threads */
    size_t threads;                 /* of the pass that runs */
    int64_t begin, mark;            /* of the pass; of what the caller does */
} fcnn_profile;

/* Begins a pass on so many threads, which the caller was about since `since`: what it did was to read. Makes the
 * profile where there is none. */
fcnn_status fcnn_profile_begin(fcnn_profile **profile, const fcnn_plan *plan, size_t threads, int64_t since,
                               fcnn_error *error);

/* Ends it, and returns when. */
int64_t fcnn_profile_end(fcnn_profile *profile, size_t images);

void fcnn_profile_destroy(fcnn_profile *profile);

/* The place of a stage of a step in `spent` and `waited`; step NULL: of none, or of all. */
static inline size_t fcnn_profile_slot(const fcnn_profile *profile, fcnn_stage stage, const fcnn_step *step)
{
    return (step ? (size_t)(step - profile->plan->step) + 1 : 0) * FCNN_STAGES + stage;
}

/* ---- within a pass; profile NULL: nothing is kept ---- */

void fcnn_watch_start(fcnn_profile *profile, size_t worker);
void fcnn_watch_look(fcnn_profile *profile, size_t worker, fcnn_stage stage, const fcnn_step *step);

/* The worker begins. */
static inline void fcnn_profile_start(fcnn_profile *profile, size_t worker)
{
    if (profile)
        fcnn_watch_start(profile, worker);
}

/* The worker has ended a stage. */
static inline void fcnn_profile_lap(fcnn_profile *profile, size_t worker, fcnn_stage stage, const fcnn_step *step)
{
    if (profile)
        fcnn_watch_look(profile, worker, stage, step);
}

/* The worker has ended an action. */
static inline void fcnn_profile_action(fcnn_profile *profile, size_t worker, const fcnn_action *action)
{
    if (profile)
        fcnn_watch_look(profile, worker, fcnn_stage_of(action), action->step);
}

/* fcnn_parallel_for, whose last stage is this. */
void fcnn_profile_loop(fcnn_profile *profile, size_t count, size_t max_workers, fcnn_task *task, void *context,
                       fcnn_stage stage, const fcnn_step *step);

/* The caller has ended a stage, of which no loop is a part; it began when the last loop, or the last such stage,
 * ended. */
void fcnn_profile_alone(fcnn_profile *profile, fcnn_stage stage);

#endif
