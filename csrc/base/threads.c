/* threads.c - the pool of workers behind fcnn_parallel_for.
 *
 * A region (one parallel loop) is published in one atomic word, `state`: its generation, how many workers it admits
 * and how many have joined. A worker joins by compare-and-swap, works until no iterations are left, and reports that it
 * has left. The caller works along, then closes the region (nobody can join any more) and waits for those who joined,
 * not for those who were late: a worker that the system has not scheduled never delays anyone.
 *
 * Iterations are dealt out to as many parts as there are threads. Part i is thread i's: in the next step of a training
 * the same numbers are then mostly found in the same core's cache. Who has finished its own part helps with the others.
 *
 * A worker without work spins for SPIN_NANOSECONDS, because the next region of a training step is a few microseconds
 * away, then sleeps. Whoever goes to sleep first says so in `sleeps` and looks at the condition once more; whoever
 * makes the condition true looks at `sleeps` afterwards. Both are sequentially consistent, so one of them sees the
 * other.
 *
 * `owned` admits one region at a time; others, nested ones among them, run inline. Threads do not survive fork: the
 * child forgets the crew and makes a new one when it needs one.
 */
#include "threads.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>

#include "clock.h"
#include "floating_mode.h"
#include "memory.h"
#include "sizes.h"
#include "thread_count.h"

enum { SPIN_NANOSECONDS = 50000, SPINS_PER_CLOCK_READ = 32 };

/* Multiply-adds that one more thread must have to do: so few take 5 to 20 microseconds in layers small enough to matter
 * here, and a pass on two threads waits for the other one a few times, about a microsecond each. */
enum { WORTH_A_THREAD = 1 << 18 };
static const size_t ANY_NUMBER = SIZE_MAX;

/* state = generation << 32 | admitted << 16 | joined */
enum { ADMITTED_SHIFT = 16, GENERATION_SHIFT = 32 };
static const uint64_t JOINED_MASK = 0xffff, ADMITTED_MASK = (uint64_t)0xffff << ADMITTED_SHIFT;

/* One thread of a region: number 0 is the caller, the others are workers. */
typedef struct member {
    _Alignas(FCNN_ALIGNMENT) atomic_size_t taken; /* iterations of its part so far */
    atomic_int sleeps;
    pthread_cond_t called; /* a region that it may join, or the end */
    pthread_t thread;
} member;

/* The worker threads and what they share with the caller of the current region. */
typedef struct crew {
    _Alignas(FCNN_ALIGNMENT) atomic_uint_fast64_t state;
    fcnn_task *task;
    void *context;
    size_t count, parts;                         /* of the current region; parts: its helpers and the caller */
    _Alignas(FCNN_ALIGNMENT) atomic_size_t left; /* workers that joined the region and have left it */
    atomic_int caller_sleeps;
    atomic_int stopping;
    atomic_size_t numbered; /* workers that have taken their number */
    pthread_mutex_t mutex;  /* for sleeping only */
    pthread_cond_t done;
    size_t wanted, workers; /* asked for; those that could be started */
    member member[FCNN_MAX_THREADS];
} crew;

static struct {
    atomic_flag owned; /* held during a region; guards the two fields below */
    crew *crew;
    int handles_fork;
    atomic_size_t requested; /* by fcnn_threads_set; 0: automatic */
    atomic_size_t automatic; /* what was found; 0: not looked for yet */
    atomic_size_t useful;    /* more threads than these help nobody; 0: not looked for yet */
} pool = {.owned = ATOMIC_FLAG_INIT};

static void pause_briefly(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb");
#endif
}

/* ---- what a worker does ---- */

/* Workers 1 .. admitted may join an open region, each once. */
static int can_join(uint64_t state, uint64_t last_generation, size_t number)
{
    return number <= (state & ADMITTED_MASK) >> ADMITTED_SHIFT && state >> GENERATION_SHIFT != last_generation;
}

/* True where there is something for the worker to do: a region that it has not joined yet, or the end. */
static int is_called(crew *c, uint64_t last_generation, size_t number)
{
    return can_join(atomic_load(&c->state), last_generation, number) || atomic_load(&c->stopping);
}

static void sleep_until_called(crew *c, uint64_t last_generation, size_t number)
{
    member *self = &c->member[number];
    pthread_mutex_lock(&c->mutex);
    atomic_store(&self->sleeps, 1);
    while (!is_called(c, last_generation, number))
        pthread_cond_wait(&self->called, &c->mutex);
    atomic_store(&self->sleeps, 0);
    pthread_mutex_unlock(&c->mutex);
}

static void wait_until_called(crew *c, uint64_t last_generation, size_t number)
{
    const int64_t deadline = fcnn_nanoseconds() + SPIN_NANOSECONDS;
    do {
        for (int spin = 0; spin < SPINS_PER_CLOCK_READ; spin++) {
            if (is_called(c, last_generation, number))
                return;
            pause_briefly();
        }
    } while (fcnn_nanoseconds() < deadline);
    sleep_until_called(c, last_generation, number);
}

/* Joins the open region, if there is one for this worker. */
static int join(crew *c, uint64_t *last_generation, size_t number)
{
    uint64_t state = atomic_load(&c->state);
    while (can_join(state, *last_generation, number))
        if (atomic_compare_exchange_weak(&c->state, &state, state + 1)) {
            *last_generation = state >> GENERATION_SHIFT;
            return 1;
        }
    return 0;
}

static size_t take_one(member *owner) { return atomic_fetch_add_explicit(&owner->taken, 1, memory_order_relaxed); }

/* First the worker's own part, then what is left of the others'. */
static void run_iterations(crew *c, size_t worker)
{
    for (size_t i = 0; i < c->parts; i++) {
        const size_t part = (worker + i) % c->parts;
        size_t index = part + atomic_load_explicit(&c->member[part].taken, memory_order_relaxed) * c->parts;
        while (index < c->count && (index = part + take_one(&c->member[part]) * c->parts) < c->count)
            c->task(c->context, index, worker);
    }
}

static void leave(crew *c)
{
    atomic_fetch_add(&c->left, 1);
    if (atomic_load(&c->caller_sleeps)) {
        pthread_mutex_lock(&c->mutex);
        pthread_cond_signal(&c->done);
        pthread_mutex_unlock(&c->mutex);
    }
}

static void *work(void *argument)
{
    crew *c = argument;
    const size_t number = atomic_fetch_add(&c->numbered, 1) + 1;
    uint64_t last_generation = 0;
    fcnn_floating_mode_enter();
    while (!atomic_load(&c->stopping)) {
        if (join(c, &last_generation, number)) {
            run_iterations(c, number);
            leave(c);
        }
        wait_until_called(c, last_generation, number);
    }
    return NULL;
}

/* ---- making and ending a crew; the caller owns the pool ---- */

static void forget_crew(void) /* in a forked child */
{
    pool.crew = NULL;
    atomic_store(&pool.automatic, 0);
    atomic_store(&pool.useful, 0);
    atomic_flag_clear(&pool.owned);
}

static void stop_crew(crew *c)
{
    pthread_mutex_lock(&c->mutex);
    atomic_store(&c->stopping, 1);
    for (size_t i = 1; i <= c->workers; i++)
        pthread_cond_signal(&c->member[i].called);
    pthread_mutex_unlock(&c->mutex);
    for (size_t i = 1; i <= c->workers; i++)
        pthread_join(c->member[i].thread, NULL);
    for (size_t i = 1; i <= c->wanted; i++)
        pthread_cond_destroy(&c->member[i].called);
    pthread_cond_destroy(&c->done);
    pthread_mutex_destroy(&c->mutex);
    fcnn_release(c);
}

/* Signals are for the program's own threads: workers block them all. */
static void start_workers(crew *c)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (c->workers < c->wanted && pthread_create(&c->member[c->workers + 1].thread, NULL, work, c) == 0)
        c->workers++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* A crew of `wanted` workers, or as many as the system grants; NULL for want of memory. */
static crew *start_crew(size_t wanted)
{
    fcnn_error error;
    void *block;
    if (!pool.handles_fork && pthread_atfork(NULL, NULL, forget_crew) != 0)
        return NULL;
    pool.handles_fork = 1;
    if (fcnn_allocate(&block, 1, sizeof(crew), "the thread pool", &error) != FCNN_OK)
        return NULL;
    crew *c = block;
    atomic_init(&c->state, (uint64_t)1 << GENERATION_SHIFT);
    pthread_mutex_init(&c->mutex, NULL);
    pthread_cond_init(&c->done, NULL);
    c->wanted = wanted;
    for (size_t i = 1; i <= wanted; i++)
        pthread_cond_init(&c->member[i].called, NULL);
    start_workers(c);
    return c;
}

static crew *ready_crew(size_t wanted)
{
    if (pool.crew && pool.crew->wanted != wanted) {
        stop_crew(pool.crew);
        pool.crew = NULL;
    }
    if (!pool.crew && wanted > 0)
        pool.crew = start_crew(wanted);
    return pool.crew;
}

/* ---- what the caller of a region does ---- */

static void wake_workers(crew *c, size_t helpers)
{
    for (size_t i = 1; i <= helpers; i++)
        if (atomic_load(&c->member[i].sleeps)) {
            pthread_mutex_lock(&c->mutex);
            pthread_cond_signal(&c->member[i].called);
            pthread_mutex_unlock(&c->mutex);
        }
}

static void wait_until_left(crew *c, size_t joined)
{
    const int64_t deadline = fcnn_nanoseconds() + SPIN_NANOSECONDS;
    do {
        for (int spin = 0; spin < SPINS_PER_CLOCK_READ; spin++) {
            if (atomic_load(&c->left) == joined)
                return;
            pause_briefly();
        }
    } while (fcnn_nanoseconds() < deadline);

    pthread_mutex_lock(&c->mutex);
    atomic_store(&c->caller_sleeps, 1);
    while (atomic_load(&c->left) != joined)
        pthread_cond_wait(&c->done, &c->mutex);
    atomic_store(&c->caller_sleeps, 0);
    pthread_mutex_unlock(&c->mutex);
}

static void run_region(crew *c, size_t count, size_t helpers, fcnn_task *task, void *context)
{
    c->task = task;
    c->context = context;
    c->count = count;
    c->parts = helpers + 1;
    for (size_t i = 0; i < c->parts; i++)
        atomic_store_explicit(&c->member[i].taken, 0, memory_order_relaxed);
    atomic_store_explicit(&c->left, 0, memory_order_relaxed);
    const uint64_t generation = (atomic_load_explicit(&c->state, memory_order_relaxed) >> GENERATION_SHIFT) + 1;
    atomic_store(&c->state, generation << GENERATION_SHIFT | (uint64_t)helpers << ADMITTED_SHIFT);
    wake_workers(c, helpers);

    run_iterations(c, 0);

    const size_t joined = (size_t)(atomic_fetch_and(&c->state, ~ADMITTED_MASK) & JOINED_MASK);
    wait_until_left(c, joined);
}

static void run_inline(size_t count, fcnn_task *task, void *context)
{
    for (size_t i = 0; i < count; i++)
        task(context, i, 0);
}

/* The CPUs, or ANY_NUMBER. */
static size_t useful_threads(void)
{
    size_t count = atomic_load(&pool.useful);
    if (!count) {
        count = fcnn_thread_count_is_firm() ? ANY_NUMBER : fcnn_thread_count_cpus();
        atomic_store(&pool.useful, count);
    }
    return count;
}

void fcnn_parallel_for(size_t count, size_t max_workers, fcnn_task *task, void *context)
{
    const fcnn_floating_mode before = fcnn_floating_mode_enter();
    const size_t threads = smaller(fcnn_threads_get(), useful_threads());
    if (smaller(smaller(count, max_workers), threads) <= 1 || atomic_flag_test_and_set(&pool.owned)) {
        run_inline(count, task, context);
    } else {
        crew *c = ready_crew(threads - 1);
        const size_t helpers = c ? smaller(smaller(count, max_workers) - 1, c->workers) : 0;
        if (helpers)
            run_region(c, count, helpers, task, context);
        else
            run_inline(count, task, context);
        atomic_flag_clear(&pool.owned);
    }
    fcnn_floating_mode_restore(before);
}

size_t fcnn_threads_get(void)
{
    const size_t requested = atomic_load(&pool.requested);
    if (requested)
        return requested;
    size_t count = atomic_load(&pool.automatic);
    if (!count) {
        count = smaller(fcnn_thread_count_automatic(fcnn_thread_count_cpus()), FCNN_MAX_THREADS);
        atomic_store(&pool.automatic, count);
    }
    return count;
}

size_t fcnn_threads_for(size_t work)
{
    const size_t threads = fcnn_threads_get();
    return useful_threads() == ANY_NUMBER ? threads : smaller(threads, larger(work / WORTH_A_THREAD, 1));
}

fcnn_status fcnn_threads_set(size_t count, fcnn_error *error)
{
    if (count > FCNN_MAX_THREADS)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "`count` is %zu threads; expected 0 (automatic) to %d", count,
                         FCNN_MAX_THREADS);
    if (count == 0)
        FCNN_TRY(fcnn_thread_count_check(error));
    atomic_store(&pool.automatic, 0);
    atomic_store(&pool.useful, 0);
    atomic_store(&pool.requested, count);
    return FCNN_OK;
}
