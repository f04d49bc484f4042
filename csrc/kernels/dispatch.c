/* dispatch.c - finds the table of an instruction set. Compiled for the baseline, as everything is that runs before the check. */
#include "kernels.h"

extern const fcnn_kernels fcnn_kernels_reference;
#ifdef FCNN_HAVE_BASELINE
extern const fcnn_kernels fcnn_kernels_baseline;
#endif
#ifdef FCNN_HAVE_AVX2
extern const fcnn_kernels fcnn_kernels_avx2;
#endif
#ifdef FCNN_HAVE_AVX512
extern const fcnn_kernels fcnn_kernels_avx512;
#endif
#ifdef FCNN_HAVE_NEON
extern const fcnn_kernels fcnn_kernels_neon;
#endif

const fcnn_kernels *fcnn_kernels_for(fcnn_isa isa)
{
    switch (isa) {
    case FCNN_ISA_REFERENCE:
        return &fcnn_kernels_reference;
#ifdef FCNN_HAVE_BASELINE
    case FCNN_ISA_BASELINE:
        return &fcnn_kernels_baseline;
#endif
#ifdef FCNN_HAVE_AVX2
    case FCNN_ISA_AVX2:
        return &fcnn_kernels_avx2;
#endif
#ifdef FCNN_HAVE_AVX512
    case FCNN_ISA_AVX512:
        return &fcnn_kernels_avx512;
#endif
#ifdef FCNN_HAVE_NEON
    case FCNN_ISA_NEON:
        return &fcnn_kernels_neon;
#endif
    default:
        return NULL;
    }
}

size_t fcnn_pooled_scratch(const fcnn_pooled *pooled, size_t outputs, size_t shard)
{
    enum { WORD = sizeof(ptrdiff_t) / sizeof(float) };
    const size_t columns = pooled->window.runs * pooled->window.run_length;
    const size_t windows = pooled->window.lines * pooled->window.width;
    const size_t weights = 2 * windows + shard * columns + 1;
    const size_t input = 2 * pooled->members * outputs + pooled->members * WORD;
    return (weights > input ? weights : input) + pooled->window.runs * WORD;
}

size_t fcnn_winograd_scratch(size_t channels, size_t outputs) { return 16 * FCNN_WINOGRAD_TILES * (channels + outputs); }
