/* Makes one call of a real program go wrong: LD_PRELOAD=.../fault.so stands between the program and
 * its libraries, counts the calls of one function, and at the N-th of them fails it or kills the
 * process. The programs themselves know nothing of it.
 *
 *   LDT_FAULT=CALL:N:WHAT    "fdatasync:3:EIO", "pwrite64:7:kill", "malloc:100+:ENOMEM". With N+
 *                            every call from the N-th on, else that one alone; 0 only counts
 *   LDT_FAULT_PROGRAM=NAME   only in a program of this name (others that see the variables pass
 *                            them on); the faulty one does not pass them on to its own children
 *   LDT_FAULT_LOG=FILE       "fired CALL N in LIBRARY on FILE" when it happens, "calls CALL N" at
 *                            the end
 *
 * WHAT: kill (before the call) | kill-after | short (half of a write) | the name of an errno.
 * CALL: a function below, or commit: the step of a COMMIT. */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <sqlite3.h>
#include <zmq.h>

/* ---- what to do, from the environment -------------------------------------------------------- */

enum what { PASS, FAIL, SHORT, KILL_BEFORE, KILL_AFTER };

static struct {
    bool armed;
    char call[32];
    long at;      /* the number of the call; 0: only count */
    bool onwards; /* and all that follow */
    enum what what;
    int error;
    int log; /* a descriptor, -1 none */
    atomic_long calls;
    atomic_bool fired;
} fault = { .log = -1 };

static _Thread_local int touched = -1; /* the file of this call, for the log */

static const struct {
    const char *name;
    int value;
} errors[] = {
    { "EIO", EIO },           { "ENOSPC", ENOSPC },
    { "EDQUOT", EDQUOT },     { "EAGAIN", EAGAIN },
    { "EINTR", EINTR },       { "ENOMEM", ENOMEM },
    { "EMFILE", EMFILE },     { "ENFILE", ENFILE },
    { "ENOBUFS", ENOBUFS },   { "EACCES", EACCES },
    { "EFSM", EFSM },         { "EHOSTUNREACH", EHOSTUNREACH },
    { "ETERM", ETERM },       { "EINVAL", EINVAL },
    { "ENOTSOCK", ENOTSOCK }, { "EADDRINUSE", EADDRINUSE },
};

/* A wrong setting must not look like a program without faults. */
static void refuse(const char *why)
{
    fprintf(stderr, "fault.so: %s\n", why);
    _exit(99);
}

static void set_what(const char *word)
{
    fault.what = strcmp(word, "kill") == 0         ? KILL_BEFORE
                 : strcmp(word, "kill-after") == 0 ? KILL_AFTER
                 : strcmp(word, "short") == 0      ? SHORT
                                                   : FAIL;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        if (strcmp(word, errors[i].name) == 0)
            fault.error = errors[i].value;
    }
    if (fault.what == FAIL && fault.error == 0)
        refuse("no such fault");
}

static void disarm(void) /* in a child between fork and exec */
{
    fault.armed = false;
}

__attribute__((constructor)) static void arm(void)
{
    const char *program = getenv("LDT_FAULT_PROGRAM"), *setting = getenv("LDT_FAULT");
    const char *log = getenv("LDT_FAULT_LOG");
    char what[32] = "", plus = '\0';
    if (setting == NULL || (program != NULL && strcmp(program, program_invocation_short_name) != 0))
        return;
    if (sscanf(setting, "%31[^:]:%ld%c%31s", fault.call, &fault.at, &plus, what) != 4)
        refuse("LDT_FAULT is not CALL:N:WHAT");
    fault.onwards = plus == '+';
    set_what(fault.onwards ? what + 1 : what);
    if (log != NULL)
        fault.log = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    backtrace((void *[]){ NULL }, 1); /* loads what it needs now, not in the middle of a fault */
    unsetenv("LD_PRELOAD");
    unsetenv("LDT_FAULT");
    pthread_atfork(NULL, NULL, disarm);
    fault.armed = true;
}

__attribute__((format(printf, 1, 2))) static void note(const char *format, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (fault.log >= 0 && write(fault.log, line, (size_t)length) < 0)
        fault.log = -1;
}

__attribute__((destructor)) static void tell_count(void)
{
    if (fault.armed)
        note("calls %s %ld\n", fault.call, atomic_load(&fault.calls));
}

/* ---- whether this call is the one ------------------------------------------------------------ */

/* Libraries on whose behalf others allocate, and this one. */
static bool is_helper(const char *library)
{
    static const char *const helpers[] = { "fault.so", "libc.so", "ld-linux", "libstdc++",
                                           "libgcc" };
    for (size_t i = 0; i < sizeof helpers / sizeof *helpers; i++) {
        if (strncmp(library, helpers[i], strlen(helpers[i])) == 0)
            return true;
    }
    return false;
}

/* Whose call it is: the nearest on the stack that is no helper. */
static const char *culprit(void)
{
    void *frames[48];
    int count = backtrace(frames, sizeof frames / sizeof *frames);
    for (int i = 0; i < count; i++) {
        Dl_info from;
        if (dladdr(frames[i], &from) == 0 || from.dli_fname == NULL)
            continue;
        const char *slash = strrchr(from.dli_fname, '/');
        const char *library = slash != NULL ? slash + 1 : from.dli_fname;
        if (!is_helper(library))
            return library;
    }
    return "?";
}

static void note_firing(long number)
{
    if (atomic_exchange(&fault.fired, true))
        return;
    char descriptor[64], path[256];
    snprintf(descriptor, sizeof descriptor, "/proc/self/fd/%d", touched);
    ssize_t length = readlink(descriptor, path, sizeof path - 1);
    path[length > 0 ? length : 0] = '\0';
    note("fired %s %ld in %s on %s\n", fault.call, number, culprit(), path);
}

static enum what verdict(const char *call)
{
    if (!fault.armed || strcmp(call, fault.call) != 0)
        return PASS;
    long number = atomic_fetch_add(&fault.calls, 1) + 1;
    bool due = fault.at > 0 && (fault.onwards ? number >= fault.at : number == fault.at);
    if (!due)
        return PASS;
    note_firing(number);
    if (fault.what == KILL_BEFORE)
        kill(getpid(), SIGKILL);
    if (fault.what == FAIL)
        errno = fault.error;
    return fault.what;
}

static enum what verdict_on(const char *call, int descriptor)
{
    touched = descriptor;
    enum what what = verdict(call);
    touched = -1;
    return what;
}

/* A function that fails by returning `failure` with errno set. */
#define FAULTY(type, name, failure, parameters, arguments)                                         \
    FAULTY_ON(-1, type, name, failure, parameters, arguments)
#define FAULTY_ON(descriptor, type, name, failure, parameters, arguments)                          \
    type name parameters;                                                                          \
    type name parameters                                                                           \
    {                                                                                              \
        static __typeof__(&name) real;                                                             \
        if (real == NULL)                                                                          \
            real = (__typeof__(&name))dlsym(RTLD_NEXT, #name);                                     \
        enum what what = verdict_on(#name, descriptor);                                            \
        if (what == FAIL)                                                                          \
            return failure;                                                                        \
        type result = real arguments;                                                              \
        if (what == KILL_AFTER)                                                                    \
            kill(getpid(), SIGKILL);                                                               \
        return result;                                                                             \
    }

/* ---- files ----------------------------------------------------------------------------------- */

FAULTY_ON(descriptor, int, fdatasync, -1, (int descriptor), (descriptor))
FAULTY_ON(descriptor, int, fsync, -1, (int descriptor), (descriptor))
FAULTY_ON(descriptor, int, ftruncate64, -1, (int descriptor, off64_t length), (descriptor, length))
FAULTY_ON(descriptor, ssize_t, pread64, -1,
          (int descriptor, void *bytes, size_t count, off64_t offset),
          (descriptor, bytes, count, offset))
FAULTY(void *, mmap64, MAP_FAILED,
       (void *address, size_t length, int access, int flags, int descriptor, off64_t offset),
       (address, length, access, flags, descriptor, offset))
FAULTY(int, unlink, -1, (const char *path), (path))
FAULTY(int, rename, -1, (const char *from, const char *to), (from, to))
FAULTY_ON(descriptor, int, fstat64, -1, (int descriptor, struct stat64 *status),
          (descriptor, status))
FAULTY_ON(descriptor, int, unlinkat, -1, (int descriptor, const char *name, int flags),
          (descriptor, name, flags))
FAULTY_ON(descriptor, int, mkdirat, -1, (int descriptor, const char *name, mode_t mode),
          (descriptor, name, mode))
FAULTY_ON(from, int, renameat, -1, (int from, const char *old, int to, const char *new),
          (from, old, to, new))

/* ---- processes ------------------------------------------------------------------------------- */

FAULTY(int, memfd_create, -1, (const char *name, unsigned flags), (name, flags))
FAULTY(int, pipe2, -1, (int ends[2], int flags), (ends, flags))
FAULTY(pid_t, fork, -1, (void), ())
FAULTY(int, signalfd, -1, (int descriptor, const sigset_t *mask, int flags),
       (descriptor, mask, flags))

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset)
{
    static __typeof__(&pwrite64) real;
    if (real == NULL)
        real = (__typeof__(&pwrite64))dlsym(RTLD_NEXT, "pwrite64");
    enum what what = verdict_on("pwrite64", descriptor);
    if (what == FAIL)
        return -1;
    ssize_t result = real(descriptor, bytes, what == SHORT ? (count + 1) / 2 : count, offset);
    if (what == KILL_AFTER)
        kill(getpid(), SIGKILL);
    return result;
}

#define FAULTY_OPEN(name)                                                                          \
    int name(const char *path, int flags, ...)                                                     \
    {                                                                                              \
        static __typeof__(&name) real;                                                             \
        if (real == NULL)                                                                          \
            real = (__typeof__(&name))dlsym(RTLD_NEXT, #name);                                     \
        va_list arguments;                                                                         \
        va_start(arguments, flags);                                                                \
        int mode = va_arg(arguments, int);                                                         \
        va_end(arguments);                                                                         \
        return verdict(#name) == FAIL ? -1 : real(path, flags, mode);                              \
    }
FAULTY_OPEN(open)
FAULTY_OPEN(open64)

/* ---- SQLite: the moment around a COMMIT ------------------------------------------------------ */

int sqlite3_step(sqlite3_stmt *statement)
{
    static __typeof__(&sqlite3_step) real;
    if (real == NULL)
        real = (__typeof__(&sqlite3_step))dlsym(RTLD_NEXT, "sqlite3_step");
    const char *sql = sqlite3_sql(statement); /* SQLite's own have none */
    bool commit = sql != NULL && strcmp(sql, "COMMIT") == 0;
    enum what what = commit ? verdict("commit") : PASS;
    if (what == FAIL)
        return SQLITE_IOERR;
    int result = real(statement);
    if (what == KILL_AFTER)
        kill(getpid(), SIGKILL);
    return result;
}

/* ---- ZeroMQ ---------------------------------------------------------------------------------- */

FAULTY(void *, zmq_ctx_new, NULL, (void), ())
FAULTY(int, zmq_ctx_set, -1, (void *context, int option, int value), (context, option, value))
FAULTY(int, zmq_ctx_term, -1, (void *context), (context))
FAULTY(void *, zmq_socket, NULL, (void *context, int type), (context, type))
FAULTY(int, zmq_bind, -1, (void *socket, const char *endpoint), (socket, endpoint))
FAULTY(int, zmq_connect, -1, (void *socket, const char *endpoint), (socket, endpoint))
FAULTY(int, zmq_setsockopt, -1, (void *socket, int option, const void *value, size_t bytes),
       (socket, option, value, bytes))
FAULTY(int, zmq_socket_monitor, -1, (void *socket, const char *address, int events),
       (socket, address, events))
FAULTY(int, zmq_getsockopt, -1, (void *socket, int option, void *value, size_t *bytes),
       (socket, option, value, bytes))
FAULTY(int, zmq_send, -1, (void *socket, const void *bytes, size_t count, int flags),
       (socket, bytes, count, flags))
FAULTY(int, zmq_msg_recv, -1, (zmq_msg_t * part, void *socket, int flags), (part, socket, flags))
FAULTY(int, zmq_poll, -1, (zmq_pollitem_t * items, int count, long timeout),
       (items, count, timeout))

/* ---- memory: under the names that the C library keeps for this, as dlsym itself allocates --- */

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *old, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);

static bool no_memory(void)
{
    return fault.armed && verdict("malloc") == FAIL;
}

void *malloc(size_t bytes)
{
    return no_memory() ? NULL : __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
    return no_memory() ? NULL : __libc_calloc(count, bytes);
}

void *realloc(void *old, size_t bytes)
{
    return no_memory() ? NULL : __libc_realloc(old, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes)
{
    return no_memory() ? NULL : __libc_memalign(alignment, bytes);
}
