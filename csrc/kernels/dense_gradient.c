/* dense_gradient.c - dx = dy w^T for a dense layer, and the transpose it needs.
 *
 * w is stored (inputs, outputs), so a lane for each input would read down its columns. Instead a lane is an image: dy
 * is transposed once (outputs, images), each number of w is broadcast to all images, and square tiles of dx^T are
 * transposed in registers on their way out. w is read once, along its rows, for every GROUP images.
 */
#include "name.h"
#include "vec.h"

enum { VECTORS = FCNN_VL >= 8 ? 1 : 2, GROUP = VECTORS * FCNN_VL }; /* images at once */

/* Transposes a block of rows x columns, each at most FCNN_VL. */
static void transpose_block(size_t rows, size_t columns, const float *a, size_t lda, float *t, size_t ldt)
{
    vf block[FCNN_VL];
    UNROLLED_FOR (size_t i = 0; i < FCNN_VL; i++) {
        if (i >= rows)
            block[i] = (vf){0};
        else
            block[i] = columns == FCNN_VL ? vf_load(a + i * lda) : vf_load_partial(a + i * lda, columns);
    }
    vf_transpose(block);
    UNROLLED_FOR (size_t i = 0; i < FCNN_VL; i++) {
        if (i >= columns)
            continue;
        if (rows == FCNN_VL)
            vf_store(t + i * ldt, block[i]);
        else
            vf_store_partial(t + i * ldt, block[i], rows);
    }
}

void FCNN_NAME(transpose)(size_t rows, size_t columns, const float *a, size_t lda, float *t, size_t ldt)
{
    for (size_t r = 0; r < rows; r += FCNN_VL)
        for (size_t c = 0; c < columns; c += FCNN_VL)
            transpose_block(smaller(FCNN_VL, rows - r), smaller(FCNN_VL, columns - c), a + r * lda + c, lda,
                            t + c * ldt + r, ldt);
}

/* dx (images, FCNN_VL) = dy w^T for FCNN_VL inputs: w (FCNN_VL, outputs), dyt (outputs, GROUP). */
static ALWAYS_INLINE void tile(size_t images, size_t outputs, const float *w, const float *dyt, float *dx, size_t lddx)
{
    vf acc[VECTORS][FCNN_VL];
    UNROLLED_FOR (size_t j = 0; j < VECTORS; j++)
        UNROLLED_FOR (size_t i = 0; i < FCNN_VL; i++)
            acc[j][i] = (vf){0};
    for (size_t o = 0; o < outputs; o++) {
        vf d[VECTORS];
        UNROLLED_FOR (size_t j = 0; j < VECTORS; j++)
            d[j] = vf_load(dyt + o * GROUP + j * FCNN_VL);
        UNROLLED_FOR (size_t i = 0; i < FCNN_VL; i += 4) {
            const float *four = w + i * outputs + o; /* four rows from one pointer: registers for addresses are few */
            UNROLLED_FOR (size_t r = 0; r < 4; r++) {
                const vf wo = vf_broadcast(four[r * outputs]);
                UNROLLED_FOR (size_t j = 0; j < VECTORS; j++)
                    acc[j][i + r] = vf_fma(wo, d[j], acc[j][i + r]);
            }
        }
    }
    UNROLLED_FOR (size_t j = 0; j < VECTORS; j++) {
        vf_transpose(acc[j]);
        UNROLLED_FOR (size_t n = 0; n < FCNN_VL; n++)
            if (j * FCNN_VL + n < images)
                vf_store(dx + (j * FCNN_VL + n) * lddx, acc[j][n]);
    }
}

/* The same for one input: dx[n * lddx]. */
static void one_input(size_t images, size_t outputs, const float *w, const float *dyt, float *dx, size_t lddx)
{
    for (size_t n = 0; n < images; n++) {
        vf sum = {0};
        for (size_t o = 0; o < outputs; o++)
            sum = vf_fma(vf_broadcast(w[o]), vf_broadcast(dyt[o * GROUP + n]), sum);
        dx[n * lddx] = sum[0];
    }
}

void FCNN_NAME(dense_input_gradient)(size_t images, size_t inputs, size_t outputs, const float *dy, size_t lddy,
                                     const float *w, float *dx, size_t lddx, float *scratch)
{
    float *dyt = scratch; /* (outputs, GROUP) */
    for (size_t n = 0; n < images; n += GROUP, dy += GROUP * lddy, dx += GROUP * lddx) {
        const size_t group = smaller(GROUP, images - n);
        if (group < GROUP)
            memset(dyt, 0, outputs * GROUP * sizeof *dyt);
        FCNN_NAME(transpose)(group, outputs, dy, lddy, dyt, GROUP);
        if (inputs < FCNN_VL) {
            for (size_t i = 0; i < inputs; i++)
                one_input(group, outputs, w + i * outputs, dyt, dx + i, lddx);
            continue;
        }
        for (size_t i = 0; i < inputs; i += FCNN_VL) {
            const size_t first = smaller(i, inputs - FCNN_VL); /* the last tile may overlap the one before */
            tile(group, outputs, w + first * outputs, dyt, dx + first, lddx);
        }
    }
}
