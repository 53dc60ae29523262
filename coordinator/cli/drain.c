/* ldt drain - workers that shall take nothing new and leave. */
#include "coordinator/cli/arguments.h"
#include "coordinator/cli/ask.h"

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

int command_drain(const struct context *context, int argc, char **argv)
{
    static const struct argp_option options[] = {
        { "all", ARGUMENT_ALL, 0, 0, "All workers that are here", 0 },
        { "now", ARGUMENT_NOW, 0, 0, "Hand trials back, after a checkpoint, rather than finish",
          0 },
        { 0 },
    };
    static const struct verb verb = {
        .name = "ldt drain",
        .words = "WORKER... | --all",
        .help = "Tells workers, by the names that `ldt workers` shows, to take nothing new and to "
                "leave when their trials are done. A worker started later under such a name is "
                "not concerned.",
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
    return ask(&arguments.context, &question, MESSAGE_DRAINED, print_drained);
}
