/* choices.h - how a process computes, where that changes bits: what its user chose, else its environment.
 *
 * Plans are made for a choice, and made again when it has changed: network/engine.c.
 */
#ifndef FCNN_CHOICES_H
#define FCNN_CHOICES_H

#include "status.h"

/* Whether convolutions may run by Winograd's algorithm, which rounds more than the plain products: the last
 * fcnn_winograd_set, else FASHIONCNN_WINOGRAD, else yes. */
int fcnn_winograd_get(void);
void fcnn_winograd_set(int winograd);

/* FCNN_E_ARGUMENT where FASHIONCNN_WINOGRAD is neither 0 nor 1. */
fcnn_status fcnn_winograd_check(fcnn_error *error);

#endif
