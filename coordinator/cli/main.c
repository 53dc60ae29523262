/* ldt: one table of verbs. */
#include "common/descriptors.h"
#include "common/json.h"
#include "common/trainer/nearest.h"
#include "common/version.h"
#include "coordinator/cli/arguments.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *argp_program_version = "ldt " LDT_VERSION; /* of every verb, too */

static const struct command commands[] = {
    { "check", "FILE", "Checks a spec and says what it would run", command_check },
    { "submit", "FILE [--watch]", "Submits a search", command_submit },
    { "status", "[NAME [--watch]]", "How far the searches are", command_status },
    { "workers", "", "Who works", command_workers },
    { "drain", "WORKER... | --all", "Tells workers to leave", command_drain },
    { "stop", "NAME [--now]", "Stops a search or study", command_stop },
    { "pause", "NAME", "Hands out nothing new until resumed", command_pause },
    { "resume", "NAME", "Goes on after a pause", command_resume },
    { "retry", "NAME [TRIAL...]", "Tries failed trials again", command_retry },
    { "rerun", "NAME [--best N]", "Runs the best again, on fresh seeds", command_rerun },
    { "audit", "STUDY [--sample N]", "Runs trials again elsewhere, compares curves",
      command_audit },
    { "best", "NAME [-n N]", "The best trials and their parameters", command_best },
    { "trials", "STUDY", "All trials of a study", command_trials },
    { "curve", "STUDY TRIAL...", "The learning curves of trials", command_curve },
    { "logs", "STUDY TRIAL", "Why a trial failed, and what it printed", command_logs },
    { "compare", "A B", "Two studies by the seeds they share", command_compare },
    { "report", "[SEARCH...] -o DIR", "Figures and tables, as files", command_report },
    { "doctor", "[--accept]", "Proves the database, row by row", command_doctor },
    { "query", "SQL", "Any question to the database, read-only", command_query },
    { "export", "[NAME]", "Trials with a column for each parameter", command_export },
    { "export-model", "STUDY TRIAL -o FILE", "What a trial learned, as NumPy arrays",
      command_export_model },
    { "keygen", "--role ROLE NAME", "Makes the keys for machines and people", command_keygen },
};
enum { COMMANDS = sizeof commands / sizeof *commands, USAGE_COLUMNS = 25 };

static void print_help(FILE *stream)
{
    fputs("Usage: ldt [OPTION...] COMMAND [ARGUMENT...]\n"
          "Hyper-parameter searches: submit them, follow them, read their results.\n\n",
          stream);
    for (size_t i = 0; i < COMMANDS; i++) {
        char usage[64];
        snprintf(usage, sizeof usage, "%s %s", commands[i].name, commands[i].arguments);
        if (strlen(usage) > USAGE_COLUMNS)
            fprintf(stream, "  %s\n  %*s %s\n", usage, USAGE_COLUMNS, "", commands[i].help);
        else
            fprintf(stream, "  %-*s %s\n", USAGE_COLUMNS, usage, commands[i].help);
    }
    fputs("\nOptions of every command, before or after it:\n"
          "  -o, --output=FORMAT      table (the default), json or csv\n"
          "      --db=FILE            the database; by default the coordinator's\n"
          "  -c, --connect=FILE       the connect file that the coordinator wrote\n"
          "      --coordinator=ENDPOINT  where the coordinator listens\n"
          "      --key=FILE           your secret key; by default the file that $LDT_KEY_FILE "
          "names\n"
          "      --help, --version    `ldt COMMAND --help` tells more\n\n"
          "The coordinator is sought at --coordinator, -c, $LDT_COORDINATOR, in the connect file "
          "of the\n"
          "user's state directory, and on loopback, in this order. best, trials, curve, logs, "
          "compare,\n"
          "report, doctor, query, export, export-model and what audit compares are read from the "
          "database\n"
          "itself: on the coordinator's machine, or from a copy that --db names.\n\n"
          "Exit status: 0 ok, 1 failed, 2 usage, 3 not found, 4 coordinator unreachable, 5 bad "
          "spec,\n"
          "6 not authorised.\n",
          stream);
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static int complain_unknown(const char *name)
{
    const char *names[COMMANDS];
    for (size_t i = 0; i < COMMANDS; i++)
        names[i] = commands[i].name;
    const char *nearest = nearest_of(name, names, COMMANDS);
    if (nearest != NULL)
        complain("there is no command `%s`; did you mean `%s`?", name, nearest);
    else
        complain("there is no command `%s`; `ldt --help` lists them", name);
    return EXIT_USAGE;
}

/* --help, --version and help, which are no commands of the table; -1: something else. */
static int run_special(const char *word)
{
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
        puts(argp_program_version);
        return EXIT_OK;
    }
    if (strcmp(word, "--help") == 0 || strcmp(word, "-?") == 0 || strcmp(word, "--usage") == 0 ||
        strcmp(word, "help") == 0) {
        print_help(stdout);
        return EXIT_OK;
    }
    return -1;
}

/* What was printed may be on its way still, and find the disk full. */
static int written(int status)
{
    if (status != EXIT_OK || (fflush(stdout) == 0 && !ferror(stdout)))
        return status;
    complain("cannot write to standard output: %s", strerror(errno));
    return EXIT_FAILED;
}

int main(int argc, char **argv)
{
    struct context context = { .format = OUTPUT_TABLE };
    descriptors_reserve();
    unsetenv("POSIXLY_CORRECT"); /* or argp would take an option after a word for another word */
    json_begin();
    int at = arguments_parse_leading(&context, argc, argv);
    if (at >= argc) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[at], "help") == 0 && at + 1 < argc) { /* help VERB is VERB --help */
        static char option[] = "--help";
        argv[at] = argv[at + 1];
        argv[at + 1] = option;
        argc = at + 2;
    }
    int special = run_special(argv[at]);
    if (special >= 0)
        return written(special);
    const struct command *command = find_command(argv[at]);
    if (command == NULL)
        return complain_unknown(argv[at]);
    return written(command->run(&context, argc - at, argv + at));
}
