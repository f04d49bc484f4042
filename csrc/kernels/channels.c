/* channels.c - what batch normalization does to the channels of an image: rows of pixels, lanes of channels.
 *
 * Sums over rows run in four chains, of the rows r mod 4, so that an addition need not wait for the one before; a block
 * of channels at a time keeps its chains in registers.
 */
#include "name.h"
#include "vec.h"

enum { CHAINS = 4 };

/* The channels from `column` on, at most a vector of them. */
typedef struct lanes {
    size_t column, left;
} lanes;

static ALWAYS_INLINE vf load(const float *row, lanes at) { return vf_load_some(row + at.column, at.left); }

static ALWAYS_INLINE vf add_chains(const vf chain[CHAINS]) { return ((chain[0] + chain[1]) + chain[2]) + chain[3]; }

static ALWAYS_INLINE vf sum_of_rows(size_t rows, size_t channels, const float *x, lanes at)
{
    vf chain[CHAINS] = {{0}};
    size_t r = 0;
    for (; r + CHAINS <= rows; r += CHAINS)
        UNROLLED_FOR (size_t k = 0; k < CHAINS; k++)
            chain[k] += load(x + (r + k) * channels, at);
    for (size_t k = 0; r + k < rows; k++)
        chain[k] += load(x + (r + k) * channels, at);
    return add_chains(chain);
}

static ALWAYS_INLINE vf sum_of_deviations(size_t rows, size_t channels, const float *x, lanes at, vf mean)
{
    vf chain[CHAINS] = {{0}};
    size_t r = 0;
    for (; r + CHAINS <= rows; r += CHAINS)
        UNROLLED_FOR (size_t k = 0; k < CHAINS; k++) {
            const vf deviation = load(x + (r + k) * channels, at) - mean;
            chain[k] = vf_fma(deviation, deviation, chain[k]);
        }
    for (size_t k = 0; r + k < rows; k++) {
        const vf deviation = load(x + (r + k) * channels, at) - mean;
        chain[k] = vf_fma(deviation, deviation, chain[k]);
    }
    return add_chains(chain);
}

void FCNN_NAME(channel_moments)(size_t rows, size_t channels, const float *x, float *mean, float *deviations)
{
    const vf share = vf_broadcast(1.0f / (float)rows);
    for (size_t c = 0; c < channels; c += FCNN_VL) {
        const lanes at = {c, channels - c};
        const vf m = sum_of_rows(rows, channels, x, at) * share;
        vf_store_some(mean + c, m, at.left);
        vf_store_some(deviations + c, sum_of_deviations(rows, channels, x, at, m), at.left);
    }
}

void FCNN_NAME(channel_products)(size_t rows, size_t channels, const float *x, const float *mean, const float *dy,
                                 float *sum, float *products)
{
    for (size_t c = 0; c < channels; c += FCNN_VL) {
        const lanes at = {c, channels - c};
        const vf m = load(mean, at);
        vf sums[CHAINS] = {{0}}, chain[CHAINS] = {{0}};
        size_t r = 0;
        for (; r + CHAINS <= rows; r += CHAINS)
            UNROLLED_FOR (size_t k = 0; k < CHAINS; k++) {
                const vf d = load(dy + (r + k) * channels, at);
                sums[k] += d;
                chain[k] = vf_fma(load(x + (r + k) * channels, at) - m, d, chain[k]);
            }
        for (size_t k = 0; r + k < rows; k++) {
            const vf d = load(dy + (r + k) * channels, at);
            sums[k] += d;
            chain[k] = vf_fma(load(x + (r + k) * channels, at) - m, d, chain[k]);
        }
        vf_store_some(sum + c, add_chains(sums), at.left);
        vf_store_some(products + c, add_chains(chain), at.left);
    }
}

void FCNN_NAME(channel_scale)(size_t rows, size_t channels, const float *x, const float *mean, const float *scale,
                              const float *offset, float *y)
{
    for (size_t r = 0; r < rows; r++, x += channels, y += channels)
        for (size_t c = 0; c < channels; c += FCNN_VL) {
            const lanes at = {c, channels - c};
            const vf by = offset ? load(offset, at) : (vf){0};
            vf_store_some(y + c, vf_fma(mean ? load(x, at) - load(mean, at) : load(x, at), load(scale, at), by),
                          at.left);
        }
}

void FCNN_NAME(channel_combine)(size_t rows, size_t channels, const float *x, const float *mean, const float *slope,
                                const float *dy, const float *scale, const float *offset, float *dx)
{
    for (size_t r = 0; r < rows; r++, x += channels, dy += channels, dx += channels)
        for (size_t c = 0; c < channels; c += FCNN_VL) {
            const lanes at = {c, channels - c};
            const vf bent = vf_fma(load(x, at) - load(mean, at), load(slope, at), load(offset, at));
            vf_store_some(dx + c, vf_fma(load(dy, at), load(scale, at), bent), at.left);
        }
}
