#include "coordinator/shell/backlog.h"

#include <malloc.h>

/* What a frame takes on the wire around its message, at most: CURVE's part and the length. */
enum { AROUND_BYTES = 64 };
enum { YOUNG_PER_MS = 50, GROWN_PER_MS = 10, TRIM_MS = 1000 };

void backlog_taken(struct peer *peer, size_t bytes)
{
    peer->taken += bytes + AROUND_BYTES;
}

/* Whoever seems to have said more than arrived, in small messages, gets no credit for it. */
static uint64_t measure(struct peer *peer)
{
    uint64_t arrived = frame_arrived(peer->descriptor);
    if (peer->taken > arrived)
        peer->taken = arrived;
    peer->unread = arrived - peer->taken;
    return peer->unread;
}

static size_t cut_off(struct peer *peer)
{
    frame_hang_up(peer->descriptor);
    peer->unread = 0;
    return 1;
}

/* Those with more than the average, again and again until the rest is little enough. */
static size_t limit_young(struct peers *peers)
{
    size_t cut = 0;
    uint64_t sum = 0;
    LIST_EACH(&peers->young, link)
        sum += measure(LIST_ITEM(link, struct peer, young));
    while (sum > BACKLOG_YOUNG_BYTES) {
        uint64_t average = sum / (uint64_t)peers->young.count;
        sum = 0;
        LIST_EACH(&peers->young, link) {
            struct peer *peer = LIST_ITEM(link, struct peer, young);
            if (peer->unread >= average)
                cut += cut_off(peer);
            sum += peer->unread;
        }
    }
    return cut;
}

static void measure_grown(struct peers *peers)
{
    for (size_t i = 0; i < peers->capacity; i++) {
        struct peer *peer = peers->by_descriptor[i];
        if (peer != NULL && peer->account != NULL)
            peer->account->unread = 0;
    }
    for (size_t i = 0; i < peers->capacity; i++) {
        struct peer *peer = peers->by_descriptor[i];
        if (peer != NULL && peer->account != NULL)
            peer->account->unread += measure(peer);
    }
}

static bool is_too_much(const struct account *account)
{
    return account->unread > (uint64_t)peers_allowance(account, BACKLOG_ACCOUNT_BYTES);
}

static size_t limit_grown(struct peers *peers)
{
    size_t cut = 0;
    measure_grown(peers);
    for (size_t i = 0; i < peers->capacity; i++) {
        struct peer *peer = peers->by_descriptor[i];
        if (peer == NULL || peer->account == NULL || !is_too_much(peer->account))
            continue;
        if (peer->unread >= peer->account->unread / peer->account->connections)
            cut += cut_off(peer);
    }
    return cut;
}

/* Gives back to the system what those who were hung up on had taken. */
static void trim(struct backlog *backlog, int64_t now_ms)
{
    if (!backlog->trim || now_ms - backlog->trimmed_ms < TRIM_MS)
        return;
    malloc_trim(0);
    backlog->trim = false;
    backlog->trimmed_ms = now_ms;
}

/* Each look asks for all of them: a fleet of ten thousand is looked at once a second. */
size_t backlog_limit(struct backlog *backlog, struct peers *peers, int64_t now_ms)
{
    size_t cut = 0;
    int64_t pause_ms = BACKLOG_LOOK_MS + peers->young.count / YOUNG_PER_MS;
    int64_t pause_all_ms = BACKLOG_LOOK_ALL_MS + (int64_t)peers->count / GROWN_PER_MS;
    if (peers->young.count > 0 && now_ms - backlog->looked_ms >= pause_ms) {
        backlog->looked_ms = now_ms;
        cut += limit_young(peers);
    }
    if (now_ms - backlog->looked_at_all_ms >= pause_all_ms) {
        backlog->looked_at_all_ms = now_ms;
        cut += limit_grown(peers);
        trim(backlog, now_ms);
    }
    backlog->trim = backlog->trim || cut > 0;
    return cut;
}
