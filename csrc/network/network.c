/* network.c - a network's state: its vectors, its loss, optimizer and metrics, and the memory of its plans. */
#include <string.h>

#include "../base/memory.h"
#include "../base/threads.h"
#include "internal.h"

size_t fcnn_network_output_size(const fcnn_network *network)
{
    return fcnn_shape_size(&network->graph->node[network->graph->nodes - 1].layer.output);
}

size_t fcnn_network_classes(const fcnn_network *network)
{
    const fcnn_shape *output = &network->graph->node[network->graph->nodes - 1].layer.output;
    return output->rank == 0 ? 1 : output->extent[output->rank - 1];
}

size_t fcnn_network_rows(const fcnn_network *network)
{
    return fcnn_network_output_size(network) / fcnn_network_classes(network);
}

/* ---- memory ---- */

static fcnn_status allocate_floats(float **floats, size_t count, size_t each, const char *what, fcnn_error *error)
{
    void *block;
    size_t total;
    if (__builtin_mul_overflow(count, each, &total))
        return fcnn_fail(error, FCNN_E_MEMORY, "%s would need more memory than there are addresses", what);
    FCNN_TRY(fcnn_allocate(&block, total, sizeof(float), what, error));
    fcnn_release(*floats);
    *floats = block;
    return FCNN_OK;
}

void fcnn_engine_clear(fcnn_engine *engine)
{
    fcnn_plan_destroy(engine->plan);
    fcnn_release(engine->records);
    fcnn_release(engine->prepared);
    fcnn_release(engine->copied);
    fcnn_release(engine->sums);
    fcnn_release(engine->scratch);
    fcnn_release(engine->shard);
    *engine = (fcnn_engine){0};
}

static fcnn_status make_plan(fcnn_network *network, fcnn_engine *engine, fcnn_error *error)
{
    const fcnn_purpose purpose = {.training = engine == &network->training,
                                  .loss_absorbs = network->loss_absorbs,
                                  .trainable = network->node_trainable};
    FCNN_TRY(fcnn_plan_create(&engine->plan, network->graph, &purpose, error));
    return allocate_floats(&engine->sums, FCNN_SUMS, engine->plan->summed, "gradients", error);
}

int fcnn_engine_copies(const fcnn_engine *engine)
{
    enum { FEW = 1 << 17 };   /* floats: half of a usual second-level cache */
    return engine->plan->prepared <= FEW;
}

static fcnn_status reserve_workers(fcnn_engine *engine, size_t workers, fcnn_error *error)
{
    const fcnn_plan *plan = engine->plan;
    void *block;
    if (workers <= engine->workers)
        return FCNN_OK;
    FCNN_TRY(allocate_floats(&engine->prepared, fcnn_engine_copies(engine) ? workers : 1, plan->prepared,
                             "re-laid parameters", error));
    FCNN_TRY(fcnn_allocate(&block, workers, sizeof *engine->copied, "re-laid parameters", error));
    fcnn_release(engine->copied);
    engine->copied = block;
    FCNN_TRY(allocate_floats(&engine->scratch, workers, plan->scratch, "the threads' scratch memory", error));
    FCNN_TRY(allocate_floats(&engine->shard, workers, plan->shard, "the threads' gradients", error));
    engine->workers = workers;
    return FCNN_OK;
}

fcnn_status fcnn_engine_ready(fcnn_network *network, fcnn_engine *engine, size_t records, fcnn_error *error)
{
    if (!engine->sums) {
        fcnn_engine_clear(engine);
        FCNN_TRY(make_plan(network, engine, error));
    }
    FCNN_TRY(reserve_workers(engine, fcnn_threads_get(), error));
    /* 0: images keep no record of their own. */
    const size_t needed = records > 0 ? records : engine->workers * FCNN_GROUP;
    if (needed > engine->record_count) {
        FCNN_TRY(allocate_floats(&engine->records, needed, engine->plan->record, "the activations of a batch", error));
        engine->record_count = needed;
    }
    return FCNN_OK;
}

fcnn_status fcnn_network_reserve_batch(fcnn_network *network, size_t images, fcnn_error *error)
{
    if (images <= network->batch_capacity)
        return FCNN_OK;
    const size_t output_size = fcnn_network_output_size(network);
    void *block;
    FCNN_TRY(allocate_floats(&network->outputs, images, output_size, "the predictions of a batch", error));
    FCNN_TRY(allocate_floats(&network->targets, images, output_size, "the targets of a batch", error));
    FCNN_TRY(allocate_floats(&network->image_weight, images, 1, "the weights of a batch", error));
    FCNN_TRY(allocate_floats(&network->image_loss, images, 1, "the losses of a batch", error));
    FCNN_TRY(allocate_floats(&network->image_metric, images, FCNN_MAX_METRICS, "the metrics of a batch", error));
    FCNN_TRY(
        fcnn_allocate(&block, images, fcnn_network_rows(network) * sizeof(int32_t), "the labels of a batch", error));
    fcnn_release(network->labels);
    network->labels = block;
    FCNN_TRY(fcnn_allocate(&block, images, 1, "the state of a batch", error));
    fcnn_release(network->image_finite);
    network->image_finite = block;
    network->batch_capacity = images;
    network->batch_images = 0;
    return FCNN_OK;
}

/* ---- creation ---- */

static void list_parameters(fcnn_network *network)
{
    size_t p = 0;
    for (size_t n = 0; n < network->graph->nodes; n++) {
        const fcnn_node *node = &network->graph->node[n];
        network->node_trainable[n] = 1;
        for (size_t i = 0; i < node->layer.parameters; i++) {
            const size_t begin = node->parameters + node->layer.parameter[i].offset;
            network->parameter[p++] =
                (fcnn_span){begin, begin + fcnn_shape_size(&node->layer.parameter[i].shape), n, 1};
        }
    }
}

static fcnn_status allocate_network(fcnn_network *network, fcnn_error *error)
{
    const fcnn_graph *graph = network->graph;
    for (size_t n = 0; n < graph->nodes; n++)
        network->parameters += graph->node[n].layer.parameters;
    void *block;
    FCNN_TRY(fcnn_allocate(&block, network->parameters, sizeof(fcnn_span), "the network", error));
    network->parameter = block;
    FCNN_TRY(fcnn_allocate(&block, graph->nodes, 1, "the network", error));
    network->node_trainable = block;
    FCNN_TRY(allocate_floats(&network->weights, 1, graph->parameters, "the network's weights", error));
    FCNN_TRY(allocate_floats(&network->gradients, 1, graph->parameters, "the network's gradients", error));
    list_parameters(network);
    return FCNN_OK;
}

fcnn_status fcnn_network_create(fcnn_network **network, fcnn_graph *graph, const fcnn_kernels *kernels,
                                fcnn_error *error)
{
    void *block;
    fcnn_status status = fcnn_allocate(&block, 1, sizeof(fcnn_network), "the network", error);
    if (status != FCNN_OK) {
        fcnn_graph_destroy(graph);
        return status;
    }
    fcnn_network *self = block;
    pthread_mutex_init(&self->lock, NULL);
    self->graph = graph;
    self->kernels = kernels;
    self->state = (fcnn_network_state){.learning_rate = 1e-3, .check_finite = 1};
    status = allocate_network(self, error);
    if (status != FCNN_OK) {
        fcnn_network_destroy(self);
        return status;
    }
    *network = self;
    return FCNN_OK;
}

void fcnn_network_destroy(fcnn_network *network)
{
    if (!network)
        return;
    fcnn_engine_clear(&network->training);
    fcnn_engine_clear(&network->inference);
    fcnn_graph_destroy(network->graph);
    float *const vectors[] = {network->weights,      network->gradients,  network->targets,     network->outputs,
                              network->image_weight, network->image_loss, network->image_metric};
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
        fcnn_release(vectors[i]);
    for (size_t s = 0; s < FCNN_MAX_SLOTS; s++)
        fcnn_release(network->slot[s]);
    fcnn_release(network->labels);
    fcnn_release(network->image_finite);
    fcnn_release(network->parameter);
    fcnn_release(network->node_trainable);
    pthread_mutex_destroy(&network->lock);
    fcnn_release(network);
}

/* ---- what is read ---- */

const fcnn_graph *fcnn_network_graph(const fcnn_network *network) { return network->graph; }
float *fcnn_network_weights(fcnn_network *network) { return network->weights; }
float *fcnn_network_gradients(fcnn_network *network) { return network->gradients; }
float *fcnn_network_slot(fcnn_network *network, size_t slot) { return network->slot[slot]; }
fcnn_network_state *fcnn_network_state_of(fcnn_network *network) { return &network->state; }
size_t fcnn_network_parameter_count(const fcnn_network *network) { return network->parameters; }

const fcnn_optimizer *fcnn_network_optimizer(const fcnn_network *network)
{
    return network->has_optimizer ? &network->optimizer : NULL;
}

const fcnn_loss *fcnn_network_loss(const fcnn_network *network) { return network->has_loss ? &network->loss : NULL; }

const float *fcnn_network_last_outputs(const fcnn_network *network, size_t *count)
{
    *count = network->batch_images;
    return network->outputs;
}

size_t fcnn_network_metric_totals(const fcnn_network *network, double *totals, double *weights)
{
    memcpy(totals, network->metric_total, network->metrics * sizeof *totals);
    memcpy(weights, network->metric_weight, network->metrics * sizeof *weights);
    return network->metrics;
}

/* ---- what is set ---- */

/* As in Keras, a crossentropy takes the input of a final softmax or sigmoid as logits, whatever the user said they are.
 * */
static int absorbs_last_layer(const fcnn_network *network, const fcnn_loss *loss)
{
    return loss->class->takes_logits && network->graph->node[network->graph->nodes - 1].layer.activation;
}

void fcnn_network_set_loss(fcnn_network *network, const fcnn_loss *loss)
{
    pthread_mutex_lock(&network->lock);
    network->loss = *loss;
    network->loss_absorbs = absorbs_last_layer(network, loss);
    if (network->loss_absorbs)
        network->loss.from_logits = 1;
    network->has_loss = 1;
    network->metrics = 0;
    fcnn_engine_clear(&network->training);
    fcnn_engine_clear(&network->inference);
    pthread_mutex_unlock(&network->lock);
}

/* Slots are as long as the parameters whatever the optimizer, so they are kept and used again: views of them stay
 * valid. */
static fcnn_status set_optimizer(fcnn_network *network, const fcnn_optimizer *optimizer, fcnn_error *error)
{
    for (size_t s = 0; s < optimizer->slots; s++)
        if (!network->slot[s])
            FCNN_TRY(allocate_floats(&network->slot[s], 1, network->graph->parameters, "the optimizer's slots", error));
    for (size_t s = 0; s < optimizer->slots; s++)
        memset(network->slot[s], 0, network->graph->parameters * sizeof(float));
    network->optimizer = *optimizer;
    network->has_optimizer = 1;
    network->state.iterations = 0;
    return FCNN_OK;
}

fcnn_status fcnn_network_set_optimizer(fcnn_network *network, const fcnn_optimizer *optimizer, fcnn_error *error)
{
    pthread_mutex_lock(&network->lock);
    const fcnn_status status = set_optimizer(network, optimizer, error);
    pthread_mutex_unlock(&network->lock);
    return status;
}

fcnn_status fcnn_network_set_metrics(fcnn_network *network, const fcnn_metric *metrics, size_t count, fcnn_error *error)
{
    if (count > FCNN_MAX_METRICS)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "%zu metrics are asked for; at most %d are supported", count,
                         FCNN_MAX_METRICS);
    for (size_t m = 0; m < count; m++)
        if (!network->has_loss || metrics[m].class->reads_labels != (network->loss.class->target == FCNN_TARGET_LABELS))
            return fcnn_fail(error, FCNN_E_ARGUMENT, "the metric '%s' does not read the targets of the loss '%s'",
                             metrics[m].class->type, network->has_loss ? network->loss.class->type : "none");
    pthread_mutex_lock(&network->lock);
    memcpy(network->metric, metrics, count * sizeof *metrics);
    network->metrics = count;
    pthread_mutex_unlock(&network->lock);
    fcnn_network_reset_metrics(network);
    return FCNN_OK;
}

void fcnn_network_reset_metrics(fcnn_network *network)
{
    pthread_mutex_lock(&network->lock);
    memset(network->metric_total, 0, sizeof network->metric_total);
    memset(network->metric_weight, 0, sizeof network->metric_weight);
    pthread_mutex_unlock(&network->lock);
}

void fcnn_network_set_trainable(fcnn_network *network, const unsigned char *flags)
{
    pthread_mutex_lock(&network->lock);
    int changes = 0;
    memset(network->node_trainable, 0, network->graph->nodes);
    for (size_t p = 0; p < network->parameters; p++) {
        fcnn_span *span = &network->parameter[p];
        changes |= span->trainable != (flags[p] != 0);
        span->trainable = flags[p] != 0;
        network->node_trainable[span->node] |= flags[p] != 0;
    }
    if (changes)
        fcnn_engine_clear(&network->training);
    pthread_mutex_unlock(&network->lock);
}

void fcnn_network_get_trainable(const fcnn_network *network, unsigned char *flags)
{
    for (size_t p = 0; p < network->parameters; p++)
        flags[p] = (unsigned char)network->parameter[p].trainable;
}
