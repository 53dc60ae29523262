#include "coordinator/cli/watch.h"
#include "common/clock.h"
#include "common/log.h"
#include "coordinator/cli/arguments.h"
#include "coordinator/cli/client.h"
#include "coordinator/cli/progress.h"
#include "coordinator/cli/study_rows.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum {
    POLL_MS = 1000,
    LINE_MS = 60000,   /* between two lines where nobody looks */
    SILENCE_MS = 60000 /* a coordinator may be restarted meanwhile */
};

struct watch {
    const struct context *context;
    const char *search;
    struct client *client;
    bool quiet; /* nothing on standard output */
    bool terminal;
    bool silent; /* has been said */
    int64_t started_ms, heard_ms, logged_ms;
    int64_t finished_at_start; /* -1: not known yet */
    struct buf line;
};

static volatile sig_atomic_t interrupted;

static void note_interrupt(int signal_number)
{
    interrupted = 1;
}

/* Without SA_RESTART, so that waiting ends. */
static void catch_interrupt(struct sigaction *former)
{
    struct sigaction action = { .sa_handler = note_interrupt };
    interrupted = 0;
    sigaction(SIGINT, &action, former);
}

static int terminal_columns(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col - 1 : 79;
}

static void clear_line(const struct watch *watch)
{
    if (watch->terminal)
        fputs("\r\x1b[K", stderr);
}

static void show(struct watch *watch, const struct progress *progress)
{
    int64_t now = clock_monotonic_ms();
    if (watch->finished_at_start < 0)
        watch->finished_at_start = progress->finished;
    bool due = watch->logged_ms < 0 || now - watch->logged_ms >= LINE_MS || progress->done;
    if (!watch->terminal && !due)
        return;
    progress_line(&watch->line, progress, watch->finished_at_start, now - watch->started_ms,
                  watch->terminal ? terminal_columns() : 0);
    watch->logged_ms = now;
    if (watch->terminal) {
        clear_line(watch);
        fputs(watch->line.bytes, stderr);
    } else {
        log_event(LOG_INFO, "progress", "search=%s state=%s", watch->search,
                  log_quote(watch->line.bytes));
    }
}

/* A coordinator that was started again may listen elsewhere: the address is looked up anew. */
static bool reconnect(struct watch *watch, int *status)
{
    int64_t silence = clock_monotonic_ms() - watch->heard_ms;
    if (silence >= SILENCE_MS) {
        clear_line(watch);
        *status = client_complain_silent(watch->client);
        return false;
    }
    if (!watch->silent) {
        clear_line(watch);
        complain("%s does not answer; still trying", client_info(watch->client)->client);
    }
    watch->silent = true;
    client_close(&watch->client);
    watch->client = client_open(watch->context, status);
    return watch->client != NULL;
}

/* What is printed at the end, and what the exit status says of it. */
static int finish(const struct watch *watch, const struct progress *progress,
                  const struct message *answer)
{
    int status = watch->quiet ? EXIT_OK : study_rows_print(watch->context->format, answer);
    if (progress->stopped)
        complain("%s was stopped before its end: %s", watch->search, log_quote(progress->note));
    else if (progress->barren != NULL)
        complain("no trial of %s has a value; `ldt trials %s` shows the reasons", progress->barren,
                 progress->barren);
    return status == EXIT_OK && (progress->stopped || progress->barren != NULL) ? EXIT_FAILED
                                                                                : status;
}

/* One question; true while there is more to watch. */
static bool look(struct watch *watch, int *status)
{
    const struct message question = { .type = MESSAGE_STATUS, .status.name = watch->search };
    struct message answer;
    enum client_result result = client_ask(watch->client, &question, CLIENT_PATIENCE_MS, &answer);
    if (result != CLIENT_ANSWERED)
        return interrupted || reconnect(watch, status);
    watch->heard_ms = clock_monotonic_ms();
    watch->silent = false;
    if (answer.type != MESSAGE_STATUS_REPLY) {
        clear_line(watch);
        complain("%s", answer.type == MESSAGE_ERROR ? answer.error.text : "an unexpected answer");
        *status = answer.type == MESSAGE_ERROR && answer.error.code == ERROR_NOT_FOUND
                      ? EXIT_NOT_FOUND
                      : EXIT_FAILED;
        return answer.type == MESSAGE_ERROR && answer.error.code == ERROR_BUSY;
    }
    struct progress progress = progress_of(&answer);
    show(watch, &progress);
    if (!progress.done)
        return true;
    if (watch->terminal)
        fputc('\n', stderr);
    *status = finish(watch, &progress, &answer);
    return false;
}

static void pause_until_next_look(int64_t ms)
{
    struct timespec pause = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
    nanosleep(&pause, NULL); /* ends early by a signal */
}

static int watch_until_done(struct watch *watch)
{
    int status = EXIT_OK;
    while (!interrupted && look(watch, &status))
        if (!interrupted)
            pause_until_next_look(POLL_MS);
    if (!interrupted)
        return status;
    clear_line(watch);
    complain("no longer watching. %s goes on; `ldt status %s --watch` shows it and `ldt stop %s` "
             "ends it",
             watch->search, watch->search, watch->search);
    return EXIT_INTERRUPTED;
}

static int watch(const struct context *context, const char *search, bool quiet)
{
    int status = EXIT_OK;
    struct sigaction former;
    struct watch it = {
        .context = context,
        .search = search,
        .quiet = quiet,
        .client = client_open(context, &status),
        .terminal = isatty(STDERR_FILENO),
        .started_ms = clock_monotonic_ms(),
        .heard_ms = clock_monotonic_ms(),
        .logged_ms = -1,
        .finished_at_start = -1,
    };
    if (it.client == NULL)
        return status;
    buf_init(&it.line, 64 << 10);
    catch_interrupt(&former);
    status = watch_until_done(&it);
    sigaction(SIGINT, &former, NULL);
    buf_free(&it.line);
    client_close(&it.client);
    return status;
}

int watch_search(const struct context *context, const char *search)
{
    return watch(context, search, false);
}

int watch_quietly(const struct context *context, const char *search)
{
    return watch(context, search, true);
}
