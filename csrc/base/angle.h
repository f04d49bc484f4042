/* angle.h - sines that are the same on every machine: the last bit of the C library's differs between systems. */
#ifndef FCNN_ANGLE_H
#define FCNN_ANGLE_H

#include <math.h>

/* sin(pi x), by its series. */
static inline double fcnn_sin_pi(double x)
{
    const double turns = floor(x + 0.5), r = 3.14159265358979323846 * (x - turns);
    double term = r, sum = r;
    for (int n = 3; n < 20; n += 2) {
        term *= -r * r / (n * (n - 1));
        sum += term;
    }
    return fmod(turns, 2.0) == 0.0 ? sum : -sum;
}

#endif
