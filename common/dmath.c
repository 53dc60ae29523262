#include "common/dmath.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* ln 2 in two parts: the first has so few bits that an exponent times it is exact. */
#define LN2_HIGH 0x1.62e42p-1
#define LN2_LOW  0x1.fdf473de6af28p-22
#define LOG2_E   0x1.71547652b82fep+0

/* Adding this to a double rounds it to an integer, which then stands in the lowest bits of the
 * sum. */
#define ROUNDER 0x1.8p52

enum { LANES = 2 }; /* what the oldest x86-64 has */
typedef double lanes __attribute__((vector_size(LANES * sizeof(double))));
typedef int64_t lanes_bits __attribute__((vector_size(LANES * sizeof(int64_t))));

static double horner(const double *coefficients, int count, double x)
{
    double sum = coefficients[count - 1];
    for (int i = count - 2; i >= 0; i--)
        sum = sum * x + coefficients[i];
    return sum;
}

/* ---- exp: x = k ln 2 + r, |r| <= 0.35; the Taylor series of e^r; then k into the exponent ---- */

/* e^r = 1 + r + r^2 (these), each 1 / n! */
static const double exp_series[] = {
    1.0 / 2,         1.0 / 6,          1.0 / 24,          1.0 / 120,
    1.0 / 720,       1.0 / 5040,       1.0 / 40320,       1.0 / 362880,
    1.0 / 3628800.0, 1.0 / 39916800.0, 1.0 / 479001600.0, 1.0 / 6227020800.0,
};
enum { EXP_TERMS = sizeof exp_series / sizeof *exp_series };

static lanes all_lanes(double x)
{
    return (lanes){ x, x };
}

static lanes choose(lanes_bits mask, lanes yes, lanes no)
{
    return (lanes)((mask & (lanes_bits)yes) | (~mask & (lanes_bits)no));
}

/* This and dm_exp are one formula, operation by operation: their results must have equal bits. */
static lanes exp_lanes(lanes x)
{
    x = choose(x < -746.0, all_lanes(-746), x); /* beyond, the result is the same */
    x = choose(x > 710.0, all_lanes(710), x);
    lanes rounded = x * LOG2_E + ROUNDER;
    lanes whole = rounded - ROUNDER;
    lanes high = x - whole * LN2_HIGH, low = whole * LN2_LOW;
    lanes r = high - low;
    lanes lost = (high - r) - low;
    lanes series = all_lanes(exp_series[EXP_TERMS - 1]);
    for (int i = EXP_TERMS - 2; i >= 0; i--)
        series = series * r + exp_series[i];
    lanes y = 1.0 + (r + (lost + r * r * series));
    lanes_bits k = (lanes_bits)rounded - (lanes_bits)all_lanes(ROUNDER);
    /* 2^k in two factors, so that neither over- nor underflows. */
    lanes_bits half = ((k + 2048) >> 1) - 1024;
    lanes first = (lanes)((half + 1023) << 52);
    lanes second = (lanes)((k - half + 1023) << 52);
    return y * first * second;
}

void dm_exp_each(double *x, size_t count)
{
    for (size_t i = 0; i < count; i += LANES) {
        lanes some = { 0 };
        size_t n = count - i < LANES ? count - i : LANES;
        memcpy(&some, x + i, n * sizeof *x);
        some = exp_lanes(some);
        memcpy(x + i, &some, n * sizeof *x);
    }
}

static double power_of_two(int64_t exponent)
{
    uint64_t bits = (uint64_t)(exponent + 1023) << 52;
    double power;
    memcpy(&power, &bits, sizeof power);
    return power;
}

double dm_exp(double x)
{
    if (isnan(x))
        return x;
    x = x < -746.0 ? -746.0 : x;
    x = x > 710.0 ? 710.0 : x;
    double whole = (x * LOG2_E + ROUNDER) - ROUNDER;
    double high = x - whole * LN2_HIGH, low = whole * LN2_LOW;
    double r = high - low;
    double lost = (high - r) - low;
    double y = 1.0 + (r + (lost + r * r * horner(exp_series, EXP_TERMS, r)));
    int64_t k = (int64_t)whole;
    int64_t half = ((k + 2048) >> 1) - 1024;
    return y * power_of_two(half) * power_of_two(k - half);
}

/* ---- log: x = 2^k m with sqrt(1/2) <= m < sqrt(2); ln m = 2 artanh(s), s = (m-1)/(m+1) ---- */

/* 2 artanh(s) = 2s + s z (these), z = s^2, each 2 / (2n + 1) */
static const double log_series[] = {
    2.0 / 3,  2.0 / 5,  2.0 / 7,  2.0 / 9,  2.0 / 11, 2.0 / 13,
    2.0 / 15, 2.0 / 17, 2.0 / 19, 2.0 / 21, 2.0 / 23,
};

double dm_log(double x)
{
    if (isnan(x) || x < 0)
        return NAN;
    if (x == 0)
        return -INFINITY;
    if (isinf(x))
        return x;
    int64_t k = 0;
    if (x < 0x1p-1022) { /* subnormal */
        x *= 0x1p54;
        k = -54;
    }
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    k += (int64_t)(bits >> 52) - 1023;
    bits = (bits & 0xfffffffffffffu) | 0x3ff0000000000000u;
    double m;
    memcpy(&m, &bits, sizeof m);
    if (m > 0x1.6a09e667f3bcdp+0) {
        m /= 2;
        k++;
    }
    double f = m - 1, s = f / (2 + f), z = s * s;
    double series = horner(log_series, sizeof log_series / sizeof *log_series, z);
    /* 2s = f - s f, and f is exact: so the leading term carries no rounding error. */
    return (double)k * LN2_HIGH + (f - (s * (f - z * series) - (double)k * LN2_LOW));
}

/* ---- the normal distribution ---- */

/* Phi(-t) / phi(t) * (t + 1) for t >= 0 as a polynomial in (t - 4) / (t + 4): the Chebyshev
 * expansion to 1e-17, written out in powers. */
static const double mills_series[] = {
    1.1832619145678033543,     -0.24239967052180737956,   0.035091880234748007241,
    0.071690481201360952006,   -0.080708009679052299164,  0.044959129079425345179,
    -0.012539103620398139616,  -7.1595093893434257945e-4, 1.7418487737325850777e-3,
    -2.3670148962287869182e-4, -2.2021557569575159778e-4, 5.3265639600963774349e-5,
    3.4158814331838206279e-5,  -8.6018866323456392879e-6, -6.5533544552582504838e-6,
    1.0101492435244850537e-6,  1.390762707984928e-6,      1.063398047002292333e-8,
    -2.8692999652079423816e-7, -5.8443261863679255019e-8, 5.0778441223320478614e-8,
    2.220506393681533297e-8,   -6.5624402369464742025e-9, -4.7796649489264879975e-9,
    4.4802333820991688031e-10, 4.934984427261487462e-10,
};

/* exp(-t^2/2). Rounding the square of a large t would cost digits: there t is cut to a multiple of
 * 1/16, whose square is exact, and the rest goes apart. */
static double gauss(double t)
{
    if (t < 4)
        return dm_exp(-t * t / 2);
    double cut = (double)(int64_t)(t * 16) / 16;
    return dm_exp(-cut * cut / 2) * dm_exp(-(t - cut) * (t + cut) / 2);
}

static double upper_tail(double t)
{
    static const double inverse_sqrt_2pi = 0.39894228040143267794;
    if (t > 40)
        return 0;
    double series =
        horner(mills_series, sizeof mills_series / sizeof *mills_series, (t - 4) / (t + 4));
    return inverse_sqrt_2pi * gauss(t) * series / (t + 1);
}

double dm_normal_cdf(double x)
{
    if (isnan(x))
        return x;
    if (x > 8.5)
        return 1; /* to the last bit */
    return x <= 0 ? upper_tail(-x) : 1 - upper_tail(x);
}

/* AS 241 (PPND16): three quotients of polynomials of degree 7, each numerator and denominator. */
static const double center[2][8] = {
    { 3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
      1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
      3.3430575583588128105e4, 2.5090809287301226727e3 },
    { 1, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
      2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4,
      5.2264952788528545610e3 },
};
static const double middle[2][8] = {
    { 1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
      3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
      2.27238449892691845833e-2, 7.74545014278341407640e-4 },
    { 1, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
      1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
      1.05075007164441684324e-9 },
};
static const double tail[2][8] = {
    { 6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
      2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
      2.71155556874348757815e-5, 2.01033439929228813265e-7 },
    { 1, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
      7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
      2.04426310338993978564e-15 },
};

static double quotient(const double polynomials[2][8], double x)
{
    return horner(polynomials[0], 8, x) / horner(polynomials[1], 8, x);
}

double dm_normal_quantile(double p)
{
    if (!(p > 0 && p < 1))
        return p == 0 ? -INFINITY : p == 1 ? INFINITY : NAN;
    double q = p - 0.5;
    if (q >= -0.425 && q <= 0.425)
        return q * quotient(center, 0.180625 - q * q);
    double r = sqrt(-dm_log(q < 0 ? p : 1 - p));
    double x = r <= 5 ? quotient(middle, r - 1.6) : quotient(tail, r - 5);
    return q < 0 ? -x : x;
}
