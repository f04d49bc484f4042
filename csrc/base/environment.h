/* environment.h - numbers in environment variables. */
#ifndef FCNN_ENVIRONMENT_H
#define FCNN_ENVIRONMENT_H

/* *number = the variable's, which may have spaces around it and, where `list`, others behind a comma, as OpenMP allows.
 * It stays as it is where the variable is unset or empty. False where the text is no number. */
int fcnn_environment_number(const char *name, int list, long *number);

#endif
