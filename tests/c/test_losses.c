/* test_losses.c - losses: values worked out by hand, gradients against finite differences; and the metrics. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/random.h"
#include "builds.h"
#include "check.h"
#include "describe.h"
#include "losses/registry.h"
#include "metrics/registry.h"

enum { ROWS = 3, CLASSES = 70, COUNT = ROWS * CLASSES };

static const fcnn_kernels *kernels;

/* Every class of the registries, and whether a test has used it. */
#define ADDRESS(name) {&fcnn_##name##_class, 0},
static struct {
    const fcnn_loss_class *class;
    int is_checked;
} loss_classes[] = {FCNN_LOSS_CLASSES(ADDRESS)};
static struct {
    const fcnn_metric_class *class;
    int is_checked;
} metric_classes[] = {FCNN_METRIC_CLASSES(ADDRESS)};

#define NOTE(classes, used)                                                \
    for (size_t each = 0; each < sizeof classes / sizeof *classes; each++) \
    classes[each].is_checked |= classes[each].class == (used)

/* A class that no test has used fails under its name. */
#define CHECK_ALL_NOTED(classes)                                           \
    for (size_t each = 0; each < sizeof classes / sizeof *classes; each++) \
    check_that(classes[each].is_checked, classes[each].class->type, __FILE__, __LINE__)

static fcnn_loss loss_of(fcnn_attributes attributes)
{
    fcnn_loss loss;
    fcnn_error error;
    CHECK(fcnn_loss_create(&loss, &attributes, &error) == FCNN_OK);
    CHECK(fcnn_loss_fit(&loss, &(fcnn_shape){2, {ROWS, CLASSES}}, &error) == FCNN_OK);
    return loss;
}

static double value_of(const fcnn_loss *loss, const float *prediction, const void *target)
{
    return loss->class->evaluate(loss, kernels, ROWS, CLASSES, prediction, target, 1, NULL);
}

/* Gradient times 2 against differences of the value, in and out of place. The value is smooth over a step of h. */
static void check_gradient(const fcnn_loss *loss, float *prediction, const void *target, float h, double tolerance)
{
    float gradient[COUNT], in_place[COUNT];
    NOTE(loss_classes, loss->class);
    const float value = loss->class->evaluate(loss, kernels, ROWS, CLASSES, prediction, target, 2, gradient);
    CHECK_CLOSE(value, value_of(loss, prediction, target), 1e-6 * fabs(value));
    memcpy(in_place, prediction, sizeof in_place);
    loss->class->evaluate(loss, kernels, ROWS, CLASSES, in_place, target, 2, in_place);
    CHECK(memcmp(in_place, gradient, sizeof gradient) == 0);
    add_to_digest(&value, sizeof value);
    add_to_digest(gradient, sizeof gradient);
    for (size_t i = 0; i < COUNT; i++) {
        const float at = prediction[i];
        prediction[i] = at + h;
        const double above = value_of(loss, prediction, target);
        prediction[i] = at - h;
        const double below = value_of(loss, prediction, target);
        prediction[i] = at;
        check_close(gradient[i], (above - below) / h, tolerance, loss->class->type, __FILE__, __LINE__);
    }
}

static const int32_t row_labels[ROWS] = {0, 69, 33};

/* Of predictions from 0.2 to 0.8, and of targets that sum to 1 in each row, or are from 0 to 1. */
static void test_gradients_of_focal_losses(float *probabilities, float *logits, const float *targets,
                                           const float *yes_no)
{
    for (int from_logits = 0; from_logits < 2; from_logits++) {
        float *x = from_logits ? logits : probabilities;
        for (int option = 0; option < 2; option++) {
            const fcnn_loss binary =
                loss_of(DESCRIBE(TEXT("type", "binary_focal_crossentropy"), INTEGER("from_logits", from_logits),
                                 NUMBER("gamma", 1.5 + option), NUMBER("label_smoothing", 0.1 * option),
                                 NUMBER("alpha", 0.4), INTEGER("apply_class_balancing", option)));
            check_gradient(&binary, x, yes_no, 0x1p-7f, 3e-4);
            const fcnn_loss categorical = loss_of(
                DESCRIBE(TEXT("type", "categorical_focal_crossentropy"), INTEGER("from_logits", from_logits),
                         NUMBER("gamma", 1.5 + option), NUMBER("label_smoothing", 0.1 * option), NUMBER("alpha", 0.4)));
            check_gradient(&categorical, x, targets, 0x1p-7f, 3e-4);
        }
    }
    const fcnn_loss generalized =
        loss_of(DESCRIBE(TEXT("type", "categorical_generalized_cross_entropy"), NUMBER("q", 0.7)));
    check_gradient(&generalized, probabilities, row_labels, 0x1p-7f, 3e-4);
}

static void check_smooth(fcnn_attributes attributes, float *prediction, const float *target)
{
    const fcnn_loss loss = loss_of(attributes);
    check_gradient(&loss, prediction, target, 0x1p-7f, 3e-4);
}

static void test_gradients_of_other_losses(float *probabilities, float *logits, const float *targets,
                                           const float *yes_no)
{
    check_smooth(DESCRIBE(TEXT("type", "mean_squared_logarithmic_error")), probabilities, yes_no);
    check_smooth(DESCRIBE(TEXT("type", "log_cosh")), logits, yes_no);
    check_smooth(DESCRIBE(TEXT("type", "poisson")), probabilities, yes_no);
    check_smooth(DESCRIBE(TEXT("type", "kl_divergence")), probabilities, targets);
    check_smooth(DESCRIBE(TEXT("type", "cosine_similarity"), INTEGER("axis", -1)), logits, yes_no);
    check_smooth(DESCRIBE(TEXT("type", "hinge")), probabilities, yes_no);
    check_smooth(DESCRIBE(TEXT("type", "squared_hinge")), probabilities, yes_no);
    check_smooth(DESCRIBE(TEXT("type", "dice"), NUMBERS("axis", 1, 2)), probabilities, yes_no);
    check_smooth(DESCRIBE(TEXT("type", "dice"), INTEGER("axis", -1)), probabilities, yes_no);
    check_smooth(DESCRIBE(TEXT("type", "tversky"), NUMBER("alpha", 0.3), NUMBER("beta", 0.9), INTEGER("axis", 1)),
                 probabilities, yes_no);
    check_smooth(DESCRIBE(TEXT("type", "value")), probabilities, yes_no);
    const fcnn_loss percentage = loss_of(DESCRIBE(TEXT("type", "mean_absolute_percentage_error")));
    float far[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        far[i] = 2 + yes_no[i];
    check_gradient(&percentage, probabilities, far, 0x1p-7f, 1e-2);
    const fcnn_loss margin = loss_of(DESCRIBE(TEXT("type", "categorical_hinge")));
    check_gradient(&margin, logits, targets, 0x1p-12f, 3e-3);
}

static void test_gradients(void)
{
    float logits[COUNT], probabilities[COUNT], targets[COUNT], yes_no[COUNT];
    fcnn_random_uniform(logits, COUNT, 1, 1, -3, 3);
    fcnn_random_uniform(probabilities, COUNT, 1, 2, 0.2f, 0.8f);
    fcnn_random_uniform(yes_no, COUNT, 1, 3, 0, 1);
    kernels->softmax(ROWS, CLASSES, yes_no, targets);

    for (int from_logits = 0; from_logits < 2; from_logits++) {
        float *x = from_logits ? logits : probabilities;
        const fcnn_loss sparse =
            loss_of(DESCRIBE(TEXT("type", "sparse_categorical_crossentropy"), INTEGER("from_logits", from_logits)));
        check_gradient(&sparse, x, row_labels, 0x1p-7f, 3e-4);
        for (int smoothed = 0; smoothed < 2; smoothed++) {
            const fcnn_loss categorical =
                loss_of(DESCRIBE(TEXT("type", "categorical_crossentropy"), INTEGER("from_logits", from_logits),
                                 NUMBER("label_smoothing", 0.2 * smoothed)));
            check_gradient(&categorical, x, targets, 0x1p-7f, 3e-4);
            const fcnn_loss binary =
                loss_of(DESCRIBE(TEXT("type", "binary_crossentropy"), INTEGER("from_logits", from_logits),
                                 NUMBER("label_smoothing", 0.2 * smoothed)));
            check_gradient(&binary, x, yes_no, 0x1p-7f, 3e-4);
        }
    }
    test_gradients_of_focal_losses(probabilities, logits, targets, yes_no);
    test_gradients_of_other_losses(probabilities, logits, targets, yes_no);
    const fcnn_loss squared = loss_of(DESCRIBE(TEXT("type", "mean_squared_error")));
    check_gradient(&squared, logits, targets, 0x1p-7f, 3e-4);
    const fcnn_loss absolute = loss_of(DESCRIBE(TEXT("type", "mean_absolute_error")));
    check_gradient(&absolute, logits, targets, 0x1p-12f, 3e-3);
    const fcnn_loss huber = loss_of(DESCRIBE(TEXT("type", "huber"), NUMBER("delta", 0.7)));
    check_gradient(&huber, logits, targets, 0x1p-7f, 3e-4);
}

static double evaluate(fcnn_attributes attributes, size_t rows, size_t classes, const float *prediction,
                       const void *target, float *gradient)
{
    const fcnn_loss loss = loss_of(attributes);
    return loss.class->evaluate(&loss, kernels, rows, classes, prediction, target, 1, gradient);
}

static void test_values(void)
{
    const int32_t labels[] = {1, 0};
    const float half[] = {0.25f, 0.75f, 0.5f, 0.5f}, hot[] = {0, 1, 1, 0};
    const double expected = -(log(0.75) + log(0.5)) / 2;
    const fcnn_attributes sparse = DESCRIBE(TEXT("type", "sparse_categorical_crossentropy"));
    const fcnn_attributes categorical = DESCRIBE(TEXT("type", "categorical_crossentropy"));
    const fcnn_attributes binary = DESCRIBE(TEXT("type", "binary_crossentropy"));
    CHECK_CLOSE(evaluate(sparse, 2, 2, half, labels, NULL), expected, 1e-6);
    CHECK_CLOSE(evaluate(categorical, 2, 2, half, hot, NULL), expected, 1e-6);
    CHECK_CLOSE(evaluate(binary, 2, 2, half, hot, NULL), expected, 1e-6);

    const float sure[] = {1, 0}, wrong[] = {0, 1}; /* clipped to 1e-7: no infinity, no gradient */
    float gradient[2];
    CHECK_CLOSE(evaluate(categorical, 1, 2, sure, wrong, gradient), -log(1e-7), 1e-5);
    CHECK(gradient[0] == 0.0f && gradient[1] == 0.0f);
    CHECK_CLOSE(evaluate(binary, 1, 2, sure, wrong, gradient), 16.0, 0.2);
    CHECK(gradient[0] == 0.0f && gradient[1] == 0.0f);

    const float far[] = {1000, -1000};
    const int32_t second = 1;
    const fcnn_attributes from_logits =
        DESCRIBE(TEXT("type", "sparse_categorical_crossentropy"), INTEGER("from_logits", 1));
    CHECK_CLOSE(evaluate(from_logits, 1, 2, far, &second, gradient), 2000.0, 0);
    CHECK(gradient[0] == 1.0f && gradient[1] == -1.0f);
    const float broken[] = {1, NAN};
    CHECK(isnan(evaluate(from_logits, 1, 2, broken, &second, gradient)));

    const float prediction[] = {1, -2, 0.5f}, target[] = {0, 1, 0.5f};
    CHECK_CLOSE(evaluate(DESCRIBE(TEXT("type", "mean_squared_error")), 1, 3, prediction, target, NULL), 10.0 / 3, 1e-6);
    CHECK_CLOSE(evaluate(DESCRIBE(TEXT("type", "mean_absolute_error")), 1, 3, prediction, target, NULL), 4.0 / 3, 1e-6);
    CHECK_CLOSE(evaluate(DESCRIBE(TEXT("type", "huber")), 1, 3, prediction, target, NULL), 3.0 / 3, 1e-6);
}

/* Evaluated as an image of the shape (2, 2). */
static double of_image(fcnn_attributes attributes, const float *prediction, const void *target, float *gradient)
{
    fcnn_loss loss;
    fcnn_error error;
    CHECK(fcnn_loss_create(&loss, &attributes, &error) == FCNN_OK);
    CHECK(fcnn_loss_fit(&loss, &(fcnn_shape){2, {2, 2}}, &error) == FCNN_OK);
    if (loss.class->look)
        loss.class->look(&loss, 4, target);
    return loss.class->evaluate(&loss, kernels, 2, 2, prediction, target, 1, gradient);
}

static void test_values_of_focal_losses(void)
{
    const float p[] = {0.25f, 0.75f, 0.5f, 0.5f}, hot[] = {0, 1, 1, 0};
    const int32_t own[] = {1, 0};
    const double near = log(4.0 / 3) / 16, half = log(2) / 4;
    CHECK_CLOSE(of_image(DESCRIBE(TEXT("type", "binary_focal_crossentropy")), p, hot, NULL), (near + half) / 2, 1e-6);
    CHECK_CLOSE(of_image(DESCRIBE(TEXT("type", "categorical_focal_crossentropy")), p, hot, NULL), (near + half) / 8,
                1e-6);
    CHECK_CLOSE(of_image(DESCRIBE(TEXT("type", "categorical_generalized_cross_entropy")), p, own, NULL),
                2 - sqrt(0.75) - sqrt(0.5), 1e-6);
    const fcnn_attributes balanced =
        DESCRIBE(TEXT("type", "binary_focal_crossentropy"), NUMBER("gamma", 0), INTEGER("apply_class_balancing", 1));
    CHECK_CLOSE(of_image(balanced, p, hot, NULL), (log(4.0 / 3) + log(2)) / 4, 1e-6);

    const float none[] = {0, 1, 1, 0}, all[] = {1, 0, 0, 1}; /* no probability, and yet all is finite */
    float gradient[4];
    CHECK_CLOSE(of_image(DESCRIBE(TEXT("type", "categorical_generalized_cross_entropy")), all, own, gradient), 2, 1e-6);
    CHECK(isfinite(gradient[1]) && gradient[1] < -1e15f && gradient[0] == 0.0f);
    CHECK_CLOSE(of_image(DESCRIBE(TEXT("type", "binary_focal_crossentropy")), none, hot, gradient), 0, 1e-6);
    for (size_t i = 0; i < 4; i++)
        CHECK(gradient[i] == 0.0f);
}

static void test_values_of_other_losses(void)
{
    const float p[] = {0.5f, 2, 0, 1}, t[] = {0.25f, 1, 0, 2}, yes_no[] = {1, 0, 0, 1}, sides[] = {1, -1, -1, 1};
    const double square = pow(log(1.5 / 1.25), 2) + pow(log(1.5), 2) * 2;
    CHECK_CLOSE(of_image(DESCRIBE(TEXT("type", "mean_absolute_percentage_error")), p, t, NULL), 62.5, 1e-4);
    CHECK_CLOSE(of_image(DESCRIBE(TEXT("type", "mean_squared_logarithmic_error")), p, t, NULL), square / 4, 1e-6);
    CHECK_CLOSE(of_image(DESCRIBE(TEXT("type", "log_cosh")), p, t, NULL), (log(cosh(0.25)) + 2 * log(cosh(1))) / 4,
                1e-6);
    CHECK_CLOSE(of_image(DESCRIBE(TEXT("type", "poisson")), p, t, NULL), (3.5 + log(2) / 4 - log(2)) / 4, 1e-6);
    CHECK_CLOSE(of_image(DESCRIBE(TEXT("type", "kl_divergence")), p, t, NULL), -log(2) / 8, 1e-6);
    CHECK_CLOSE(of_image(DESCRIBE(TEXT("type", "cosine_similarity")), p, t, NULL),
                -(2.125 / sqrt(4.25 * 1.0625) + 1) / 2, 1e-6);
    CHECK_CLOSE(of_image(DESCRIBE(TEXT("type", "hinge")), p, yes_no, NULL), (0.5 + 3 + 1 + 0) / 4, 1e-6);
    CHECK_CLOSE(of_image(DESCRIBE(TEXT("type", "hinge")), p, sides, NULL), (0.5 + 3 + 1 + 0) / 4, 1e-6);
    CHECK_CLOSE(of_image(DESCRIBE(TEXT("type", "squared_hinge")), p, yes_no, NULL), (0.25 + 9 + 1) / 4, 1e-6);
    CHECK_CLOSE(of_image(DESCRIBE(TEXT("type", "categorical_hinge")), p, yes_no, NULL), (2.5 + 0) / 2, 1e-6);
    CHECK_CLOSE(of_image(DESCRIBE(TEXT("type", "dice"), INTEGER("axis", -1)), p, yes_no, NULL), 1 - (1 / 3.5 + 1) / 2,
                1e-6);
    CHECK_CLOSE(of_image(DESCRIBE(TEXT("type", "dice"), INTEGER("axis", 1)), p, yes_no, NULL), 1 - (1 / 1.5 + 0.5) / 2,
                1e-6);
    CHECK_CLOSE(of_image(DESCRIBE(TEXT("type", "tversky"), NUMBERS("axis", 1, 2), NUMBER("alpha", 1)), p, yes_no, NULL),
                1 - 1.5 / 3, 1e-6);

    float gradient[4];
    const float tied[] = {1, 1, 1, 0}, last[] = {0, 0, 1, 0}; /* the largest of others share the gradient */
    CHECK_CLOSE(evaluate(DESCRIBE(TEXT("type", "categorical_hinge")), 1, 3, tied, last, gradient), 1, 1e-6);
    CHECK(gradient[0] == 0.5f && gradient[1] == 0.5f && gradient[2] == -1.0f);

    const float negative[] = {-0.5f, 2, 0, 1};
    CHECK(isnan(of_image(DESCRIBE(TEXT("type", "poisson")), negative, t, NULL)));
    const int32_t some[] = {-1, 1};
    const fcnn_attributes ignoring = DESCRIBE(TEXT("type", "sparse_categorical_crossentropy"),
                                              INTEGER("from_logits", 1), INTEGER("ignore_class", -1));
    CHECK_CLOSE(of_image(ignoring, p, some, gradient), log(1 + exp(-1)) / 2, 1e-6);
    CHECK(gradient[0] == 0.0f && gradient[1] == 0.0f && gradient[2] > 0.1f);
    const fcnn_loss loss = loss_of(ignoring);
    CHECK(fcnn_loss_counted(&loss, 2, some) == 0.5);
}

static void test_refused_losses(void)
{
    fcnn_loss loss;
    fcnn_error error;
    CHECK(fcnn_loss_create(&loss, &DESCRIBE(TEXT("type", "guess")), &error) == FCNN_E_ARGUMENT);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, "'guess'");
    CHECK(fcnn_loss_create(&loss, &DESCRIBE(TEXT("type", "huber"), NUMBER("delta", -1)), &error) == FCNN_E_ARGUMENT);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, "`delta`");
    CHECK(fcnn_loss_create(&loss, &DESCRIBE(TEXT("type", "mean_squared_error"), INTEGER("from_logits", 1)), &error) ==
          FCNN_E_ARGUMENT);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, "`from_logits`");
    CHECK(fcnn_loss_create(&loss, &DESCRIBE(TEXT("type", "dice")), &error) == FCNN_E_ARGUMENT);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, "`axis`");
}

static void test_refused_axes(void)
{
    static const struct {
        const char *type, *message;
        int axis;
    } cases[] = {{"dice", "the batch", 0},
                 {"dice", "the batch", -3},
                 {"tversky", "has 3 axes", 3},
                 {"cosine_similarity", "last axis", 1},
                 {"categorical_crossentropy", "last axis", -2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fcnn_loss loss;
        fcnn_error error;
        const fcnn_attributes attributes = DESCRIBE(TEXT("type", cases[i].type), INTEGER("axis", cases[i].axis));
        CHECK(fcnn_loss_create(&loss, &attributes, &error) == FCNN_OK);
        CHECK(fcnn_loss_fit(&loss, &(fcnn_shape){2, {2, 2}}, &error) == FCNN_E_ARGUMENT);
        CHECK_ERROR(error, FCNN_E_ARGUMENT, cases[i].message);
    }
}

static double measure(fcnn_attributes attributes, size_t rows, size_t classes, const float *prediction,
                      const void *target)
{
    fcnn_metric metric;
    fcnn_error error;
    CHECK(fcnn_metric_create(&metric, &attributes, &error) == FCNN_OK);
    NOTE(metric_classes, metric.class);
    return metric.class->evaluate(&metric, rows, classes, prediction, target);
}

static void test_metrics(void)
{
    const float prediction[] = {0.1f, 0.4f, 0.4f, 0.1f, 0.7f, 0.1f, 0.1f, 0.1f};
    const int32_t labels[] = {2, 0}; /* the first row's 0.4s tie: class 1 is predicted */
    const float hot[] = {0, 1, 0, 0, 0, 0, 1, 0};
    CHECK(measure(DESCRIBE(TEXT("type", "sparse_categorical_accuracy")), 2, 4, prediction, labels) == 0.5);
    CHECK(measure(DESCRIBE(TEXT("type", "categorical_accuracy")), 2, 4, prediction, hot) == 0.5);
    CHECK(measure(DESCRIBE(TEXT("type", "sparse_top_k_categorical_accuracy"), INTEGER("k", 1)), 2, 4, prediction,
                  labels) == 1.0); /* in the top 1 both are */
    CHECK(measure(DESCRIBE(TEXT("type", "top_k_categorical_accuracy"), INTEGER("k", 1)), 2, 4, prediction, hot) == 0.5);
    CHECK(measure(DESCRIBE(TEXT("type", "top_k_categorical_accuracy"), INTEGER("k", 2)), 2, 4, prediction, hot) == 1.0);
    const float infinite[] = {INFINITY, 0, 0, 0};
    CHECK(measure(DESCRIBE(TEXT("type", "sparse_top_k_categorical_accuracy")), 1, 4, infinite, &labels[1]) == 0.0);
    const int32_t ignored[] = {-1, 255};
    CHECK(measure(DESCRIBE(TEXT("type", "sparse_top_k_categorical_accuracy")), 2, 4, prediction, ignored) == 0.0);
    const float yes_no[] = {0, 0, 1, 0, 1, 0, 0, 1};
    CHECK(measure(DESCRIBE(TEXT("type", "binary_accuracy")), 2, 4, prediction, yes_no) == 0.75);
    const fcnn_attributes low = DESCRIBE(TEXT("type", "binary_accuracy"), NUMBER("threshold", 0.3));
    const fcnn_attributes high = DESCRIBE(TEXT("type", "binary_accuracy"), NUMBER("threshold", 0.7));
    CHECK(measure(low, 2, 4, prediction, yes_no) == 0.75);
    CHECK(measure(high, 2, 4, prediction, yes_no) == 0.625);

    fcnn_metric metric;
    fcnn_error error;
    const fcnn_attributes weighted = DESCRIBE(TEXT("type", "binary_accuracy"), INTEGER("weighted", 1));
    CHECK(fcnn_metric_create(&metric, &weighted, &error) == FCNN_OK);
    CHECK(metric.weighted && metric.threshold == 0.5f);
    CHECK(fcnn_metric_create(&metric, &DESCRIBE(TEXT("type", "luck")), &error) == FCNN_E_ARGUMENT);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, "'luck'");
}

int main(void)
{
    for (fcnn_isa isa = FCNN_ISA_REFERENCE; isa < FCNN_ISA_COUNT; isa++) {
        if (!fcnn_isa_available(isa))
            continue;
        kernels = fcnn_kernels_for(isa);
        digest = FCNN_DIGEST_START;
        test_gradients();
        if (has_fma(isa))
            check_digest(0x2800d45db2c2b48c);
        test_values();
        test_values_of_focal_losses();
        test_values_of_other_losses();
    }
    test_refused_losses();
    test_refused_axes();
    test_metrics();
    CHECK_ALL_NOTED(loss_classes);
    CHECK_ALL_NOTED(metric_classes);
    return check_report();
}
