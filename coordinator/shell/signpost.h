/* signpost.h - the connect file by which workers and clients find this coordinator: written once it
 * listens, removed when it leaves.
 *
 * The default file is one for all coordinators of a user, and workers follow it wherever it points.
 * So it stays with the coordinator that it names for as long as that one runs: who comes later has
 * none, says so, and goes on; a file that was asked for by name is then refused. */
#ifndef SHELL_SIGNPOST_H
#define SHELL_SIGNPOST_H
#include "common/connect.h"
#include "coordinator/shell/options.h"

struct signpost {
    struct connect_info info;
    char path[sizeof((struct connect_info *)0)->db]; /* "" none was written */
};

/* endpoint: where it listens, with the real port. False only for a file that was asked for. */
bool signpost_put_up(struct signpost *signpost, const struct options *options, const char *endpoint,
                     const char *public_key, struct error *error);
void signpost_take_down(struct signpost *signpost); /* accepts one that was never put up */
#endif
