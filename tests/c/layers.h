/* layers.h - one layer alone: made, run over two images, its gradient compared with finite differences.
 *
 * With random weights d, the scalar L(x) = sum of d y(x), and of penalties where the layer has any, has the gradient
 * that backward computes from dy = d. It is compared with
 * (8 (L(x + h) - L(x - h)) - (L(x + 2 h) - L(x - 2 h))) / 12 h, with sums in double, for every input number.
 */
#ifndef FCNN_TEST_LAYERS_H
#define FCNN_TEST_LAYERS_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "builds.h"
#include "describe.h"
#include "layers/layer.h"

enum { IMAGES = 2, ROOM = 1024, STRIDE = 4 * ROOM };

/* One batch: each image's record holds x[0], x[1], y and saved; a second set of records holds the gradients. */
static float records[IMAGES * STRIDE], gradients[IMAGES * STRIDE], scratch[2 * ROOM];
static double penalties[IMAGES];

static fcnn_io batch(const fcnn_kernels *kernels)
{
    return (fcnn_io){
        .kernels = kernels,
        .stride = STRIDE,
        .x = {records, records + ROOM},
        .y = records + 2 * ROOM,
        .saved = records + 3 * ROOM,
        .dx = {gradients, gradients + ROOM},
        .dy = gradients + 2 * ROOM,
        .scratch = scratch,
        .training = 1,
        .random_step = 4,
        .first_image = 6,
        .batch = IMAGES,
        .penalty = penalties,
    };
}

static fcnn_status make(fcnn_layer *layer, const char *type, size_t inputs, fcnn_shape input,
                        fcnn_attributes attributes, fcnn_error *error)
{
    *layer = (fcnn_layer){.class = fcnn_layer_find(type), .name = "tested", .inputs = inputs, .input = {input, input}};
    *error = (fcnn_error){.status = FCNN_OK};
    const fcnn_status status = layer->class->create(layer, &attributes, error);
    CHECK(status == error->status);
    return status;
}

static void destroy(fcnn_layer *layer)
{
    if (layer->class->destroy)
        layer->class->destroy(layer);
    else
        fcnn_release(layer->config);
}

/* ---- finite differences ---- */

static double weighted_sum(const fcnn_layer *layer, const fcnn_io *io)
{
    const size_t size = fcnn_shape_size(&layer->output);
    double sum = 0.0;
    layer->class->forward(layer, io, IMAGES);
    for (size_t i = 0; i < IMAGES; i++)
        for (size_t j = 0; j < size; j++)
            sum += (double)io->y[i * STRIDE + j] * io->dy[i * STRIDE + j];
    for (size_t i = 0; i < IMAGES; i++)
        sum += penalties[i] / IMAGES;
    return sum;
}

static double slope(const fcnn_layer *layer, const fcnn_io *io, float *x, float h)
{
    const float at = *x;
    double sums[4];
    static const float places[4] = {1, -1, 2, -2};
    for (size_t p = 0; p < 4; p++) {
        *x = at + places[p] * h;
        sums[p] = weighted_sum(layer, io);
    }
    *x = at;
    return (8.0 * (sums[0] - sums[1]) - (sums[2] - sums[3])) / (12.0 * h);
}

/* Distinct numbers in (-3, 3), at least 4 h from each other and from the corners of the activations. */
static void fill_inputs(size_t count, float *x, uint64_t stream, float h)
{
    int64_t order[ROOM];
    fcnn_random_permutation(order, count, 11, stream);
    for (size_t i = 0; i < count; i++) {
        x[i] = ((float)order[i] + 0.5f) * 6.0f / (float)count - 3.0f;
        for (float corner = -3.0f; corner <= 3.0f; corner += 0.5f)
            if (fabsf(x[i] - corner) < 4 * h)
                x[i] = corner + 4 * h;
    }
}

static void test_backward(const char *type, size_t inputs, fcnn_shape shape, fcnn_attributes attributes)
{
    const float h = 0x1p-8f;
    fcnn_layer layer;
    fcnn_error error;
    fcnn_io io = batch(fcnn_kernels_for(FCNN_ISA_REFERENCE));
    CHECK(make(&layer, type, inputs, shape, attributes, &error) == FCNN_OK);
    const size_t size = fcnn_shape_size(&shape);
    CHECK(size <= ROOM && fcnn_shape_size(&layer.output) <= ROOM && layer.saved <= ROOM && layer.scratch <= 2 * ROOM);
    for (size_t i = 0; i < IMAGES; i++) {
        for (size_t k = 0; k < inputs; k++)
            fill_inputs(size, records + i * STRIDE + k * ROOM, i * 2 + k, h);
        for (size_t j = 0; inputs > 1 && j < size; j++)
            records[i * STRIDE + ROOM + j] += 8 * h; /* so that no two inputs are equal */
        fcnn_random_uniform(gradients + i * STRIDE + 2 * ROOM, ROOM, 12, i, -1, 1);
    }
    layer.class->forward(&layer, &io, IMAGES);
    if (!(layer.backward_reads & FCNN_READS_X))
        io.x[0] = io.x[1] = NULL;
    layer.class->backward(&layer, &io, IMAGES);
    io.x[0] = records;
    io.x[1] = records + ROOM;
    for (size_t k = 0; k < inputs; k++)
        for (size_t i = 0; i < IMAGES; i++)
            for (size_t j = 0; j < size; j++) {
                const size_t at = i * STRIDE + k * ROOM + j;
                check_close(gradients[at], slope(&layer, &io, records + at, h), 4e-4, type, __FILE__, __LINE__);
            }
    destroy(&layer);
}

#endif
