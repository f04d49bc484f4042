/* status.c - formats the sentence of a failure. */
#include "status.h"

#include <stdarg.h>
#include <stdio.h>

fcnn_status fcnn_fail(fcnn_error *error, fcnn_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    error->status = status;
    error->system_errno = 0;
    return status;
}
