/* How fast the coordinator is, measured from outside: many simulated workers in this process
 * speak the protocol with a real coordinator. A trial of theirs takes no time: one point, one
 * result.
 *
 * A coordinator with keys: LDT_KEY_FILE for the workers, LDT_SUBMIT_KEY_FILE for the search.
 *
 * usage: service CONNECT_FILE WORKERS SLOTS RATE SECONDS RATE    results a second, on a fixed
 * schedule; latency counts from the scheduled time, so that a coordinator that falls behind
 * cannot hide it. 0: as fast as answers come (saturation). Latency is from sending RESULT (with
 * its POINTS just before it) to the RESULT_ACK, which means durable. */
#include "common/clock.h"
#include "common/connect.h"
#include "common/credentials.h"
#include "common/frame.h"
#include "common/version.h"
#include "common/xalloc.h"
#include "proto/codec.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <protobuf-c/protobuf-c.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

enum { MAX_SLOTS = 64, EVENTS = 256, WARM_UP_MS = 500, FSYNC_MS = 500 };

struct job { /* an attempt in a slot */
    struct attempt_ref ref;
    bool taken, reported;
    int64_t reported_us; /* when its RESULT was due */
};

struct worker {
    struct frame_socket *socket;
    uint64_t session;
    int64_t received, beat_ms, next_beat_ms;
    struct job jobs[MAX_SLOTS];
};

struct bench {
    struct connect_info connect;
    struct credentials worker_key, submit_key;
    struct worker *workers;
    size_t n_workers;
    int slots, rate, seconds, epoll;
    struct arena *arena;
    struct buf frame;
    /* jobs that wait for their turn, as worker * MAX_SLOTS + slot */
    uint32_t *ready;
    size_t ready_first, n_ready, ready_capacity;
    bool measuring;
    int64_t acknowledged, refused, sent, late;
    double *latencies_us;
    size_t n_latencies, latencies_capacity;
};

static void die(const char *what, const char *why)
{
    fprintf(stderr, "service: %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ---- the protocol */

static bool send_message(struct bench *bench, struct frame_socket *socket, struct message message)
{
    struct error error;
    buf_clear(&bench->frame);
    if (!codec_encode(&bench->frame, &message, &error))
        die("cannot encode", error.text);
    return frame_send(socket, NULL, bench->frame.bytes, bench->frame.length) == FRAME_OK;
}

static bool read_message(struct bench *bench, struct frame_socket *socket, struct message *message)
{
    struct error error;
    uint32_t version;
    if (frame_receive(socket, NULL, &bench->frame) != FRAME_OK)
        return false;
    arena_reset(bench->arena);
    if (!codec_decode(message, bench->frame.bytes, bench->frame.length, bench->arena, &version,
                      &error))
        die("cannot decode", error.text);
    return true;
}

static void say_hello(struct bench *bench, size_t i)
{
    char name[64];
    snprintf(name, sizeof name, "bench-%zu", i);
    send_message(bench, bench->workers[i].socket,
                 (struct message){ .id = 1,
                                   .type = MESSAGE_HELLO,
                                   .hello = { .name = name,
                                              .host = "bench",
                                              .version = LDT_VERSION,
                                              .instance = (uint64_t)now_us() << 16 ^ i,
                                              .pid = (int32_t)getpid(),
                                              .slots = bench->slots,
                                              .allow_command = true } });
}

static void ask(struct bench *bench, struct worker *worker)
{
    int32_t free_slots = 0;
    for (int i = 0; i < bench->slots; i++)
        free_slots += !worker->jobs[i].taken;
    send_message(bench, worker->socket,
                 (struct message){ .session = worker->session,
                                   .type = MESSAGE_ASK,
                                   .ask = { free_slots, worker->received } });
}

static void beat(struct bench *bench, struct worker *worker, int64_t now_ms)
{
    struct held_attempt held[MAX_SLOTS];
    size_t n = 0;
    if (worker->session == 0 || now_ms < worker->next_beat_ms)
        return;
    worker->next_beat_ms = now_ms + worker->beat_ms;
    for (int i = 0; i < bench->slots; i++)
        if (worker->jobs[i].taken)
            held[n++] = (struct held_attempt){ worker->jobs[i].ref, 1, worker->jobs[i].reported };
    send_message(
        bench, worker->socket,
        (struct message){ .session = worker->session, .type = MESSAGE_BEAT, .beat = { held, n } });
}

/* One point and the result of it. */
static void report(struct bench *bench, struct worker *worker, struct job *job, int64_t due_us)
{
    struct point point = { 1, NAN, "loss", 0.5 };
    job->reported = true;
    job->reported_us = due_us;
    send_message(bench, worker->socket,
                 (struct message){ .session = worker->session,
                                   .type = MESSAGE_POINTS,
                                   .points = { job->ref, 0, &point, 1 } });
    bool sent = send_message(bench, worker->socket,
                             (struct message){ .session = worker->session,
                                               .type = MESSAGE_RESULT,
                                               .result = { .ref = job->ref,
                                                           .kind = RESULT_DONE,
                                                           .points = 1,
                                                           .points_digest = point_digest(0, &point),
                                                           .duration_ms = 1 } });
    if (!sent)
        die("cannot send", "the queue is full: fewer SLOTS, or a lower RATE");
    bench->sent++;
}

/* ---- what arrives */

static void queue_job(struct bench *bench, size_t worker, int slot)
{
    size_t at = (bench->ready_first + bench->n_ready++) % bench->ready_capacity;
    bench->ready[at] = (uint32_t)(worker * MAX_SLOTS + (size_t)slot);
}

static void on_trial(struct bench *bench, size_t i, const struct message *message)
{
    struct worker *worker = &bench->workers[i];
    int slot = 0;
    while (slot < bench->slots && worker->jobs[slot].taken)
        slot++;
    if (slot == bench->slots)
        die("protocol", "a trial without a free slot");
    worker->received++;
    worker->jobs[slot] = (struct job){ .ref = message->trial.ref, .taken = true };
    if (bench->rate == 0)
        report(bench, worker, &worker->jobs[slot], now_us());
    else
        queue_job(bench, i, slot);
}

static void on_result_ack(struct bench *bench, struct worker *worker, const struct message *message)
{
    int slot = 0;
    while (slot < bench->slots &&
           !(worker->jobs[slot].taken &&
             attempt_ref_equal(worker->jobs[slot].ref, message->result_ack.ref)))
        slot++;
    if (slot == bench->slots)
        return;
    worker->jobs[slot].taken = false;
    if (message->result_ack.verdict != VERDICT_RECORDED)
        bench->refused++;
    else if (bench->measuring) {
        bench->acknowledged++;
        bench->latencies_us = xgrow(bench->latencies_us, bench->n_latencies,
                                    &bench->latencies_capacity, sizeof *bench->latencies_us);
        bench->latencies_us[bench->n_latencies++] =
            (double)(now_us() - worker->jobs[slot].reported_us);
    }
    ask(bench, worker);
}

static void on_message(struct bench *bench, size_t i, const struct message *message)
{
    struct worker *worker = &bench->workers[i];
    if (message->type == MESSAGE_WELCOME) {
        worker->session = message->session;
        worker->beat_ms = message->welcome.beat_ms;
        worker->next_beat_ms = clock_monotonic_ms() + (int64_t)i % worker->beat_ms;
        ask(bench, worker);
    } else if (message->type == MESSAGE_TRIAL) {
        on_trial(bench, i, message);
    } else if (message->type == MESSAGE_RESULT_ACK) {
        on_result_ack(bench, worker, message);
    } else if (message->type == MESSAGE_ERROR) {
        die("the coordinator", message->error.text);
    }
}

/* The descriptor of a ZeroMQ socket tells of changes only: read until there is nothing, also
 * after sends. */
static void drain(struct bench *bench, size_t i)
{
    struct message message;
    while (read_message(bench, bench->workers[i].socket, &message))
        on_message(bench, i, &message);
}

static void wait_and_drain(struct bench *bench, int timeout_ms)
{
    struct epoll_event events[EVENTS];
    int n = epoll_wait(bench->epoll, events, EVENTS, timeout_ms);
    for (int e = 0; e < n; e++)
        drain(bench, (size_t)events[e].data.u64);
}

/* ---- set-up */

static bool connect_to(const struct bench *bench, struct frame_socket **out,
                       const struct credentials *credentials, struct error *error)
{
    struct frame_keys storage;
    const struct frame_keys *keys;
    return credentials_for(credentials, &bench->connect, &storage, &keys, error) &&
           frame_connect(out, bench->connect.work, MESSAGE_MAX_BYTES, keys, error);
}

static void connect_workers(struct bench *bench)
{
    struct error error;
    bench->epoll = epoll_create1(0);
    for (size_t i = 0; i < bench->n_workers; i++) {
        struct worker *worker = &bench->workers[i];
        if (!connect_to(bench, &worker->socket, &bench->worker_key, &error))
            die("cannot connect", error.text);
        struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.u64 = i };
        epoll_ctl(bench->epoll, EPOLL_CTL_ADD, frame_descriptor(worker->socket), &event);
        say_hello(bench, i);
        drain(bench, i);
    }
}

static void client_ask(struct bench *bench, struct message question, enum message_type wanted)
{
    struct frame_socket *socket;
    struct error error;
    struct message answer = { 0 };
    bool unused;
    if (!connect_to(bench, &socket, &bench->submit_key, &error))
        die("cannot connect", error.text);
    send_message(bench, socket, question);
    while (!read_message(bench, socket, &answer))
        frame_wait(&socket, 1, NULL, &unused, 0, 1000);
    if (answer.type != wanted)
        die("the coordinator", answer.type == MESSAGE_ERROR ? answer.error.text : "an odd answer");
    frame_close(&socket);
}

static void search_name(char *name, size_t bytes)
{
    snprintf(name, bytes, "bench-%ld", (long)getpid());
}

static void submit(struct bench *bench)
{
    char name[64], definition[512];
    search_name(name, sizeof name);
    snprintf(definition, sizeof definition,
             "{\"name\":\"%s\",\"command\":[\"true\"],\"metric\":{\"name\":\"loss\"},"
             "\"sampler\":{\"name\":\"random\"},\"trials\":10000000,"
             "\"parameters\":{\"a\":{\"min\":0.0,\"max\":1.0},"
             "\"b\":{\"distribution\":\"log_uniform_values\",\"min\":1e-5,\"max\":1.0}}}",
             name);
    client_ask(
        bench,
        (struct message){ .id = 1,
                          .type = MESSAGE_SUBMIT,
                          .submit = { name, definition, "# made by tests/bench/service.c\n" } },
        MESSAGE_SUBMITTED);
}

static void stop(struct bench *bench)
{
    char name[64];
    search_name(name, sizeof name);
    client_ask(bench, (struct message){ .id = 2, .type = MESSAGE_STOP, .stop = { name, true } },
               MESSAGE_STOPPED);
}

/* ---- the run */

static void beat_all(struct bench *bench)
{
    int64_t now_ms = clock_monotonic_ms();
    for (size_t i = 0; i < bench->n_workers; i++)
        beat(bench, &bench->workers[i], now_ms);
}

/* Sends every result whose time has come. */
static void report_due(struct bench *bench, int64_t started_us, int64_t *scheduled)
{
    for (;;) {
        int64_t due_us = started_us + *scheduled * 1000000 / bench->rate;
        if (due_us > now_us())
            return;
        if (bench->n_ready == 0) {
            bench->late++; /* no trial to finish: the coordinator hands out too slowly */
            return;
        }
        uint32_t at = bench->ready[bench->ready_first];
        bench->ready_first = (bench->ready_first + 1) % bench->ready_capacity;
        bench->n_ready--;
        struct worker *worker = &bench->workers[at / MAX_SLOTS];
        report(bench, worker, &worker->jobs[at % MAX_SLOTS], due_us);
        drain(bench, at / MAX_SLOTS);
        ++*scheduled;
    }
}

static void run_for(struct bench *bench, int64_t ms)
{
    int64_t started_us = now_us(), scheduled = 0, beaten_ms = 0;
    while (now_us() - started_us < ms * 1000) {
        wait_and_drain(bench, 1);
        if (bench->rate > 0)
            report_due(bench, started_us, &scheduled);
        if (clock_monotonic_ms() - beaten_ms >= 100) {
            beat_all(bench);
            beaten_ms = clock_monotonic_ms();
        }
    }
}

static void wait_for_welcomes(struct bench *bench)
{
    int64_t end_ms = clock_monotonic_ms() + 60000;
    for (size_t i = 0; i < bench->n_workers;) {
        if (bench->workers[i].session != 0) {
            i++;
            continue;
        }
        if (clock_monotonic_ms() > end_ms)
            die("the coordinator", "did not welcome all workers within a minute");
        wait_and_drain(bench, 10);
    }
}

/* ---- the report */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double percentile_ms(const struct bench *bench, double p)
{
    if (bench->n_latencies == 0)
        return NAN;
    return bench->latencies_us[(size_t)(p * (double)(bench->n_latencies - 1))] / 1000;
}

/* What durability costs here at the least: small appends to a file beside the database, each
 * made durable. */
static double syncs_per_second(const char *database)
{
    char *path = xasprintf("%s-bench", database);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    char page[4096] = { 0 };
    int64_t started = now_us(), count = 0;
    while (file >= 0 && now_us() - started < FSYNC_MS * 1000 &&
           write(file, page, sizeof page) == sizeof page && fdatasync(file) == 0)
        count++;
    if (file >= 0)
        close(file);
    unlink(path);
    free(path);
    return (double)count / ((double)(now_us() - started) / 1e6);
}

static void print_machine(const struct bench *bench)
{
    char line[256], model[200] = "unknown";
    int major, minor, patch;
    FILE *file = fopen("/proc/cpuinfo", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "model name : %199[^\n]", model) == 1)
            break;
    if (file != NULL)
        fclose(file);
    zmq_version(&major, &minor, &patch);
    printf("machine: %s, %ld cores; ldt %s, libzmq %d.%d.%d, SQLite %s, protobuf-c %s\n", model,
           sysconf(_SC_NPROCESSORS_ONLN), LDT_VERSION, major, minor, patch, sqlite3_libversion(),
           protobuf_c_version());
    printf("limit: %.0f appends of 4 KiB a second, each with fdatasync\n",
           syncs_per_second(bench->connect.db));
}

static void print_report(struct bench *bench, double seconds)
{
    qsort(bench->latencies_us, bench->n_latencies, sizeof *bench->latencies_us, ascending);
    char wanted[32];
    snprintf(wanted, sizeof wanted, bench->rate > 0 ? "%d/s" : "saturation", bench->rate);
    printf("%zu workers x %d slots, %s: %.0f results/s durable; result to acknowledgement p50 %.1f "
           "ms, "
           "p99 %.1f ms, max %.1f ms; %" PRId64 " not recorded, %" PRId64
           " times no trial was at hand\n",
           bench->n_workers, bench->slots, wanted, (double)bench->acknowledged / seconds,
           percentile_ms(bench, 0.5), percentile_ms(bench, 0.99), percentile_ms(bench, 1),
           bench->refused, bench->late);
}

static int argument(char **argv, int i, int lowest, int highest)
{
    char *end;
    long number = strtol(argv[i], &end, 10);
    if (*argv[i] == '\0' || *end != '\0' || number < lowest || number > highest)
        die(argv[i], "is not a number, or too small or large");
    return (int)number;
}

static void set_up(struct bench *bench, char **argv)
{
    struct error error;
    struct rlimit limit;
    if (!connect_find(&bench->connect, NULL, argv[1], &error))
        die("no coordinator", error.text);
    if (!credentials_read(&bench->worker_key, NULL, &error) ||
        !credentials_read(&bench->submit_key, getenv("LDT_SUBMIT_KEY_FILE"), &error))
        die("no key", error.text);
    bench->n_workers = (size_t)argument(argv, 2, 1, 60000);
    bench->slots = argument(argv, 3, 1, MAX_SLOTS);
    bench->rate = argument(argv, 4, 0, 1000000);
    bench->seconds = argument(argv, 5, 1, 3600);
    bench->workers = xcalloc(bench->n_workers, sizeof *bench->workers);
    bench->ready_capacity = bench->n_workers * (size_t)bench->slots;
    bench->ready = xcalloc(bench->ready_capacity, sizeof *bench->ready);
    bench->arena = arena_create(1 << 16);
    buf_init(&bench->frame, MESSAGE_MAX_BYTES);
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static void tear_down(struct bench *bench)
{
    for (size_t i = 0; i < bench->n_workers; i++)
        frame_close(&bench->workers[i].socket);
    close(bench->epoll);
    free(bench->workers);
    free(bench->ready);
    free(bench->latencies_us);
    arena_destroy(&bench->arena);
    buf_free(&bench->frame);
}

int main(int argc, char **argv)
{
    struct bench bench = { 0 };
    if (argc != 6)
        die("usage", "service CONNECT_FILE WORKERS SLOTS RATE SECONDS");
    set_up(&bench, argv);
    print_machine(&bench);
    int64_t started = clock_monotonic_ms();
    connect_workers(&bench);
    wait_for_welcomes(&bench);
    printf("%zu workers connected and welcomed in %" PRId64 " ms\n", bench.n_workers,
           clock_monotonic_ms() - started);
    submit(&bench);
    run_for(&bench, WARM_UP_MS);
    bench.measuring = true;
    bench.late = 0;
    int64_t measured_us = now_us();
    run_for(&bench, (int64_t)bench.seconds * 1000);
    print_report(&bench, (double)(now_us() - measured_us) / 1e6);
    stop(&bench);
    tear_down(&bench);
    return bench.refused == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
