/* idx.h - IDX, the format of the MNIST family: a typed array of any number of axes, big-endian, often gzipped.
 *
 * Bytes 0 and 1 are zero, byte 2 is the element type, byte 3 the number of axes; then a 32-bit extent for each axis;
 * then the elements in row-major order. Source: LeCun, Cortes, Burges, "The MNIST database of handwritten digits".
 */
#ifndef FCNN_IDX_H
#define FCNN_IDX_H

#include <stddef.h>
#include <stdint.h>

#include "../base/status.h"
#include "gzip.h"

enum { FCNN_IDX_RANK = 6 };

/* The element types and their codes in the file. */
typedef enum fcnn_idx_type {
    FCNN_IDX_UINT8 = 0x08,
    FCNN_IDX_INT8 = 0x09,
    FCNN_IDX_INT16 = 0x0b,
    FCNN_IDX_INT32 = 0x0c,
    FCNN_IDX_FLOAT32 = 0x0d,
    FCNN_IDX_FLOAT64 = 0x0e
} fcnn_idx_type;

/* An open file whose header was read. */
typedef struct fcnn_idx {
    fcnn_gzip *file;
    char path[201]; /* for messages */
    fcnn_idx_type type;
    size_t element_size; /* bytes */
    size_t rank;         /* 1 to FCNN_IDX_RANK */
    size_t extent[FCNN_IDX_RANK];
    size_t size; /* bytes of all elements */
} fcnn_idx;

/* Opens the file and reads its header. FCNN_E_IO; FCNN_E_DATA where it is no IDX file or claims more elements than it
 * can hold. Call fcnn_idx_close in every case. */
fcnn_status fcnn_idx_open(fcnn_idx *idx, const char *path, fcnn_give_up *give_up, fcnn_error *error);

/* elements = idx->size bytes, in the machine's byte order. Once. FCNN_E_IO; FCNN_E_DATA unless the file holds
 * exactly this. */
fcnn_status fcnn_idx_read(fcnn_idx *idx, void *elements, fcnn_error *error);

void fcnn_idx_close(fcnn_idx *idx);

#endif
