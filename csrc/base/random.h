/* random.h - Philox4x32-10, a counter-based random number generator.
 *
 * A number is a pure function of (key, counter): no state is kept here, so streams do not depend on threads or on the
 * order of calls. Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
 */
#ifndef FCNN_RANDOM_H
#define FCNN_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Four 32-bit numbers for a 128-bit counter under a 64-bit key. */
void fcnn_philox(uint64_t key, uint64_t counter_high, uint64_t counter_low, uint32_t out[4]);

/* A uniform float in [0, 1): the 24 upper bits of `bits`. */
static inline float fcnn_unit_float(uint32_t bits) { return (float)(bits >> 8) * 0x1p-24f; }

/* out[i], i < count: uniform in [low, high). Stream `stream` of `seed`. */
void fcnn_random_uniform(float *out, size_t count, uint64_t seed, uint64_t stream, float low, float high);

/* out[i], i < count: normal(mean, deviation); where `truncated`, of those within two deviations only. */
void fcnn_random_normal(float *out, size_t count, uint64_t seed, uint64_t stream, float mean, float deviation,
                        int truncated);

/* The normal distribution's quantile, for p in [1e-11, 1 - 1e-11], to about 16 digits. */
double fcnn_normal_quantile(double p);

/* out = a uniformly random order of 0 .. count-1 (Fisher-Yates, unbiased bounded numbers). */
void fcnn_random_permutation(int64_t *out, size_t count, uint64_t seed, uint64_t stream);

#endif
