/* test_network.c - gradients of whole networks: fused steps against the layers alone, graphs against finite
 * differences, and activations that the loss takes over.
 */
#include <stdlib.h>

#include "networks.h"

static float largest(const float *x, size_t count)
{
    float most = 0.0f;
    for (size_t i = 0; i < count; i++)
        most = fmaxf(most, fabsf(x[i]));
    return most;
}

/* Whether every number differs by at most tolerance times the largest. */
static int are_close(const float *a, const float *b, size_t count, float tolerance)
{
    const float limit = tolerance * largest(b, count);
    for (size_t i = 0; i < count; i++)
        if (!(fabsf(a[i] - b[i]) <= limit))
            return 0;
    return 1;
}

/* ---- fused steps against the layers alone ---- */

typedef struct geometry {
    int image[3]; /* height, width, channels */
    int kernel[2], strides[2], dilation[2];
    const char *padding;
    int filters;
    int pool[2], steps[2];
    const char *pool_padding;
    int relu, bias;
    int second; /* filters of a second convolution, ReLU and pool; 0: none */
} geometry;

typedef enum tail { TAIL_NONE, TAIL_DENSE, TAIL_AVERAGE, TAIL_SIGMOID, TAIL_NEGATIVE, TAILS } tail;

/* A graph in which every node follows the one before. */
static fcnn_graph *chain_of(fcnn_node_spec *specs, size_t count)
{
    static const size_t before[] = {0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
    for (size_t n = 0; n < count; n++) {
        specs[n].name = specs[n].type;
        specs[n].input = &before[n];
        specs[n].inputs = n > 0;
    }
    return graph_of(specs, count);
}

/* Convolution, perhaps ReLU, and pool; a layer that does nothing between them keeps them from being fused. */
static fcnn_graph *pooled_graph(const geometry *g, int fused, tail end)
{
    const fcnn_attributes conv =
        DESCRIBE(INTEGER("filters", g->filters), PAIR("kernel_size", g->kernel[0], g->kernel[1]),
                 PAIR("strides", g->strides[0], g->strides[1]), TEXT("padding", g->padding),
                 PAIR("dilation_rate", g->dilation[0], g->dilation[1]), INTEGER("use_bias", g->bias));
    const fcnn_attributes pool = DESCRIBE(PAIR("pool_size", g->pool[0], g->pool[1]),
                                          PAIR("strides", g->steps[0], g->steps[1]), TEXT("padding", g->pool_padding));
    const fcnn_attributes second =
        DESCRIBE(INTEGER("filters", g->second), INTEGER("kernel_size", 3), INTEGER("strides", 1),
                 TEXT("padding", "valid"), INTEGER("dilation_rate", 1), INTEGER("use_bias", 1));
    const fcnn_attributes half = DESCRIBE(INTEGER("pool_size", 2), INTEGER("strides", 2), TEXT("padding", "valid"));
    const fcnn_attributes nothing = DESCRIBE(NUMBER("scale", 1), NUMBER("offset", 0));
    const fcnn_attributes negative = DESCRIBE(NUMBER("scale", -2), NUMBER("offset", 0.5));
    const fcnn_attributes relu = DESCRIBE(TEXT("function", "relu")), sigmoid = DESCRIBE(TEXT("function", "sigmoid"));
    const fcnn_attributes units = DESCRIBE(INTEGER("units", 3), INTEGER("use_bias", 1));
    const fcnn_attributes drop = DESCRIBE(INTEGER("keepdims", 0));
    fcnn_node_spec specs[16] = {IMAGES(g->image[0], g->image[1], g->image[2])};
    size_t n = 1;
#define APPEND(layer, described) \
    specs[n++] = (fcnn_node_spec) { .type = layer, .attributes = described }
    for (int block = 0; block < (g->second ? 2 : 1); block++) {
        APPEND("conv2d", block ? second : conv);
        if (!fused)
            APPEND("rescaling", nothing);
        if (g->relu || block)
            APPEND("activation", relu);
        APPEND("max_pooling2d", block ? half : pool);
    }
    if (end == TAIL_SIGMOID)
        APPEND("activation", sigmoid);
    if (end == TAIL_NEGATIVE)
        APPEND("rescaling", negative);
    if (end == TAIL_AVERAGE)
        APPEND("global_average_pooling2d", drop);
    if (end != TAIL_NONE)
        APPEND("dense", units);
#undef APPEND
    return chain_of(specs, n);
}

/* Junk in the network's memory: a refused batch leaves NaN there. */
static void poison(fcnn_network *network, size_t images)
{
    static float junk[ROWS * MOST_INPUTS];
    double loss;
    fcnn_error error;
    for (size_t i = 0; i < ROWS * MOST_INPUTS; i++)
        junk[i] = NAN;
    CHECK(run_batch(network, junk, 0, images, 1, 0, &loss, &error) == FCNN_E_ARGUMENT);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, "NaN");
}

/* Whether two networks with the same weights give the same loss, predictions and gradients. */
static int are_alike(fcnn_network *a, fcnn_network *b, size_t images)
{
    static float outputs[ROWS * MOST_OUTPUTS];
    const double loss = gradients_of(a, images);
    memcpy(outputs, last_outputs, sizeof outputs);
    const double other = gradients_of(b, images);
    return fabs(other - loss) <= 1e-5 * loss && are_close(outputs, last_outputs, images * output_size(a), 1e-5f) &&
           are_close(a->gradients, b->gradients, weight_count(a), 2e-5f);
}

static void test_fused_geometry(const geometry *g, tail end, fcnn_isa isa, size_t number)
{
    enum { BATCH = 5, MOST_WEIGHTS = 1 << 13 };
    static float outputs[BATCH * MOST_OUTPUTS], gradients[MOST_WEIGHTS];
    fcnn_network *fused = network_of(pooled_graph(g, 1, end), isa, SQUARED_ERROR);
    fcnn_network *plain = network_of(pooled_graph(g, 0, end), isa, SQUARED_ERROR);
    const size_t size = output_size(fused), count = weight_count(fused);
    char text[100];
    CHECK(input_size(fused) <= MOST_INPUTS && size <= MOST_OUTPUTS && count <= MOST_WEIGHTS);
    CHECK(count == weight_count(plain) && size == output_size(plain));

    snprintf(text, sizeof text, "geometry %zu, tail %d, %s", number, (int)end, fcnn_isa_name(isa));
    check_that(are_alike(fused, plain, BATCH), text, __FILE__, __LINE__);

    predict(fused, inputs, 0, BATCH, outputs);
    gradients_of(fused, BATCH);
    CHECK(are_equal(outputs, last_outputs, BATCH * size));

    memcpy(gradients, fused->gradients, count * sizeof *gradients);
    poison(fused, BATCH);
    gradients_of(fused, BATCH);
    check_that(are_equal(gradients, fused->gradients, count), text, __FILE__, __LINE__);
    fcnn_network_destroy(fused);
    fcnn_network_destroy(plain);
}

static const geometry geometries[] = {
    /* image, kernel, strides, dilation, padding, filters, pool, steps, pool padding, relu, bias, second */
    {{9, 9, 1}, {3, 3}, {1, 1}, {1, 1}, "valid", 5, {2, 2}, {2, 2}, "valid", 1, 1, 0},
    {{8, 10, 3}, {3, 3}, {1, 1}, {1, 1}, "same", 16, {2, 2}, {2, 2}, "valid", 1, 1, 0},
    {{10, 8, 8}, {3, 3}, {1, 1}, {1, 1}, "valid", 8, {2, 2}, {2, 2}, "valid", 1, 1, 0},
    {{9, 9, 9}, {3, 3}, {1, 1}, {1, 1}, "same", 17, {2, 2}, {2, 2}, "valid", 1, 0, 0},
    {{7, 8, 8}, {3, 3}, {1, 1}, {1, 1}, "valid", 8, {2, 2}, {2, 2}, "same", 1, 1, 0},
    {{8, 7, 8}, {3, 3}, {1, 1}, {1, 1}, "valid", 8, {2, 2}, {2, 2}, "same", 1, 1, 0},
    {{9, 7, 8}, {3, 3}, {1, 1}, {1, 1}, "same", 10, {2, 2}, {2, 2}, "same", 0, 1, 0},
    {{7, 8, 1}, {3, 3}, {1, 1}, {1, 1}, "valid", 6, {2, 2}, {2, 2}, "same", 1, 1, 0},
    {{8, 7, 1}, {3, 3}, {1, 1}, {1, 1}, "valid", 6, {2, 2}, {2, 2}, "same", 1, 1, 0},
    {{7, 7, 1}, {3, 3}, {1, 1}, {1, 1}, "valid", 6, {3, 3}, {2, 2}, "same", 1, 1, 0},
    {{8, 8, 1}, {3, 3}, {1, 1}, {1, 1}, "valid", 20, {3, 3}, {2, 2}, "same", 0, 1, 0},
    {{9, 9, 2}, {3, 3}, {1, 1}, {1, 1}, "valid", 7, {3, 3}, {1, 1}, "same", 1, 1, 0},
    {{9, 9, 4}, {3, 3}, {1, 1}, {1, 1}, "valid", 7, {3, 3}, {2, 2}, "valid", 1, 1, 0},
    {{9, 8, 4}, {2, 3}, {1, 1}, {1, 1}, "same", 9, {3, 2}, {3, 1}, "valid", 1, 1, 0},
    {{6, 11, 2}, {1, 3}, {1, 1}, {1, 1}, "valid", 7, {1, 3}, {1, 3}, "valid", 0, 0, 0},
    {{10, 6, 5}, {5, 5}, {1, 1}, {1, 1}, "same", 4, {2, 2}, {2, 2}, "valid", 1, 1, 0},
    {{8, 8, 20}, {1, 1}, {1, 1}, {1, 1}, "valid", 33, {2, 2}, {2, 2}, "valid", 1, 1, 0},
    {{13, 11, 3}, {3, 3}, {2, 2}, {1, 1}, "valid", 6, {2, 2}, {2, 2}, "valid", 1, 1, 0},
    {{13, 11, 3}, {3, 3}, {2, 1}, {1, 1}, "same", 6, {2, 2}, {2, 3}, "valid", 1, 1, 0},
    {{12, 12, 2}, {3, 3}, {1, 1}, {2, 2}, "valid", 6, {2, 2}, {2, 2}, "valid", 1, 1, 0},
    {{12, 9, 8}, {3, 2}, {1, 1}, {2, 3}, "same", 8, {2, 2}, {3, 3}, "same", 1, 1, 0},
    {{9, 9, 3}, {2, 2}, {1, 1}, {1, 1}, "same", 6, {3, 3}, {3, 3}, "same", 0, 1, 0},
    {{5, 5, 1}, {1, 1}, {1, 1}, {1, 1}, "valid", 3, {4, 4}, {3, 3}, "same", 1, 1, 0},
    {{13, 13, 1}, {3, 3}, {1, 1}, {1, 1}, "valid", 8, {2, 2}, {2, 2}, "valid", 1, 1, 9},
    {{14, 15, 1}, {3, 3}, {1, 1}, {1, 1}, "same", 6, {2, 2}, {2, 2}, "valid", 1, 1, 10},
    {{13, 13, 2}, {2, 2}, {1, 1}, {1, 1}, "valid", 9, {3, 3}, {2, 2}, "same", 1, 1, 12},
    {{15, 13, 2}, {3, 3}, {1, 1}, {1, 1}, "valid", 9, {3, 3}, {2, 2}, "valid", 0, 1, 4},
};

static void test_fused_steps(void)
{
    for (size_t g = 0; g < sizeof geometries / sizeof *geometries; g++)
        for (fcnn_isa isa = FCNN_ISA_REFERENCE; isa < FCNN_ISA_COUNT; isa++)
            for (tail end = TAIL_NONE; fcnn_isa_available(isa) && end < TAILS; end++)
                test_fused_geometry(&geometries[g], end, isa, g);
}

/* Fused steps on both sides of a residual connection, and a softmax for every pixel that the loss takes over. */
static void test_fused_steps_among_branches(void)
{
    const fcnn_attributes loss = DESCRIBE(TEXT("type", "categorical_crossentropy"));
    fcnn_graph *fused = GRAPH(IMAGES(8, 8, 1), CONV(0, 8, 3, "same"), ACTIVATION(1, "relu"), MAX_POOL(2, 2, 2, "valid"),
                              CONV(3, 8, 3, "same"), MAX_POOL(4, 3, 1, "same"), ADD(3, 5), CONV(6, 8, 3, "same"),
                              ACTIVATION(7, "relu"), MAX_POOL(8, 2, 2, "valid"), CONV(9, 3, 1, "valid"), SOFTMAX(10));
    fcnn_graph *plain =
        GRAPH(IMAGES(8, 8, 1), CONV(0, 8, 3, "same"), SCALE(1, 1), ACTIVATION(2, "relu"), MAX_POOL(3, 2, 2, "valid"),
              CONV(4, 8, 3, "same"), SCALE(5, 1), MAX_POOL(6, 3, 1, "same"), ADD(4, 7), CONV(8, 8, 3, "same"),
              SCALE(9, 1), ACTIVATION(10, "relu"), MAX_POOL(11, 2, 2, "valid"), CONV(12, 3, 1, "valid"), SOFTMAX(13));
    fcnn_network *a = network_of(fused, best_isa(), loss), *b = network_of(plain, best_isa(), loss);
    CHECK(are_alike(a, b, 7));
    fcnn_network_destroy(a);
    fcnn_network_destroy(b);
}

/* ---- gradients against finite differences: graphs without corners ---- */

/* Loss with weights w + h v; the dropout masks stay the same. */
static double loss_at(fcnn_network *network, const float *w, const float *v, float h)
{
    for (size_t i = 0; i < weight_count(network); i++)
        network->weights[i] = w[i] + h * v[i];
    network->state.random_step = 3;
    return gradients_of(network, 4);
}

/* The slope along v, which is checked against the gradients g. */
static void check_slope(fcnn_network *network, const float *w, const float *g, const float *v)
{
    const float h = 0x1p-5f;
    const double near = loss_at(network, w, v, h) - loss_at(network, w, v, -h);
    const double far = loss_at(network, w, v, 2 * h) - loss_at(network, w, v, -2 * h);
    double expected = 0.0;
    for (size_t i = 0; i < weight_count(network); i++)
        expected += (double)g[i] * (double)v[i];
    CHECK_CLOSE((8.0 * near - far) / (12.0 * (double)h), expected, 5e-5 + 2e-3 * fabs(expected));
}

/* Along a random direction, and along the gradient itself, of every parameter alone. Takes over the graph. */
static void check_gradients(fcnn_graph *graph, fcnn_isa isa, fcnn_attributes loss)
{
    enum { MOST = 4096 };
    static float w[MOST], g[MOST], v[MOST];
    fcnn_network *network = network_of(graph, isa, loss);
    const size_t count = weight_count(network);
    CHECK(count <= MOST);
    memcpy(w, network->weights, count * sizeof *w);
    memset(v, 0, sizeof v);
    loss_at(network, w, v, 0);
    memcpy(g, network->gradients, count * sizeof *g);
    for (size_t n = 0; n < graph->nodes; n++)
        for (size_t i = 0; i < graph->node[n].layer.parameters; i++) {
            const fcnn_parameter *parameter = &graph->node[n].layer.parameter[i];
            const size_t at = graph->node[n].parameters + parameter->offset, size = fcnn_shape_size(&parameter->shape);
            const float most = largest(g + at, size), root = sqrtf((float)size);
            CHECK(most > 0.0f);
            fcnn_random_uniform(v + at, size, 6, at, -1.5f / root, 1.5f / root);
            check_slope(network, w, g, v);
            for (size_t j = at; j < at + size; j++)
                v[j] = g[j] / (most * root);
            check_slope(network, w, g, v);
            memset(v, 0, sizeof v);
        }
    fcnn_network_destroy(network);
}

static void test_gradients_of_graphs(fcnn_isa isa)
{
    /* Two branches, each with an activation that may run in place. */
    check_gradients(GRAPH(IMAGES(6, 6, 2), CONV(0, 3, 3, "same"), ACTIVATION(1, "tanh"), CONV(2, 4, 3, "same"),
                          CONV(2, 4, 1, "valid"), ACTIVATION(3, "gelu"), ACTIVATION(4, "sigmoid"), ADD(5, 6),
                          GLOBAL_AVERAGE(7), DENSE(8, 3)),
                    isa, SQUARED_ERROR);
    /* A tensor with three users, and one added to itself. */
    check_gradients(GRAPH(IMAGES(5, 4, 3), CONV(0, 3, 2, "same"), ACTIVATION(1, "tanh"), ADD(1, 2, 1), ADD(3, 3),
                          CONV(4, 3, 3, "same"), ADD(5, 1, 4), ACTIVATION(6, "softplus"), GLOBAL_AVERAGE(7),
                          DENSE(8, 2)),
                    isa, SQUARED_ERROR);
    /* Activations of a tensor that is read again later, dropout, and views with several users. */
    check_gradients(GRAPH(IMAGES(4, 4, 2), CONV(0, 4, 3, "valid"), ACTIVATION(1, "silu"), ADD(2, 1), DROPOUT(3, 0.3),
                          ACTIVATION(4, "tanh"), FLATTEN(5, 16), SCALE(6, -0.5), ACTIVATION(6, "sigmoid"), ADD(7, 8, 6),
                          DENSE(9, 6), ACTIVATION(10, "linear"), ACTIVATION(11, "elu"), ADD(12, 10), DENSE(13, 2)),
                    isa, SQUARED_ERROR);
    /* A softmax for every pixel, which the loss takes over. */
    check_gradients(GRAPH(IMAGES(4, 4, 2), CONV(0, 4, 3, "same"), ACTIVATION(1, "tanh"), AVERAGE_POOL(2, 2, 2, "same"),
                          DENSE(3, CLASSES), SOFTMAX(4)),
                    isa, SPARSE_CROSSENTROPY);
    /* Penalties: of a tensor with several users, of the logits, and of what the loss takes over. */
    check_gradients(GRAPH(IMAGES(4, 4, 2), CONV(0, 4, 3, "same"), ACTIVATION(1, "tanh"), PENALIZE(2, 0, 0.1),
                          CONV(3, 4, 3, "same"), PENALIZE(4, 0, 0.05), ADD(5, 3, 2), PENALIZE(6, 0, 0.02),
                          DENSE(7, CLASSES), PENALIZE(8, 0, 0.1), SOFTMAX(9), PENALIZE(10, 0, 0.3),
                          PENALIZE(11, 0, 0.4)),
                    isa, SPARSE_CROSSENTROPY);
    /* A softmax that the loss cannot take over. */
    check_gradients(GRAPH(IMAGES(3, 3, 2), CONV(0, 4, 2, "valid"), SOFTMAX(1), CONV(2, CLASSES, 2, "valid"), SOFTMAX(3),
                          FLATTEN(4, CLASSES)),
                    isa, SPARSE_CROSSENTROPY);
}

/* ---- the loss takes over the last activation ---- */

static void check_absorbed(fcnn_graph *whole, fcnn_graph *logits, fcnn_attributes loss, fcnn_attributes logit_loss,
                           int is_softmax)
{
    enum { BATCH = 6 };
    static float expected[BATCH * CLASSES];
    const fcnn_isa isa = best_isa();
    const fcnn_kernels *kernels = fcnn_kernels_for(isa);
    const fcnn_activation_spec sigmoid = {.function = FCNN_SIGMOID};
    fcnn_network *a = network_of(whole, isa, loss), *b = network_of(logits, isa, logit_loss);
    double test_a, test_b;
    fcnn_error error;
    const double loss_of_logits = gradients_of(b, BATCH);
    if (is_softmax)
        kernels->softmax(BATCH, CLASSES, last_outputs, expected);
    else
        kernels->activation_forward(&sigmoid, BATCH * CLASSES, last_outputs, expected);
    CHECK(gradients_of(a, BATCH) == loss_of_logits);
    CHECK(are_equal(last_outputs, expected, BATCH * CLASSES));
    CHECK(largest(a->gradients, weight_count(a)) > 0.0f);
    CHECK(are_equal(a->gradients, b->gradients, weight_count(a)));
    CHECK(run_batch(a, inputs, 2, BATCH, 0, 0, &test_a, &error) == FCNN_OK);
    CHECK(run_batch(b, inputs, 2, BATCH, 0, 0, &test_b, &error) == FCNN_OK);
    CHECK(test_a == test_b);
    fcnn_network_destroy(a);
    fcnn_network_destroy(b);
}

static void test_absorbed_activations(void)
{
#define TRUNK IMAGES(4, 4, 2), CONV(0, 6, 3, "valid"), ACTIVATION(1, "tanh"), FLATTEN(2, 24), DENSE(3, CLASSES)
    static const char *const crossentropies[] = {"sparse_categorical_crossentropy", "categorical_crossentropy"};
    for (size_t i = 0; i < 2; i++)
        check_absorbed(GRAPH(TRUNK, SOFTMAX(4)), GRAPH(TRUNK), DESCRIBE(TEXT("type", crossentropies[i])),
                       DESCRIBE(TEXT("type", crossentropies[i]), INTEGER("from_logits", 1)), 1);
    check_absorbed(GRAPH(TRUNK, ACTIVATION(4, "sigmoid")), GRAPH(TRUNK), DESCRIBE(TEXT("type", crossentropies[0])),
                   DESCRIBE(TEXT("type", crossentropies[0]), INTEGER("from_logits", 1)), 0);
    check_absorbed(GRAPH(TRUNK, ACTIVATION(4, "sigmoid")), GRAPH(TRUNK), DESCRIBE(TEXT("type", "binary_crossentropy")),
                   DESCRIBE(TEXT("type", "binary_crossentropy"), INTEGER("from_logits", 1)), 0);

    fcnn_network *absorbed = network_of(GRAPH(TRUNK, SOFTMAX(4)), best_isa(), SPARSE_CROSSENTROPY);
    fcnn_network *apart = network_of(GRAPH(TRUNK, SOFTMAX(4), SCALE(5, 1)), best_isa(), SPARSE_CROSSENTROPY);
    const double loss = gradients_of(absorbed, 6);
    CHECK_CLOSE(gradients_of(apart, 6), loss, 1e-5);
    CHECK(are_close(apart->gradients, absorbed->gradients, weight_count(apart), 1e-5f));
    fcnn_network_destroy(absorbed);
    fcnn_network_destroy(apart);
#undef TRUNK
}

int main(void)
{
    fill_data();
    test_fused_steps();
    test_fused_steps_among_branches();
    test_gradients_of_graphs(FCNN_ISA_REFERENCE);
    test_gradients_of_graphs(best_isa());
    test_absorbed_activations();
    return check_report();
}
