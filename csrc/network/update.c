/* update.c - one step of the optimizer over the network's parameters.
 *
 * Updates are elementwise, so the vectors are cut into ranges of any length. Clipping by norm needs all gradients
 * first: clipnorm scales each parameter's gradient g by c / max(|g|, c); global_clipnorm all of them by c / max(|all|,
 * c).
 */
#include <math.h>

#include "../base/memory.h"
#include "../base/threads.h"
#include "internal.h"

enum { RANGE = 8192 };   /* parameters in one piece of work */

int fcnn_network_updates_at_once(const fcnn_network *network)
{
    return network->optimizer.clipnorm == 0.0 && network->optimizer.global_clipnorm == 0.0;
}

fcnn_update fcnn_network_next_update(const fcnn_network *network)
{
    fcnn_update update;
    fcnn_optimizer_begin(&network->optimizer, network->state.learning_rate, network->state.iterations + 1, &update);
    return update;
}

void fcnn_network_update_range(fcnn_network *network, const fcnn_update *update, const float *clip,
                               const float *gradients, size_t begin, size_t end)
{
    for (size_t p = 0; p < network->parameters; p++) {
        const fcnn_span *span = &network->parameter[p];
        const size_t from = span->begin > begin ? span->begin : begin, to = span->end < end ? span->end : end;
        if (from >= to || !span->trainable)
            continue;
        fcnn_update own = *update;
        if (clip)
            own.clip_scale *= clip[p];
        float *slot[FCNN_MAX_SLOTS];
        for (size_t s = 0; s < FCNN_MAX_SLOTS; s++)
            slot[s] = s < network->optimizer.slots ? network->slot[s] + from : NULL;
        network->optimizer.class->apply(&network->optimizer, network->kernels, &own, to - from, network->weights + from,
                                        gradients + (from - begin), slot);
    }
}

typedef struct whole_update {
    fcnn_network *network;
    fcnn_update update;
    float *clip;       /* (parameters) or NULL */
    double *squares;   /* (parameters) */
} whole_update;

static void square_parameter(void *context, size_t index, size_t worker)
{
    (void)worker;
    const whole_update *whole = context;
    const fcnn_span *span = &whole->network->parameter[index];
    if (span->trainable)
        whole->squares[index] =
            whole->network->kernels->sum_of_squares(span->end - span->begin, whole->network->gradients + span->begin);
}

static float clip_factor(double limit, double squares)
{
    const double norm = sqrt(squares);
    return (float)(norm > limit ? limit / norm : 1.0);
}

static void find_clips(const whole_update *whole)
{
    const fcnn_network *network = whole->network;
    fcnn_parallel_for(network->parameters, FCNN_MAX_THREADS, square_parameter, (void *)whole);
    double total = 0.0;
    for (size_t p = 0; p < network->parameters; p++)
        total += whole->squares[p];
    for (size_t p = 0; p < network->parameters; p++)
        whole->clip[p] = network->optimizer.clipnorm > 0.0 ? clip_factor(network->optimizer.clipnorm, whole->squares[p])
                                                           : clip_factor(network->optimizer.global_clipnorm, total);
}

static void update_piece(void *context, size_t index, size_t worker)
{
    (void)worker;
    const whole_update *whole = context;
    fcnn_network_update_range(whole->network, &whole->update, whole->clip, whole->network->gradients + index * RANGE,
                              index * RANGE, (index + 1) * RANGE);
}

fcnn_status fcnn_network_update_all(fcnn_network *network, fcnn_error *error)
{
    whole_update whole = {.network = network, .update = fcnn_network_next_update(network)};
    if (!fcnn_network_updates_at_once(network)) {
        void *block;
        FCNN_TRY(
            fcnn_allocate(&block, network->parameters, sizeof(double) + sizeof(float), "the gradients' norms", error));
        whole.squares = block;
        whole.clip = (float *)(whole.squares + network->parameters);
        find_clips(&whole);
    }
    fcnn_parallel_for((network->graph->parameters + RANGE - 1) / RANGE, FCNN_MAX_THREADS, update_piece, &whole);
    fcnn_release(whole.squares);
    network->state.iterations++;
    return FCNN_OK;
}
