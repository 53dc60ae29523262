/* ldt stop - no more trials of a search or study. */
#include "coordinator/cli/arguments.h"
#include "coordinator/cli/ask.h"
#include "coordinator/cli/counted.h"

static int print_stopped(const struct context *context, const struct message *question,
                         const struct message *answer)
{
    struct line line = { 0 };
    line_say(&line, "%s: %s, %s cancelled%s", question->stop.name,
             answer->stopped.studies == 0
                 ? "it had ended or was stopped already"
                 : counted(answer->stopped.studies, "study stopped", "studies stopped"),
             counted(answer->stopped.cancelled, "trial", "trials"),
             question->stop.now ? "" : "; what still runs may finish (--now cancels it, too)");
    line_text(&line, "name", question->stop.name);
    line_integer(&line, "studies", answer->stopped.studies);
    line_integer(&line, "cancelled", answer->stopped.cancelled);
    return line_print(&line, context->format);
}

int command_stop(const struct context *context, int argc, char **argv)
{
    static const struct argp_option options[] = {
        { "now", ARGUMENT_NOW, 0, 0, "Cancel the running trials, too", 0 },
        { 0 },
    };
    static const struct verb verb = {
        .name = "ldt stop",
        .words = "NAME",
        .help =
            "Stops a search or one of its studies; running trials finish unless --now is given.",
        .options = options,
        .minimum = 1,
        .maximum = 1,
    };
    struct arguments arguments;
    arguments_parse(&arguments, &verb, context, argc, argv);
    const struct message question = { .type = MESSAGE_STOP,
                                      .stop = { arguments.words[0], arguments.now } };
    return ask(&arguments.context, &question, MESSAGE_STOPPED, print_stopped);
}
