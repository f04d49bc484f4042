/* idx.c - an IDX file's header is believed only as far as the file bears it out.
 *
 * Sizes are multiplied with a check for overflow, compared with what the file can hold before anyone allocates, and
 * demanded to the byte when the elements are read.
 */
#include "idx.h"

#include <stdio.h>
#include <string.h>

enum { MAGIC_SIZE = 4, COUNT_TEXT = 32 };
static const uint64_t MAX_SIZE = (uint64_t)4 << 30;
static const char PROBABLE_CAUSE[] = "(file truncated or still downloading)";

static size_t size_of_type(unsigned code)
{
    switch (code) {
    case FCNN_IDX_UINT8:
    case FCNN_IDX_INT8:
        return 1;
    case FCNN_IDX_INT16:
        return 2;
    case FCNN_IDX_INT32:
    case FCNN_IDX_FLOAT32:
        return 4;
    case FCNN_IDX_FLOAT64:
        return 8;
    default:
        return 0;
    }
}

/* 60000 is "60,000". Returns text. */
static const char *count_text(size_t count, char text[COUNT_TEXT])
{
    char digits[COUNT_TEXT];
    const size_t length = (size_t)snprintf(digits, sizeof digits, "%zu", count);
    char *out = text;
    for (size_t i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            *out++ = ',';
        *out++ = digits[i];
    }
    *out = '\0';
    return text;
}

/* What the first axis counts. */
static const char *noun(const fcnn_idx *idx) { return idx->rank == 3 ? "images" : "entries"; }

/* Bytes of one position of the first axis; at least 1. */
static size_t entry_size(const fcnn_idx *idx)
{
    size_t size = idx->element_size;
    for (size_t axis = 1; axis < idx->rank; axis++)
        size *= idx->extent[axis] ? idx->extent[axis] : 1;
    return size;
}

static fcnn_status read_magic(fcnn_idx *idx, fcnn_error *error)
{
    unsigned char magic[MAGIC_SIZE] = {0};
    size_t got;
    FCNN_TRY(fcnn_gzip_read(idx->file, magic, sizeof magic, &got, error));
    if (got < sizeof magic)
        return fcnn_fail(error, FCNN_E_DATA, "%s: ends inside its header %s", idx->path, PROBABLE_CAUSE);
    idx->element_size = size_of_type(magic[2]);
    idx->rank = magic[3];
    if (magic[0] || magic[1] || !idx->element_size || idx->rank < 1 || idx->rank > FCNN_IDX_RANK)
        return fcnn_fail(error, FCNN_E_DATA,
                         "%s: is not an IDX file: it begins with the bytes %02x %02x %02x %02x; expected 00 00, an "
                         "element type (08, 09, 0b, 0c, 0d or 0e) and 1 to %d axes",
                         idx->path, magic[0], magic[1], magic[2], magic[3], FCNN_IDX_RANK);
    idx->type = (fcnn_idx_type)magic[2];
    return FCNN_OK;
}

static fcnn_status read_extents(fcnn_idx *idx, fcnn_error *error)
{
    unsigned char bytes[4 * FCNN_IDX_RANK];
    size_t got;
    FCNN_TRY(fcnn_gzip_read(idx->file, bytes, 4 * idx->rank, &got, error));
    if (got < 4 * idx->rank)
        return fcnn_fail(error, FCNN_E_DATA, "%s: ends inside its header %s", idx->path, PROBABLE_CAUSE);

    uint64_t size = idx->element_size; /* with every 0 counted as 1, so that no axis can overflow anyone's product */
    int empty = 0;
    for (size_t axis = 0; axis < idx->rank; axis++) {
        const unsigned char *b = bytes + 4 * axis;
        const uint32_t extent = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
        idx->extent[axis] = extent;
        empty |= extent == 0;
        size *= extent ? extent : 1; /* below 2^32 * 2^32 */
        if (size > MAX_SIZE)
            return fcnn_fail(error, FCNN_E_DATA, "%s: claims more than the 4 GiB that are supported (damaged header?)",
                             idx->path);
    }
    idx->size = empty ? 0 : (size_t)size;
    return FCNN_OK;
}

/* Refuses a file that is too short for its claim before anyone allocates for it. */
static fcnn_status check_claim(const fcnn_idx *idx, fcnn_error *error)
{
    const size_t header = MAGIC_SIZE + 4 * idx->rank, bound = fcnn_gzip_bound(idx->file);
    const size_t room = bound > header ? bound - header : 0;
    if (idx->size <= room)
        return FCNN_OK;
    char most[COUNT_TEXT], claimed[COUNT_TEXT];
    return fcnn_fail(error, FCNN_E_DATA, "%s: cannot hold more than %s of its %s %s %s", idx->path,
                     count_text(room / entry_size(idx), most), count_text(idx->extent[0], claimed), noun(idx),
                     PROBABLE_CAUSE);
}

fcnn_status fcnn_idx_open(fcnn_idx *idx, const char *path, fcnn_give_up *give_up, fcnn_error *error)
{
    memset(idx, 0, sizeof *idx);
    const size_t length = strlen(path), shown = sizeof idx->path - 1;
    strcpy(idx->path, length > shown ? path + length - shown : path);
    FCNN_TRY(fcnn_gzip_open(&idx->file, path, give_up, error));
    FCNN_TRY(read_magic(idx, error));
    FCNN_TRY(read_extents(idx, error));
    return check_claim(idx, error);
}

static void reverse_bytes(unsigned char *bytes, size_t size, size_t element_size)
{
    for (size_t i = 0; i < size; i += element_size)
        for (size_t low = i, high = i + element_size - 1; low < high; low++, high--) {
            const unsigned char other = bytes[low];
            bytes[low] = bytes[high];
            bytes[high] = other;
        }
}

fcnn_status fcnn_idx_read(fcnn_idx *idx, void *elements, fcnn_error *error)
{
    char done[COUNT_TEXT], claimed[COUNT_TEXT];
    unsigned char extra;
    size_t got, more;
    count_text(idx->extent[0], claimed);

    FCNN_TRY(fcnn_gzip_read(idx->file, elements, idx->size, &got, error));
    if (got < idx->size)
        return fcnn_fail(error, FCNN_E_DATA, "%s: ends after %s of %s %s %s", idx->path,
                         count_text(got / entry_size(idx), done), claimed, noun(idx), PROBABLE_CAUSE);
    FCNN_TRY(fcnn_gzip_read(idx->file, &extra, 1, &more, error));
    if (more)
        return fcnn_fail(error, FCNN_E_DATA, "%s: goes on after its %s %s (damaged header?)", idx->path, claimed,
                         noun(idx));
    if (fcnn_gzip_is_cut(idx->file))
        return fcnn_fail(error, FCNN_E_DATA, "%s: ends before its checksum %s", idx->path, PROBABLE_CAUSE);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    reverse_bytes(elements, idx->size, idx->element_size);
#endif
    return FCNN_OK;
}

void fcnn_idx_close(fcnn_idx *idx)
{
    fcnn_gzip_close(idx->file);
    idx->file = NULL;
}
