#include "coordinator/shell/peers.h"
#include "common/xalloc.h"
#include "coordinator/shell/roles.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A worker says under a MiB a second; a fifth of our time is much for one person's questions. */
const struct meter_rate peers_bytes = { 16 << 20, 64 << 20 };
const struct meter_rate peers_work = { 200000, 2000000 };

void peers_init(struct peers *peers, size_t maximum, size_t per_key)
{
    *peers = (struct peers){ .maximum = maximum, .per_key = per_key };
    list_init(&peers->young);
}

/* ---- accounts */

static struct account *account_create(const char *key, int roles, int64_t now_ms)
{
    struct account *account = xcalloc(1, sizeof *account);
    snprintf(account->key, sizeof account->key, "%s", key);
    account->roles = roles;
    account->bytes = meter_full(&peers_bytes, now_ms);
    account->work = meter_full(&peers_work, now_ms);
    return account;
}

static struct account *account_of_key(struct peers *peers, const char *key,
                                      const struct allow_list *allowed, int64_t now_ms)
{
    struct account *account = name_index_find(&peers->by_key, key);
    if (account != NULL)
        return account;
    account = account_create(key, allow_list_role(allowed, key), now_ms);
    name_index_put(&peers->by_key, account->key, account);
    peers->accounts = xgrow(peers->accounts, peers->n_accounts, &peers->accounts_capacity,
                            sizeof(struct account *));
    peers->accounts[peers->n_accounts++] = account;
    return account;
}

int64_t peers_allowance(const struct account *account, int64_t of_few)
{
    int64_t connections = (int64_t)account->connections;
    connections = connections < PEERS_FEW ? PEERS_FEW : connections;
    connections = connections > PEERS_FLEET ? PEERS_FLEET : connections;
    return of_few * connections / PEERS_FEW;
}

bool peers_may_send(struct account *account, int64_t now_ms)
{
    const struct meter_rate rate = { peers_allowance(account, peers_bytes.per_second),
                                     peers_allowance(account, peers_bytes.at_once) };
    return meter_open(&account->bytes, &rate, now_ms);
}

/* ---- connections */

static struct peer *at_descriptor(const struct peers *peers, int descriptor)
{
    return (size_t)descriptor < peers->capacity ? peers->by_descriptor[descriptor] : NULL;
}

static void forget(struct peers *peers, struct peer *peer)
{
    list_remove(&peer->young);
    if (peer->account != NULL) {
        index_remove(&peers->by_number, peer->number);
        peer->account->connections--;
        if (peer->account->key[0] == '\0')
            free(peer->account);
    }
    peers->by_descriptor[peer->descriptor] = NULL;
    peers->count--;
    free(peer);
}

static struct peer *remember(struct peers *peers, int descriptor)
{
    struct peer *former = at_descriptor(peers, descriptor), *peer = xcalloc(1, sizeof *peer);
    if (former != NULL) /* a last message of it came after its end */
        forget(peers, former);
    while (peers->capacity <= (size_t)descriptor) {
        size_t old = peers->capacity;
        peers->by_descriptor =
            xgrow(peers->by_descriptor, old, &peers->capacity, sizeof(struct peer *));
        memset(peers->by_descriptor + old, 0, (peers->capacity - old) * sizeof(struct peer *));
    }
    peer->descriptor = descriptor;
    peers->by_descriptor[descriptor] = peer;
    peers->count++;
    return peer;
}

void peers_free(struct peers *peers)
{
    for (size_t i = 0; i < peers->capacity; i++)
        if (peers->by_descriptor[i] != NULL)
            forget(peers, peers->by_descriptor[i]);
    for (size_t i = 0; i < peers->n_accounts; i++)
        free(peers->accounts[i]);
    free(peers->accounts);
    free(peers->by_descriptor);
    index_free(&peers->by_number);
    name_index_free(&peers->by_key);
}

enum { WINDOW_MS = 5000 };

/* How many of the young there may be. Strangers do not grow up, so they get no more than the
 * least. */
static size_t places(struct peers *peers, int64_t now_ms)
{
    if (now_ms - peers->window_started_ms >= WINDOW_MS) {
        bool just_before = now_ms - peers->window_started_ms < 2 * WINDOW_MS;
        peers->grown[1] = just_before ? peers->grown[0] : 0;
        peers->grown[0] = 0;
        peers->window_started_ms = now_ms;
    }
    return PEERS_YOUNG + peers->grown[0] + peers->grown[1];
}

/* How long one may be silent in a place that others want. */
static int64_t silence_ms(const struct peers *peers)
{
    bool a_fleet = peers->grown[0] + peers->grown[1] >= PEERS_YOUNG / 8;
    return a_fleet ? PEERS_SILENT_MS : PEERS_STRANGE_MS;
}

/* Which of the young has to go, so that there is room. */
static struct peer *one_too_many(const struct peers *peers, int64_t now_ms)
{
    assert(peers->young.count > 0); /* the one that just joined is among them */
    struct peer *oldest = LIST_ITEM(list_first(&peers->young), struct peer, young);
    struct peer *newest = LIST_ITEM(list_last(&peers->young), struct peer, young);
    return now_ms - oldest->joined_ms >= silence_ms(peers) ? oldest : newest;
}

void peers_joined(struct peers *peers, int descriptor, int64_t now_ms)
{
    if (descriptor < 0)
        return;
    struct peer *peer = remember(peers, descriptor);
    peer->joined_ms = now_ms;
    list_push(&peers->young, &peer->young);
    bool full = peers->maximum > 0 && peers->count > peers->maximum;
    if (!full && (size_t)peers->young.count <= places(peers, now_ms))
        return;
    peer = one_too_many(peers, now_ms);
    frame_hang_up(peer->descriptor);
    list_remove(&peer->young);
    peers->hung_up++;
}

void peers_left(struct peers *peers, int descriptor)
{
    struct peer *peer = descriptor >= 0 ? at_descriptor(peers, descriptor) : NULL;
    if (peer != NULL)
        forget(peers, peer);
}

struct peer *peers_find(const struct peers *peers, uint64_t number)
{
    return index_find(&peers->by_number, number);
}

struct peer *peers_meet(struct peers *peers, const struct frame_peer *from,
                        const struct allow_list *allowed, int64_t now_ms)
{
    if (from->length == 0 || from->descriptor < 0)
        return NULL;
    uint64_t number = frame_peer_number(from);
    struct peer *peer = peers_find(peers, number);
    if (peer != NULL && strcmp(peer->account->key, from->key) == 0)
        return peer;
    if (peer != NULL)
        forget(peers, peer);
    peer = at_descriptor(peers, from->descriptor);
    if (peer == NULL || peer->number != 0)
        peer = remember(peers, from->descriptor);
    if (peer->young.list != NULL)
        peers->grown[0]++;
    list_remove(&peer->young);
    peer->number = number;
    peer->account = allowed != NULL ? account_of_key(peers, from->key, allowed, now_ms)
                                    : account_create("", ROLES_ALL, now_ms);
    peer->surplus = peers->per_key > 0 && peer->account->connections >= peers->per_key;
    peer->account->connections++;
    index_put(&peers->by_number, number, peer);
    return peer;
}

size_t peers_review(struct peers *peers, const struct allow_list *allowed)
{
    size_t revoked = 0;
    for (size_t i = 0; i < peers->n_accounts; i++)
        peers->accounts[i]->roles = allow_list_role(allowed, peers->accounts[i]->key);
    for (size_t i = 0; i < peers->capacity; i++) {
        const struct peer *peer = peers->by_descriptor[i];
        if (peer == NULL || peer->account == NULL || peer->account->roles != 0)
            continue;
        frame_hang_up(peer->descriptor);
        revoked++;
    }
    return revoked;
}
