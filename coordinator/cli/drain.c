/* ldt drain - workers that shall take nothing new and leave. */
#include "coordinator/cli/arguments.h"
#include "coordinator/cli/ask.h"
#include "coordinator/cli/counted.h"
#include "coordinator/cli/departure.h"
#include "coordinator/cli/follow.h"
#include "coordinator/cli/progress.h"

#include <stdio.h>

static int print_drained(const struct context *context, const struct message *question,
                         const struct message *answer)
{
    struct line line = { 0 };
    char first[128] = "";
    if (answer->drained.running > 0)
        snprintf(first, sizeof first, ", with %s %s",
                 counted(answer->drained.running, "trial", "trials"),
                 question->drain.now ? "handed back first"
                                     : "to finish first (--now hands them back)");
    line_say(&line, "%s to leave%s", counted(answer->drained.workers, "worker is", "workers are"),
             first);
    line_integer(&line, "workers", answer->drained.workers);
    line_integer(&line, "running", answer->drained.running);
    line_flag(&line, "now", question->drain.now);
    return line_print(&line, context->format);
}

/* ---- --wait */

static int finish(const struct follow *follow, const struct departure *departure,
                  const struct message *answer)
{
    size_t lost = departure_lost(departure);
    if (answer->status_reply.note[0] != '\0')
        complain("the coordinator says: %s", answer->status_reply.note);
    if (lost > 0) {
        complain("%s silent, and did not say goodbye: killed, cut off, or of an older release. "
                 "`ldt workers` lists them; look before you switch a machine off",
                 counted((int64_t)lost, "worker fell", "workers fell"));
        return EXIT_FAILED;
    }
    if (follow->context->format == OUTPUT_TABLE) /* JSON and CSV are one document */
        puts(departure->n_names == 1 ? "it has left" : "all of them have left");
    return EXIT_OK;
}

static void show(struct follow *follow, const struct departure *departure,
                 const struct message *answer)
{
    char here[32];
    if (!follow_wants_line(follow, false))
        return;
    snprintf(here, sizeof here, "workers=%zu", departure->here);
    departure_say(&follow->line, departure, answer);
    progress_cut(&follow->line, follow_columns(follow));
    follow_show(follow, "draining", here, false);
}

static bool look(struct follow *follow, const struct message *answer, int *status)
{
    struct departure *departure = follow->data;
    departure_look(departure, answer);
    bool over = departure_over(departure);
    if (!over) {
        show(follow, departure, answer);
        return true;
    }
    follow_clear(follow);
    *status = finish(follow, departure, answer);
    return false;
}

static int wait_until_left(const struct arguments *arguments)
{
    struct departure departure = { .names = arguments->words,
                                   .n_names = (size_t)arguments->n_words };
    struct follow follow = {
        .context = &arguments->context,
        .question = { .type = MESSAGE_STATUS, .status = { "", true } },
        .wanted = MESSAGE_STATUS_REPLY,
        .look = look,
        .data = &departure,
    };
    int status = follow_until_over(&follow);
    if (status == EXIT_INTERRUPTED)
        complain("no longer waiting. The workers leave all the same when they are done; `ldt "
                 "workers` says who is still here, and the same command waits again");
    return status;
}

/* ---- the verb */

int command_drain(const struct context *context, int argc, char **argv)
{
    static const struct argp_option options[] = {
        { "all", ARGUMENT_ALL, 0, 0, "All workers that are here", 0 },
        { "now", ARGUMENT_NOW, 0, 0, "Hand trials back, after a checkpoint, rather than finish",
          0 },
        { "wait", ARGUMENT_WAIT, 0, 0, "Stay until they have left", 0 },
        { 0 },
    };
    static const struct verb verb = {
        .name = "ldt drain",
        .words = "WORKER... | --all",
        .help = "Tells workers, by the names that `ldt workers` shows, to take nothing new and to "
                "leave when their trials are done. A worker started later under such a name is "
                "not concerned. With --wait the exit status is 0 when all have said that they "
                "leave, with nothing left to do: their machines may be switched off. It is 1 when "
                "one of them has been silent for two minutes instead; Ctrl-C ends the waiting "
                "only.",
        .options = options,
        .maximum = -1,
    };
    struct arguments arguments;
    arguments_parse(&arguments, &verb, context, argc, argv);
    if (arguments.all == (arguments.n_words > 0)) {
        complain("name the workers that shall leave, or say --all%s",
                 arguments.all ? ", not both" : "");
        return EXIT_USAGE;
    }
    if (arguments.n_words > MESSAGE_MAX_DRAIN) {
        complain("at most %d workers can be named at once; --all means every one",
                 MESSAGE_MAX_DRAIN);
        return EXIT_USAGE;
    }
    struct message question = { .type = MESSAGE_DRAIN };
    question.drain.workers = (const char **)arguments.words;
    question.drain.n_workers = (size_t)arguments.n_words;
    question.drain.all = arguments.all;
    question.drain.now = arguments.now;
    int status = ask(&arguments.context, &question, MESSAGE_DRAINED, print_drained);
    return status == EXIT_OK && arguments.wait ? wait_until_left(&arguments) : status;
}
