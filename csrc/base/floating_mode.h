/* floating_mode.h - the rounding mode in which all work is done: to nearest, denormals flushed to zero, no traps.
 *
 * Denormals cost a hundred cycles each on some processors and mean nothing in a gradient.
 */
#ifndef FCNN_FLOATING_MODE_H
#define FCNN_FLOATING_MODE_H

#include <stdint.h>

#if defined(__SSE__)

#include <xmmintrin.h>

typedef unsigned fcnn_floating_mode;

/* Returns the mode that was set before. */
static inline fcnn_floating_mode fcnn_floating_mode_enter(void)
{
    enum { TRAPS_MASKED = 0x1f80, FLUSH_RESULTS = 0x8000, FLUSH_INPUTS = 0x0040 };
    const unsigned before = _mm_getcsr();
    _mm_setcsr(TRAPS_MASKED | FLUSH_RESULTS | FLUSH_INPUTS);
    return before;
}

static inline void fcnn_floating_mode_restore(fcnn_floating_mode mode) { _mm_setcsr(mode); }

#elif defined(__aarch64__)

typedef uint64_t fcnn_floating_mode;

static inline void fcnn_floating_mode_restore(fcnn_floating_mode mode)
{
    __asm__ volatile("msr fpcr, %0" : : "r"(mode) : "memory");
}

static inline fcnn_floating_mode fcnn_floating_mode_enter(void)
{
    enum { FLUSH_TO_ZERO = 1 << 24 };
    uint64_t before;
    __asm__ volatile("mrs %0, fpcr" : "=r"(before) : : "memory");
    fcnn_floating_mode_restore(FLUSH_TO_ZERO);
    return before;
}

#else

typedef int fcnn_floating_mode;

static inline fcnn_floating_mode fcnn_floating_mode_enter(void) { return 0; }
static inline void fcnn_floating_mode_restore(fcnn_floating_mode mode) { (void)mode; }

#endif
#endif
