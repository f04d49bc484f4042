/* gzip.h - reads a file's content, unpacked where it is gzipped (RFC 1952, one member or several), else as it is. */
#ifndef FCNN_GZIP_H
#define FCNN_GZIP_H

#include <stddef.h>

#include "../base/status.h"

typedef struct fcnn_gzip fcnn_gzip;

/* Asked when a signal came while a file was waited for: true to give up with FCNN_E_IO, false to go on. */
typedef int fcnn_give_up(void);

/* Opens the file at `path`, which is copied. give_up may be NULL: never. FCNN_E_IO. On failure *file is NULL. */
fcnn_status fcnn_gzip_open(fcnn_gzip **file, const char *path, fcnn_give_up *give_up, fcnn_error *error);

/* The next *got <= size bytes of content; fewer than `size` only at its end. FCNN_E_DATA for damaged gzip data or bytes
 * that are no gzip data after it, FCNN_E_IO. */
fcnn_status fcnn_gzip_read(fcnn_gzip *file, void *data, size_t size, size_t *got, fcnn_error *error);

/* True where the end was reached, but in the middle of gzip data. */
int fcnn_gzip_is_cut(const fcnn_gzip *file);

/* No more bytes of content than this can be in the file: its size, times deflate's best ratio where it is gzipped. */
size_t fcnn_gzip_bound(const fcnn_gzip *file);

/* NULL is allowed. */
void fcnn_gzip_close(fcnn_gzip *file);

#endif
