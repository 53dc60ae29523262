#include "worker/shell/preemption.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t is_deferred, came;

static void on_terminate(int signal_number)
{
    if (!is_deferred)
        _exit(EXIT_HANDED_BACK);
    came = 1;
}

static sigset_t only_terminate(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    return set;
}

void preemption_catch(void)
{
    struct sigaction action = { .sa_handler = on_terminate, .sa_flags = SA_RESTART };
    sigset_t terminate = only_terminate();
    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigprocmask(SIG_UNBLOCK, &terminate, NULL); /* whoever started us may have blocked it */
}

void preemption_defer(void)
{
    is_deferred = 1;
}

bool preemption_came(void)
{
    return came != 0;
}

/* Until a write would not wait, or SIGTERM comes: it is blocked but for this wait. */
static void wait_for_room(void)
{
    struct pollfd output = { .fd = STDOUT_FILENO, .events = POLLOUT };
    sigset_t waiting;
    sigprocmask(SIG_SETMASK, NULL, &waiting);
    sigdelset(&waiting, SIGTERM);
    while (!came && ppoll(&output, 1, NULL, &waiting) < 0 && errno == EINTR)
        continue;
}

static bool write_all(const char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t written = write(STDOUT_FILENO, bytes, count);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            fprintf(stderr, "standard output: %s\n", strerror(errno));
            return false;
        }
        bytes += written;
        count -= (size_t)written;
    }
    return true;
}

bool preemption_write_line(const char *bytes, size_t count)
{
    sigset_t terminate = only_terminate(), before;
    sigprocmask(SIG_BLOCK, &terminate, &before);
    wait_for_room();
    bool written = !came && write_all(bytes, count);
    sigprocmask(SIG_SETMASK, &before, NULL); /* one that was not deferred ends the process here */
    return written && !came;
}
