/* normalization.c - sums along rows and columns, and what normalization makes of an array with them.
 *
 * Lanes are columns, or in row_sum one of FCNN_SUM_LANES sums, whichever the width of a vector; so the order of each
 * sum is the same everywhere.
 */
#include "name.h"
#include "vec.h"

static ALWAYS_INLINE vf add_term(fcnn_term term, vf sum, const float *a, const float *b, size_t left)
{
    const vf number = vf_load_some(a, left);
    if (term == FCNN_NUMBER)
        return sum + number;
    const vf factor = vf_load_some(b, left);
    return vf_fma(number, term == FCNN_PRODUCT ? factor : vf_min((vf){0}, factor), sum);
}

enum { SUMS = FCNN_SUM_LANES / FCNN_VL };

static ALWAYS_INLINE void add_row(fcnn_term term, size_t count, const float *a, const float *b, vf sum[SUMS])
{
    size_t i = 0;
    for (; i + FCNN_SUM_LANES <= count; i += FCNN_SUM_LANES)
        UNROLLED_FOR (size_t s = 0; s < SUMS; s++)
            sum[s] = add_term(term, sum[s], a + i + s * FCNN_VL, b + i + s * FCNN_VL, FCNN_VL);
    for (size_t s = 0; s < SUMS; s++, i += FCNN_VL)
        if (i < count)
            sum[s] = add_term(term, sum[s], a + i, b + i, count - i);
}

float FCNN_NAME(row_sum)(fcnn_term term, size_t count, const float *a, const float *b)
{
    vf sum[SUMS] = {{0}};
    switch (term) {
    case FCNN_NUMBER:
        add_row(FCNN_NUMBER, count, a, a, sum);
        break;
    case FCNN_PRODUCT:
        add_row(FCNN_PRODUCT, count, a, b, sum);
        break;
    case FCNN_NEGATIVE_PRODUCT:
        add_row(FCNN_NEGATIVE_PRODUCT, count, a, b, sum);
    }
    UNROLLED_FOR (size_t half = SUMS / 2; half > 0; half /= 2)
        UNROLLED_FOR (size_t s = 0; s < half; s++)
            sum[s] += sum[s + half];
    float lane[FCNN_VL];
    vf_store(lane, sum[0]);
    for (size_t half = FCNN_VL / 2; half > 0; half /= 2)
        for (size_t l = 0; l < half; l++)
            lane[l] += lane[l + half];
    return lane[0];
}

/* `vectors` neighbouring vectors of columns, of which the last has `left` columns or more. */
static ALWAYS_INLINE void add_columns(fcnn_term term, size_t vectors, size_t rows, const float *a, const float *b,
                                      size_t ld, float *sum, size_t left)
{
    for (size_t begin = 0; begin < rows; begin += FCNN_SUM_ROWS) {
        vf part[4] = {{0}};
        for (size_t r = begin; r < smaller(begin + FCNN_SUM_ROWS, rows); r++)
            UNROLLED_FOR (size_t v = 0; v < vectors; v++)
                part[v] = add_term(term, part[v], a + r * ld + v * FCNN_VL, b + r * ld + v * FCNN_VL, left);
        UNROLLED_FOR (size_t v = 0; v < vectors; v++)
            vf_store_some(sum + v * FCNN_VL, vf_load_some(sum + v * FCNN_VL, left) + part[v], left);
    }
}

static ALWAYS_INLINE void add_all_columns(fcnn_term term, size_t rows, size_t columns, const float *a, const float *b,
                                          size_t ld, float *sum)
{
    enum { TOGETHER = 4 };
    size_t c = 0;
    for (; c + TOGETHER * FCNN_VL <= columns; c += TOGETHER * FCNN_VL)
        add_columns(term, TOGETHER, rows, a + c, b + c, ld, sum + c, FCNN_VL);
    for (; c < columns; c += FCNN_VL)
        add_columns(term, 1, rows, a + c, b + c, ld, sum + c, columns - c);
}

void FCNN_NAME(column_sums)(fcnn_term term, size_t rows, size_t columns, const float *a, const float *b, size_t ld,
                            float *sum)
{
    switch (term) {
    case FCNN_NUMBER:
        add_all_columns(FCNN_NUMBER, rows, columns, a, a, ld, sum);
        return;
    case FCNN_PRODUCT:
        add_all_columns(FCNN_PRODUCT, rows, columns, a, b, ld, sum);
        return;
    case FCNN_NEGATIVE_PRODUCT:
        add_all_columns(FCNN_NEGATIVE_PRODUCT, rows, columns, a, b, ld, sum);
    }
}

void FCNN_NAME(affine)(size_t rows, size_t columns, const float *x, const float *scale, const float *shift, size_t step,
                       float *y)
{
    static const float one = 1.0f, zero = 0.0f;
    const size_t scale_step = scale ? step : 0, shift_step = shift ? step : 0;
    scale = scale ? scale : &one;
    shift = shift ? shift : &zero;
    for (size_t r = 0; r < rows; r++, x += columns, y += columns)
        for (size_t c = 0; c < columns; c += FCNN_VL) {
            const size_t left = columns - c;
            const vf scaled = vf_fma(vf_load_some(x + c, left), vf_load_step(scale + c * scale_step, scale_step, left),
                                     vf_load_step(shift + c * shift_step, shift_step, left));
            vf_store_some(y + c, scaled, left);
        }
}

void FCNN_NAME(blend)(size_t rows, size_t columns, const float *dy, const float *y, const float *gain,
                      const float *slope, const float *shift, size_t step, float *dx)
{
    for (size_t r = 0; r < rows; r++, dy += columns, y += columns, dx += columns)
        for (size_t c = 0; c < columns; c += FCNN_VL) {
            const size_t left = columns - c;
            const vf rest = vf_fma(vf_load_some(y + c, left), vf_load_step(slope + c * step, step, left),
                                   vf_load_step(shift + c * step, step, left));
            vf_store_some(dx + c, vf_fma(vf_load_some(dy + c, left), vf_load_step(gain + c * step, step, left), rest),
                          left);
        }
}
