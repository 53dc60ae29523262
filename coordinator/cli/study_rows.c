#include "coordinator/cli/study_rows.h"
#include "coordinator/cli/arguments.h"
#include "coordinator/cli/output.h"

#include <time.h>

static const char *const states[] = {
    [SEARCH_OPEN] = "open",
    [SEARCH_PAUSED] = "paused",
    [SEARCH_STOPPED] = "stopped",
    [SEARCH_DONE] = "done",
};

/* Columns of all formats, and those that a table leaves out because few look at them. */
static const struct {
    const char *name;
    bool in_table;
} columns[] = {
    { "study", true },   { "state", true },      { "trials", true },   { "waiting", true },
    { "running", true }, { "done", true },       { "pruned", true },   { "diverged", true },
    { "failed", true },  { "cancelled", false }, { "metric", true },   { "goal", false },
    { "best", true },    { "best_trial", true }, { "created", false }, { "finished", false },
    { "note", true },
};
enum { COLUMNS = sizeof columns / sizeof *columns };

/* ISO 8601 in UTC; null while it has not happened. */
static void put_time(struct output *output, int64_t wall_ms)
{
    char text[32];
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm utc;
    if (wall_ms <= 0 || gmtime_r(&seconds, &utc) == NULL)
        output_null(output);
    else if (strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc) > 0)
        output_text(output, text);
}

static void put_study(struct output *output, const struct study_status *study, bool table)
{
    const struct trial_counts *counts = &study->counts;
    output_text(output, study->name);
    output_text(output, states[study->state]);
    if (study->trials >= 0)
        output_integer(output, study->trials);
    else
        output_null(output);
    output_integer(output, counts->waiting);
    output_integer(output, counts->running);
    output_integer(output, counts->done);
    output_integer(output, counts->pruned);
    output_integer(output, counts->diverged);
    output_integer(output, counts->failed);
    if (!table)
        output_integer(output, counts->cancelled);
    output_text(output, study->metric);
    if (!table)
        output_text(output, study->maximize ? "maximize" : "minimize");
    if (study->has_best) {
        output_real(output, study->best_value);
        output_integer(output, study->best_trial);
    } else {
        output_null(output);
        output_null(output);
    }
    if (!table) {
        put_time(output, study->created_wall_ms);
        put_time(output, study->finished_wall_ms);
    }
    output_text(output, study->note);
}

int study_rows_print(enum output_format format, const struct message *reply)
{
    bool table = format == OUTPUT_TABLE;
    struct output *output = output_begin(format, stdout);
    for (size_t i = 0; i < COLUMNS; i++)
        if (columns[i].in_table || !table)
            output_column(output, columns[i].name);
    for (size_t i = 0; i < reply->status_reply.n_studies; i++)
        put_study(output, &reply->status_reply.studies[i], table);
    return output_finish(&output, EXIT_OK);
}
