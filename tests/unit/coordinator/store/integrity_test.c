/* Hashes and sums are those of what stands in the file, whatever happened on the way; a restore
 * refuses rows that are not what was saved. */
#include "coordinator/store/integrity.h"
#include "example.h"

/* The recorded sums, then the same computed from the file. */
static void assert_sums_match(struct fixture *f)
{
    char *recorded = strdup(answer(f, "SELECT name, rows, sum FROM integrity ORDER BY name"));
    run_sql(f, "BEGIN");
    assert_true(integrity_make(f->store->db, &f->error));
    assert_string_equal(recorded, answer(f, "SELECT name, rows, sum FROM integrity ORDER BY name"));
    run_sql(f, "ROLLBACK");
    free(recorded);
}

static void the_sums_are_those_of_the_rows(void **state)
{
    struct fixture *f = *state;
    assert_sums_match(f);
    reopen(f);
    assert_sums_match(f);
}

static void rows_saved_again_and_again_leave_one_hash_in_the_sum(void **state)
{
    struct fixture *f = *state;
    struct action trial = trial_action(3, 6), worker = worker_action(2, "w2");
    for (int i = 0; i < 50; i++) {
        trial.trial.attempts = i + 1;
        trial.trial.number = 20 + i % 3;
        worker.worker.last_seen_ms = i;
        assert_int_equal(save(f, trial, worker, trial), STORE_OK);
    }
    assert_sums_match(f);
}

static void a_turn_that_failed_leaves_the_sums_as_they_were(void **state)
{
    struct fixture *f = *state;
    struct action nobodys = trial_action(99, 0);
    assert_int_equal(save(f, trial_action(3, 9), outcome_action(3, 1, 9, 1), nobodys),
                     STORE_BROKEN);
    assert_int_equal(save(f, trial_action(3, 9)), STORE_OK);
    assert_sums_match(f);
}

/* ---- what a hash tells apart */

static uint64_t hash_of(const struct trial_row *row)
{
    struct row_cell cells[MAX_COLUMNS];
    cells_of_row(&schema_tables[TABLE_TRIAL], row, cells);
    return cells_hash(TABLE_TRIAL, cells);
}

static void a_null_is_no_zero_and_a_zero_no_empty_text(void **state)
{
    struct trial_row row = trial_action(1, 1).trial, other = row;
    other.has_value = true;
    other.value = 0;
    assert_true(hash_of(&row) != hash_of(&other));
    row = other;
    row.value = nextafter(0, 1);
    assert_true(hash_of(&row) != hash_of(&other));
    row.value = -0.0; /* which SQLite keeps as 0 */
    assert_true(hash_of(&row) == hash_of(&other));
    row.source = 0;
    assert_true(hash_of(&row) != hash_of(&other));
}

static void equal_rows_of_two_tables_have_two_hashes(void **state)
{
    struct row_cell cells[MAX_COLUMNS] = { { .type = SQLITE_INTEGER, .integer = 1 },
                                       { .type = SQLITE_TEXT, .text = "x", .length = 1 } };
    uint64_t metric = cells_hash(TABLE_METRIC, cells);
    for (int i = 0; i < TABLES; i++)
        assert_true(i == TABLE_METRIC || cells_hash((enum table_number)i, cells) != metric);
}

static void what_was_read_is_what_was_saved(void **state)
{
    struct action saved = attempt_action(1, 3, 2);
    struct row_cell cells[MAX_COLUMNS];
    struct attempt_row row;
    saved.attempt.log = "the log";
    saved.attempt.has_best = true;
    saved.attempt.best = 0.1;
    saved.attempt.points_digest = UINT64_MAX;
    cells_of_row(&schema_tables[TABLE_ATTEMPT], &saved.attempt, cells);
    assert_true(cells_long_texts_match(&schema_tables[TABLE_ATTEMPT], cells));
    cells_to_row(&schema_tables[TABLE_ATTEMPT], cells, &row);
    assert_true(attempt_ref_equal(row.ref, saved.attempt.ref));
    assert_true(row.has_best && row.best == 0.1 && !row.has_last && row.finished_ms == 0);
    assert_true(row.points_digest == UINT64_MAX);
    assert_string_equal(row.log, "the log");
}

/* ---- restoring */

static void assert_not_restored(struct fixture *f, const char *sql, const char *sentence)
{
    struct core_options options = { .lease_ms = 30000, .beat_ms = 5000, .peer_silent_ms = 120000,
                                    .suggestions_per_turn = 64, .version = "test" };
    struct core *core = core_create(&options);
    run_sql(f, "PRAGMA foreign_keys = OFF");
    run_sql(f, "SAVEPOINT before");
    run_sql(f, sql);
    f->error.text[0] = '\0';
    assert_false(store_restore(f->store, core, 0, &f->error));
    if (strstr(f->error.text, sentence) == NULL ||
        strstr(f->error.text, "somebody other than the coordinator") == NULL)
        fail_msg("after %s: '%s' is not in: %s", sql, sentence, f->error.text);
    run_sql(f, "ROLLBACK TO before");
    run_sql(f, "RELEASE before");
    core_destroy(&core);
}

static void a_row_that_somebody_else_changed_is_not_restored(void **state)
{
    struct fixture *f = *state;
    assert_not_restored(f, "UPDATE search SET spec = 'name: is' WHERE id = 1", "search `task-b`");
}

static void a_row_that_is_missing_is_not_restored(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(save(f, worker_action(1, "w1")), STORE_OK);
    assert_not_restored(f, "DELETE FROM worker", "the table worker has 0 rows where 1");
}

int main(void)
{
#define WITH_EXAMPLE(test) cmocka_unit_test_setup_teardown(test, make_example, remove_all)
    const struct CMUnitTest tests[] = {
        WITH_EXAMPLE(the_sums_are_those_of_the_rows),
        WITH_EXAMPLE(rows_saved_again_and_again_leave_one_hash_in_the_sum),
        WITH_EXAMPLE(a_turn_that_failed_leaves_the_sums_as_they_were),
        cmocka_unit_test(a_null_is_no_zero_and_a_zero_no_empty_text),
        cmocka_unit_test(equal_rows_of_two_tables_have_two_hashes),
        cmocka_unit_test(what_was_read_is_what_was_saved),
        WITH_EXAMPLE(a_row_that_somebody_else_changed_is_not_restored),
        cmocka_unit_test_setup_teardown(a_row_that_is_missing_is_not_restored, make_store,
                                        remove_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
