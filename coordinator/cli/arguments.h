/* arguments.h - the words and options of a verb that reads the database. The options that all verbs
 * share may stand before or after the verb. A wrong option or word ends the program with EXIT_USAGE
 * and one sentence, --help with EXIT_OK: both by argp. */
#ifndef CLI_ARGUMENTS_H
#define CLI_ARGUMENTS_H
#include "coordinator/cli/command.h"

#include <argp.h>
#include <stddef.h>
#include <stdint.h>

/* The keys of options that some verbs have; a verb lists those that it understands. */
enum argument_key {
    ARGUMENT_COUNT = 'n',
    ARGUMENT_METRIC = 'm',
    ARGUMENT_DIRECTORY = 'o', /* in place of the shared -o */
    ARGUMENT_ATTEMPT = 0x100,
    ARGUMENT_ALL,
    ARGUMENT_WATCH,
    ARGUMENT_NOW,
    ARGUMENT_WAIT,
    ARGUMENT_BEST,
    ARGUMENT_SEEDS,
    ARGUMENT_TEACHER,
    ARGUMENT_FAILED,
    ARGUMENT_CANCELLED,
    ARGUMENT_DIVERGED,
    ARGUMENT_SAMPLE,
    ARGUMENT_SEED,
    ARGUMENT_ACCEPT,
};

struct verb {
    const char *name;                  /* "ldt best" */
    const char *words;                 /* "STUDY TRIAL...", for help */
    const char *help;
    const struct argp_option *options; /* its own, ended by a row of zeros; NULL: none */
    int minimum, maximum;              /* how many words; maximum -1: any number */
};

struct arguments {
    struct context context;            /* with what stood after the verb */
    char **words;                      /* inside argv */
    int n_words;
    int64_t count;                     /* -n, 0 not given */
    int64_t attempt;                   /* --attempt, 0 not given */
    int64_t best, seeds;               /* --best and --seeds, 0 not given */
    bool all, watch, now, wait, teacher;
    const char *sample;                /* --sample, NULL not given */
    int64_t seed;                      /* --seed, -1 not given */
    bool failed, cancelled, diverged;
    bool accept;
    const char *metric;                /* NULL not given */
    const char *directory;             /* NULL not given */
};

void arguments_parse(struct arguments *out, const struct verb *verb, const struct context *context,
                     int argc, char **argv);

/* Only the shared options, and only those before the first word; returns that word's place in argv.
 * --help and --version are left to the caller, who knows the verbs: the place is theirs then. */
int arguments_parse_leading(struct context *context, int argc, char **argv);

/* A whole number from 0 on; -1 when the text is none. */
int64_t argument_number(const char *text);

/* One line on standard error: "ldt: ..." */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
#endif
