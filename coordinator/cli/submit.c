/* ldt submit - checks a spec, hands it to the coordinator, and follows it if asked to. */
#include "common/json.h"
#include "common/xalloc.h"
#include "coordinator/cli/arguments.h"
#include "coordinator/cli/ask.h"
#include "coordinator/cli/client.h"
#include "coordinator/cli/counted.h"
#include "coordinator/cli/spec_file.h"
#include "coordinator/cli/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { KEY_BYTES = 16 };

/* Drawn once for each submission: however often the message is sent, it is one search. */
static bool draw_key(char text[2 * KEY_BYTES + 1])
{
    unsigned char bytes[KEY_BYTES];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return false;
    for (size_t i = 0; i < KEY_BYTES; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    return true;
}

static int print_submitted(enum output_format format, const struct message *answer)
{
    struct line line = { 0 };
    line_say(&line, "%s: %s, %s%s", answer->submitted.search,
             counted(answer->submitted.studies, "study", "studies"),
             counted(answer->submitted.trials, "trial", "trials"),
             answer->submitted.already ? " (had been submitted already)" : "");
    line_text(&line, "search", answer->submitted.search);
    line_integer(&line, "studies", answer->submitted.studies);
    line_integer(&line, "trials", answer->submitted.trials);
    line_flag(&line, "already", answer->submitted.already);
    return line_print(&line, format);
}

/* *search is malloc'd: the name to watch. */
static int submit(const struct context *context, const struct spec *spec, bool quiet, char **search)
{
    char key[2 * KEY_BYTES + 1];
    struct message answer;
    int status;
    if (!draw_key(key)) {
        complain("cannot draw a random submit key: the system's generator is not ready");
        return EXIT_FAILED;
    }
    struct client *client = client_open(context, &status);
    if (client == NULL)
        return status;
    char *definition = json_text(spec->document);
    const struct message question = { .type = MESSAGE_SUBMIT,
                                      .submit = { key, definition, spec->text } };
    status = client_knock(client);
    if (status == EXIT_OK) /* a search of many studies takes its time */
        status =
            client_expect(client, &question, CLIENT_LONG_PATIENCE_MS, MESSAGE_SUBMITTED, &answer);
    if (status == EXIT_OK) {
        *search = xstrdup(answer.submitted.search);
        if (!quiet)
            status = print_submitted(context->format, &answer);
    }
    free(definition);
    client_close(&client);
    return status;
}

static void say_how_to_follow(const char *search)
{
    fprintf(stderr, "`ldt status %s` shows how far it is, `ldt best %s` the best so far\n", search,
            search);
}

int command_submit(const struct context *context, int argc, char **argv)
{
    static const struct argp_option options[] = {
        { "watch", ARGUMENT_WATCH, 0, 0, "Stay, and show how far it is until it is done", 0 },
        { 0 },
    };
    static const struct verb verb = {
        .name = "ldt submit",
        .words = "FILE",
        .help =
            "Submits a search; FILE may be - for standard input. With --watch the exit status is 0 "
            "when the search is done and 1 when it was stopped or one of its studies has no value; "
            "Ctrl-C ends the watching only.",
        .options = options,
        .minimum = 1,
        .maximum = 1,
    };
    struct arguments arguments;
    char *search = NULL;
    int status;
    arguments_parse(&arguments, &verb, context, argc, argv);
    struct spec *spec = spec_file_load(arguments.words[0], &status);
    if (spec == NULL)
        return status;
    /* JSON and CSV are one document: with --watch that is the studies at the end */
    bool quiet = arguments.watch && arguments.context.format != OUTPUT_TABLE;
    status = submit(&arguments.context, spec, quiet, &search);
    if (status == EXIT_OK && arguments.watch)
        status = watch_search(&arguments.context, search);
    else if (status == EXIT_OK && arguments.context.format == OUTPUT_TABLE)
        say_how_to_follow(search);
    free(search);
    spec_destroy(&spec);
    return status;
}
