/* lock.c - the list of all locks, and what fork does with it. */
#include "lock.h"

/* The list is a ring through `list`, and guarded by `list_mutex`. */
static pthread_mutex_t list_mutex = PTHREAD_MUTEX_INITIALIZER;
static fcnn_lock list = {.previous = &list, .next = &list};
static int handles_fork;
static _Thread_local int has_all; /* this thread has taken all locks, and list_mutex; it may go on using any of them */

static void take_all(void)
{
    pthread_mutex_lock(&list_mutex);
    for (fcnn_lock *lock = list.next; lock != &list; lock = lock->next)
        pthread_mutex_lock(&lock->mutex);
}

static void give_all(void)
{
    for (fcnn_lock *lock = list.next; lock != &list; lock = lock->next)
        pthread_mutex_unlock(&lock->mutex);
    pthread_mutex_unlock(&list_mutex);
}

void fcnn_locks_take_all(void)
{
    take_all();
    has_all = 1;
}

void fcnn_locks_give_all(void)
{
    has_all = 0;
    give_all();
}

static void before_fork(void)
{
    if (!has_all)
        take_all();
}

static void after_fork(void)
{
    if (!has_all)
        give_all();
}

static void take_list(void)
{
    if (!has_all)
        pthread_mutex_lock(&list_mutex);
}

static void give_list(void)
{
    if (!has_all)
        pthread_mutex_unlock(&list_mutex);
}

/* The caller has the list. */
static int handle_fork(void)
{
    if (!handles_fork)
        handles_fork = pthread_atfork(before_fork, after_fork, after_fork) == 0;
    return handles_fork;
}

fcnn_status fcnn_lock_create(fcnn_lock *lock, fcnn_error *error)
{
    take_list();
    if (!handle_fork()) {
        give_list();
        return fcnn_fail(error, FCNN_E_MEMORY, "cannot allocate memory for what fork must do");
    }
    pthread_mutex_init(&lock->mutex, NULL);
    if (has_all)
        pthread_mutex_lock(&lock->mutex);
    lock->previous = &list;
    lock->next = list.next;
    list.next->previous = lock;
    list.next = lock;
    give_list();
    return FCNN_OK;
}

void fcnn_lock_destroy(fcnn_lock *lock)
{
    take_list();
    lock->previous->next = lock->next;
    lock->next->previous = lock->previous;
    if (has_all)
        pthread_mutex_unlock(&lock->mutex);
    give_list();
    pthread_mutex_destroy(&lock->mutex);
}

void fcnn_lock_take(fcnn_lock *lock)
{
    if (!has_all)
        pthread_mutex_lock(&lock->mutex);
}

void fcnn_lock_give(fcnn_lock *lock)
{
    if (!has_all)
        pthread_mutex_unlock(&lock->mutex);
}
