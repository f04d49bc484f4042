/* cpu.c - asks the processor (CPUID) and the operating system (XGETBV: does it save the wide registers?). */
#include "cpu.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifdef FCNN_HAVE_BASELINE
enum { HAVE_BASELINE = 1 };
#else
enum { HAVE_BASELINE = 0 };
#endif
#ifdef FCNN_HAVE_AVX2
enum { HAVE_AVX2 = 1 };
#else
enum { HAVE_AVX2 = 0 };
#endif
#ifdef FCNN_HAVE_AVX512
enum { HAVE_AVX512 = 1 };
#else
enum { HAVE_AVX512 = 0 };
#endif
#ifdef FCNN_HAVE_NEON
enum { HAVE_NEON = 1 };
#else
enum { HAVE_NEON = 0 };
#endif

#ifdef FCNN_HAVE_AVX512BF16
enum { HAVE_AVX512BF16 = 1 };
#else
enum { HAVE_AVX512BF16 = 0 };
#endif
#ifdef FCNN_HAVE_AMX
enum { HAVE_AMX = 1 };
#else
enum { HAVE_AMX = 0 };
#endif

static const char *const ISA_NAMES[FCNN_ISA_COUNT] = {"reference", "baseline", "avx2", "avx512", "neon"};

#if defined(__x86_64__) || defined(__i386__)

#include <cpuid.h>

enum {
    CPU_SSE42 = 1,
    CPU_AVX = 2,
    CPU_FMA = 4,
    CPU_AVX2 = 8,
    CPU_AVX512F = 16,
    CPU_AVX512DQ = 32,
    CPU_AVX512BW = 64,
    CPU_AVX512VL = 128,
    CPU_BMI = 256,
    CPU_AVX512BF16 = 512,
    CPU_AMX = 1024
};

static const struct {
    unsigned feature;
    const char *name;
} FEATURE_NAMES[] = {
    {CPU_SSE42, "sse4.2"},      {CPU_AVX, "avx"},
    {CPU_FMA, "fma"},           {CPU_AVX2, "avx2"},
    {CPU_BMI, "bmi"},           {CPU_AVX512F, "avx512f"},
    {CPU_AVX512DQ, "avx512dq"}, {CPU_AVX512BW, "avx512bw"},
    {CPU_AVX512VL, "avx512vl"}, {CPU_AVX512BF16, "avx512bf16"},
    {CPU_AMX, "amx"},
};

static uint64_t enabled_register_state(void) /* XCR0 */
{
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

/* What both the processor and the operating system support. */
static unsigned features(void)
{
    enum { YMM_STATE = 0x06, ZMM_STATE = 0xe6, TILE_STATE = 0x60000 };
    enum { AMX_BF16 = 1 << 22, AMX_TILE = 1 << 24, AVX512_BF16 = 1 << 5 }; /* leaf 7: EDX, EDX, EAX of subleaf 1 */
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d))
        return 0;
    unsigned found = c & bit_SSE4_2 ? CPU_SSE42 : 0;
    if (!(c & bit_OSXSAVE))
        return found;

    const uint64_t state = enabled_register_state();
    if ((state & YMM_STATE) != YMM_STATE)
        return found;
    found |= (c & bit_AVX ? CPU_AVX : 0u) | (c & bit_FMA ? CPU_FMA : 0u);
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d))
        return found;
    found |= (b & bit_AVX2 ? CPU_AVX2 : 0u) | (b & bit_BMI ? CPU_BMI : 0u);
    if ((state & ZMM_STATE) == ZMM_STATE)
        found |= (b & bit_AVX512F ? CPU_AVX512F : 0u) | (b & bit_AVX512DQ ? CPU_AVX512DQ : 0u) |
                 (b & bit_AVX512BW ? CPU_AVX512BW : 0u) | (b & bit_AVX512VL ? CPU_AVX512VL : 0u);
    if ((state & TILE_STATE) == TILE_STATE && d & AMX_TILE && d & AMX_BF16)
        found |= CPU_AMX;
    if ((state & ZMM_STATE) == ZMM_STATE && __get_cpuid_count(7, 1, &a, &b, &c, &d) && a & AVX512_BF16)
        found |= CPU_AVX512BF16;
    return found;
}

static int machine_runs(fcnn_isa isa)
{
    const unsigned avx2 = CPU_AVX2 | CPU_FMA | CPU_BMI;
    const unsigned avx512 = avx2 | CPU_AVX512F | CPU_AVX512DQ | CPU_AVX512BW | CPU_AVX512VL;
    const unsigned needed = isa == FCNN_ISA_AVX512 ? avx512 : isa == FCNN_ISA_AVX2 ? avx2 : 0;
    return (features() & needed) == needed;
}

static int machine_has(fcnn_unit unit)
{
    const unsigned needed = unit == FCNN_UNIT_AMX      ? CPU_AMX | CPU_AVX512BF16
                            : unit == FCNN_UNIT_AVX512 ? CPU_AVX512BF16
                                                       : 0;
    return (features() & needed) == needed;
}

void fcnn_cpu_describe(char *text, size_t size)
{
    const unsigned found = features();
    size_t used = (size_t)snprintf(text, size, sizeof(void *) == 8 ? "x86-64" : "x86");
    for (size_t i = 0; i < sizeof FEATURE_NAMES / sizeof *FEATURE_NAMES && used < size; i++)
        if (found & FEATURE_NAMES[i].feature)
            used += (size_t)snprintf(text + used, size - used, " %s", FEATURE_NAMES[i].name);
}

#else /* a build for another processor has only what that processor always offers */

static int machine_runs(fcnn_isa isa)
{
    (void)isa;
    return 1;
}

static int machine_has(fcnn_unit unit) { return unit == FCNN_UNIT_PLAIN; }

void fcnn_cpu_describe(char *text, size_t size)
{
#ifdef __aarch64__
    snprintf(text, size, "aarch64 neon");
#else
    snprintf(text, size, "generic");
#endif
}

#endif

size_t fcnn_cpu_cache_size(void)
{
    enum { USUAL = 1 << 19 };
#ifdef _SC_LEVEL2_CACHE_SIZE
    const long size = sysconf(_SC_LEVEL2_CACHE_SIZE);
    return size > 0 ? (size_t)size : USUAL;
#else
    return USUAL;
#endif
}

const char *fcnn_isa_name(fcnn_isa isa) { return ISA_NAMES[isa]; }

int fcnn_isa_available(fcnn_isa isa)
{
    static const int built[FCNN_ISA_COUNT] = {1, HAVE_BASELINE, HAVE_AVX2, HAVE_AVX512, HAVE_NEON};
    return built[isa] && machine_runs(isa);
}

int fcnn_cpu_has_unit(fcnn_unit unit)
{
    static const int built[FCNN_UNIT_COUNT] = {1, HAVE_AVX512BF16, HAVE_AMX};
    return built[unit] && machine_has(unit);
}

fcnn_status fcnn_isa_select(const char *requested, fcnn_isa *isa, fcnn_error *error)
{
    if (!requested || !*requested) {
        *isa = FCNN_ISA_REFERENCE;
        for (int i = FCNN_ISA_BASELINE; i < FCNN_ISA_COUNT; i++)
            if (fcnn_isa_available((fcnn_isa)i))
                *isa = (fcnn_isa)i;
        return FCNN_OK;
    }

    char usable[64] = "";
    size_t used = 0;
    for (int i = 0; i < FCNN_ISA_COUNT; i++) {
        if (!fcnn_isa_available((fcnn_isa)i))
            continue;
        if (strcmp(requested, ISA_NAMES[i]) == 0) {
            *isa = (fcnn_isa)i;
            return FCNN_OK;
        }
        used += (size_t)snprintf(usable + used, sizeof usable - used, used ? ", %s" : "%s", ISA_NAMES[i]);
    }
    return fcnn_fail(error, FCNN_E_ARGUMENT, "FASHIONCNN_CPU is '%.32s'; this machine and build have: %s", requested,
                     usable);
}
