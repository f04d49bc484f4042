/* lock.c - the list of all locks, and what fork does with it. */
#include "lock.h"

/* The list is a ring through `list`, and guarded by `list_mutex`. */
static pthread_mutex_t list_mutex = PTHREAD_MUTEX_INITIALIZER;
static fcnn_lock list = {.previous = &list, .next = &list};
static int handles_fork;

static void take_all(void)
{
    pthread_mutex_lock(&list_mutex);
    for (fcnn_lock *lock = list.next; lock != &list; lock = lock->next)
        fcnn_lock_take(lock);
}

static void give_all(void)
{
    for (fcnn_lock *lock = list.next; lock != &list; lock = lock->next)
        fcnn_lock_give(lock);
    pthread_mutex_unlock(&list_mutex);
}

/* The caller holds list_mutex. */
static int handle_fork(void)
{
    if (!handles_fork)
        handles_fork = pthread_atfork(take_all, give_all, give_all) == 0;
    return handles_fork;
}

fcnn_status fcnn_lock_create(fcnn_lock *lock, fcnn_error *error)
{
    pthread_mutex_lock(&list_mutex);
    if (!handle_fork()) {
        pthread_mutex_unlock(&list_mutex);
        return fcnn_fail(error, FCNN_E_MEMORY, "cannot allocate memory for what fork must do");
    }
    pthread_mutex_init(&lock->mutex, NULL);
    lock->previous = &list;
    lock->next = list.next;
    list.next->previous = lock;
    list.next = lock;
    pthread_mutex_unlock(&list_mutex);
    return FCNN_OK;
}

void fcnn_lock_destroy(fcnn_lock *lock)
{
    pthread_mutex_lock(&list_mutex);
    lock->previous->next = lock->next;
    lock->next->previous = lock->previous;
    pthread_mutex_unlock(&list_mutex);
    pthread_mutex_destroy(&lock->mutex);
}
