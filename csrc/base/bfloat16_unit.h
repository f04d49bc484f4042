/* bfloat16_unit.h - which unit of the processor multiplies bfloat16 numbers. */
#ifndef FCNN_BFLOAT16_UNIT_H
#define FCNN_BFLOAT16_UNIT_H

#include "cpu.h"

/* "plain", "avx512_bf16", "amx". */
const char *fcnn_unit_name(fcnn_unit unit);

/* Whether this process may use the unit. The first question after AMX asks the system for leave: from then on it keeps
 * room for the tiles of every thread. */
int fcnn_unit_available(fcnn_unit unit);

/* Chooses the unit named by `requested` (FASHIONCNN_BFLOAT16), or for NULL or "" the fastest that is available when one
 * is first needed. FCNN_E_ARGUMENT names the known ones where the name is unknown or the unit cannot be used. */
fcnn_status fcnn_unit_set(const char *requested, fcnn_error *error);

/* The one that was chosen. */
fcnn_unit fcnn_unit_get(void);

#endif
