/* test_layers_operators.c - what the code of users is made of: functions, pairs, reductions, slices, given arrays. */
#include <math.h>

#include "layers.h"

static const fcnn_shape image = {3, {5, 4, 3}};
static const fcnn_attributes nothing = {NULL, 0};

static void test_gradients(void)
{
    static const char *const functions[] = {"absolute", "clip", "cos", "erf", "expm1", "sin", "square"};
    static const char *const flat[] = {"ceil", "floor", "round", "sign", "stop_gradient", "trunc"};
    for (size_t f = 0; f < sizeof functions / sizeof *functions; f++)
        test_backward("function", 1, image, DESCRIBE(TEXT("function", functions[f]), NUMBER("high", 0.5)));
    test_backward("function", 1, image, DESCRIBE(TEXT("function", "power"), NUMBER("exponent", 3)));
    for (size_t f = 0; f < sizeof flat / sizeof *flat; f++) {
        fcnn_layer layer;
        fcnn_error error;
        CHECK(make(&layer, "function", 1, image, DESCRIBE(TEXT("function", flat[f])), &error) == FCNN_OK);
        CHECK(layer.backward_reads == 0);
        destroy(&layer);
    }
    static const char *const kinds[] = {"sum", "mean", "max", "min"};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (int first = 0; first < 3; first++)
            for (int last = first; last < 3; last++)
                test_backward("reduce", 1, image,
                              DESCRIBE(TEXT("kind", kinds[k]), INTEGER("first", first), INTEGER("last", last),
                                       INTEGER("keepdims", (first + last) % 2)));
    test_backward(
        "slice", 1, image,
        DESCRIBE(THREE("begin", 1, 0, 2), THREE("step", 2, 3, 1), THREE("reverse", 0, 1, 0), THREE("extent", 2, 2, 1)));
    test_backward("pad", 1, image,
                  DESCRIBE(THREE("begin", 1, 0, 2), THREE("step", 1, 2, 1), THREE("reverse", 0, 1, 1),
                           THREE("whole", 7, 7, 6), NUMBER("value", 2)));
    test_backward("by_training", 2, image, nothing);
}

/* A condition of one column, an input as large as the output, and one row: each number's gradient has one way to go. */
static void test_where(void)
{
    const float condition[] = {-1, 0}, one[] = {1, 2, 3, 4, 5, 6}, other[] = {10, 20, 30};
    const float dy[] = {1, 2, 4, 8, 16, 32}, y[] = {1, 2, 3, 10, 20, 30};
    const float d_condition[] = {0, 0}, d_one[] = {1, 2, 4, 0, 0, 0}, d_other[] = {8, 16, 32};
    float got[6], got_condition[2], got_one[6], got_other[3];
    const fcnn_io io = {
        .kernels = fcnn_kernels_for(best_isa()),
        .x = {condition, one, other},
        .y = got,
        .dx = {got_condition, got_one, got_other},
        .dy = dy,
        .scratch = scratch,
    };
    fcnn_layer layer = {.class = fcnn_layer_find("where"), .name = "tested", .inputs = 3};
    fcnn_error error;
    layer.input[0] = (fcnn_shape){2, {2, 1}};
    layer.input[1] = (fcnn_shape){2, {2, 3}};
    layer.input[2] = (fcnn_shape){2, {1, 3}};
    CHECK(layer.class->create(&layer, &nothing, &error) == FCNN_OK);
    layer.class->forward(&layer, &io, 1);
    layer.class->backward(&layer, &io, 1);
    CHECK(memcmp(got, y, sizeof y) == 0);
    CHECK(memcmp(got_condition, d_condition, sizeof d_condition) == 0);
    CHECK(memcmp(got_one, d_one, sizeof d_one) == 0);
    CHECK(memcmp(got_other, d_other, sizeof d_other) == 0);
    destroy(&layer);
}

static void test_refusals(void)
{
    fcnn_layer layer;
    fcnn_error error;
    CHECK(make(&layer, "function", 1, image, DESCRIBE(TEXT("function", "swoosh")), &error) == FCNN_E_ARGUMENT);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, "swoosh");
    destroy(&layer);
    CHECK(make(&layer, "reduce", 1, image, DESCRIBE(TEXT("kind", "sum"), INTEGER("first", 2), INTEGER("last", 1)),
               &error) == FCNN_E_ARGUMENT);
    destroy(&layer);
    const fcnn_attributes outside =
        DESCRIBE(THREE("begin", 1, 0, 2), THREE("step", 2, 3, 1), THREE("reverse", 0, 1, 0), THREE("extent", 3, 2, 1));
    CHECK(make(&layer, "slice", 1, image, outside, &error) == FCNN_E_SHAPE);
    CHECK_ERROR(error, FCNN_E_SHAPE, "index 5 of axis 0 is not within the shape (5, 4, 3)");
    destroy(&layer);
    CHECK(make(&layer, "divide", 1, image, nothing, &error) == FCNN_E_ARGUMENT);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, "exactly 2 inputs");
    destroy(&layer);
    CHECK(make(&layer, "where", 2, image, nothing, &error) == FCNN_E_ARGUMENT);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, "a condition and 2 inputs");
    destroy(&layer);
    CHECK(make(&layer, "constant", 1, image, DESCRIBE(THREE("shape", 1, 2, 1), NUMBER("values", 3)), &error) ==
          FCNN_E_ARGUMENT);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, "a constant of 2 numbers got 1");
    destroy(&layer);
}

int main(void)
{
    test_gradients();
    test_where();
    test_refusals();
    return check_report();
}
