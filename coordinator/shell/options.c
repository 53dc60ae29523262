#include "coordinator/shell/options.h"
#include "common/connect.h"
#include "common/duration.h"
#include "common/log.h"
#include "common/version.h"
#include "common/xalloc.h"

#include <argp.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { LEASE_LOWEST_MS = 1000, LEASE_HIGHEST_MS = 86400000, LEASE_DEFAULT_MS = 30000 };

const char *argp_program_version = "ldt-coordinator " LDT_VERSION;

static const struct argp_option table[] = {
    { "db", 'd', "FILE", 0, "The database: made when it does not exist, continued when it does",
      0 },
    { "listen", 'l', "ENDPOINT", 0,
      "Where workers and clients connect (" CONNECT_DEFAULT_ENDPOINT "); port * takes a free one, "
      "ipc://FILE is for yourself alone on a machine that others use, too",
      0 },
    { "connect", 'c', "FILE", 0,
      "Where to write how to connect (~/.local/state/ldt/connect.json, unless another coordinator "
      "that runs is found there)",
      0 },
    { "advertise", 'a', "HOST", 0,
      "What to call this machine in that file (its host name, if it listens on all addresses)", 0 },
    { "keys", 'k', "DIR", 0,
      "Only who has a key may connect, and all is encrypted: DIR was made by `ldt keygen --server "
      "DIR`. Needed for any address but loopback",
      0 },
    { "connections-per-key", 'n', "N", 0,
      "So many connections may share a key (three quarters of all that this user may have)", 0 },
    { "lease", 'L', "DURATION", 0,
      "How long a silent worker keeps its trials (30s): 1s to 1d, with ms, s, m, h or d", 0 },
    { "log-level", 'v', "LEVEL", 0, "debug, info (the default), warn or error", 0 },
    { 0 },
};

static bool parse_lease(const char *text, int64_t *ms)
{
    return duration_parse(text, ms) && *ms >= LEASE_LOWEST_MS && *ms <= LEASE_HIGHEST_MS;
}

static bool parse_count(const char *text, int64_t *count)
{
    char *end;
    *count = strtoll(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && *count >= 1 && *count <= 1000000;
}

/* As it will stand between tcp:// and the port. */
static bool is_host(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  ".-_:[]%";
    size_t length = strspn(text, letters);
    return length > 0 && length <= 200 && text[length] == '\0';
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case 'd':
        options->database = argument;
        return 0;
    case 'l':
        options->listen = argument;
        return 0;
    case 'c':
        options->connect_file = argument;
        return 0;
    case 'a':
        if (!is_host(argument))
            argp_error(state, "--advertise=%s: give a host name or an address, without a port",
                       argument);
        options->advertise = argument;
        return 0;
    case 'k':
        options->keys = argument;
        return 0;
    case 'n':
        if (!parse_count(argument, &options->connections_per_key))
            argp_error(state, "--connections-per-key=%s: give a number from 1 to 1000000",
                       argument);
        return 0;
    case 'L':
        if (!parse_lease(argument, &options->lease_ms))
            argp_error(state, "--lease=%s is not a duration from 1s to 1d; write 30s or 2m",
                       argument);
        return 0;
    case 'v':
        if (!log_set_level_by_name(argument))
            argp_error(state, "--log-level=%s: there are debug, info, warn and error", argument);
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "unexpected argument `%s`; the database is named by --db FILE", argument);
        return 0;
    case ARGP_KEY_END:
        if (options->database == NULL || options->database[0] == '\0')
            argp_error(state, "--db FILE is missing: it names the database, which is made when it "
                              "does not exist");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

void options_parse(struct options *options, int argc, char **argv)
{
    static const struct argp argp = {
        .options = table,
        .parser = parse,
        .args_doc = "--db FILE",
        .doc = "Runs searches: suggests trials, hands them to workers, keeps every result in one "
               "SQLite "
               "file.\vStart it again on the same file and it goes on where it stopped. SIGTERM "
               "ends it.",
    };
    argp_err_exit_status = 2;
    *options = (struct options){ .listen = CONNECT_DEFAULT_ENDPOINT, .lease_ms = LEASE_DEFAULT_MS };
    if (argp_parse(&argp, argc, argv, 0, NULL, options) == ENOMEM)
        xalloc_fail(0);
}
