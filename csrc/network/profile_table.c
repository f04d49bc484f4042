/* profile_table.c - whether a network keeps profiles, and what they say: a row for each stage of each step. */
#include "../base/memory.h"
#include "amounts.h"
#include "internal.h"

static fcnn_engine *engine_of(fcnn_network *network, size_t purpose)
{
    fcnn_engine *const engines[FCNN_PURPOSES] = {&network->training, &network->inference, &network->trial,
                                                 &network->told};
    return engines[purpose];
}

void fcnn_network_set_profiles(fcnn_network *network, int keep)
{
    fcnn_lock_take(&network->lock);
    for (size_t purpose = 0; purpose < FCNN_PURPOSES; purpose++) {
        fcnn_engine *engine = engine_of(network, purpose);
        fcnn_profile_destroy(engine->profile);
        engine->profile = NULL;
    }
    network->profiles = keep;
    fcnn_lock_give(&network->lock);
}

int fcnn_network_get_profiles(fcnn_network *network)
{
    fcnn_lock_take(&network->lock);
    const int keeps = network->profiles;
    fcnn_lock_give(&network->lock);
    return keeps;
}

/* The nodes of a step: from the first of a pattern on, each is the only user of the one before. */
static void name_nodes(const fcnn_graph *graph, const fcnn_operation *operation, fcnn_profile_row *row)
{
    size_t n = operation->head;
    row->node[row->nodes++] = n;
    while (n != operation->tail && row->nodes < FCNN_PATTERN && fcnn_graph_users(graph, n, &n) == 1)
        row->node[row->nodes++] = n;
}

static fcnn_profile_row row_of(const fcnn_network *network, const fcnn_profile *profile, size_t step, fcnn_stage stage)
{
    const fcnn_plan *plan = profile->plan;
    const fcnn_step *own = step > 0 ? &plan->step[step - 1] : NULL;
    const size_t slot = fcnn_profile_slot(profile, stage, own);
    const fcnn_amounts amounts = fcnn_amounts_of(network, own, stage);
    int64_t busy = 0;
    for (size_t w = 0; w < profile->workers; w++)
        busy += profile->watch[w].spent[slot];
    fcnn_profile_row row = {.stage = fcnn_stage_name(stage),
                            .busy = 1e-9 * (double)busy,
                            .waited = 1e-9 * (double)profile->waited[slot],
                            .products = amounts.products,
                            .image_bytes = amounts.image_bytes,
                            .pass_bytes = amounts.pass_bytes};
    if (own)
        name_nodes(network->graph, &plan->operation[step - 1], &row);
    return row;
}

static fcnn_status fill(const fcnn_network *network, const fcnn_profile *profile, fcnn_profile_table *table,
                        fcnn_error *error)
{
    void *block;
    FCNN_TRY(fcnn_allocate(&block, profile->slots, sizeof(fcnn_profile_row), "the profile", error));
    *table = (fcnn_profile_table){.row = block,
                                  .passes = profile->passes,
                                  .images = profile->images,
                                  .length = 1e-9 * (double)profile->length,
                                  .threads_length = 1e-9 * (double)profile->threads_length};
    for (size_t step = 0; step <= profile->plan->steps; step++)
        for (int stage = 0; stage < FCNN_STAGES; stage++) {
            const fcnn_profile_row row = row_of(network, profile, step, stage);
            if (row.busy > 0.0)
                table->row[table->rows++] = row;
        }
    return FCNN_OK;
}

fcnn_status fcnn_network_profile(fcnn_network *network, size_t purpose, fcnn_profile_table *table, fcnn_error *error)
{
    fcnn_lock_take(&network->lock);
    const fcnn_profile *profile = engine_of(network, purpose)->profile;
    *table = (fcnn_profile_table){0};
    const fcnn_status status = profile ? fill(network, profile, table, error) : FCNN_OK;
    fcnn_lock_give(&network->lock);
    return status;
}
