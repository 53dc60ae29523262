#include "worker/shell/options.h"
#include "common/duration.h"
#include "common/log.h"
#include "common/version.h"
#include "proto/text.h"

#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

const char *argp_program_version = "ldt-worker " LDT_VERSION;

enum { KEY_COORDINATOR = 256, KEY_ALLOW_COMMAND, KEY_NAME, KEY_IDLE_EXIT, KEY_LOG_LEVEL };

static const struct argp_option table[] = {
    { "slots", 'j', "N", 0, "Trials to run at a time (the number of cores)", 0 },
    { "connect", 'c', "FILE", 0,
      "The connect file of the coordinator; the worker waits until there is one", 0 },
    { "coordinator", KEY_COORDINATOR, "ENDPOINT", 0,
      "Where the coordinator is, such as tcp://127.0.0.1:5700", 0 },
    { "allow-command", KEY_ALLOW_COMMAND, NULL, 0,
      "Let search specs run any command as this user; without it only the built-in trainer", 0 },
    { "name", KEY_NAME, "NAME", 0, "What `ldt workers` calls it (HOST-PID)", 0 },
    { "idle-exit", KEY_IDLE_EXIT, "DURATION", 0, "Leave after so long without work, such as 10m",
      0 },
    { "log-level", KEY_LOG_LEVEL, "LEVEL", 0, "debug, info (the default), warn or error", 0 },
    { 0 },
};

static bool parse_slots(const char *text, int32_t *slots)
{
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    *slots = (int32_t)number;
    return end != text && *end == '\0' && errno == 0 && number >= 1 && number <= AGENT_MAX_SLOTS;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
    struct agent_options *agent = &options->loop.agent;
    switch (key) {
    case 'j':
        if (!parse_slots(argument, &agent->slots))
            argp_error(state, "-j %s: give a number from 1 to %d", argument, AGENT_MAX_SLOTS);
        return 0;
    case 'c':
        options->loop.connect_file = argument;
        return 0;
    case KEY_COORDINATOR:
        options->loop.coordinator = argument;
        return 0;
    case KEY_ALLOW_COMMAND:
        agent->allow_command = true;
        return 0;
    case KEY_NAME:
        if (strlen(argument) > MESSAGE_MAX_NAME || !text_is_name(argument))
            argp_error(state, "--name=%s: a name is 1 to %d of letters, digits, `.`, `_` and `-`",
                       argument, MESSAGE_MAX_NAME);
        snprintf(options->name, sizeof options->name, "%s", argument);
        return 0;
    case KEY_IDLE_EXIT:
        if (!duration_parse(argument, &agent->idle_exit_ms))
            argp_error(state, "--idle-exit=%s is no duration; write 30s, 10m or 2h", argument);
        return 0;
    case KEY_LOG_LEVEL:
        if (!log_set_level_by_name(argument))
            argp_error(state, "--log-level=%s: there are debug, info, warn and error", argument);
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "unexpected argument `%s`; a verb, `trial` or `predict`, comes first",
                   argument);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- what is not on the command line --------------------------------------------------------- */

static int32_t cores(void)
{
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return count < AGENT_MAX_SLOTS ? count : AGENT_MAX_SLOTS;
}

/* Makes a text fit for the wire: one line, and for a name no odd letters. */
static void clean(char *text, bool is_name)
{
    static const char name_letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    for (char *c = text; *c != '\0'; c++)
        if (is_name ? strchr(name_letters, *c) == NULL
                    : (unsigned char)*c < ' ' || (unsigned char)*c > '~')
            *c = is_name ? '-' : '?';
}

static void read_host(struct options *options)
{
    if (gethostname(options->host, sizeof options->host - 1) != 0)
        snprintf(options->host, sizeof options->host, "unknown");
    clean(options->host, false);
    snprintf(options->name, sizeof options->name, "%.40s-%d", options->host, (int)getpid());
    clean(options->name, true);
}

static void read_cpu(struct options *options)
{
    char line[512];
    FILE *file = fopen("/proc/cpuinfo", "re");
    snprintf(options->cpu, sizeof options->cpu, "unknown");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || colon == NULL)
            continue;
        colon += 1 + strspn(colon + 1, " \t");
        snprintf(options->cpu, sizeof options->cpu, "%.*s", (int)strcspn(colon, "\n"), colon);
        break;
    }
    if (file != NULL)
        fclose(file);
    clean(options->cpu, false);
}

/* Tells this process from every other worker, also from one with the same name. */
static uint64_t draw_instance(void)
{
    uint64_t instance = 0;
    while (instance == 0)
        if (getrandom(&instance, sizeof instance, 0) != sizeof instance)
            instance = 0;
    return instance;
}

void options_parse(struct options *options, int argc, char **argv)
{
    static const struct argp argp = {
        .options = table,
        .parser = parse,
        .args_doc = "\ntrial < TRIAL.json\npredict MODEL.npz X.npy",
        .doc =
            "Runs trials for a coordinator, each in a process of its own. `ldt-worker trial` runs "
            "one by hand: `ldt-worker trial --help` lists its settings. `ldt-worker predict` "
            "applies what one has learned: `ldt-worker predict --help`.\v"
            "Without -c and --coordinator, LDT_COORDINATOR or the connect file in your state "
            "directory says where the coordinator is. SIGTERM hands all trials back and ends the "
            "worker; a second one ends it at once.",
    };
    *options = (struct options){ .loop.agent = { .slots = cores(), .pid = (int32_t)getpid() } };
    struct agent_options *agent = &options->loop.agent;
    read_host(options);
    read_cpu(options);
    agent->name = options->name;
    agent->host = options->host;
    agent->cpu = options->cpu;
    agent->version = LDT_VERSION;
    agent->instance = draw_instance();
    argp_err_exit_status = 2;
    argp_parse(&argp, argc, argv, 0, NULL, options);
}
