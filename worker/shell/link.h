/* link.h - the worker's connection: finds the coordinator, sends and receives messages.
 *
 * A coordinator that is started again may have another address; its connect file tells. So
 * link_find looks again every second; while there is a session, only whether the file has
 * changed. */
#ifndef WORKER_SHELL_LINK_H
#define WORKER_SHELL_LINK_H
#include "common/arena.h"
#include "common/frame.h"
#include "common/message.h"

#include <stdbool.h>
#include <stdint.h>

struct link;

enum link_received { LINK_NOTHING, LINK_MESSAGE, LINK_DROPPED };

struct link_options {
    const char *coordinator, *connect_file; /* NULL: see common/connect.h */
    const char *key_file;                   /* NULL: see common/credentials.h */
    bool runs_commands; /* so the coordinator must be named, or prove by its key who it is */
};
/* The texts must outlive the link. False with a sentence when the key cannot be used. */
bool link_create(struct link **out, const struct link_options *options, struct error *error);
/* Leaves NULL, accepts NULL. What was sent is given a moment to go out. */
void link_destroy(struct link **link);

/* Looks where the coordinator is, if it is time to; true if there is a new connection, also to the
 * place that the one before it led to: what was said over that one may never have arrived. Who
 * refused us is asked again less and less often; where nobody answers for a minute, by another
 * connection. A connect file that vanished is no reason to leave a coordinator that answers. */
bool link_find(struct link *link, bool connected, int64_t now_ms);
int64_t link_next_deadline(const struct link *link); /* of link_find */
/* Leaves the connection for another one to the same place, of which link_find tells. */
void link_renew(struct link *link);

/* Not sent is as good as lost on the way: whoever needs an answer says it again. */
void link_send(struct link *link, const struct message *message);
/* The message is in the arena. A frame of another protocol version becomes an ERROR saying so. */
enum link_received link_receive(struct link *link, struct message *message, struct arena *arena);

struct frame_socket *link_socket(const struct link *link); /* NULL before the first address */
#endif
