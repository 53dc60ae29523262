/* load.h - what the two load generators share: how they talk, what they submit, and what they say
 * of the machine. A benchmark is one file, so all of it is static. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H
#include "common/arena.h"
#include "common/buf.h"
#include "common/credentials.h"
#include "common/frame.h"
#include "common/version.h"
#include "common/xalloc.h"
#include "proto/codec.h"

#include <fcntl.h>
#include <math.h>
#include <protobuf-c/protobuf-c.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

enum { FSYNC_MS = 500 };

struct load { /* one for a process */
    struct connect_info connect;
    struct credentials worker_key, submit_key;
    struct arena *arena; /* of the message read last */
    struct buf frame;
};

static inline void die(const char *what, const char *why)
{
    fprintf(stderr, "load: %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

static inline int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static inline int number_argument(const char *text, int lowest, int highest)
{
    char *end;
    long number = strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || number < lowest || number > highest)
        die(text, "is not a number, or too small or large");
    return (int)number;
}

static inline void load_init(struct load *load)
{
    struct error error;
    struct rlimit limit;
    if (!credentials_read(&load->worker_key, NULL, &error) ||
        !credentials_read(&load->submit_key, getenv("LDT_SUBMIT_KEY_FILE"), &error))
        die("no key", error.text);
    load->arena = arena_create(1 << 16);
    buf_init(&load->frame, MESSAGE_MAX_BYTES);
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static inline void load_free(struct load *load)
{
    credentials_wipe(&load->worker_key);
    credentials_wipe(&load->submit_key);
    arena_destroy(&load->arena);
    buf_free(&load->frame);
}

typedef bool connect_function(struct frame_socket **, const char *, size_t,
                              const struct frame_keys *, struct error *);

static inline struct frame_socket *load_connect(const struct load *load, connect_function *connect,
                                                const struct credentials *credentials)
{
    struct frame_socket *socket;
    struct frame_keys storage;
    const struct frame_keys *keys;
    struct error error;
    if (!credentials_for(credentials, &load->connect, &storage, &keys, &error) ||
        !connect(&socket, load->connect.work, MESSAGE_MAX_BYTES, keys, &error))
        die("cannot connect", error.text);
    return socket;
}

/* False when the queue is full, or, of a fresh socket, while there is no connection. */
static inline bool load_send(struct load *load, struct frame_socket *socket,
                             const struct message *message)
{
    struct error error;
    buf_clear(&load->frame);
    if (!codec_encode(&load->frame, message, &error))
        die("cannot encode", error.text);
    return frame_send(socket, NULL, load->frame.bytes, load->frame.length) == FRAME_OK;
}

/* False when nothing is left. */
static inline bool load_receive(struct load *load, struct frame_socket *socket,
                                struct message *message)
{
    struct error error;
    uint32_t version;
    if (frame_receive(socket, NULL, &load->frame) != FRAME_OK)
        return false;
    arena_reset(load->arena);
    if (!codec_decode(message, load->frame.bytes, load->frame.length, load->arena, &version,
                      &error))
        die("cannot decode", error.text);
    return true;
}

/* Asks as a client does, and waits for the answer. */
static inline void load_ask(struct load *load, const struct message *question,
                            enum message_type wanted)
{
    struct frame_socket *socket = load_connect(load, frame_connect, &load->submit_key);
    struct message answer = { 0 };
    bool unused;
    load_send(load, socket, question);
    while (!load_receive(load, socket, &answer))
        frame_wait(&socket, 1, NULL, &unused, 0, 1000);
    if (answer.type != wanted)
        die("the coordinator", answer.type == MESSAGE_ERROR ? answer.error.text : "an odd answer");
    frame_close(&socket);
}

/* A search that never ends, with a sampler that costs nothing. */
static inline void load_submit(struct load *load, const char *name)
{
    char definition[512];
    snprintf(definition, sizeof definition,
             "{\"name\":\"%s\",\"command\":[\"true\"],\"metric\":{\"name\":\"loss\"},"
             "\"sampler\":{\"name\":\"random\"},\"trials\":10000000,"
             "\"parameters\":{\"a\":{\"min\":0.0,\"max\":1.0},"
             "\"b\":{\"distribution\":\"log_uniform_values\",\"min\":1e-5,\"max\":1.0}}}",
             name);
    struct message question = { .id = 1,
                                .type = MESSAGE_SUBMIT,
                                .submit = { name, definition, "# made by tests/bench\n" } };
    load_ask(load, &question, MESSAGE_SUBMITTED);
}

/* ---- figures */

static inline int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of sorted numbers. */
static inline double percentile(const double *sorted, size_t count, double p)
{
    return count == 0 ? NAN : sorted[(size_t)(p * (double)(count - 1))];
}

/* What durability costs here at the least: small appends to a file beside the database, each made
 * durable. */
static inline double syncs_per_second(const char *database)
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

static inline void print_machine(const char *database)
{
    char line[256], model[200] = "unknown";
    double load[1] = { NAN };
    int major, minor, patch;
    FILE *file = fopen("/proc/cpuinfo", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "model name : %199[^\n]", model) == 1)
            break;
    if (file != NULL)
        fclose(file);
    zmq_version(&major, &minor, &patch);
    getloadavg(load, 1);
    printf("machine: %s, %ld cores; ldt %s, libzmq %d.%d.%d, SQLite %s, protobuf-c %s\n", model,
           sysconf(_SC_NPROCESSORS_ONLN), LDT_VERSION, major, minor, patch, sqlite3_libversion(),
           protobuf_c_version());
    printf("limit: %.0f appends of 4 KiB a second, each with fdatasync; load average %.1f\n",
           syncs_per_second(database), load[0]);
}
#endif
