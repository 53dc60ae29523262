/* ldt status - how far the searches are, from the coordinator. */
#include "coordinator/cli/arguments.h"
#include "coordinator/cli/ask.h"
#include "coordinator/cli/study_rows.h"
#include "coordinator/cli/watch.h"

static int show(const struct context *context, const struct message *question,
                const struct message *answer)
{
    if (answer->status_reply.note[0] != '\0')
        complain("the coordinator says: %s", answer->status_reply.note);
    if (answer->status_reply.n_studies == 0)
        complain("there are no searches yet: submit one with `ldt submit FILE`");
    if (answer->status_reply.n_studies == 0 && context->format == OUTPUT_TABLE)
        return EXIT_OK;
    return study_rows_print(context->format, answer);
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
