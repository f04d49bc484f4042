/* test_layers_simple.c - the layers without parameters: shapes, values, refusals, gradients by finite differences.
 *
 * With random weights d, the scalar L(x) = sum of d y(x) has the gradient that backward computes from dy = d. It is
 * compared with (8 (L(x + h) - L(x - h)) - (L(x + 2 h) - L(x - 2 h))) / 12 h, with sums in double, for every input
 * number.
 */
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
static float records[IMAGES * STRIDE], gradients[IMAGES * STRIDE];

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
        .training = 1,
        .random_step = 4,
        .first_image = 6,
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

static void destroy(fcnn_layer *layer) { fcnn_release(layer->config); }

/* ---- finite differences ---- */

static double weighted_sum(const fcnn_layer *layer, const fcnn_io *io)
{
    const size_t size = fcnn_shape_size(&layer->output);
    double sum = 0.0;
    layer->class->forward(layer, io, IMAGES);
    for (size_t i = 0; i < IMAGES; i++)
        for (size_t j = 0; j < size; j++)
            sum += (double)io->y[i * STRIDE + j] * io->dy[i * STRIDE + j];
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
    CHECK(size <= ROOM && fcnn_shape_size(&layer.output) <= ROOM && layer.saved <= ROOM);
    for (size_t i = 0; i < IMAGES; i++) {
        for (size_t k = 0; k < inputs; k++)
            fill_inputs(size, records + i * STRIDE + k * ROOM, i * 2 + k, h);
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
                check_close(gradients[at], slope(&layer, &io, records + at, h), 2e-4, type, __FILE__, __LINE__);
            }
    destroy(&layer);
}

/* ---- the layers ---- */

static const fcnn_shape image = {3, {5, 4, 3}};

static void test_activations(void)
{
    static const char *const functions[] = {"relu",     "sigmoid", "tanh",      "elu",  "selu",        "softplus",
                                            "softsign", "gelu",    "gelu_tanh", "silu", "exponential", "hard_sigmoid"};
    for (size_t f = 0; f < sizeof functions / sizeof *functions; f++)
        test_backward("activation", 1, image, DESCRIBE(TEXT("function", functions[f])));
    test_backward("activation", 1, image, DESCRIBE(TEXT("function", "relu"), NUMBER("negative_slope", 0.25)));
    test_backward("activation", 1, image, DESCRIBE(TEXT("function", "relu"), NUMBER("max_value", 1.5)));
    test_backward("activation", 1, image, DESCRIBE(TEXT("function", "relu"), NUMBER("threshold", 1.0)));
    test_backward("activation", 1, image,
                  DESCRIBE(TEXT("function", "relu"), NUMBER("negative_slope", 0.5), NUMBER("max_value", 2.0),
                           NUMBER("threshold", 0.5)));
    test_backward("activation", 1, image, DESCRIBE(TEXT("function", "elu"), NUMBER("alpha", 0.5)));

    fcnn_layer layer;
    fcnn_error error;
    CHECK(make(&layer, "activation", 1, image, DESCRIBE(TEXT("function", "linear")), &error) == FCNN_OK);
    CHECK(layer.view);
    destroy(&layer);
    CHECK(make(&layer, "activation", 1, image, DESCRIBE(TEXT("function", "swoosh")), &error) == FCNN_E_ARGUMENT);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, "swoosh");
    destroy(&layer);
    const fcnn_attributes unknown = DESCRIBE(TEXT("function", "relu"), NUMBER("slope", 1));
    CHECK(make(&layer, "activation", 1, image, unknown, &error) == FCNN_E_ARGUMENT);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, "slope");
    destroy(&layer);
}

static void test_softmax(void)
{
    test_backward("softmax", 1, image, (fcnn_attributes){NULL, 0});
    test_backward("softmax", 1, (fcnn_shape){1, {10}}, (fcnn_attributes){NULL, 0});
}

#define POOL(h, w, sh, sw, p) DESCRIBE(PAIR("pool_size", h, w), PAIR("strides", sh, sw), TEXT("padding", p))

static void test_pools(void)
{
    static const char *const types[] = {"max_pooling2d", "average_pooling2d"};
    for (size_t t = 0; t < 2; t++) {
        test_backward(types[t], 1, image, POOL(2, 2, 2, 2, "valid"));
        test_backward(types[t], 1, image, POOL(2, 2, 2, 2, "same"));
        test_backward(types[t], 1, image, POOL(3, 3, 1, 1, "same"));
        test_backward(types[t], 1, image, POOL(3, 2, 2, 1, "valid"));
        test_backward(types[t], 1, image, POOL(1, 1, 3, 3, "valid"));
    }
    for (int keepdims = 0; keepdims < 2; keepdims++) {
        test_backward("global_max_pooling2d", 1, image, DESCRIBE(INTEGER("keepdims", keepdims)));
        test_backward("global_average_pooling2d", 1, image, DESCRIBE(INTEGER("keepdims", keepdims)));
    }

    fcnn_layer layer;
    fcnn_error error;
    CHECK(make(&layer, "max_pooling2d", 1, image, POOL(2, 2, 2, 2, "same"), &error) == FCNN_OK);
    CHECK(fcnn_shape_equal(&layer.output, &(fcnn_shape){3, {3, 2, 3}}));
    destroy(&layer);
    CHECK(make(&layer, "global_max_pooling2d", 1, image, DESCRIBE(INTEGER("keepdims", 0)), &error) == FCNN_OK);
    CHECK(fcnn_shape_equal(&layer.output, &(fcnn_shape){1, {3}}));
    destroy(&layer);
    CHECK(make(&layer, "max_pooling2d", 1, image, POOL(6, 2, 2, 2, "valid"), &error) == FCNN_E_SHAPE);
    CHECK_ERROR(error, FCNN_E_SHAPE, "6x2 pool does not fit its 5x4 input");
    destroy(&layer);
    test_backward("max_pooling2d", 1, image, POOL(16, 17, 2, 2, "same")); /* more pixels than a byte can number */
    test_backward("max_pooling2d", 1, image, POOL(4, 100, 1, 3, "same"));
    CHECK(make(&layer, "average_pooling2d", 1, (fcnn_shape){1, {9}}, POOL(2, 2, 2, 2, "same"), &error) == FCNN_E_SHAPE);
    CHECK_ERROR(error, FCNN_E_SHAPE, "(height, width, channels)");
    destroy(&layer);
}

static void test_same_average_counts_valid_pixels(void)
{
    fcnn_layer layer;
    fcnn_error error;
    const fcnn_io io = batch(fcnn_kernels_for(best_isa()));
    const fcnn_shape small = {3, {3, 3, 1}};
    CHECK(make(&layer, "average_pooling2d", 1, small, POOL(2, 2, 2, 2, "same"), &error) == FCNN_OK);
    for (size_t j = 0; j < 9; j++)
        records[j] = (float)j;
    layer.class->forward(&layer, &io, 1);
    CHECK(io.y[0] == 2.0f && io.y[1] == 3.5f && io.y[2] == 6.5f && io.y[3] == 8.0f);
    destroy(&layer);
}

static void test_ties_go_to_the_first(void)
{
    static const char *const types[] = {"max_pooling2d", "global_max_pooling2d"};
    for (size_t t = 0; t < 2; t++) {
        fcnn_layer layer;
        fcnn_error error;
        const fcnn_io io = batch(fcnn_kernels_for(best_isa()));
        const fcnn_attributes pool = POOL(2, 2, 2, 2, "valid"), global = DESCRIBE(INTEGER("keepdims", 0));
        CHECK(make(&layer, types[t], 1, (fcnn_shape){3, {2, 2, 1}}, t ? global : pool, &error) == FCNN_OK);
        const float x[] = {1, 5, 5, 5};
        memcpy(records, x, sizeof x);
        gradients[2 * ROOM] = 3.0f;
        layer.class->forward(&layer, &io, 1);
        layer.class->backward(&layer, &io, 1);
        CHECK(io.y[0] == 5.0f);
        CHECK(gradients[0] == 0.0f && gradients[1] == 3.0f && gradients[2] == 0.0f && gradients[3] == 0.0f);
        destroy(&layer);
    }
}

static void test_reshape(void)
{
    fcnn_layer layer;
    fcnn_error error;
    CHECK(make(&layer, "reshape", 1, image, DESCRIBE(INTEGER("target_shape", 60)), &error) == FCNN_OK);
    CHECK(layer.view && fcnn_shape_equal(&layer.output, &(fcnn_shape){1, {60}}));
    CHECK(make(&layer, "reshape", 1, image, DESCRIBE(FOUR("target_shape", 5, 2, 2, 3)), &error) == FCNN_OK);
    CHECK(fcnn_shape_equal(&layer.output, &(fcnn_shape){4, {5, 2, 2, 3}}));
    CHECK(make(&layer, "reshape", 1, image, DESCRIBE(PAIR("target_shape", 5, 13)), &error) == FCNN_E_SHAPE);
    CHECK_ERROR(error, FCNN_E_SHAPE, "(5, 4, 3) cannot become (5, 13)");
}

static void test_dropout(void)
{
    test_backward("dropout", 1, image, DESCRIBE(NUMBER("rate", 0.4), INTEGER("seed", 9)));

    fcnn_layer layer;
    fcnn_error error;
    fcnn_io io = batch(fcnn_kernels_for(best_isa()));
    CHECK(make(&layer, "dropout", 1, image, DESCRIBE(NUMBER("rate", 0.5), INTEGER("seed", 9)), &error) == FCNN_OK);
    for (size_t j = 0; j < 60; j++)
        records[j] = records[STRIDE + j] = 1.0f;
    layer.class->forward(&layer, &io, IMAGES);
    CHECK(memcmp(io.y, io.y + STRIDE, 60 * sizeof(float)) != 0); /* images have masks of their own, */
    float second[60];
    memcpy(second, io.y + STRIDE, sizeof second);
    io.first_image++;
    layer.class->forward(&layer, &io, 1);
    CHECK(memcmp(io.y, second, sizeof second) == 0); /* whichever batch they come in */
    io.training = 0;
    layer.class->forward(&layer, &io, IMAGES);
    CHECK(memcmp(io.y, io.x[0], 60 * sizeof(float)) == 0);
    io.x[0] = io.y;
    layer.class->forward(&layer, &io, IMAGES);
    destroy(&layer);
    CHECK(make(&layer, "dropout", 1, image, DESCRIBE(NUMBER("rate", 1.5), INTEGER("seed", 9)), &error) ==
          FCNN_E_ARGUMENT);
    destroy(&layer);
}

static void test_rescaling_padding_and_add(void)
{
    test_backward("rescaling", 1, image, DESCRIBE(NUMBER("scale", 0.5), NUMBER("offset", -1)));
    test_backward("rescaling", 1, image, DESCRIBE(NUMBERS("scale", 0.5, -2, 1), NUMBERS("offset", -1, 0, 2)));
    test_backward("rescaling", 1, image, DESCRIBE(NUMBER("scale", 0.5), NUMBERS("offset", -1, 0, 2)));
    test_backward("zero_padding2d", 1, image, DESCRIBE(FOUR("padding", 1, 0, 2, 3)));
    test_backward("add", 2, image, (fcnn_attributes){NULL, 0});

    fcnn_layer layer;
    fcnn_error error;
    const fcnn_io io = batch(fcnn_kernels_for(best_isa()));
    const fcnn_shape small = {3, {1, 2, 1}};
    CHECK(make(&layer, "zero_padding2d", 1, small, DESCRIBE(FOUR("padding", 1, 0, 0, 1)), &error) == FCNN_OK);
    CHECK(fcnn_shape_equal(&layer.output, &(fcnn_shape){3, {2, 3, 1}}));
    records[0] = 7.0f;
    records[1] = 8.0f;
    layer.class->forward(&layer, &io, 1);
    const float expected[] = {0, 0, 0, 7, 8, 0};
    CHECK(memcmp(io.y, expected, sizeof expected) == 0);
    destroy(&layer);

    CHECK(make(&layer, "add", 1, image, (fcnn_attributes){NULL, 0}, &error) == FCNN_E_ARGUMENT);
    layer.inputs = 2;
    layer.input[1] = (fcnn_shape){1, {3}};
    CHECK(layer.class->create(&layer, &(fcnn_attributes){NULL, 0}, &error) == FCNN_E_SHAPE);
    CHECK_ERROR(error, FCNN_E_SHAPE, "(5, 4, 3) and (3,)");
}

static void test_inference_needs_no_saved_memory(void)
{
    fcnn_layer layer;
    fcnn_error error;
    fcnn_io io = batch(fcnn_kernels_for(best_isa()));
    CHECK(make(&layer, "max_pooling2d", 1, image, POOL(2, 2, 2, 2, "valid"), &error) == FCNN_OK);
    io.training = 0;
    io.saved = NULL;
    layer.class->forward(&layer, &io, IMAGES);
    destroy(&layer);
}

/* ---- what a class must have ---- */

static void no_range(const fcnn_layer *layer, size_t shard, size_t *begin, size_t *end)
{
    (void)layer;
    *begin = shard * 5; /* leaves out one parameter in five */
    *end = *begin + 4;
}

static void test_classes_that_are_not_whole_are_refused(void)
{
    fcnn_layer layer;
    fcnn_error error;
    CHECK(make(&layer, "dense", 1, image, DESCRIBE(INTEGER("units", 4), INTEGER("use_bias", 1)), &error) == FCNN_OK);
    CHECK(fcnn_layer_check(&layer, &error) == FCNN_OK);
    const size_t shards = layer.gradient_shards;
    layer.gradient_shards = 0; /* nobody would train it */
    CHECK(fcnn_layer_check(&layer, &error) == FCNN_E_ARGUMENT);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, "lacks a gradient for its parameters");
    layer.gradient_shards = shards;
    layer.prepare_shards = 1;
    CHECK(fcnn_layer_check(&layer, &error) == FCNN_E_ARGUMENT);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, "lacks prepare");
    layer.prepare_shards = 0;
    fcnn_layer_class class = *layer.class;
    class.gradient_range = no_range;
    layer.class = &class;
    CHECK(fcnn_layer_check(&layer, &error) == FCNN_E_ARGUMENT);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, "lacks a shard for each parameter");
    layer.parameter[0].shape = (fcnn_shape){4, {1 << 20, 1 << 20, 2, 2}};
    CHECK(fcnn_layer_check(&layer, &error) == FCNN_E_SHAPE);
    destroy(&layer);
}

int main(void)
{
    CHECK(fcnn_layer_find("swoosh") == NULL);
    test_activations();
    test_softmax();
    test_pools();
    test_same_average_counts_valid_pixels();
    test_ties_go_to_the_first();
    test_reshape();
    test_dropout();
    test_rescaling_padding_and_add();
    test_inference_needs_no_saved_memory();
    test_classes_that_are_not_whole_are_refused();
    return check_report();
}
