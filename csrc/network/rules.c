/* rules.c - what a network's parameters obey beside the optimizer: regularizers and constraints.
 *
 * As in Keras, only trainable parameters do. A penalty is a part of the loss, and of the gradient before it is clipped;
 * a constraint acts when all parameters have been updated. Where each value's gradient depends on that value alone, it
 * is added just before the update, while both are in the cache; else when all gradients are there, and so is every
 * other that is clipped by a norm, or only asked for. A parameter with a penalty learns though no loss depends on it.
 */
#include <string.h>

#include "../base/memory.h"
#include "../base/sizes.h"
#include "../base/threads.h"
#include "internal.h"

enum { WORKERS = 16 };  /* that find penalties at once, at most: each has scratch memory */
enum { VALUES = 8192 }; /* that a constraint changes in one piece of work, about */

/* ---- what is set ---- */

void fcnn_rules_clear(fcnn_rules *rules)
{
    fcnn_release(rules->regularizer);
    fcnn_release(rules->constraint);
    fcnn_release(rules->penalty);
    fcnn_release(rules->shared);
    fcnn_release(rules->scratch);
    *rules = (fcnn_rules){0};
}

static fcnn_status reserve(fcnn_rules *rules, size_t parameters, fcnn_error *error)
{
    size_t pieces = 0, shared = 0;
    for (size_t p = 0; p < parameters; p++) {
        pieces = larger(pieces, rules->regularizer[p].pieces);
        shared = larger(shared, rules->regularizer[p].shared);
        rules->worker_floats = larger(rules->worker_floats, rounded(rules->regularizer[p].scratch));
    }
    void *block;
    FCNN_TRY(fcnn_allocate(&block, pieces, sizeof(double), "the penalties", error));
    rules->penalty = block;
    FCNN_TRY(fcnn_allocate_floats(&rules->shared, 1, shared, "the penalties", error));
    return fcnn_allocate_floats(&rules->scratch, WORKERS, rules->worker_floats, "the penalties", error);
}

fcnn_status fcnn_rules_make(fcnn_rules *rules, const fcnn_regularizer *regularizers, const fcnn_constraint *constraints,
                            size_t parameters, fcnn_error *error)
{
    void *block;
    FCNN_TRY(fcnn_allocate(&block, parameters, sizeof *regularizers, "the regularizers", error));
    rules->regularizer = memcpy(block, regularizers, parameters * sizeof *regularizers);
    FCNN_TRY(fcnn_allocate(&block, parameters, sizeof *constraints, "the constraints", error));
    rules->constraint = memcpy(block, constraints, parameters * sizeof *constraints);
    return reserve(rules, parameters, error);
}

/* The parameter's regularizer, where it has one that acts; else NULL. */
static const fcnn_regularizer *regularizer_of(const fcnn_network *network, size_t parameter)
{
    const fcnn_regularizer *all = network->rules.regularizer;
    const fcnn_span *span = &network->parameter[parameter];
    return all && all[parameter].class && span->trainable && !span->statistic ? &all[parameter] : NULL;
}

int fcnn_rules_penalizes(const fcnn_network *network, size_t parameter)
{
    return regularizer_of(network, parameter) != NULL;
}

int fcnn_rules_act_at_once(const fcnn_network *network)
{
    for (size_t p = 0; p < network->parameters; p++) {
        const fcnn_regularizer *regularizer = regularizer_of(network, p);
        if (regularizer && !(regularizer->class->add_to_range && network->parameter[p].found))
            return 0;
    }
    return 1;
}

/* ---- penalties ---- */

typedef struct penalty_work {
    const fcnn_network *network;
    const fcnn_regularizer *regularizer;
    fcnn_penalized penalized;
} penalty_work;

static penalty_work work_of(const fcnn_network *network, size_t parameter)
{
    const size_t begin = network->parameter[parameter].begin;
    return (penalty_work){.network = network,
                          .regularizer = regularizer_of(network, parameter),
                          .penalized = {.kernels = network->kernels,
                                        .w = network->weights + begin,
                                        .gradient = network->gradients + begin,
                                        .shared = network->rules.shared}};
}

/* With the worker's scratch memory. */
static fcnn_penalized penalized_by(const penalty_work *work, size_t worker)
{
    fcnn_penalized own = work->penalized;
    own.scratch = work->network->rules.scratch + worker * work->network->rules.worker_floats;
    return own;
}

static void prepare_piece(void *context, size_t index, size_t worker)
{
    const penalty_work *work = context;
    const fcnn_penalized own = penalized_by(work, worker);
    work->regularizer->class->prepare(work->regularizer, &own, index);
}

static void penalize_piece(void *context, size_t index, size_t worker)
{
    const penalty_work *work = context;
    const fcnn_penalized own = penalized_by(work, worker);
    work->network->rules.penalty[index] = work->regularizer->class->penalty(work->regularizer, &own, index);
}

static void add_piece(void *context, size_t index, size_t worker)
{
    const penalty_work *work = context;
    const fcnn_penalized own = penalized_by(work, worker);
    work->regularizer->class->add_gradient(work->regularizer, &own, index);
}

static void for_pieces(penalty_work *work, fcnn_task *task)
{
    if (work->regularizer->class->prepare)
        fcnn_parallel_for(work->regularizer->pieces, WORKERS, prepare_piece, work);
    fcnn_parallel_for(work->regularizer->pieces, WORKERS, task, work);
}

double fcnn_rules_penalty(const fcnn_network *network)
{
    double total = 0.0;
    for (size_t p = 0; p < network->parameters; p++) {
        penalty_work work = work_of(network, p);
        if (!work.regularizer)
            continue;
        for_pieces(&work, penalize_piece);
        for (size_t piece = 0; piece < work.regularizer->pieces; piece++)
            total += network->rules.penalty[piece];
    }
    return total;
}

void fcnn_rules_add_gradients(fcnn_network *network)
{
    for (size_t p = 0; p < network->parameters; p++) {
        penalty_work work = work_of(network, p);
        if (!work.regularizer)
            continue;
        if (!network->parameter[p].found)
            memset(work.penalized.gradient, 0, work.regularizer->size * sizeof(float));
        for_pieces(&work, add_piece);
    }
}

void fcnn_rules_add_to_range(const fcnn_network *network, size_t parameter, size_t begin, size_t end, float *gradients)
{
    const fcnn_regularizer *regularizer = regularizer_of(network, parameter);
    if (regularizer)
        regularizer->class->add_to_range(regularizer, network->kernels, end - begin, network->weights + begin,
                                         gradients);
}

/* ---- constraints ---- */

typedef struct constraint_work {
    const fcnn_constraint *constraint;
    float *w;
    size_t pieces; /* of the constraint, in one of work */
} constraint_work;

static void constrain_pieces(void *context, size_t index, size_t worker)
{
    (void)worker;
    const constraint_work *work = context;
    const size_t end = smaller((index + 1) * work->pieces, work->constraint->pieces);
    for (size_t piece = index * work->pieces; piece < end; piece++)
        work->constraint->class->apply(work->constraint, work->w, piece);
}

void fcnn_rules_constrain(fcnn_network *network)
{
    for (size_t p = 0; network->rules.constraint && p < network->parameters; p++) {
        const fcnn_constraint *constraint = &network->rules.constraint[p];
        if (!constraint->class || !fcnn_span_is_updated(&network->parameter[p]))
            continue;
        const size_t together = larger(1, VALUES / (constraint->size / constraint->pieces));
        constraint_work work = {constraint, network->weights + network->parameter[p].begin, together};
        fcnn_parallel_for((constraint->pieces + together - 1) / together, FCNN_MAX_THREADS, constrain_pieces, &work);
    }
}
