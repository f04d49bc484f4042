/* norm.c - brings norms between two bounds: all values of one unit are multiplied by
 *
 *     (rate * clip(norm, min_value, max_value) + (1 - rate) * norm) / (norm + EPSILON)
 *
 * where norm is the root of the sum of their squares, over the axes that `summed` names. Sums and factors are in
 * double, each sum in the order in which the values lie. Norms that lie side by side are found side by side.
 */
#include <math.h>

#include "../base/sizes.h"
#include "registry.h"

enum { MIN_VALUE, MAX_VALUE, RATE };
enum { LANES = 256 }; /* norms of a piece, at most */
static const double EPSILON = 1e-7;

/* How many positions there are. */
static size_t size_of(const fcnn_grid *grid)
{
    size_t size = 1;
    for (size_t a = 0; a < grid->axes; a++)
        size *= grid->extent[a];
    return size;
}

static void add_axis(fcnn_grid *grid, size_t extent, size_t step)
{
    grid->extent[grid->axes] = extent;
    grid->step[grid->axes++] = step;
}

/* Where position number `index` begins. */
static size_t offset_of(const fcnn_grid *grid, size_t index)
{
    size_t offset = 0;
    for (size_t a = grid->axes; a-- > 0; index /= grid->extent[a])
        offset += index % grid->extent[a] * grid->step[a];
    return offset;
}

static size_t chunks_of(const fcnn_constraint *constraint) { return (constraint->lanes + LANES - 1) / LANES; }

static fcnn_status create(fcnn_constraint *constraint, const fcnn_attributes *attributes, const fcnn_shape *shape,
                          fcnn_error *error)
{
    static const char *const names[] = {"type", "min_value", "max_value", "rate", "summed", NULL};
    const double most = 0x1p60;
    size_t summed[FCNN_MAX_RANK], step = constraint->size;
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(fcnn_attributes_number(attributes, "min_value", -most, most, &constraint->config[MIN_VALUE], error));
    FCNN_TRY(fcnn_attributes_number(attributes, "max_value", -most, most, &constraint->config[MAX_VALUE], error));
    FCNN_TRY(fcnn_attributes_number(attributes, "rate", 0.0, 1.0, &constraint->config[RATE], error));
    FCNN_TRY(fcnn_attributes_sizes(attributes, "summed", 0, 1, summed, shape->rank, error));
    constraint->lanes = 1;
    for (size_t a = 0; a < shape->rank; a++) {
        step /= shape->extent[a];
        if (summed[a])
            add_axis(&constraint->terms, shape->extent[a], step);
        else if (a + 1 < shape->rank)
            add_axis(&constraint->units, shape->extent[a], step);
        else
            constraint->lanes = shape->extent[a];
    }
    constraint->pieces = size_of(&constraint->units) * chunks_of(constraint);
    return FCNN_OK;
}

/* What the values of a unit are multiplied by. */
static float factor_of(const fcnn_constraint *constraint, double squares)
{
    const double norm = sqrt(squares), rate = constraint->config[RATE];
    const double clipped = fmin(fmax(norm, constraint->config[MIN_VALUE]), constraint->config[MAX_VALUE]);
    return (float)((rate * clipped + (1.0 - rate) * norm) / (norm + EPSILON));
}

static void apply(const fcnn_constraint *constraint, float *w, size_t piece)
{
    const size_t chunks = chunks_of(constraint), first = piece % chunks * LANES;
    const size_t lanes = smaller(LANES, constraint->lanes - first), terms = size_of(&constraint->terms);
    float *start = w + offset_of(&constraint->units, piece / chunks) + first, factor[LANES];
    double squares[LANES];
    for (size_t lane = 0; lane < lanes; lane++)
        squares[lane] = 0.0;
    for (size_t t = 0; t < terms; t++) {
        const float *term = start + offset_of(&constraint->terms, t);
        for (size_t lane = 0; lane < lanes; lane++)
            squares[lane] += (double)term[lane] * (double)term[lane];
    }
    for (size_t lane = 0; lane < lanes; lane++)
        factor[lane] = factor_of(constraint, squares[lane]);
    for (size_t t = 0; t < terms; t++) {
        float *term = start + offset_of(&constraint->terms, t);
        for (size_t lane = 0; lane < lanes; lane++)
            term[lane] *= factor[lane];
    }
}

const fcnn_constraint_class fcnn_norm_class = {
    .type = "norm",
    .create = create,
    .apply = apply,
};
