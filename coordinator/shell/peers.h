/* peers.h - who is connected, and how they stand with us.
 *
 * A connection is young until its first message; there may be so many of the young, and so many in
 * all, so that strangers who connect and say nothing cost neither memory nor the descriptors of
 * those who work. Who comes when that is full is hung up on and tries again: a fleet that comes
 * back at once gets in by turns, while those whose handshake has begun finish it, and the more of
 * them have done so lately, the more may begin. Only from one that has been silent for long a place
 * is taken, and while hardly anybody gets in, "long" is short: then it is strangers who sit there,
 * and who has a key must find a place between them. The first message names the peer and the key.
 *
 * An account is what a sender can use up: patience, bytes, working time, connections. It belongs to
 * the key, so that connecting again is no fresh start; without keys each connection has its own. A
 * fleet may share one key: what can be used up then grows with its connections, within bounds. */
#ifndef SHELL_PEERS_H
#define SHELL_PEERS_H
#include "common/frame.h"
#include "coordinator/core/index.h"
#include "coordinator/core/list.h"
#include "coordinator/shell/allow_list.h"
#include "coordinator/shell/meter.h"
#include "coordinator/shell/strikes.h"

/* A connection in its handshake takes 16 KiB, so the young take 6 MiB; a little more for as long as
 * nobody looks at the door (porter.h). */
enum { PEERS_YOUNG = 384, PEERS_SILENT_MS = 10000, PEERS_STRANGE_MS = 1000, PEERS_PER_KEY = 1000 };
enum { PEERS_FEW = 64, PEERS_FLEET = 256 };

struct account {
    char key[FRAME_KEY_TEXT + 1]; /* "" of a connection without keys */
    int roles;                    /* bits of enum key_role; 0: revoked */
    size_t connections;
    struct strikes strikes;       /* of all its connections */
    struct meter bytes;           /* that it sent */
    struct meter work;            /* microseconds that its questions took */
    uint64_t unread;              /* bytes of all its connections: backlog.h */
};
extern const struct meter_rate peers_bytes, peers_work; /* of an account with few connections */

struct peer {
    uint64_t number; /* frame_peer_number; 0 while it is young */
    int descriptor;
    bool surplus;    /* one more than its key may have */
    struct account *account;
    struct strikes strikes;
    struct link young;
    int64_t joined_ms;
    uint64_t taken, unread; /* bytes of its messages; those that wait: backlog.h */
};

struct peers {
    size_t maximum, per_key;          /* connections; 0: no limit */
    struct peer **by_descriptor;
    size_t capacity, count, hung_up;  /* hung_up: how often, because they were too many */
    struct index by_number;
    struct name_index by_key;         /* accounts; they stay: there are no more than keys */
    struct account **accounts;
    size_t n_accounts, accounts_capacity;
    struct list young;
    size_t grown[2];                  /* how many said their first word: in this window, the last */
    int64_t window_started_ms;
};

void peers_init(struct peers *peers, size_t maximum, size_t per_key);
void peers_free(struct peers *peers);

void peers_joined(struct peers *peers, int descriptor, int64_t now_ms);
void peers_left(struct peers *peers, int descriptor);

/* Who sent this message. `allowed` NULL: there are no keys. NULL: it came in by no connection that
 * we know of. */
struct peer *peers_meet(struct peers *peers, const struct frame_peer *from,
                        const struct allow_list *allowed, int64_t now_ms);
struct peer *peers_find(const struct peers *peers, uint64_t number); /* NULL: not there */

/* How much an account may have of what is `of_few` for up to PEERS_FEW connections: as many times
 * more as it has connections, up to those of PEERS_FLEET. */
int64_t peers_allowance(const struct account *account, int64_t of_few);
/* Has the account sent less than it may? */
bool peers_may_send(struct account *account, int64_t now_ms);

/* The list has changed: hangs up on all whose key is no longer on it; returns how many. */
size_t peers_review(struct peers *peers, const struct allow_list *allowed);
#endif
