/* command.h - one verb of `ldt`: one file, one row of the table in main.c.
 *
 * Data goes to standard output, everything else to standard error. A command returns its exit
 * status; it has already said, in one sentence with place, fault and fix, why it is not 0. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H
#include <stdbool.h>

enum exit_status {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_NOT_FOUND = 3,
    EXIT_UNREACHABLE = 4,
    EXIT_BAD_SPEC = 5,
    EXIT_NOT_AUTHORISED = 6,
    EXIT_INTERRUPTED = 130, /* as shells say it of a program that Ctrl-C ended */
};

enum output_format { OUTPUT_TABLE, OUTPUT_JSON, OUTPUT_CSV };

/* What every command is given; filled by main.c from the options that all commands share. */
struct context {
    enum output_format format;  /* -o table|json|csv */
    const char *coordinator;    /* --coordinator ENDPOINT, or NULL */
    const char *connect_file;   /* -c FILE, or NULL */
    const char *key_file;       /* --key FILE, or NULL: LDT_KEY_FILE, or none */
    const char *database;       /* --db FILE, or NULL: from the connect file */
};

struct command {
    const char *name;
    const char *arguments;      /* "STUDY [TRIAL...]", for help */
    const char *help;           /* one sentence */
    int (*run)(const struct context *context, int argc, char **argv); /* argv[0] is the verb */
};

int command_check(const struct context *context, int argc, char **argv);
int command_submit(const struct context *context, int argc, char **argv);
int command_status(const struct context *context, int argc, char **argv);
int command_trials(const struct context *context, int argc, char **argv);
int command_best(const struct context *context, int argc, char **argv);
int command_curve(const struct context *context, int argc, char **argv);
int command_workers(const struct context *context, int argc, char **argv);
int command_logs(const struct context *context, int argc, char **argv);
int command_stop(const struct context *context, int argc, char **argv);
int command_audit(const struct context *context, int argc, char **argv);
int command_pause(const struct context *context, int argc, char **argv);
int command_resume(const struct context *context, int argc, char **argv);
int command_retry(const struct context *context, int argc, char **argv);
int command_drain(const struct context *context, int argc, char **argv);
int command_rerun(const struct context *context, int argc, char **argv);
int command_doctor(const struct context *context, int argc, char **argv);
int command_query(const struct context *context, int argc, char **argv);
int command_report(const struct context *context, int argc, char **argv);
int command_compare(const struct context *context, int argc, char **argv);
int command_export(const struct context *context, int argc, char **argv);
int command_export_model(const struct context *context, int argc, char **argv);
int command_keygen(const struct context *context, int argc, char **argv);
#endif
