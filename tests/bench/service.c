/* How fast the coordinator is, measured from outside: many simulated workers in this process
 * speak the protocol with a real coordinator. A trial of theirs takes no time: its points, and one
 * result.
 *
 * A coordinator with keys: LDT_KEY_FILE for the workers, LDT_SUBMIT_KEY_FILE for the search.
 *
 * usage: service CONNECT_FILE WORKERS SLOTS RATE SECONDS[,SECONDS...] [POINTS]
 *
 * RATE: results a second, on a fixed schedule; latency counts from the scheduled time, so that a
 * coordinator that falls behind cannot hide it. 0: as fast as answers come (saturation). Latency is
 * from sending RESULT (with its POINTS just before it) to the RESULT_ACK, which means durable.
 * SECONDS: of the measurement. Several are windows with a report each, over the same connections:
 * the first begins by itself, each other one at a SIGUSR1, and until then the load goes on.
 * POINTS: of each trial, by default 1; sent a thousand in a message, the next when the one before
 * it is acknowledged, and the result with the last. */
#include "common/clock.h"
#include "tests/bench/load.h"

#include <inttypes.h>
#include <signal.h>
#include <sys/epoll.h>

enum { MAX_SLOTS = 64, EVENTS = 256, WARM_UP_MS = 500, BATCH = 1000, MAX_WINDOWS = 8 };

struct job { /* an attempt in a slot */
    struct attempt_ref ref;
    bool taken, reported;
    int64_t points; /* sent */
    uint64_t digest;
    int64_t reported_us; /* when its RESULT was due */
};

struct worker {
    struct frame_socket *socket;
    uint64_t session;
    int64_t received, beat_ms, next_beat_ms;
    struct job jobs[MAX_SLOTS];
};

struct bench {
    struct load load;
    struct worker *workers;
    size_t n_workers;
    int slots, rate, epoll;
    int windows[MAX_WINDOWS], n_windows; /* seconds of each */
    sigset_t next_window;                /* SIGUSR1, which is blocked and asked for */
    int64_t points;                      /* of a trial */
    /* jobs that wait for their turn, as worker * MAX_SLOTS + slot */
    uint32_t *ready;
    size_t ready_first, n_ready, ready_capacity;
    bool measuring;
    int64_t acknowledged, points_acknowledged, refused, late;
    double *latencies_ms;
    size_t n_latencies, latencies_capacity;
};

/* ---- the protocol */

static void say(struct bench *bench, struct worker *worker, struct message message)
{
    message.session = worker->session;
    if (!load_send(&bench->load, worker->socket, &message))
        die("cannot send", "the queue is full: fewer SLOTS, or a lower RATE");
}

static void say_hello(struct bench *bench, size_t i)
{
    char name[64];
    snprintf(name, sizeof name, "bench-%zu", i);
    say(bench, &bench->workers[i],
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
    say(bench, worker,
        (struct message){ .type = MESSAGE_ASK, .ask = { free_slots, worker->received } });
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
    say(bench, worker, (struct message){ .type = MESSAGE_BEAT, .beat = { held, n } });
}

/* The next points of a trial, and behind the last its result. */
static void report(struct bench *bench, struct worker *worker, struct job *job)
{
    static struct point points[BATCH];
    int64_t first = job->points, left = bench->points - first;
    size_t count = left < BATCH ? (size_t)left : BATCH;
    for (size_t i = 0; i < count; i++) {
        points[i] = (struct point){ first + (int64_t)i, NAN, "loss", 0.5 / (1 + (double)i) };
        job->digest = point_digest(job->digest, &points[i]);
    }
    job->points += (int64_t)count;
    say(bench, worker,
        (struct message){ .type = MESSAGE_POINTS, .points = { job->ref, first, points, count } });
    if (job->points < bench->points)
        return;
    job->reported = true;
    say(bench, worker,
        (struct message){ .type = MESSAGE_RESULT,
                          .result = { .ref = job->ref,
                                      .kind = RESULT_DONE,
                                      .points = job->points,
                                      .points_digest = job->digest,
                                      .duration_ms = 1 } });
}

static void begin_report(struct bench *bench, struct worker *worker, struct job *job,
                         int64_t due_us)
{
    job->reported_us = due_us;
    report(bench, worker, job);
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
        begin_report(bench, worker, &worker->jobs[slot], now_us());
    else
        queue_job(bench, i, slot);
}

static struct job *find_job(struct bench *bench, struct worker *worker, struct attempt_ref ref)
{
    for (int i = 0; i < bench->slots; i++)
        if (worker->jobs[i].taken && attempt_ref_equal(worker->jobs[i].ref, ref))
            return &worker->jobs[i];
    return NULL;
}

static void on_points_ack(struct bench *bench, struct worker *worker, const struct message *message)
{
    struct job *job = find_job(bench, worker, message->points_ack.ref);
    if (job == NULL || message->points_ack.stale || message->points_ack.points != job->points)
        return;
    if (bench->measuring)
        bench->points_acknowledged += (job->points - 1) % BATCH + 1;
    if (!job->reported)
        report(bench, worker, job);
}

static void on_result_ack(struct bench *bench, struct worker *worker, const struct message *message)
{
    struct job *job = find_job(bench, worker, message->result_ack.ref);
    if (job == NULL)
        return;
    job->taken = false;
    if (message->result_ack.verdict != VERDICT_RECORDED)
        bench->refused++;
    else if (bench->measuring) {
        bench->acknowledged++;
        bench->latencies_ms = xgrow(bench->latencies_ms, bench->n_latencies,
                                    &bench->latencies_capacity, sizeof *bench->latencies_ms);
        bench->latencies_ms[bench->n_latencies++] = (double)(now_us() - job->reported_us) / 1000;
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
    } else if (message->type == MESSAGE_POINTS_ACK) {
        on_points_ack(bench, worker, message);
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
    while (load_receive(&bench->load, bench->workers[i].socket, &message))
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

static void connect_workers(struct bench *bench)
{
    bench->epoll = epoll_create1(0);
    for (size_t i = 0; i < bench->n_workers; i++) {
        struct worker *worker = &bench->workers[i];
        worker->socket = load_connect(&bench->load, frame_connect, &bench->load.worker_key);
        struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.u64 = i };
        epoll_ctl(bench->epoll, EPOLL_CTL_ADD, frame_descriptor(worker->socket), &event);
        say_hello(bench, i);
        drain(bench, i);
    }
}

static void submit(struct bench *bench)
{
    char name[64];
    snprintf(name, sizeof name, "bench-%ld", (long)getpid());
    load_submit(&bench->load, name);
}

static void stop(struct bench *bench)
{
    char name[64];
    snprintf(name, sizeof name, "bench-%ld", (long)getpid());
    struct message question = { .id = 2, .type = MESSAGE_STOP, .stop = { name, true } };
    load_ask(&bench->load, &question, MESSAGE_STOPPED);
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
        begin_report(bench, worker, &worker->jobs[at % MAX_SLOTS], due_us);
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

static void print_report(struct bench *bench, double seconds)
{
    const double *sorted = bench->latencies_ms;
    size_t count = bench->n_latencies;
    qsort(bench->latencies_ms, count, sizeof *bench->latencies_ms, ascending);
    char wanted[32];
    snprintf(wanted, sizeof wanted, bench->rate > 0 ? "%d/s" : "saturation", bench->rate);
    printf("%zu workers x %d slots, %s: %.0f results/s durable; result to acknowledgement p50 %.1f "
           "ms, p99 %.1f ms, max %.1f ms; %" PRId64 " not recorded, %" PRId64
           " times no trial was at hand\n",
           bench->n_workers, bench->slots, wanted, (double)bench->acknowledged / seconds,
           percentile(sorted, count, 0.5), percentile(sorted, count, 0.99),
           percentile(sorted, count, 1), bench->refused, bench->late);
    if (bench->points > 1)
        printf("trials of %" PRId64 " points: %.0f points/s durable\n", bench->points,
               (double)bench->points_acknowledged / seconds);
}

static void measure(struct bench *bench, int seconds)
{
    bench->measuring = true;
    bench->late = bench->acknowledged = bench->points_acknowledged = 0;
    bench->n_latencies = 0;
    int64_t started_us = now_us();
    run_for(bench, (int64_t)seconds * 1000);
    bench->measuring = false;
    print_report(bench, (double)(now_us() - started_us) / 1e6);
    fflush(stdout); /* whoever decides when the next window begins reads it */
}

static void run_until_asked(struct bench *bench)
{
    static const struct timespec at_once = { 0 };
    while (sigtimedwait(&bench->next_window, NULL, &at_once) != SIGUSR1)
        run_for(bench, 100);
}

static void measure_windows(struct bench *bench)
{
    run_for(bench, WARM_UP_MS);
    for (int i = 0; i < bench->n_windows; i++) {
        if (i > 0)
            run_until_asked(bench);
        measure(bench, bench->windows[i]);
    }
}

static void set_windows(struct bench *bench, char *text)
{
    for (char *item; (item = strsep(&text, ",")) != NULL;) {
        if (bench->n_windows == MAX_WINDOWS)
            die("SECONDS", "too many windows");
        bench->windows[bench->n_windows++] = number_argument(item, 1, 3600);
    }
    if (bench->n_windows == 0)
        die("SECONDS", "there must be one at least");
    sigemptyset(&bench->next_window);
    sigaddset(&bench->next_window, SIGUSR1);
    sigprocmask(SIG_BLOCK, &bench->next_window, NULL);
}

static void set_up(struct bench *bench, int argc, char **argv)
{
    struct error error;
    if (!connect_find(&bench->load.connect, NULL, argv[1], &error))
        die("no coordinator", error.text);
    load_init(&bench->load);
    bench->n_workers = (size_t)number_argument(argv[2], 1, 60000);
    bench->slots = number_argument(argv[3], 1, MAX_SLOTS);
    bench->rate = number_argument(argv[4], 0, 1000000);
    set_windows(bench, argv[5]);
    bench->points = argc > 6 ? number_argument(argv[6], 1, 10000000) : 1;
    bench->workers = xcalloc(bench->n_workers, sizeof *bench->workers);
    bench->ready_capacity = bench->n_workers * (size_t)bench->slots;
    bench->ready = xcalloc(bench->ready_capacity, sizeof *bench->ready);
}

static void tear_down(struct bench *bench)
{
    for (size_t i = 0; i < bench->n_workers; i++)
        frame_close(&bench->workers[i].socket);
    close(bench->epoll);
    free(bench->workers);
    free(bench->ready);
    free(bench->latencies_ms);
    load_free(&bench->load);
}

int main(int argc, char **argv)
{
    struct bench bench = { 0 };
    if (argc != 6 && argc != 7)
        die("usage", "service CONNECT_FILE WORKERS SLOTS RATE SECONDS[,SECONDS...] [POINTS]");
    set_up(&bench, argc, argv);
    print_machine(bench.load.connect.db);
    int64_t started = clock_monotonic_ms();
    connect_workers(&bench);
    wait_for_welcomes(&bench);
    printf("%zu workers connected and welcomed in %" PRId64 " ms\n", bench.n_workers,
           clock_monotonic_ms() - started);
    submit(&bench);
    measure_windows(&bench);
    stop(&bench);
    tear_down(&bench);
    return bench.refused == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
