/* pools.c - the largest number or the mean of each window, channel by channel, in float. */
#include "windows.h"

static void max_pool(const windows *p, const float *restrict x, float *restrict y)
{
    for (size_t line = 0; line < p->count[0]; line++)
        for (size_t column = 0; column < p->count[1]; column++, y += p->channels) {
            const span lines = inside(p, 0, line), columns = inside(p, 1, column);
            memcpy(y, x + place(p, line, column, lines.begin, columns.begin), p->channels * sizeof *y);
            for (size_t i = lines.begin; i < lines.end; i++)
                for (size_t j = columns.begin; j < columns.end; j++) {
                    const float *from = x + place(p, line, column, i, j);
                    for (size_t c = 0; c < p->channels; c++)
                        y[c] = from[c] > y[c] ? from[c] : y[c];
                }
        }
}

static void average_pool(const windows *p, const float *restrict x, float *restrict y)
{
    for (size_t line = 0; line < p->count[0]; line++)
        for (size_t column = 0; column < p->count[1]; column++, y += p->channels) {
            const span lines = inside(p, 0, line), columns = inside(p, 1, column);
            const float pixels = (float)((lines.end - lines.begin) * (columns.end - columns.begin));
            memset(y, 0, p->channels * sizeof *y);
            for (size_t i = lines.begin; i < lines.end; i++)
                for (size_t j = columns.begin; j < columns.end; j++) {
                    const float *from = x + place(p, line, column, i, j);
                    for (size_t c = 0; c < p->channels; c++)
                        y[c] += from[c];
                }
            for (size_t c = 0; c < p->channels; c++)
                y[c] /= pixels;
        }
}
