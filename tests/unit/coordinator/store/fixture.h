/* fixture.h - a store in a fresh directory, turns of rows to save in it, and answers of SQL as
 * text. */
#ifndef STORE_TEST_FIXTURE_H
#define STORE_TEST_FIXTURE_H
#include "common/buf.h"
#include "coordinator/store/handle.h"

#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

struct fixture {
    char directory[64];
    char path[96];
    struct store *store;
    struct error error;
};

static inline int make_directory(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    snprintf(f->directory, sizeof f->directory, "/tmp/store-test.XXXXXX");
    assert_non_null(mkdtemp(f->directory));
    snprintf(f->path, sizeof f->path, "%s/runs.db", f->directory);
    *state = f;
    return 0;
}

static inline int make_store(void **state)
{
    make_directory(state);
    struct fixture *f = *state;
    if (!store_open(&f->store, f->path, &f->error))
        fail_msg("%s", f->error.text);
    return 0;
}

static inline int remove_all(void **state)
{
    static const char *const suffixes[] = { "", "-wal", "-shm", "-journal", "-lock" };
    struct fixture *f = *state;
    char name[128];
    store_close(&f->store);
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        snprintf(name, sizeof name, "%s%s", f->path, suffixes[i]);
        unlink(name);
    }
    rmdir(f->directory);
    free(f);
    return 0;
}

static inline void reopen(struct fixture *f)
{
    store_close(&f->store);
    if (!store_open(&f->store, f->path, &f->error))
        fail_msg("%s", f->error.text);
}

/* The answer to a query: columns apart by '|', rows by a newline, NULL as nothing. Valid until the
 * next call. */
static inline const char *answer_of(sqlite3 *db, const char *sql)
{
    static struct buf out;
    sqlite3_stmt *statement;
    if (out.bytes != NULL)
        buf_free(&out);
    buf_init(&out, 1 << 24);
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    while (sqlite3_step(statement) == SQLITE_ROW) {
        buf_text(&out, out.length > 0 ? "\n" : "");
        for (int i = 0; i < sqlite3_column_count(statement); i++) {
            const char *text = (const char *)sqlite3_column_text(statement, i);
            buf_printf(&out, "%s%s", i > 0 ? "|" : "", text != NULL ? text : "");
        }
    }
    sqlite3_finalize(statement);
    return out.bytes;
}

static inline const char *answer(struct fixture *f, const char *sql)
{
    return answer_of(f->store->db, sql);
}

static inline void run_sql(struct fixture *f, const char *sql)
{
    char *fault = NULL;
    if (sqlite3_exec(f->store->db, sql, NULL, NULL, &fault) != SQLITE_OK)
        fail_msg("%s: %s", sql, fault);
}

/* Garbage in place of the first page of a table, as a bad disk leaves it. Who has the database open
 * may still remember the page. */
static inline void ruin_table(struct fixture *f, const char *table)
{
    char sql[128], garbage[4096];
    run_sql(f, "PRAGMA wal_checkpoint(TRUNCATE)");
    snprintf(sql, sizeof sql, "SELECT rootpage FROM sqlite_schema WHERE name = '%s'", table);
    off_t page = atoi(answer(f, sql)) - 1;
    int fd = open(f->path, O_WRONLY);
    memset(garbage, 0xa5, sizeof garbage);
    assert_int_equal(pwrite(fd, garbage, sizeof garbage, page * (off_t)sizeof garbage),
                     sizeof garbage);
    close(fd);
}

/* ---- rows with every field set, to be changed by the test */

static inline struct action search_action(int64_t id, const char *name)
{
    static char keys[16][24];
    char *key = keys[id % 16];
    snprintf(key, sizeof keys[0], "key-%lld", (long long)id);
    return (struct action){ .type = SAVE_SEARCH,
                            .search = { .id = id,
                                        .name = name,
                                        .submit_key = key,
                                        .spec = "name: it\n",
                                        .created_ms = 1700000000123,
                                        .definition = "{\"name\":\"it\",\"program\":\"ldt\","
                                                      "\"metric\":{\"name\":\"test_kl\"}}" } };
}

static inline struct action study_action(int64_t id, int64_t search, const char *name)
{
    return (struct action){ .type = SAVE_STUDY, .study = {
        .id = id, .search = search, .name = name, .position = id, .state = SEARCH_OPEN, .seed = 77,
        .budget = 40, .repeat = 1, .note = "", .created_ms = 1700000000124 } };
}

static inline struct action worker_action(int64_t id, const char *name)
{
    return (struct action){ .type = SAVE_WORKER,
                            .worker = { .id = id,
                                        .name = name,
                                        .host = "node",
                                        .cpu = "cpu",
                                        .version = "1",
                                        .instance = UINT64_MAX,
                                        .pid = 42,
                                        .slots = 2,
                                        .allow_command = true,
                                        .first_seen_ms = 1700000000000,
                                        .last_seen_ms = 1700000001000 } };
}

static inline struct action trial_action(int64_t study, int64_t number)
{
    return (struct action){ .type = SAVE_TRIAL,
                            .trial = { .study = study,
                                       .number = number,
                                       .configuration = number,
                                       .state = TRIAL_RUNNING,
                                       .seed = 5,
                                       .parameters = "{\"student_lr\":0.001}",
                                       .source = -1,
                                       .attempts = 1,
                                       .reason = "",
                                       .created_ms = 1700000001000 } };
}

static inline struct action attempt_action(int64_t study, int64_t trial, int32_t attempt)
{
    return (struct action){ .type = SAVE_ATTEMPT, .attempt = {
        .ref = { study, trial, attempt }, .state = ATTEMPT_RUNNING, .worker = 1,
        .started_ms = 1700000001000, .last_step = -1, .reason = "", .info = "", .log = "" } };
}

static inline struct action outcome_action(int64_t study, int64_t seq, int64_t trial, double value)
{
    return (struct action){ .type = ADD_OUTCOME, .outcome = {
        .study = study, .seq = seq, .trial = trial, .state = TRIAL_DONE, .has_value = true,
        .value = value } };
}

static inline struct action points_action(struct attempt_ref ref, int64_t first,
                                          const struct point *points, size_t count)
{
    return (struct action){ .type = ADD_POINTS, .points = { ref, first, points, count } };
}

static inline enum store_result save_all(struct fixture *f, struct action *list, size_t count)
{
    struct actions actions = { .list = list, .count = count, .capacity = count, .saves = count };
    f->error.text[0] = '\0';
    return store_save(f->store, &actions, &f->error);
}

#define save(f, ...) \
    save_all(f, (struct action[]){ __VA_ARGS__ }, \
             sizeof((struct action[]){ __VA_ARGS__ }) / sizeof(struct action))

/* A search with one study, one worker and one running trial, as the ground for other rows. */
static inline void save_ground(struct fixture *f)
{
    if (save(f, search_action(1, "task-b"), study_action(1, 1, "task-b/ldt"),
             worker_action(1, "w1"), trial_action(1, 0), attempt_action(1, 0, 1)) != STORE_OK)
        fail_msg("%s", f->error.text);
}
#endif
