/* ldt status - how far the searches are, from the coordinator. */
#include "coordinator/cli/status.h"
#include "coordinator/cli/arguments.h"
#include "coordinator/cli/ask.h"
#include "coordinator/cli/output.h"
#include "coordinator/cli/watch.h"

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

int status_print(enum output_format format, const struct message *reply)
{
    bool table = format == OUTPUT_TABLE;
    struct error error;
    struct output *output = output_begin(format, stdout);
    for (size_t i = 0; i < COLUMNS; i++)
        if (columns[i].in_table || !table)
            output_column(output, columns[i].name);
    for (size_t i = 0; i < reply->status_reply.n_studies; i++)
        put_study(output, &reply->status_reply.studies[i], table);
    if (output_end(&output, &error))
        return EXIT_OK;
    complain("%s", error.text);
    return EXIT_FAILED;
}

static int show(const struct context *context, const struct message *question,
                const struct message *answer)
{
    if (answer->status_reply.note[0] != '\0')
        complain("the coordinator says: %s", answer->status_reply.note);
    if (answer->status_reply.n_studies == 0)
        complain("there are no searches yet: submit one with `ldt submit FILE`");
    if (answer->status_reply.n_studies == 0 && context->format == OUTPUT_TABLE)
        return EXIT_OK;
    return status_print(context->format, answer);
}

int command_status(const struct context *context, int argc, char **argv)
{
    static const struct argp_option options[] = {
        { "watch", ARGUMENT_WATCH, 0, 0,
          "Stay, and show how far NAME is until it is done; the exit status is that of `ldt submit "
          "--watch`",
          0 },
        { 0 },
    };
    static const struct verb verb = {
        .name = "ldt status",
        .words = "[NAME]",
        .help = "Shows how far each study is, of one search or of all. Asks the coordinator.",
        .options = options,
        .maximum = 1,
    };
    struct arguments arguments;
    arguments_parse(&arguments, &verb, context, argc, argv);
    const char *name = arguments.n_words > 0 ? arguments.words[0] : "";
    if (arguments.watch && name[0] == '\0') {
        complain("status: --watch needs the NAME of a search or study");
        return EXIT_USAGE;
    }
    if (arguments.watch)
        return watch_search(&arguments.context, name);
    const struct message question = { .type = MESSAGE_STATUS, .status.name = name };
    return ask(&arguments.context, &question, MESSAGE_STATUS_REPLY, show);
}
