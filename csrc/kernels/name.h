/* name.h - FCNN_NAME(gemm) is fcnn_gemm_avx2 in the AVX2 build of a kernel: FCNN_ISA is set by the build. */
#ifndef FCNN_NAME_H
#define FCNN_NAME_H

#define FCNN_PASTE(name, isa) fcnn_##name##_##isa
#define FCNN_EXPAND(name, isa) FCNN_PASTE(name, isa)
#define FCNN_NAME(name) FCNN_EXPAND(name, FCNN_ISA)

#endif
