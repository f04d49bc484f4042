/* engine.c - plans and the memory that they run in: made when they are first needed, and larger when more is. */
#include "../base/choices.h"
#include "../base/cpu.h"
#include "../base/memory.h"
#include "../base/sizes.h"
#include "internal.h"
#include "plan_check.h"

void fcnn_engine_clear(fcnn_engine *engine)
{
    fcnn_plan_destroy(engine->plan);
    fcnn_release(engine->records);
    fcnn_release(engine->prepared);
    fcnn_release(engine->settled);
    fcnn_release(engine->packed);
    fcnn_release(engine->copied);
    fcnn_release(engine->sums);
    fcnn_release(engine->scratch);
    fcnn_release(engine->shard);
    fcnn_profile_destroy(engine->profile);
    *engine = (fcnn_engine){0};
}

void fcnn_engines_clear(fcnn_network *network)
{
    fcnn_engine_clear(&network->training);
    fcnn_engine_clear(&network->inference);
    fcnn_engine_clear(&network->trial);
    fcnn_engine_clear(&network->told);
}

static fcnn_mode mode_of(const fcnn_network *network, const fcnn_engine *engine)
{
    if (engine == &network->told)
        return FCNN_UNTOLD;
    return engine == &network->inference ? FCNN_AS_IN_INFERENCE : FCNN_AS_IN_TRAINING;
}

static fcnn_status create_plan(const fcnn_network *network, const fcnn_engine *engine, fcnn_plan **plan,
                               fcnn_error *error)
{
    const size_t outputs = network->graph->outputs;
    void *flags;
    FCNN_TRY(fcnn_allocate(&flags, 2 * outputs, 1, "the plan", error));
    unsigned char *has_loss = flags, *absorbs = has_loss + outputs;
    for (size_t o = 0; o < outputs; o++) {
        has_loss[o] = (unsigned char)network->output[o].objective.has_loss;
        absorbs[o] = network->output[o].absorbs;
    }
    const fcnn_purpose purpose = {.run = mode_of(network, engine),
                                  .backward = engine == &network->training,
                                  .winograd = engine->winograd,
                                  .has_loss = has_loss,
                                  .absorbs = absorbs,
                                  .trainable = network->node_trainable,
                                  .statistics = network->node_moves};
    const fcnn_status status = fcnn_plan_create(plan, network->graph, &purpose, error);
    fcnn_release(flags);
    return status;
}

fcnn_status fcnn_engine_plan(fcnn_network *network, fcnn_engine *engine, fcnn_error *error)
{
    const int winograd = fcnn_winograd_get();
    if (engine->plan && engine->winograd == winograd)
        return FCNN_OK;
    fcnn_engine_clear(engine);
    engine->winograd = winograd;
    fcnn_plan *plan;
    FCNN_TRY(create_plan(network, engine, &plan, error));
    fcnn_plan_check(plan, network->graph);
    fcnn_status status = fcnn_allocate_floats(&engine->sums, FCNN_SUMS, plan->summed, "gradients", error);
    if (status == FCNN_OK)
        status = fcnn_allocate_floats(&engine->settled, 1, plan->settled, "what is known of a batch", error);
    if (status != FCNN_OK) {
        fcnn_plan_destroy(plan);
        return status;
    }
    engine->plan = plan;
    for (size_t p = 0; engine == &network->training && p < network->parameters; p++) {
        fcnn_span *span = &network->parameter[p];
        span->found = plan->learns[span->node];
        span->learns = span->trainable && !span->statistic && (span->found || fcnn_rules_penalizes(network, p));
    }
    return FCNN_OK;
}

int fcnn_engine_copies(const fcnn_engine *engine)
{
    enum { FEW = 1 << 17 }; /* floats: half of a usual second-level cache */
    return engine->plan->prepared <= FEW;
}

size_t fcnn_engine_cached_images(const fcnn_engine *engine)
{
    const size_t images = fcnn_cpu_cache_size() / (engine->plan->record * sizeof(float));
    return smaller(larger(images, 1), FCNN_GROUP);
}

static fcnn_status reserve_workers(fcnn_engine *engine, size_t workers, fcnn_error *error)
{
    const fcnn_plan *plan = engine->plan;
    void *block;
    if (workers <= engine->workers)
        return FCNN_OK;
    FCNN_TRY(fcnn_allocate_floats(&engine->prepared, fcnn_engine_copies(engine) ? workers : 1, plan->prepared,
                                  "re-laid parameters", error));
    FCNN_TRY(fcnn_allocate(&block, workers, sizeof *engine->copied, "re-laid parameters", error));
    fcnn_release(engine->copied);
    engine->copied = block;
    FCNN_TRY(fcnn_allocate_floats(&engine->scratch, workers, plan->scratch, "the threads' scratch memory", error));
    FCNN_TRY(fcnn_allocate_floats(&engine->shard, workers, plan->shard, "the threads' gradients", error));
    engine->workers = workers;
    return FCNN_OK;
}

fcnn_status fcnn_engine_reserve(fcnn_engine *engine, size_t records, size_t workers, fcnn_error *error)
{
    FCNN_TRY(reserve_workers(engine, workers, error));
    if (records > engine->record_count) {
        FCNN_TRY(
            fcnn_allocate_floats(&engine->records, records, engine->plan->record, "the activations of a batch", error));
        FCNN_TRY(fcnn_allocate_floats(&engine->packed, rounded_up(records, engine->plan->together),
                                      engine->plan->packed, "packed activations", error));
        engine->record_count = records;
    }
    return FCNN_OK;
}
