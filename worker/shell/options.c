#include "worker/shell/options.h"
#include "common/address.h"
#include "common/connect.h"
#include "common/duration.h"
#include "common/log.h"
#include "common/state_path.h"
#include "common/version.h"
#include "common/xalloc.h"
#include "proto/text.h"
#include "worker/agent/breaker.h"
#include "worker/shell/cpu_name.h"

#include <argp.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

const char *argp_program_version = "ldt-worker " LDT_VERSION;

enum {
    KEY_COORDINATOR = 256,
    KEY_KEY_FILE,
    KEY_ALLOW_COMMAND,
    KEY_NAME,
    KEY_IDLE_EXIT,
    KEY_CHECKPOINTS,
    KEY_BENCH_AFTER,
    KEY_LOG_LEVEL,
};

enum { BENCH_AFTER = 5 };

static const struct argp_option table[] = {
    { "slots", 'j', "N", 0, "Trials to run at a time (the number of cores)", 0 },
    { "connect", 'c', "FILE", 0,
      "The connect file of the coordinator; the worker waits until there is one", 0 },
    { "coordinator", KEY_COORDINATOR, "ENDPOINT", 0,
      "Where the coordinator is, such as tcp://127.0.0.1:5700", 0 },
    { "key", KEY_KEY_FILE, "FILE", 0,
      "The secret key of this worker, if the coordinator wants one ($LDT_KEY_FILE)", 0 },
    { "allow-command", KEY_ALLOW_COMMAND, NULL, 0,
      "Let search specs run any command as this user; without it only the built-in trainer", 0 },
    { "name", KEY_NAME, "NAME", 0, "What `ldt workers` calls it (HOST-PID)", 0 },
    { "idle-exit", KEY_IDLE_EXIT, "DURATION", 0, "Leave after so long without work, such as 10m",
      0 },
    { "checkpoints", KEY_CHECKPOINTS, "DIR", 0,
      "Where trials keep what they need to go on after an interruption: local, or shared by the "
      "fleet so that they go on elsewhere ($XDG_STATE_HOME/ldt/checkpoints); `none` for nowhere. "
      "What nobody comes back for is removed after 30 days",
      0 },
    { "bench-after", KEY_BENCH_AFTER, "N", 0,
      "Take no work for a while after N different trials failed in a row (5); 0 for never", 0 },
    { "log-level", KEY_LOG_LEVEL, "LEVEL", 0, "debug, info (the default), warn or error", 0 },
    { 0 },
};

static bool parse_number(const char *text, long least, long most, int32_t *out)
{
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    *out = (int32_t)number;
    return end != text && *end == '\0' && errno == 0 && number >= least && number <= most;
}

/* Trials run elsewhere than the worker may have been started, so the path has to be absolute. */
static bool set_checkpoints(struct options *options, const char *path)
{
    char here[OPTIONS_PATH_BYTES] = "";
    bool relative = path[0] != '/';
    if (path[0] == '\0' || (relative && getcwd(here, sizeof here) == NULL))
        return false;
    int length = snprintf(options->checkpoints, sizeof options->checkpoints, "%s%s%s", here,
                          relative ? "/" : "", path);
    return length < (int)sizeof options->checkpoints && text_is_line(options->checkpoints);
}

/* What is no endpoint now will be none later: such a worker would wait for ever. A connect file is
 * another matter, it may yet be written. */
static void check_endpoint(const struct options *options, struct argp_state *state)
{
    const struct loop_options *loop = &options->loop;
    const char *origin;
    const char *endpoint = connect_named_endpoint(loop->coordinator, loop->connect_file, &origin);
    char host[ADDRESS_BYTES];
    struct error error;
    if (endpoint != NULL && !address_check(endpoint, host, sizeof host, &error))
        argp_error(state, "%s: %s", origin, error.text);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
    struct agent_options *agent = &options->loop.agent;
    switch (key) {
    case 'j':
        if (!parse_number(argument, 1, AGENT_MAX_SLOTS, &agent->slots))
            argp_error(state, "-j %s: give a number from 1 to %d", argument, AGENT_MAX_SLOTS);
        return 0;
    case 'c':
        options->loop.connect_file = argument;
        return 0;
    case KEY_COORDINATOR:
        options->loop.coordinator = argument;
        return 0;
    case KEY_KEY_FILE:
        options->loop.key_file = argument;
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
    case KEY_CHECKPOINTS:
        options->checkpoints[0] = '\0';
        options->checkpoints_said = true;
        if (strcmp(argument, "none") != 0 && !set_checkpoints(options, argument))
            argp_error(state, "--checkpoints=%s: give the path of a directory, or `none`",
                       argument);
        return 0;
    case KEY_BENCH_AFTER:
        if (!parse_number(argument, 0, BREAKER_MAX_FAILURES, &agent->bench_after))
            argp_error(state, "--bench-after=%s: give a number from 0 to %d", argument,
                       BREAKER_MAX_FAILURES);
        return 0;
    case KEY_LOG_LEVEL:
        if (!log_set_level_by_name(argument))
            argp_error(state, "--log-level=%s: there are debug, info, warn and error", argument);
        return 0;
    case ARGP_KEY_END:
        check_endpoint(options, state);
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
    cpu_name(options->cpu, sizeof options->cpu);
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

/* In the user's state directory, where there is one. */
static void default_checkpoints(struct options *options)
{
    char path[OPTIONS_PATH_BYTES];
    struct error error = { "the user's state directory is no line of text" };
    if (state_path(path, sizeof path, "checkpoints", &error) && set_checkpoints(options, path))
        return;
    options->checkpoints[0] = '\0';
    log_event(LOG_WARN, "no-checkpoint",
              "why=%s so=\"a trial that is interrupted begins anew: name a place with "
              "--checkpoints DIR, or `none`\"",
              log_quote(error.text));
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
            "directory says where the coordinator is.\n\n"
            "Preemption: SIGTERM (also SIGINT, SIGHUP) makes the worker leave with exit status 0, "
            "within 25 seconds whatever its trials do. Each gets SIGTERM, 10 seconds to save what "
            "it needs into its checkpoint_dir, and should exit with status 75; it is handed back, "
            "nothing is charged, and it goes on from there when it runs again where that directory "
            "can be read. The built-in trainer does so by itself. A second SIGINT ends the worker "
            "at once. A worker that is drained or idle leaves with exit status 0, too; one that "
            "cannot start, or whose coordinator speaks another version of the protocol, with 1.\n\n"
            "Checkpoints: a trial finds the path of its directory as `checkpoint_dir` in what it "
            "reads from standard input. Another attempt takes the directory over under another "
            "name, so write a file there under a passing name and rename it, each time by the full "
            "path. The curve of an attempt stands for itself: one that goes on prints what was "
            "reported before once more, else it counts for nothing. The directory is removed when "
            "the trial is done. What failed or was cancelled keeps it for `ldt retry`, until 30 "
            "days after the last write.",
    };
    *options = (struct options){
        .loop.agent = { .slots = cores(), .pid = (int32_t)getpid(), .bench_after = BENCH_AFTER }
    };
    struct agent_options *agent = &options->loop.agent;
    options->loop.checkpoints = options->checkpoints;
    read_host(options);
    read_cpu(options);
    agent->name = options->name;
    agent->host = options->host;
    agent->cpu = options->cpu;
    agent->version = LDT_VERSION;
    agent->instance = draw_instance();
    argp_err_exit_status = 2;
    if (argp_parse(&argp, argc, argv, 0, NULL, options) == ENOMEM)
        xalloc_fail(0);
    if (!options->checkpoints_said)
        default_checkpoints(options);
}
