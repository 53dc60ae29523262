/* network.h - messages under way between simulated processes: late, lost, twice, out of order. */
#ifndef SIM_NETWORK_H
#define SIM_NETWORK_H
#include "common/arena.h"
#include "common/message.h"
#include "common/rng.h"
#include "common/xalloc.h"

#include <stdlib.h>

enum { CLIENT_ADDRESS = -1, COORDINATOR_ADDRESS = -2, HOSTILE_ADDRESS = -3 };
/* workers are 0, 1, ... */

struct packet {
    int64_t at_ms;
    int from, to;
    uint64_t life; /* of the worker that shall get it: not delivered to a later one */
    struct message message;
    struct arena *arena; /* what the message points to */
};

struct network {
    struct packet *packets;
    size_t count, capacity;
    double loss, duplication;
    int64_t delay_ms; /* at most; each packet draws its own, so they overtake each other */
};

static inline void network_close(struct network *network)
{
    for (size_t i = 0; i < network->count; i++)
        arena_destroy(&network->packets[i].arena);
    free(network->packets);
    *network = (struct network){ 0 };
}

static inline const char **copy_words(struct arena *arena, const char *const *words, size_t count)
{
    const char **copy = arena_alloc(arena, count * sizeof *copy);
    for (size_t i = 0; i < count; i++)
        copy[i] = arena_text(arena, words[i]);
    return copy;
}

static inline void copy_from_worker(struct arena *arena, struct message *m)
{
    switch (m->type) {
    case MESSAGE_HELLO:
        m->hello.name = arena_text(arena, m->hello.name);
        m->hello.host = arena_text(arena, m->hello.host);
        m->hello.cpu = arena_text(arena, m->hello.cpu);
        m->hello.version = arena_text(arena, m->hello.version);
        m->hello.held = arena_copy(arena, m->hello.held, m->hello.n_held * sizeof *m->hello.held);
        break;
    case MESSAGE_BEAT:
        m->beat.held = arena_copy(arena, m->beat.held, m->beat.n_held * sizeof *m->beat.held);
        m->beat.note = arena_text(arena, m->beat.note);
        break;
    case MESSAGE_POINTS:
        m->points.points =
            arena_copy(arena, m->points.points, m->points.n_points * sizeof *m->points.points);
        for (size_t i = 0; i < m->points.n_points; i++)
            m->points.points[i].metric = arena_text(arena, m->points.points[i].metric);
        break;
    case MESSAGE_RESULT:
        m->result.reason = arena_text(arena, m->result.reason);
        m->result.log = arena_text(arena, m->result.log);
        m->result.info = arena_text(arena, m->result.info);
        break;
    case MESSAGE_RELEASE:
        m->release.reason = arena_text(arena, m->release.reason);
        break;
    default:
        break; /* no pointers */
    }
}

static inline void copy_from_coordinator(struct arena *arena, struct message *m)
{
    switch (m->type) {
    case MESSAGE_WELCOME:
        m->welcome.version = arena_text(arena, m->welcome.version);
        m->welcome.kept =
            arena_copy(arena, m->welcome.kept, m->welcome.n_kept * sizeof *m->welcome.kept);
        break;
    case MESSAGE_TRIAL:
        m->trial.study_name = arena_text(arena, m->trial.study_name);
        m->trial.parameters = arena_text(arena, m->trial.parameters);
        m->trial.workdir = arena_text(arena, m->trial.workdir);
        m->trial.checkpoint_key = arena_text(arena, m->trial.checkpoint_key);
        m->trial.command = copy_words(arena, m->trial.command, m->trial.n_command);
        m->trial.environment = copy_words(arena, m->trial.environment, m->trial.n_environment);
        break;
    case MESSAGE_BEAT_OK: {
        size_t bytes = sizeof(struct attempt_ref);
        m->beat_ok.cancel = arena_copy(arena, m->beat_ok.cancel, m->beat_ok.n_cancel * bytes);
        m->beat_ok.prune = arena_copy(arena, m->beat_ok.prune, m->beat_ok.n_prune * bytes);
        m->beat_ok.stale = arena_copy(arena, m->beat_ok.stale, m->beat_ok.n_stale * bytes);
        break;
    }
    case MESSAGE_ERROR:
        m->error.text = arena_text(arena, m->error.text);
        break;
    case MESSAGE_SUBMITTED:
        m->submitted.search = arena_text(arena, m->submitted.search);
        break;
    default:
        break; /* no pointers, or to texts that nobody looks at */
    }
}

/* Submissions point to texts that outlive the run. */
static inline void copy_from_keeper(struct arena *arena, struct message *m)
{
    if (m->type == MESSAGE_RETRY)
        m->retry.trials =
            arena_copy(arena, m->retry.trials, m->retry.n_trials * sizeof *m->retry.trials);
    else if (m->type == MESSAGE_DRAIN)
        m->drain.workers = copy_words(arena, m->drain.workers, m->drain.n_workers);
}

static inline void network_add(struct network *network, struct packet packet)
{
    packet.arena = arena_create(1024);
    copy_from_worker(packet.arena, &packet.message);
    copy_from_coordinator(packet.arena, &packet.message);
    copy_from_keeper(packet.arena, &packet.message);
    network->packets =
        xgrow(network->packets, network->count, &network->capacity, sizeof *network->packets);
    network->packets[network->count++] = packet;
}

/* Sends as the weather allows: not at all, once or twice, each copy with its own delay. */
static inline void network_send(struct network *network, struct rng *rng, int64_t now_ms,
                                struct packet packet)
{
    int copies = 1 + (rng_uniform(rng) < network->duplication);
    for (int i = 0; i < copies; i++) {
        packet.at_ms = now_ms + 1 + (int64_t)rng_below(rng, (uint64_t)network->delay_ms + 1);
        if (rng_uniform(rng) >= network->loss)
            network_add(network, packet);
    }
}

/* The packet that arrives next; NULL: none under way. */
static inline struct packet *network_next(const struct network *network)
{
    struct packet *next = NULL;
    for (size_t i = 0; i < network->count; i++) {
        if (next == NULL || network->packets[i].at_ms < next->at_ms)
            next = &network->packets[i];
    }
    return next;
}

/* Takes a packet out; the caller destroys its arena. */
static inline struct packet network_take(struct network *network, struct packet *packet)
{
    struct packet taken = *packet;
    *packet = network->packets[--network->count];
    return taken;
}
#endif
