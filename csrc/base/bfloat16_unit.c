/* bfloat16_unit.c - the choice of a unit. AMX's tiles are large, so Linux gives them only to processes that ask. */
#include "bfloat16_unit.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#if defined(__linux__) && defined(__x86_64__)
#include <sys/syscall.h>
#include <unistd.h>

/* Holds for all threads and for the children of the process. Refused where a thread has an alternate stack for signals
 * that has no room for the tiles. */
static int may_use_tiles(void)
{
    enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };
    static atomic_int answer = -1;
    if (atomic_load(&answer) < 0)
        atomic_store(&answer, syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0);
    return atomic_load(&answer);
}
#else
static int may_use_tiles(void) { return 0; }
#endif

static const char *const NAMES[FCNN_UNIT_COUNT] = {"plain", "avx512_bf16", "amx"};
static atomic_int chosen = FCNN_UNIT_COUNT; /* that many: the fastest */

const char *fcnn_unit_name(fcnn_unit unit) { return NAMES[unit]; }

int fcnn_unit_available(fcnn_unit unit)
{
    return fcnn_cpu_has_unit(unit) && (unit != FCNN_UNIT_AMX || may_use_tiles());
}

fcnn_status fcnn_unit_set(const char *requested, fcnn_error *error)
{
    if (!requested || !*requested) {
        atomic_store(&chosen, FCNN_UNIT_COUNT);
        return FCNN_OK;
    }
    char usable[64] = "";
    size_t used = 0;
    for (int i = 0; i < FCNN_UNIT_COUNT; i++) {
        if (!fcnn_unit_available((fcnn_unit)i))
            continue;
        if (strcmp(requested, NAMES[i]) == 0) {
            atomic_store(&chosen, i);
            return FCNN_OK;
        }
        used += (size_t)snprintf(usable + used, sizeof usable - used, used ? ", %s" : "%s", NAMES[i]);
    }
    return fcnn_fail(error, FCNN_E_ARGUMENT, "FASHIONCNN_BFLOAT16 is '%.32s'; this machine and build have: %s",
                     requested, usable);
}

fcnn_unit fcnn_unit_get(void)
{
    int unit = atomic_load(&chosen);
    for (int i = 0; unit == FCNN_UNIT_COUNT && i < FCNN_UNIT_COUNT; i++) {
        const int fastest = FCNN_UNIT_COUNT - 1 - i;
        unit = fcnn_unit_available((fcnn_unit)fastest) ? fastest : unit;
    }
    return (fcnn_unit)unit;
}
