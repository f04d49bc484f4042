/* builds.h - the builds of the kernels that a test runs, and the digest that is the same on every machine. */
#ifndef FCNN_BUILDS_H
#define FCNN_BUILDS_H

#include <inttypes.h>

#include "check.h"
#include "kernels/kernels.h"

/* Of cases that are alike every so many is tried. */
enum { EVERY = SANITIZED || EMULATED ? 4 : 1 };

static inline fcnn_isa best_isa(void)
{
    fcnn_isa isa;
    fcnn_error error;
    CHECK(fcnn_isa_select(NULL, &isa, &error) == FCNN_OK);
    return isa;
}

/* Builds with fused multiply-add return the same bits, whichever they are. */
static inline int has_fma(fcnn_isa isa) { return isa >= FCNN_ISA_AVX2; }

/* Of all that a program gave it: FNV-1a, which needs no more than a multiplication. */
#define FCNN_DIGEST_START 0xcbf29ce484222325
static uint64_t digest = FCNN_DIGEST_START;

static inline void add_to_digest(const void *data, size_t size)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++)
        digest = (digest ^ bytes[i]) * 0x100000001b3;
}

/* What builds with fused multiply-add computed is the same on every machine. */
static inline void check_digest(uint64_t expected)
{
    char text[100];
    snprintf(text, sizeof text, "the digest is 0x%016" PRIx64 ", on other machines 0x%016" PRIx64, digest, expected);
    check_that(digest == expected || !has_fma(best_isa()), text, __FILE__, __LINE__);
}

#endif
