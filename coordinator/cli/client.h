/* client.h - asking the coordinator: one question, one answer, with patience that ends.
 *
 * A question is sent again while no answer comes, which is safe for all of them: SUBMIT carries
 * its submit key, and stopping twice is stopping. */
#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H
#include "common/connect.h"
#include "common/message.h"
#include "coordinator/cli/command.h"

#include <stdint.h>

enum {
    CLIENT_RESEND_MS = 1500,
    CLIENT_PATIENCE_MS = 5000,
    CLIENT_LONG_PATIENCE_MS = 60000, /* for a coordinator that is there, and has much to do */
};

struct client;

/* NULL after having complained, with the exit status in *status. */
struct client *client_open(const struct context *context, int *status);
void client_close(struct client **client); /* leaves NULL, accepts NULL */
const struct connect_info *client_info(const struct client *client);

enum client_result {
    CLIENT_ANSWERED,    /* by anything, an ERROR too */
    CLIENT_SILENT,      /* not within the patience, or it refuses to talk to us at all */
    CLIENT_INTERRUPTED, /* by a signal */
};

/* Asks; the answer and everything it points to is valid until the next question. Says nothing. */
enum client_result client_ask(struct client *client, const struct message *question,
                              int64_t patience_ms, struct message *answer);

/* Asks and wants an answer of one type. EXIT_OK; or the exit status for what came instead, after
 * having complained. */
int client_expect(struct client *client, const struct message *question, int64_t patience_ms,
                  enum message_type wanted, struct message *answer);

/* Does anybody answer at all? EXIT_OK, or what client_complain_silent returned. */
int client_knock(struct client *client);

/* Says on standard error that nobody answers: where, how that address was found, what to check.
 * Returns EXIT_UNREACHABLE; or why our key was refused, and returns EXIT_NOT_AUTHORISED. */
int client_complain_silent(const struct client *client);
#endif
