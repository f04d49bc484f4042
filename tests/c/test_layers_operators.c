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
    test_backward("where", 3, image, nothing);
    test_backward("by_training", 2, image, nothing);
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
    test_refusals();
    return check_report();
}
