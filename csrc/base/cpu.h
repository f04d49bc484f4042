/* cpu.h - which instruction sets this processor and its operating system offer, and which one is to be used. */
#ifndef FCNN_CPU_H
#define FCNN_CPU_H

#include <stddef.h>

#include "status.h"

/* The builds of the kernels, from the plainest to the widest. */
typedef enum fcnn_isa {
    FCNN_ISA_REFERENCE, /* the specification in plain loops: for tests only, never chosen by itself */
    FCNN_ISA_BASELINE,  /* what the compiler's default target offers; no fused multiply-add on x86-64 */
    FCNN_ISA_AVX2,      /* AVX2 and FMA */
    FCNN_ISA_AVX512,    /* AVX-512 F, VL, BW, DQ */
    FCNN_ISA_NEON,      /* 64-bit Arm */
    FCNN_ISA_COUNT
} fcnn_isa;

/* What rounds factors to bfloat16 and multiplies them at once (kernels/bfloat16.h). */
typedef enum fcnn_unit {
    FCNN_UNIT_PLAIN,  /* nothing: what the instruction set has for floats */
    FCNN_UNIT_AVX512, /* AVX512_BF16, beside AVX-512 */
    FCNN_UNIT_AMX,    /* AMX-TILE and AMX-BF16, beside those */
    FCNN_UNIT_COUNT
} fcnn_unit;

/* True where this build of the library has kernels for the unit, and the processor and the system know it. */
int fcnn_cpu_has_unit(fcnn_unit unit);

/* "reference", "baseline", "avx2", "avx512", "neon". */
const char *fcnn_isa_name(fcnn_isa isa);

/* True where this build of the library has the kernels and this machine can run them. */
int fcnn_isa_available(fcnn_isa isa);

/* *isa = the set named by `requested` (FASHIONCNN_CPU), or the best available one for NULL or "".
 * FCNN_E_ARGUMENT names the known sets where the name is unknown or the machine lacks it. */
fcnn_status fcnn_isa_select(const char *requested, fcnn_isa *isa, fcnn_error *error);

/* Bytes of a core's own cache, the second level: what a piece of work may touch again and again. */
size_t fcnn_cpu_cache_size(void);

/* Writes what the processor offers, e.g. "x86-64 sse4.2 avx avx2 fma avx512f ...", into text; cut to `size`. */
void fcnn_cpu_describe(char *text, size_t size);

#endif
