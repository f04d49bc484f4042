/* test_optimizers.c - steps worked out by hand, clipping and weight decay, and that ranges may be cut anywhere. */
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "check.h"
#include "describe.h"
#include "optimizers.h"

enum { COUNT = 37 };

static const fcnn_kernels *kernels;

typedef struct state {
    fcnn_optimizer optimizer;
    float w[COUNT], slots[FCNN_MAX_SLOTS][COUNT];
} state;

static state start(fcnn_attributes attributes, float w)
{
    state s = {0};
    fcnn_error error;
    CHECK(fcnn_optimizer_create(&s.optimizer, &attributes, &error) == FCNN_OK);
    for (size_t i = 0; i < COUNT; i++)
        s.w[i] = w;
    for (size_t n = 0; n < s.optimizer.slots; n++)
        for (size_t i = 0; i < COUNT; i++)
            s.slots[n][i] = s.optimizer.slot_start[n];
    return s;
}

static int apply(state *s, const fcnn_update *update, size_t begin, size_t end, const float *g)
{
    float *slots[FCNN_MAX_SLOTS];
    for (size_t n = 0; n < FCNN_MAX_SLOTS; n++)
        slots[n] = s->slots[n] + begin;
    return s->optimizer.class->apply(&s->optimizer, kernels, update, end - begin, s->w + begin, g + begin, slots);
}

/* One update of every weight with the same gradient; returns the weight. */
static double step(state *s, double learning_rate, unsigned long long number, float gradient)
{
    float g[COUNT];
    fcnn_update update;
    for (size_t i = 0; i < COUNT; i++)
        g[i] = gradient;
    fcnn_optimizer_begin(&s->optimizer, learning_rate, number, &update);
    CHECK(apply(s, &update, 0, COUNT, g));
    for (size_t i = 1; i < COUNT; i++)
        CHECK(s->w[i] == s->w[0]);
    return s->w[0];
}

static void test_sgd(void)
{
    state plain = start(DESCRIBE(TEXT("type", "sgd")), 1);
    CHECK(plain.optimizer.slots == 0);
    CHECK_CLOSE(step(&plain, 0.1, 1, 0.5f), 0.95, 1e-7);

    state heavy = start(DESCRIBE(TEXT("type", "sgd"), NUMBER("momentum", 0.9)), 1);
    CHECK(heavy.optimizer.slots == 1 && strcmp(heavy.optimizer.slot_name[0], "momentum") == 0);
    CHECK_CLOSE(step(&heavy, 0.1, 1, 0.5f), 0.95, 1e-7);  /* m = -0.05 */
    CHECK_CLOSE(step(&heavy, 0.1, 2, 0.5f), 0.855, 1e-7); /* m = -0.045 - 0.05 */

    state nesterov = start(DESCRIBE(TEXT("type", "sgd"), NUMBER("momentum", 0.9), INTEGER("nesterov", 1)), 1);
    CHECK_CLOSE(step(&nesterov, 0.1, 1, 0.5f), 0.905, 1e-7);  /* m = -0.05; w -= 0.045 + 0.05 */
    CHECK_CLOSE(step(&nesterov, 0.1, 2, 0.5f), 0.7695, 1e-7); /* m = -0.095; w -= 0.0855 + 0.05 */
}

static void test_adam(void)
{
    state adam = start(DESCRIBE(TEXT("type", "adam"), NUMBER("epsilon", 0.01)), 1);
    CHECK(adam.optimizer.slots == 2);
    double m = 0.1 * 0.5, v = 0.001 * 0.25, w = 1;
    w -= 0.1 * sqrt(1 - 0.999) / (1 - 0.9) * m / (sqrt(v) + 0.01);
    CHECK_CLOSE(step(&adam, 0.1, 1, 0.5f), w, 1e-6);
    m += (-2 - m) * 0.1;
    v += (4 - v) * 0.001;
    w -= 0.1 * sqrt(1 - 0.999 * 0.999) / (1 - 0.9 * 0.9) * m / (sqrt(v) + 0.01);
    CHECK_CLOSE(step(&adam, 0.1, 2, -2), w, 1e-6);
    CHECK_CLOSE(adam.slots[0][0], m, 1e-7);
    CHECK_CLOSE(adam.slots[1][0], v, 1e-9);

    state amsgrad = start(DESCRIBE(TEXT("type", "adam"), NUMBER("beta_2", 0.5), INTEGER("amsgrad", 1)), 1);
    CHECK(amsgrad.optimizer.slots == 3 && strcmp(amsgrad.optimizer.slot_name[2], "velocity_hat") == 0);
    step(&amsgrad, 0.1, 1, 2);
    step(&amsgrad, 0.1, 2, 0);
    CHECK_CLOSE(amsgrad.slots[1][0], 1, 1e-6); /* v fell from 2 to 1, */
    CHECK_CLOSE(amsgrad.slots[2][0], 2, 1e-6); /* its largest value did not */
}

static void test_rmsprop(void)
{
    state plain = start(DESCRIBE(TEXT("type", "rmsprop"), NUMBER("epsilon", 0.01)), 1);
    CHECK(plain.optimizer.slots == 1);
    CHECK_CLOSE(step(&plain, 0.1, 1, 0.5f), 1 - 0.05 / sqrt(0.025 + 0.01), 1e-6);

    state both = start(DESCRIBE(TEXT("type", "rmsprop"), NUMBER("momentum", 0.9), INTEGER("centered", 1)), 1);
    CHECK(both.optimizer.slots == 3);
    CHECK(strcmp(both.optimizer.slot_name[1], "momentum") == 0);
    CHECK(strcmp(both.optimizer.slot_name[2], "average_gradient") == 0);
    const double first = 0.05 / sqrt(0.025 - 0.05 * 0.05 + 1e-7);
    CHECK_CLOSE(step(&both, 0.1, 1, 0.5f), 1 - first, 1e-6);
    const double v = 0.9 * 0.025 + 0.1, a = 0.9 * 0.05 - 0.1;
    const double second = 0.9 * first - 0.1 / sqrt(v - a * a + 1e-7);
    CHECK_CLOSE(step(&both, 0.1, 2, -1), 1 - first - second, 1e-6);
}

static void test_nadam(void)
{
    state nadam = start(DESCRIBE(TEXT("type", "nadam"), NUMBER("epsilon", 0.01)), 1);
    CHECK(nadam.optimizer.slots == 2);
    const double u1 = 0.9 * (1 - 0.5 * 0.96), u2 = 0.9 * (1 - 0.5 * pow(0.96, 2)), u3 = 0.9 * (1 - 0.5 * pow(0.96, 3));
    double m = 0.1 * 0.5, v = 0.001 * 0.25, w = 1;
    w -= 0.1 * (u2 * m / (1 - u1 * u2) + (1 - u1) * 0.5 / (1 - u1)) / (sqrt(v / 0.001) + 0.01);
    CHECK_CLOSE(step(&nadam, 0.1, 1, 0.5f), w, 1e-6);
    m += (-2 - m) * 0.1;
    v += (4 - v) * 0.001;
    w -= 0.1 * (u3 * m / (1 - u1 * u2 * u3) + (1 - u2) * -2 / (1 - u1 * u2)) / (sqrt(v / (1 - 0.999 * 0.999)) + 0.01);
    CHECK_CLOSE(step(&nadam, 0.1, 2, -2), w, 1e-6);
    CHECK_CLOSE(nadam.slots[0][0], m, 1e-7);
    CHECK_CLOSE(nadam.slots[1][0], v, 1e-8);
    CHECK(isfinite(step(&nadam, 0.1, 1ull << 40, 1)));
}

static void test_adamax(void)
{
    state adamax = start(DESCRIBE(TEXT("type", "adamax"), NUMBER("beta_2", 0.5), NUMBER("epsilon", 0.01)), 1);
    CHECK(adamax.optimizer.slots == 2 && strcmp(adamax.optimizer.slot_name[1], "norm") == 0);
    CHECK_CLOSE(step(&adamax, 0.1, 1, -2), 1 + 0.1 / 0.1 * 0.2 / 2.01, 1e-6);
    const double m = -0.2 + (0.5 + 0.2) * 0.1; /* the norm falls to 1, more than 0.5 */
    CHECK_CLOSE(step(&adamax, 0.1, 2, 0.5f), 1 + 0.2 / 2.01 - 0.1 / 0.19 * m / 1.01, 1e-6);
    CHECK_CLOSE(adamax.slots[1][0], 1, 0);
}

static void test_lion(void)
{
    state lion = start(DESCRIBE(TEXT("type", "lion")), 1);
    CHECK(lion.optimizer.slots == 1);
    CHECK_CLOSE(step(&lion, 0.1, 1, 0), 1, 0); /* the sign of 0 is 0 */
    CHECK_CLOSE(step(&lion, 0.1, 2, 0.5f), 0.9, 1e-7);
    CHECK_CLOSE(lion.slots[0][0], 0.005, 1e-9);
    CHECK_CLOSE(step(&lion, 0.1, 3, -0.04f), 0.8, 1e-7); /* 0.9 * 0.005 - 0.1 * 0.04 > 0 */
    CHECK_CLOSE(step(&lion, 0.1, 4, -0.05f), 0.9, 1e-7);
}

static void test_adagrad(void)
{
    state adagrad = start(DESCRIBE(TEXT("type", "adagrad"), NUMBER("epsilon", 0.01)), 1);
    CHECK(adagrad.optimizer.slots == 1 && strcmp(adagrad.optimizer.slot_name[0], "accumulator") == 0);
    const double first = 0.1 * 0.5 / sqrt(0.1 + 0.25 + 0.01), second = 0.1 * 2 / sqrt(0.35 + 4 + 0.01);
    CHECK_CLOSE(step(&adagrad, 0.1, 1, 0.5f), 1 - first, 1e-6);
    CHECK_CLOSE(step(&adagrad, 0.1, 2, -2), 1 - first + second, 1e-6);
    CHECK_CLOSE(adagrad.slots[0][0], 4.35, 1e-6);
}

static void test_adadelta(void)
{
    state adadelta = start(DESCRIBE(TEXT("type", "adadelta"), NUMBER("rho", 0.9), NUMBER("epsilon", 0.01)), 1);
    CHECK(adadelta.optimizer.slots == 2);
    double v = 0.1 * 0.25, d = sqrt(0.01) * 0.5 / sqrt(v + 0.01), x = 0.1 * d * d, w = 1 - 0.5 * d;
    CHECK_CLOSE(step(&adadelta, 0.5, 1, 0.5f), w, 1e-6);
    v = 0.9 * v + 0.1 * 4;
    d = sqrt(x + 0.01) * -2 / sqrt(v + 0.01);
    CHECK_CLOSE(step(&adadelta, 0.5, 2, -2), w - 0.5 * d, 1e-6);
    CHECK_CLOSE(adadelta.slots[1][0], 0.9 * x + 0.1 * d * d, 1e-7);
}

static void test_ftrl(void)
{
    state ftrl = start(DESCRIBE(TEXT("type", "ftrl"), NUMBER("learning_rate_power", -0.7),
                                NUMBER("l1_regularization_strength", 0.05), NUMBER("l2_regularization_strength", 0.1),
                                NUMBER("l2_shrinkage_regularization_strength", 0.2), NUMBER("beta", 0.3)),
                       1);
    CHECK(ftrl.optimizer.slots == 2 && strcmp(ftrl.optimizer.slot_name[1], "linear") == 0);
    const double l2 = 2 * 0.1 + 0.3 / 0.5;
    double a = 0.1, w = 1, b = a + 0.25, z = 0.5 + 0.4 * w - (pow(b, 0.7) - pow(a, 0.7)) / 0.5 * w;
    w = (0.05 - z) / (pow(b, 0.7) / 0.5 + l2);
    CHECK_CLOSE(step(&ftrl, 0.5, 1, 0.5f), w, 1e-6);
    a = b;
    b = a + 4;
    z += -2 + 0.4 * w - (pow(b, 0.7) - pow(a, 0.7)) / 0.5 * w;
    CHECK(z < -0.05);
    CHECK_CLOSE(step(&ftrl, 0.5, 2, -2), (-0.05 - z) / (pow(b, 0.7) / 0.5 + l2), 2e-6);

    state sparse = start(DESCRIBE(TEXT("type", "ftrl"), NUMBER("l1_regularization_strength", 10)), 1);
    CHECK_CLOSE(step(&sparse, 0.5, 1, 0.5f), 0, 0);
    state flat = start(DESCRIBE(TEXT("type", "ftrl"), NUMBER("learning_rate_power", 0)), 1);
    CHECK_CLOSE(step(&flat, 0.5, 1, 0.5f), -0.25, 1e-7);
}

static void test_slots_of_all_optimizers(void)
{
    fcnn_optimizer optimizer;
    fcnn_error error;
    const fcnn_attributes both =
        DESCRIBE(TEXT("type", "adam"), NUMBER("ema_momentum", 0.5), INTEGER("ema_overwrite_frequency", 7),
                 INTEGER("gradient_accumulation_steps", 3));
    CHECK(fcnn_optimizer_create(&optimizer, &both, &error) == FCNN_OK);
    CHECK(optimizer.slots == 4 && optimizer.average == 2 && optimizer.accumulator == 3);
    CHECK(strcmp(optimizer.slot_name[2], "average") == 0 &&
          strcmp(optimizer.slot_name[3], "gradient_accumulator") == 0);
    CHECK(optimizer.ema_overwrite_frequency == 7 && optimizer.accumulation_steps == 3);
    CHECK(fcnn_optimizer_create(&optimizer, &DESCRIBE(TEXT("type", "adam")), &error) == FCNN_OK);
    CHECK(optimizer.average == FCNN_MAX_SLOTS && optimizer.accumulator == FCNN_MAX_SLOTS);
    CHECK(optimizer.accumulation_steps == 1);
    const fcnn_attributes one = DESCRIBE(TEXT("type", "sgd"), INTEGER("gradient_accumulation_steps", 1));
    CHECK(fcnn_optimizer_create(&optimizer, &one, &error) == FCNN_E_ARGUMENT);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, "`gradient_accumulation_steps`");
}

static void test_decay_and_clipping(void)
{
    state decayed = start(DESCRIBE(TEXT("type", "sgd"), NUMBER("weight_decay", 0.5)), 2);
    CHECK_CLOSE(step(&decayed, 0.1, 1, 1), 2 - 2 * 0.1 * 0.5 - 0.1, 1e-6);
    state clipped = start(DESCRIBE(TEXT("type", "sgd"), NUMBER("clipvalue", 0.25)), 1);
    CHECK_CLOSE(step(&clipped, 1, 1, 3), 0.75, 0);
    CHECK_CLOSE(step(&clipped, 1, 2, -3), 1, 0);
    CHECK_CLOSE(step(&clipped, 1, 3, 0.125f), 0.875, 0);

    state scaled = start(DESCRIBE(TEXT("type", "sgd"), NUMBER("clipnorm", 1)), 1);
    float g[COUNT];
    fcnn_update update;
    for (size_t i = 0; i < COUNT; i++)
        g[i] = i ? 2 : NAN;
    fcnn_optimizer_begin(&scaled.optimizer, 1, 1, &update);
    CHECK(update.clip_scale == 1.0f && update.clip_value == INFINITY);
    update.clip_scale = 0.25f;
    update.keeps_finite = 0;
    CHECK(!apply(&scaled, &update, 0, COUNT, g));
    CHECK(isnan(scaled.w[0]) && scaled.w[1] == 0.5f);
}

static void test_ranges_may_be_cut_anywhere(void)
{
    for (size_t o = 0; o < OPTIMIZERS; o++)
        for (size_t cut = 0; cut <= COUNT; cut++) {
            state whole = start(optimizer_number(o), 1), parts = start(optimizer_number(o), 1);
            float g[COUNT];
            fcnn_update update;
            fcnn_random_uniform(g, COUNT, 1, o, -1, 1);
            fcnn_optimizer_begin(&whole.optimizer, 0.01, 1, &update);
            CHECK(apply(&whole, &update, 0, COUNT, g));
            CHECK(apply(&parts, &update, cut, COUNT, g) && apply(&parts, &update, 0, cut, g));
            CHECK(memcmp(whole.w, parts.w, sizeof whole.w) == 0);
            CHECK(memcmp(whole.slots, parts.slots, sizeof whole.slots) == 0);
        }
}

/* An element whose new numbers would not be finite stays as it was, and the others do not notice. */
static void test_what_is_not_finite_is_not_stored(void)
{
    for (size_t o = 0; o < OPTIMIZERS; o++)
        for (size_t bad = 0; bad < COUNT; bad++) {
            state actual = start(optimizer_number(o), 1), expected = start(optimizer_number(o), 1);
            float g[COUNT];
            fcnn_update update;
            fcnn_random_uniform(g, COUNT, 1, o, -1, 1);
            fcnn_optimizer_begin(&actual.optimizer, 0.01, 1, &update);
            CHECK(apply(&expected, &update, 0, COUNT, g));
            const int squares = squares_gradients(optimizer_number(o));
            g[bad] = bad % 3 == 0 && squares ? 1e30f : bad % 2 ? NAN : -INFINITY; /* only its square is infinite */
            CHECK(!apply(&actual, &update, 0, COUNT, g));
            CHECK(actual.w[bad] == 1.0f);
            actual.w[bad] = expected.w[bad];
            for (size_t s = 0; s < FCNN_MAX_SLOTS; s++) {
                CHECK(actual.slots[s][bad] == actual.optimizer.slot_start[s]);
                actual.slots[s][bad] = expected.slots[s][bad];
            }
            CHECK(memcmp(actual.w, expected.w, sizeof actual.w) == 0);
            CHECK(memcmp(actual.slots, expected.slots, sizeof actual.slots) == 0);
        }
}

/* As in Keras, where the square of a gradient overflows: the step is 0. */
static void test_adam_of_a_huge_gradient(void)
{
    state adam = start(DESCRIBE(TEXT("type", "adam")), 1);
    fcnn_update update;
    float g[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        g[i] = 1e30f;
    fcnn_optimizer_begin(&adam.optimizer, 0.1, 1, &update);
    update.keeps_finite = 0;
    CHECK(!apply(&adam, &update, 0, COUNT, g));
    for (size_t i = 0; i < COUNT; i++) {
        CHECK(adam.w[i] == 1.0f && isinf(adam.slots[1][i]));
        CHECK_CLOSE(adam.slots[0][i], 1e29, 1e23);
    }
}

static void test_refusals(void)
{
    fcnn_optimizer optimizer;
    fcnn_error error;
    CHECK(fcnn_optimizer_create(&optimizer, &DESCRIBE(TEXT("type", "hope")), &error) == FCNN_E_ARGUMENT);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, "'hope'");
    CHECK(fcnn_optimizer_create(&optimizer, &DESCRIBE(TEXT("type", "adam"), NUMBER("beta_1", 1.0)), &error) ==
          FCNN_E_ARGUMENT);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, "`beta_1`");
    CHECK(fcnn_optimizer_create(&optimizer, &DESCRIBE(TEXT("type", "sgd"), NUMBER("rho", 0.9)), &error) ==
          FCNN_E_ARGUMENT);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, "`rho`");
    const fcnn_attributes two = DESCRIBE(TEXT("type", "sgd"), NUMBER("clipnorm", 1), NUMBER("clipvalue", 1));
    CHECK(fcnn_optimizer_create(&optimizer, &two, &error) == FCNN_E_ARGUMENT);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, "only one of");
    const fcnn_attributes one = DESCRIBE(TEXT("type", "sgd"), NUMBER("clipnorm", 1), NUMBER("clipvalue", 0));
    CHECK(fcnn_optimizer_create(&optimizer, &one, &error) == FCNN_OK);
}

int main(void)
{
    for (fcnn_isa isa = FCNN_ISA_REFERENCE; isa < FCNN_ISA_COUNT; isa++) {
        if (!fcnn_isa_available(isa))
            continue;
        kernels = fcnn_kernels_for(isa);
        test_sgd();
        test_adam();
        test_rmsprop();
        test_nadam();
        test_adamax();
        test_lion();
        test_adagrad();
        test_adadelta();
        test_ftrl();
        test_decay_and_clipping();
        test_ranges_may_be_cut_anywhere();
        test_what_is_not_finite_is_not_stored();
        test_adam_of_a_huge_gradient();
    }
    test_slots_of_all_optimizers();
    test_refusals();
    return check_report();
}
