#include "worker/shell/guard.h"
#include "worker/shell/orphan.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { MAX_GROUPS = 1024 };

struct change {
    int32_t group; /* positive: added; negative: removed */
};

static int pipe_to_guard = -1;
static pid_t guard;

static void apply(int32_t *groups, size_t *count, int32_t group)
{
    if (group > 0 && *count < MAX_GROUPS)
        groups[(*count)++] = group;
    for (size_t i = 0; group < 0 && i < *count; i++)
        if (groups[i] == -group)
            groups[i] = groups[--*count];
}

static _Noreturn void watch(int from_worker, uint64_t worker)
{
    static int32_t groups[MAX_GROUPS];
    struct change change;
    size_t count = 0;
    for (;;) {
        ssize_t got = read(from_worker, &change, sizeof change); /* small writes arrive whole */
        if (got == sizeof change)
            apply(groups, &count, change.group);
        else if (got >= 0 || errno != EINTR)
            break;
    }
    for (size_t i = 0; i < count; i++)
        kill(-groups[i], SIGKILL);
    orphan_kill_all(worker);
    _exit(0);
}

static _Noreturn void become_guard(const int *ends, uint64_t worker)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL); /* it ends when the worker does, not before */
    prctl(PR_SET_NAME, "ldt-guard");
    setsid();
    if (chdir("/") != 0)
        _exit(1);
    int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd <= 2; fd++)
        dup2(null, fd); /* whoever waits for the worker's output shall not wait for us */
    close(ends[1]);
    watch(ends[0], worker);
}

bool guard_start(uint64_t worker, struct error *error)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        error_set(error, "cannot make a pipe: %s", strerror(errno));
        return false;
    }
    guard = fork();
    if (guard < 0) {
        error_set(error, "cannot start the guard of the trials' processes: %s", strerror(errno));
        close(ends[0]);
        close(ends[1]);
        return false;
    }
    if (guard == 0)
        become_guard(ends, worker);
    close(ends[0]);
    pipe_to_guard = ends[1];
    return true;
}

pid_t guard_pid(void)
{
    return guard;
}

static void tell(int32_t group)
{
    struct change change = { group };
    while (write(pipe_to_guard, &change, sizeof change) < 0 && errno == EINTR)
        ;
}

void guard_add(pid_t group)
{
    if (pipe_to_guard >= 0)
        tell(group);
}

void guard_remove(pid_t group)
{
    if (pipe_to_guard >= 0)
        tell(-group);
}
