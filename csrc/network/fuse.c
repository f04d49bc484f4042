/* fuse.c - finds the patterns:
 *
 *   - Conv2D, ReLU or nothing, MaxPooling2D: one step, in float32 whatever the policy: most of its gradients are 0,
 *     and to leave them out is worth more than bfloat16;
 *   - Conv2D, DepthwiseConv2D or Dense, BatchNormalization, where nothing is learned and the moving statistics count:
 *     the normalization is multiplied into the parameters. What follows of the first pattern joins in;
 *   - Conv2D or DepthwiseConv2D, alone or with such a normalization, and ReLU, where nothing is learned;
 *   - BatchNormalization, an addition of another tensor or none, ReLU or none: one pass over memory.
 *
 * Alone, too, a Conv2D becomes a step of its own where it may run by Winograd's algorithm.
 *
 * Each is the only user of the one before. A step runs where the last of its nodes stands, because what is added may
 * be computed in between.
 */
#include "fuse.h"

#include <math.h>
#include <string.h>

#include "../base/memory.h"
#include "../layers/batch_normalization.h"
#include "../layers/conv2d_bfloat16.h"
#include "../layers/conv2d_pooled.h"
#include "../layers/registry.h"

/* The nodes of a pattern, from `head` on; 0 where the pattern lacks one. */
typedef struct pattern {
    size_t head, normalization, sum, relu, pool;
} pattern;

static size_t tail_of(const pattern *found)
{
    size_t tail = found->head;
    const size_t others[] = {found->normalization, found->sum, found->relu, found->pool};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        tail = others[i] ? others[i] : tail;
    return tail;
}

int fcnn_looks_at_the_batch(const fcnn_node *node, const fcnn_purpose *purpose)
{
    return node->layer.observed > 0 && (node->layer.looks_always || (fcnn_acts_as_in_training(node, purpose->run) &&
                                                                     purpose->statistics[node->instance]));
}

/* The only node that reads node n; 0 where there is none, or several, or n is an output of the network. */
static size_t only_user(const fcnn_graph *graph, size_t n)
{
    size_t user = 0;
    return fcnn_graph_users(graph, n, &user) == 1 ? user : 0;
}

/* A ReLU without slope or threshold; NULL where the node is none. */
static const fcnn_activation_spec *relu_of(const fcnn_node *node)
{
    if (node->layer.class != &fcnn_activation_class)
        return NULL;
    const fcnn_activation_spec *spec = node->layer.config;
    const int is_relu = spec->function == FCNN_RELU && spec->negative_slope == 0.0f && spec->threshold == 0.0f;
    return is_relu && spec->max_value > 0.0f ? spec : NULL;
}

static fcnn_limits limits_of(const fcnn_node *relu) { return (fcnn_limits){1, relu_of(relu)->max_value}; }

static int is_plain_relu(const fcnn_node *node)
{
    const fcnn_activation_spec *spec = relu_of(node);
    return spec && isinf(spec->max_value);
}

/* Whether a layer's parameters are used so often for each image that it pays to multiply others into them. */
static int is_foldable(const fcnn_layer *layer)
{
    enum { OFTEN = 16 };
    const fcnn_layer_class *class = layer->class;
    if (class != &fcnn_conv2d_class && class != &fcnn_depthwise_conv2d_class && class != &fcnn_dense_class)
        return 0;
    return fcnn_shape_size(&layer->output) >= OFTEN * layer->output.extent[layer->output.rank - 1];
}

/* The batch normalization behind node n that can be multiplied into its parameters; 0 if there is none. */
static size_t folded_into(const fcnn_graph *graph, const fcnn_purpose *purpose, size_t n)
{
    const size_t next = only_user(graph, n);
    const fcnn_node *node = &graph->node[next];
    return next && !purpose->backward && is_foldable(&graph->node[n].layer) &&
                   node->layer.class == &fcnn_batch_normalization_class && !fcnn_looks_at_the_batch(node, purpose)
               ? next
               : 0;
}

/* The pool that follows, perhaps behind a ReLU. */
static void find_pool(const fcnn_graph *graph, pattern *found)
{
    const size_t next = only_user(graph, tail_of(found));
    const size_t relu = next && is_plain_relu(&graph->node[next]) ? next : 0;
    const size_t pool = relu ? only_user(graph, relu) : next;
    const fcnn_layer *layer = &graph->node[pool].layer;
    if (pool && layer->class == &fcnn_max_pooling2d_class && layer->saved > 0) {
        found->relu = relu;
        found->pool = pool;
    }
}

/* Whether a node adds two tensors of one shape. */
static int is_sum_of_two(const fcnn_layer *layer)
{
    return layer->class == &fcnn_add_class && layer->inputs == 2 &&
           fcnn_shape_equal(&layer->input[0], &layer->input[1]);
}

static void find_relu(const fcnn_graph *graph, pattern *found)
{
    const size_t relu = only_user(graph, tail_of(found));
    if (relu && relu_of(&graph->node[relu]))
        found->relu = relu;
}

/* The addition and the ReLU that follow, if any. */
static void find_sum_and_relu(const fcnn_graph *graph, const unsigned char *is_inside, pattern *found)
{
    const size_t sum = only_user(graph, found->head);
    if (sum && is_sum_of_two(&graph->node[sum].layer) && !is_inside[sum])
        found->sum = sum;
    find_relu(graph, found);
}

static pattern pattern_at(const fcnn_graph *graph, const fcnn_purpose *purpose, const unsigned char *is_inside,
                          size_t n)
{
    const fcnn_layer *layer = &graph->node[n].layer;
    pattern found = {.head = n, .normalization = folded_into(graph, purpose, n)};
    if (layer->class == &fcnn_conv2d_class || layer->class == &fcnn_conv2d_bfloat16_class)
        find_pool(graph, &found);
    else if (layer->class == &fcnn_batch_normalization_class)
        find_sum_and_relu(graph, is_inside, &found);
    if (layer->class->limit && !found.pool && !purpose->backward)
        find_relu(graph, &found);
    return found;
}

/* *layer = the head's, with a bias if the normalization brings one. */
static void describe_folded(const fcnn_graph *graph, const pattern *found, fcnn_layer *layer)
{
    *layer = graph->node[found->head].layer;
    if (found->normalization && layer->parameters == 1)
        fcnn_layer_add_parameter(layer, "bias", &(fcnn_shape){1, {layer->output.extent[layer->output.rank - 1]}});
}

/* The nodes that the operation reads: those of the head, and what is added. */
static void name_inputs(const fcnn_graph *graph, const pattern *found, fcnn_operation *operation)
{
    const fcnn_node *head = &graph->node[found->head];
    memcpy(operation->input, head->input, head->layer.inputs * sizeof *head->input);
    if (!found->sum)
        return;
    const size_t *added = graph->node[found->sum].input;
    operation->input[1] = added[0] == found->head ? added[1] : added[0];
}

/* Whether the layer may take a way that rounds more. */
static int quickens(const fcnn_layer *layer, const fcnn_purpose *purpose)
{
    return purpose->winograd && layer->class->quicken;
}

static fcnn_status fuse(const fcnn_graph *graph, const fcnn_purpose *purpose, const pattern *found,
                        fcnn_operation *operation, fcnn_error *error)
{
    void *block;
    fcnn_layer head;
    FCNN_TRY(fcnn_allocate(&block, 1, sizeof(fcnn_layer), "the plan", error));
    operation->layer = operation->fused = block;
    describe_folded(graph, found, &head);
    if (found->normalization)
        operation->folded = &graph->node[found->normalization];
    if (found->pool)
        return fcnn_conv2d_pooled_create(block, &head, found->relu != 0, &graph->node[found->pool].layer,
                                         purpose->winograd, error);
    if (head.class == &fcnn_batch_normalization_class)
        return fcnn_batch_normalization_fuse(block, &head, found->sum != 0,
                                             found->relu ? relu_of(&graph->node[found->relu]) : NULL, error);
    if (!found->relu && !quickens(&head, purpose)) {
        operation->borrows = 1;
        *operation->fused = head;
        return FCNN_OK;
    }
    const fcnn_limits none = {0};
    FCNN_TRY(head.class->limit(&head, found->relu ? limits_of(&graph->node[found->relu]) : none, block, error));
    if (quickens(&head, purpose))
        head.class->quicken(block);
    return FCNN_OK;
}

/* *operation = the pattern as one step, or the node's own. */
static fcnn_status describe(const fcnn_graph *graph, const fcnn_purpose *purpose, const pattern *found,
                            fcnn_operation *operation, fcnn_error *error)
{
    const fcnn_layer *head = &graph->node[found->head].layer;
    *operation = (fcnn_operation){.layer = head, .head = found->head, .tail = tail_of(found)};
    name_inputs(graph, found, operation);
    const int as_it_is = operation->tail == operation->head && !quickens(head, purpose);
    return as_it_is ? FCNN_OK : fuse(graph, purpose, found, operation, error);
}

/* Moves the operations, each of which stands at its tail, together. */
static size_t close_ranks(fcnn_operation *operations, size_t nodes)
{
    size_t count = 0;
    for (size_t n = 0; n < nodes; n++) {
        const fcnn_operation operation = operations[n];
        operations[n] = (fcnn_operation){0};
        if (operation.layer)
            operations[count++] = operation;
    }
    return count;
}

fcnn_status fcnn_fuse(const fcnn_graph *graph, const fcnn_purpose *purpose, fcnn_operation *operations, size_t *count,
                      fcnn_error *error)
{
    void *block;
    FCNN_TRY(fcnn_allocate(&block, graph->nodes, 1, "the plan", error));
    unsigned char *is_inside = block; /* (nodes) the middle or the end of a pattern; node 0 is an input */
    fcnn_status status = FCNN_OK;
    for (size_t n = 0; n < graph->nodes && status == FCNN_OK; n++) {
        const fcnn_layer *layer = &graph->node[n].layer;
        if (!layer->class || layer->view || is_inside[n])
            continue;
        const pattern found = pattern_at(graph, purpose, is_inside, n);
        is_inside[found.normalization] = is_inside[found.sum] = is_inside[found.relu] = is_inside[found.pool] = 1;
        status = describe(graph, purpose, &found, &operations[tail_of(&found)], error);
    }
    *count = close_ranks(operations, graph->nodes);
    fcnn_release(block);
    return status;
}

void fcnn_operation_destroy(fcnn_operation *operation)
{
    if (operation->fused && !operation->borrows)
        fcnn_release(operation->fused->config);
    fcnn_release(operation->fused);
}
