/* environment.c - numbers in environment variables. */
#include "environment.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

int fcnn_environment_number(const char *name, int list, long *number)
{
    const char *text = getenv(name);
    if (!text || !*text)
        return 1;
    char *end;
    errno = 0;
    *number = strtol(text, &end, 10);
    const int is_number = errno == 0 && end != text;
    while (isspace((unsigned char)*end))
        end++;
    return is_number && (*end == '\0' || (list && *end == ','));
}
