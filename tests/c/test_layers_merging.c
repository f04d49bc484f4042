/* test_layers_merging.c - merges, moves and resampling: values, refusals, gradients by finite differences. */
#include "layers.h"

static const fcnn_shape image = {3, {5, 4, 3}};
static const fcnn_attributes nothing = {NULL, 0};

/* A layer of two inputs of different shapes; status and error as make's. */
static fcnn_status make_pair(fcnn_layer *layer, const char *type, fcnn_shape first, fcnn_shape second,
                             fcnn_attributes attributes, fcnn_error *error)
{
    *layer = (fcnn_layer){.class = fcnn_layer_find(type), .name = "tested", .inputs = 2, .input = {first, second}};
    *error = (fcnn_error){.status = FCNN_OK};
    return layer->class->create(layer, &attributes, error);
}

static void test_merges(void)
{
    static const char *const types[] = {"add", "average", "subtract", "multiply", "maximum", "minimum"};
    for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
        test_backward(types[t], 2, image, nothing);
        fcnn_layer layer;
        fcnn_error error;
        CHECK(make_pair(&layer, types[t], image, (fcnn_shape){1, {3}}, nothing, &error) == FCNN_OK);
        CHECK(fcnn_shape_equal(&layer.output, &image));
        destroy(&layer);
        CHECK(make_pair(&layer, types[t], (fcnn_shape){2, {4, 1}}, (fcnn_shape){3, {5, 1, 3}}, nothing, &error) ==
              FCNN_OK);
        CHECK(fcnn_shape_equal(&layer.output, &image));
        destroy(&layer);
        CHECK(make_pair(&layer, types[t], image, (fcnn_shape){1, {4}}, nothing, &error) == FCNN_E_SHAPE);
        CHECK_ERROR(error, FCNN_E_SHAPE, "(5, 4, 3) and (4,)");
        destroy(&layer);
    }
    fcnn_layer layer;
    fcnn_error error;
    CHECK(make(&layer, "subtract", 1, image, nothing, &error) == FCNN_E_ARGUMENT);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, "exactly 2 inputs");
}

/* y = combination of x0 and x1, broadcast, and dx of both; numbers worked out by hand. */
static void test_broadcast_values(void)
{
    static const struct {
        const char *type;
        float y[6], dx0[6], dx1[2];
    } expected[] = {
        {"add", {11, 12, 13, 24, 25, 26}, {1, 2, 3, 4, 5, 6}, {6, 15}},
        {"subtract", {-9, -8, -7, -16, -15, -14}, {1, 2, 3, 4, 5, 6}, {-6, -15}},
        {"multiply", {10, 20, 30, 80, 100, 120}, {10, 20, 30, 80, 100, 120}, {14, 77}},
        {"average", {5.5f, 6, 6.5f, 12, 12.5f, 13}, {0.5f, 1, 1.5f, 2, 2.5f, 3}, {3, 7.5f}},
        {"maximum", {10, 10, 10, 20, 20, 20}, {0, 0, 0, 0, 0, 0}, {6, 15}},
        {"minimum", {1, 2, 3, 4, 5, 6}, {1, 2, 3, 4, 5, 6}, {0, 0}},
    };
    const float x0[] = {1, 2, 3, 4, 5, 6}, x1[] = {10, 20};
    for (size_t e = 0; e < sizeof expected / sizeof *expected; e++) {
        fcnn_layer layer;
        fcnn_error error;
        const fcnn_io io = batch(fcnn_kernels_for(best_isa()));
        CHECK(make_pair(&layer, expected[e].type, (fcnn_shape){2, {2, 3}}, (fcnn_shape){2, {2, 1}}, nothing, &error) ==
              FCNN_OK);
        memcpy(records, x0, sizeof x0);
        memcpy(records + ROOM, x1, sizeof x1);
        memcpy(gradients + 2 * ROOM, x0, sizeof x0);
        layer.class->forward(&layer, &io, 1);
        layer.class->backward(&layer, &io, 1);
        CHECK(memcmp(io.y, expected[e].y, sizeof x0) == 0);
        CHECK(memcmp(io.dx[0], expected[e].dx0, sizeof x0) == 0);
        CHECK(memcmp(io.dx[1], expected[e].dx1, sizeof x1) == 0);
        destroy(&layer);
    }
}

static void test_ties_go_to_the_first_input(void)
{
    static const char *const types[] = {"maximum", "minimum"};
    for (size_t t = 0; t < 2; t++)
        for (int wanted = 0; wanted < 2; wanted++) {
            fcnn_layer layer;
            fcnn_error error;
            fcnn_io io = batch(fcnn_kernels_for(best_isa()));
            CHECK(make(&layer, types[t], 2, (fcnn_shape){1, {1}}, nothing, &error) == FCNN_OK);
            records[0] = records[ROOM] = 4.0f;
            gradients[2 * ROOM] = 3.0f;
            gradients[0] = gradients[ROOM] = 9.0f;
            if (!wanted)
                io.dx[0] = NULL; /* it takes the gradient all the same */
            layer.class->forward(&layer, &io, 1);
            layer.class->backward(&layer, &io, 1);
            CHECK(gradients[0] == (wanted ? 3.0f : 9.0f) && gradients[ROOM] == 0.0f);
            destroy(&layer);
        }
}

static void test_concatenate(void)
{
    for (int axis = 0; axis < 3; axis++)
        test_backward("concatenate", 2, image, DESCRIBE(INTEGER("axis", axis)));

    fcnn_layer layer;
    fcnn_error error;
    const fcnn_io io = batch(fcnn_kernels_for(best_isa()));
    const fcnn_attributes last = DESCRIBE(INTEGER("axis", 1));
    CHECK(make_pair(&layer, "concatenate", (fcnn_shape){2, {2, 2}}, (fcnn_shape){2, {2, 1}}, last, &error) == FCNN_OK);
    const float x0[] = {1, 2, 3, 4}, x1[] = {5, 6}, y[] = {1, 2, 5, 3, 4, 6};
    memcpy(records, x0, sizeof x0);
    memcpy(records + ROOM, x1, sizeof x1);
    layer.class->forward(&layer, &io, 1);
    CHECK(memcmp(io.y, y, sizeof y) == 0);
    destroy(&layer);
    CHECK(make_pair(&layer, "concatenate", image, (fcnn_shape){3, {5, 3, 3}}, DESCRIBE(INTEGER("axis", 2)), &error) ==
          FCNN_E_SHAPE);
    CHECK_ERROR(error, FCNN_E_SHAPE, "along axis 3");
    destroy(&layer);
    CHECK(make_pair(&layer, "concatenate", image, image, DESCRIBE(INTEGER("axis", 3)), &error) == FCNN_E_SHAPE);
    destroy(&layer);
}

static void test_dot(void)
{
    fcnn_layer layer;
    fcnn_error error;
    test_backward("dot", 2, (fcnn_shape){2, {4, 4}}, nothing);
    CHECK(make_pair(&layer, "dot", (fcnn_shape){2, {2, 3}}, (fcnn_shape){2, {4, 5}}, nothing, &error) == FCNN_E_SHAPE);
    CHECK_ERROR(error, FCNN_E_SHAPE, "(2, 3) and (4, 5)");
    CHECK(make(&layer, "dot", 1, image, nothing, &error) == FCNN_E_ARGUMENT);
}

static void test_permute(void)
{
    fcnn_layer layer;
    fcnn_error error;
    test_backward("permute", 1, (fcnn_shape){4, {5, 2, 3, 4}}, DESCRIBE(FOUR("dims", 2, 3, 1, 0)));
    test_backward("permute", 1, (fcnn_shape){4, {5, 2, 3, 4}}, DESCRIBE(FOUR("dims", 2, 0, 1, 3)));
    CHECK(make(&layer, "permute", 1, image, DESCRIBE(PAIR("dims", 1, 0)), &error) == FCNN_E_SHAPE);
    CHECK_ERROR(error, FCNN_E_SHAPE, "`dims` has 2 axes, the input of shape (5, 4, 3) has 3");
    destroy(&layer);
    CHECK(make(&layer, "permute", 1, (fcnn_shape){2, {5, 4}}, DESCRIBE(PAIR("dims", 1, 1)), &error) == FCNN_E_ARGUMENT);
    destroy(&layer);
}

static void test_margins(void)
{
    fcnn_layer layer;
    fcnn_error error;
    test_backward("cropping2d", 1, image, DESCRIBE(FOUR("cropping", 1, 0, 2, 1)));
    CHECK(make(&layer, "cropping2d", 1, image, DESCRIBE(FOUR("cropping", 2, 3, 0, 0)), &error) == FCNN_E_SHAPE);
    CHECK_ERROR(error, FCNN_E_SHAPE, "leaves nothing of a 5x4 input");
    destroy(&layer);

    const fcnn_io io = batch(fcnn_kernels_for(best_isa()));
    const fcnn_attributes padding = DESCRIBE(FOUR("padding", 0, 1, 1, 0), NUMBER("value", 0.5));
    CHECK(make(&layer, "zero_padding2d", 1, (fcnn_shape){3, {1, 1, 1}}, padding, &error) == FCNN_OK);
    records[0] = 7.0f;
    layer.class->forward(&layer, &io, 1);
    CHECK(io.y[0] == 0.5f && io.y[1] == 7.0f && io.y[2] == 0.5f && io.y[3] == 0.5f);
    destroy(&layer);
}

#define RESIZE(h, w, how, smooth) DESCRIBE(PAIR("size", h, w), TEXT("interpolation", how), INTEGER("antialias", smooth))

static void test_resampling(void)
{
    static const char *const interpolations[] = {"nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"};
    fcnn_layer layer;
    fcnn_error error;
    test_backward("up_sampling2d", 1, image, DESCRIBE(PAIR("size", 2, 3)));
    for (size_t i = 0; i < sizeof interpolations / sizeof *interpolations; i++)
        for (int antialias = 0; antialias < 2; antialias++) {
            test_backward("resizing", 1, image, RESIZE(5, 4, interpolations[i], antialias));
            test_backward("resizing", 1, image, RESIZE(3, 11, interpolations[i], antialias));
            test_backward("resizing", 1, image, RESIZE(1, 1, interpolations[i], antialias));
        }
    CHECK(make(&layer, "resizing", 1, image, RESIZE(2, 2, "area", 0), &error) == FCNN_E_ARGUMENT);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, "'lanczos5'");
    destroy(&layer);

    const fcnn_io io = batch(fcnn_kernels_for(best_isa()));
    CHECK(make(&layer, "resizing", 1, (fcnn_shape){3, {1, 2, 1}}, RESIZE(1, 4, "bilinear", 0), &error) == FCNN_OK);
    records[0] = 0.0f;
    records[1] = 4.0f;
    layer.class->forward(&layer, &io, 1);
    CHECK(io.y[0] == 0.0f && io.y[1] == 1.0f && io.y[2] == 3.0f && io.y[3] == 4.0f);
    destroy(&layer);
}

int main(void)
{
    test_merges();
    test_broadcast_values();
    test_ties_go_to_the_first_input();
    test_concatenate();
    test_dot();
    test_permute();
    test_margins();
    test_resampling();
    return check_report();
}
