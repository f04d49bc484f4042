/* test_layers_noise.c - the layers that disturb their input in training: gradients, masks, means and deviations. */
#include "layers.h"

static const fcnn_shape image = {3, {5, 4, 3}};

#define SEEDED(...) DESCRIBE(INTEGER("seed", 9), __VA_ARGS__)
#define PER_CHANNEL {.name = "noise_shape", .kind = FCNN_ATTRIBUTE_INTEGER, .count = 3, .integers = {1, 1, 3}}

static void fill_with(float value)
{
    for (size_t i = 0; i < IMAGES * STRIDE; i++)
        records[i] = value;
}

static void test_gradients(void)
{
    test_backward("dropout", 1, image, SEEDED(NUMBER("rate", 0.4)));
    test_backward("dropout", 1, image, SEEDED(NUMBER("rate", 0.4), PER_CHANNEL));
    test_backward("dropout", 1, image, SEEDED(NUMBER("rate", 0.4), INTEGER("one_for_all", 1)));
    test_backward("alpha_dropout", 1, image, SEEDED(NUMBER("rate", 0.4)));
    test_backward("alpha_dropout", 1, image, SEEDED(NUMBER("rate", 0.4), PER_CHANNEL, INTEGER("one_for_all", 1)));
    test_backward("gaussian_dropout", 1, image, SEEDED(NUMBER("rate", 0.4)));
    test_backward("gaussian_noise", 1, image, SEEDED(NUMBER("stddev", 0.4)));
}

/* Each image has noise of its own, whichever batch it comes in; in inference there is none, also in place. */
static void test_images(const char *type, const char *strength)
{
    fcnn_layer layer;
    fcnn_error error;
    fcnn_io io = batch(fcnn_kernels_for(best_isa()));
    CHECK(make(&layer, type, 1, image, SEEDED(NUMBER(strength, 0.5)), &error) == FCNN_OK);
    fill_with(1.0f);
    layer.class->forward(&layer, &io, IMAGES);
    CHECK(memcmp(io.y, io.y + STRIDE, 60 * sizeof(float)) != 0);
    float second[60];
    memcpy(second, io.y + STRIDE, sizeof second);
    io.first_image++;
    layer.class->forward(&layer, &io, 1);
    CHECK(memcmp(io.y, second, sizeof second) == 0);
    io.training = 0;
    layer.class->forward(&layer, &io, IMAGES);
    CHECK(memcmp(io.y, io.x[0], 60 * sizeof(float)) == 0);
    io.x[0] = io.y;
    layer.class->forward(&layer, &io, IMAGES);
    CHECK(io.y[0] == 1.0f && io.y[59] == 1.0f);
    destroy(&layer);
    CHECK(make(&layer, type, 1, image, SEEDED(NUMBER(strength, -0.5)), &error) == FCNN_E_ARGUMENT);
    destroy(&layer);
}

static void test_noise_shapes(void)
{
    fcnn_layer layer;
    fcnn_error error;
    const fcnn_io io = batch(fcnn_kernels_for(best_isa()));
    fill_with(1.0f);
    CHECK(make(&layer, "dropout", 1, image, SEEDED(NUMBER("rate", 0.5), PER_CHANNEL), &error) == FCNN_OK);
    layer.class->forward(&layer, &io, IMAGES);
    for (size_t j = 0; j < 60; j++)
        CHECK(io.y[j] == io.y[j % 3] && (io.y[j] == 0.0f || io.y[j] == 2.0f));
    destroy(&layer);
    CHECK(make(&layer, "dropout", 1, image, SEEDED(NUMBER("rate", 0.5), INTEGER("one_for_all", 1)), &error) == FCNN_OK);
    layer.class->forward(&layer, &io, IMAGES);
    CHECK(memcmp(io.y, io.y + STRIDE, 60 * sizeof(float)) == 0);
    destroy(&layer);
    CHECK(make(&layer, "dropout", 1, (fcnn_shape){3, {5, 4, 2}}, SEEDED(NUMBER("rate", 0.5), PER_CHANNEL), &error) ==
          FCNN_E_SHAPE);
    CHECK_ERROR(error, FCNN_E_SHAPE, "`noise_shape` does not fit an input of shape (5, 4, 2)");
    destroy(&layer);
    CHECK(make(&layer, "dropout", 1, (fcnn_shape){1, {5}}, SEEDED(NUMBER("rate", 0.5), PER_CHANNEL), &error) ==
          FCNN_E_SHAPE);
    destroy(&layer);
    static const char *const types[] = {"gaussian_dropout", "alpha_dropout"};
    for (size_t t = 0; t < 2; t++) {
        CHECK(make(&layer, types[t], 1, image, SEEDED(NUMBER("rate", 1)), &error) == FCNN_E_ARGUMENT);
        CHECK_ERROR(error, FCNN_E_ARGUMENT, "`rate` must be below 1");
        destroy(&layer);
    }
}

/* Mean and deviation over many steps of y for x = 1, or for x normal. */
static void check_moments(const char *type, const char *strength, double value, int normal, double mean,
                          double deviation)
{
    enum { STEPS = 200, SIZE = 1000 };
    fcnn_layer layer;
    fcnn_error error;
    fcnn_io io = batch(fcnn_kernels_for(best_isa()));
    CHECK(make(&layer, type, 1, (fcnn_shape){1, {SIZE}}, SEEDED(NUMBER(strength, value)), &error) == FCNN_OK);
    double sum = 0.0, squares = 0.0;
    fill_with(1.0f);
    for (io.random_step = 0; io.random_step < STEPS; io.random_step++) {
        if (normal)
            fcnn_random_normal(records, SIZE, 3, io.random_step, 0.0f, 1.0f, 0);
        layer.class->forward(&layer, &io, 1);
        for (size_t j = 0; j < SIZE; j++) {
            sum += io.y[j];
            squares += (double)io.y[j] * io.y[j];
        }
    }
    const double found = sum / (STEPS * SIZE);
    CHECK_CLOSE(found, mean, 0.01);
    CHECK_CLOSE(sqrt(squares / (STEPS * SIZE) - found * found), deviation, 0.01);
    destroy(&layer);
}

int main(void)
{
    test_gradients();
    test_images("dropout", "rate");
    test_images("alpha_dropout", "rate");
    test_images("gaussian_dropout", "rate");
    test_images("gaussian_noise", "stddev");
    test_noise_shapes();
    check_moments("dropout", "rate", 0.2, 0, 1.0, 0.5);
    check_moments("gaussian_dropout", "rate", 0.2, 0, 1.0, 0.5);
    check_moments("gaussian_noise", "stddev", 0.3, 0, 1.0, 0.3);
    check_moments("alpha_dropout", "rate", 0.2, 1, 0.0, 1.0);
    return check_report();
}
