/* amounts.c - counts multiply-adds and bytes.
 *
 * A layer with a kernel uses each number of it once for each place of its output (a transposed convolution: of its
 * input); a product of matrices (..., M, K) (..., K, N) has K for each number of its output. Each of the two gradients
 * has as many again. All places count, also those whose gradient a max pool or a ReLU leaves at 0.
 */
#include "amounts.h"

#include <string.h>

#include "../layers/registry.h"

static double places(const fcnn_shape *shape)
{
    return (double)(fcnn_shape_size(shape) / shape->extent[shape->rank - 1]);
}

/* Of one pass forward. */
static double products_of(const fcnn_step *step)
{
    const fcnn_layer *layer = &step->node->layer; /* of a pattern its head, whose output no pool has made smaller */
    if (layer->class == &fcnn_dot_class)
        return (double)fcnn_shape_size(&layer->output) * (double)layer->input[0].extent[layer->input[0].rank - 1];
    if (layer->parameters == 0 || strcmp(layer->parameter[0].name, "kernel") != 0)
        return 0.0;
    return (double)fcnn_shape_size(&layer->parameter[0].shape) *
           places(layer->class == &fcnn_conv2d_transpose_class ? &layer->input[0] : &layer->output);
}

/* How many of the step's inputs have a gradient. */
static size_t gradients_of(const fcnn_step *step)
{
    size_t count = 0;
    for (size_t i = 0; i < step->layer->inputs; i++)
        count += step->dx[i] != NULL;
    return count;
}

static double inputs_of(const fcnn_step *step)
{
    double floats = 0.0;
    for (size_t i = 0; i < step->layer->inputs; i++)
        floats += (double)fcnn_shape_size(&step->layer->input[i]);
    return floats;
}

static fcnn_amounts in_floats(double products, double of_image, double of_pass)
{
    return (fcnn_amounts){products, sizeof(float) * of_image, sizeof(float) * of_pass};
}

/* Of an update each weight and each slot is read and written, and each gradient read. */
static double update_of(const fcnn_network *network, size_t parameters)
{
    return (double)parameters * (double)(3 + 2 * (network->has_optimizer ? network->optimizer.slots : 0));
}

static fcnn_amounts of_network(const fcnn_network *network, fcnn_stage stage)
{
    const fcnn_graph *graph = network->graph;
    double inputs = 0.0, outputs = 0.0;
    for (size_t i = 0; i < graph->inputs; i++)
        inputs += (double)fcnn_shape_size(&graph->node[graph->input[i]].layer.output);
    for (size_t o = 0; o < graph->outputs; o++)
        outputs += (double)fcnn_shape_size(network->output[o].shape);
    switch (stage) {
    case FCNN_STAGE_READ: /* what is written: the user's numbers are of any type */
        return in_floats(0.0, inputs, 0.0);
    case FCNN_STAGE_LOSS:
        return in_floats(0.0, 2.0 * outputs, 0.0);
    case FCNN_STAGE_UPDATE:
        return in_floats(0.0, 0.0, fcnn_network_updates_at_once(network) ? 0.0 : update_of(network, graph->parameters));
    default:
        return in_floats(0.0, 0.0, 0.0);
    }
}

fcnn_amounts fcnn_amounts_of(const fcnn_network *network, const fcnn_step *step, fcnn_stage stage)
{
    if (!step)
        return of_network(network, stage);
    const fcnn_layer *layer = step->layer;
    const double products = products_of(step), x = inputs_of(step), y = (double)fcnn_shape_size(&layer->output);
    const size_t parameters = fcnn_layer_parameter_size(layer);
    switch (stage) {
    case FCNN_STAGE_PREPARE:
        return in_floats(0.0, 0.0, (double)(parameters + layer->prepared));
    case FCNN_STAGE_FORWARD:
        return in_floats(products, x + y, (double)parameters);
    case FCNN_STAGE_OBSERVE:
        return in_floats(0.0, x, 0.0);
    case FCNN_STAGE_INPUT_GRADIENT:
        return in_floats(products * (double)gradients_of(step), x + y, (double)parameters);
    case FCNN_STAGE_WEIGHT_GRADIENT:
        return in_floats(products, x + y, (double)parameters);
    case FCNN_STAGE_BOTH_GRADIENTS:
        return in_floats(2.0 * products, 2.0 * x + y, 2.0 * (double)parameters);
    case FCNN_STAGE_OBSERVE_BACKWARD:
        return in_floats(0.0, x + y, 0.0);
    case FCNN_STAGE_JOIN: /* each image's gradients, or the sums of each */
        if (step->summing == FCNN_SUM_RECORDS)
            return in_floats(0.0, (double)parameters, (double)parameters);
        return in_floats(0.0, 0.0, (double)(parameters * (step->sums + 1)));
    case FCNN_STAGE_UPDATE:
        return in_floats(0.0, 0.0, update_of(network, parameters));
    case FCNN_STAGE_MOVE:
        return in_floats(0.0, 0.0, 2.0 * (double)parameters);
    default:
        return in_floats(0.0, 0.0, 0.0);
    }
}
