/* options.h - the command line of ldt-coordinator. */
#ifndef SHELL_OPTIONS_H
#define SHELL_OPTIONS_H
#include <stdint.h>

struct options {
    const char *database;     /* --db */
    const char *listen;       /* --listen */
    const char *connect_file; /* --connect; NULL: the default one */
    const char *advertise;    /* --advertise: the host in it; NULL: the one listened on */
    const char *keys;         /* --keys: a directory; NULL: none, so loopback only */
    int64_t lease_ms;         /* --lease */
    int64_t connections_per_key; /* 0: three quarters of all */
};

/* Fills the options and sets the log level; on bad usage says why and exits with status 2. */
void options_parse(struct options *options, int argc, char **argv);
#endif
