/* moving.c - numbers in another order or at other places. */
#include <stddef.h>
#include <string.h>

enum { AXES = 6 };

/* y is contiguous, and has `extent` along its axes; the number at an index of it is that many `step`s from x. So axes
 * are transposed, and where a step is 0, numbers are repeated. */
static void gather(const size_t extent[AXES], const size_t step[AXES], const float *x, float *y)
{
    size_t rows = 1;
    for (size_t axis = 0; axis < AXES - 1; axis++)
        rows *= extent[axis];
    for (size_t row = 0; row < rows; row++, y += extent[AXES - 1]) {
        const float *from = x;
        for (size_t axis = AXES - 1, rest = row; axis-- > 0; rest /= extent[axis])
            from += rest % extent[axis] * step[axis];
        for (size_t i = 0; i < extent[AXES - 1]; i++)
            y[i] = from[i * step[AXES - 1]];
    }
}

/* An image (lines, row numbers) inside a larger one, (above + lines + below, before + row + after). */
static void pad(size_t lines, size_t row, size_t above, size_t below, size_t before, size_t after, float value,
                const float *x, float *y)
{
    const size_t outer = before + row + after, size = (above + lines + below) * outer;
    for (size_t i = 0; i < size; i++)
        y[i] = value;
    for (size_t line = 0; line < lines; line++)
        memcpy(y + (above + line) * outer + before, x + line * row, row * sizeof *y);
}

/* Lines of `row` bytes out of longer ones, `outer` bytes apart. */
static void crop(size_t lines, size_t row, size_t outer, const void *x, void *y)
{
    const char *from = x;
    char *to = y;
    for (size_t line = 0; line < lines; line++)
        memcpy(to + line * row, from + line * outer, row);
}

/* Each pixel of x (lines, columns), of so many bytes, as `high` x `wide` equal ones. */
static void up_sample(size_t lines, size_t columns, size_t pixel, size_t high, size_t wide, const void *x, void *y)
{
    const char *from = x;
    char *to = y;
    for (size_t line = 0; line < lines * high; line++)
        for (size_t column = 0; column < columns * wide; column++, to += pixel)
            memcpy(to, from + (line / high * columns + column / wide) * pixel, pixel);
}

/* Along the middle axis of x (outer, inputs, inner) each number of y (outer, outputs, inner) is a weighted sum of
 * `taps` numbers, from first[o] on. */
static void resize(size_t outer, size_t inputs, size_t inner, size_t outputs, size_t taps, const size_t *first,
                   const float *weight, const float *restrict x, float *restrict y)
{
    for (size_t n = 0; n < outer; n++, x += inputs * inner)
        for (size_t o = 0; o < outputs; o++, y += inner) {
            memset(y, 0, inner * sizeof *y);
            for (size_t t = 0; t < taps; t++)
                for (size_t i = 0; i < inner; i++)
                    y[i] += weight[o * taps + t] * x[(first[o] + t) * inner + i];
        }
}
