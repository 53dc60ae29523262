#include "coordinator/cli/arguments.h"
#include "common/utf8.h"
#include "common/xalloc.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_COORDINATOR = 0x200, KEY_DATABASE, KEY_KEY_FILE };

static const struct argp_option shared_options[] = {
    { 0, 0, 0, 0, "Options of every command:", 1 },
    { "output", 'o', "FORMAT", 0, "table, json or csv", 1 },
    { "db", KEY_DATABASE, "FILE", 0, "The database (default: the coordinator's)", 1 },
    { "connect", 'c', "FILE", 0, "The coordinator's connect file", 1 },
    { "coordinator", KEY_COORDINATOR, "ENDPOINT", 0, "The coordinator's address", 1 },
    { "key", KEY_KEY_FILE, "FILE", 0, "Your secret key, if the coordinator wants one", 1 },
    { 0 },
};

static bool format_from_name(const char *name, enum output_format *format)
{
    static const char *const names[] = {
        [OUTPUT_TABLE] = "table", [OUTPUT_JSON] = "json", [OUTPUT_CSV] = "csv"
    };
    for (int i = OUTPUT_TABLE; i <= OUTPUT_CSV; i++) {
        if (strcmp(name, names[i]) == 0) {
            *format = (enum output_format)i;
            return true;
        }
    }
    return false;
}

int64_t argument_number(const char *text)
{
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 ? number : -1;
}

static int64_t positive(const char *text, const char *option, struct argp_state *state)
{
    int64_t number = argument_number(text);
    if (number < 1)
        argp_error(state, "%s takes a whole number from 1 on, not '%s'", option, text);
    return number;
}

static int64_t from_zero(const char *text, const char *option, struct argp_state *state)
{
    int64_t number = argument_number(text);
    if (number < 0)
        argp_error(state, "%s takes a whole number from 0 on, not '%s'", option, text);
    return number;
}

static error_t parse_shared(int key, char *text, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case 'o':
        if (!format_from_name(text, &arguments->context.format))
            argp_error(state, "-o takes table, json or csv, not '%s'", text);
        return 0;
    case 'c': arguments->context.connect_file = text; return 0;
    case KEY_COORDINATOR: arguments->context.coordinator = text; return 0;
    case KEY_KEY_FILE: arguments->context.key_file = text; return 0;
    case KEY_DATABASE: arguments->context.database = text; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse_own(int key, char *text, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case ARGUMENT_COUNT: arguments->count = positive(text, "-n", state); return 0;
    case ARGUMENT_ATTEMPT: arguments->attempt = positive(text, "--attempt", state); return 0;
    case ARGUMENT_BEST: arguments->best = positive(text, "--best", state); return 0;
    case ARGUMENT_SEEDS: arguments->seeds = positive(text, "--seeds", state); return 0;
    case ARGUMENT_METRIC: arguments->metric = text; return 0;
    case ARGUMENT_DIRECTORY: arguments->directory = text; return 0;
    case ARGUMENT_ALL: arguments->all = true; return 0;
    case ARGUMENT_WATCH: arguments->watch = true; return 0;
    case ARGUMENT_NOW: arguments->now = true; return 0;
    case ARGUMENT_WAIT: arguments->wait = true; return 0;
    case ARGUMENT_TEACHER: arguments->teacher = true; return 0;
    case ARGUMENT_SAMPLE: arguments->sample = text; return 0;
    case ARGUMENT_SEED: arguments->seed = from_zero(text, "--seed", state); return 0;
    case ARGUMENT_FAILED: arguments->failed = true; return 0;
    case ARGUMENT_CANCELLED: arguments->cancelled = true; return 0;
    case ARGUMENT_DIVERGED: arguments->diverged = true; return 0;
    case ARGUMENT_ACCEPT: arguments->accept = true; return 0;
    case ARGP_KEY_INIT: state->child_inputs[0] = arguments; return 0;
    case ARGP_KEY_ARGS: /* argp has moved the words behind the options */
        arguments->words = state->argv + state->next;
        arguments->n_words = state->argc - state->next;
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static void check_words(const struct verb *verb, char **words, int n_words)
{
    for (int i = 0; i < n_words; i++) {
        if (words[i][0] != '\0')
            continue;
        fprintf(stderr, "%s: a word is empty: the usage is `%s %s`\n", verb->name, verb->name,
                verb->words);
        exit(EXIT_USAGE);
    }
    const char *fault = n_words < verb->minimum ? "words are missing" : "too many words";
    if (n_words >= verb->minimum && (verb->maximum < 0 || n_words <= verb->maximum))
        return;
    bool none = verb->words[0] == '\0';
    fprintf(stderr, "%s: %s: the usage is `%s%s%s`\n", verb->name, fault, verb->name,
            none ? "" : " ", verb->words);
    exit(EXIT_USAGE);
}

void arguments_parse(struct arguments *out, const struct verb *verb, const struct context *context,
                     int argc, char **argv)
{
    const struct argp shared = { .options = shared_options, .parser = parse_shared };
    const struct argp_child children[] = { { &shared, 0, NULL, 0 }, { 0 } };
    const struct argp own = { verb->options, parse_own, verb->words, verb->help,
                              children,      NULL,      NULL };
    *out = (struct arguments){ .context = *context, .seed = -1 };
    argp_err_exit_status = EXIT_USAGE;
    argv[0] = (char *)(uintptr_t)verb->name; /* its name in usage and errors; argp only reads it */
    if (argp_parse(&own, argc, argv, 0, NULL, out) == ENOMEM)
        xalloc_fail(0);
    check_words(verb, out->words, out->n_words);
}

static bool wants_help_or_version(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-?") == 0 || strcmp(word, "--usage") == 0 ||
           strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0;
}

static error_t parse_leading(int key, char *text, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    if (key != ARGP_KEY_ARGS)
        return parse_shared(key, text, state);
    arguments->n_words = state->next; /* only where the first word is */
    return 0;
}

int arguments_parse_leading(struct context *context, int argc, char **argv)
{
    const struct argp argp = { .options = shared_options, .parser = parse_leading };
    struct arguments arguments = { .context = *context, .n_words = argc };
    int end = 1;
    while (end < argc && !wants_help_or_version(argv[end]))
        end++;
    argp_err_exit_status = EXIT_USAGE;
    if (argp_parse(&argp, end, argv, ARGP_IN_ORDER | ARGP_NO_HELP, NULL, &arguments) == ENOMEM)
        xalloc_fail(0);
    *context = arguments.context;
    return arguments.n_words < end ? arguments.n_words : end;
}

/* Names come from databases, which may be anybody's; the lines of a complaint are ours. */
void complain(const char *format, ...)
{
    char *text = NULL, *line;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0)
        xalloc_fail(0);
    fputs("ldt: ", stderr);
    for (char *rest = text; (line = strsep(&rest, "\n")) != NULL;) {
        utf8_mask_controls(line, '?');
        fprintf(stderr, "%s\n", line);
    }
    free(text);
}
