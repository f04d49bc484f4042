/* products.h - made-up input, guarded output, and the comparison of all builds of a kernel; for tests of products.
 *
 * A subject runs one kernel on made-up input and leaves its outputs, and its scratch memory, in guarded arrays full of
 * canaries. The whole arrays are compared, so whatever is written beside the output, or in its gaps, is seen. Inputs
 * end where their memory ends, for the address sanitizer, and are NaN wherever a kernel has no business. As in the
 * core's own loops, denormals are flushed to zero.
 */
#ifndef FCNN_PRODUCTS_H
#define FCNN_PRODUCTS_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/floating_mode.h"
#include "base/random.h"
#include "builds.h"

enum { GUARD = 32, ARRAYS = 5, CANARY = 0x7fc0dead, MAX_TAPS = 25, MAX_MEMBERS = 9 };

static const size_t channel_counts[] = {1, 3, 7, 16, 20, 33, 50, 64, 100};
static const size_t output_counts[] = {1, 7, 10, 16, 20, 33, 48, 64, 100, 128, 150};

static const double TOLERANCE = 2e-5; /* what docs/numerics.md promises of every forward pass */

#define LENGTH(array) (sizeof(array) / sizeof *(array))

/* ---- input ---- */

/* Numbers of the usual size; small integers; or so small that products underflow, of which 0 with a sign is left. */
typedef enum numbers { USUAL, INTEGERS, TINY, KINDS_OF_NUMBERS } numbers;
static const char *const NUMBER_NAMES[] = {"random numbers", "integers", "tiny numbers"};
static numbers kind;

static inline void fill(float *out, size_t count, uint64_t stream)
{
    static const float limits[] = {1.0f, 4.0f, 2e-19f};
    fcnn_random_uniform(out, count, 77, stream, -limits[kind], limits[kind]);
    for (size_t i = 0; kind == INTEGERS && i < count; i++)
        out[i] = floorf(out[i]);
}

/* `images` stretches of `size` numbers, one every `stride` floats, NaN between them. The caller frees it. */
static inline float *new_batch(size_t images, size_t stride, size_t size, uint64_t stream)
{
    const size_t total = images ? (images - 1) * stride + size : 0;
    float *batch = malloc(total * sizeof *batch + !total);
    for (size_t i = 0; i < total; i++)
        batch[i] = NAN;
    for (size_t i = 0; i < images; i++)
        fill(batch + i * stride, size, stream + (i << 8));
    return batch;
}

static inline float *new_input(size_t size, uint64_t stream) { return new_batch(1, size, size, stream); }

/* ---- guarded output ---- */

typedef struct guarded {
    size_t count; /* floats, with the guards */
    float *memory;
} guarded;

typedef struct result {
    guarded array[ARRAYS];
    size_t arrays;
} result;

static inline void put_canaries(float *memory, size_t count)
{
    const int32_t canary = CANARY;
    for (size_t i = 0; i < count; i++)
        memcpy(&memory[i], &canary, sizeof canary);
}

/* One more array of `size` floats, `front` floats behind the beginning of a cache line. */
static inline float *new_array(result *to, size_t size, size_t front)
{
    guarded *array = &to->array[to->arrays++];
    array->count = (size + 2 * GUARD + front + 15) / 16 * 16;
    array->memory = aligned_alloc(64, array->count * sizeof(float));
    put_canaries(array->memory, array->count);
    return array->memory + GUARD + front;
}

static inline float *new_output(result *to, size_t size) { return new_array(to, size, 1); }
static inline float *new_scratch(result *to, size_t size) { return new_array(to, size, 0); }

static inline int guard_holds(const guarded *array)
{
    const int32_t canary = CANARY;
    for (size_t i = 0; i < GUARD; i++)
        if (memcmp(&array->memory[i], &canary, sizeof canary) ||
            memcmp(&array->memory[array->count - 1 - i], &canary, sizeof canary))
            return 0;
    return 1;
}

/* tolerance: relative to the largest number; 0: to the bit, the sign of a 0 included. */
static inline int agrees(const guarded *actual, const guarded *expected, double tolerance)
{
    double largest = kind == TINY ? 0x1p-126 : 1.0;
    for (size_t i = 0; i < expected->count; i++)
        largest = fmax(largest, fabs((double)expected->memory[i])); /* fmax passes over canaries, which are NaN */
    for (size_t i = 0; i < expected->count; i++) {
        const double a = (double)actual->memory[i], e = (double)expected->memory[i];
        if (memcmp(&actual->memory[i], &expected->memory[i], sizeof(float)) != 0 &&
            !(tolerance > 0.0 && fabs(a - e) <= tolerance * largest))
            return 0;
    }
    return 1;
}

static inline int all_agree(const result *actual, const result *expected, double tolerance)
{
    int agree = 1;
    for (size_t a = 0; a < expected->arrays; a++)
        agree &= guard_holds(&actual->array[a]) && agrees(&actual->array[a], &expected->array[a], tolerance);
    return agree;
}

static inline void digest_result(const result *r)
{
    for (size_t a = 0; a < r->arrays; a++)
        add_to_digest(r->array[a].memory, r->array[a].count * sizeof(float));
}

static inline void release(result *r)
{
    for (size_t a = 0; a < r->arrays; a++)
        free(r->array[a].memory);
    *r = (result){0};
}

/* ---- convolutions and what is run on them ---- */

typedef struct pooling {
    size_t size[2], strides[2], before[2], after[2]; /* before, after: padding */
    size_t unread;                                   /* lines and columns of windows that are left out */
    int relu;
} pooling;

typedef struct convolution {
    size_t lines, width, kernel[2], strides[2], dilation[2];
    size_t spare; /* columns of the image on the right that no patch sees */
    size_t images;
    pooling pool;
    size_t channels, outputs;
    uint64_t stream; /* of the random numbers */
} convolution;

typedef void subject(const fcnn_kernels *kernels, const convolution *c, result *to);

/* exact: builds with fused multiply-add round as the reference does, and integers are not rounded at all. */
static inline void check_subject(const char *name, subject *run, int exact, const convolution *c)
{
    for (kind = USUAL; kind < (exact ? KINDS_OF_NUMBERS : TINY); kind++) {
        result expected = {0}, fused = {0};
        run(fcnn_kernels_for(FCNN_ISA_REFERENCE), c, &expected);
        for (fcnn_isa isa = FCNN_ISA_BASELINE; isa < FCNN_ISA_COUNT; isa++) {
            if (!fcnn_isa_available(isa) || (kind == TINY && !has_fma(isa)))
                continue;
            result actual = {0};
            char text[200];
            run(fcnn_kernels_for(isa), c, &actual);
            snprintf(text, sizeof text, "%s, %s, %s, kernel %zux%zu, %zux%zu pixels, %zu to %zu channels", name,
                     fcnn_isa_name(isa), NUMBER_NAMES[kind], c->kernel[0], c->kernel[1], c->lines, c->width,
                     c->channels, c->outputs);
            const double tolerance = exact && (kind == INTEGERS || has_fma(isa)) ? 0 : TOLERANCE;
            check_that(all_agree(&actual, &expected, tolerance), text, __FILE__, __LINE__);
            if (has_fma(isa) && fused.arrays)
                check_that(all_agree(&actual, &fused, 0), text, __FILE__, __LINE__);
            if (has_fma(isa) && !fused.arrays)
                fused = actual;
            else
                release(&actual);
        }
        digest_result(&fused);
        release(&expected);
        release(&fused);
    }
}

/* Pixels from the first to the last of a patch or an image, along one axis. */
static inline size_t reach(const convolution *c, size_t axis) { return (c->kernel[axis] - 1) * c->dilation[axis] + 1; }
static inline size_t height(const convolution *c) { return (c->lines - 1) * c->strides[0] + reach(c, 0); }
static inline size_t width(const convolution *c) { return (c->width - 1) * c->strides[1] + reach(c, 1) + c->spare; }
static inline size_t image_size(const convolution *c) { return height(c) * width(c) * c->channels; }
static inline size_t columns(const convolution *c) { return c->kernel[0] * c->kernel[1] * c->channels; }

static inline fcnn_patches patches_of(const convolution *c, ptrdiff_t run[MAX_TAPS])
{
    const int dilated = c->dilation[1] > 1;
    const size_t in_line = dilated ? c->kernel[1] : 1;
    for (size_t r = 0; r < c->kernel[0] * in_line; r++)
        run[r] = (ptrdiff_t)((r / in_line * c->dilation[0] * width(c) + r % in_line * c->dilation[1]) * c->channels);
    return (fcnn_patches){.lines = c->lines,
                          .width = c->width,
                          .line_step = (ptrdiff_t)(c->strides[0] * width(c) * c->channels),
                          .step = (ptrdiff_t)(c->strides[1] * c->channels),
                          .run = run,
                          .runs = c->kernel[0] * in_line,
                          .run_length = dilated ? c->channels : c->kernel[1] * c->channels};
}

static const fcnn_limits some_limits = {1, 2.0f};

static inline convolution sized(const convolution *shape, size_t channels, size_t outputs, uint64_t stream)
{
    convolution c = *shape;
    c.channels = channels;
    c.outputs = outputs;
    c.stream = stream;
    return c;
}

/* Every shape meets every number of outputs and of channels; many of one come with few of the other, mostly. */
static inline convolution numbered(const convolution *shapes, size_t shape, size_t number)
{
    const size_t channels = channel_counts[(LENGTH(output_counts) - 1 - number + shape) % LENGTH(channel_counts)];
    return sized(&shapes[shape], channels, output_counts[number], 1000 * (shape + 1) + 10 * number);
}

#endif
