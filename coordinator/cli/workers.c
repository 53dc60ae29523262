/* ldt workers - who works for this coordinator, and who has lately. */
#include "coordinator/cli/arguments.h"
#include "coordinator/cli/ask.h"
#include "coordinator/cli/output.h"

#include <stdlib.h>
#include <string.h>

static const char *const drains[] = { "no", "when done", "now" }; /* enum worker_drain */

/* Who is here, by name; then who has left, the latest first. */
static int compare_workers(const void *left, const void *right)
{
    const struct worker_status *a = left, *b = right;
    if (a->connected != b->connected)
        return b->connected - a->connected;
    if (!a->connected && a->seen_ms_ago != b->seen_ms_ago)
        return a->seen_ms_ago < b->seen_ms_ago ? -1 : 1;
    return strcmp(a->name, b->name);
}

static int print_workers(enum output_format format, const struct message *reply)
{
    static const char *const columns[] = { "worker", "host",       "slots", "busy",  "commands",
                                           "here",   "seen_s_ago", "done",  "failed",
                                           "leaves", "note" };
    struct output *output = output_begin(format, stdout);
    if (reply->status_reply.n_workers > 0)
        qsort(reply->status_reply.workers, reply->status_reply.n_workers,
              sizeof *reply->status_reply.workers, compare_workers);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        output_column(output, columns[i]);
    for (size_t i = 0; i < reply->status_reply.n_workers; i++) {
        const struct worker_status *worker = &reply->status_reply.workers[i];
        output_text(output, worker->name);
        output_text(output, worker->host);
        output_integer(output, worker->slots);
        output_integer(output, worker->busy);
        output_flag(output, worker->allow_command);
        output_flag(output, worker->connected);
        output_integer(output, worker->seen_ms_ago / 1000);
        output_integer(output, worker->done);
        output_integer(output, worker->failed);
        output_text(output, drains[worker->drain]);
        output_text(output, worker->note);
    }
    return output_finish(&output, EXIT_OK);
}

static int show(const struct context *context, const struct message *question,
                const struct message *answer)
{
    if (answer->status_reply.note[0] != '\0')
        complain("the coordinator says: %s", answer->status_reply.note);
    if (answer->status_reply.n_workers == 0)
        complain("there are no workers yet: start one with `ldt-worker`");
    if (answer->status_reply.n_workers == 0 && context->format == OUTPUT_TABLE)
        return EXIT_OK;
    return print_workers(context->format, answer);
}

int command_workers(const struct context *context, int argc, char **argv)
{
    static const struct verb verb = {
        .name = "ldt workers",
        .words = "",
        .help = "Lists the workers that are connected, and those that left within a day. A worker "
                "that ends in good order says goodbye: it is not `here` from then on, and its note "
                "says why it left. One that goes without a word counts as `here` until it has been "
                "silent for four leases, two minutes if the coordinator's --lease is as it comes. "
                "`done` and `failed` are attempts; of those before the coordinator started, only "
                "the latest of each trial counts.",
    };
    struct arguments arguments;
    arguments_parse(&arguments, &verb, context, argc, argv);
    const struct message question = { .type = MESSAGE_STATUS, .status = { "", true } };
    return ask(&arguments.context, &question, MESSAGE_STATUS_REPLY, show);
}
