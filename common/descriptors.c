#include "common/descriptors.h"

#include <fcntl.h>
#include <unistd.h>

void descriptors_reserve(void)
{
    for (int wanted = STDIN_FILENO; wanted <= STDERR_FILENO; wanted++) {
        if (fcntl(wanted, F_GETFD) >= 0)
            continue;
        /* The lowest free number is this one. The wrong way round: EBADF is still the answer. */
        int got = open("/dev/null", wanted == STDIN_FILENO ? O_WRONLY : O_RDONLY);
        if (got != wanted && got >= 0)
            close(got);
    }
}
