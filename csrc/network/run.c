/* run.c - passes over one batch: train, test, predict.
 *
 * A training step is a few parallel loops. Parameters are re-laid where a layer wants that, once for all or by each
 * thread before its first images; groups of images run forward, through the loss and backward, and yield the gradients
 * of small layers image by image; shards of parameters sum their gradients over all images, or over some of them where
 * several sums are made, and, where no norm is needed, are updated while they are in the cache; sums are added up and
 * the other parameters updated. At a layer that runs in parts the groups halt, forward and backward, until its parts or
 * shards have run for all images (plan.h's stages). A large batch repeats all but the first and the last for one block
 * of images after the other, so that what a block keeps stays in the cache; only its last block updates. Nothing
 * depends on how images are divided into groups and blocks or on which thread runs what.
 */
#include <math.h>
#include <string.h>

#include "../base/sizes.h"
#include "../base/threads.h"
#include "internal.h"

enum { BLOCK_IMAGES = 32 }; /* of a training block, at least, where there are so many */
enum { PREDICTED = 1024 };  /* images whose state is kept at once where nothing is learned */

typedef struct pass {
    fcnn_network *network;
    fcnn_engine *engine;
    const fcnn_array *x;
    fcnn_rows rows;
    size_t images;     /* of the batch */
    size_t begin, end; /* those of the block */
    size_t group;
    size_t workers; /* that may run at once */
    int training;   /* dropout acts */
    int backward;
    int scores;                  /* the loss and the metrics are wanted */
    int own_record;              /* every image keeps its record; else a worker has records for one group */
    size_t first_step, end_step; /* of forward */
    const fcnn_stage *stage;     /* of backward */
    float *out;                  /* predictions go here; NULL: nowhere */
    fcnn_optimizer_step *update; /* NULL: gradients only */
} pass;

static float *at(float *records, size_t offset) { return offset == FCNN_NOWHERE ? NULL : records + offset; }

/* What `step` sees of the images whose records begin at `records`. */
static fcnn_io io_of(const pass *p, const fcnn_step *step, float *records, size_t first_image, size_t worker)
{
    const fcnn_network *network = p->network;
    const fcnn_plan *plan = p->engine->plan;
    fcnn_io io = {
        .kernels = network->kernels,
        .stride = plan->record,
        .y = at(records, step->y),
        .parts = at(records, step->parts),
        .dy = at(records, step->dy),
        .saved = at(records, step->saved),
        .parameters = network->weights + step->parameters,
        .gradient.values = network->gradients + step->parameters,
        .prepared =
            p->engine->prepared + (fcnn_engine_copies(p->engine) ? worker * plan->prepared : 0) + step->prepared,
        .scratch = p->engine->scratch + worker * plan->scratch,
        .used = {step->used[0], step->used[1]},
        .training = p->training,
        .random_step = network->state.random_step,
        .first_image = first_image,
    };
    for (size_t i = 0; i < step->layer->inputs; i++) {
        io.x[i] = at(records, step->x[i]);
        io.dx[i] = at(records, step->dx[i]);
    }
    return io;
}

static void forward_steps(const pass *p, float *records, size_t first_image, size_t images, size_t worker)
{
    for (size_t s = p->first_step; s < p->end_step; s++) {
        const fcnn_step *step = &p->engine->plan->step[s];
        const fcnn_io io = io_of(p, step, records, first_image, worker);
        step->layer->class->forward(step->layer, &io, images);
    }
}

/* Adds the gradients that a step wrote aside to the tensors that have several users. */
static void add_aside(const pass *p, const fcnn_step *step, float *records, size_t images)
{
    for (size_t i = 0; i < step->layer->inputs; i++) {
        if (step->sum[i] == FCNN_NOWHERE)
            continue;
        const size_t size = fcnn_shape_size(&step->layer->input[i]);
        for (size_t n = 0; n < images; n++) {
            float *record = records + n * p->engine->plan->record;
            p->network->kernels->add(size, record + step->dx[i], record + step->sum[i]);
        }
    }
}

/* The gradients of each image alone. */
static void find_partials(const pass *p, const fcnn_step *step, float *records, size_t first_image, size_t images,
                          size_t worker)
{
    for (size_t n = 0; n < images; n++) {
        float *record = records + n * p->engine->plan->record;
        fcnn_io io = io_of(p, step, record, first_image + n, worker);
        io.gradient.values = record + step->partial;
        for (size_t shard = 0; shard < step->layer->gradient_shards; shard++)
            step->layer->class->gradient(step->layer, &io, 1, shard);
    }
}

/* The steps of a stage, after what is left to do of the step before them, whose shards have run. */
static void backward_steps(const pass *p, float *records, size_t first_image, size_t images, size_t worker)
{
    if (p->stage->end < p->engine->plan->steps)
        add_aside(p, &p->engine->plan->step[p->stage->end], records, images);
    for (size_t s = p->stage->end; s-- > p->stage->begin;) {
        const fcnn_step *step = &p->engine->plan->step[s];
        if (step->has_backward) {
            const fcnn_io io = io_of(p, step, records, first_image, worker);
            step->layer->class->backward(step->layer, &io, images);
            add_aside(p, step, records, images);
        }
        if (step->partial != FCNN_NOWHERE)
            find_partials(p, step, records, first_image, images, worker);
    }
}

/* Loss, its gradient and the metrics of one image. */
static void score_image(const pass *p, float *record, size_t image)
{
    const fcnn_network *network = p->network;
    const fcnn_plan *plan = p->engine->plan;
    const fcnn_scores *scores = &network->scores;
    const size_t rows = fcnn_network_rows(network), classes = fcnn_network_classes(network);
    const void *target = fcnn_scores_target(network, image);
    const float scale = scores->weight[image] * scores->factor / scores->divisor;
    float *gradient = p->backward ? record + plan->prediction_gradient : NULL;
    scores->loss[image] = network->loss.class->evaluate(&network->loss, network->kernels, rows, classes,
                                                        record + plan->prediction, target, scale, gradient);
    for (size_t m = 0; m < network->metrics; m++)
        scores->metric[image * FCNN_MAX_METRICS + m] =
            network->metric[m].class->evaluate(&network->metric[m], rows, classes, record + plan->output, target);
}

/* Groups of a stretch of images. */
static size_t groups_of(const pass *p, size_t images) { return (images + p->group - 1) / p->group; }

static void prepare_shard(void *context, size_t index, size_t worker)
{
    const pass *p = context;
    const fcnn_shard *shard = &p->engine->plan->prepare[index];
    const fcnn_io io = io_of(p, shard->step, p->engine->records, 0, worker);
    shard->step->layer->class->prepare(shard->step->layer, &io, shard->number);
}

/* Begins a pass. Re-laid parameters that all workers read are made at once, on no more threads than run the images: one
 * that only prepares would cost more than it helps. */
static void prepare(pass *p)
{
    const size_t groups = groups_of(p, p->images);
    p->engine->passes++;
    if (!fcnn_engine_copies(p->engine))
        fcnn_parallel_for(p->engine->plan->prepares, smaller(groups, p->workers), prepare_shard, p);
}

/* Makes the worker's own copy, if it has one and has not done so in this pass. */
static void prepare_own(const pass *p, size_t worker)
{
    if (!fcnn_engine_copies(p->engine) || p->engine->copied[worker] == p->engine->passes)
        return;
    p->engine->copied[worker] = p->engine->passes;
    for (size_t i = 0; i < p->engine->plan->prepares; i++)
        prepare_shard((void *)p, i, worker);
}

/* The first image of group `index`, how many it has, and their records. */
static float *group_of(const pass *p, size_t index, size_t worker, size_t *first, size_t *images)
{
    *first = p->begin + index * p->group;
    *images = smaller(p->group, p->end - *first);
    return p->engine->records + (p->own_record ? *first - p->begin : worker * p->group) * p->engine->plan->record;
}

/* One group of images through the steps of forward and, after the last of these, the first stage of backward: the body
 * of a parallel loop. */
static void run_group(void *context, size_t index, size_t worker)
{
    const pass *p = context;
    const fcnn_plan *plan = p->engine->plan;
    const size_t output_size = fcnn_network_output_size(p->network);
    size_t first, images;
    float *records = group_of(p, index, worker, &first, &images);

    prepare_own(p, worker);
    for (size_t i = 0; p->first_step == 0 && i < images; i++)
        p->network->scores.magnitude[first + i] = fcnn_array_read_row(
            p->x, p->network->kernels, fcnn_rows_get(&p->rows, first + i), records + i * plan->record + plan->input);
    forward_steps(p, records, first, images, worker);
    if (p->end_step < plan->steps)
        return;
    for (size_t i = 0; i < images; i++) {
        float *record = records + i * plan->record;
        if (p->out)
            memcpy(p->out + (first + i) * output_size, record + plan->output, output_size * sizeof(float));
        if (p->scores)
            score_image(p, record, first + i);
    }
    if (p->backward)
        backward_steps(p, records, first, images, worker);
}

/* Images that meet one part of the parameters together: all, where each thread then has equally many parts. */
static size_t part_group(const pass *p) { return FCNN_PARTS % p->workers == 0 ? p->end - p->begin : p->group; }

/* One part of the parameters of the step that comes next, for some images. */
static void run_part(void *context, size_t index, size_t worker)
{
    const pass *p = context;
    const fcnn_plan *plan = p->engine->plan;
    const fcnn_step *step = &plan->step[p->end_step];
    const size_t first = index / FCNN_PARTS * part_group(p), images = smaller(part_group(p), p->end - p->begin - first);
    const fcnn_io io = io_of(p, step, p->engine->records + first * plan->record, p->begin + first, worker);
    step->layer->class->forward_part(step->layer, &io, images, index % FCNN_PARTS);
}

/* A group through another stage of backward. */
static void continue_group(void *context, size_t index, size_t worker)
{
    const pass *p = context;
    size_t first, images;
    float *records = group_of(p, index, worker, &first, &images);
    prepare_own(p, worker);
    backward_steps(p, records, first, images, worker);
}

/* Sums over the images of a piece of a partial gradient. */
static void add_partials(const pass *p, const fcnn_shard *piece, const fcnn_io *io, size_t begin, size_t end)
{
    const float *partial = p->engine->records + piece->step->partial;
    io->kernels->sum_rows(partial + begin, 0, 1, p->end - p->begin, io->stride, end - begin,
                          io->gradient.values + (begin - io->gradient.begin), io->gradient.accumulate);
}

/* One of the sums of a shard: over its stretches of images, as far as they lie in the block. */
static void sum_stretches(const pass *p, const fcnn_shard *shard, size_t worker)
{
    const fcnn_plan *plan = p->engine->plan;
    const size_t start = shard->sum * FCNN_STRETCH;
    for (size_t stretch = start; stretch < p->end; stretch += FCNN_SUMS * FCNN_STRETCH) {
        const size_t begin = larger(stretch, p->begin), end = smaller(stretch + FCNN_STRETCH, p->end);
        if (begin >= end)
            continue;
        fcnn_io io = io_of(p, shard->step, p->engine->records + (begin - p->begin) * plan->record, begin, worker);
        io.gradient.values = p->engine->sums + shard->sum * plan->summed + shard->step->sum_place;
        io.gradient.accumulate = begin > start;
        shard->step->layer->class->gradient(shard->step->layer, &io, end - begin, shard->number);
    }
}

static void gradient_shard(void *context, size_t index, size_t worker)
{
    const pass *p = context;
    const fcnn_shard *shard = &p->engine->plan->gradient[p->stage->first_shard + index];
    const fcnn_layer *layer = shard->step->layer;
    if (shard->step->sum_place != FCNN_NOWHERE) {
        sum_stretches(p, shard, worker);
        return;
    }
    fcnn_io io = io_of(p, shard->step, p->engine->records, p->begin, worker);
    size_t begin = 0, end = 0;
    const int at_once = fcnn_shard_range(shard, &begin, &end) && p->update;
    const float *gradients = io.gradient.values + begin;
    io.gradient.accumulate = p->begin > 0;
    if (at_once)
        io.gradient.updated = p->network->weights + shard->step->parameters;
    if (at_once && !io.gradient.accumulate) {
        gradients = io.gradient.values = p->engine->shard + worker * p->engine->plan->shard;
        io.gradient.begin = begin;
    }
    if (shard->step->partial != FCNN_NOWHERE)
        add_partials(p, shard, &io, begin, end);
    else if (shard->step->halts)
        layer->class->backward_gradient(layer, &io, p->end - p->begin, shard->number);
    else
        layer->class->gradient(layer, &io, p->end - p->begin, shard->number);
    if (at_once)
        fcnn_network_update_range(p->network, p->update, NULL, gradients, shard->step->parameters + begin,
                                  shard->step->parameters + end);
}

/* Adds up the sums of a piece of parameters, where there are several, and updates it. */
static void update_piece(void *context, size_t index, size_t worker)
{
    (void)worker;
    const pass *p = context;
    const fcnn_plan *plan = p->engine->plan;
    const fcnn_step *step = plan->update[index].step;
    size_t begin, end;
    fcnn_piece_range(&plan->update[index], &begin, &end);
    float *gradients = p->network->gradients + step->parameters + begin;
    if (step->sum_place != FCNN_NOWHERE) {
        const size_t stretches = (p->images + FCNN_STRETCH - 1) / FCNN_STRETCH;
        p->network->kernels->sum_rows(p->engine->sums + step->sum_place + begin, 0, 1, smaller(stretches, FCNN_SUMS),
                                      plan->summed, end - begin, gradients, 0);
    }
    if (p->update)
        fcnn_network_update_range(p->network, p->update, NULL, gradients, step->parameters + begin,
                                  step->parameters + end);
}

/* Images that a training step runs at once: enough for all threads, in blocks of about equal size. */
static size_t block_size(size_t images, size_t threads)
{
    const size_t most = larger(threads * FCNN_GROUP, BLOCK_IMAGES), blocks = (images + most - 1) / most;
    return (images + blocks - 1) / blocks;
}

/* Images that run together: a thread's share, and at most FCNN_GROUP. */
static size_t group_size(size_t images, size_t threads)
{
    return smaller((images + threads - 1) / threads, FCNN_GROUP);
}

/* Forward, halting at each step that runs in parts, and the images' part of backward's first stage. */
static void run_images(pass *p)
{
    const fcnn_plan *plan = p->engine->plan;
    const size_t images = p->end - p->begin;
    p->stage = plan->stage;
    p->first_step = 0;
    for (size_t stage = plan->stages; stage-- > 0; p->first_step = p->end_step) {
        p->end_step = stage > 0 ? plan->stage[stage].end : plan->steps;
        fcnn_parallel_for(groups_of(p, images), p->workers, run_group, p);
        if (stage > 0)
            fcnn_parallel_for((images + part_group(p) - 1) / part_group(p) * FCNN_PARTS, p->workers, run_part, p);
    }
}

/* All stages of backward but for the images' part of the first. */
static void find_gradients(pass *p)
{
    const fcnn_plan *plan = p->engine->plan;
    for (size_t s = 0; s < plan->stages; s++) {
        p->stage = &plan->stage[s];
        if (s > 0)
            fcnn_parallel_for(groups_of(p, p->end - p->begin), p->workers, continue_group, p);
        fcnn_parallel_for(p->stage->end_shard - p->stage->first_shard, p->workers, gradient_shard, p);
    }
}

static int all_finite(const float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i]))
            return 0;
    return 1;
}

/* Runs one image again, step by step, to find the first layer whose output is not finite. */
static const char *find_culprit(const pass *p, size_t image)
{
    float *record = p->engine->records;
    prepare_own(p, 0);
    memset(record, 0, p->engine->plan->record * sizeof *record); /* what a trimmed step leaves out counts as finite */
    fcnn_array_read_row(p->x, p->network->kernels, fcnn_rows_get(&p->rows, image), record + p->engine->plan->input);
    for (size_t s = 0; s < p->engine->plan->steps; s++) {
        const fcnn_step *step = &p->engine->plan->step[s];
        fcnn_io io = io_of(p, step, record, image, 0);
        io.parts = NULL;
        step->layer->class->forward(step->layer, &io, 1);
        if (!all_finite(io.y, fcnn_shape_size(&step->layer->output)))
            return step->layer->name;
    }
    return NULL;
}

static fcnn_status refuse_loss(const pass *p, double loss, fcnn_error *error)
{
    size_t image = 0;
    while (image + 1 < p->images && isfinite(p->network->scores.loss[image]))
        image++;
    const char *culprit = find_culprit(p, image);
    return fcnn_fail(error, FCNN_E_NONFINITE,
                     "the loss of training step %llu is %f; the first output that is not finite comes from %s%s%s. "
                     "The step was not made: try a smaller learning rate or inputs of smaller size",
                     (unsigned long long)p->network->state.iterations + 1, loss,
                     culprit ? "layer '" : "the loss itself", culprit ? culprit : "", culprit ? "'" : "");
}

/* Before the last block's gradients, when the losses of all images are known: may the step be made? */
static fcnn_status begin_update(const pass *p, int update, const fcnn_results *results, fcnn_optimizer_step *step,
                                fcnn_error *error)
{
    const fcnn_network *network = p->network;
    if (network->state.check_finite && !isfinite(results->loss))
        return refuse_loss(p, results->loss, error);
    if (!update)
        return FCNN_OK;
    return fcnn_network_begin_step(network, fcnn_scores_are_huge(network, p->images, results->loss), step, error);
}

static fcnn_status train(fcnn_network *network, const fcnn_batch *batch, int update, fcnn_results *results,
                         fcnn_error *error)
{
    const size_t images = batch->rows.stop - batch->rows.start, threads = fcnn_threads_get();
    const size_t block = block_size(images, threads);
    fcnn_engine *engine = &network->training;
    if (update && !network->has_optimizer)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "an optimizer is needed: call set_optimizer first");
    FCNN_TRY(fcnn_scores_read(network, batch, error));
    FCNN_TRY(fcnn_engine_plan(network, engine, error));
    FCNN_TRY(fcnn_engine_reserve(engine, block, threads, error));
    pass p = {.network = network,
              .engine = engine,
              .x = batch->x,
              .rows = batch->rows,
              .images = images,
              .group = group_size(block, threads),
              .workers = threads,
              .training = 1,
              .backward = 1,
              .scores = 1,
              .own_record = 1,
              .out = batch->outputs};
    fcnn_optimizer_step step;
    fcnn_results found;
    const int at_once = update && fcnn_network_updates_at_once(network);
    prepare(&p);
    for (; p.end < images; p.begin = p.end) {
        p.end = smaller(p.begin + block, images);
        run_images(&p);
        FCNN_TRY(fcnn_scores_check_inputs(network, &p.rows, p.begin, p.end, error));
        if (p.end == images) {
            fcnn_scores_sum(network, images, &found);
            FCNN_TRY(begin_update(&p, update, &found, &step, error));
            p.update = at_once ? &step : NULL;
        }
        find_gradients(&p);
    }
    fcnn_parallel_for(engine->plan->updates, p.workers, update_piece, &p);
    if (update) {
        const fcnn_status status = at_once ? FCNN_OK : fcnn_network_update_all(network, &step, error);
        FCNN_TRY(fcnn_network_end_step(network, &step, status, error));
    }
    network->state.random_step++;
    *results = found;
    return FCNN_OK;
}

/* A pass without backward, for which a worker needs records for one group only. */
static fcnn_status begin_inference(fcnn_network *network, const fcnn_array *x, fcnn_rows rows, pass *p,
                                   fcnn_error *error)
{
    const size_t images = rows.stop - rows.start, threads = fcnn_threads_get();
    fcnn_engine *engine = &network->inference;
    FCNN_TRY(fcnn_engine_plan(network, engine, error));
    *p = (pass){.network = network,
                .engine = engine,
                .x = x,
                .rows = rows,
                .images = images,
                .end = images,
                .group = smaller(group_size(images, threads), fcnn_engine_cached_images(engine))};
    p->workers = smaller(threads, groups_of(p, images));
    return fcnn_engine_reserve(engine, p->workers * p->group, p->workers, error);
}

static fcnn_status test(fcnn_network *network, const fcnn_batch *batch, fcnn_results *results, fcnn_error *error)
{
    pass p;
    FCNN_TRY(fcnn_scores_read(network, batch, error));
    FCNN_TRY(begin_inference(network, batch->x, batch->rows, &p, error));
    p.scores = 1;
    p.out = batch->outputs;
    prepare(&p);
    run_images(&p);
    FCNN_TRY(fcnn_scores_check_inputs(network, &p.rows, 0, p.images, error));
    fcnn_scores_sum(network, p.images, results);
    return FCNN_OK;
}

static fcnn_status predict(fcnn_network *network, const fcnn_array *x, size_t start, size_t stop, float *out,
                           int training, fcnn_error *error)
{
    const size_t output_size = fcnn_network_output_size(network);
    FCNN_TRY(fcnn_batch_check_inputs(network, x, &(fcnn_rows){NULL, start, stop}, error));
    FCNN_TRY(fcnn_scores_reserve(network, smaller(stop - start, PREDICTED), 0, error));
    for (size_t i = start; i < stop; i += PREDICTED) {
        pass p;
        FCNN_TRY(begin_inference(network, x, (fcnn_rows){NULL, i, smaller(stop, i + PREDICTED)}, &p, error));
        p.training = training;
        p.out = out + (i - start) * output_size;
        prepare(&p);
        run_images(&p);
        FCNN_TRY(fcnn_scores_check_inputs(network, &p.rows, 0, p.images, error));
        network->state.random_step += training != 0;
    }
    return FCNN_OK;
}

static fcnn_status apply_gradients(fcnn_network *network, fcnn_error *error)
{
    fcnn_optimizer_step step;
    if (!network->has_optimizer)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "an optimizer is needed: call set_optimizer first");
    FCNN_TRY(fcnn_network_begin_step(network, 1, &step, error));
    return fcnn_network_end_step(network, &step, fcnn_network_update_all(network, &step, error), error);
}

fcnn_status fcnn_network_train(fcnn_network *network, const fcnn_batch *batch, int update, fcnn_results *results,
                               fcnn_error *error)
{
    fcnn_lock_take(&network->lock);
    const fcnn_status status = train(network, batch, update, results, error);
    fcnn_lock_give(&network->lock);
    return status;
}

fcnn_status fcnn_network_test(fcnn_network *network, const fcnn_batch *batch, fcnn_results *results, fcnn_error *error)
{
    fcnn_lock_take(&network->lock);
    const fcnn_status status = test(network, batch, results, error);
    fcnn_lock_give(&network->lock);
    return status;
}

fcnn_status fcnn_network_predict(fcnn_network *network, const fcnn_array *x, size_t start, size_t stop, float *out,
                                 int training, fcnn_error *error)
{
    fcnn_lock_take(&network->lock);
    const fcnn_status status = predict(network, x, start, stop, out, training, error);
    fcnn_lock_give(&network->lock);
    return status;
}

fcnn_status fcnn_network_apply_gradients(fcnn_network *network, fcnn_error *error)
{
    fcnn_lock_take(&network->lock);
    const fcnn_status status = apply_gradients(network, error);
    fcnn_lock_give(&network->lock);
    return status;
}
