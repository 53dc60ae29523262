/* Databases of earlier releases are brought up to date, with what they hold. */
#include "coordinator/store/schema.h"
#include "tests/unit/coordinator/store/fixture.h"

/* A database as the release with this schema version left it. */
static void make_version(struct fixture *f, int version, const char *rows)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    for (int i = 0; i < version; i++)
        assert_int_equal(sqlite3_exec(db, migrations[i].sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, rows, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void studies_of_the_first_release_keep_their_repeats(void **state)
{
    struct fixture *f = *state;
    make_version(f, 1,
                 "INSERT INTO search (id, name, submit_key, definition, spec, created_ms) VALUES"
                 " (1, 'a', 'ka', '{\"repeat\":5}', '', 1), (2, 'b', 'kb', '{}', '', 2);"
                 "INSERT INTO study VALUES (1, 1, 'a/x', 0, 1, 7, 40, '', 1, NULL),"
                 " (2, 1, 'a/y', 1, 4, 8, 40, 'n', 1, 9), (3, 2, 'b', 0, 1, 9, 3, '', 1, NULL)");
    reopen(f);
    assert_int_equal(atoi(answer(f, "PRAGMA user_version")), schema_version);
    assert_string_equal(answer(f, "SELECT name, budget, note, repeat, parent FROM study"),
                        "a/x|40||5|\na/y|40|n|5|\nb|3||1|");
    assert_string_equal(answer(f, "SELECT study, trials, rerun_of FROM v_study"),
                        "a/x|200|\na/y|200|\nb|3|");
}

/* Every table, with a number of each kind. */
static const char rows_of_version_3[] =
    "INSERT INTO search (id, name, submit_key, definition, spec, created_ms)"
    " VALUES (1, 'task-b', 'key-1', '{\"name\":\"it\"}', 'name: it', 5);"
    "INSERT INTO study (id, search, name, position, state, seed, budget, repeat, note, created_ms)"
    " VALUES (1, 1, 'task-b/ldt', 0, 1, -77, 40, 1, '', 6);"
    "INSERT INTO worker (id, name, host, cpu, version, instance, pid, slots, allow_command,"
    " first_seen_ms, last_seen_ms) VALUES (1, 'w1', 'node', 'cpu', '1', -1, 42, 2, 1, 7, 8);"
    "INSERT INTO trial (study, number, configuration, repetition, state, seed, parameters,"
    " history_seq, attempts, charged, value, reason, created_ms, finished_ms)"
    " VALUES (1, 0, 0, 0, 3, 5, '{\"x\":0.1}', 0, 2, 0, 3.0, '', 9, 12);"
    "INSERT INTO attempt VALUES (1, 0, 1, 7, 1, 9, 10, 0, 0, -1, NULL, NULL, 0, 0, 0, 'lost', '',"
    " 1, 1, 1, ''), (1, 0, 2, 2, 1, 10, 12, 2, -3, 1, 3.0, NULL, 1, 0, 0, '', '{}', 2, 2, 2,"
    " 'a log');"
    "INSERT INTO outcome VALUES (1, 1, 0, 3, 3.0);"
    "INSERT INTO metric VALUES (1, 'loss'), (2, 'other');"
    "INSERT INTO point VALUES (1, 0, 2, 0, 1, NULL, 1, 3.0), (1, 0, 2, 1, 2, 0.5, 2, NULL)";

static const char all_hashes[] =
    "SELECT 'search', id, hash FROM search UNION ALL SELECT 'study', id, hash FROM study"
    " UNION ALL SELECT 'worker', id, hash FROM worker UNION ALL SELECT 'trial', number, hash FROM"
    " trial UNION ALL SELECT 'attempt', number, hash || '/' || log_hash FROM attempt UNION ALL"
    " SELECT 'outcome', seq, hash FROM outcome UNION ALL SELECT 'metric', id, hash FROM metric"
    " UNION ALL SELECT 'point', idx, mark FROM point"
    " UNION ALL SELECT name, rows, sum FROM integrity";

/* The rows of rows_of_version_3, as the core would ask to have them saved. */
static void save_the_same(struct fixture *f)
{
    struct action search = search_action(1, "task-b"), study = study_action(1, 1, "task-b/ldt");
    struct action worker = worker_action(1, "w1"), trial = trial_action(1, 0);
    struct action lost = attempt_action(1, 0, 1), done = attempt_action(1, 0, 2);
    struct point points[] = { { 1, NAN, "loss", 3.0 }, { 2, 0.5, "other", NAN } };
    search.search = (struct search_row){ 1, "task-b", "key-1", "{\"name\":\"it\"}", "name: it", 5 };
    study.study.position = 0;
    study.study.seed = -77;
    study.study.created_ms = 6;
    worker.worker.first_seen_ms = 7;
    worker.worker.last_seen_ms = 8;
    trial.trial = (struct trial_row){ .study = 1, .state = TRIAL_DONE, .seed = 5, .attempts = 2,
                                      .parameters = "{\"x\":0.1}", .source = -1, .has_value = true,
                                      .value = 3, .created_ms = 9, .finished_ms = 12 };
    lost.attempt = (struct attempt_row){ .ref = { 1, 0, 1 }, .state = ATTEMPT_LOST, .worker = 1,
                                         .started_ms = 9, .finished_ms = 10, .last_step = -1,
                                         .reason = "lost", .duration_ms = 1, .cpu_ms = 1,
                                         .peak_memory_bytes = 1 };
    done.attempt = (struct attempt_row){ .ref = { 1, 0, 2 }, .state = ATTEMPT_DONE, .worker = 1,
                                         .started_ms = 10, .finished_ms = 12, .points = 2,
                                         .points_digest = (uint64_t)-3, .last_step = 1,
                                         .has_best = true, .best = 3, .metric_seen = true,
                                         .info = "{}", .log = "a log", .duration_ms = 2,
                                         .cpu_ms = 2, .peak_memory_bytes = 2 };
    assert_int_equal(save(f, search, study, worker, trial, lost, done, outcome_action(1, 1, 0, 3),
                          points_action((struct attempt_ref){ 1, 0, 2 }, 0, points, 2)),
                     STORE_OK);
}

static void rows_from_before_get_the_hashes_that_they_would_have_been_saved_with(void **state)
{
    struct fixture *f = *state;
    make_version(f, 3, rows_of_version_3);
    reopen(f);
    char *migrated = strdup(answer(f, all_hashes));
    store_close(&f->store);
    unlink(f->path);
    reopen(f);
    save_the_same(f);
    assert_string_equal(migrated, answer(f, all_hashes));
    assert_string_equal(answer(f, "SELECT count(*) FROM pragma_foreign_key_check"), "0");
    free(migrated);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(studies_of_the_first_release_keep_their_repeats,
                                        make_directory, remove_all),
        cmocka_unit_test_setup_teardown(
            rows_from_before_get_the_hashes_that_they_would_have_been_saved_with, make_directory,
            remove_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
