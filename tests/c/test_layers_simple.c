/* test_layers_simple.c - the layers without parameters: shapes, values, refusals, gradients by finite differences. */
#include "layers.h"

static const fcnn_shape image = {3, {5, 4, 3}};

static void test_activations(void)
{
    static const char *const functions[] = {"relu",        "sigmoid",        "tanh",         "elu",         "selu",
                                            "softplus",    "softsign",       "gelu",         "gelu_tanh",   "silu",
                                            "celu",        "exponential",    "hard_sigmoid", "hard_silu",   "hard_tanh",
                                            "log_sigmoid", "mish",           "hard_shrink",  "soft_shrink", "threshold",
                                            "sparse_plus", "sparse_sigmoid", "squareplus",   "tanh_shrink"};
    for (size_t f = 0; f < sizeof functions / sizeof *functions; f++)
        test_backward("activation", 1, image, DESCRIBE(TEXT("function", functions[f])));
    test_backward("activation", 1, image, DESCRIBE(TEXT("function", "relu"), NUMBER("negative_slope", 0.25)));
    test_backward("activation", 1, image, DESCRIBE(TEXT("function", "relu"), NUMBER("max_value", 1.5)));
    test_backward("activation", 1, image, DESCRIBE(TEXT("function", "relu"), NUMBER("threshold", 1.0)));
    test_backward("activation", 1, image,
                  DESCRIBE(TEXT("function", "relu"), NUMBER("negative_slope", 0.5), NUMBER("max_value", 2.0),
                           NUMBER("threshold", 0.5)));
    test_backward("activation", 1, image, DESCRIBE(TEXT("function", "elu"), NUMBER("alpha", 0.5)));
    test_backward("activation", 1, image, DESCRIBE(TEXT("function", "celu"), NUMBER("alpha", 0.5)));
    test_backward("activation", 1, image, DESCRIBE(TEXT("function", "hard_shrink"), NUMBER("threshold", 1.5)));
    test_backward("activation", 1, image, DESCRIBE(TEXT("function", "soft_shrink"), NUMBER("threshold", 0.5)));
    test_backward("activation", 1, image, DESCRIBE(TEXT("function", "soft_shrink"), NUMBER("threshold", -0.5)));
    test_backward("activation", 1, image, DESCRIBE(TEXT("function", "squareplus"), NUMBER("b", 0.5)));
    test_backward("activation", 1, image,
                  DESCRIBE(TEXT("function", "threshold"), NUMBER("threshold", -1), NUMBER("default_value", 7)));

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
    static const char *const types[] = {"softmax", "log_softmax"};
    for (size_t t = 0; t < 2; t++) {
        test_backward(types[t], 1, image, (fcnn_attributes){NULL, 0});
        test_backward(types[t], 1, (fcnn_shape){1, {10}}, (fcnn_attributes){NULL, 0});
        test_backward(types[t], 1, image, DESCRIBE(THREE("along", 1, 0, 0)));
        test_backward(types[t], 1, image, DESCRIBE(THREE("along", 0, 1, 0)));
        test_backward(types[t], 1, image, DESCRIBE(THREE("along", 1, 0, 1)));
        test_backward(types[t], 1, image, DESCRIBE(THREE("along", 1, 1, 1)));
    }

    fcnn_layer layer;
    fcnn_error error;
    CHECK(make(&layer, "softmax", 1, image, DESCRIBE(THREE("along", 0, 0, 1)), &error) == FCNN_OK);
    CHECK(layer.activation && strcmp(layer.activation, "softmax") == 0); /* which a loss can absorb, */
    destroy(&layer);
    CHECK(make(&layer, "softmax", 1, image, DESCRIBE(THREE("along", 1, 0, 1)), &error) == FCNN_OK);
    CHECK(!layer.activation); /* but not over other axes, */
    destroy(&layer);
    const fcnn_shape cube = {3, {3, 3, 3}};
    CHECK(make(&layer, "softmax", 1, cube, DESCRIBE(THREE("along", 1, 0, 0)), &error) == FCNN_OK);
    CHECK(!layer.activation); /* whatever their length */
    destroy(&layer);
    const fcnn_shape four = {4, {2, 3, 2, 3}};
    CHECK(make(&layer, "softmax", 1, four, DESCRIBE(FOUR("along", 1, 0, 1, 0)), &error) == FCNN_E_SHAPE);
    CHECK_ERROR(error, FCNN_E_SHAPE, "'tested': these axes of an input with 4 are not supported by fashioncnn");
    destroy(&layer);
}

/* Of 0.1, 0.9, 0.5 the last two are the support: tau = (0.9 + 1.4 - 1) / 2. */
static void test_sparsemax(void)
{
    static const size_t along[] = {0, 1};
    for (size_t a = 0; a < 2; a++) {
        const size_t step = a == 0 ? 2 : 1; /* between the numbers of a vector */
        fcnn_layer layer;
        fcnn_error error;
        const fcnn_io io = batch(fcnn_kernels_for(best_isa()));
        CHECK(make(&layer, "sparsemax", 1, a == 0 ? (fcnn_shape){2, {3, 2}} : (fcnn_shape){2, {2, 3}},
                   DESCRIBE(PAIR("along", along[1 - a], along[a])), &error) == FCNN_OK);
        static const float x[] = {0.1f, 0.9f, 0.5f}, dy[] = {1, 2, 3};
        static const double y[] = {0, 0.25, 0}, dx[] = {0, 0, -1};
        for (size_t j = 0; j < 3; j++) {
            records[j * step] = x[j];
            records[j * step + (a == 0 ? 1 : 3)] = x[2 - j];
            gradients[2 * ROOM + j * step] = dy[j];
        }
        layer.class->forward(&layer, &io, 1);
        layer.class->backward(&layer, &io, 1);
        for (size_t j = 0; j < 3; j++) {
            CHECK_CLOSE(io.y[j * step], y[j], 1e-7);
            CHECK_CLOSE(gradients[j * step], dx[j], 1e-7);
        }
        CHECK_CLOSE(io.y[step + (a == 0 ? 1 : 3)], 0.25, 1e-7);
        destroy(&layer);
    }
}

static void test_glu(void)
{
    test_backward("glu", 1, (fcnn_shape){3, {3, 2, 4}}, (fcnn_attributes){NULL, 0});
    test_backward("glu", 1, (fcnn_shape){3, {3, 2, 4}}, DESCRIBE(INTEGER("axis", 1)));

    fcnn_layer layer;
    fcnn_error error;
    CHECK(make(&layer, "glu", 1, (fcnn_shape){2, {4, 3}}, DESCRIBE(INTEGER("axis", 0)), &error) == FCNN_OK);
    CHECK(fcnn_shape_equal(&layer.output, &(fcnn_shape){2, {2, 3}}));
    destroy(&layer);
    CHECK(make(&layer, "glu", 1, image, (fcnn_attributes){NULL, 0}, &error) == FCNN_E_SHAPE);
    CHECK_ERROR(error, FCNN_E_SHAPE, "glu cannot halve an axis of 3");
    destroy(&layer);
}

static void test_normalization(void)
{
    static const char *const kinds[] = {"standard", "variance", "rms", "unit"};
    const fcnn_shape four = {4, {2, 3, 2, 3}};
    for (size_t k = 0; k < 4; k++) {
        test_backward("normalization", 1, image, DESCRIBE(TEXT("kind", kinds[k]), THREE("along", 0, 0, 1)));
        test_backward("normalization", 1, image, DESCRIBE(TEXT("kind", kinds[k]), THREE("along", 1, 0, 0)));
        test_backward("normalization", 1, image, DESCRIBE(TEXT("kind", kinds[k]), THREE("along", 0, 1, 0)));
        test_backward("normalization", 1, image,
                      DESCRIBE(TEXT("kind", kinds[k]), THREE("along", 1, 0, 1), NUMBER("epsilon", 0.5)));
        test_backward("normalization", 1, image, DESCRIBE(TEXT("kind", kinds[k]), THREE("along", 1, 1, 1)));
        test_backward("normalization", 1, four, DESCRIBE(TEXT("kind", kinds[k]), FOUR("along", 0, 1, 0, 1)));
    }
}

/* Numbers far from 0: their variance is not the small difference of two large numbers. */
static void test_normalization_of_large_numbers(void)
{
    for (int along = 0; along < 2; along++) {
        fcnn_layer layer;
        fcnn_error error;
        fcnn_io io = batch(fcnn_kernels_for(best_isa()));
        CHECK(make(&layer, "normalization", 1, (fcnn_shape){2, {32, 4}},
                   DESCRIBE(TEXT("kind", "standard"), PAIR("along", 1, along)), &error) == FCNN_OK);
        for (size_t j = 0; j < 128; j++)
            records[j] = 65536.0f + (float)(j / 4 % 2);
        layer.class->forward(&layer, &io, 1);
        for (size_t j = 0; j < 128; j++)
            CHECK_CLOSE(io.y[j], j / 4 % 2 ? 1.0 : -1.0, 1e-6);
        destroy(&layer);
    }
}

static void test_a_vector_of_no_length_is_multiplied_by_a_constant(void)
{
    fcnn_layer layer;
    fcnn_error error;
    fcnn_io io = batch(fcnn_kernels_for(best_isa()));
    CHECK(make(&layer, "normalization", 1, (fcnn_shape){1, {4}}, DESCRIBE(TEXT("kind", "unit"), INTEGER("along", 1)),
               &error) == FCNN_OK);
    for (size_t j = 0; j < 4; j++) {
        records[j] = j == 1 ? 1e-13f : 0.0f;
        gradients[2 * ROOM + j] = 1.0f;
    }
    layer.class->forward(&layer, &io, 1);
    layer.class->backward(&layer, &io, 1);
    for (size_t j = 0; j < 4; j++) {
        CHECK_CLOSE(io.y[j], j == 1 ? 0.1 : 0.0, 1e-7);
        CHECK(gradients[j] == 1e12f);
    }
    destroy(&layer);
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

static void test_rescaling_and_padding(void)
{
    test_backward("rescaling", 1, image, DESCRIBE(NUMBER("scale", 0.5), NUMBER("offset", -1)));
    test_backward("rescaling", 1, image, DESCRIBE(NUMBERS("scale", 0.5, -2, 1), NUMBERS("offset", -1, 0, 2)));
    test_backward("rescaling", 1, image, DESCRIBE(NUMBER("scale", 0.5), NUMBERS("offset", -1, 0, 2)));
    test_backward("zero_padding2d", 1, image, DESCRIBE(FOUR("padding", 1, 0, 2, 3)));

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
}

static void test_penalties(void)
{
    test_backward("activity_regularization", 1, image, DESCRIBE(NUMBER("l1", 0.75), NUMBER("l2", 0.5)));
    test_backward("activity_regularization", 1, image, DESCRIBE(NUMBER("l2", 2.5)));

    fcnn_layer layer;
    fcnn_error error;
    const fcnn_shape three = {1, {3}};
    CHECK(make(&layer, "activity_regularization", 1, three, DESCRIBE(NUMBER("l1", 0.5), NUMBER("l2", 4)), &error) ==
          FCNN_OK);
    CHECK(layer.penalizes);
    for (size_t i = 0; i < IMAGES; i++)
        memcpy(records + i * STRIDE, (float[]){2.0f + (float)i, -1.0f, 0.0f}, 3 * sizeof(float));
    fcnn_io io = batch(fcnn_kernels_for(FCNN_ISA_REFERENCE));
    layer.class->forward(&layer, &io, IMAGES);
    CHECK(penalties[0] == 0.5 * 3 + 4 * 5 && penalties[1] == 0.5 * 4 + 4 * 10);
    CHECK(memcmp(io.y, io.x[0], 3 * sizeof(float)) == 0 && io.y[STRIDE] == 3.0f);
    io.dy = NULL; /* nobody else asks for it */
    layer.class->backward(&layer, &io, IMAGES);
    CHECK(io.dx[0][0] == 0.25f + 8.0f && io.dx[0][1] == -0.25f - 4.0f && io.dx[0][2] == 0.0f);
    CHECK(io.dx[0][STRIDE] == 0.25f + 12.0f);
    destroy(&layer);
    memset(penalties, 0, sizeof penalties);

    CHECK(make(&layer, "activity_regularization", 1, three, DESCRIBE(NUMBER("l1", -1)), &error) == FCNN_E_ARGUMENT);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, "l1");
    destroy(&layer);
    CHECK(make(&layer, "activity_regularization", 1, three, DESCRIBE(NUMBER("l3", 1)), &error) == FCNN_E_ARGUMENT);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, "l3");
    destroy(&layer);
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
    test_sparsemax();
    test_glu();
    test_normalization();
    test_normalization_of_large_numbers();
    test_a_vector_of_no_length_is_multiplied_by_a_constant();
    test_pools();
    test_same_average_counts_valid_pixels();
    test_ties_go_to_the_first();
    test_reshape();
    test_rescaling_and_padding();
    test_penalties();
    test_inference_needs_no_saved_memory();
    test_classes_that_are_not_whole_are_refused();
    return check_report();
}
