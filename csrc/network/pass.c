/* pass.c - what a layer sees of a pass over a batch: where its tensors, parameters and sums are. */
#include "pass.h"

fcnn_io fcnn_pass_io(const fcnn_pass *p, const fcnn_step *step, float *records, size_t first_image, size_t worker)
{
    const fcnn_network *network = p->network;
    const fcnn_engine *engine = p->engine;
    float *prepared = engine->prepared + (fcnn_engine_copies(engine) ? worker * engine->plan->prepared : 0);
    fcnn_io io = {
        .kernels = network->kernels,
        .bfloat16 = network->bfloat16,
        .stride = engine->plan->record,
        .y = fcnn_tensor_at(records, step->y),
        .parts = fcnn_tensor_at(records, step->parts),
        .dy = fcnn_tensor_at(records, step->dy),
        .saved = fcnn_tensor_at(records, step->saved),
        .observed = fcnn_tensor_at(records, step->observed),
        .settled = step->observed ? engine->settled + step->settled : NULL,
        .parameters = step->folded ? prepared + step->folded_place : network->weights + step->node->parameters,
        .gradient.values = network->gradients + step->node->parameters,
        .prepared = prepared + step->prepared,
        .packed = engine->packed,
        .scratch = engine->scratch + worker * engine->plan->scratch,
        .used = {step->used[0], step->used[1]},
        .training = fcnn_acts_as_in_training(step->node, p->run),
        .random_step = network->state.random_step,
        .first_image = first_image,
        .batch = p->images,
        .penalty = fcnn_penalties_place(network, step->node, first_image),
    };
    for (size_t i = 0; i < step->layer->inputs; i++) {
        io.x[i] = fcnn_tensor_at(records, step->x[i]);
        io.dx[i] = fcnn_tensor_at(records, step->dx[i]);
    }
    return io;
}
