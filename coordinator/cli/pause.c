/* ldt pause, ldt resume - a search or study that hands out nothing for a while. */
#include "coordinator/cli/arguments.h"
#include "coordinator/cli/ask.h"
#include "coordinator/cli/counted.h"

static int print_paused(const struct context *context, const struct message *question,
                        const struct message *answer)
{
    const char *name = question->pause.name;
    struct line line = { 0 };
    line_say(&line, "%s: %s paused%s, %s running; `ldt resume %s` goes on", name,
             counted(answer->paused.studies, "study", "studies"),
             answer->paused.already ? " already" : "",
             counted(answer->paused.running, "trial is", "trials are"), name);
    line_text(&line, "name", name);
    line_integer(&line, "studies", answer->paused.studies);
    line_integer(&line, "running", answer->paused.running);
    line_flag(&line, "already", answer->paused.already);
    return line_print(&line, context->format);
}

int command_pause(const struct context *context, int argc, char **argv)
{
    static const struct verb verb = {
        .name = "ldt pause",
        .words = "NAME",
        .help = "Lets a search or one of its studies hand out nothing new until `ldt resume`; "
                "running trials finish and are recorded. Lasts over restarts.",
        .minimum = 1,
        .maximum = 1,
    };
    struct arguments arguments;
    arguments_parse(&arguments, &verb, context, argc, argv);
    const struct message question = { .type = MESSAGE_PAUSE, .pause = { arguments.words[0] } };
    return ask(&arguments.context, &question, MESSAGE_PAUSED, print_paused);
}

static int print_resumed(const struct context *context, const struct message *question,
                         const struct message *answer)
{
    struct line line = { 0 };
    line_say(&line, "%s: %s %s", question->resume.name,
             counted(answer->resumed.studies, "study", "studies"),
             answer->resumed.already ? "not paused" : "resumed");
    line_text(&line, "name", question->resume.name);
    line_integer(&line, "studies", answer->resumed.studies);
    line_flag(&line, "already", answer->resumed.already);
    return line_print(&line, context->format);
}

int command_resume(const struct context *context, int argc, char **argv)
{
    static const struct verb verb = {
        .name = "ldt resume",
        .words = "NAME",
        .help = "Lets a paused search or study hand out trials again.",
        .minimum = 1,
        .maximum = 1,
    };
    struct arguments arguments;
    arguments_parse(&arguments, &verb, context, argc, argv);
    const struct message question = { .type = MESSAGE_RESUME, .resume = { arguments.words[0] } };
    return ask(&arguments.context, &question, MESSAGE_RESUMED, print_resumed);
}
