/* images.c - what happens to images: groups of them go forward through the steps, through the losses, and backward. */
#include <math.h>
#include <string.h>

#include "../base/sizes.h"
#include "pass.h"

/* Some images in the middle of a phase. */
typedef struct group {
    size_t first, images;
    float *records;
    size_t worker;
} group;

static fcnn_io io_of(const fcnn_pass *p, const fcnn_step *step, const group *g)
{
    return fcnn_pass_io(p, step, g->records, g->first, g->worker);
}

static void read_inputs(const fcnn_pass *p, const fcnn_step *none, const group *g)
{
    (void)none;
    const fcnn_network *network = p->network;
    for (size_t n = 0; n < g->images; n++) {
        float *record = g->records + n * p->engine->plan->record, largest = 0.0f;
        const size_t row = fcnn_rows_get(&p->rows, g->first + n);
        for (size_t i = 0; i < network->graph->inputs; i++) {
            const float size = fcnn_array_read_row(&p->batch->x[i], network->kernels, row,
                                                   fcnn_tensor_at(record, p->engine->plan->input[i]));
            largest = size > largest || isnan(size) ? size : largest;
        }
        network->magnitude[g->first + n] = largest;
    }
}

static void forward(const fcnn_pass *p, const fcnn_step *step, const group *g)
{
    const fcnn_io io = io_of(p, step, g);
    step->layer->class->forward(step->layer, &io, g->images);
}

static void observe(const fcnn_pass *p, const fcnn_step *step, const group *g)
{
    const fcnn_io io = io_of(p, step, g);
    step->layer->class->observe(step->layer, &io, g->images);
}

static void backward(const fcnn_pass *p, const fcnn_step *step, const group *g)
{
    const fcnn_io io = io_of(p, step, g);
    step->layer->class->backward(step->layer, &io, g->images);
}

static void observe_backward(const fcnn_pass *p, const fcnn_step *step, const group *g)
{
    fcnn_io io = io_of(p, step, g);
    io.observed = fcnn_tensor_at(g->records, step->observed_backward);
    step->layer->class->observe_backward(step->layer, &io, g->images);
}

static void add_aside(const fcnn_pass *p, const fcnn_step *step, const group *g)
{
    for (size_t i = 0; i < step->layer->inputs; i++)
        for (size_t n = 0; step->sum[i] && n < g->images; n++) {
            float *record = g->records + n * p->engine->plan->record;
            p->network->kernels->add(fcnn_shape_size(&step->layer->input[i]), fcnn_tensor_at(record, step->dx[i]),
                                     fcnn_tensor_at(record, step->sum[i]));
        }
}

static void find_partial(const fcnn_pass *p, const fcnn_step *step, const group *g)
{
    for (size_t n = 0; n < g->images; n++) {
        float *record = g->records + n * p->engine->plan->record;
        fcnn_io io = fcnn_pass_io(p, step, record, g->first + n, g->worker);
        io.gradient.values = fcnn_tensor_at(record, step->partial);
        for (size_t shard = 0; shard < step->layer->gradient_shards; shard++)
            step->layer->class->gradient(step->layer, &io, 1, shard);
    }
}

/* ---- outputs ---- */

/* Loss, its gradient and the metrics of one image at one output. */
static void score_image(const fcnn_pass *p, const fcnn_output *output, const fcnn_output_place *place, float *record,
                        size_t image)
{
    const fcnn_objective *objective = &output->objective;
    const fcnn_scores *scores = &output->scores;
    const void *target = fcnn_scores_target(output, image);
    const float scale = scores->weight[image] * (objective->loss.factor * scores->share) / scores->divisor;
    float *gradient = fcnn_tensor_at(record, place->gradient);
    scores->loss[image] =
        objective->loss.class->evaluate(&objective->loss, p->network->kernels, output->rows, output->classes,
                                        fcnn_tensor_at(record, place->prediction), target, scale, gradient);
    if (place->sum)
        p->network->kernels->add(place->size, gradient, fcnn_tensor_at(record, place->sum));
    for (size_t m = 0; m < objective->metrics; m++)
        scores->metric[image * FCNN_MAX_METRICS + m] = objective->metric[m].class->evaluate(
            &objective->metric[m], output->rows, output->classes, fcnn_tensor_at(record, place->value), target);
}

static void score(const fcnn_pass *p, const fcnn_step *none, const group *g)
{
    (void)none;
    const fcnn_network *network = p->network;
    for (size_t o = 0; o < network->graph->outputs; o++) {
        const fcnn_output_place *place = &p->engine->plan->output[o];
        float *out = p->batch->outputs ? p->batch->outputs[o] : NULL;
        for (size_t n = 0; n < g->images; n++) {
            float *record = g->records + n * p->engine->plan->record;
            if (out)
                memcpy(out + (p->first_output + g->first + n) * place->size, fcnn_tensor_at(record, place->value),
                       place->size * sizeof *out);
            if (p->scores && network->output[o].objective.has_loss)
                score_image(p, &network->output[o], place, record, g->first + n);
        }
    }
}

/* ---- phases ---- */

typedef void on_group(const fcnn_pass *p, const fcnn_step *step, const group *g);

static on_group *const actions[FCNN_VERBS] = {
    [FCNN_READ_INPUTS] = read_inputs, [FCNN_FORWARD] = forward,
    [FCNN_OBSERVE] = observe,         [FCNN_SCORE] = score,
    [FCNN_BACKWARD] = backward,       [FCNN_OBSERVE_BACKWARD] = observe_backward,
    [FCNN_ADD_ASIDE] = add_aside,     [FCNN_FIND_PARTIAL] = find_partial,
};

void fcnn_pass_group(void *context, size_t index, size_t worker)
{
    const fcnn_pass *p = context;
    const size_t first = p->begin + index * p->group;
    const size_t place = p->own_record ? first - p->begin : worker * p->group;
    const group g = {
        .first = first,
        .images = smaller(p->group, p->end - first),
        .records = p->engine->records + place * p->engine->plan->record,
        .worker = worker,
    };
    fcnn_profile_start(p->network->profile, worker);
    fcnn_pass_prepare_own(p, worker);
    for (size_t i = p->phase->first; i < p->phase->end; i++) {
        const fcnn_action *action = &p->engine->plan->action[i];
        actions[action->verb](p, action->step, &g);
        fcnn_profile_action(p->network->profile, worker, action);
    }
}

/* Images that meet one part of the parameters together: all, where each thread then has equally many parts. */
static size_t part_group(const fcnn_pass *p) { return FCNN_PARTS % p->workers == 0 ? p->end - p->begin : p->group; }

void fcnn_pass_part(void *context, size_t index, size_t worker)
{
    const fcnn_pass *p = context;
    const fcnn_action *action = &p->engine->plan->action[p->phase->first];
    const fcnn_step *step = action->step;
    const size_t first = index / FCNN_PARTS * part_group(p), images = smaller(part_group(p), p->end - p->begin - first);
    const fcnn_io io =
        fcnn_pass_io(p, step, p->engine->records + first * p->engine->plan->record, p->begin + first, worker);
    fcnn_profile_start(p->network->profile, worker);
    step->layer->class->forward_part(step->layer, &io, images, index % FCNN_PARTS);
    fcnn_profile_action(p->network->profile, worker, action);
}

size_t fcnn_pass_count(const fcnn_pass *p, const fcnn_phase *phase)
{
    const size_t images = p->end - p->begin, actions_of = phase->end - phase->first;
    switch (phase->work) {
    case FCNN_IMAGES:
        return actions_of > 0 ? (images + p->group - 1) / p->group : 0;
    case FCNN_PARTS_OF_STEP:
        return (images + part_group(p) - 1) / part_group(p) * FCNN_PARTS;
    case FCNN_PIECES:
        break;
    }
    return actions_of;
}
