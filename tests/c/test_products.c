/* test_products.c - every build of the product kernels against the reference.
 *
 * On small integers every build must agree exactly with the reference; on random numbers so must the builds with fused
 * multiply-add, and the baseline within a tolerance.
 */
#include "products.h"

static void run_forward(const fcnn_kernels *kernels, const convolution *c, result *to)
{
    ptrdiff_t run[MAX_TAPS];
    fcnn_patches patches = patches_of(c, run);
    const size_t rows = c->lines * c->width, ldy = c->outputs + 3;
    float *x = new_input(image_size(c), c->stream), *w = new_input(columns(c) * c->outputs, c->stream + 1);
    float *bias = new_input(c->outputs, c->stream + 2);
    kernels->patches_forward(&patches, x, w, bias, c->outputs, new_output(to, rows * ldy), ldy);
    kernels->patches_forward(&patches, x, w, NULL, c->outputs, new_output(to, rows * c->outputs), c->outputs);
    patches.limits = some_limits;
    kernels->patches_forward(&patches, x, w, bias, c->outputs, new_output(to, rows * ldy), ldy);
    free(x), free(w), free(bias);
}

static void run_weight_gradient(const fcnn_kernels *kernels, const convolution *c, result *to)
{
    ptrdiff_t run[MAX_TAPS];
    const fcnn_patches patches = patches_of(c, run);
    const size_t rows = c->lines * c->width, ldy = c->outputs + 2, all = columns(c);
    const size_t stride = image_size(c) + rows * ldy + 5;
    float *x = new_batch(c->images, stride, image_size(c), c->stream);
    float *dy = new_batch(c->images, stride, rows * ldy - 2, c->stream + 1);
    float *whole = new_output(to, all * c->outputs), *part = new_output(to, all * c->outputs);
    float *claimed = new_array(to, all * c->outputs, 1);
    kernels->patches_weight_gradient(&patches, x, dy, ldy, c->images, stride, c->outputs, 0, all, whole, 0, NULL);
    kernels->patches_weight_gradient(&patches, x, dy, ldy, c->images, stride, c->outputs, all / 3, all - all / 4, part,
                                     0, NULL);
    kernels->patches_weight_gradient(&patches, x, dy, ldy, c->images / 2, stride, c->outputs, 0, all, whole, 1,
                                     claimed);
    float *bias = new_output(to, c->outputs);
    kernels->sum_rows(dy, ldy, rows, c->images, stride, c->outputs, bias, 0);
    kernels->sum_rows(dy, ldy, rows, c->images / 2, stride, c->outputs, bias, 1);
    free(x), free(dy);
}

static void run_input_gradient(const fcnn_kernels *kernels, const convolution *c, result *to)
{
    ptrdiff_t run[MAX_TAPS];
    const fcnn_patches patches = patches_of(c, run);
    const size_t rows = c->lines * c->width, ldy = c->outputs + 2;
    float *dy = new_input(rows * ldy - 2, c->stream), *wt = new_input(columns(c) * c->outputs, c->stream + 1);
    float *dx = new_output(to, image_size(c));
    fill(dx, image_size(c), c->stream + 2);
    kernels->patches_input_gradient(&patches, c->channels, dy, ldy, wt, c->outputs, dx);
    free(dy), free(wt);
}

/* The channels are the layer's inputs. */
static void run_dense_input_gradient(const fcnn_kernels *kernels, const convolution *c, result *to)
{
    const size_t images = c->images, inputs = c->channels, outputs = c->outputs, lddy = outputs + 1, lddx = inputs + 3;
    const size_t scratch_size = FCNN_DENSE_IMAGES * outputs;
    float *dy = new_batch(images, lddy, outputs, c->stream), *w = new_input(inputs * outputs, c->stream + 1);
    float *scratch = new_scratch(to, scratch_size), *dx = new_output(to, images * lddx);
    kernels->dense_input_gradient(images, inputs, outputs, dy, lddy, w, dx, lddx, scratch);
    put_canaries(scratch, scratch_size);
    free(dy), free(w);
}

/* Forward and weight gradient of a dense layer whose input is, or is not, behind a ReLU. */
static void run_dense(const fcnn_kernels *kernels, const convolution *c, result *to, int relu)
{
    const size_t images = c->images, inputs = c->channels, outputs = c->outputs, stride = inputs + outputs + 3;
    float *x = new_batch(images, stride, inputs, c->stream), *dy = new_batch(images, stride, outputs, c->stream + 1);
    for (size_t i = 0; relu && i < (images - 1) * stride + inputs; i++)
        x[i] = x[i] < 0.0f ? 0.0f : x[i];
    float *w = new_input(inputs * outputs, c->stream + 2), *bias = new_input(outputs, c->stream + 3);
    kernels->dense_forward(images, inputs, outputs, x, stride, w, bias, new_output(to, images * (outputs + 1)),
                           outputs + 1);
    kernels->dense_forward(images, inputs, outputs, x, stride, w, NULL, new_output(to, images * outputs), outputs);
    float *whole = new_output(to, inputs * outputs), *claimed = new_output(to, inputs * outputs);
    kernels->dense_weight_gradient(images, stride, outputs, x, dy, 0, inputs, whole, 0, claimed);
    kernels->dense_weight_gradient(images / 2, stride, outputs, x, dy, 0, inputs, whole, 1, NULL);
    kernels->dense_weight_gradient(images, stride, outputs, x, dy, inputs / 3, inputs - inputs / 4,
                                   new_output(to, inputs * outputs), 0, NULL);
    free(x), free(dy), free(w), free(bias);
}

static void run_dense_backward(const fcnn_kernels *kernels, const convolution *c, result *to)
{
    const size_t images = c->images, inputs = c->channels, outputs = c->outputs, ldx = inputs + 3, lddy = outputs + 1;
    float *x = new_batch(images, ldx, inputs, c->stream), *dy = new_batch(images, lddy, outputs, c->stream + 1);
    for (size_t i = 0; i < (images - 1) * ldx + inputs; i++)
        x[i] = x[i] < 0.0f ? 0.0f : x[i];
    float *w = new_input(inputs * outputs, c->stream + 2);
    float *gradient = new_output(to, inputs * outputs);
    kernels->dense_backward(images, inputs, outputs, x, ldx, dy, lddy, w, new_output(to, images * ldx), gradient, 0);
    kernels->dense_backward(images / 2, inputs, outputs, x, ldx, dy, lddy, w, new_output(to, images * ldx), gradient,
                            1);
    free(x), free(dy), free(w);
}

static void run_dense_whole(const fcnn_kernels *kernels, const convolution *c, result *to)
{
    run_dense(kernels, c, to, 0);
}
static void run_dense_sparse(const fcnn_kernels *kernels, const convolution *c, result *to)
{
    run_dense(kernels, c, to, 1);
}

static void run_transpose(const fcnn_kernels *kernels, const convolution *c, result *to)
{
    const size_t lda = c->outputs + 2, ldt = c->channels + 3;
    float *a = new_batch(c->channels, lda, c->outputs, c->stream);
    kernels->transpose(c->channels, c->outputs, a, lda, new_output(to, c->outputs * ldt), ldt);
    free(a);
}

/* ---- subjects behind a pool ---- */

static size_t windows_along(const convolution *c, size_t axis)
{
    const pooling *pool = &c->pool;
    const size_t padded = (axis ? c->width : c->lines) + pool->before[axis] + pool->after[axis];
    return (padded - pool->size[axis]) / pool->strides[axis] + 1;
}

static fcnn_pooled pooled_of(const convolution *c, ptrdiff_t run[MAX_TAPS], ptrdiff_t member[MAX_MEMBERS])
{
    const fcnn_patches patches = patches_of(c, run);
    const size_t columns_of_pool = c->pool.size[1];
    for (size_t m = 0; m < c->pool.size[0] * columns_of_pool; m++)
        member[m] =
            (ptrdiff_t)(m / columns_of_pool) * patches.line_step + (ptrdiff_t)(m % columns_of_pool) * patches.step;
    fcnn_pooled pooled = {
        .window = patches,
        .origin = -((ptrdiff_t)c->pool.before[0] * patches.line_step + (ptrdiff_t)c->pool.before[1] * patches.step),
        .member = member,
        .members = c->pool.size[0] * c->pool.size[1],
        .out_width = windows_along(c, 1),
        .relu = c->pool.relu,
        .inside = !c->pool.before[0] && !c->pool.before[1] && !c->pool.after[0] && !c->pool.after[1],
    };
    pooled.window.lines = windows_along(c, 0) - c->pool.unread;
    pooled.window.width = windows_along(c, 1) - c->pool.unread;
    pooled.window.line_step *= (ptrdiff_t)c->pool.strides[0];
    pooled.window.step *= (ptrdiff_t)c->pool.strides[1];
    return pooled;
}

/* What a forward pass leaves behind: y with dead entries, dy and winners of windows that are read; else NaN, 255. */
typedef struct entries {
    float *y, *dy;
    uint8_t *winner; /* image i's begin i * stride * sizeof(float) bytes on */
} entries;

static int is_pixel(const convolution *c, size_t axis, size_t window, size_t member)
{
    const size_t at = window * c->pool.strides[axis] + member;
    return at >= c->pool.before[axis] && at - c->pool.before[axis] < (axis ? c->width : c->lines);
}

static uint8_t any_winner(const convolution *c, size_t line, size_t column, uint64_t number)
{
    uint32_t random[4];
    fcnn_philox(c->stream, 3, number, random);
    size_t member = random[0] % (c->pool.size[0] * c->pool.size[1]);
    while (!is_pixel(c, 0, line, member / c->pool.size[1]) || !is_pixel(c, 1, column, member % c->pool.size[1]))
        member = (member + 1) % (c->pool.size[0] * c->pool.size[1]);
    return (uint8_t)member;
}

static entries new_entries(const convolution *c, const fcnn_pooled *pooled, size_t stride)
{
    const size_t size = windows_along(c, 0) * pooled->out_width * c->outputs;
    entries e = {.y = new_batch(c->images, stride, size, c->stream + 4),
                 .dy = new_batch(c->images, stride, size, c->stream + 5),
                 .winner = malloc((c->images - 1) * stride * sizeof(float) + size)};
    for (size_t i = 0; i < c->images; i++)
        for (size_t at = 0; at < size; at++) {
            const size_t column = at / c->outputs % pooled->out_width, line = at / c->outputs / pooled->out_width;
            const int read = line < pooled->window.lines && column < pooled->window.width;
            if (!read)
                e.y[i * stride + at] = e.dy[i * stride + at] = NAN;
            e.winner[i * stride * sizeof(float) + at] = read ? any_winner(c, line, column, i * size + at) : 255;
        }
    return e;
}

static void free_entries(entries *e) { free(e->y), free(e->dy), free(e->winner); }

static void run_pooled_forward(const fcnn_kernels *kernels, const convolution *c, result *to)
{
    ptrdiff_t run[MAX_TAPS], member[MAX_MEMBERS];
    const fcnn_pooled pooled = pooled_of(c, run, member);
    const size_t size = windows_along(c, 0) * pooled.out_width * c->outputs;
    float *x = new_input(image_size(c), c->stream), *w = new_input(columns(c) * c->outputs, c->stream + 1);
    float *bias = new_input(c->outputs, c->stream + 2);
    uint8_t *winner = (uint8_t *)new_output(to, size / sizeof(float) + 1);
    kernels->pooled_forward(&pooled, x, w, bias, c->outputs, new_output(to, size), winner);
    kernels->pooled_forward(&pooled, x, w, NULL, c->outputs, new_output(to, size), NULL);
    free(x), free(w), free(bias);
}

static void run_pooled_weight_gradient(const fcnn_kernels *kernels, const convolution *c, result *to)
{
    ptrdiff_t run[MAX_TAPS], member[MAX_MEMBERS];
    const fcnn_pooled pooled = pooled_of(c, run, member);
    const size_t stride = image_size(c) + windows_along(c, 0) * pooled.out_width * c->outputs + 7;
    const size_t begin = c->pool.relu ? c->outputs / 3 : 0;
    const size_t end = c->pool.relu ? c->outputs - c->outputs / 4 : c->outputs;
    const size_t scratch_size = fcnn_pooled_scratch(&pooled, c->outputs, end - begin);
    float *x = new_batch(c->images, stride, image_size(c), c->stream);
    entries e = new_entries(c, &pooled, stride);
    float *scratch = new_scratch(to, scratch_size), *bias = new_output(to, c->outputs);
    float *gradient = new_output(to, columns(c) * c->outputs);
    kernels->pooled_weight_gradient(&pooled, x, e.y, e.dy, e.winner, c->images, stride, c->outputs, begin, end,
                                    gradient, bias, 0, scratch);
    if (c->images != 2) /* those of two images are left alone */
        kernels->pooled_weight_gradient(&pooled, x, e.y, e.dy, e.winner, c->images / 2, stride, c->outputs, begin, end,
                                        gradient, bias, 1, scratch);
    put_canaries(scratch, scratch_size);
    free(x), free_entries(&e);
}

static void run_pooled_input_gradient(const fcnn_kernels *kernels, const convolution *c, result *to)
{
    ptrdiff_t run[MAX_TAPS], member[MAX_MEMBERS];
    const fcnn_pooled pooled = pooled_of(c, run, member);
    const size_t scratch_size = fcnn_pooled_scratch(&pooled, c->outputs, 0);
    float *wt = new_input(columns(c) * c->outputs, c->stream);
    entries e = new_entries(c, &pooled, windows_along(c, 0) * pooled.out_width * c->outputs);
    float *scratch = new_scratch(to, scratch_size), *dx = new_output(to, image_size(c));
    fill(dx, image_size(c), c->stream + 1);
    kernels->pooled_input_gradient(&pooled, e.y, e.dy, e.winner, wt, c->outputs, dx, scratch);
    put_canaries(scratch, scratch_size);
    free(wt), free_entries(&e);
}

/* The weights' channels come in slices, the last one filled up with NaN. */
static float *new_slices(const convolution *c)
{
    const size_t slices = (c->channels + FCNN_POOLED_SLICE - 1) / FCNN_POOLED_SLICE;
    float *wt = new_input(slices * c->outputs * 9 * FCNN_POOLED_SLICE, c->stream);
    for (size_t row = 0; row < c->outputs * 9; row++)
        for (size_t i = c->channels; i < slices * FCNN_POOLED_SLICE; i++)
            wt[((slices - 1) * c->outputs * 9 + row) * FCNN_POOLED_SLICE + i % FCNN_POOLED_SLICE] = NAN;
    return wt;
}

static void run_pooled_input_gradient_3x3(const fcnn_kernels *kernels, const convolution *c, result *to)
{
    ptrdiff_t run[MAX_TAPS], member[MAX_MEMBERS];
    const fcnn_pooled pooled = pooled_of(c, run, member);
    const size_t scratch_size = fcnn_pooled_scratch(&pooled, c->outputs, 0);
    const size_t stride = image_size(c) + windows_along(c, 0) * pooled.out_width * c->outputs + 7;
    float *wt = new_slices(c);
    entries e = new_entries(c, &pooled, stride);
    float *scratch = new_scratch(to, scratch_size), *dx = new_output(to, c->images * stride);
    fill(dx, c->images * stride, c->stream + 1);
    kernels->pooled_input_gradient_3x3(&pooled, c->channels, c->images, stride, e.y, e.dy, e.winner, wt, c->outputs, dx,
                                       scratch);
    put_canaries(scratch, scratch_size);
    free(wt), free_entries(&e);
}

/* ---- cases ---- */

static const convolution convolutions[] = {
    /* lines, width, kernel, strides, dilation, spare, images */
    {3, 5, {3, 3}, {1, 1}, {1, 1}, 0, .images = 2},  {1, 1, {3, 3}, {1, 1}, {1, 1}, 1, .images = 33},
    {4, 7, {1, 1}, {1, 1}, {1, 1}, 0, .images = 3},  {5, 2, {1, 3}, {1, 1}, {1, 1}, 2, .images = 1},
    {2, 13, {2, 2}, {1, 1}, {1, 1}, 3, .images = 1}, {3, 4, {5, 5}, {1, 1}, {1, 1}, 0, .images = 1},
    {3, 3, {3, 2}, {2, 2}, {1, 1}, 1, .images = 3},  {2, 5, {3, 3}, {1, 1}, {2, 2}, 0, .images = 2},
    {2, 3, {2, 3}, {3, 1}, {1, 3}, 2, .images = 1},  {4, 1, {4, 1}, {1, 4}, {3, 1}, 0, .images = 1},
    {1, 33, {1, 1}, {2, 3}, {1, 1}, 1, .images = 1},
};

enum { SQUARES = 4 }; /* the first ones have 3x3 taps under windows of 2x2 adjacent pixels */

static const convolution pooled_convolutions[] = {
    /* lines, width, kernel, strides, dilation, spare, images; pool: size, strides, before, after, unread, relu */
    {4, 6, {3, 3}, {1, 1}, {1, 1}, 0, 2, .pool = {{2, 2}, {2, 2}, {0, 0}, {0, 0}, 0, 1}},
    {7, 5, {3, 3}, {1, 1}, {1, 1}, 0, 1, .pool = {{2, 2}, {2, 2}, {0, 0}, {0, 0}, 1, 1}},
    {16, 18, {3, 3}, {1, 1}, {1, 1}, 0, 1, .pool = {{2, 2}, {2, 2}, {0, 0}, {0, 0}, 0, 1}},
    {2, 2, {3, 3}, {1, 1}, {1, 1}, 0, 33, .pool = {{2, 2}, {2, 2}, {0, 0}, {0, 0}, 0, 1}},
    {5, 7, {3, 3}, {1, 1}, {1, 1}, 1, 3, .pool = {{3, 3}, {2, 2}, {0, 0}, {0, 0}, 0, 1}},
    {5, 4, {2, 2}, {1, 1}, {1, 1}, 0, 3, .pool = {{3, 3}, {2, 2}, {1, 1}, {1, 0}, 0, 1}},
    {5, 5, {3, 3}, {1, 1}, {1, 1}, 0, 2, .pool = {{2, 2}, {2, 2}, {0, 0}, {1, 1}, 0, 0}},
    {3, 9, {1, 3}, {1, 1}, {1, 1}, 0, 1, .pool = {{1, 3}, {1, 3}, {0, 0}, {0, 0}, 0, 0}},
    {3, 4, {5, 5}, {1, 1}, {1, 1}, 0, 1, .pool = {{3, 2}, {3, 2}, {0, 0}, {0, 0}, 0, 1}},
    {4, 4, {3, 2}, {2, 2}, {1, 1}, 1, 3, .pool = {{2, 2}, {1, 1}, {0, 0}, {0, 0}, 1, 0}},
    {4, 4, {3, 3}, {1, 2}, {2, 2}, 0, 2, .pool = {{2, 2}, {2, 2}, {0, 0}, {0, 0}, 0, 1}},
    {6, 7, {4, 1}, {1, 1}, {1, 1}, 0, 1, .pool = {{2, 3}, {3, 4}, {0, 0}, {0, 0}, 0, 1}},
};

static void test_products(void)
{
    for (size_t n = 0; n < LENGTH(output_counts); n += EVERY) {
        for (size_t s = 0; s < LENGTH(convolutions); s++) {
            const convolution c = numbered(convolutions, s, n);
            check_subject("patches_forward", run_forward, 1, &c);
            check_subject("weight and bias gradient", run_weight_gradient, 1, &c);
            check_subject("patches_input_gradient", run_input_gradient, 1, &c);
        }
        for (size_t s = 0; s < LENGTH(pooled_convolutions); s++) {
            const convolution c = numbered(pooled_convolutions, s, n);
            if (c.pool.size[0] * c.pool.size[1] == 4 && c.pool.after[0] == 0)
                check_subject("pooled_forward", run_pooled_forward, 1, &c);
            check_subject("pooled_weight_gradient", run_pooled_weight_gradient, 1, &c);
            check_subject("pooled_input_gradient", run_pooled_input_gradient, 1, &c);
            if (s < SQUARES)
                check_subject("pooled_input_gradient_3x3", run_pooled_input_gradient_3x3, 1, &c);
        }
    }
}

static void test_matrices(void)
{
    static const size_t image_counts[] = {0, 1, 2, 3, 15, 16, 17, 31, 32, 33, 65};
    for (size_t i = 0; i < LENGTH(channel_counts); i++)
        for (size_t o = i % EVERY; o < LENGTH(output_counts); o += EVERY) {
            convolution c = sized(&(convolution){0}, channel_counts[i], output_counts[o], 10 * (i + 9 * o));
            check_subject("transpose", run_transpose, 1, &c);
            c.images = image_counts[(i + o) % LENGTH(image_counts)];
            check_subject("dense_input_gradient", run_dense_input_gradient, 1, &c);
            c.images += c.images == 0;
            check_subject("dense layer", run_dense_whole, 1, &c);
            check_subject("dense_backward", run_dense_backward, 1, &c);
            check_subject("dense layer behind a ReLU", run_dense_sparse, 1, &c);
        }
}

int main(void)
{
    fcnn_floating_mode_enter();
    test_products();
    test_matrices();
    check_digest(EVERY == 1 ? 0xc89a32d6154dbfdd : 0xd6cee2232b032a0f);
    return check_report();
}
