/* dense_gradient.c - dx = dy w^T for a dense layer, and the transpose it needs.
 *
 * w is stored (inputs, outputs), so a lane for each input would read down its columns. Instead a lane is an image: dy is
 * transposed once (outputs, images), each number of w is broadcast to all images, and tiles of dx^T are transposed on their
 * way out. w is read once, along its rows, for every 2 vectors of images.
 */
#include "name.h"
#include "vec.h"

#define UNROLL _Pragma("GCC unroll 32")

enum { VECTORS = 2, GROUP = VECTORS * FCNN_VL, TILE = FCNN_VREGS == 32 ? 8 : 4 };   /* TILE <= 2 * FCNN_VL */

static inline size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* Transposes a block of rows x columns, each at most FCNN_VL. */
static void transpose_block(size_t rows, size_t columns, const float *a, size_t lda, float *t, size_t ldt)
{
    vf block[FCNN_VL];
    UNROLL for (size_t i = 0; i < FCNN_VL; i++) {
        if (i >= rows)
            block[i] = (vf){0};
        else
            block[i] = columns == FCNN_VL ? vf_load(a + i * lda) : vf_load_partial(a + i * lda, columns);
    }
    vf_transpose(block);
    UNROLL for (size_t i = 0; i < FCNN_VL; i++) {
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

/* out (TILE, GROUP) = w (TILE, outputs) dyt (outputs, GROUP), the first `vectors` of a group's. */
static inline __attribute__((always_inline)) void tile(size_t vectors, size_t outputs, const float *const *w,
                                                       const float *dyt, float *out)
{
    vf acc[TILE][VECTORS];
    UNROLL for (size_t i = 0; i < TILE; i++)
        UNROLL for (size_t j = 0; j < vectors; j++)
            acc[i][j] = (vf){0};
    for (size_t o = 0; o < outputs; o++) {
        vf d[VECTORS];
        UNROLL for (size_t j = 0; j < vectors; j++)
            d[j] = vf_load(dyt + o * GROUP + j * FCNN_VL);
        UNROLL for (size_t i = 0; i < TILE; i++) {
            const vf wo = vf_broadcast(w[i][o]);
            UNROLL for (size_t j = 0; j < vectors; j++)
                acc[i][j] = vf_fma(wo, d[j], acc[i][j]);
        }
    }
    UNROLL for (size_t i = 0; i < TILE; i++)
        UNROLL for (size_t j = 0; j < vectors; j++)
            vf_store(out + i * GROUP + j * FCNN_VL, acc[i][j]);
}

void FCNN_NAME(dense_input_gradient)(size_t images, size_t inputs, size_t outputs, const float *dy, size_t lddy,
                                     const float *w, float *dx, size_t lddx, float *scratch)
{
    for (size_t n = 0; n < images; n += GROUP) {
        const size_t group = smaller(GROUP, images - n);
        float *dyt = scratch;
        for (size_t o = 0; o < outputs; o++)
            for (size_t j = 0; j < VECTORS; j++)
                vf_store(dyt + o * GROUP + j * FCNN_VL, (vf){0});
        FCNN_NAME(transpose)(group, outputs, dy + n * lddy, lddy, dyt, GROUP);

        for (size_t i = 0; i < inputs; i += FCNN_VL) {
            const size_t width = smaller(FCNN_VL, inputs - i);
            float dxt[2 * FCNN_VL * GROUP];
            for (size_t t = 0; t < width; t += TILE) {
                const float *row[TILE];
                UNROLL for (size_t r = 0; r < TILE; r++)
                    row[r] = w + (i + smaller(t + r, width - 1)) * outputs;
                if (group > FCNN_VL)
                    tile(2, outputs, row, dyt, dxt + t * GROUP);
                else
                    tile(1, outputs, row, dyt, dxt + t * GROUP);
            }
            FCNN_NAME(transpose)(width, group, dxt, GROUP, dx + n * lddx + i, lddx);
        }
    }
}
