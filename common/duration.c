#include "common/duration.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    double ms;
} units[] = { { "ms", 1 }, { "s", 1e3 }, { "m", 6e4 }, { "h", 3.6e6 }, { "d", 8.64e7 } };

static const double longest_ms = 366 * 8.64e7;

bool duration_parse(const char *text, int64_t *ms)
{
    size_t digits = strspn(text, "0123456789.");
    char *unit;
    if (!isdigit((unsigned char)text[0]))
        return false;
    double number = strtod(text, &unit);
    if (unit != text + digits) /* 1e3, 0x10, 1.2.3 */
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(unit, units[i].name) == 0 && number * units[i].ms <= longest_ms) {
            *ms = llround(number * units[i].ms);
            return *ms > 0;
        }
    return false;
}
