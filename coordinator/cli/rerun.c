/* ldt rerun - the best configurations of a finished study again, on seeds that no search uses. */
#include "coordinator/cli/arguments.h"
#include "coordinator/cli/client.h"
#include "coordinator/cli/output.h"

#include <inttypes.h>

enum { RERUN_BEST = 1, RERUN_SEEDS = 8 };

static int print_rerunning(enum output_format format, const struct message *answer)
{
    struct error error;
    if (format == OUTPUT_TABLE) {
        printf("%s", answer->rerunning.name);
        if (answer->rerunning.studies > 1)
            printf(" and %" PRId64 " more", answer->rerunning.studies - 1);
        printf(": %" PRId64 " trials%s\n", answer->rerunning.trials,
               answer->rerunning.already ? " (had been asked for already)" : "");
        return EXIT_OK;
    }
    struct output *output = output_begin(format, stdout);
    output_column(output, "study");
    output_column(output, "studies");
    output_column(output, "trials");
    output_column(output, "already");
    output_text(output, answer->rerunning.name);
    output_integer(output, answer->rerunning.studies);
    output_integer(output, answer->rerunning.trials);
    output_flag(output, answer->rerunning.already);
    if (output_end(&output, &error))
        return EXIT_OK;
    complain("%s", error.text);
    return EXIT_FAILED;
}

static bool check_counts(const struct message *question)
{
    if (question->rerun.best > MESSAGE_MAX_RERUN_BEST)
        complain("--best is at most %d", MESSAGE_MAX_RERUN_BEST);
    else if (question->rerun.seeds > MESSAGE_MAX_RERUN_SEEDS)
        complain("--seeds is at most %d", MESSAGE_MAX_RERUN_SEEDS);
    else
        return true;
    return false;
}

int command_rerun(const struct context *context, int argc, char **argv)
{
    static const struct argp_option options[] = {
        { "best", ARGUMENT_BEST, "N", 0, "How many of the best configurations (default 1)", 0 },
        { "seeds", ARGUMENT_SEEDS, "K", 0, "Runs of each, on seeds of their own (default 8)", 0 },
        { 0 },
    };
    static const struct verb verb = {
        .name = "ldt rerun",
        .words = "STUDY|SEARCH",
        .help = "Runs the best configurations of a finished study, or of each study of a search, "
                "again on seeds that no trial of a search has; they are the same in all re-runs of "
                "a search. The re-run is a study of its own: STUDY/rerun.",
        .options = options,
        .minimum = 1,
        .maximum = 1,
    };
    struct arguments arguments;
    struct message answer, question = { .type = MESSAGE_RERUN };
    int status;
    arguments_parse(&arguments, &verb, context, argc, argv);
    question.rerun.name = arguments.words[0];
    question.rerun.best = arguments.best > 0 ? arguments.best : RERUN_BEST;
    question.rerun.seeds = arguments.seeds > 0 ? arguments.seeds : RERUN_SEEDS;
    if (!check_counts(&question))
        return EXIT_USAGE;
    struct client *client = client_open(&arguments.context, &status);
    if (client == NULL)
        return status;
    status = client_expect(client, &question, CLIENT_PATIENCE_MS, MESSAGE_RERUNNING, &answer);
    if (status == EXIT_OK)
        status = print_rerunning(arguments.context.format, &answer);
    client_close(&client);
    return status;
}
