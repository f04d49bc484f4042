/* status.h - how a core function says that it failed.
 *
 * A function that can fail returns fcnn_status and, on failure, writes one sentence into the caller's fcnn_error.
 * The core never prints, exits or aborts.
 */
#ifndef FCNN_STATUS_H
#define FCNN_STATUS_H

#include <stddef.h>

typedef enum fcnn_status {
    FCNN_OK = 0,
    FCNN_E_ARGUMENT, /* a value out of its range, an unknown name     (Python: ValueError) */
    FCNN_E_SHAPE,    /* shapes that do not fit each other             (ValueError) */
    FCNN_E_DTYPE,    /* an element type that cannot be used           (TypeError) */
    FCNN_E_MEMORY,   /* an allocation failed or would overflow        (MemoryError) */
    FCNN_E_IO,       /* the operating system refused a file           (OSError) */
    FCNN_E_DATA,     /* a file whose content is damaged               (fashioncnn.DataError) */
    FCNN_E_NONFINITE /* a computation produced NaN or infinity        (FloatingPointError) */
} fcnn_status;

typedef struct fcnn_error {
    fcnn_status status;
    int system_errno; /* errno behind FCNN_E_IO, else 0 */
    char message[512];
} fcnn_error;

/* Fills *error and returns `status`, so that a function can `return fcnn_fail(...)`. A message that does not fit is
 * cut. */
fcnn_status fcnn_fail(fcnn_error *error, fcnn_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Hands a failure on to the caller. */
#define FCNN_TRY(call)                          \
    do {                                        \
        const fcnn_status try_status_ = (call); \
        if (try_status_ != FCNN_OK)             \
            return try_status_;                 \
    } while (0)

#endif
