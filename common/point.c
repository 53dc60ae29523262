#include "common/point.h"

#include <math.h>
#include <string.h>

static uint64_t mix(uint64_t digest, uint64_t word)
{
    uint64_t x = (digest ^ word) + 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static uint64_t number_bits(double number)
{
    if (isnan(number))
        return 0x7ff8000000000000u;
    if (number == 0)
        return 0;
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
}

uint64_t point_digest(uint64_t digest, const struct point *point)
{
    digest = mix(digest, (uint64_t)point->step);
    digest = mix(digest, number_bits(point->epoch));
    for (const char *c = point->metric; *c != '\0'; c++)
        digest = mix(digest, (unsigned char)*c);
    return mix(digest, number_bits(point->value));
}
