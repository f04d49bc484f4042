/* dispatch.c - finds the table of an instruction set. Compiled for the baseline: it runs before the check. */
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
