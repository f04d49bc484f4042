/* test_threads.c - the pool: every iteration once, for any number of threads, callers, nestings and forks. */
#define _GNU_SOURCE
#include <float.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/threads.h"
#include "check.h"

enum { MANY = 2000 };

typedef struct tally {
    atomic_int runs[MANY];             /* of each iteration */
    atomic_int busy[FCNN_MAX_THREADS]; /* iterations now running under each worker's number */
    atomic_int collisions;
    atomic_size_t largest_worker;
} tally;

static void count_run(void *context, size_t index, size_t worker)
{
    tally *t = context;
    if (atomic_fetch_add(&t->busy[worker], 1) != 0)
        atomic_fetch_add(&t->collisions, 1);
    atomic_fetch_add(&t->runs[index], 1);
    size_t largest = atomic_load(&t->largest_worker);
    while (worker > largest && !atomic_compare_exchange_weak(&t->largest_worker, &largest, worker))
        continue;
    atomic_fetch_sub(&t->busy[worker], 1);
}

/* True where a loop of `count` (at most MANY) runs every iteration once, and no two at a time under one worker's
 * number, which is below `max_workers`. */
static int loop_is_right(size_t count, size_t max_workers)
{
    tally t = {0};
    fcnn_parallel_for(count, max_workers, count_run, &t);
    int right = atomic_load(&t.collisions) == 0 && atomic_load(&t.largest_worker) < (max_workers ? max_workers : 1);
    for (size_t i = 0; i < MANY; i++)
        right &= atomic_load(&t.runs[i]) == (i < count);
    return right;
}

static void set_threads(size_t count)
{
    fcnn_error error;
    CHECK(fcnn_threads_set(count, &error) == FCNN_OK);
}

static void test_every_iteration_runs_once(void)
{
    const size_t threads[] = {1, 2, 3, 8, 2, 1, 5}, counts[] = {0, 1, 2, 3, 7, MANY}, limits[] = {0, 1, 2, 3, 1000};
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        set_threads(threads[i]);
        CHECK(fcnn_threads_get() == threads[i]);
        for (size_t j = 0; j < sizeof counts / sizeof *counts; j++)
            for (size_t k = 0; k < sizeof limits / sizeof *limits; k++)
                CHECK(loop_is_right(counts[j], limits[k]));
    }
}

static void test_many_short_loops(void)
{
    set_threads(4);
    int right = 1;
    for (int i = 0; i < 300; i++)
        right &= loop_is_right((size_t)(i % 5), 4);
    CHECK(right);
}

static void test_sleeping_workers_are_woken(void)
{
    set_threads(3);
    for (int i = 0; i < 5; i++) {
        CHECK(loop_is_right(MANY, 3));
        usleep(2000); /* longer than workers spin */
    }
}

/* Two iterations that each wait for the other to start, and give up after a while: they meet on two threads only. */
typedef struct meeting {
    atomic_int started, met;
} meeting;

static void meet(void *context, size_t index, size_t worker)
{
    (void)worker;
    meeting *m = context;
    atomic_fetch_add(&m->started, 1);
    for (int i = 0; i < 50000 && atomic_load(&m->started) < 2; i++)
        usleep(100);
    atomic_fetch_add(&m->met, index == 0 && atomic_load(&m->started) == 2);
}

static void test_iterations_run_at_the_same_time(void)
{
    set_threads(2);
    for (int i = 0; i < 3; i++) {
        meeting m = {0};
        fcnn_parallel_for(2, 2, meet, &m);
        CHECK(atomic_load(&m.met) == 1);
        usleep(1000);
    }
}

static void end_late(void *context, size_t index, size_t worker)
{
    (void)index;
    if (worker != 0)
        usleep(1000); /* longer than the caller spins */
    atomic_fetch_add((atomic_int *)context, 1);
}

static void test_a_loop_returns_after_its_last_iteration_has_ended(void)
{
    set_threads(3);
    for (int i = 0; i < 50; i++) {
        atomic_int ended = 0;
        fcnn_parallel_for(20, 3, end_late, &ended);
        CHECK(atomic_load(&ended) == 20);
    }
}

static void outer(void *context, size_t index, size_t worker)
{
    (void)worker;
    ((int *)context)[index] = loop_is_right(100, 1);
}

static void test_nested_loops_run_inline(void)
{
    int right[16] = {0};
    set_threads(3);
    fcnn_parallel_for(16, 3, outer, right);
    for (size_t i = 0; i < 16; i++)
        CHECK(right[i]);
}

static void *call_repeatedly(void *result)
{
    int right = 1;
    for (int i = 0; i < 100; i++)
        right &= loop_is_right(50, 4);
    *(int *)result = right;
    return NULL;
}

static void test_several_callers_get_right_results(void)
{
    enum { CALLERS = 4 };
    pthread_t thread[CALLERS];
    int right[CALLERS] = {0};
    set_threads(3);
    for (size_t i = 0; i < CALLERS; i++)
        CHECK(pthread_create(&thread[i], NULL, call_repeatedly, &right[i]) == 0);
    for (size_t i = 0; i < 20; i++) {
        set_threads(1 + i % 4);
        usleep(500);
    }
    for (size_t i = 0; i < CALLERS; i++) {
        pthread_join(thread[i], NULL);
        CHECK(right[i]);
    }
}

/* Whether two iterations run at the same time: in a child whose pool still belonged to its parent none would. */
static int loop_is_parallel(void)
{
    meeting m = {0};
    fcnn_parallel_for(2, 2, meet, &m);
    return atomic_load(&m.met) == 1;
}

static int child_succeeds(void)
{
    const pid_t child = fork();
    if (child == 0)
        _exit(loop_is_parallel() && loop_is_right(MANY, 4) && loop_is_right(7, 4) ? 0 : 1);
    int status = -1;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void *keep_busy(void *stop)
{
    while (!atomic_load((atomic_int *)stop))
        loop_is_right(200, 4);
    return NULL;
}

static void test_a_forked_child_has_a_pool_of_its_own(void)
{
    set_threads(4);
    CHECK(loop_is_right(MANY, 4));
    CHECK(child_succeeds());
    CHECK(loop_is_right(MANY, 4));

    atomic_int stop = 0;
    pthread_t other;
    CHECK(pthread_create(&other, NULL, keep_busy, &stop) == 0);
    for (int i = 0; i < 10; i++)
        CHECK(child_succeeds()); /* forked while another thread held the pool, or was about to */
    atomic_store(&stop, 1);
    pthread_join(other, NULL);
    CHECK(loop_is_right(MANY, 4));
}

static float halve(float x)
{
    volatile float value = x;
    value = value / 2;
    return value;
}

static void note_denormals(void *context, size_t index, size_t worker)
{
    (void)worker;
    ((float *)context)[index] = halve(FLT_MIN);
}

/* ---- signals ---- */

static volatile sig_atomic_t handled;

static void note_signal(int number)
{
    (void)number;
    handled = 1;
}

/* Signals are for the program's own threads: one that they all block waits, however many workers there are. */
static void test_workers_take_no_signals(void)
{
    const struct sigaction note = {.sa_handler = note_signal};
    struct sigaction before;
    sigset_t one, mask;
    set_threads(4);
    CHECK(loop_is_right(MANY, 4));
    sigemptyset(&one);
    sigaddset(&one, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &one, &mask);
    sigaction(SIGUSR1, &note, &before);
    kill(getpid(), SIGUSR1);
    CHECK(loop_is_right(MANY, 4));
    usleep(10000);
    CHECK(!handled);
    CHECK(sigtimedwait(&one, NULL, &(struct timespec){0}) == SIGUSR1);
    sigaction(SIGUSR1, &before, NULL);
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

static void test_denormals_are_flushed_in_loops_only(void)
{
    for (size_t threads = 1; threads <= 3; threads++) {
        float halves[64];
        memset(halves, 255, sizeof halves);
        set_threads(threads);
        CHECK(halve(FLT_MIN) > 0);
        fcnn_parallel_for(64, 3, note_denormals, halves);
        CHECK(halve(FLT_MIN) > 0);
#if defined(__x86_64__) || defined(__aarch64__)
        for (size_t i = 0; i < 64; i++)
            CHECK(halves[i] == 0);
#endif
    }
}

/* In a child whose environment and limits are its own. */
static int in_child(int (*test)(void))
{
    const pid_t child = fork();
    if (child == 0)
        _exit(test() ? 0 : 1);
    int status = -1;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static size_t automatic_count(const char *own, const char *openmp)
{
    fcnn_error error;
    own ? setenv("FASHIONCNN_NUM_THREADS", own, 1) : unsetenv("FASHIONCNN_NUM_THREADS");
    openmp ? setenv("OMP_NUM_THREADS", openmp, 1) : unsetenv("OMP_NUM_THREADS");
    return fcnn_threads_set(0, &error) == FCNN_OK ? fcnn_threads_get() : 0;
}

static int environment_decides(void)
{
    const size_t machine = automatic_count(NULL, NULL);
    return machine >= 1 && automatic_count("3", "5") == 3 && automatic_count(NULL, "5") == 5 &&
           automatic_count(NULL, "6,2") == 6 && automatic_count("", "7") == 7 &&
           automatic_count("0", NULL) == machine && automatic_count(NULL, "many") == machine &&
           automatic_count(NULL, "100000") == FCNN_MAX_THREADS && automatic_count("many", "7") == 0 &&
           automatic_count("-2", NULL) == 0 && automatic_count("1.5", NULL) == 0 &&
           automatic_count("100000", NULL) == 0;
}

static void test_the_count_comes_from_the_call_then_the_environment(void)
{
    fcnn_error error;
    CHECK(fcnn_threads_set(FCNN_MAX_THREADS + 1, &error) == FCNN_E_ARGUMENT);
    CHECK_ERROR(error, FCNN_E_ARGUMENT, "257 threads");
    CHECK(in_child(environment_decides));
}

static void note_largest_worker(void *context, size_t index, size_t worker)
{
    (void)index;
    atomic_size_t *largest = context;
    for (size_t now = atomic_load(largest); worker > now && !atomic_compare_exchange_weak(largest, &now, worker);)
        continue;
}

#ifdef __linux__
/* On one CPU no second thread works, however many were asked for, unless all are to work. */
static int one_cpu_has_one_thread(void)
{
    cpu_set_t mine, one;
    CPU_ZERO(&one);
    if (sched_getaffinity(0, sizeof mine, &mine) != 0)
        return 0;
    for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; cpu++)
        if (CPU_ISSET(cpu, &mine))
            CPU_SET(cpu, &one);
    if (sched_setaffinity(0, sizeof one, &one) != 0 || unsetenv("FASHIONCNN_ALL_THREADS") != 0)
        return 0;
    set_threads(8);
    atomic_size_t largest = 0;
    for (int i = 0; i < 200; i++)
        fcnn_parallel_for(MANY, 8, note_largest_worker, &largest);
    return fcnn_threads_get() == 8 && atomic_load(&largest) == 0;
}
#endif

static int little_work_has_one_thread(void)
{
    set_threads(4);
    const int all = fcnn_threads_for(0) == 4;
    unsetenv("FASHIONCNN_ALL_THREADS");
    set_threads(4);
    return all && fcnn_threads_for(0) == 1 && fcnn_threads_for(100000) == 1 && fcnn_threads_for(600000) == 2 &&
           fcnn_threads_for((size_t)1 << 40) == 4;
}

static void test_threads_work_where_they_help(void)
{
    CHECK(in_child(little_work_has_one_thread));
#ifdef __linux__
    CHECK(in_child(one_cpu_has_one_thread));
#endif
}

/* Address space for a few stacks only. */
static int works_with_fewer_threads(void)
{
    const struct rlimit limit = {256 << 20, 256 << 20};
    fcnn_error error;
    if (setrlimit(RLIMIT_AS, &limit) != 0)
        return 0;
    return fcnn_threads_set(FCNN_MAX_THREADS, &error) == FCNN_OK && loop_is_right(MANY, FCNN_MAX_THREADS) &&
           loop_is_right(MANY, 2);
}

static void test_threads_that_cannot_be_started_are_done_without(void)
{
    if (!SANITIZED && !EMULATED) /* sanitizers need terabytes of address space */
        CHECK(in_child(works_with_fewer_threads));
}

int main(void)
{
    test_every_iteration_runs_once();
    test_many_short_loops();
    test_sleeping_workers_are_woken();
    test_iterations_run_at_the_same_time();
    test_a_loop_returns_after_its_last_iteration_has_ended();
    test_nested_loops_run_inline();
    test_several_callers_get_right_results();
    if (!EMULATED) /* QEMU cannot start threads in a forked child */
        test_a_forked_child_has_a_pool_of_its_own();
    test_workers_take_no_signals();
    test_denormals_are_flushed_in_loops_only();
    test_the_count_comes_from_the_call_then_the_environment();
    test_threads_work_where_they_help();
    test_threads_that_cannot_be_started_are_done_without();
    return check_report();
}
