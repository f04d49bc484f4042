/* draws.c - random decisions about images, and what layers that make them have in common. */
#include "draws.h"

#include <string.h>

#include "../base/random.h"

fcnn_status fcnn_draws_interval(const fcnn_attributes *attributes, const char *name, fcnn_interval *interval,
                                fcnn_error *error)
{
    const double *values;
    size_t count;
    FCNN_TRY(fcnn_attributes_numbers(attributes, name, -0x1p127, 0x1p127, &values, &count, error));
    if (count != 2 || values[0] > values[1])
        return fcnn_fail(error, FCNN_E_ARGUMENT, "`%s` must be two numbers in order", name);
    *interval = (fcnn_interval){(float)values[0], (float)values[1]};
    return FCNN_OK;
}

fcnn_status fcnn_draws_seed(const fcnn_attributes *attributes, uint64_t *seed, fcnn_error *error)
{
    size_t given;
    FCNN_TRY(fcnn_attributes_sizes(attributes, "seed", 0, INT64_MAX, &given, 1, error));
    *seed = given;
    return FCNN_OK;
}

void fcnn_draws(const fcnn_io *io, uint64_t seed, size_t image, float *u, size_t count)
{
    /* Noise is made from the blocks before: see noise.c of the kernels. */
    const uint64_t first = ((uint64_t)(io->first_image + image) << 40) + ((uint64_t)1 << 39);
    uint32_t words[4] = {0};
    for (size_t i = 0; i < count; i++) {
        if (i % 4 == 0)
            fcnn_philox(seed, io->random_step, first + i / 4, words);
        u[i] = fcnn_unit_float(words[i % 4]);
    }
}

void fcnn_draws_copy(const fcnn_layer *layer, const fcnn_io *io, size_t images, const float *from, float *to)
{
    for (size_t i = 0; from != to && i < images; i++)
        memcpy(to + i * io->stride, from + i * io->stride, fcnn_shape_size(&layer->output) * sizeof *to);
}
