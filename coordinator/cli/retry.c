/* ldt retry - trials that ended without success get another chance. */
#include "common/xalloc.h"
#include "coordinator/cli/arguments.h"
#include "coordinator/cli/ask.h"
#include "coordinator/cli/counted.h"

#include <stdlib.h>

static int print_retried(const struct context *context, const struct message *question,
                         const struct message *answer)
{
    struct line line = { 0 };
    if (answer->retried.trials > 0)
        line_say(&line, "%s: %s again, in %s", question->retry.name,
                 counted(answer->retried.trials, "trial waits", "trials wait"),
                 counted(answer->retried.studies, "study", "studies"));
    else
        line_say(&line, "%s: there is nothing to try again", question->retry.name);
    line_text(&line, "name", question->retry.name);
    line_integer(&line, "studies", answer->retried.studies);
    line_integer(&line, "trials", answer->retried.trials);
    return line_print(&line, context->format);
}

/* The numbers behind the name; false after having complained of one that is none. */
static bool read_trials(const struct arguments *arguments, struct message *question)
{
    size_t count = (size_t)arguments->n_words - 1;
    if (count > MESSAGE_MAX_RETRY) {
        complain("%zu trials are more than the %d that can be named at once: use --failed, "
                 "--cancelled or --diverged",
                 count, MESSAGE_MAX_RETRY);
        return false;
    }
    question->retry.trials = xcalloc(count + 1, sizeof *question->retry.trials);
    for (size_t i = 0; i < count; i++) {
        const char *word = arguments->words[1 + i];
        question->retry.trials[question->retry.n_trials++] = argument_number(word);
        if (argument_number(word) >= 0)
            continue;
        complain("`%s` is no trial: trials have numbers from 0", word);
        return false;
    }
    return true;
}

static int retry(const struct arguments *arguments)
{
    bool chosen = arguments->failed || arguments->cancelled || arguments->diverged;
    struct message question = { .type = MESSAGE_RETRY };
    question.retry.name = arguments->words[0];
    question.retry.failed = arguments->failed || !chosen;
    question.retry.cancelled = arguments->cancelled;
    question.retry.diverged = arguments->diverged;
    int status = EXIT_USAGE;
    if (chosen && arguments->n_words > 1)
        complain("name trials, or say --failed, --cancelled or --diverged, not both");
    else if (read_trials(arguments, &question))
        status = ask(&arguments->context, &question, MESSAGE_RETRIED, print_retried);
    free(question.retry.trials);
    return status;
}

int command_retry(const struct context *context, int argc, char **argv)
{
    static const struct argp_option options[] = {
        { "failed", ARGUMENT_FAILED, 0, 0, "All that failed (the default)", 0 },
        { "cancelled", ARGUMENT_CANCELLED, 0, 0, "All that were cancelled", 0 },
        { "diverged", ARGUMENT_DIVERGED, 0, 0, "All whose metric was not finite", 0 },
        { 0 },
    };
    static const struct verb verb = {
        .name = "ldt retry",
        .words = "NAME [TRIAL...]",
        .help = "Lets trials of a study, or of all studies of a search, wait for a worker again: "
                "those named, or all that failed. Their failures are forgiven, quarantined ones "
                "too. A study that was done opens until they end; one that its failures stopped "
                "goes on to the end of its budget; one stopped by request suggests nothing new.",
        .options = options,
        .minimum = 1,
        .maximum = -1,
    };
    struct arguments arguments;
    arguments_parse(&arguments, &verb, context, argc, argv);
    return retry(&arguments);
}
