/* lock.h - a mutex that is whole after fork: fork waits until nobody holds any of them.
 *
 * A thread that holds one at the moment of a fork does not exist in the child, and what it was changing would stay half
 * changed there for ever. So all these locks are taken before a fork and given back after it, in the parent and in
 * the child. Nobody may fork, or wait for somebody who does, while holding one.
 *
 * Who has something else to let go while they wait, as Python has its GIL, takes them all themselves before the fork.
 */
#ifndef FCNN_LOCK_H
#define FCNN_LOCK_H

#include <pthread.h>

#include "status.h"

typedef struct fcnn_lock {
    pthread_mutex_t mutex;
    struct fcnn_lock *previous, *next; /* in the list of all of them */
} fcnn_lock;

fcnn_status fcnn_lock_create(fcnn_lock *lock, fcnn_error *error);

/* Nobody holds it. */
void fcnn_lock_destroy(fcnn_lock *lock);

/* Takes all locks before a fork, and gives them back after it: in the parent and in the child. In between the thread
 * may go on using them. */
void fcnn_locks_take_all(void);
void fcnn_locks_give_all(void);

void fcnn_lock_take(fcnn_lock *lock);
void fcnn_lock_give(fcnn_lock *lock);

#endif
