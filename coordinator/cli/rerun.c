/* ldt rerun - the best configurations of a finished study again, on seeds that no search uses. */
#include "coordinator/cli/arguments.h"
#include "coordinator/cli/ask.h"
#include "coordinator/cli/counted.h"

#include <inttypes.h>
#include <stdio.h>

enum { RERUN_BEST = 1, RERUN_SEEDS = 8 };

static int print_rerunning(const struct context *context, const struct message *question,
                           const struct message *answer)
{
    struct line line = { 0 };
    char more[64] = "";
    if (answer->rerunning.studies > 1)
        snprintf(more, sizeof more, " and %" PRId64 " more", answer->rerunning.studies - 1);
    line_say(&line, "%s%s: %s%s", answer->rerunning.name, more,
             counted(answer->rerunning.trials, "trial", "trials"),
             answer->rerunning.already ? " (had been asked for already)" : "");
    line_text(&line, "study", answer->rerunning.name);
    line_integer(&line, "studies", answer->rerunning.studies);
    line_integer(&line, "trials", answer->rerunning.trials);
    line_flag(&line, "already", answer->rerunning.already);
    return line_print(&line, context->format);
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
    struct message question = { .type = MESSAGE_RERUN };
    arguments_parse(&arguments, &verb, context, argc, argv);
    question.rerun.name = arguments.words[0];
    question.rerun.best = arguments.best > 0 ? arguments.best : RERUN_BEST;
    question.rerun.seeds = arguments.seeds > 0 ? arguments.seeds : RERUN_SEEDS;
    if (!check_counts(&question))
        return EXIT_USAGE;
    return ask(&arguments.context, &question, MESSAGE_RERUNNING, print_rerunning);
}
