/* axes.c - what is done along some axes of an image, or with weights for them. In each function y may be x. */
#include <math.h>
#include <stddef.h>

/* An image seen as (outer, lines, inner, columns). Lines and columns are the axes that a function is about: a group are
 * their numbers for one index of the others. */
typedef struct axes {
    size_t outer, lines, inner, columns;
} axes;

/* Where the numbers of a group begin, and where its line `line` does, counted from there. */
static size_t first_of(const axes *a, size_t group)
{
    return group / a->inner * a->lines * a->inner * a->columns + group % a->inner * a->columns;
}

static size_t line_of(const axes *a, size_t line) { return line * a->inner * a->columns; }

/* x * scale + offset, between two limits, with a scale and an offset for each number of a group. */
static void scale_and_move(const axes *a, const float *x, const float *scale, const float *offset, float low,
                           float high, float *y)
{
    for (size_t n = 0; n < a->outer * a->lines; n++)
        for (size_t i = 0; i < a->inner; i++, x += a->columns, y += a->columns) {
            const size_t first = n % a->lines * a->columns;
            for (size_t c = 0; c < a->columns; c++) {
                const float moved = x[c] * scale[first + c] + offset[first + c];
                const float above = moved < low ? low : moved;
                y[c] = above > high ? high : above;
            }
        }
}

/* x * scale + offset, the same for all. */
static void rescale(size_t size, float scale, float offset, const float *x, float *y)
{
    for (size_t i = 0; i < size; i++)
        y[i] = x[i] * scale + offset;
}

/* x where it is positive, else alpha x, with an alpha for each number of a group. */
static void prelu(const axes *a, const float *x, const float *alpha, float *y)
{
    for (size_t n = 0; n < a->outer * a->lines; n++)
        for (size_t i = 0; i < a->inner; i++, x += a->columns, y += a->columns)
            for (size_t c = 0; c < a->columns; c++)
                y[c] = x[c] < 0.0f ? x[c] * alpha[n % a->lines * a->columns + c] : x[c];
}

/* The largest number of the group that begins at x. */
static float largest_of(const axes *a, const float *x)
{
    float largest = x[0];
    for (size_t l = 0; l < a->lines; l++)
        for (size_t c = 0; c < a->columns; c++)
            largest = fmaxf(largest, x[line_of(a, l) + c]);
    return largest;
}

/* exp(x) / sum of exp(x) of each group. */
static void softmax(const axes *a, const float *x, float *y)
{
    for (size_t g = 0; g < a->outer * a->inner; g++) {
        const size_t first = first_of(a, g);
        const float largest = largest_of(a, x + first);
        float sum = 0.0f;
        for (size_t l = 0; l < a->lines; l++)
            for (size_t c = 0; c < a->columns; c++) {
                const size_t at = first + line_of(a, l) + c;
                y[at] = expf(x[at] - largest);
                sum += y[at];
            }
        for (size_t l = 0; l < a->lines; l++)
            for (size_t c = 0; c < a->columns; c++)
                y[first + line_of(a, l) + c] /= sum;
    }
}

/* x - log of the sum of exp(x) of each group. */
static void log_softmax(const axes *a, const float *x, float *y)
{
    for (size_t g = 0; g < a->outer * a->inner; g++) {
        const size_t first = first_of(a, g);
        const float largest = largest_of(a, x + first);
        float sum = 0.0f;
        for (size_t l = 0; l < a->lines; l++)
            for (size_t c = 0; c < a->columns; c++)
                sum += expf(x[first + line_of(a, l) + c] - largest);
        for (size_t l = 0; l < a->lines; l++)
            for (size_t c = 0; c < a->columns; c++) {
                const size_t at = first + line_of(a, l) + c;
                y[at] = x[at] - largest - logf(sum);
            }
    }
}

/* max(x - tau, 0), where tau is found from the numbers of a group in descending order, which `sorted` has room for. */
static void sparsemax(const axes *a, const float *x, float *sorted, float *y)
{
    for (size_t g = 0; g < a->outer * a->inner; g++) {
        const size_t first = first_of(a, g);
        size_t count = 0, support = 0;
        float sum = 0.0f, sums = 0.0f;
        for (size_t l = 0; l < a->lines; l++)
            for (size_t c = 0; c < a->columns; c++) {
                const float number = x[first + line_of(a, l) + c];
                size_t at = count++;
                for (; at > 0 && sorted[at - 1] < number; at--)
                    sorted[at] = sorted[at - 1];
                sorted[at] = number;
            }
        for (size_t i = 0; i < count; i++) {
            sum += sorted[i];
            if (sorted[i] - (sum - 1.0f) / (float)(i + 1) > 0.0f) {
                sums += sum;
                support++;
            }
        }
        const float tau = (sums - 1.0f) / (float)support;
        for (size_t l = 0; l < a->lines; l++)
            for (size_t c = 0; c < a->columns; c++) {
                const size_t at = first + line_of(a, l) + c;
                y[at] = x[at] <= tau ? 0.0f : x[at] - tau;
            }
    }
}

/* The sum of (x - origin)^power of a group, where power is 1 or 2; in double, as groups may be long. */
static double sum_of(const axes *a, const float *x, double origin, int power)
{
    double sum = 0.0;
    for (size_t l = 0; l < a->lines; l++)
        for (size_t c = 0; c < a->columns; c++) {
            const double number = (double)x[line_of(a, l) + c] - origin;
            sum += power == 2 ? number * number : number;
        }
    return sum;
}

/* y = (x - origin) * factor for a group. */
static void scale_group(const axes *a, const float *x, double origin, double factor, float *y)
{
    for (size_t l = 0; l < a->lines; l++)
        for (size_t c = 0; c < a->columns; c++)
            y[line_of(a, l) + c] = (float)(((double)x[line_of(a, l) + c] - origin) * factor);
}

/* Each group with mean 0 and variance 1, or, where `centred` is 0, only divided by the root of its variance. */
static void normalize(const axes *a, int centred, double epsilon, const float *x, float *y)
{
    const double count = (double)(a->lines * a->columns);
    for (size_t g = 0; g < a->outer * a->inner; g++) {
        const float *group = x + first_of(a, g);
        const double mean = sum_of(a, group, 0.0, 1) / count, variance = sum_of(a, group, mean, 2) / count;
        scale_group(a, group, centred ? mean : 0.0, 1.0 / sqrt(variance + epsilon), y + first_of(a, g));
    }
}

/* Each group divided by the root of its mean square. */
static void normalize_rms(const axes *a, double epsilon, const float *x, float *y)
{
    for (size_t g = 0; g < a->outer * a->inner; g++) {
        const float *group = x + first_of(a, g);
        const double square = sum_of(a, group, 0.0, 2) / (double)(a->lines * a->columns);
        scale_group(a, group, 0.0, 1.0 / sqrt(square + epsilon), y + first_of(a, g));
    }
}

/* Each group divided by its length; one of zeros stays as it is. */
static void normalize_length(const axes *a, const float *x, float *y)
{
    for (size_t g = 0; g < a->outer * a->inner; g++) {
        const float *group = x + first_of(a, g);
        scale_group(a, group, 0.0, fmin(1.0 / sqrt(sum_of(a, group, 0.0, 2)), 1e12), y + first_of(a, g));
    }
}
