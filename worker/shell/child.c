#include "worker/shell/child.h"
#include "worker/shell/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    READ_BYTES = 64 << 10, /* at a time from one pipe, so that no child starves the others */
    CHILD_NICENESS = 5,    /* heartbeats come first */
    KILL_AGAIN_MS = 1000,  /* for what the group may have started meanwhile */
    OOM_READ_MS = 1000,
    OOM_SCORE = 500, /* and memory is taken from a trial before the worker */
};

/* What went wrong between fork and exec: told through a pipe that closes itself on success. */
enum step { STEP_NONE, STEP_DIRECTORY, STEP_INPUT, STEP_EXEC };
struct failure {
    enum step step;
    int number;
};

struct plumbing {
    int input;                     /* a file in memory */
    int out[2], err[2], report[2]; /* read end, write end */
};

/* ---- the child's side, after fork: only what is safe there ----------------------------------- */

static _Noreturn void give_up(const struct plumbing *pipes, enum step step)
{
    struct failure failure = { step, errno };
    if (write(pipes->report[1], &failure, sizeof failure) < 0)
        _exit(126);
    _exit(127);
}

static void default_signals(void)
{
    sigset_t none;
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void be_the_first_to_go(void)
{
    char score[8];
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    int length = snprintf(score, sizeof score, "%d", OOM_SCORE);
    if (fd >= 0 && write(fd, score, (size_t)length) < 0)
        errno = 0; /* a wish, not a need */
    if (fd >= 0)
        close(fd);
    setpriority(PRIO_PROCESS, 0, CHILD_NICENESS);
    /* a thousand crashes shall not fill the disk */
    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
}

static _Noreturn void become(const struct launch *launch, const struct plumbing *pipes,
                             pid_t worker)
{
    setpgid(0, 0);
    default_signals();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != worker)
        _exit(127); /* it died before we could ask to die with it */
    if (launch->workdir[0] != '\0' && chdir(launch->workdir) != 0)
        give_up(pipes, STEP_DIRECTORY);
    if (dup2(pipes->input, 0) < 0 || dup2(pipes->out[1], 1) < 0 || dup2(pipes->err[1], 2) < 0)
        give_up(pipes, STEP_INPUT);
    be_the_first_to_go();
    close_range(3, UINT_MAX, CLOSE_RANGE_CLOEXEC);
    execve(launch->program, launch->arguments, launch->environment);
    give_up(pipes, STEP_EXEC);
}

/* ---- the worker's side ----------------------------------------------------------------------- */

/* A file, not a pipe: however long the line, nobody has to wait for the child to read it. */
static int file_with(const char *text)
{
    size_t length = strlen(text), written = 0;
    int fd = memfd_create("trial", MFD_CLOEXEC);
    while (fd >= 0 && written < length) {
        ssize_t count = write(fd, text + written, length - written);
        if (count < 0) {
            close(fd);
            return -1;
        }
        written += (size_t)count;
    }
    if (fd >= 0)
        lseek(fd, 0, SEEK_SET);
    return fd;
}

static void close_if_open(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void close_all(struct plumbing *pipes)
{
    close_if_open(&pipes->input);
    for (int i = 0; i < 2; i++) {
        close_if_open(&pipes->out[i]);
        close_if_open(&pipes->err[i]);
        close_if_open(&pipes->report[i]);
    }
}

static bool is_machines_fault(const struct failure *failure, const struct launch *launch)
{
    int number = failure->number;
    return number == EAGAIN || number == ENOMEM || number == EMFILE || number == ENFILE ||
           (failure->step == STEP_EXEC && launch->is_own);
}

static bool open_all(struct plumbing *pipes, const struct launch *launch, struct error *error)
{
    *pipes = (struct plumbing){ -1, { -1, -1 }, { -1, -1 }, { -1, -1 } };
    pipes->input = file_with(launch->input);
    if (pipes->input < 0 || pipe2(pipes->out, O_CLOEXEC) != 0 ||
        pipe2(pipes->err, O_CLOEXEC) != 0 || pipe2(pipes->report, O_CLOEXEC) != 0) {
        error_set(error, "cannot make the pipes of a child process: %s", strerror(errno));
        close_all(pipes);
        return false;
    }
    fcntl(pipes->out[0], F_SETFL, O_NONBLOCK);
    fcntl(pipes->err[0], F_SETFL, O_NONBLOCK);
    return true;
}

static void say_directory(const char *directory, const char *why, struct error *error)
{
    char here[PATH_MAX];
    if (directory[0] == '/' || getcwd(here, sizeof here) == NULL)
        error_set(error, "cannot change to the directory `%s`: %s", directory, why);
    else
        error_set(error,
                  "cannot change to the directory `%s`, from %s, where the worker was "
                  "started: %s",
                  directory, here, why);
}

static void say_failure(const struct failure *failure, const struct launch *launch,
                        struct error *error)
{
    const char *why = strerror(failure->number);
    if (failure->step == STEP_DIRECTORY)
        say_directory(launch->workdir, why, error);
    else if (failure->step == STEP_INPUT)
        error_set(error, "cannot connect the child process: %s", why);
    else if (launch->is_own)
        error_set(error,
                  "cannot start the built-in trainer, which is %s here: %s; is /proc mounted, and "
                  "may programs be run from where ldt-worker lies?",
                  launch->program, why);
    else if (failure->number == ENOEXEC)
        error_set(error, "`%s` is no program; a script needs a first line like #!/bin/sh",
                  launch->arguments[0]);
    else if (failure->number == ENOENT)
        error_set(error,
                  "cannot run `%s`: there is no such file, or not the program that its first line "
                  "names",
                  launch->arguments[0]);
    else
        error_set(error, "cannot run `%s`: %s", launch->arguments[0], why);
}

/* Waits for exec, which is soon: the pipe closes, or brings the reason why not. */
static enum child_start await_exec(pid_t pid, const struct plumbing *pipes,
                                   const struct launch *launch, struct error *error)
{
    struct failure failure;
    ssize_t got;
    while ((got = read(pipes->report[0], &failure, sizeof failure)) < 0 && errno == EINTR)
        ;
    if (got != sizeof failure)
        return CHILD_STARTED;
    waitpid(pid, NULL, 0);
    say_failure(&failure, launch, error);
    return is_machines_fault(&failure, launch) ? CHILD_NO_ROOM : CHILD_REFUSED;
}

/* How many processes the kernel has killed for want of memory since it was started; -1 unknown. */
static int64_t oom_kills(void)
{
    char line[128];
    long long count = -1;
    FILE *file = fopen("/proc/vmstat", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "oom_kill %lld", &count) == 1)
            break;
    if (file != NULL)
        fclose(file);
    return count;
}

/* The same from not too long ago: reading it takes longer than starting a process should. */
static int64_t recent_oom_kills(int64_t now_ms)
{
    static int64_t count, read_ms = INT64_MIN;
    if (read_ms == INT64_MIN || now_ms - read_ms > OOM_READ_MS) {
        count = oom_kills();
        read_ms = now_ms;
    }
    return count;
}

static enum child_start start_process(pid_t *pid, struct plumbing *pipes,
                                      const struct launch *launch, struct error *error)
{
    pid_t worker = getpid();
    *pid = fork();
    if (*pid == 0)
        become(launch, pipes, worker);
    if (*pid < 0) {
        error_set(error, "cannot start a process: %s", strerror(errno));
        return CHILD_NO_ROOM;
    }
    close_if_open(&pipes->report[1]); /* or the end of the child's would not be seen */
    return await_exec(*pid, pipes, launch, error);
}

enum child_start child_start(struct child *child, const struct launch *launch,
                             struct child_output *output, const struct child_limits *limits,
                             int64_t now_ms, struct error *error)
{
    struct plumbing pipes;
    pid_t pid;
    *child = (struct child){ .stdout_fd = -1,
                             .stderr_fd = -1,
                             .started_ms = now_ms,
                             .limits = *limits,
                             .step = -1,
                             .step_ms = now_ms,
                             .unwanted_ms = INT64_MAX,
                             .kill_ms = INT64_MAX,
                             .oom_kills_before = recent_oom_kills(now_ms) };
    if (!open_all(&pipes, launch, error))
        return CHILD_NO_ROOM;
    enum child_start started = start_process(&pid, &pipes, launch, error);
    if (started == CHILD_STARTED) {
        guard_add(pid);
        child->pid = pid;
        child->output = output;
        child->stdout_fd = pipes.out[0];
        child->stderr_fd = pipes.err[0];
        pipes.out[0] = pipes.err[0] = -1;
    }
    close_all(&pipes);
    return started;
}

/* ---- ending ---------------------------------------------------------------------------------- */

/* To its group, and to itself where it has moved to another. */
static void send_signal(const struct child *child, int number)
{
    kill(-child->pid, number);
    if (getpgid(child->pid) != child->pid)
        kill(child->pid, number);
}

void child_end(struct child *child, enum child_ending why, int64_t now_ms)
{
    if (child->ending == CHILD_ON_ITS_OWN)
        child->ending = why;
    if (child->pid == 0 || child->kill_ms != INT64_MAX)
        return;
    send_signal(child, SIGTERM);
    send_signal(child, SIGCONT); /* one that is stopped hears TERM as well */
    child->kill_ms = now_ms + CHILD_GRACE_MS;
}

void child_destroy(struct child *child)
{
    if (child->pid > 0) {
        send_signal(child, SIGKILL);
        guard_remove(child->pid);
        waitpid(child->pid, NULL, WNOHANG); /* else it is an orphan: it may hang in the kernel */
        child->pid = 0;
    }
    close_if_open(&child->stdout_fd);
    close_if_open(&child->stderr_fd);
    child_output_destroy(&child->output);
}

/* When the limit is passed that is passed first; INT64_MAX: never. *why: which one that is. */
static int64_t limit_passed_ms(const struct child *child, enum child_ending *why)
{
    const struct child_limits *limits = &child->limits;
    int64_t duration = limits->duration_ms > 0
                           ? child->started_ms + child->excused_ms + limits->duration_ms
                           : INT64_MAX;
    bool counts = limits->silence_ms > 0 && child->unwanted_ms == INT64_MAX;
    int64_t silence = counts ? child->step_ms + limits->silence_ms : INT64_MAX;
    *why = duration <= silence ? CHILD_TIMED_OUT : CHILD_SILENT;
    return duration <= silence ? duration : silence;
}

void child_excuse(struct child *child, int64_t ms)
{
    child->excused_ms += ms;
    if (child->unwanted_ms == INT64_MAX) /* else that time stands still anyway */
        child->step_ms += ms;
    if (child->kill_ms != INT64_MAX)
        child->kill_ms += ms;
}

void child_tick(struct child *child, int64_t now_ms)
{
    enum child_ending why;
    if (child->pid == 0)
        return;
    if (child->ending == CHILD_ON_ITS_OWN && now_ms >= limit_passed_ms(child, &why))
        child_end(child, why, now_ms);
    if (now_ms >= child->kill_ms) {
        send_signal(child, SIGKILL);
        child->kill_ms = now_ms + KILL_AGAIN_MS;
    }
}

int64_t child_next_deadline(const struct child *child)
{
    enum child_ending why;
    if (child->pid == 0)
        return INT64_MAX;
    return child->kill_ms != INT64_MAX ? child->kill_ms : limit_passed_ms(child, &why);
}

static size_t pipe_bytes(int fd)
{
    int bytes = fd >= 0 ? fcntl(fd, F_GETPIPE_SZ) : 0;
    return bytes > 0 ? (size_t)bytes : 0;
}

void child_reap(struct child *child, int64_t now_ms)
{
    siginfo_t info = { 0 };
    struct rusage usage;
    if (child->pid == 0 ||
        waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
        info.si_pid == 0)
        return;
    /* While the leader is a zombie, its number is taken: this can hit nobody else. */
    kill(-child->pid, SIGKILL);
    guard_remove(child->pid);
    if (wait4(child->pid, &child->status, 0, &usage) == child->pid) {
        child->cpu_ms = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
                        (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
        child->peak_memory_bytes = (int64_t)usage.ru_maxrss * 1024;
    }
    child->pid = 0;
    child->ended_ms = now_ms;
    bool killed = WIFSIGNALED(child->status) && WTERMSIG(child->status) == SIGKILL;
    child->oom_kill =
        killed && child->oom_kills_before >= 0 && oom_kills() > child->oom_kills_before;
    child->unread_stdout = pipe_bytes(child->stdout_fd);
    child->unread_stderr = pipe_bytes(child->stderr_fd);
}

/* ---- output ---------------------------------------------------------------------------------- */

/* One read. After the child's end only what its pipe can have held: a process that escaped from its
 * group may keep the pipe open and write for ever. */
static void read_some(struct child *child, int *fd, size_t *unread,
                      void (*take)(struct child_output *, const char *, size_t))
{
    char bytes[READ_BYTES];
    bool ended = child->pid == 0;
    size_t wanted = ended && *unread < sizeof bytes ? *unread : sizeof bytes;
    ssize_t count = *fd < 0 ? 0 : read(*fd, bytes, wanted);
    if (count > 0) {
        take(child->output, bytes, (size_t)count);
        *unread -= ended ? (size_t)count : 0;
        return;
    }
    bool empty = count < 0 && (errno == EAGAIN || errno == EINTR);
    if (ended || !empty)
        close_if_open(fd);
}

/* The time in which nobody wanted to hear it is no silence. */
static void listen_for_steps(struct child *child, bool wants_stdout, int64_t now_ms)
{
    if (!wants_stdout && child->unwanted_ms == INT64_MAX)
        child->unwanted_ms = now_ms;
    if (wants_stdout && child->unwanted_ms != INT64_MAX) {
        child->step_ms += now_ms - child->unwanted_ms;
        child->unwanted_ms = INT64_MAX;
    }
}

void child_read(struct child *child, bool wants_stdout, int64_t now_ms)
{
    listen_for_steps(child, wants_stdout, now_ms);
    read_some(child, &child->stderr_fd, &child->unread_stderr, child_output_stderr);
    if (wants_stdout)
        read_some(child, &child->stdout_fd, &child->unread_stdout, child_output_stdout);
    if (child_output_step(child->output) > child->step) {
        child->step = child_output_step(child->output);
        child->step_ms = now_ms;
    }
}

bool child_is_over(const struct child *child)
{
    return child->pid == 0 && child->stdout_fd < 0 && child->stderr_fd < 0;
}
