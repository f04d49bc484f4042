/* gzip.c - a file's content through zlib's inflate, which checks each member's length and CRC. */
#include "gzip.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "../base/memory.h"

enum { INPUT_SIZE = 1 << 16, DEFLATE_BEST_RATIO = 1032, PATH_SHOWN = 300 };
enum { WINDOW_BITS_FOR_GZIP = 15 + 16 };

struct fcnn_gzip {
    FILE *file;
    z_stream stream; /* of a plain file, only next_in and avail_in are used */
    int gzipped, inflating, ended, cut;
    size_t bound;
    fcnn_give_up *give_up;
    char path[PATH_SHOWN + 1]; /* for messages: the end of it where it is longer */
    unsigned char input[INPUT_SIZE];
};

static void *allocate_for_zlib(void *opaque, unsigned count, unsigned size)
{
    (void)opaque;
    fcnn_error error;
    void *block;
    return fcnn_allocate(&block, count, size, "zlib", &error) == FCNN_OK ? block : Z_NULL;
}

static void release_for_zlib(void *opaque, void *block)
{
    (void)opaque;
    fcnn_release(block);
}

static fcnn_status fail_with_errno(const fcnn_gzip *file, int code, fcnn_error *error)
{
    fcnn_fail(error, FCNN_E_IO, "%s: %s", file->path, strerror(code));
    error->system_errno = code;
    return FCNN_E_IO;
}

/* Whether a call that failed with errno is to be made again: a signal came, and nobody minds. */
static int goes_on(const fcnn_gzip *file) { return errno == EINTR && !(file->give_up && file->give_up()); }

/* Afterwards there is input, or the file has ended. */
static fcnn_status refill(fcnn_gzip *file, fcnn_error *error)
{
    if (file->stream.avail_in > 0)
        return FCNN_OK;
    size_t got;
    file->stream.next_in = file->input;
    do {
        clearerr(file->file);
        errno = 0;
        got = fread(file->input, 1, INPUT_SIZE, file->file);
    } while (got == 0 && ferror(file->file) && goes_on(file));
    file->stream.avail_in = (unsigned)got;
    return got == 0 && ferror(file->file) ? fail_with_errno(file, errno, error) : FCNN_OK;
}

static void measure(fcnn_gzip *file)
{
    struct stat status;
    if (fstat(fileno(file->file), &status) != 0 || !S_ISREG(status.st_mode)) {
        file->bound = SIZE_MAX;
        return;
    }
    const uint64_t size = (uint64_t)status.st_size, ratio = file->gzipped ? DEFLATE_BEST_RATIO : 1;
    file->bound = size > SIZE_MAX / ratio ? SIZE_MAX : (size_t)(size * ratio);
}

static fcnn_status open_file(fcnn_gzip *file, const char *path, fcnn_error *error)
{
    do {
        file->file = fopen(path, "rbe");
    } while (!file->file && goes_on(file));
    if (!file->file)
        return fail_with_errno(file, errno, error);
    FCNN_TRY(refill(file, error));
    file->gzipped = file->stream.avail_in >= 2 && file->input[0] == 0x1f && file->input[1] == 0x8b;
    measure(file);
    if (!file->gzipped)
        return FCNN_OK;
    if (inflateInit2(&file->stream, WINDOW_BITS_FOR_GZIP) != Z_OK)
        return fcnn_fail(error, FCNN_E_MEMORY, "cannot allocate memory to unpack %s", file->path);
    file->inflating = 1;
    return FCNN_OK;
}

fcnn_status fcnn_gzip_open(fcnn_gzip **file, const char *path, fcnn_give_up *give_up, fcnn_error *error)
{
    *file = NULL;
    void *block;
    FCNN_TRY(fcnn_allocate(&block, 1, sizeof(fcnn_gzip), "a file's buffer", error));
    fcnn_gzip *opened = block;
    opened->give_up = give_up;
    opened->stream.zalloc = allocate_for_zlib;
    opened->stream.zfree = release_for_zlib;
    const size_t length = strlen(path);
    strcpy(opened->path, length > PATH_SHOWN ? path + length - PATH_SHOWN : path);
    const fcnn_status status = open_file(opened, path, error);
    if (status == FCNN_OK)
        *file = opened;
    else
        fcnn_gzip_close(opened);
    return status;
}

static size_t copy_some(fcnn_gzip *file, unsigned char *data, size_t size)
{
    const size_t count = size < file->stream.avail_in ? size : file->stream.avail_in;
    memcpy(data, file->stream.next_in, count);
    file->stream.next_in += count;
    file->stream.avail_in -= (unsigned)count;
    return count;
}

/* A member has ended: the file ends here too, or another member follows. */
static fcnn_status begin_member(fcnn_gzip *file, fcnn_error *error)
{
    FCNN_TRY(refill(file, error));
    if (file->stream.avail_in == 0) {
        file->ended = 1;
        return FCNN_OK;
    }
    if (*file->stream.next_in != 0x1f)
        return fcnn_fail(error, FCNN_E_DATA, "%s: something else follows its gzip data (damaged file)", file->path);
    inflateReset(&file->stream);
    return FCNN_OK;
}

static fcnn_status inflate_some(fcnn_gzip *file, unsigned char *data, size_t size, size_t *count, fcnn_error *error)
{
    z_stream *stream = &file->stream;
    const unsigned room = size < UINT_MAX ? (unsigned)size : UINT_MAX;
    stream->next_out = data;
    stream->avail_out = room;
    const int result = inflate(stream, Z_NO_FLUSH);
    *count = room - stream->avail_out;
    switch (result) {
    case Z_OK:
        return FCNN_OK;
    case Z_STREAM_END:
        return begin_member(file, error);
    case Z_MEM_ERROR:
        return fcnn_fail(error, FCNN_E_MEMORY, "cannot allocate memory to unpack %s", file->path);
    default:
        return fcnn_fail(error, FCNN_E_DATA, "%s: damaged gzip data (%s)", file->path,
                         stream->msg ? stream->msg : "not readable");
    }
}

fcnn_status fcnn_gzip_read(fcnn_gzip *file, void *data, size_t size, size_t *got, fcnn_error *error)
{
    *got = 0;
    while (*got < size && !file->ended) {
        FCNN_TRY(refill(file, error));
        if (file->stream.avail_in == 0) {
            file->ended = 1;
            file->cut = file->gzipped;
            break;
        }
        unsigned char *rest = (unsigned char *)data + *got;
        size_t count = 0;
        if (file->gzipped)
            FCNN_TRY(inflate_some(file, rest, size - *got, &count, error));
        else
            count = copy_some(file, rest, size - *got);
        *got += count;
    }
    return FCNN_OK;
}

int fcnn_gzip_is_cut(const fcnn_gzip *file) { return file->cut; }

size_t fcnn_gzip_bound(const fcnn_gzip *file) { return file->bound; }

void fcnn_gzip_close(fcnn_gzip *file)
{
    if (!file)
        return;
    if (file->inflating)
        inflateEnd(&file->stream);
    if (file->file)
        fclose(file->file);
    fcnn_release(file);
}
