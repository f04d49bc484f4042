/* random.c - Philox4x32-10 and what is drawn from it.
 *
 * Number i of a stream is word i mod 4 of the block whose counter is (stream, i / 4). Nothing here calls the C
 * library's logarithm, whose last bit differs between systems, so every machine draws the same numbers.
 */
#include "random.h"

#include <math.h>

enum { ROUNDS = 10 };

void fcnn_philox(uint64_t key, uint64_t counter_high, uint64_t counter_low, uint32_t out[4])
{
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    uint32_t c0 = (uint32_t)counter_low, c1 = (uint32_t)(counter_low >> 32);
    uint32_t c2 = (uint32_t)counter_high, c3 = (uint32_t)(counter_high >> 32);
    for (int round = 0; round < ROUNDS; round++) {
        const uint64_t p0 = (uint64_t)0xD2511F53u * c0;
        const uint64_t p1 = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

/* Reads a stream word by word. */
typedef struct reader {
    uint64_t seed, stream, position;
    uint32_t block[4];
} reader;

static uint32_t next_bits(reader *r)
{
    if (r->position % 4 == 0)
        fcnn_philox(r->seed, r->stream, r->position / 4, r->block);
    return r->block[r->position++ % 4];
}

void fcnn_random_uniform(float *out, size_t count, uint64_t seed, uint64_t stream, float low, float high)
{
    reader r = {.seed = seed, .stream = stream};
    for (size_t i = 0; i < count; i++) {
        const double unit = fcnn_unit_float(next_bits(&r));
        const float value = (float)(low + ((double)high - low) * unit);
        out[i] = value < high ? value : nextafterf(high, low); /* rounding may have reached `high` */
    }
}

/* Natural logarithm of a normal number: 2 atanh(s) of the mantissa, s = (m - 1) / (m + 1), plus the exponent's part. */
static double portable_log(double x)
{
    int exponent;
    double m = frexp(x, &exponent);
    if (m < 0.70710678118654752) {
        m *= 2;
        exponent--;
    }
    const double s = (m - 1) / (m + 1), square = s * s;
    double series = 0;
    for (int n = 23; n >= 1; n -= 2)
        series = series * square + 1.0 / n;
    return 2 * s * series + exponent * 0.69314718055994531;
}

static double polynomial(const double coefficients[8], double x) /* highest power first */
{
    double value = coefficients[0];
    for (int i = 1; i < 8; i++)
        value = value * x + coefficients[i];
    return value;
}

/* Source: Wichura, "Algorithm AS 241: The percentage points of the normal distribution", Applied Statistics 37,
 * 1988. */
double fcnn_normal_quantile(double p)
{
    static const double centre_above[8] = {2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4,
                                           4.5921953931549871457e4, 1.3731693765509461125e4, 1.9715909503065514427e3,
                                           1.3314166789178437745e2, 3.3871328727963666080e0};
    static const double centre_below[8] = {
        5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4, 2.1213794301586595867e4,
        5.3941960214247511077e3, 6.8718700749205790830e2, 4.2313330701600911252e1, 1.0};
    static const double tail_above[8] = {
        7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1, 1.27045825245236838258e0,
        3.64784832476320460504e0,  5.76949722146069140550e0,  4.63033784615654529590e0,  1.42343711074968357734e0};
    static const double tail_below[8] = {
        1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2, 1.48103976427480074590e-1,
        6.89767334985100004550e-1, 1.67638483018380384940e0,  2.05319162663775882187e0,  1.0};
    const double q = p - 0.5;
    if (fabs(q) <= 0.425) {
        const double r = 0.180625 - q * q;
        return q * polynomial(centre_above, r) / polynomial(centre_below, r);
    }
    const double r = sqrt(-portable_log(q < 0 ? p : 1 - p)) - 1.6;
    return copysign(polynomial(tail_above, r) / polynomial(tail_below, r), q);
}

/* The quantile of a uniform number is normal; of one between the quantiles' ranks at +-2, normal and within +-2. */
void fcnn_random_normal(float *out, size_t count, uint64_t seed, uint64_t stream, float mean, float deviation,
                        int truncated)
{
    static const double rank_below_2_deviations = 0.022750131948179207;
    const double first = truncated ? rank_below_2_deviations : 0;
    const double span = 1 - 2 * first;
    reader r = {.seed = seed, .stream = stream};
    for (size_t i = 0; i < count; i++) {
        const double unit = (next_bits(&r) + 0.5) * 0x1p-32;
        out[i] = (float)(mean + deviation * fcnn_normal_quantile(first + span * unit));
    }
}

/* A number in [0, last], each equally likely: as many bits as `last` has, drawn again while they exceed it. */
static uint64_t next_below(reader *r, uint64_t last)
{
    uint64_t mask = last;
    for (int shift = 1; shift < 64; shift *= 2)
        mask |= mask >> shift;
    for (;;) {
        uint64_t bits = next_bits(r);
        if (mask > UINT32_MAX)
            bits = bits << 32 | next_bits(r);
        if ((bits & mask) <= last)
            return bits & mask;
    }
}

void fcnn_random_permutation(int64_t *out, size_t count, uint64_t seed, uint64_t stream)
{
    reader r = {.seed = seed, .stream = stream};
    for (size_t i = 0; i < count; i++)
        out[i] = (int64_t)i;
    for (size_t i = count; i > 1; i--) {
        const size_t j = (size_t)next_below(&r, i - 1);
        const int64_t other = out[j];
        out[j] = out[i - 1];
        out[i - 1] = other;
    }
}
