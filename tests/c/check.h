/* check.h - the few words that the C tests are written in. A test program includes it once. */
#ifndef FCNN_CHECK_H
#define FCNN_CHECK_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How the program runs, as setup.py says: a sanitizer and an emulator make it some fifty times slower. */
#ifndef SANITIZED
#define SANITIZED 0
#endif
#ifndef EMULATED
#define EMULATED 0
#endif

static int check_count, check_failures;

/* Many threads are tested on machines of few CPUs, too, and with little work. */
__attribute__((constructor)) static void check_begin(void) { setenv("FASHIONCNN_ALL_THREADS", "1", 1); }

#define CHECK(condition) check_that((condition) != 0, #condition, __FILE__, __LINE__)

/* |actual - expected| <= tolerance, or both the same infinity or NaN. */
#define CHECK_CLOSE(actual, expected, tolerance) check_close(actual, expected, tolerance, #actual, __FILE__, __LINE__)

/* The error's status and a part of its sentence. */
#define CHECK_ERROR(error, expected, part)                                                      \
    do {                                                                                        \
        CHECK((error).status == (expected));                                                    \
        check_that(strstr((error).message, part) != NULL, (error).message, __FILE__, __LINE__); \
    } while (0)

static inline void check_that(int holds, const char *text, const char *file, int line)
{
    check_count++;
    if (holds)
        return;
    check_failures++;
    fprintf(stderr, "%s:%d: failed: %s\n", file, line, text);
}

static inline void check_close(double actual, double expected, double tolerance, const char *text, const char *file,
                               int line)
{
    check_count++;
    if (fabs(actual - expected) <= tolerance || actual == expected || (isnan(actual) && isnan(expected)))
        return;
    check_failures++;
    fprintf(stderr, "%s:%d: %s is %.9g, expected %.9g +- %.2g\n", file, line, text, actual, expected, tolerance);
}

/* What main returns. */
static inline int check_report(void)
{
    printf("%d checks, %d failed\n", check_count, check_failures);
    return check_failures != 0;
}

#endif
