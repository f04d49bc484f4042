/* kernels.h - the table of hot loops and each one's contract.
 *
 * Contract of every kernel: outputs do not overlap inputs unless said so; sizes may be zero; nothing is allocated;
 * arguments were checked by the caller. Each output's terms are added in the order that its comment gives, with one
 * rounding per multiply-add, so every instruction set with FMA returns the same bits. Where terms that are zero may be
 * left out, a sum that comes to zero ends as +0. reference.c says the same in plain loops. Kernels that sum gradients
 * over images begin with 0 or, where `accumulate`, with what stands in the gradient and the bias; x is finite.
 */
#ifndef FCNN_KERNELS_H
#define FCNN_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "../base/cpu.h"
#include "arguments.h"

typedef struct fcnn_kernels {
    /* ---- products: gemm.h ---- */

    /* y[r][o] = bias[o] + sum over columns k of patch[r][k] * w[k][o]. Terms in order: bias (0 where NULL), then k. */
    void (*patches_forward)(const fcnn_patches *patches, const float *x,
                            const float *w,                          // (runs * run_length, outputs)
                            const float *bias,                       // (outputs) or NULL
                            size_t outputs, float *y, size_t ldy);   // (rows, outputs), row r at y + r * ldy

    /* gradient[k - begin][o] = sum of patch[r][k] * dy[r][o] over images, then rows; for columns k in [begin, end).
     * Image i is found at x + i * stride and dy + i * stride. `updated` is what an update will write next: its lines
     * are claimed while the sums run. */
    void (*patches_weight_gradient)(const fcnn_patches *patches, const float *x, const float *dy, size_t ldy,
                                    size_t images, size_t stride, size_t outputs, size_t begin, size_t end,
                                    float *gradient,   // (end - begin, outputs)
                                    int accumulate,
                                    float *updated);   // (end - begin, outputs), or NULL: written with its own numbers

    /* sum[o] = sum of a[r][o] over images, then rows. */
    void (*sum_rows)(const float *a, size_t lda, size_t rows, size_t images, size_t stride, size_t columns,
                     float *sum,   // (columns)
                     int accumulate);

    /* dx at row r's column k += (sum over o in order of dy[r][o] * wt[k / tap][o][k % tap]); taps in order, so that
     * each dx has one order of sums: a tap is a stretch of columns, `tap` long, that meets a dx in at most one row. */
    void (*patches_input_gradient)(const fcnn_patches *patches, size_t tap, const float *dy, size_t ldy,
                                   const float *wt,   // (taps, outputs, tap)
                                   size_t outputs, float *dx);

    /* ---- a depthwise convolution: depthwise.c ---- */

    /* y[i][j][c] = bias[c] + sum over the taps (a, b) in order of x[...][...][c] * w[a][b][c]: see fcnn_depthwise. */
    void (*depthwise_forward)(const fcnn_depthwise *depthwise, const float *x,
                              const float *w,      // (kernel, channels)
                              const float *bias,   // (channels) or NULL
                              float *y);

    /* gradient[a][b][c] = sum of x[...][...][c] * dy[i][j][c] over images, at least one, then outputs; for channels c
     * in [begin, end). Image i is found at x + i * stride and dy + i * stride. */
    void (*depthwise_weight_gradient)(const fcnn_depthwise *depthwise, const float *x,
                                      const float *dy,   // (lines, columns, channels)
                                      size_t images, size_t stride, size_t begin, size_t end,
                                      float *gradient,   // (kernel, channels)
                                      int accumulate);

    /* ---- a dense layer, whose rows are images: dense_sparse.c, dense_gradient.c ---- */

    /* y[n][o] = bias[o] + sum over i in order of x[n][i] * w[i][o]; terms with x = 0 may be left out. */
    void (*dense_forward)(size_t images, size_t inputs, size_t outputs, const float *x,
                          size_t ldx,              // (images, inputs)
                          const float *w,          // (inputs, outputs)
                          const float *bias,       // (outputs) or NULL
                          float *y, size_t ldy);   // (images, outputs)

    /* gradient[i - begin][o] = sum over n in order of x[n][i] * dy[n][o], at least one image; terms with x = 0 may be
     * left out. Otherwise as patches_weight_gradient. */
    void (*dense_weight_gradient)(size_t images, size_t stride, size_t outputs, const float *x, const float *dy,
                                  size_t begin, size_t end, float *gradient, int accumulate, float *updated);

    /* dx[n][i] = sum over o in order of dy[n][o] * w[i][o]. */
    void (*dense_input_gradient)(size_t images, size_t inputs, size_t outputs, const float *dy,
                                 size_t lddy,              // (images, outputs)
                                 const float *w,           // (inputs, outputs)
                                 float *dx, size_t lddx,   // (images, inputs)
                                 float *scratch);          // FCNN_DENSE_IMAGES * outputs floats

    /* Both at once, for an x behind a ReLU: dx is 0 where x is. Elsewhere term o of dx[n][i] is added to sum o mod
     * FCNN_DENSE_LANES, in order; then sum j + 8 to sum j, j + 4 to j, j + 2, j + 1. gradient as above. */
    void (*dense_backward)(size_t images, size_t inputs, size_t outputs, const float *x,
                           size_t ldx,                         // (images, inputs)
                           const float *dy, size_t lddy,       // (images, outputs)
                           const float *w,                     // (inputs, outputs)
                           float *dx,                          // (images, inputs), rows ldx apart
                           float *gradient, int accumulate);   // (inputs, outputs)

    /* ---- a convolution by Winograd's F(m x m, r x r): conv2d_winograd.c ---- */

    /* u = the transformed kernel, for channels [begin, end): (m + r - 1)^2 matrices (channels, outputs),
     * fcnn_winograd_kernel_step floats apart. */
    void (*winograd_kernel)(const fcnn_winograd *winograd, const float *w,   // (r, r, channels, outputs)
                            size_t begin, size_t end, float *u);

    /* y = the convolution of each image x, begin x_stride floats apart, plus bias: just the bias where a patch is all
     * zeros. scratch: fcnn_winograd_scratch floats. */
    void (*winograd_forward)(const fcnn_winograd *winograd, size_t images, const float *x, size_t x_stride,
                             const float *u,
                             const float *bias,           // (outputs) or NULL
                             float *y, size_t y_stride,   // (lines, width, outputs)
                             float *scratch);

    /* gradient[tap][c][o] = or += the gradient of the kernel for channels c in [begin, end). Of FCNN_WINOGRAD_IMAGES
     * images at a time (x and dy begin `stride` floats apart) the transformed products are summed, images in order,
     * then tiles; the sums are transformed back and added. scratch: fcnn_winograd_gradient_scratch floats.
     * winograd_gradient.c */
    void (*winograd_weight_gradient)(const fcnn_winograd *winograd, const float *x,
                                     const float *dy,   // (lines, width, outputs)
                                     size_t images, size_t stride, size_t begin, size_t end,
                                     float *gradient,   // (r, r, channels, outputs)
                                     int accumulate, float *scratch);

    /* ---- a convolution and a max pool of four members: pooled_forward.c ---- */

    /* y = the largest over the window's members of (bias, then the columns in order, as patches_forward); at least 0
     * where pooled->relu. winner as max_pool's (NULL: not wanted). */
    void (*pooled_forward)(const fcnn_pooled *pooled, const float *x,
                           const float *w,      // (runs * run_length, outputs)
                           const float *bias,   // (outputs) or NULL
                           size_t outputs, float *y, uint8_t *winner);

    /* ---- gradients through a max pool: sparse.h, pooled_weight_gradient.c, pooled_input_gradient.c ---- */

    /* gradient[k][o] = sum of patch[k] * dy over images, then windows in order, for outputs o in [begin, end) whose
     * entry lives; bias[o] likewise of dy. scratch: fcnn_pooled_scratch floats. */
    void (*pooled_weight_gradient)(const fcnn_pooled *pooled, const float *x, const float *y, const float *dy,
                                   const uint8_t *winner, size_t images, size_t stride, size_t outputs, size_t begin,
                                   size_t end, float *gradient,   // (runs * run_length, outputs)
                                   float *bias, int accumulate, float *scratch);

    /* dx at the winner's patch += dy * wt[o]: windows in order, in each the members in order, in each the outputs. */
    void (*pooled_input_gradient)(const fcnn_pooled *pooled, const float *y, const float *dy, const uint8_t *winner,
                                  const float *wt,   // (outputs, runs * run_length)
                                  size_t outputs, float *dx, float *scratch);

    /* The same for 3x3 taps, side by side, and windows of 2x2 adjacent pixels; FCNN_LIVE_WORD outputs at a time, which
     * each go over all windows. Image i's numbers are i * stride floats behind those of the first. */
    void (*pooled_input_gradient_3x3)(const fcnn_pooled *pooled, size_t channels, size_t images, size_t stride,
                                      const float *y, const float *dy, const uint8_t *winner,
                                      const float *wt,   // (slices, outputs, 9, FCNN_POOLED_SLICE): channels in slices
                                      size_t outputs, float *dx, float *scratch);

    /* t (columns, rows) = a (rows, columns) transposed. */
    void (*transpose)(size_t rows, size_t columns, const float *a, size_t lda, float *t, size_t ldt);

    /* ---- functions.c ---- */

    /* y = f(x). y == x allowed. */
    void (*function_forward)(const fcnn_function_spec *spec, size_t count, const float *x, float *y);
    /* dx = dy * f'(x); y = f(x). dx == dy allowed. */
    void (*function_backward)(const fcnn_function_spec *spec, size_t count, const float *x, const float *y,
                              const float *dy, float *dx);
    /* Of y[i] = x[i * x_step] to the power p[i * p_step]: dx = dy p x^(p - 1), and dp = dy y log x, or 0 where x is not
     * positive. Either may be NULL: not wanted. Steps are 1 or 0. */
    void (*power_backward)(size_t count, const float *x, size_t x_step, const float *p, size_t p_step, const float *y,
                           const float *dy, float *dx, float *dp);

    /* ---- activation.c ---- */

    void (*activation_forward)(const fcnn_activation_spec *spec, size_t count, const float *x,
                               float *y);   // y == x allowed
    /* dx = dy * f'(x). x, or for the functions that say so in activation_reads_output, y = f(x). dx == dy allowed. */
    void (*activation_backward)(const fcnn_activation_spec *spec, size_t count, const float *x, const float *y,
                                const float *dy, float *dx);

    /* y = a * sigmoid(b). */
    void (*glu)(size_t count, const float *a, const float *b, float *y);
    /* da = dy * sigmoid(b), db = dy * a * sigmoid(b) * (1 - sigmoid(b)). */
    void (*glu_backward)(size_t count, const float *a, const float *b, const float *dy, float *da, float *db);
    /* Row r, column c: y = x where it is positive, else alpha[c * step] * x; step is 1, or 0 where alpha is one number.
     * y == x allowed. */
    void (*prelu)(size_t rows, size_t columns, const float *x, const float *alpha, size_t step, float *y);
    /* dx = dy, or alpha times dy where x is negative, or 0 where it is 0. dx == dy allowed. */
    void (*prelu_backward)(size_t rows, size_t columns, const float *x, const float *alpha, size_t step,
                           const float *dy, float *dx);

    /* ---- elementwise.c ---- */

    /* Each row: y = exp(x - max) / sum. The sum runs in order of the columns. y == x allowed. */
    void (*softmax)(size_t rows, size_t columns, const float *x, float *y);
    /* Each row: dx = y * (dy - sum of y * dy): rounded products, added in order of the columns. dx == dy allowed. */
    void (*softmax_backward)(size_t rows, size_t columns, const float *y, const float *dy, float *dx);
    /* Each row: y = x - max - log(sum of exp(x - max)), the sum in order of the columns. y == x allowed. */
    void (*log_softmax)(size_t rows, size_t columns, const float *x, float *y);
    /* Each row: dx = dy - exp(y) * sum of dy, in order of the columns. dx == dy allowed. */
    void (*log_softmax_backward)(size_t rows, size_t columns, const float *y, const float *dy, float *dx);
    /* One row: *max = the largest x; returns log(sum of exp(x - max)), NaN where a number is not finite. y = softmax(x)
     * where it is not NULL; y == x allowed. */
    float (*log_sum_exp)(size_t columns, const float *x, float *max, float *y);
    /* y = log x, for positive normal x. y == x allowed. */
    void (*logarithm)(size_t count, const float *x, float *y);
    /* y = x * scale + offset, one rounding. y == x allowed. */
    void (*scale_offset)(size_t count, const float *x, float scale, float offset, float *y);

    /* ---- merging.c ---- */

    /* y += x. */
    void (*add)(size_t count, const float *x, float *y);
    /* y[i] becomes y[i] and x[i * step], combined. step is 1, or 0 where x is one number. */
    void (*combine)(fcnn_combination how, size_t count, const float *x, size_t step, float *y);
    /* Where x[i * step] equals y[i], taken[i] = left[i], of which nothing is left; elsewhere taken[i] = 0. */
    void (*take_equal)(size_t count, const float *x, size_t step, const float *y, float *left, float *taken);
    /* y[i] = sum over t in order of weights[t] * x[t * stride + i], beginning with 0. */
    void (*weighted_sum)(size_t count, size_t terms, const float *weights, const float *x, size_t stride, float *y);

    /* ---- noise.c ----
     *
     * Number i is made from word i / 16 mod 4 of fcnn_philox(key, step, image * 2^40 + i / 64 * 16 + i mod 16), of
     * which u(i) is the fcnn_unit_float. */

    /* y[i] = x[i] / (1 - rate) where u(i) >= rate, else 0. The same call on dy gives dx. y == x allowed. */
    void (*dropout)(size_t count, const float *x, uint64_t key, uint64_t step, uint64_t image, float rate, float *y);
    /* y[i] = kept where u(i) >= rate, else dropped. */
    void (*mask)(size_t count, uint64_t key, uint64_t step, uint64_t image, float rate, float kept, float dropped,
                 float *y);
    /* y[i] = mean + deviation * z, one rounding: z is the normal distribution's quantile for the rank (the word's 31
     * lower bits + 1/2) / 2^32, with the other sign where the word's highest bit is set. */
    void (*normals)(size_t count, uint64_t key, uint64_t step, uint64_t image, float mean, float deviation, float *y);

    /* ---- resampling.c: one image, which fcnn_resampling_fits ----
     *
     * Pixel (line v, column u) of y is x at the place ((t[0] u + t[1] v) + t[2]) / p, ((t[3] u + t[4] v) + t[5]) / p,
     * of which the first is the column, with p = (t[6] u + t[7] v) + 1; where p is 0, the constant. Where p is always
     * 1, nothing is divided. A place that is more than 2 before the image, or behind the constant's first pixel there,
     * counts as being there; where that is not the fill, one beyond +-2^22 as there, and then it is mapped into the
     * image. Arithmetic and map are TensorFlow's, in floats. y == x and dx == dy are allowed. */

    /* Bilinear: of the lines above and below, each is (right - column) left pixel + (column - left) right pixel; then
     * the same of the two. Else the pixel that is nearest, halves away from zero. */
    void (*resample)(const fcnn_resampling *how, const float transform[8], const float *x, float *scratch, float *y);
    /* The transposed: dx = the sum over pixels of y of dy times the factors above, in order of the pixels. */
    void (*resample_backward)(const fcnn_resampling *how, const float transform[8], const float *dy, float *scratch,
                              float *dx);

    /* ---- channels.c: one image, (rows, channels). Sums: of the rows r mod 4, in order, added in order ---- */

    /* mean[c] = sum of x[r][c], times 1 / rows; deviations[c] = sum of (x[r][c] - mean[c])^2. At least one row. */
    void (*channel_moments)(const fcnn_channels *of, const float *x, float *mean,
                            float *deviations);   // (channels)
    /* y = (x - mean) * scale + offset, then `added` is added: two roundings, or three; then the limits. y == x
     * and y == added allowed. */
    void (*channel_scale)(const fcnn_channels *of, const float *x,
                          const float *added,   // an image, or NULL
                          float *y);
    /* With d = dy where it passes the limits of y, else 0; y NULL: what channel_scale makes of x, with nothing added.
     * sum[c] = sum of d[r][c]; products[c] = sum of (x[r][c] - mean[c]) * d[r][c]. */
    void (*channel_products)(const fcnn_channels *of, const float *x, const float *y, const float *dy, float *sum,
                             float *products);   // (channels)
    /* dx = d * scale + ((x - mean) * slope + shift): three roundings; passed = d. One of both may be dy. */
    void (*channel_combine)(const fcnn_channels *of, const float *x,
                            const float *slope,   // (channels), or NULL: 0
                            const float *shift,   // (channels), or NULL: 0
                            const float *y, const float *dy, float *dx,
                            float *passed);   // either may be NULL: not wanted

    /* ---- normalization.c ---- */

    /* Sum of the terms of numbers 0 .. count - 1 in FCNN_SUM_LANES sums: number i is added to sum i mod FCNN_SUM_LANES,
     * in order; then sum j + 32 to sum j, j + 16 to j, and so on. */
    float (*row_sum)(fcnn_term term, size_t count, const float *a, const float *b);
    /* sum[c] += the terms of column c, rows in order: FCNN_SUM_ROWS rows are added up before they are added to it. Row
     * r is found at a + r * ld and b + r * ld. */
    void (*column_sums)(fcnn_term term, size_t rows, size_t columns, const float *a, const float *b, size_t ld,
                        float *sum);
    /* Row r, column c: y = x * scale[c * step] + shift[c * step], one rounding; step is 1, or 0 where both are one
     * number. scale NULL: 1; shift NULL: 0. y == x allowed. */
    void (*affine)(size_t rows, size_t columns, const float *x, const float *scale, const float *shift, size_t step,
                   float *y);
    /* Row r, column c: dx = dy * gain[c * step] + (y * slope[c * step] + shift[c * step]), one rounding each; step as
     * above. dx == dy allowed. */
    void (*blend)(size_t rows, size_t columns, const float *dy, const float *y, const float *gain, const float *slope,
                  const float *shift, size_t step, float *dx);

    /* ---- pooling.c: one image ---- */

    /* y = the largest of each window; winner = its index in the window, row-major over the pool, first of equals. */
    void (*max_pool)(const fcnn_windows *windows, const float *x, float *y,
                     uint8_t *winner);   // winner NULL: not wanted
    /* dx = 0, then each window's dy is added at its winner, windows in order. */
    void (*max_pool_backward)(const fcnn_windows *windows, const float *dy, const uint8_t *winner, float *dx);
    void (*average_pool)(const fcnn_windows *windows, const float *x, float *y);
    void (*average_pool_backward)(const fcnn_windows *windows, const float *dy, float *dx);

    /* ---- optimizer_update.c, optimizer_scales.c: one step of an optimizer, elementwise over `count` ----
     *
     * g is multiplied by clip_scale and clipped to +- clip_value, then w -= w * decay, then comes the formula. Each
     * returns whether all that it made is finite: the new weight and the new slots. Constants are rounded once, from
     * double: gain = 1 - beta, or 1 - rho. */

    /* m += (g - m) gain_m, v += (g^2 - v) gain_v, w -= rate m / (sqrt(v) + epsilon); with v_max the largest v so far.
     */
    int (*adam)(const fcnn_update *update, size_t count, float *w, const float *g, float *m, float *v,
                float *v_max,   // NULL unless amsgrad
                float gain_m, float gain_v, float epsilon);
    /* The same m and v; w -= (rate m + rate_of_gradient g) / (sqrt(v) + update->epsilon). */
    int (*nadam)(const fcnn_update *update, size_t count, float *w, const float *g, float *m, float *v, float gain_m,
                 float gain_v);
    /* The same m; norm = max(beta_2 norm, |g|), w -= rate m / (norm + epsilon). */
    int (*adamax)(const fcnn_update *update, size_t count, float *w, const float *g, float *m, float *norm,
                  float gain_m, float beta_2, float epsilon);
    /* w -= rate sign(beta_1 m + gain g), then m = beta_2 m + gain_m g. The sign of 0 is 0. */
    int (*lion)(const fcnn_update *update, size_t count, float *w, const float *g, float *m, float beta_1, float gain,
                float beta_2, float gain_m);
    /* m = momentum m - rate g, w += m; with nesterov w += momentum m - rate g. */
    int (*sgd)(const fcnn_update *update, size_t count, float *w, const float *g,
               float *momentum_slot,   // NULL where momentum is 0
               float momentum, int nesterov);
    /* velocity = rho velocity + gain g^2, average = rho average + gain g, w -= rate g / sqrt(velocity - average^2 +
     * epsilon); with momentum that step is added to momentum times the one before. */
    int (*rmsprop)(const fcnn_update *update, size_t count, float *w, const float *g, float *velocity,
                   float *momentum_slot,   // NULL where momentum is 0
                   float *average,         // NULL unless centered
                   float rho, float gain, float momentum, float epsilon);
    /* accumulator += g^2, w -= rate g / sqrt(accumulator + epsilon). */
    int (*adagrad)(const fcnn_update *update, size_t count, float *w, const float *g, float *accumulator,
                   float epsilon);
    /* squares = rho squares + gain g^2, change = sqrt(changes + epsilon) g / sqrt(squares + epsilon),
     * changes = rho changes + gain change^2, w -= rate change. */
    int (*adadelta)(const fcnn_update *update, size_t count, float *w, const float *g, float *squares, float *changes,
                    float rho, float gain, float epsilon);
    /* With s(a) = a^power, b = accumulator + g^2: linear += g + shrinkage w - (s(b) - s(accumulator)) / rate w,
     * accumulator = b, w = (linear clipped to +- l1, less linear) / (s(b) / rate + l2). power >= 0. */
    int (*ftrl)(const fcnn_update *update, size_t count, float *w, const float *g, float *accumulator, float *linear,
                float power, float l1, float l2, float shrinkage);

    /* sum += g, guarded as an update is; neither clipped nor decayed. */
    int (*accumulate)(const fcnn_update *update, size_t count, float *sum, const float *g);
    /* average = momentum average + gain w; or w, where the average is NaN. */
    void (*average)(size_t count, const float *w, float momentum, float gain, float *average);
    /* Sum of squares: 16 partial sums over i mod 16, in double, added in order of i mod 16. */
    double (*sum_of_squares)(size_t count, const float *g);

    /* ---- penalties.c: regularizers, of parameters and of outputs ---- */

    /* g += (slope w, in one rounding), then + step where w > 0, - step where w < 0. */
    void (*add_penalty)(size_t count, const float *w, float step, float slope, float *g);
    /* Sum of |w|, in the order of sum_of_squares. */
    double (*sum_of_magnitudes)(size_t count, const float *w);

    /* ---- convert.c ---- */

    /* y[i] = (float)x[i], i < count, x contiguous. Returns the largest |y[i]|: NaN where one is NaN. */
    float (*convert)(fcnn_dtype dtype, size_t count, const void *x, float *y);
} fcnn_kernels;

/* The table of one instruction set; NULL where this build does not have it. */
const fcnn_kernels *fcnn_kernels_for(fcnn_isa isa);

#endif
