#include "coordinator/cli/progress.h"
#include "common/utf8.h"

#include <inttypes.h>
#include <string.h>

static int64_t finished_of(const struct trial_counts *counts)
{
    return counts->done + counts->pruned + counts->diverged + counts->failed + counts->cancelled;
}

static bool is_better(const struct study_status *study, const struct study_status *than)
{
    if (!study->has_best)
        return false;
    if (than == NULL)
        return true;
    return study->maximize ? study->best_value > than->best_value
                           : study->best_value < than->best_value;
}

struct progress progress_of(const struct message *reply)
{
    struct progress progress = { .done = reply->status_reply.n_studies > 0, .note = "" };
    for (size_t i = 0; i < reply->status_reply.n_studies; i++) {
        const struct study_status *study = &reply->status_reply.studies[i];
        bool open = study->state == SEARCH_OPEN || study->state == SEARCH_PAUSED;
        progress.total =
            study->trials < 0 || progress.total < 0 ? -1 : progress.total + study->trials;
        progress.finished += finished_of(&study->counts);
        progress.running += study->counts.running;
        progress.failed += study->counts.failed;
        progress.stopped = progress.stopped || study->state == SEARCH_STOPPED;
        /* a study that was stopped still lets its running trials finish */
        progress.done = progress.done && !open && study->counts.running == 0;
        if (is_better(study, progress.best))
            progress.best = study;
        /* of one that was left out nothing is wanted */
        if (!study->has_best && study->trials != 0 && progress.barren == NULL)
            progress.barren = study->name;
        if (study->note[0] != '\0' && progress.note[0] == '\0')
            progress.note = study->note;
    }
    if (!progress.done)
        progress.barren = NULL;
    if (reply->status_reply.note[0] != '\0')
        progress.note = reply->status_reply.note;
    return progress;
}

static void add_duration(struct buf *out, double seconds)
{
    if (seconds < 90)
        buf_printf(out, "%.0fs", seconds);
    else if (seconds < 90 * 60)
        buf_printf(out, "%.0fm", seconds / 60);
    else if (seconds < 48 * 3600)
        buf_printf(out, "%.1fh", seconds / 3600);
    else
        buf_printf(out, "%.1fd", seconds / 86400);
}

static void add_rate(struct buf *out, const struct progress *progress, int64_t finished_at_start,
                     int64_t elapsed_ms)
{
    int64_t since = progress->finished - finished_at_start;
    if (since <= 0 || elapsed_ms <= 0)
        return;
    double per_second = (double)since / ((double)elapsed_ms / 1000);
    if (per_second >= 1)
        buf_printf(out, ", %.1f/s", per_second);
    else
        buf_printf(out, ", %.3g/min", 60 * per_second);
    if (progress->total > progress->finished) {
        buf_text(out, ", ");
        add_duration(out, (double)(progress->total - progress->finished) / per_second);
        buf_text(out, " left");
    }
}

void progress_cut(struct buf *out, int columns)
{
    size_t length = out->length;
    if (columns <= 0 || length <= (size_t)columns)
        return;
    length = (size_t)columns;
    while (length > 0 && utf8_continues(out->bytes[length]))
        length--;
    out->bytes[length] = '\0';
    out->length = length;
}

void progress_line(struct buf *out, const struct progress *progress, int64_t finished_at_start,
                   int64_t elapsed_ms, int columns)
{
    buf_clear(out);
    buf_printf(out, "%" PRId64, progress->finished);
    if (progress->total >= 0)
        buf_printf(out, "/%" PRId64, progress->total);
    buf_printf(out, " done, %" PRId64 " running, %" PRId64 " failed", progress->running,
               progress->failed);
    if (progress->best != NULL)
        buf_printf(out, ", best %s %.6g (%s, trial %" PRId64 ")", progress->best->metric,
                   progress->best->best_value, progress->best->name, progress->best->best_trial);
    add_rate(out, progress, finished_at_start, elapsed_ms);
    if (progress->note[0] != '\0' && !progress->done)
        buf_printf(out, "; %s", progress->note);
    utf8_mask_controls(out->bytes, ' '); /* a note may have several lines, or what a run printed */
    out->length = strlen(out->bytes);
    progress_cut(out, columns);
}
