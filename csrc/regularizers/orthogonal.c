/* orthogonal.c - how far the rows (or columns) of a matrix are from being orthogonal.
 *
 * With the vectors v of the matrix, each divided by its norm (but by EPSILON where that is smaller):
 *
 *     penalty = factor * the mean over all pairs i < j of |v_i . v_j|
 *
 * Gradient of v_i: factor / pairs * g_i, g_i = the sum over j != i of sign(v_i . v_j) v_j; that of the row before it
 * was divided: (g_i - (g_i . v_i) v_i) / norm, or g_i / EPSILON where the norm is smaller. (Keras has NaN where a row
 * is 0.)
 *
 * A piece is some vectors; their products with all vectors are those of a dense layer whose images they are.
 */
#include <math.h>

#include "../base/sizes.h"
#include "../kernels/penalty.h"
#include "registry.h"

enum { FACTOR };
enum { VECTORS = 16 }; /* of a piece */
static const double EPSILON = 1e-7;

static fcnn_status create(fcnn_regularizer *regularizer, const fcnn_attributes *attributes, const fcnn_shape *shape,
                          fcnn_error *error)
{
    static const char *const names[] = {"type", "factor", "mode", NULL}, *const modes[] = {"rows", "columns"};
    size_t columns;
    char text[128];
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(fcnn_attributes_number(attributes, "factor", 0.0, FCNN_MOST_PENALTY, &regularizer->config[FACTOR], error));
    FCNN_TRY(fcnn_attributes_choice(attributes, "mode", modes, 2, &columns, error));
    if (shape->rank != 2 || shape->extent[columns] < 2)
        return fcnn_fail(error, FCNN_E_ARGUMENT,
                         "an orthogonal regularizer needs a matrix of at least two %s, and the parameter's shape is %s",
                         modes[columns], fcnn_shape_text(shape, text, sizeof text));
    regularizer->flag = (int)columns;
    regularizer->vectors = shape->extent[columns];
    regularizer->length = shape->extent[!columns];
    regularizer->pieces = (regularizer->vectors + VECTORS - 1) / VECTORS;
    regularizer->shared = 2 * regularizer->size + regularizer->vectors;
    regularizer->scratch = VECTORS * (regularizer->vectors + regularizer->length);
    return FCNN_OK;
}

/* The parts of what is shared. */
static float *unit_vectors(const fcnn_regularizer *self, const fcnn_penalized *at)
{
    (void)self;
    return at->shared; /* (vectors, length) */
}
static float *transposed(const fcnn_regularizer *self, const fcnn_penalized *at)
{
    return at->shared + self->size; /* (length, vectors) */
}
static float *norms(const fcnn_regularizer *self, const fcnn_penalized *at)
{
    return at->shared + 2 * self->size; /* (vectors) */
}

static size_t count_of(const fcnn_regularizer *self, size_t piece)
{
    return smaller(VECTORS, self->vectors - piece * VECTORS);
}

static void prepare(const fcnn_regularizer *self, const fcnn_penalized *at, size_t piece)
{
    const size_t vector_step = self->flag ? 1 : self->length, step = self->flag ? self->vectors : 1;
    for (size_t v = piece * VECTORS, end = v + count_of(self, piece); v < end; v++) {
        float *unit = unit_vectors(self, at) + v * self->length;
        for (size_t i = 0; i < self->length; i++)
            unit[i] = at->w[v * vector_step + i * step];
        const double norm = sqrt(at->kernels->sum_of_squares(self->length, unit));
        norms(self, at)[v] = (float)norm;
        for (size_t i = 0; i < self->length; i++)
            unit[i] = (float)((double)unit[i] / (norm > EPSILON ? norm : EPSILON));
        for (size_t i = 0; i < self->length; i++)
            transposed(self, at)[i * self->vectors + v] = unit[i];
    }
}

/* (vectors of the piece, vectors): products with all vectors, but 0 with the same one. */
static float *find_products(const fcnn_regularizer *self, const fcnn_penalized *at, size_t piece)
{
    const size_t first = piece * VECTORS, count = count_of(self, piece);
    float *products = at->scratch;
    at->kernels->dense_forward(count, self->length, self->vectors, unit_vectors(self, at) + first * self->length,
                               self->length, transposed(self, at), NULL, products, self->vectors);
    for (size_t v = 0; v < count; v++)
        products[v * self->vectors + first + v] = 0.0f;
    return products;
}

static double pairs(const fcnn_regularizer *self)
{
    return (double)self->vectors * ((double)self->vectors - 1.0) / 2.0;
}

static double penalty(const fcnn_regularizer *self, const fcnn_penalized *at, size_t piece)
{
    const float *products = find_products(self, at, piece);
    const double sum = at->kernels->sum_of_magnitudes(count_of(self, piece) * self->vectors, products);
    return self->config[FACTOR] * 0.5 * sum / pairs(self);
}

static double dot(size_t count, const float *a, const float *b)
{
    double sum = 0.0;
    for (size_t i = 0; i < count; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

/* gradient += that of one vector, from that of its unit vector. */
static void add_of_vector(const fcnn_regularizer *self, const fcnn_penalized *at, size_t v, const float *of_unit)
{
    const size_t vector_step = self->flag ? 1 : self->length, step = self->flag ? self->vectors : 1;
    const float *unit = unit_vectors(self, at) + v * self->length;
    const double norm = (double)norms(self, at)[v], factor = self->config[FACTOR] / pairs(self);
    const double along = norm > EPSILON ? dot(self->length, of_unit, unit) : 0.0;
    const double scale = factor / (norm > EPSILON ? norm : EPSILON);
    for (size_t i = 0; i < self->length; i++)
        at->gradient[v * vector_step + i * step] += (float)(scale * ((double)of_unit[i] - along * (double)unit[i]));
}

static void add_gradient(const fcnn_regularizer *self, const fcnn_penalized *at, size_t piece)
{
    const size_t first = piece * VECTORS, count = count_of(self, piece);
    float *signs = find_products(self, at, piece), *sums = signs + VECTORS * self->vectors;
    for (size_t i = 0; i < count * self->vectors; i++)
        signs[i] = (float)((signs[i] > 0.0f) - (signs[i] < 0.0f));
    at->kernels->dense_forward(count, self->vectors, self->length, signs, self->vectors, unit_vectors(self, at), NULL,
                               sums, self->length);
    for (size_t v = 0; v < count; v++)
        add_of_vector(self, at, first + v, sums + v * self->length);
}

const fcnn_regularizer_class fcnn_orthogonal_class = {
    .type = "orthogonal",
    .create = create,
    .prepare = prepare,
    .penalty = penalty,
    .add_gradient = add_gradient,
};
