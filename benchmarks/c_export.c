/* c_export.c - times one network in C: images from a file, so many passes, microseconds of processor time an image.
 *
 * The network is `predict`, which c_export.py writes for each program that makes C of networks; its last outputs go to
 * a file, so that all can be compared.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { PIXELS = 784, CLASSES = 10, IMAGES = 64 };

void predict(const float *input, float *output);

static float images[IMAGES][PIXELS], outputs[IMAGES][CLASSES];

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(int count, char **arguments)
{
    if (count != 4)
        return 2;
    FILE *in = fopen(arguments[1], "rb"), *out = fopen(arguments[2], "wb");
    const int passes = atoi(arguments[3]);
    if (!in || !out || fread(images, sizeof images, 1, in) != 1)
        return 1;
    const double begin = now();
    for (int pass = 0; pass < passes; pass++)
        for (int i = 0; i < IMAGES; i++)
            predict(images[i], outputs[i]);
    printf("%.3f\n", (now() - begin) * 1e6 / (passes * IMAGES));
    return fwrite(outputs, sizeof outputs, 1, out) != 1 || fclose(out) != 0;
}
