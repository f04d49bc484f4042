/* test_rules.c - penalties and constraints against plain loops in double, their kernels against the reference,
 * refusals, and networks that obey them: the same bits for any number of threads and every instruction set. */
#include "base/memory.h"
#include "base/threads.h"
#include "constraints/registry.h"
#include "mixed.h"
#include "regularizers/registry.h"

enum { MOST = 20000 };

static float weights[MOST], gradients[MOST];

static const fcnn_kernels *kernels;
static int has_fma_now; /* whether those kernels have fused multiply-add */

/* ---- kernels ---- */

static void test_add_penalty(int whole)
{
    enum { MOST_SIZE = 100, GUARD = 20 };
    float w[MOST_SIZE], expected[MOST_SIZE + GUARD], actual[MOST_SIZE + GUARD], start[MOST_SIZE + GUARD];
    for (size_t size = 0; size <= MOST_SIZE; size++) {
        fcnn_random_uniform(w, MOST_SIZE, 1, size, -3, 3);
        fcnn_random_uniform(start, MOST_SIZE + GUARD, 2, size, -3, 3);
        for (size_t i = 0; i < MOST_SIZE; i++) {
            w[i] = i % 7 == 0 ? 0.0f : whole ? floorf(w[i]) : w[i];
            start[i] = whole ? floorf(start[i]) : start[i];
        }
        memcpy(expected, start, sizeof start);
        memcpy(actual, start, sizeof start);
        fcnn_kernels_for(FCNN_ISA_REFERENCE)->add_penalty(size, w, 0.5f, 1.5f, expected);
        kernels->add_penalty(size, w, 0.5f, 1.5f, actual);
        for (size_t i = 0; i < size; i++)
            CHECK_CLOSE(actual[i], expected[i], whole ? 0 : 1e-6);
        CHECK(are_equal(actual + size, start + size, MOST_SIZE + GUARD - size));
        if (has_fma(best_isa())) {
            fcnn_kernels_for(best_isa())->add_penalty(size, w, 0.5f, 1.5f, start);
            CHECK(!has_fma_now || are_equal(actual, start, size));
        }
    }
}

static void test_sum_of_magnitudes(void)
{
    float w[100];
    fcnn_random_uniform(w, 100, 3, 0, -1, 1);
    for (size_t size = 0; size <= 100; size++)
        CHECK(kernels->sum_of_magnitudes(size, w) == fcnn_kernels_for(FCNN_ISA_REFERENCE)->sum_of_magnitudes(size, w));
}

/* ---- regularizers ---- */

/* The penalty of all pieces; the gradient is added to `gradients`. */
static double penalize(const fcnn_regularizer *regularizer, const float *w)
{
    static float shared[3 * MOST], scratch[MOST];
    const fcnn_penalized at = {kernels, w, gradients, shared, scratch};
    double penalty = 0.0;
    CHECK(regularizer->shared <= 3 * MOST && regularizer->scratch <= MOST);
    for (size_t p = 0; regularizer->class->prepare && p < regularizer->pieces; p++)
        regularizer->class->prepare(regularizer, &at, p);
    for (size_t p = 0; p < regularizer->pieces; p++)
        penalty += regularizer->class->penalty(regularizer, &at, p);
    for (size_t p = 0; p < regularizer->pieces; p++)
        regularizer->class->add_gradient(regularizer, &at, p);
    return penalty;
}

static fcnn_regularizer regularizer_of(fcnn_attributes attributes, fcnn_shape shape)
{
    fcnn_regularizer regularizer = {0};
    fcnn_error error = {0};
    CHECK(fcnn_regularizer_create(&regularizer, &attributes, &shape, &error) == FCNN_OK);
    return regularizer;
}

static void test_sums(void)
{
    const size_t sizes[] = {1, 17, 8192, 8193, MOST};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        const fcnn_regularizer both = regularizer_of(
            DESCRIBE(TEXT("type", "l1_l2"), NUMBER("l1", 0.25), NUMBER("l2", 0.75)), (fcnn_shape){1, {sizes[s]}});
        fcnn_random_uniform(weights, sizes[s], 5, s, -1, 1);
        weights[0] = 0.0f;
        double expected = 0.0;
        for (size_t i = 0; i < sizes[s]; i++) {
            expected += 0.25 * fabs((double)weights[i]) + 0.75 * (double)weights[i] * (double)weights[i];
            gradients[i] = 1.0f;
        }
        CHECK_CLOSE(penalize(&both, weights), expected, 1e-12 * expected);
        CHECK(gradients[0] == 1.0f);
        for (size_t i = 1; i < sizes[s]; i++)
            CHECK_CLOSE(gradients[i], 1.0 + copysign(0.25, weights[i]) + 1.5 * (double)weights[i], 2.5e-7);
    }
}

/* The penalty in double, of the matrix whose number i is w[i], and `change` more where i is `changed`. */
static double orthogonality(const float *w, size_t rows, size_t columns, int by_columns, size_t changed, double change)
{
    const size_t vectors = by_columns ? columns : rows, length = by_columns ? rows : columns;
    static double unit[MOST];
    double sum = 0.0;
    for (size_t v = 0; v < vectors; v++) {
        double squares = 0.0;
        for (size_t i = 0; i < length; i++) {
            const size_t at = by_columns ? i * columns + v : v * columns + i;
            unit[v * length + i] = (double)w[at] + (at == changed ? change : 0.0);
            squares += unit[v * length + i] * unit[v * length + i];
        }
        for (size_t i = 0; i < length; i++)
            unit[v * length + i] /= fmax(sqrt(squares), 1e-7);
    }
    for (size_t v = 0; v < vectors; v++)
        for (size_t u = 0; u < v; u++) {
            double product = 0.0;
            for (size_t i = 0; i < length; i++)
                product += unit[v * length + i] * unit[u * length + i];
            sum += fabs(product);
        }
    return 0.5 * sum / ((double)vectors * ((double)vectors - 1.0) / 2.0);
}

static void test_orthogonal(void)
{
    const size_t sizes[][2] = {{2, 2}, {5, 3}, {16, 7}, {17, 40}, {33, 2}};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (int by_columns = 0; by_columns < 2; by_columns++) {
            const size_t rows = sizes[s][0], columns = sizes[s][1], size = rows * columns;
            const fcnn_regularizer regularizer =
                regularizer_of(DESCRIBE(TEXT("type", "orthogonal"), NUMBER("factor", 0.5),
                                        TEXT("mode", by_columns ? "columns" : "rows")),
                               (fcnn_shape){2, {rows, columns}});
            fcnn_random_uniform(weights, size, 6, s, -1, 1);
            memset(gradients, 0, sizeof gradients);
            CHECK_CLOSE(penalize(&regularizer, weights), orthogonality(weights, rows, columns, by_columns, MOST, 0),
                        1e-6);
            for (size_t i = 0; i < size; i++) {
                const double step = 1e-7, slope = (orthogonality(weights, rows, columns, by_columns, i, step) -
                                                   orthogonality(weights, rows, columns, by_columns, i, -step)) /
                                                  (2 * step);
                CHECK_CLOSE(gradients[i], slope, 2e-6);
            }
        }
}

/* A row of zeros has no direction; what it is compared with pulls it along, by as much as EPSILON makes of it. */
static void test_orthogonal_with_a_row_of_zeros(void)
{
    const float w[] = {0, 0, 3, 4};
    const fcnn_regularizer regularizer = regularizer_of(
        DESCRIBE(TEXT("type", "orthogonal"), NUMBER("factor", 0.5), TEXT("mode", "rows")), (fcnn_shape){2, {2, 2}});
    memset(gradients, 0, sizeof gradients);
    CHECK(penalize(&regularizer, w) == 0.0);
    for (size_t i = 0; i < 4; i++)
        CHECK(gradients[i] == 0.0f);
}

/* ---- constraints ---- */

static fcnn_constraint constraint_of(fcnn_attributes attributes, fcnn_shape shape)
{
    fcnn_constraint constraint = {0};
    fcnn_error error = {0};
    CHECK(fcnn_constraint_create(&constraint, &attributes, &shape, &error) == FCNN_OK);
    return constraint;
}

/* The root of the sum of squares over the summed axes, for the unit that number `index` belongs to. */
static double norm_of(const float *w, const fcnn_shape *shape, const size_t *summed, size_t index)
{
    double squares = 0.0;
    for (size_t other = 0; other < fcnn_shape_size(shape); other++) {
        int same = 1;
        for (size_t a = shape->rank, i = index, j = other; a-- > 0; i /= shape->extent[a], j /= shape->extent[a])
            same &= summed[a] || i % shape->extent[a] == j % shape->extent[a];
        squares += same ? (double)w[other] * (double)w[other] : 0.0;
    }
    return sqrt(squares);
}

static void check_norms(const fcnn_shape *shape, unsigned axes)
{
    const double low = 0.9, high = 1.1, rate = 0.75;
    size_t summed[FCNN_MAX_RANK];
    fcnn_attribute flags = {.name = "summed", .kind = FCNN_ATTRIBUTE_INTEGER, .count = shape->rank};
    for (size_t a = 0; a < shape->rank; a++)
        flags.integers[a] = (long long)(summed[a] = axes >> a & 1);
    const fcnn_attribute items[] = {TEXT("type", "norm"), NUMBER("min_value", low), NUMBER("max_value", high),
                                    NUMBER("rate", rate), flags};
    const fcnn_constraint constraint = constraint_of((fcnn_attributes)ALL_OF(items), *shape);
    const size_t size = fcnn_shape_size(shape);
    float actual[MOST];
    fcnn_random_uniform(weights, size, 7, axes, -1, 1);
    memcpy(actual, weights, size * sizeof *actual);
    for (size_t p = constraint.pieces; p-- > 0;)
        constraint.class->apply(&constraint, actual, p);
    for (size_t i = 0; i < size; i++) {
        const double norm = norm_of(weights, shape, summed, i), near = fmin(fmax(norm, low), high);
        CHECK_CLOSE(actual[i], (double)weights[i] * (rate * near + (1 - rate) * norm) / (norm + 1e-7), 2e-7);
    }
}

static void test_norms(void)
{
    const fcnn_shape shapes[] = {{1, {300}}, {2, {7, 5}}, {2, {3, 520}}, {4, {3, 2, 4, 5}}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (unsigned axes = 0; axes < 1u << shapes[s].rank; axes++)
            check_norms(&shapes[s], axes);
}

static void test_non_neg(void)
{
    const fcnn_constraint constraint = constraint_of(DESCRIBE(TEXT("type", "non_neg")), (fcnn_shape){1, {MOST}});
    fcnn_random_uniform(weights, MOST, 8, 0, -1, 1);
    memcpy(gradients, weights, sizeof weights);
    weights[3] = NAN;
    for (size_t p = 0; p < constraint.pieces; p++)
        constraint.class->apply(&constraint, weights, p);
    CHECK(isnan(weights[3]));
    for (size_t i = 4; i < MOST; i++)
        CHECK(weights[i] == fmaxf(gradients[i], 0.0f));
}

static void test_what_is_finite_stays_finite(void)
{
    const fcnn_attribute items[] = {TEXT("type", "norm"), NUMBER("min_value", 1), NUMBER("max_value", 0x1p60),
                                    NUMBER("rate", 0.5), INTEGER("summed", 1)};
    const fcnn_constraint constraint = constraint_of((fcnn_attributes)ALL_OF(items), (fcnn_shape){1, {4}});
    const float extremes[][4] = {{3e38f, -3e38f, 3e38f, 3e38f}, {0, 0, 0, 0}, {1e-38f, 0, 0, 0}, {1e-45f, 1, 2, 3e38f}};
    for (size_t e = 0; e < 4; e++) {
        float w[4];
        memcpy(w, extremes[e], sizeof w);
        constraint.class->apply(&constraint, w, 0);
        for (size_t i = 0; i < 4; i++)
            CHECK(isfinite(w[i]));
    }
}

/* ---- networks ---- */

static const fcnn_attribute l1_l2[] = {TEXT("type", "l1_l2"), NUMBER("l1", 0.01), NUMBER("l2", 0.02)};
static const fcnn_attribute orthogonal[] = {TEXT("type", "orthogonal"), NUMBER("factor", 0.5), TEXT("mode", "columns")};
static const fcnn_attribute non_neg[] = {TEXT("type", "non_neg")};
static const fcnn_attribute max_norm[] = {TEXT("type", "norm"), NUMBER("min_value", 0), NUMBER("max_value", 0.5),
                                          NUMBER("rate", 1), INTEGER("summed", 1)};

/* Every parameter has l1_l2, but matrices an orthogonal regularizer where `whole`; biases do not become negative, and
 * all other parameters have a norm of at most 0.5. */
static fcnn_status set_rules(fcnn_network *network, int whole, fcnn_error *error)
{
    fcnn_regularizer regularizers[16] = {0};
    fcnn_constraint constraints[16] = {0};
    const fcnn_graph *graph = fcnn_network_graph(network);
    for (size_t n = 0, p = 0; n < graph->nodes; n++)
        for (size_t i = 0; i < graph->node[n].layer.parameters; i++, p++) {
            const fcnn_shape shape = graph->node[n].layer.parameter[i].shape;
            const int matrix = whole && shape.rank == 2;
            regularizers[p] =
                regularizer_of(matrix ? (fcnn_attributes)ALL_OF(orthogonal) : (fcnn_attributes)ALL_OF(l1_l2), shape);
            constraints[p] = constraint_of(
                shape.rank == 1 ? (fcnn_attributes)ALL_OF(non_neg) : (fcnn_attributes)ALL_OF(max_norm), shape);
        }
    return fcnn_network_set_rules(network, regularizers, constraints, error);
}

static fcnn_network *ruled_network(fcnn_isa isa, fcnn_attributes optimizer, int whole)
{
    fcnn_network *network = mixed_network(isa, optimizer);
    fcnn_error error;
    CHECK(set_rules(network, whole, &error) == FCNN_OK);
    return network;
}

static void check_constrained(const fcnn_network *network)
{
    for (size_t p = 0; p < network->parameters; p++) {
        const fcnn_span *span = &network->parameter[p];
        const double norm =
            sqrt(network->kernels->sum_of_squares(span->end - span->begin, network->weights + span->begin));
        for (size_t i = span->begin; p % 2 == 1 && i < span->end; i++)
            CHECK(network->weights[i] >= 0.0f);
        CHECK(p % 2 == 1 || norm <= 0.5 + 1e-6);
    }
}

static void test_training_gives_the_same_bits(void)
{
    static const size_t thread_counts[] = {1, 2, 5};
    static snapshot expected;
    fcnn_error error;
    for (size_t o = 0; o < OWN_OPTIMIZERS; o++)
        for (int whole = 0; whole < 2; whole++) {
            int have = 0;
            double loss = NAN;
            for (fcnn_isa isa = FCNN_ISA_BASELINE; isa < FCNN_ISA_COUNT; isa++)
                for (size_t t = 0; fcnn_isa_available(isa) && (has_fma(isa) || !has_fma(best_isa())) &&
                                   t < sizeof thread_counts / sizeof *thread_counts;
                     t++) {
                    CHECK(fcnn_threads_set(thread_counts[t], &error) == FCNN_OK);
                    fcnn_network *network = ruled_network(isa, optimizers[o], whole);
                    const double its_loss = train_steps(network, 10);
                    check_constrained(network);
                    if (!have)
                        take(network, &expected);
                    CHECK(is_unchanged(network, &expected) && (!have || its_loss == loss));
                    have = 1;
                    loss = its_loss;
                    fcnn_network_destroy(network);
                }
            add_to_digest(&expected, sizeof expected);
        }
    check_digest(0xb36d6f797b6a1e1c);
    CHECK(fcnn_threads_set(0, &error) == FCNN_OK);
}

/* Whether gradients are used up shard by shard or all at the end. */
static void test_a_step_in_two_halves_is_the_same(void)
{
    for (int whole = 0; whole < 2; whole++) {
        fcnn_network *network = ruled_network(best_isa(), optimizers[0], whole);
        fcnn_network *other = ruled_network(best_isa(), optimizers[0], whole);
        static snapshot expected;
        fcnn_error error;
        train_steps(network, 1);
        gradients_of(other, MIXED_BATCH);
        CHECK(fcnn_network_apply_gradients(other, &error) == FCNN_OK);
        take(network, &expected);
        CHECK(is_unchanged(other, &expected));
        fcnn_network_destroy(network);
        fcnn_network_destroy(other);
    }
}

/* Penalties and constraints leave what is frozen alone, and its penalty does not count. */
static void test_frozen_parameters_obey_nothing(void)
{
    static float before[MIXED_WEIGHTS];
    const unsigned char none[16] = {0}, last[16] = {[9] = 1};
    fcnn_network *network = ruled_network(best_isa(), optimizers[0], 1);
    fcnn_network *plain = mixed_network(best_isa(), optimizers[0]);
    fcnn_error error;
    double loss, plain_loss;
    fcnn_network_set_trainable(network, none);
    CHECK(run_batch(network, inputs, 0, 4, 0, 0, &loss, &error) == FCNN_OK);
    CHECK(run_batch(plain, inputs, 0, 4, 0, 0, &plain_loss, &error) == FCNN_OK);
    CHECK(loss == plain_loss);
    memcpy(before, network->weights, weight_count(network) * sizeof *before);
    fcnn_network_set_trainable(network, last);
    train_steps(network, 2);
    CHECK(are_equal(network->weights, before, network->parameter[9].begin));
    CHECK(!are_equal(network->weights, before, weight_count(network)));
    fcnn_network_destroy(network);
    fcnn_network_destroy(plain);
}

/* A step that is refused as a whole is undone behind the constraints, too. */
static void test_a_refused_step_leaves_no_trace(void)
{
    static snapshot before;
    fcnn_network *network = ruled_network(best_isa(), optimizers[0], 0);
    fcnn_error error;
    double loss;
    take(network, &before);
    network->state.learning_rate = 1e39;
    CHECK(run_batch(network, inputs, 0, 4, 1, 1, &loss, &error) == FCNN_E_NONFINITE);
    CHECK_ERROR(error, FCNN_E_NONFINITE, "The step was not made");
    CHECK(is_unchanged(network, &before));
    fcnn_network_destroy(network);
}

static void test_every_allocation_may_fail(void)
{
    fcnn_network *network = ruled_network(best_isa(), optimizers[0], 1);
    fcnn_error error;
    double loss = gradients_of(network, 4);
    long successes = 0;
    for (; successes < 100; successes++) {
        fcnn_memory_fail_after(successes);
        const fcnn_status status = set_rules(network, 0, &error);
        fcnn_memory_fail_after(-1);
        if (status == FCNN_OK)
            break;
        CHECK_ERROR(error, FCNN_E_MEMORY, "");
        network->state.random_step = 0;
        CHECK(gradients_of(network, 4) == loss);
    }
    CHECK(successes == 5);
    network->state.random_step = 0;
    CHECK(gradients_of(network, 4) != loss);
    fcnn_network_destroy(network);
}

/* ---- refusals ---- */

static void refuse_regularizer(fcnn_attributes attributes, fcnn_shape shape, const char *part)
{
    fcnn_regularizer regularizer;
    fcnn_error error = {0};
    CHECK(fcnn_regularizer_create(&regularizer, &attributes, &shape, &error) != FCNN_OK);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, part);
}

static void refuse_constraint(fcnn_attributes attributes, const char *part)
{
    fcnn_constraint constraint;
    fcnn_error error = {0};
    CHECK(fcnn_constraint_create(&constraint, &attributes, &(fcnn_shape){2, {3, 4}}, &error) != FCNN_OK);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, part);
}

static void test_refusals(void)
{
    const fcnn_shape matrix = {2, {3, 4}};
    refuse_regularizer(DESCRIBE(TEXT("type", "hope")), matrix, "'hope'");
    refuse_regularizer(DESCRIBE(TEXT("type", "l1_l2"), NUMBER("l1", -1)), matrix, "`l1`");
    refuse_regularizer(DESCRIBE(TEXT("type", "l1_l2"), NUMBER("l3", 1)), matrix, "`l3`");
    const fcnn_attributes rows = DESCRIBE(TEXT("type", "orthogonal"), NUMBER("factor", 1), TEXT("mode", "rows"));
    refuse_regularizer(rows, (fcnn_shape){1, {3}}, "(3,)");
    refuse_regularizer(rows, (fcnn_shape){2, {1, 3}}, "at least two rows");
    refuse_constraint(DESCRIBE(TEXT("type", "hope")), "'hope'");
    refuse_constraint(DESCRIBE(TEXT("type", "non_neg"), NUMBER("rate", 1)), "`rate`");
    const fcnn_attribute late[] = {TEXT("type", "norm"), NUMBER("min_value", 1), NUMBER("max_value", 2),
                                   NUMBER("rate", 1.5), INTEGER("summed", 1)};
    refuse_constraint((fcnn_attributes)ALL_OF(late), "`rate`");
    const fcnn_attribute three[] = {TEXT("type", "norm"),
                                    NUMBER("min_value", 1),
                                    NUMBER("max_value", 2),
                                    NUMBER("rate", 1),
                                    {.name = "summed", .kind = FCNN_ATTRIBUTE_INTEGER, .count = 3}};
    refuse_constraint((fcnn_attributes)ALL_OF(three), "`summed` has 3");
}

int main(void)
{
    fill_data();
    for (fcnn_isa isa = FCNN_ISA_REFERENCE; isa < FCNN_ISA_COUNT; isa++) {
        if (!fcnn_isa_available(isa))
            continue;
        kernels = fcnn_kernels_for(isa);
        has_fma_now = has_fma(isa);
        test_add_penalty(0);
        test_add_penalty(1);
        test_sum_of_magnitudes();
        test_sums();
        test_orthogonal();
        test_orthogonal_with_a_row_of_zeros();
    }
    test_norms();
    test_non_neg();
    test_what_is_finite_stays_finite();
    test_training_gives_the_same_bits();
    test_a_step_in_two_halves_is_the_same();
    test_frozen_parameters_obey_nothing();
    test_a_refused_step_leaves_no_trace();
    test_every_allocation_may_fail();
    test_refusals();
    return check_report();
}
