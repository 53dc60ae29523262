/* follow.h - asks the coordinator the same question once a second until its answers say that it is
 * over. Meanwhile a line on a terminal that is written over, one log line a minute elsewhere, both
 * on standard error. A coordinator that is silent is looked for again for a minute: it may be
 * started anew. Nothing depends on it: Ctrl-C ends the following only. */
#ifndef CLI_FOLLOW_H
#define CLI_FOLLOW_H
#include "common/buf.h"
#include "common/message.h"
#include "coordinator/cli/command.h"

#include <stdint.h>

struct client;

struct follow {
    const struct context *context;
    struct message question;
    enum message_type wanted; /* any other answer but "busy" ends it */
    /* True while there is more to follow; else *status is the exit status, EXIT_OK as it comes. */
    bool (*look)(struct follow *follow, const struct message *answer, int *status);
    void *data;               /* for look */

    /* ---- what follow.c keeps */
    struct client *client;
    bool terminal, silent;    /* silent: that nobody answers has been said */
    int64_t started_ms, heard_ms, shown_ms; /* shown: -1: never */
    struct buf line;
};

/* The exit status: of look, of an answer that was not wanted, EXIT_UNREACHABLE, all of which have
 * been explained; or EXIT_INTERRUPTED, which the caller explains. */
int follow_until_over(struct follow *follow);

/* ---- for look */
/* Whether a line is to be shown now; `last`: there will be no other. Then the caller writes it into
 * follow.line, of follow_columns at most, and has it shown; where it goes to a log, as `state` of
 * that event, after `field`, a "name=value". */
bool follow_wants_line(struct follow *follow, bool last);
int follow_columns(const struct follow *follow); /* 0: any number */
void follow_show(struct follow *follow, const char *event, const char *field, bool last);
void follow_clear(const struct follow *follow); /* before anything else is said */
#endif
