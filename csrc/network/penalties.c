/* penalties.c - what layers add to the loss for their outputs: a penalty for each image, and their mean over a batch.
 *
 * Those for parameters are in rules.c.
 */
#include <math.h>

#include "../base/memory.h"
#include "internal.h"

fcnn_status fcnn_penalties_reserve(fcnn_network *network, size_t images, fcnn_error *error)
{
    void *block;
    if (network->graph->penalties == 0 || images <= network->penalized)
        return FCNN_OK;
    FCNN_TRY(fcnn_allocate(&block, images, network->graph->penalties * sizeof(double), "the penalties", error));
    fcnn_release(network->penalty);
    network->penalty = block;
    network->penalized = images;
    return FCNN_OK;
}

/* The penalties that node number `number` of those that penalize has for the images. */
static double *of_node(const fcnn_network *network, size_t number)
{
    return network->penalty + number * network->penalized;
}

double *fcnn_penalties_place(const fcnn_network *network, const fcnn_node *node, size_t image)
{
    return node->layer.penalizes ? of_node(network, node->penalty) + image : NULL;
}

int fcnn_penalties_are_finite(const fcnn_network *network, size_t image)
{
    for (size_t p = 0; p < network->graph->penalties; p++)
        if (!isfinite(of_node(network, p)[image]))
            return 0;
    return 1;
}

double fcnn_penalties_sum(const fcnn_network *network, size_t number, size_t images)
{
    double sum = 0.0;
    for (size_t i = 0; i < images; i++)
        sum += of_node(network, number)[i];
    return sum;
}

double fcnn_penalties_mean(const fcnn_network *network, size_t images)
{
    double mean = 0.0;
    for (size_t p = 0; p < network->graph->penalties; p++)
        mean += fcnn_penalties_sum(network, p, images) / (double)images;
    return mean;
}
