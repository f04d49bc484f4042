/* run.c - passes over one batch: train, test, predict. Each is a loop over the phases of a plan (plan.h).
 *
 * A large batch runs in blocks, one after the other, so that what a block keeps stays in the cache; each adds to the
 * gradients, and the parameters are updated with the last one. Where a layer looks at the whole batch it is one block.
 * Nothing depends on how images are divided into groups and blocks or on which thread runs what.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/sizes.h"
#include "pass.h"

enum { BLOCK_IMAGES = 32 }; /* of a training block, at least, where there are so many */
enum { MOST_PACKED = 256 }; /* images of a block that is larger because parameters are read once for all of it */
enum { PREDICTED = 1024 };  /* images whose state is kept at once where nothing is learned */

/* ---- phases ---- */

static void run_phase(fcnn_pass *p, const fcnn_phase *phase, size_t workers)
{
    static fcnn_task *const bodies[] = {
        [FCNN_IMAGES] = fcnn_pass_group, [FCNN_PIECES] = fcnn_pass_piece, [FCNN_PARTS_OF_STEP] = fcnn_pass_part};
    if (phase->end == phase->first)
        return;
    const fcnn_action *last = &p->engine->plan->action[phase->end - 1];
    p->phase = phase;
    fcnn_profile_loop(p->network->profile, fcnn_pass_count(p, phase), workers, bodies[phase->work], p,
                      fcnn_stage_of(last), last->step);
}

static void run_phases(fcnn_pass *p, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++)
        run_phase(p, &p->engine->plan->phase[i], p->workers);
}

/* Ends the pass that runs, if any: its profile is whole. */
static void end_pass(fcnn_network *network, size_t images)
{
    if (network->profile)
        network->since = fcnn_profile_end(network->profile, images);
    network->profile = NULL;
}

/* Begins a pass, for its profile: all memory is there. */
static fcnn_status begin_pass(fcnn_network *network, fcnn_engine *engine, size_t threads, fcnn_error *error)
{
    if (!network->profiles)
        return FCNN_OK;
    FCNN_TRY(fcnn_profile_begin(&engine->profile, engine->plan, threads, network->since, error));
    network->profile = engine->profile;
    return FCNN_OK;
}

/* Begins a pass: what was settled of another batch is forgotten. Re-laid parameters that all workers read are made at
 * once, on no more threads than run the images: one that only prepares would cost more than it helps. */
static void prepare(fcnn_pass *p)
{
    const size_t groups = (p->images + p->group - 1) / p->group;
    p->engine->passes++;
    memset(p->engine->settled, 0, p->engine->plan->settled * sizeof *p->engine->settled);
    if (fcnn_engine_copies(p->engine))
        return;
    for (size_t i = 0; i < p->engine->plan->forward; i++)
        run_phase(p, &p->engine->plan->phase[i], smaller(groups, p->workers));
}

/* One after the other: an instance's statistics move once for each of its uses. */
static void move_statistics(fcnn_pass *p) { run_phase(p, &p->engine->plan->phase[p->engine->plan->move], 1); }

/* ---- what is refused ---- */

static int all_finite(const float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i]))
            return 0;
    return 1;
}

/* Runs one image again, step by step, to find the first layer whose output is not finite. Where a layer looks at the
 * batch, what was settled of it is still there. */
static const char *find_culprit(const fcnn_pass *p, size_t image)
{
    const fcnn_plan *plan = p->engine->plan;
    float *record = p->engine->records;
    fcnn_pass_prepare_own(p, 0);
    memset(record, 0, plan->record * sizeof *record); /* what a trimmed step leaves out counts as finite */
    for (size_t i = 0; i < p->network->graph->inputs; i++)
        fcnn_array_read_row(&p->batch->x[i], p->network->kernels, fcnn_rows_get(&p->rows, image),
                            record + plan->input[i]->offset);
    for (size_t s = 0; s < plan->steps; s++) {
        const fcnn_step *step = &plan->step[s];
        fcnn_io io = fcnn_pass_io(p, step, record, image, 0);
        io.parts = NULL;
        step->layer->class->forward(step->layer, &io, 1);
        if (!all_finite(io.y, fcnn_shape_size(&step->layer->output)))
            return step->layer->name;
    }
    return NULL;
}

/* The first image with a loss or a penalty that is not finite. */
static size_t first_bad_image(const fcnn_pass *p)
{
    for (size_t image = 0; image < p->images; image++) {
        if (!fcnn_penalties_are_finite(p->network, image))
            return image;
        for (size_t o = 0; o < p->network->graph->outputs; o++)
            if (p->network->output[o].objective.has_loss && !isfinite(p->network->output[o].scores.loss[image]))
                return image;
    }
    return p->images - 1;
}

static fcnn_status refuse_loss(const fcnn_pass *p, double loss, fcnn_error *error)
{
    const char *culprit = find_culprit(p, first_bad_image(p));
    return fcnn_fail(error, FCNN_E_NONFINITE,
                     "the loss of training step %llu is %f; the first output that is not finite comes from %s%s%s. "
                     "The step was not made: try a smaller learning rate or inputs of smaller size",
                     (unsigned long long)p->network->state.iterations + 1, loss,
                     culprit ? "layer '" : "the loss itself", culprit ? culprit : "", culprit ? "'" : "");
}

/* What would move statistics; a sum over the batch may be what it is. */
static fcnn_status check_settled(const fcnn_pass *p, fcnn_error *error)
{
    char pass[64] = "predictions as in training";
    if (p->scores)
        snprintf(pass, sizeof pass, "training step %llu", (unsigned long long)p->network->state.iterations + 1);
    for (size_t s = 0; s < p->engine->plan->steps; s++) {
        const fcnn_step *step = &p->engine->plan->step[s];
        if (step->observed && step->layer->class->move_statistics &&
            !all_finite(p->engine->settled + step->settled, step->layer->settled))
            return fcnn_fail(error, FCNN_E_NONFINITE,
                             "the statistics of layer '%s' are not finite in %s. Nothing was changed: try inputs of "
                             "smaller size",
                             step->layer->name, pass);
    }
    return FCNN_OK;
}

/* Before the last block's gradients, when the losses of all images are known: may the step be made? */
static fcnn_status begin_update(const fcnn_pass *p, int update, double loss, fcnn_optimizer_step *step,
                                fcnn_error *error)
{
    const fcnn_network *network = p->network;
    if (network->state.check_finite && !isfinite(loss))
        return refuse_loss(p, loss, error);
    if (network->state.check_finite)
        FCNN_TRY(check_settled(p, error));
    if (!update)
        return FCNN_OK;
    return fcnn_network_begin_step(network, fcnn_scores_are_huge(network, p->images, loss), step, error);
}

/* ---- training ---- */

_Static_assert(FCNN_STRETCH % FCNN_WINOGRAD_IMAGES == 0, "images that a kernel sums first must lie in one block");

/* Images that layers which pack should read their parameters for at once: as many as together take no more room than
 * these, or all that are allowed where no layer packs. */
static size_t packed_images(const fcnn_plan *plan)
{
    return plan->packing > 0 ? smaller(larger(plan->packing / plan->record, BLOCK_IMAGES), MOST_PACKED) : 0;
}

/* Images that a training step runs at once: enough for all threads, in blocks of about equal size. They begin with a
 * stretch, so that what is summed over a stretch is so for any number of threads. */
static size_t block_size(const fcnn_plan *plan, size_t images, size_t threads)
{
    if (plan->looks_at_the_batch)
        return images;
    const size_t most = larger(larger(threads * FCNN_GROUP, BLOCK_IMAGES), packed_images(plan));
    const size_t blocks = (images + most - 1) / most;
    return rounded_up((images + blocks - 1) / blocks, plan->together);
}

/* Images that run together: a thread's share, and at most FCNN_GROUP. */
static size_t group_size(size_t images, size_t threads)
{
    return smaller((images + threads - 1) / threads, FCNN_GROUP);
}

static fcnn_status run_blocks(fcnn_pass *p, int update, fcnn_optimizer_step *step, fcnn_results *results,
                              fcnn_error *error)
{
    const fcnn_plan *plan = p->engine->plan;
    for (; p->end < p->images; p->begin = p->end) {
        p->end = smaller(p->begin + p->block, p->images);
        run_phases(p, plan->forward, plan->backward);
        FCNN_TRY(fcnn_inputs_check(p->network, &p->rows, p->begin, p->end, error));
        if (p->end == p->images) {
            fcnn_scores_sum(p->network, p->images, results);
            FCNN_TRY(begin_update(p, update, results->loss, step, error));
            p->update = update && fcnn_network_updates_at_once(p->network) ? step : NULL;
        }
        fcnn_profile_alone(p->network->profile, FCNN_STAGE_LOSS);
        run_phases(p, plan->backward, plan->update);
    }
    run_phases(p, plan->update, plan->move);
    if (!p->update)
        fcnn_rules_add_gradients(p->network);
    fcnn_profile_alone(p->network->profile, FCNN_STAGE_JOIN);
    return FCNN_OK;
}

static fcnn_status train(fcnn_network *network, const fcnn_batch *batch, int update, fcnn_results *results,
                         fcnn_error *error)
{
    const size_t images = batch->rows.stop - batch->rows.start;
    fcnn_engine *engine = &network->training;
    if (update && !network->has_optimizer)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "an optimizer is needed: call set_optimizer first");
    FCNN_TRY(fcnn_scores_read(network, batch, error));
    FCNN_TRY(fcnn_engine_plan(network, engine, error));
    const size_t threads = fcnn_threads_for(images * engine->plan->work);
    const size_t block = block_size(engine->plan, images, threads);
    FCNN_TRY(fcnn_engine_reserve(engine, block, threads, error));
    FCNN_TRY(begin_pass(network, engine, threads, error));
    fcnn_pass p = {.network = network,
                   .engine = engine,
                   .batch = batch,
                   .rows = batch->rows,
                   .images = images,
                   .block = block,
                   .group = group_size(block, threads),
                   .workers = threads,
                   .run = FCNN_AS_IN_TRAINING,
                   .scores = 1,
                   .own_record = 1};
    fcnn_optimizer_step step;
    fcnn_results found = {.score = results->score};
    fcnn_network_mark_given(network, 0, network->graph->parameters, 0);
    prepare(&p);
    FCNN_TRY(run_blocks(&p, update, &step, &found, error));
    if (update) {
        const fcnn_status status = p.update ? FCNN_OK : fcnn_network_update_all(network, &step, error);
        FCNN_TRY(fcnn_network_end_step(network, &step, status, error));
        fcnn_profile_alone(network->profile, FCNN_STAGE_UPDATE);
        move_statistics(&p);
    }
    network->state.random_step++;
    *results = found;
    end_pass(network, images);
    return FCNN_OK;
}

/* ---- inference ---- */

/* Images that run at once, so that layers that pack read their parameters once for them. */
static size_t inference_block(const fcnn_plan *plan, size_t images)
{
    return plan->looks_at_the_batch || plan->packed == 0 ? images : smaller(images, packed_images(plan));
}

/* A pass without backward. A worker needs records for one group only, unless a layer looks at
 * the whole batch or packs images. */
static fcnn_status begin_inference(fcnn_network *network, fcnn_engine *engine, const fcnn_batch *batch, fcnn_rows rows,
                                   fcnn_pass *p, fcnn_error *error)
{
    const size_t images = rows.stop - rows.start;
    FCNN_TRY(fcnn_engine_plan(network, engine, error));
    const size_t threads = fcnn_threads_for(images * engine->plan->work);
    *p = (fcnn_pass){.network = network,
                     .engine = engine,
                     .batch = batch,
                     .rows = rows,
                     .images = images,
                     .run = FCNN_AS_IN_INFERENCE,
                     .group = smaller(group_size(images, threads), fcnn_engine_cached_images(engine)),
                     .block = inference_block(engine->plan, images),
                     .own_record = engine->plan->looks_at_the_batch || engine->plan->packed > 0};
    p->workers = smaller(threads, (images + p->group - 1) / p->group);
    FCNN_TRY(fcnn_engine_reserve(engine, p->own_record ? p->block : p->workers * p->group, p->workers, error));
    return begin_pass(network, engine, p->workers, error);
}

static fcnn_status run_inference(fcnn_pass *p, fcnn_error *error)
{
    prepare(p);
    for (; p->end < p->images; p->begin = p->end) {
        p->end = smaller(p->begin + p->block, p->images);
        run_phases(p, p->engine->plan->forward, p->engine->plan->backward);
    }
    return fcnn_inputs_check(p->network, &p->rows, 0, p->images, error);
}

static fcnn_status test(fcnn_network *network, const fcnn_batch *batch, fcnn_results *results, fcnn_error *error)
{
    fcnn_pass p;
    FCNN_TRY(fcnn_scores_read(network, batch, error));
    FCNN_TRY(begin_inference(network, &network->inference, batch, batch->rows, &p, error));
    p.scores = 1;
    FCNN_TRY(run_inference(&p, error));
    fcnn_scores_sum(network, p.images, results);
    fcnn_profile_alone(network->profile, FCNN_STAGE_LOSS);
    network->state.random_step += (unsigned)network->graph->always_trains;
    end_pass(network, p.images);
    return FCNN_OK;
}

/* *engine = that of inference, unless predictions depend on the whole batch. */
static fcnn_status find_engine(fcnn_network *network, fcnn_mode run, fcnn_engine **engine, fcnn_error *error)
{
    fcnn_engine *other = run == FCNN_UNTOLD ? &network->told : &network->trial;
    *engine = &network->inference;
    if (run == FCNN_AS_IN_INFERENCE)
        return FCNN_OK;
    FCNN_TRY(fcnn_engine_plan(network, other, error));
    if (other->plan->looks_at_the_batch)
        *engine = other;
    return FCNN_OK;
}

static fcnn_status predict(fcnn_network *network, const fcnn_batch *batch, fcnn_mode run, double *penalties,
                           fcnn_error *error)
{
    const fcnn_rows rows = batch->rows;
    const size_t wanted = penalties ? network->graph->penalties : 0;
    fcnn_engine *engine;
    FCNN_TRY(find_engine(network, run, &engine, error));
    FCNN_TRY(fcnn_engine_plan(network, engine, error));
    const size_t most = engine->plan->looks_at_the_batch ? rows.stop - rows.start : PREDICTED;
    FCNN_TRY(fcnn_inputs_begin(network, batch->x, &rows, smaller(rows.stop - rows.start, most), error));
    for (size_t n = 0; n < wanted; n++)
        penalties[n] = 0.0;
    for (size_t i = rows.start; i < rows.stop; i += most) {
        fcnn_pass p;
        const fcnn_rows stretch = {rows.order, i, smaller(rows.stop, i + most)};
        FCNN_TRY(begin_inference(network, engine, batch, stretch, &p, error));
        p.run = run;
        p.first_output = i - rows.start;
        FCNN_TRY(run_inference(&p, error));
        if (engine != &network->inference && network->state.check_finite)
            FCNN_TRY(check_settled(&p, error));
        for (size_t n = 0; n < wanted; n++)
            penalties[n] += fcnn_penalties_sum(network, n, p.images) / (double)(rows.stop - rows.start);
        if (engine != &network->inference)
            move_statistics(&p);
        network->state.random_step += run != FCNN_AS_IN_INFERENCE || network->graph->always_trains;
        end_pass(network, p.images);
    }
    return FCNN_OK;
}

/* ---- calls ---- */
static void enter(fcnn_network *network)
{
    fcnn_lock_take(&network->lock);
    if (network->profiles)
        network->since = fcnn_nanoseconds();
}

/* What was spent on a pass that failed counts, without its images. */
static void leave(fcnn_network *network)
{
    end_pass(network, 0);
    fcnn_lock_give(&network->lock);
}

/* It counts as the end of the pass that the gradients came from. */
static fcnn_status apply_gradients(fcnn_network *network, fcnn_error *error)
{
    fcnn_optimizer_step step;
    if (!network->has_optimizer)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "an optimizer is needed: call set_optimizer first");
    if (network->training.profile)
        FCNN_TRY(begin_pass(network, &network->training, fcnn_threads_get(), error));
    FCNN_TRY(fcnn_network_begin_step(network, 1, &step, error));
    return fcnn_network_end_step(network, &step, fcnn_network_update_all(network, &step, error), error);
}

fcnn_status fcnn_network_train(fcnn_network *network, const fcnn_batch *batch, int update, fcnn_results *results,
                               fcnn_error *error)
{
    enter(network);
    const fcnn_status status = train(network, batch, update, results, error);
    leave(network);
    return status;
}

fcnn_status fcnn_network_test(fcnn_network *network, const fcnn_batch *batch, fcnn_results *results, fcnn_error *error)
{
    enter(network);
    const fcnn_status status = test(network, batch, results, error);
    leave(network);
    return status;
}

fcnn_status fcnn_network_predict(fcnn_network *network, const fcnn_batch *batch, fcnn_mode run, double *penalties,
                                 fcnn_error *error)
{
    enter(network);
    const fcnn_status status = predict(network, batch, run, penalties, error);
    leave(network);
    return status;
}

fcnn_status fcnn_network_apply_gradients(fcnn_network *network, fcnn_error *error)
{
    enter(network);
    const fcnn_status status = apply_gradients(network, error);
    leave(network);
    return status;
}
