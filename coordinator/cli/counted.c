#include "coordinator/cli/counted.h"

#include <inttypes.h>
#include <stdio.h>

const char *counted(int64_t count, const char *one, const char *many)
{
    static char texts[8][64];
    static unsigned next;
    char *text = texts[next++ % 8];
    if (count == 0)
        snprintf(text, sizeof texts[0], "no %s", many);
    else
        snprintf(text, sizeof texts[0], "%" PRId64 " %s", count, count == 1 ? one : many);
    return text;
}
