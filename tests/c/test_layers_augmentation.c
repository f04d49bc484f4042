/* test_layers_augmentation.c - layers that change images at random: gradients, what belongs to an image, ranges of what
 * is drawn, refusals; and the normalization by data.
 */
#include "layers.h"

static const fcnn_shape image = {3, {5, 4, 3}};
enum { SIZE = 60, DRAWS = 400 };

#define SEEDED(...) DESCRIBE(INTEGER("seed", 9), __VA_ARGS__)
#define FACTOR(low, high) NUMBERS("factor", low, high)
#define RANGE(low, high) NUMBERS("value_range", low, high)
#define RESAMPLED(fill, how) TEXT("fill_mode", fill), TEXT("interpolation", how), NUMBER("fill_value", 0.5)
#define BOTH(low, high) NUMBERS("height_factor", low, high), NUMBERS("width_factor", low, high)

static void fill_with(float value)
{
    for (size_t i = 0; i < IMAGES * STRIDE; i++)
        records[i] = value;
}

static void test_gradients(void)
{
    static const char *const fills[] = {"constant", "nearest", "reflect", "wrap"};
    static const char *const interpolations[] = {"nearest", "bilinear"};
    for (size_t f = 0; f < 4; f++)
        for (size_t i = 0; i < 2; i++) {
            const fcnn_attribute factor = FACTOR(-0.3, 0.4);
            test_backward("random_translation", 1, image,
                          SEEDED(BOTH(-0.7, 0.9), RESAMPLED(fills[f], interpolations[i])));
            test_backward("random_rotation", 1, image, SEEDED(factor, RESAMPLED(fills[f], interpolations[i])));
            test_backward("random_zoom", 1, image, SEEDED(BOTH(-0.5, 0.9), RESAMPLED(fills[f], interpolations[i])));
        }
    test_backward("random_zoom", 1, image, SEEDED(NUMBERS("height_factor", -0.5, 0.9), RESAMPLED("wrap", "bilinear")));
    test_backward("random_flip", 1, image, SEEDED(INTEGER("horizontal", 1)));
    test_backward("random_flip", 1, image, SEEDED(INTEGER("horizontal", 1), INTEGER("vertical", 1)));
    test_backward("random_crop", 1, image, SEEDED(PAIR("size", 3, 2)));
    test_backward("random_brightness", 1, image, SEEDED(FACTOR(0.25, 0.25), RANGE(-1.75, 1.75)));
    test_backward("random_contrast", 1, image, SEEDED(FACTOR(0.5, 1.5), RANGE(-9, 9)));
    test_backward("random_erasing", 1, image,
                  SEEDED(FACTOR(1, 1), RANGE(-2, 2), NUMBERS("scale", 0.1, 0.5), NUMBER("deviation", 1)));
    test_backward("standardization", 1, image,
                  DESCRIBE(THREE("along", 0, 0, 1), NUMBERS("mean", 1, 2, 3), NUMBERS("variance", 4, 9, 0.25)));
    test_backward("standardization", 1, image,
                  DESCRIBE(THREE("along", 0, 1, 0), INTEGER("invert", 1), NUMBERS("mean", 1, 2, 3, 4),
                           NUMBERS("variance", 4, 9, 0.25, 1)));
}

/* What is done to an image is the same whichever batch it comes in; in inference nothing is, also in place. */
static void test_images(const char *type, fcnn_attributes attributes)
{
    fcnn_layer layer;
    fcnn_error error;
    fcnn_io io = batch(fcnn_kernels_for(best_isa()));
    float second[SIZE], inputs[SIZE];
    CHECK(make(&layer, type, 1, image, attributes, &error) == FCNN_OK);
    const size_t size = fcnn_shape_size(&layer.output) * sizeof(float);
    int differ = 0;
    for (io.random_step = 0; io.random_step < 8; io.random_step++) {
        for (size_t i = 0; i < IMAGES; i++)
            fill_inputs(SIZE, records + i * STRIDE, 3, 0);
        layer.class->forward(&layer, &io, IMAGES);
        differ |= memcmp(io.y, io.y + STRIDE, size) != 0;
        memcpy(second, io.y + STRIDE, size);
        io.first_image++;
        layer.class->forward(&layer, &io, 1);
        CHECK(memcmp(io.y, second, size) == 0);
        io.first_image--;
    }
    CHECK(differ);
    io.training = 0;
    if (fcnn_shape_equal(&layer.output, &image)) {
        memcpy(inputs, records, sizeof inputs);
        layer.class->forward(&layer, &io, IMAGES);
        CHECK(memcmp(io.y, inputs, sizeof inputs) == 0);
        memcpy((float *)io.dy, inputs, sizeof inputs);
        layer.class->backward(&layer, &io, 1);
        CHECK(memcmp(io.dx[0], inputs, sizeof inputs) == 0);
        if (layer.in_place)
            io.y = records;
        layer.class->forward(&layer, &io, 1);
        CHECK(memcmp(io.y, inputs, sizeof inputs) == 0);
    }
    destroy(&layer);
}

/* Brightness shows its draws: y - x. They fill the interval, each half of it about as often. */
static void test_draws(void)
{
    fcnn_layer layer;
    fcnn_error error;
    fcnn_io io = batch(fcnn_kernels_for(best_isa()));
    CHECK(make(&layer, "random_brightness", 1, image, SEEDED(FACTOR(-3, 5), RANGE(-9, 9)), &error) == FCNN_OK);
    fill_with(1.0f);
    float least = 9.0f, most = -9.0f;
    size_t above = 0;
    for (io.random_step = 0; io.random_step < DRAWS; io.random_step++) {
        layer.class->forward(&layer, &io, 1);
        const float drawn = io.y[0] - 1.0f;
        least = fminf(least, drawn);
        most = fmaxf(most, drawn);
        above += drawn > 1.0f;
    }
    CHECK(least >= -3.0f && least < -2.8f && most < 5.0f && most > 4.8f);
    CHECK(above > DRAWS / 2 - 40 && above < DRAWS / 2 + 40);
    destroy(&layer);
}

/* Every window comes; in inference that in the middle. */
static void test_crop(void)
{
    fcnn_layer layer;
    fcnn_error error;
    fcnn_io io = batch(fcnn_kernels_for(best_isa()));
    CHECK(make(&layer, "random_crop", 1, image, SEEDED(PAIR("size", 3, 2)), &error) == FCNN_OK);
    for (size_t j = 0; j < SIZE; j++)
        records[j] = (float)j;
    int seen[3][3] = {{0}};
    for (io.random_step = 0; io.random_step < DRAWS; io.random_step++) {
        layer.class->forward(&layer, &io, 1);
        const size_t first = (size_t)io.y[0];
        CHECK(first % 3 == 0 && first / 12 < 3 && first % 12 / 3 < 3);
        CHECK(io.y[17] == (float)(first + 2 * 12 + 5));
        seen[first / 12][first % 12 / 3]++;
    }
    for (size_t i = 0; i < 9; i++)
        CHECK(seen[i / 3][i % 3] > DRAWS / 9 - 25);
    io.training = 0;
    layer.class->forward(&layer, &io, 1);
    CHECK(io.y[0] == 12.0f + 3.0f);
    destroy(&layer);
}

static void test_clipping(void)
{
    fcnn_layer layer;
    fcnn_error error;
    const float x[] = {0, 1, 2, 5}, dy[] = {1, 2, 3, 4};
    float y[4], dx[4];
    const fcnn_shape line = {3, {1, 4, 1}};
    fcnn_io io = batch(fcnn_kernels_for(best_isa()));
    io.x[0] = x;
    io.y = y;
    io.dy = dy;
    io.dx[0] = dx;
    CHECK(make(&layer, "random_contrast", 1, line, SEEDED(FACTOR(2, 2), RANGE(-1, 7)), &error) == FCNN_OK);
    layer.class->forward(&layer, &io, 1);
    layer.class->backward(&layer, &io, 1);
    const float high[] = {-1, 0, 2, 7}, high_gradient[] = {-1.25f, 2.75f, 4.75f, -1.25f};
    CHECK(memcmp(y, high, sizeof y) == 0 && memcmp(dx, high_gradient, sizeof dx) == 0);
    destroy(&layer);
    CHECK(make(&layer, "random_brightness", 1, line, SEEDED(FACTOR(-1, -1), RANGE(0, 3)), &error) == FCNN_OK);
    layer.class->forward(&layer, &io, 1);
    layer.class->backward(&layer, &io, 1);
    const float low[] = {0, 0, 1, 3}, low_gradient[] = {0, 2, 3, 0};
    CHECK(memcmp(y, low, sizeof y) == 0 && memcmp(dx, low_gradient, sizeof dx) == 0);
    destroy(&layer);
}

static void test_refusals(void)
{
    fcnn_layer layer;
    fcnn_error error;
    const fcnn_shape vector = {1, {5}}, large = {3, {40000, 40000, 2}};
    const fcnn_shape widest = {3, {1, 1 << 21, 1}}, too_wide = {3, {1, (1 << 21) + 1, 1}};
    CHECK(make(&layer, "random_flip", 1, vector, SEEDED(INTEGER("vertical", 1)), &error) == FCNN_E_SHAPE);
    destroy(&layer);
    CHECK(make(&layer, "random_crop", 1, image, SEEDED(PAIR("size", 6, 2)), &error) == FCNN_E_SHAPE);
    CHECK_ERROR(error, FCNN_E_SHAPE, "no window of 6x2 fits an image of 5x4");
    destroy(&layer);
    CHECK(make(&layer, "random_rotation", 1, image, SEEDED(FACTOR(0.4, 0.3), RESAMPLED("wrap", "nearest")), &error) ==
          FCNN_E_ARGUMENT);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, "`factor` must be two numbers in order");
    destroy(&layer);
    CHECK(make(&layer, "random_rotation", 1, large, SEEDED(FACTOR(0.1, 0.3), RESAMPLED("wrap", "nearest")), &error) ==
          FCNN_E_SHAPE);
    CHECK_ERROR(error, FCNN_E_SHAPE, "too large");
    destroy(&layer);
    CHECK(make(&layer, "random_rotation", 1, widest, SEEDED(FACTOR(0.1, 0.3), RESAMPLED("wrap", "nearest")), &error) ==
          FCNN_OK);
    destroy(&layer);
    CHECK(make(&layer, "random_rotation", 1, too_wide, SEEDED(FACTOR(0.1, 0.3), RESAMPLED("wrap", "nearest")),
               &error) == FCNN_E_SHAPE);
    destroy(&layer);
    CHECK(make(&layer, "random_erasing", 1, image,
               SEEDED(FACTOR(0, 1), RANGE(0, 1), NUMBERS("scale", 0.1, 0.2), NUMBERS("fill_value", 1, 2)),
               &error) == FCNN_E_SHAPE);
    CHECK_ERROR(error, FCNN_E_SHAPE, "2 fill values for 3 channels");
    destroy(&layer);
    CHECK(make(&layer, "random_erasing", 1, image,
               SEEDED(FACTOR(0, 1), RANGE(0, 1), NUMBERS("scale", -0.1, 0.2), NUMBER("deviation", 1)),
               &error) == FCNN_E_ARGUMENT);
    destroy(&layer);
    CHECK(make(&layer, "standardization", 1, image,
               DESCRIBE(THREE("along", 0, 0, 1), NUMBERS("mean", 1, 2), NUMBERS("variance", 1, 2)),
               &error) == FCNN_E_SHAPE);
    CHECK_ERROR(error, FCNN_E_SHAPE, "has 2 numbers as `mean`, its input needs 3");
    destroy(&layer);
}

int main(void)
{
    test_gradients();
    test_images("random_translation", SEEDED(BOTH(-0.7, 0.9), RESAMPLED("reflect", "bilinear")));
    test_images("random_rotation", SEEDED(FACTOR(-0.3, 0.4), RESAMPLED("constant", "bilinear")));
    test_images("random_zoom", SEEDED(BOTH(-0.5, 0.9), RESAMPLED("wrap", "nearest")));
    test_images("random_flip", SEEDED(INTEGER("horizontal", 1), INTEGER("vertical", 1)));
    test_images("random_crop", SEEDED(PAIR("size", 3, 2)));
    test_images("random_brightness", SEEDED(FACTOR(-0.3, 0.4), RANGE(-9, 9)));
    test_images("random_contrast", SEEDED(FACTOR(0.5, 1.5), RANGE(-9, 9)));
    test_images("random_erasing",
                SEEDED(FACTOR(0.5, 0.5), RANGE(-2, 2), NUMBERS("scale", 0.1, 0.5), NUMBER("deviation", 1)));
    test_draws();
    test_crop();
    test_clipping();
    test_refusals();
    return check_report();
}
