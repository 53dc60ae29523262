#include "coordinator/cli/watch.h"
#include "common/clock.h"
#include "common/log.h"
#include "coordinator/cli/arguments.h"
#include "coordinator/cli/follow.h"
#include "coordinator/cli/progress.h"
#include "coordinator/cli/study_rows.h"

#include <stdio.h>

struct watch {
    const char *search;
    bool quiet;                /* nothing on standard output */
    int64_t finished_at_start; /* -1: not known yet */
};

static void show(struct follow *follow, const struct progress *progress)
{
    struct watch *watch = follow->data;
    if (watch->finished_at_start < 0)
        watch->finished_at_start = progress->finished;
    if (!follow_wants_line(follow, progress->done))
        return;
    char name[sizeof "search=" + MESSAGE_MAX_STUDY_NAME];
    snprintf(name, sizeof name, "search=%s", watch->search);
    progress_line(&follow->line, progress, watch->finished_at_start,
                  clock_monotonic_ms() - follow->started_ms, follow_columns(follow));
    follow_show(follow, "progress", name, progress->done);
}

/* What is printed at the end, and what the exit status says of it. */
static int finish(const struct follow *follow, const struct progress *progress,
                  const struct message *answer)
{
    const struct watch *watch = follow->data;
    int status = watch->quiet ? EXIT_OK : study_rows_print(follow->context->format, answer);
    if (progress->stopped)
        complain("%s was stopped before its end: %s", watch->search, log_quote(progress->note));
    else if (progress->barren != NULL)
        complain("no trial of %s has a value; `ldt trials %s` shows the reasons", progress->barren,
                 progress->barren);
    return status == EXIT_OK && (progress->stopped || progress->barren != NULL) ? EXIT_FAILED
                                                                                : status;
}

static bool look(struct follow *follow, const struct message *answer, int *status)
{
    struct progress progress = progress_of(answer);
    show(follow, &progress);
    if (progress.done)
        *status = finish(follow, &progress, answer);
    return !progress.done;
}

static int watch(const struct context *context, const char *search, bool quiet)
{
    struct watch watch = { .search = search, .quiet = quiet, .finished_at_start = -1 };
    struct follow follow = {
        .context = context,
        .question = { .type = MESSAGE_STATUS, .status.name = search },
        .wanted = MESSAGE_STATUS_REPLY,
        .look = look,
        .data = &watch,
    };
    int status = follow_until_over(&follow);
    if (status == EXIT_INTERRUPTED)
        complain("no longer watching. %s goes on; `ldt status %s --watch` shows it and `ldt stop "
                 "%s` ends it",
                 search, search, search);
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
