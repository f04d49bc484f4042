/* update.c - one step of the optimizer over the network's parameters.
 *
 * Updates are elementwise, so the vectors are cut into ranges of any length. Clipping by norm needs all gradients
 * first: clipnorm scales each parameter's gradient g by c / max(|g|, c); global_clipnorm all by c / max(|all|, c).
 *
 * Gradients that are averaged over several steps are added up in a slot, and the last of these steps changes the
 * weights; what is clipped is the average. An average of the weights is another slot, renewed in every step.
 *
 * Most parameters are updated as soon as their own gradients are known, when it is too late to refuse the step because
 * another's overflow. So a step that may overflow (fcnn_scores_are_huge) keeps a backup and is undone as a whole. In
 * any other step an element whose new numbers would not be finite stays as it was. Both are errors.
 */
#include <math.h>
#include <string.h>

#include "../base/memory.h"
#include "../base/threads.h"
#include "internal.h"

enum { RANGE = 8192 }; /* parameters in one piece of work */

static int clips_norms(const fcnn_network *network)
{
    return network->optimizer.clipnorm > 0.0 || network->optimizer.global_clipnorm > 0.0;
}

int fcnn_network_updates_at_once(const fcnn_network *network)
{
    return !clips_norms(network) && fcnn_rules_act_at_once(network);
}

/* The vectors that a step changes: the weights, then the slots. */
static float *vector_of(const fcnn_network *network, size_t number)
{
    return number == 0 ? network->weights : network->slot[number - 1];
}

static size_t vectors_of(const fcnn_network *network) { return 1 + network->optimizer.slots; }

fcnn_status fcnn_network_begin_step(const fcnn_network *network, int keep_backup, fcnn_optimizer_step *step,
                                    fcnn_error *error)
{
    const size_t parameters = network->graph->parameters;
    const fcnn_optimizer *optimizer = &network->optimizer;
    const uint64_t steps = optimizer->accumulation_steps, updates = network->state.iterations / steps;
    *step = (fcnn_optimizer_step){
        .changes_weights = (network->state.iterations + 1) % steps == 0,
        .ema_momentum = updates == 0 ? 0.0 : optimizer->ema_momentum,
        .ema_overwrites = optimizer->ema_overwrite_frequency && (updates + 1) % optimizer->ema_overwrite_frequency == 0,
        .first_overflow = network->parameters,
    };
    fcnn_optimizer_begin(optimizer, network->state.learning_rate, updates + 1, &step->numbers);
    step->numbers.clip_scale = (float)(1.0 / (double)steps);
    step->numbers.keeps_finite = network->state.check_finite;
    if (!keep_backup || !network->state.check_finite)
        return FCNN_OK;
    FCNN_TRY(fcnn_allocate_floats(&step->backup, vectors_of(network), parameters, "a copy of the parameters", error));
    for (size_t v = 0; v < vectors_of(network); v++)
        memcpy(step->backup + v * parameters, vector_of(network, v), parameters * sizeof(float));
    return FCNN_OK;
}

/* The sums of gradients from parameter number `begin` on, or NULL where they are not averaged. */
static float *sums_from(const fcnn_network *network, size_t begin)
{
    const size_t slot = network->optimizer.accumulator;
    return slot < FCNN_MAX_SLOTS ? network->slot[slot] + begin : NULL;
}

/* Renews the average of `count` weights from number `begin` on, where there is one. */
static void renew_average(fcnn_network *network, const fcnn_optimizer_step *step, size_t begin, size_t count)
{
    const size_t slot = network->optimizer.average;
    if (slot >= FCNN_MAX_SLOTS)
        return;
    float *average = network->slot[slot] + begin, *weights = network->weights + begin;
    network->kernels->average(count, weights, (float)step->ema_momentum, (float)(1.0 - step->ema_momentum), average);
    if (step->ema_overwrites)
        memcpy(weights, average, count * sizeof *weights);
}

/* Changes `count` weights of a parameter, from number `begin` on, and their slots; returns whether all that it made is
 * finite. */
static int change_weights(fcnn_network *network, fcnn_update update, size_t begin, size_t count, const float *gradients)
{
    float *slot[FCNN_MAX_SLOTS];
    for (size_t s = 0; s < FCNN_MAX_SLOTS; s++)
        slot[s] = s < network->optimizer.slots ? network->slot[s] + begin : NULL;
    return network->optimizer.class->apply(&network->optimizer, network->kernels, &update, count,
                                           network->weights + begin, gradients, slot);
}

/* One step of a stretch of parameter p; `clip` as in fcnn_network_update_range: where it is given the gradients are
 * in the sums already. */
static int step_stretch(fcnn_network *network, const fcnn_optimizer_step *step, size_t p, const float *clip,
                        size_t begin, size_t count, const float *gradients)
{
    fcnn_update own = step->numbers;
    if (clip)
        own.clip_scale *= clip[p];
    if (!network->parameter[p].decays)
        own.decay = 0.0f;
    float *sums = sums_from(network, begin);
    int finite = clip || !sums || network->kernels->accumulate(&own, count, sums, gradients);
    if (step->changes_weights) {
        finite &= change_weights(network, own, begin, count, sums ? sums : gradients);
        if (sums)
            memset(sums, 0, count * sizeof *sums);
    }
    renew_average(network, step, begin, count);
    return finite;
}

void fcnn_network_update_range(fcnn_network *network, fcnn_optimizer_step *step, const float *clip, float *gradients,
                               size_t begin, size_t end)
{
    for (size_t p = 0; p < network->parameters; p++) {
        const fcnn_span *span = &network->parameter[p];
        const size_t from = span->begin > begin ? span->begin : begin, to = span->end < end ? span->end : end;
        if (from >= to || !fcnn_span_is_updated(span))
            continue;
        if (!step->penalized)
            fcnn_rules_add_to_range(network, p, from, to, gradients + (from - begin));
        if (!step_stretch(network, step, p, clip, from, to - from, gradients + (from - begin)))
            fcnn_lower(&step->first_overflow, p);
    }
}

/* ---- all parameters at once ---- */

typedef struct whole_update {
    fcnn_network *network;
    fcnn_optimizer_step *step;
    float *clip;     /* (parameters) or NULL */
    double *squares; /* (parameters) */
} whole_update;

/* The sum of squares of a parameter's gradient, or of its sum, which the gradient is added to. */
static void square_parameter(void *context, size_t index, size_t worker)
{
    const whole_update *whole = context;
    const fcnn_network *network = whole->network;
    const fcnn_span *span = &network->parameter[index];
    if (!fcnn_span_is_updated(span))
        return;
    fcnn_profile_start(network->profile, worker);
    const size_t count = span->end - span->begin;
    const float *gradients = network->gradients + span->begin;
    float *sums = sums_from(network, span->begin);
    if (sums && !network->kernels->accumulate(&whole->step->numbers, count, sums, gradients))
        fcnn_lower(&whole->step->first_overflow, index);
    whole->squares[index] = network->kernels->sum_of_squares(count, sums ? sums : gradients);
    fcnn_profile_lap(network->profile, worker, FCNN_STAGE_UPDATE, NULL);
}

static float clip_factor(double limit, double norm) { return (float)(norm > limit ? limit / norm : 1.0); }

static void find_clips(const whole_update *whole)
{
    const fcnn_network *network = whole->network;
    const fcnn_optimizer *optimizer = &network->optimizer;
    const double steps = (double)optimizer->accumulation_steps;
    fcnn_profile_loop(network->profile, network->parameters, FCNN_MAX_THREADS, square_parameter, (void *)whole,
                      FCNN_STAGE_UPDATE, NULL);
    double total = 0.0;
    for (size_t p = 0; p < network->parameters; p++)
        total += whole->squares[p];
    for (size_t p = 0; p < network->parameters; p++)
        whole->clip[p] = optimizer->clipnorm > 0.0 ? clip_factor(optimizer->clipnorm, sqrt(whole->squares[p]) / steps)
                                                   : clip_factor(optimizer->global_clipnorm, sqrt(total) / steps);
}

static void update_piece(void *context, size_t index, size_t worker)
{
    const whole_update *whole = context;
    fcnn_profile_start(whole->network->profile, worker);
    fcnn_network_update_range(whole->network, whole->step, whole->clip, whole->network->gradients + index * RANGE,
                              index * RANGE, (index + 1) * RANGE);
    fcnn_profile_lap(whole->network->profile, worker, FCNN_STAGE_UPDATE, NULL);
}

fcnn_status fcnn_network_update_all(fcnn_network *network, fcnn_optimizer_step *step, fcnn_error *error)
{
    whole_update whole = {.network = network, .step = step};
    step->penalized = 1;
    if (clips_norms(network)) {
        void *block;
        FCNN_TRY(
            fcnn_allocate(&block, network->parameters, sizeof(double) + sizeof(float), "the gradients' norms", error));
        whole.squares = block;
        whole.clip = (float *)(whole.squares + network->parameters);
        find_clips(&whole);
    }
    fcnn_profile_loop(network->profile, (network->graph->parameters + RANGE - 1) / RANGE, FCNN_MAX_THREADS,
                      update_piece, &whole, FCNN_STAGE_UPDATE, NULL);
    fcnn_release(whole.squares);
    return FCNN_OK;
}

/* ---- the end ---- */

static fcnn_status refuse_step(fcnn_network *network, const fcnn_optimizer_step *step, fcnn_error *error)
{
    const size_t parameters = network->graph->parameters;
    for (size_t v = 0; step->backup && v < vectors_of(network); v++)
        memcpy(vector_of(network, v), step->backup + v * parameters, parameters * sizeof(float));
    const fcnn_layer *layer = &network->graph->node[network->parameter[step->first_overflow].node].layer;
    return fcnn_fail(
        error, FCNN_E_NONFINITE,
        "the update of training step %llu makes numbers that are not finite, first in layer '%s'. %s: try a "
        "smaller learning rate, inputs of smaller size, or clipping (clipnorm=1)",
        (unsigned long long)network->state.iterations + 1, layer->name,
        step->backup ? "The step was not made" : "What overflowed was left as it was, all else was updated");
}

fcnn_status fcnn_network_end_step(fcnn_network *network, fcnn_optimizer_step *step, fcnn_status status,
                                  fcnn_error *error)
{
    if (status == FCNN_OK)
        fcnn_rules_constrain(network);
    if (status == FCNN_OK && step->first_overflow < network->parameters && network->state.check_finite)
        status = refuse_step(network, step, error);
    if (status == FCNN_OK)
        network->state.iterations++;
    fcnn_release(step->backup);
    step->backup = NULL;
    return status;
}
