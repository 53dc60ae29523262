/* ldt-coordinator: opens the database, restores the core from it, listens, and turns the loop. */
#include "common/clock.h"
#include "common/descriptors.h"
#include "common/json.h"
#include "common/log.h"
#include "common/message.h"
#include "common/signals.h"
#include "common/version.h"
#include "common/xalloc.h"
#include "coordinator/shell/loop.h"
#include "coordinator/shell/notify.h"
#include "coordinator/shell/options.h"
#include "coordinator/shell/porter.h"
#include "coordinator/shell/signpost.h"
#include "coordinator/store/schema.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* SUGGESTIONS: of one call of core_assign; a turn makes as many calls as its time allows. */
enum { SUGGESTIONS = 8, BEATS_PER_LEASE = 6, LEASES_OF_SILENCE = 4 };

/* ZeroMQ keeps 64 bytes of each message that went through a connection until there were 256 of
 * them, and then does so once more, in either direction: 65 KiB of ten thousand workers each. Up to
 * 62 they are in one page. So the workers of a large fleet come anew before; one that is busy with
 * a long trial sends twelve a minute. A hundred a second, of ten thousand who have come at once,
 * are through before the last has sent 62, and take a twentieth of a core. */
enum { CROWD = 256, RENEW_MESSAGES = 32, RENEW_EVERY_MS = 10 };

/* For the database, for what ZeroMQ needs and for libraries. */
enum { RESERVED_DESCRIPTORS = 64 };

enum { MMAP_BYTES = 16 << 10, TRIM_BYTES = 16 << 20 };

struct service {
    struct options options;
    struct key key; /* our own; zeros without --keys */
    struct loop loop;
    struct porter *porter;
    struct signpost signpost;
};

/* One descriptor for each peer: as many as this user may have. Returns how many peers that are. */
static size_t raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_max > 2 * RESERVED_DESCRIPTORS ? limit.rlim_max - RESERVED_DESCRIPTORS
                                                     : limit.rlim_max / 2;
}

/* A group with one key for its whole fleet has room, and nobody with one keeps all others out. */
static void limit_connections(struct service *service)
{
    struct peers *peers = &service->loop.peers;
    peers->maximum = raise_descriptor_limit();
    if (service->options.connections_per_key > 0)
        peers->per_key = (size_t)service->options.connections_per_key;
    else if (peers->maximum > 0)
        peers->per_key = peers->maximum - peers->maximum / 4;
}

/* Blocked before ZeroMQ starts its thread, so that only the loop sees them. */
static bool catch_signals(struct loop *loop, struct error *error)
{
    sigset_t ending;
    signals_to_leave(&ending);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* where files are limited: an error of the write, with a sentence */
    sigprocmask(SIG_BLOCK, &ending, NULL);
    loop->signals = signalfd(-1, &ending, SFD_CLOEXEC | SFD_NONBLOCK);
    if (loop->signals < 0)
        error_set(error, "cannot receive signals: out of file descriptors; raise `ulimit -n`");
    return loop->signals >= 0;
}

static bool restore(struct service *service, struct error *error)
{
    const struct core_options options = {
        .lease_ms = service->options.lease_ms,
        .beat_ms = service->options.lease_ms / BEATS_PER_LEASE,
        .peer_silent_ms = service->options.lease_ms * LEASES_OF_SILENCE,
        .suggestions_per_turn = SUGGESTIONS,
        .crowd = CROWD,
        .renew_messages = RENEW_MESSAGES,
        .renew_every_ms = RENEW_EVERY_MS,
        .version = LDT_VERSION,
    };
    service->loop.core = core_create(&options);
    return store_open(&service->loop.store, service->options.database, error) &&
           store_restore(service->loop.store, service->loop.core, clock_monotonic_ms(), error);
}

/* A database that nobody expected to be new has been left behind somewhere else; one that was
 * brought up to date is no longer for the release before. */
static void tell_of_new_tables(const struct store *store, const char *path)
{
    int found = store_found_version(store);
    if (found == 0)
        log_event(LOG_INFO, "database-made", "db=%s why=\"there were no tables in it\"",
                  log_quote(path));
    else if (found < schema_version)
        log_event(LOG_INFO, "database-migrated", "db=%s from=%d to=%d", log_quote(path), found,
                  schema_version);
}

/* DIR/server.key is ours, DIR/allowed/NAME.pub are those who may connect. */
static bool read_keys(struct service *service, struct error *error)
{
    const char *directory = service->options.keys;
    if (directory == NULL)
        return true;
    char *secret = xasprintf("%s/server.key", directory);
    char *allowed = xasprintf("%s/allowed", directory);
    bool fine = key_read_secret(&service->key, secret, error);
    if (!fine && access(secret, F_OK) != 0 && errno == ENOENT)
        error_set(error, "there is no %s; `ldt keygen --server %s` makes the coordinator's keys",
                  secret, directory);
    if (fine && service->key.role != KEY_SERVER) {
        error_set(error,
                  "%s is the key of a %s, not of a coordinator: `ldt keygen --server DIR` "
                  "makes one",
                  secret, key_role_name(service->key.role));
        fine = false;
    }
    fine = fine && allow_list_open(&service->loop.allowed, allowed, error);
    if (fine && allow_list_count(service->loop.allowed) == 0)
        log_event(LOG_WARN, "nobody-may-connect",
                  "why=\"there is no key in %s yet: ldt keygen --role ... --keys %s\"", allowed,
                  directory);
    free(secret);
    free(allowed);
    return fine;
}

static bool listen_for_peers(struct service *service, struct error *error)
{
    struct loop *loop = &service->loop;
    const struct frame_keys keys = { service->key.public_text, service->key.secret_text, NULL };
    return frame_listen(&loop->socket, service->options.listen, MESSAGE_MAX_BYTES,
                        loop->allowed != NULL ? &keys : NULL, error);
}

/* A file that was asked for must be written; without the default one, clients can be told where. */
static bool put_up_signpost(struct service *service, struct error *error)
{
    return signpost_put_up(&service->signpost, &service->options,
                           frame_endpoint(service->loop.socket), service->key.public_text, error);
}

static bool start(struct service *service, struct error *error)
{
    struct loop *loop = &service->loop;
    bool keys = service->options.keys != NULL;
    if (!catch_signals(loop, error) || !read_keys(service, error) ||
        !frame_may_listen(service->options.listen, keys, error) || /* before a database is made */
        !restore(service, error) || !listen_for_peers(service, error) ||
        !porter_start(&service->porter, loop, error) || !put_up_signpost(service, error))
        return false;
    loop->save = store_save;
    tell_of_new_tables(loop->store, service->options.database);
    const struct signpost *signpost = &service->signpost;
    log_event(LOG_INFO, "ready", "endpoint=%s db=%s connect=%s keys=%s version=%s pid=%ld",
              signpost->info.work, log_quote(signpost->info.db),
              log_quote(signpost->path[0] != '\0' ? signpost->path : "none"),
              loop->allowed != NULL ? "required" : "none", LDT_VERSION, (long)getpid());
    if (!notify_manager("READY=1"))
        log_event(LOG_WARN, "not-notified",
                  "why=\"NOTIFY_SOCKET names no socket that takes messages\"");
    return true;
}

static void log_leaving(const struct loop_counters *counters)
{
    log_event(LOG_INFO, "leaving",
              "turns=%" PRIu64 " received=%" PRIu64 " sent=%" PRIu64 " unsent=%" PRIu64
              " malformed=%" PRIu64 " unsupported=%" PRIu64 " dropped=%" PRIu64 " ignored=%" PRIu64
              " refused=%" PRIu64 " forbidden=%" PRIu64 " delayed=%" PRIu64,
              counters->turns, counters->received, counters->sent, counters->unsent,
              counters->malformed, counters->unsupported, counters->dropped, counters->ignored,
              counters->refused, counters->forbidden, counters->delayed);
}

static void stop(struct service *service)
{
    signpost_take_down(&service->signpost);
    porter_stop(&service->porter);
    frame_close(&service->loop.socket);
    core_destroy(&service->loop.core);
    store_close(&service->loop.store);
    loop_free(&service->loop);
    allow_list_close(&service->loop.allowed);
    key_wipe(&service->key);
    if (service->loop.signals >= 0)
        close(service->loop.signals);
}

/* The queues of ZeroMQ are of 16 KiB and a little, of which a quiet connection uses one page, and
 * two of them go when its key has been checked. As mappings of their own they cost what is used and
 * leave no holes; among the small blocks ten thousand connections with keys took 55 MiB more. And a
 * frame as long as the longest, which strangers may send, is given back to the system as soon as it
 * is dropped, and so is what lies free after a storm of them. */
static void keep_little_memory(void)
{
    mallopt(M_MMAP_THRESHOLD, MMAP_BYTES);
    mallopt(M_TRIM_THRESHOLD, TRIM_BYTES);
}

int main(int argc, char **argv)
{
    struct service *service = xcalloc(1, sizeof *service);
    struct error error = { "" };
    descriptors_reserve();
    keep_little_memory();
    json_begin();
    options_parse(&service->options, argc, argv);
    loop_init(&service->loop);
    limit_connections(service);
    bool fine = start(service, &error);
    if (fine) {
        fine = loop_run(&service->loop);
        notify_manager("STOPPING=1");
        log_leaving(&service->loop.counters);
    } else {
        fprintf(stderr, "ldt-coordinator: %s\n", error.text);
    }
    stop(service);
    free(service);
    return fine ? EXIT_SUCCESS : EXIT_FAILURE;
}
