/* ldt stop - no more trials of a search or study. */
#include "coordinator/cli/arguments.h"
#include "coordinator/cli/client.h"
#include "coordinator/cli/output.h"

#include <inttypes.h>

static int print_stopped(enum output_format format, const char *name, const struct message *answer,
                         bool now)
{
    struct error error;
    if (format == OUTPUT_TABLE) {
        printf("%s: %" PRId64 " %s stopped, %" PRId64 " trials cancelled%s\n", name,
               answer->stopped.studies, answer->stopped.studies == 1 ? "study" : "studies",
               answer->stopped.cancelled,
               now ? "" : "; running trials finish (--now cancels them, too)");
        return EXIT_OK;
    }
    struct output *output = output_begin(format, stdout);
    output_column(output, "name");
    output_column(output, "studies");
    output_column(output, "cancelled");
    output_text(output, name);
    output_integer(output, answer->stopped.studies);
    output_integer(output, answer->stopped.cancelled);
    if (output_end(&output, &error))
        return EXIT_OK;
    complain("%s", error.text);
    return EXIT_FAILED;
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
    struct message answer;
    int status;
    arguments_parse(&arguments, &verb, context, argc, argv);
    const char *name = arguments.words[0];
    const struct message question = { .type = MESSAGE_STOP, .stop = { name, arguments.now } };
    struct client *client = client_open(&arguments.context, &status);
    if (client == NULL)
        return status;
    status = client_expect(client, &question, CLIENT_PATIENCE_MS, MESSAGE_STOPPED, &answer);
    if (status == EXIT_OK)
        status = print_stopped(arguments.context.format, name, &answer, arguments.now);
    client_close(&client);
    return status;
}
