/* play.h - plays a plan, for test_plan.c.
 *
 * Every number in an image's record is marked with what was written there last, and whoever reads must find the mark of
 * what is expected. So nothing that is still needed may have been overwritten.
 */
#ifndef FCNN_PLAY_H
#define FCNN_PLAY_H

#include <stdint.h>
#include <stdlib.h>

#include "network/plan_check.h"

typedef struct play {
    const fcnn_graph *graph;
    const fcnn_plan *plan;
    const fcnn_purpose *purpose;
    int32_t *marks;        /* (record) */
    size_t *contributions; /* (nodes), by root: gradients written or added so far */
    int holds;             /* every read found its mark */
} play;

enum { VALUE = 1000, GRADIENT = 2000, SAVED = 3000, ASIDE = 4000, PARTIAL = 5000, OBSERVED = 6000 };

static int has_room(const play *p, const fcnn_buffer *place, size_t size)
{
    return size == 0 || (place && place->offset + size <= p->plan->record);
}

static void write_mark(play *p, const fcnn_buffer *place, size_t size, size_t mark)
{
    p->holds &= has_room(p, place, size);
    for (size_t i = 0; p->holds && i < size; i++)
        p->marks[place->offset + i] = (int32_t)mark;
}

static void read_mark(play *p, const fcnn_buffer *place, size_t size, size_t mark)
{
    p->holds &= has_room(p, place, size);
    for (size_t i = 0; p->holds && i < size; i++)
        p->holds &= p->marks[place->offset + i] == (int32_t)mark;
}

static size_t size_of(const play *p, size_t node) { return fcnn_shape_size(&p->graph->node[node].layer.output); }

/* The node whose tensor node n's output is. */
static size_t root_of(const play *p, size_t n)
{
    while (p->graph->node[n].layer.view)
        n = p->graph->node[n].input[0];
    return n;
}

/* Whether anything at or before node n is to be trained. */
static int has_trainable(const play *p, size_t n)
{
    const fcnn_layer *layer = &p->graph->node[n].layer;
    if (layer->parameters > 0 && p->purpose->trainable[p->graph->node[n].instance])
        return 1;
    for (size_t i = 0; i < layer->inputs; i++)
        if (has_trainable(p, p->graph->node[n].input[i]))
            return 1;
    return 0;
}

/* Whether a loss depends on the output of node n. */
static int has_loss(const play *p, size_t n)
{
    for (size_t o = 0; o < p->graph->outputs; o++)
        if (p->graph->output[o] == n && p->purpose->has_loss[o])
            return 1;
    for (size_t m = n + 1; m < p->graph->nodes; m++)
        for (size_t i = 0; i < p->graph->node[m].layer.inputs; i++)
            if (p->graph->node[m].input[i] == n && has_loss(p, m))
                return 1;
    return 0;
}

/* The tensor that the loss of output o reads. */
static size_t prediction_of(const play *p, size_t o)
{
    const size_t node = p->graph->output[o];
    return root_of(p, p->purpose->absorbs[o] ? p->graph->node[node].input[0] : node);
}

static size_t number_of(const play *p, const fcnn_step *step) { return (size_t)(step - p->plan->step); }

static size_t tail_of(const play *p, const fcnn_step *step) { return p->plan->operation[number_of(p, step)].tail; }

static size_t source_of(const play *p, const fcnn_step *step, size_t input)
{
    return root_of(p, p->plan->operation[number_of(p, step)].input[input]);
}

static void read_sources(play *p, const fcnn_step *step)
{
    for (size_t i = 0; i < step->layer->inputs; i++)
        read_mark(p, step->x[i], size_of(p, source_of(p, step, i)), VALUE + source_of(p, step, i));
}

static void play_forward(play *p, const fcnn_step *step)
{
    const size_t out = tail_of(p, step), saved = p->purpose->backward ? step->layer->saved : 0;
    read_sources(p, step);
    write_mark(p, step->saved, saved, SAVED + number_of(p, step));
    if (step->y != step->x[0] || !step->layer->in_place) {
        write_mark(p, step->y, size_of(p, out), VALUE + out);
        read_sources(p, step);
    }
    write_mark(p, step->y, size_of(p, out), VALUE + out);
    read_mark(p, step->saved, saved, SAVED + number_of(p, step));
}

/* Users of a tensor that ask for its gradient, each as often as it reads it; losses are among them. */
static size_t users_of(const play *p, size_t root)
{
    size_t users = 0;
    for (size_t o = 0; o < p->graph->outputs; o++)
        users += p->purpose->has_loss[o] && prediction_of(p, o) == root;
    for (size_t s = 0; s < p->plan->steps; s++)
        for (size_t i = 0; p->plan->step[s].has_backward && i < p->plan->step[s].layer->inputs; i++)
            users += source_of(p, &p->plan->step[s], i) == root;
    return users;
}

/* Whatever backward, or with FCNN_READS_X gradient, of a step may look at. */
static void read_backward(play *p, const fcnn_step *step, int reads)
{
    const size_t out = tail_of(p, step), first = source_of(p, step, 0);
    read_mark(p, step->dy, size_of(p, out), GRADIENT + out);
    p->holds &= p->contributions[out] == users_of(p, out);
    read_mark(p, step->saved, step->layer->saved, SAVED + number_of(p, step));
    if (step->layer->backward_reads & FCNN_READS_FIRST_X)
        read_mark(p, step->x[0], size_of(p, first), VALUE + first);
    else if (reads & FCNN_READS_X)
        read_sources(p, step);
    if (reads & FCNN_READS_Y || step->layer->backward_reads & FCNN_GRADIENT_READS_Y)
        read_mark(p, step->y, size_of(p, out), VALUE + out);
}

/* Whether a dx is written over dy, which the layer must allow. */
static int is_in_place(play *p, const fcnn_step *step)
{
    const fcnn_layer *layer = step->layer;
    size_t places = 0;
    for (size_t i = 0; i < layer->inputs; i++)
        places += step->dx[i] && step->dx[i] == step->dy;
    p->holds &= places == 0 || (places == 1 && ((layer->in_place && layer->inputs == 1) || layer->dx_in_place));
    return places > 0;
}

static void play_backward(play *p, const fcnn_step *step)
{
    read_backward(p, step, step->layer->backward_reads);
    for (int again = 0; again < 2; again++)
        for (size_t i = 0; i < step->layer->inputs; i++) {
            const size_t in = source_of(p, step, i), mark = step->sum[i] ? ASIDE + i : GRADIENT + in;
            p->holds &= (step->dx[i] != NULL) == has_trainable(p, in);
            if (!step->dx[i])
                continue;
            if (again)
                read_mark(p, step->dx[i], size_of(p, in), mark);
            else
                write_mark(p, step->dx[i], size_of(p, in), mark);
        }
    if (!is_in_place(p, step))
        read_backward(p, step, step->layer->backward_reads);
    for (size_t i = 0; i < step->layer->inputs; i++) {
        const size_t in = source_of(p, step, i);
        p->holds &= (p->contributions[in] > 0) == (step->sum[i] != NULL) || !step->dx[i];
        if (!step->sum[i])
            p->contributions[in] += step->dx[i] != NULL;
    }
}

static void play_add_aside(play *p, const fcnn_step *step)
{
    for (size_t i = 0; i < step->layer->inputs; i++) {
        const size_t in = source_of(p, step, i);
        if (!step->sum[i])
            continue;
        read_mark(p, step->dx[i], size_of(p, in), ASIDE + i);
        read_mark(p, step->sum[i], size_of(p, in), GRADIENT + in);
        p->contributions[in]++;
    }
}

/* The gradients of one image, where there are few. */
static void play_partial(play *p, const fcnn_step *step)
{
    const size_t parameters = fcnn_layer_parameter_size(step->layer);
    p->holds &= 4 * parameters <= fcnn_shape_size(&step->layer->output);
    read_backward(p, step, FCNN_READS_X);
    write_mark(p, step->partial, parameters, PARTIAL + number_of(p, step));
    read_backward(p, step, FCNN_READS_X);
}

static void play_gradient(play *p, const fcnn_step *step)
{
    if (step->summing == FCNN_SUM_RECORDS)
        read_mark(p, step->partial, fcnn_layer_parameter_size(step->layer), PARTIAL + number_of(p, step));
    else
        read_backward(p, step, FCNN_READS_X);
    if (step->summing == FCNN_SUM_PARTS)
        play_backward(p, step);
}

static void read_outputs(play *p)
{
    for (size_t o = 0; o < p->graph->outputs; o++) {
        const size_t node = p->graph->output[o];
        read_mark(p, p->plan->output[o].value, size_of(p, node), VALUE + root_of(p, node));
    }
}

static void play_score(play *p)
{
    read_outputs(p);
    for (size_t o = 0; o < p->graph->outputs; o++) {
        const fcnn_output_place *place = &p->plan->output[o];
        const size_t prediction = prediction_of(p, o);
        const size_t mark = place->sum ? ASIDE + o : GRADIENT + prediction;
        read_mark(p, place->prediction, place->size, VALUE + prediction);
        p->holds &= (place->gradient != NULL) == (p->purpose->backward && p->purpose->has_loss[o]);
        if (!place->gradient)
            continue;
        p->holds &= (place->sum != NULL) == (p->contributions[prediction] > 0);
        write_mark(p, place->gradient, place->size, mark);
        if (place->sum)
            read_mark(p, place->sum, place->size, GRADIENT + prediction);
        p->contributions[prediction]++;
    }
    read_outputs(p);
}

static void play_action(play *p, const fcnn_action *action)
{
    const fcnn_step *step = action->step;
    switch (action->verb) {
    case FCNN_READ_INPUTS:
        for (size_t i = 0; i < p->graph->inputs; i++)
            write_mark(p, p->plan->input[i], size_of(p, p->graph->input[i]), VALUE + p->graph->input[i]);
        break;
    case FCNN_FORWARD:
        play_forward(p, step);
        break;
    case FCNN_PACK:
        read_sources(p, step);
        break;
    case FCNN_FORWARD_SHARD:
        write_mark(p, step->y, size_of(p, tail_of(p, step)), VALUE + tail_of(p, step));
        break;
    case FCNN_PACK_BACKWARD:
        read_backward(p, step, FCNN_READS_X);
        break;
    case FCNN_OBSERVE:
        read_sources(p, step);
        write_mark(p, step->observed, step->layer->observed, OBSERVED);
        break;
    case FCNN_SETTLE:
        read_mark(p, step->observed, step->layer->observed, OBSERVED);
        break;
    case FCNN_SCORE:
        play_score(p);
        break;
    case FCNN_BACKWARD:
        play_backward(p, step);
        break;
    case FCNN_OBSERVE_BACKWARD:
        read_backward(p, step, FCNN_READS_X);
        write_mark(p, step->observed_backward, step->layer->observed, OBSERVED + 1);
        break;
    case FCNN_SETTLE_BACKWARD:
        read_mark(p, step->observed_backward, step->layer->observed, OBSERVED + 1);
        break;
    case FCNN_ADD_ASIDE:
        play_add_aside(p, step);
        break;
    case FCNN_FIND_PARTIAL:
        play_partial(p, step);
        break;
    case FCNN_FIND_GRADIENT:
        play_gradient(p, step);
        break;
    case FCNN_FOLD:
    case FCNN_PREPARE:
    case FCNN_UPDATE:
    case FCNN_MOVE:
    case FCNN_VERBS:
        break;
    }
}

/* Whether an action of that kind belongs to the step. */
static int has_action(const fcnn_plan *plan, const fcnn_step *step, fcnn_verb verb)
{
    for (size_t i = 0; i < plan->actions; i++)
        if (plan->action[i].step == step && plan->action[i].verb == verb)
            return 1;
    return 0;
}

/* Every gradient that is wanted is computed, and no other. */
static int finds_gradients(const play *p)
{
    int holds = 1;
    for (size_t s = 0; s < p->plan->steps; s++) {
        const fcnn_step *step = &p->plan->step[s];
        const int is_trained = p->purpose->backward && step->layer->parameters > 0 &&
                               p->purpose->trainable[step->node->instance] && has_loss(p, tail_of(p, step));
        const fcnn_verb verb = step->summing == FCNN_SUM_SETTLED ? FCNN_SETTLE_BACKWARD : FCNN_FIND_GRADIENT;
        holds &= (step->summing != FCNN_SUM_NOTHING) == is_trained && has_action(p->plan, step, verb) == is_trained;
    }
    return holds;
}

/* Returns whether every reader finds what it expects, and every gradient that is wanted is computed, and no other. */
static int plays_well(const fcnn_graph *graph, const fcnn_purpose *purpose)
{
    fcnn_plan *plan;
    fcnn_error error;
    if (fcnn_plan_create(&plan, graph, purpose, &error) != FCNN_OK)
        return 0;
    fcnn_plan_check(plan, graph);
    play p = {.graph = graph, .plan = plan, .purpose = purpose, .holds = 1};
    p.marks = calloc(plan->record, sizeof *p.marks);
    p.contributions = calloc(graph->nodes, sizeof *p.contributions);
    for (size_t i = 0; i < plan->actions; i++)
        play_action(&p, &plan->action[i]);
    read_outputs(&p);
    p.holds &= finds_gradients(&p);
    free(p.marks);
    free(p.contributions);
    fcnn_plan_destroy(plan);
    return p.holds;
}

#endif
