/* store DIRECTORY [SECONDS]: how fast rows become durable, without a core or a network before them:
 * turns as the coordinator's loop makes them, on a fresh database in DIRECTORY. Rates are given by
 * the wall clock and by processor time: the first has the disk in it, the second is what one core
 * can do. */
#include "common/xalloc.h"
#include "coordinator/store/store.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ATTEMPTS = 200, POINTS_EACH = 50, TURN_RESULTS = 200 };

struct bench {
    struct store *store;
    struct actions actions;
    int64_t trials, seq, wall_ms;
    int64_t points[ATTEMPTS]; /* recorded of each attempt that reports its curve */
};

static double seconds_of(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void add(struct bench *bench, struct action action)
{
    struct actions *actions = &bench->actions;
    actions->list = xgrow(actions->list, actions->count, &actions->capacity, sizeof *actions->list);
    actions->list[actions->count++] = action;
    actions->saves++;
}

static void commit(struct bench *bench)
{
    struct error error;
    if (store_save(bench->store, &bench->actions, &error) != STORE_OK) {
        fprintf(stderr, "store: %s\n", error.text);
        exit(EXIT_FAILURE);
    }
    actions_clear(&bench->actions);
}

static struct action trial_of(const struct bench *bench, int64_t number, enum trial_state state)
{
    bool final = state == TRIAL_DONE;
    return (struct action){
        .type = SAVE_TRIAL,
        .trial = { .study = 1,
                   .number = number,
                   .configuration = number,
                   .state = state,
                   .attempts = 1,
                   .seed = 4711 + number,
                   .reason = "",
                   .source = -1,
                   .has_value = final,
                   .value = 0.5,
                   .parameters = "{\"a\":0.61803398874989484,\"b\":0.00031415926535897931}",
                   .created_ms = bench->wall_ms,
                   .finished_ms = final ? bench->wall_ms + 100 : 0 }
    };
}

static struct action attempt_of(const struct bench *bench, int64_t trial, int64_t points,
                                enum attempt_state state)
{
    bool final = state == ATTEMPT_DONE;
    return (struct action){ .type = SAVE_ATTEMPT,
                            .attempt = { .ref = { 1, trial, 1 },
                                         .state = state,
                                         .worker = 1,
                                         .started_ms = bench->wall_ms,
                                         .finished_ms = final ? bench->wall_ms + 100 : 0,
                                         .points = points,
                                         .points_digest =
                                             0x9e3779b97f4a7c15u * (uint64_t)(points + trial),
                                         .last_step = points - 1,
                                         .has_best = points > 0,
                                         .has_last = points > 0,
                                         .metric_seen = points > 0,
                                         .best = 0.5,
                                         .last = 0.5,
                                         .reason = "",
                                         .log = "",
                                         .info = "",
                                         .duration_ms = final ? 100 : 0 } };
}

static void prepare(struct bench *bench)
{
    add(bench, (struct action){ .type = SAVE_SEARCH,
                                .search = { .id = 1,
                                            .name = "bench",
                                            .submit_key = "key",
                                            .definition = "{\"name\":\"bench\"}",
                                            .spec = "",
                                            .created_ms = bench->wall_ms } });
    add(bench, (struct action){ .type = SAVE_STUDY,
                                .study = { .id = 1,
                                           .search = 1,
                                           .name = "bench",
                                           .state = SEARCH_OPEN,
                                           .budget = 1000000000,
                                           .repeat = 1,
                                           .note = "",
                                           .created_ms = bench->wall_ms } });
    add(bench, (struct action){ .type = SAVE_WORKER,
                                .worker = { .id = 1,
                                            .name = "w",
                                            .host = "",
                                            .cpu = "",
                                            .version = "",
                                            .key = "",
                                            .slots = 1 } });
    for (int64_t i = 0; i < ATTEMPTS; i++, bench->trials++) {
        add(bench, trial_of(bench, i, TRIAL_RUNNING));
        add(bench, attempt_of(bench, i, 0, ATTEMPT_RUNNING));
    }
    commit(bench);
}

/* A turn in which trials of the turn before end, each with one point, and others are handed out. */
static int64_t results(struct bench *bench)
{
    static const struct point point = { 1, NAN, "loss", 0.5 };
    int64_t first = bench->trials - TURN_RESULTS;
    for (int64_t i = first; i < first + TURN_RESULTS; i++) {
        add(bench, (struct action){ .type = ADD_POINTS, .points = { { 1, i, 1 }, 0, &point, 1 } });
        add(bench, attempt_of(bench, i, 1, ATTEMPT_RUNNING));
        add(bench, attempt_of(bench, i, 1, ATTEMPT_DONE));
        add(bench, trial_of(bench, i, TRIAL_DONE));
        add(bench, (struct action){ .type = ADD_OUTCOME,
                                    .outcome = { .study = 1,
                                                 .seq = ++bench->seq,
                                                 .trial = i,
                                                 .state = TRIAL_DONE,
                                                 .has_value = true,
                                                 .value = 0.5 } });
    }
    for (int i = 0; i < TURN_RESULTS; i++, bench->trials++) {
        add(bench, trial_of(bench, bench->trials, TRIAL_RUNNING));
        add(bench, attempt_of(bench, bench->trials, 0, ATTEMPT_RUNNING));
    }
    commit(bench);
    return TURN_RESULTS;
}

/* A turn in which a twentieth of the fleet reports, each worker a batch. */
static int64_t points(struct bench *bench)
{
    static struct point curve[ATTEMPTS / 20][POINTS_EACH];
    static int64_t next;
    for (int k = 0; k < ATTEMPTS / 20; k++, next = (next + 1) % ATTEMPTS) {
        int64_t *recorded = &bench->points[next];
        for (int i = 0; i < POINTS_EACH; i++) {
            int64_t at = *recorded + i;
            curve[k][i] =
                (struct point){ 240 * (at / 2), 0.5 * (double)(at / 2),
                                at % 2 ? "test_kl" : "train_loss", 1.0 / (1.1 + (double)at) };
        }
        add(bench,
            (struct action){ .type = ADD_POINTS,
                             .points = { { 1, next, 1 }, *recorded, curve[k], POINTS_EACH } });
        *recorded += POINTS_EACH;
        add(bench, attempt_of(bench, next, *recorded, ATTEMPT_RUNNING));
    }
    commit(bench);
    return ATTEMPTS / 20 * POINTS_EACH;
}

static int64_t one_row(struct bench *bench)
{
    add(bench, attempt_of(bench, 0, ++bench->points[0], ATTEMPT_RUNNING));
    commit(bench);
    return 1;
}

static void measure(struct bench *bench, const char *what, double seconds,
                    int64_t (*turn)(struct bench *bench))
{
    int64_t count = 0, turns = 0;
    double wall = seconds_of(CLOCK_MONOTONIC), cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    while (seconds_of(CLOCK_MONOTONIC) - wall < seconds) {
        count += turn(bench);
        turns++;
    }
    wall = seconds_of(CLOCK_MONOTONIC) - wall;
    cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    printf("%-32s %9.0f/s, %9.0f per second of processor time, %6.0f commits/s\n", what,
           (double)count / wall, (double)count / cpu, (double)turns / wall);
}

int main(int argc, char **argv)
{
    struct error error;
    struct bench bench = { .wall_ms = 1700000000000 };
    if (argc < 2) {
        fputs("usage: store DIRECTORY [SECONDS]\n", stderr);
        return 2;
    }
    char *path = xasprintf("%s/store-bench-%ld.db", argv[1], (long)getpid());
    double seconds = argc > 2 ? atof(argv[2]) : 3;
    if (!store_open(&bench.store, path, &error)) {
        fprintf(stderr, "store: %s\n", error.text);
        return EXIT_FAILURE;
    }
    actions_init(&bench.actions);
    prepare(&bench);
    for (int i = 0; i < ATTEMPTS; i++)
        bench.points[i] = 1; /* their trials end in the first turn of results, with a point */
    measure(&bench, "results (7 rows each)", seconds, results);
    measure(&bench, "points, in batches of 50", seconds, points);
    measure(&bench, "rows, each in its own commit", seconds, one_row);
    store_close(&bench.store);
    actions_free(&bench.actions);
    if (argc <= 3)
        unlink(path);
    char *lock = xasprintf("%s-lock", path);
    unlink(lock);
    free(lock);
    free(path);
    return EXIT_SUCCESS;
}
