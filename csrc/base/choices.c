/* choices.c - how a process computes, where that changes bits. */
#include "choices.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "environment.h"

enum { UNKNOWN = -1 };
static atomic_int chosen = UNKNOWN;

/* 0 or 1, 1 where the environment says nothing; UNKNOWN where what it says makes no sense. */
static int environment_choice(void)
{
    long number = 1;
    const int is_number = fcnn_environment_number("FASHIONCNN_WINOGRAD", 0, &number);
    return is_number && (number == 0 || number == 1) ? (int)number : UNKNOWN;
}

int fcnn_winograd_get(void)
{
    int winograd = atomic_load(&chosen);
    if (winograd == UNKNOWN) {
        const int found = environment_choice() != 0;
        winograd = atomic_compare_exchange_strong(&chosen, &winograd, found) ? found : winograd;
    }
    return winograd;
}

void fcnn_winograd_set(int winograd) { atomic_store(&chosen, winograd != 0); }

fcnn_status fcnn_winograd_check(fcnn_error *error)
{
    if (environment_choice() != UNKNOWN)
        return FCNN_OK;
    return fcnn_fail(error, FCNN_E_ARGUMENT,
                     "FASHIONCNN_WINOGRAD is '%.32s'; it must be 1, or 0 for convolutions without Winograd's algorithm",
                     getenv("FASHIONCNN_WINOGRAD"));
}
