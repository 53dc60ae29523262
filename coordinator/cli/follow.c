#include "coordinator/cli/follow.h"
#include "common/clock.h"
#include "common/log.h"
#include "coordinator/cli/arguments.h"
#include "coordinator/cli/client.h"

#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum {
    POLL_MS = 1000,
    LINE_MS = 60000,    /* between two lines where nobody looks */
    SILENCE_MS = 60000, /* a coordinator may be restarted meanwhile */
    LINE_BYTES = 64 << 10
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

/* ---- the line */

bool follow_wants_line(struct follow *follow, bool last)
{
    int64_t now = clock_monotonic_ms();
    bool due = last || follow->shown_ms < 0 || now - follow->shown_ms >= LINE_MS;
    if (due)
        follow->shown_ms = now;
    return due || follow->terminal;
}

int follow_columns(const struct follow *follow)
{
    struct winsize size;
    if (!follow->terminal)
        return 0;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col - 1 : 79;
}

void follow_clear(const struct follow *follow)
{
    if (follow->terminal)
        fputs("\r\x1b[K", stderr);
}

void follow_show(struct follow *follow, const char *event, const char *field, bool last)
{
    if (!follow->terminal) {
        log_event(LOG_INFO, event, "%s state=%s", field, log_quote(follow->line.bytes));
        return;
    }
    follow_clear(follow);
    fputs(follow->line.bytes, stderr);
    if (last)
        fputc('\n', stderr);
}

/* ---- question and answer */

/* A coordinator that was started again may listen elsewhere: the address is looked up anew. */
static bool reconnect(struct follow *follow, int *status)
{
    int64_t silence = clock_monotonic_ms() - follow->heard_ms;
    if (silence >= SILENCE_MS) {
        follow_clear(follow);
        *status = client_complain_silent(follow->client);
        return false;
    }
    if (!follow->silent) {
        follow_clear(follow);
        complain("%s does not answer; still trying", client_info(follow->client)->client);
    }
    follow->silent = true;
    client_close(&follow->client);
    follow->client = client_open(follow->context, status);
    return follow->client != NULL;
}

/* True if it may be asked again all the same. */
static bool take_refusal(const struct follow *follow, const struct message *answer, int *status)
{
    bool is_error = answer->type == MESSAGE_ERROR;
    follow_clear(follow);
    complain("%s", is_error ? answer->error.text : "an unexpected answer");
    *status = is_error && answer->error.code == ERROR_NOT_FOUND ? EXIT_NOT_FOUND : EXIT_FAILED;
    return is_error && answer->error.code == ERROR_BUSY;
}

/* One question; true while there is more to follow. */
static bool ask_once(struct follow *follow, int *status)
{
    struct message answer;
    enum client_result result =
        client_ask(follow->client, &follow->question, CLIENT_PATIENCE_MS, &answer);
    if (result != CLIENT_ANSWERED)
        return interrupted || reconnect(follow, status);
    follow->heard_ms = clock_monotonic_ms();
    follow->silent = false;
    if (answer.type != follow->wanted)
        return take_refusal(follow, &answer, status);
    *status = EXIT_OK;
    return follow->look(follow, &answer, status);
}

static void pause_until_next_question(int64_t ms)
{
    struct timespec pause = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
    nanosleep(&pause, NULL); /* ends early by a signal */
}

int follow_until_over(struct follow *follow)
{
    int status = EXIT_OK;
    struct sigaction former;
    follow->client = client_open(follow->context, &status);
    if (follow->client == NULL)
        return status;
    follow->terminal = isatty(STDERR_FILENO);
    follow->started_ms = follow->heard_ms = clock_monotonic_ms();
    follow->shown_ms = -1;
    buf_init(&follow->line, LINE_BYTES);
    catch_interrupt(&former);
    while (!interrupted && ask_once(follow, &status))
        if (!interrupted)
            pause_until_next_question(POLL_MS);
    if (interrupted)
        follow_clear(follow);
    sigaction(SIGINT, &former, NULL);
    buf_free(&follow->line);
    client_close(&follow->client);
    return interrupted ? EXIT_INTERRUPTED : status;
}
