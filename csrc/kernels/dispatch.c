/* dispatch.c - finds the table of an instruction set. Compiled for the baseline: it runs before the check. */
#include "../base/bfloat16_unit.h"
#include "bfloat16.h"
#include "kernels.h"

extern const fcnn_kernels fcnn_kernels_reference;
extern const fcnn_bfloat16 fcnn_bfloat16_reference;
#ifdef FCNN_HAVE_BASELINE
extern const fcnn_kernels fcnn_kernels_baseline;
extern const fcnn_bfloat16 fcnn_bfloat16_baseline;
#endif
#ifdef FCNN_HAVE_AVX2
extern const fcnn_kernels fcnn_kernels_avx2;
extern const fcnn_bfloat16 fcnn_bfloat16_avx2;
#endif
#ifdef FCNN_HAVE_AVX512
extern const fcnn_kernels fcnn_kernels_avx512;
extern const fcnn_bfloat16 fcnn_bfloat16_avx512;
#endif
#ifdef FCNN_HAVE_NEON
extern const fcnn_kernels fcnn_kernels_neon;
extern const fcnn_bfloat16 fcnn_bfloat16_neon;
#endif
#ifdef FCNN_HAVE_AVX512BF16
extern const fcnn_bfloat16 fcnn_bfloat16_avx512bf16;
#endif
#ifdef FCNN_HAVE_AMX
extern const fcnn_bfloat16 fcnn_bfloat16_amx;
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

/* Those that use no unit. */
static const fcnn_bfloat16 *plain_for(fcnn_isa isa)
{
    switch (isa) {
    case FCNN_ISA_REFERENCE:
        return &fcnn_bfloat16_reference;
#ifdef FCNN_HAVE_BASELINE
    case FCNN_ISA_BASELINE:
        return &fcnn_bfloat16_baseline;
#endif
#ifdef FCNN_HAVE_AVX2
    case FCNN_ISA_AVX2:
        return &fcnn_bfloat16_avx2;
#endif
#ifdef FCNN_HAVE_AVX512
    case FCNN_ISA_AVX512:
        return &fcnn_bfloat16_avx512;
#endif
#ifdef FCNN_HAVE_NEON
    case FCNN_ISA_NEON:
        return &fcnn_bfloat16_neon;
#endif
    default:
        return NULL;
    }
}

const fcnn_bfloat16 *fcnn_bfloat16_for(fcnn_isa isa, fcnn_unit unit)
{
    if (isa != FCNN_ISA_AVX512 || unit == FCNN_UNIT_PLAIN)
        return plain_for(isa);
#ifdef FCNN_HAVE_AMX
    if (unit == FCNN_UNIT_AMX)
        return &fcnn_bfloat16_amx;
#endif
#ifdef FCNN_HAVE_AVX512BF16
    if (unit == FCNN_UNIT_AVX512)
        return &fcnn_bfloat16_avx512bf16;
#endif
    return plain_for(isa);
}

const fcnn_bfloat16 *fcnn_bfloat16_beside(const fcnn_kernels *kernels)
{
    fcnn_isa isa = FCNN_ISA_REFERENCE;
    while (fcnn_kernels_for(isa) != kernels)
        isa++;
    return fcnn_bfloat16_for(isa, fcnn_unit_get());
}
