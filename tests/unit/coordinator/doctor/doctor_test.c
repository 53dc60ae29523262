/* The doctor finds what was changed by hand, row by row and column by column, and names it. Every
 * change is made in the transaction that the doctor then looks at, and undone. */
#include "coordinator/doctor/doctor.h"
#include "tests/unit/coordinator/core/world.h"
#include "tests/unit/coordinator/store/fixture.h"

#include "common/xalloc.h"

/* ---- a search that has seen everything: two studies, failures, retries, divergence, a restart */

static const char definition[] =
    "{\"name\":\"s\",\"command\":[\"train\"],\"metric\":{\"name\":\"loss\"},\"trials\":8,"
    "\"max_attempts\":2,\"sampler\":{\"name\":\"tpe\"},\"matrix\":{\"arm\":[\"one\",\"two\"]},"
    "\"parameters\":{\"x\":{\"min\":0.0,\"max\":1.0},\"kind\":{\"values\":[\"a\",\"b\",\"c\"]}}}";

static void keep(struct fixture *f, struct world *world)
{
    if (store_save(f->store, &world->actions, &f->error) != STORE_OK)
        fail_msg("%s", f->error.text);
}

static void run_trial(struct fixture *f, struct world *world, uint64_t session, int i)
{
    ask(world, 7, session, 1, i);
    keep(f, world);
    struct attempt_ref ref = told(world, 7, MESSAGE_TRIAL)->trial.ref;
    bool fails = ref.trial == 3;
    struct point points[] = { loss(1, 0.3 + 0.1 * i),
                              { 1, 0.5, "other", 2.5 },
                              loss(2, ref.trial == 4 ? NAN : 0.25 + 0.01 * i) };
    send_points(world, 7, session, ref, 0, points, 3);
    keep(f, world);
    struct message message = result(ref, fails ? RESULT_FAILED : RESULT_DONE, points, 3);
    message.result.reason = fails ? "no such file" : "";
    message.result.log = "a log";
    message.result.info = "{\"version\":\"1\"}";
    message.result.duration_ms = 1234;
    send_result(world, 7, session, message);
    keep(f, world);
}

static int make_search(void **state)
{
    make_store(state);
    struct fixture *f = *state;
    struct world *world = world_create();
    submit(world, definition);
    keep(f, world);
    uint64_t session = worker_joins(world, 7, 1);
    keep(f, world);
    for (int i = 0; i < 17; i++)
        run_trial(f, world, session, i);
    world_destroy(world);
    run_sql(f, "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON");
    return 0;
}

/* ---- what the doctor said */

struct said {
    int64_t findings;
    struct buf text; /* "place: fault" and a newline for each */
    struct buf sound;
};

static void note(void *context, const struct finding *finding)
{
    struct said *said = context;
    buf_printf(&said->text, "%s: %s\n", finding->place, finding->fault);
    assert_true(finding->remedy[0] != '\0');
}

static struct said examine(struct fixture *f)
{
    struct said said = { 0 };
    struct diagnosis diagnosis;
    struct doctor_listener listener = { note, NULL, &said };
    buf_init(&said.text, 1 << 20);
    buf_init(&said.sound, 1 << 16);
    if (!doctor_examine(f->store->db, &listener, &diagnosis, &f->error))
        fail_msg("%s", f->error.text);
    said.findings = diagnosis.findings;
    for (size_t i = 0; i < diagnosis.n_sound; i++)
        buf_printf(&said.sound, "%s ", diagnosis.sound[i]);
    diagnosis_free(&diagnosis);
    return said;
}

static void forget(struct said *said)
{
    buf_free(&said->text);
    buf_free(&said->sound);
}

/* The change is found, and one of the findings has this text. */
static void found_after(struct fixture *f, const char *sql, const char *text)
{
    run_sql(f, "SAVEPOINT change");
    run_sql(f, sql);
    if (sqlite3_total_changes(f->store->db) == 0)
        fail_msg("changed nothing: %s", sql);
    struct said said = examine(f);
    run_sql(f, "ROLLBACK TO change; RELEASE change");
    if (said.findings == 0 || strstr(said.text.bytes, text) == NULL)
        fail_msg("after %s: '%s' is not in %lld findings:\n%s", sql, text, (long long)said.findings,
                 said.text.bytes);
    forget(&said);
}

static void what_was_saved_is_sound(void **state)
{
    struct fixture *f = *state;
    struct said said = examine(f);
    if (said.findings > 0)
        fail_msg("%s", said.text.bytes);
    assert_string_equal(said.sound.bytes, "s/one s/two ");
    forget(&said);
    assert_string_equal(answer(f, "SELECT count(DISTINCT state) FROM trial WHERE state > 2"), "3");
    assert_string_equal(answer(f, "SELECT max(attempts) FROM trial"), "2");
}

/* ---- columns */

/* Another value of the same type; of a NULL, 1. */
#define OTHER "CASE typeof(%1$s) WHEN 'text' THEN %1$s || ' ' WHEN 'null' THEN 1 ELSE %1$s + 1 END"

/* The last row of each table: adding 1 to its key meets no other row. */
static const char *const last_rows[TABLES] = {
    [TABLE_SEARCH] = "id = 1",
    [TABLE_STUDY] = "id = 2",
    [TABLE_WORKER] = "id = 1",
    [TABLE_TRIAL] = "study = 2 AND number = (SELECT max(number) FROM trial WHERE study = 2)",
    [TABLE_ATTEMPT] =
        "study = 2 AND trial = (SELECT max(trial) FROM attempt WHERE study = 2) AND number = 1",
    [TABLE_OUTCOME] = "study = 2 AND seq = (SELECT max(seq) FROM outcome WHERE study = 2)",
    [TABLE_METRIC] = "id = 2",
};

static const char *const row_names[TABLES] = {
    [TABLE_SEARCH] = "search `s",     [TABLE_STUDY] = "study `s/two",
    [TABLE_WORKER] = "worker `anna",  [TABLE_TRIAL] = "trial ",
    [TABLE_ATTEMPT] = "attempt ",     [TABLE_OUTCOME] = "outcome ",
    [TABLE_METRIC] = "metric `other",
};

static void change_column(struct fixture *f, int table, const char *column)
{
    const char *name = schema_tables[table].name;
    char *value = xasprintf(OTHER, column);
    char *sql = xasprintf("UPDATE %s SET %s = %s WHERE %s", name, column, value, last_rows[table]);
    found_after(f, sql, row_names[table]);
    free(sql);
    free(value);
}

static void a_change_in_any_column_of_any_table_is_found_and_the_row_named(void **state)
{
    struct fixture *f = *state;
    for (int t = 0; t < TABLES; t++) {
        for (int i = 0; i < schema_tables[t].n_columns; i++)
            change_column(f, t, schema_tables[t].columns[i].name);
        change_column(f, t, "hash");
    }
}

/* The list of columns is the schema's: a column that nothing proves would be a hole. */
static void every_column_of_the_schema_is_proven(void **state)
{
    struct fixture *f = *state;
    for (int t = 0; t < TABLES; t++) {
        char *sql =
            xasprintf("SELECT count(*) FROM pragma_table_info('%s')", schema_tables[t].name);
        assert_int_equal(atoi(answer(f, sql)), schema_tables[t].n_columns + 1);
        free(sql);
    }
}

static void a_change_in_any_column_of_a_point_is_found_and_the_point_named(void **state)
{
    static const char *const columns[] = { "step", "epoch", "metric", "value", "mark" };
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        char *value = xasprintf(OTHER, columns[i]);
        char *sql = xasprintf("UPDATE point SET %s = %s WHERE study = 1 AND trial = 0 AND idx = 1",
                              columns[i], value);
        found_after(*state, sql, "point 1 (step ");
        found_after(*state, sql, "of attempt 1 of trial 0 of `s/one`: ");
        free(sql);
        free(value);
    }
}

static void types_that_compare_equal_are_told_apart(void **state)
{
    found_after(*state, "UPDATE study SET note = '0' WHERE id = 1", "study `s/one`");
    found_after(*state, "UPDATE trial SET finished_ms = NULL WHERE study = 1 AND number = 1",
                "trial 1 of `s/one`");
    found_after(*state, "UPDATE point SET epoch = 0 WHERE study = 1 AND trial = 1 AND idx = 0",
                "point 0 (step 1) of attempt 1 of trial 1 of `s/one`");
    found_after(*state,
                "UPDATE trial SET value = value * (1 + 3e-16) WHERE study = 1 AND number = 1",
                "trial 1 of `s/one`");
}

/* ---- whole rows */

static void rows_that_change_places_are_found(void **state)
{
    found_after(*state,
                "UPDATE trial SET number = -1 WHERE study = 1 AND number = 1;"
                "UPDATE trial SET number = 1 WHERE study = 1 AND number = 2;"
                "UPDATE trial SET number = 2 WHERE study = 1 AND number = -1",
                "trial 1 of `s/one`");
    found_after(*state,
                "UPDATE point SET idx = 9 WHERE study = 1 AND trial = 1 AND idx = 0;"
                "UPDATE point SET idx = 0 WHERE study = 1 AND trial = 1 AND idx = 2;"
                "UPDATE point SET idx = 2 WHERE study = 1 AND trial = 1 AND idx = 9",
                "of trial 1 of `s/one`");
}

static void a_row_that_is_gone_is_found(void **state)
{
    found_after(*state, "DELETE FROM outcome WHERE study = 1 AND seq = 3",
                "the table outcome: it has");
    found_after(*state, "DELETE FROM worker", "the table worker: it has 0 rows where 1 were saved");
    found_after(*state, "DELETE FROM attempt WHERE study = 1 AND trial = 1",
                "attempt 1 of trial 1 of `s/one`: 3 points are recorded for it, and there is no");
    found_after(*state, "DELETE FROM point WHERE study = 1 AND trial = 1 AND idx = 2",
                "attempt 1 of trial 1 of `s/one`: it has 2 points where 3 were saved");
    found_after(*state, "DELETE FROM point", "it has 0 points where 3 were saved");
    found_after(*state, "DELETE FROM integrity WHERE name = 'trial'", "the sum of a table");
}

static void a_row_that_somebody_added_is_found(void **state)
{
    found_after(
        *state,
        "INSERT INTO outcome SELECT study, seq + 1000, trial, state, value, hash FROM outcome"
        " WHERE study = 1 AND seq = 1",
        "the table outcome: it has");
    found_after(
        *state,
        "INSERT INTO point SELECT study, trial, attempt, idx + 3, step, epoch, metric, value,"
        " mark FROM point WHERE study = 1 AND trial = 1 AND idx = 2",
        "attempt 1 of trial 1 of `s/one`: it has 4 points where 3 were saved");
}

/* Its hash is right, for it was right once: only the sum knows better. */
static void an_older_state_of_a_row_is_found(void **state)
{
    struct fixture *f = *state;
    run_sql(f, "CREATE TEMP TABLE older AS SELECT * FROM worker");
    struct action worker = worker_action(1, "anna");
    assert_int_equal(save(f, worker), STORE_OK);
    found_after(f, "DELETE FROM worker; INSERT INTO worker SELECT * FROM older",
                "the table worker: its sum is not that of its rows");
}

static void a_sum_that_changed_is_found(void **state)
{
    found_after(*state, "UPDATE integrity SET sum = sum + 1 WHERE name = 'metric'",
                "the table metric: its sum");
    found_after(*state, "UPDATE integrity SET rows = rows - 1 WHERE name = 'metric'",
                "the table metric: it has 2 rows where 1 were saved");
}

/* ---- what hashes cannot see: rows that were saved as they are, and should not have been */

static void accepted_after(struct fixture *f, const char *sql, const char *text)
{
    run_sql(f, "SAVEPOINT accepted");
    run_sql(f, sql);
    assert_true(integrity_make(f->store->db, &f->error));
    struct said said = examine(f);
    run_sql(f, "ROLLBACK TO accepted; RELEASE accepted");
    if (strstr(said.text.bytes, text) == NULL)
        fail_msg("after %s: '%s' is not in %lld findings:\n%s", sql, text, (long long)said.findings,
                 said.text.bytes);
    forget(&said);
}

static void broken_invariants_are_found_in_rows_with_right_hashes(void **state)
{
    static const struct {
        const char *sql, *text;
    } cases[] = {
        { "DELETE FROM attempt WHERE study = 1 AND trial = 1; DELETE FROM point WHERE trial = 1",
          "trial 1 of `s/one`: its attempts are not numbered from 1" },
        { "UPDATE attempt SET state = 1 WHERE study = 1 AND trial = 1",
          "trial 1 of `s/one`: an attempt of it runs" },
        { "UPDATE attempt SET state = 2 WHERE study = 1 AND trial = 3 AND number = 1;"
          "UPDATE trial SET charged = 1 WHERE study = 1 AND number = 3",
          "trial 3 of `s/one`: an attempt of it that is not its latest ended well" },
        { "UPDATE trial SET state = 5 WHERE study = 1 AND number = 1;"
          "UPDATE attempt SET state = 4 WHERE study = 1 AND trial = 1;"
          "UPDATE outcome SET state = 5 WHERE study = 1 AND trial = 1",
          "trial 1 of `s/one`: how an attempt of it ended does not follow from its points" },
        { "UPDATE trial SET state = 3 WHERE study = 1 AND number = 4;"
          "UPDATE attempt SET state = 2 WHERE study = 1 AND trial = 4;"
          "UPDATE outcome SET state = 3 WHERE study = 1 AND trial = 4",
          "trial 4 of `s/one`: how an attempt of it ended does not follow from its points" },
        { "UPDATE trial SET value = 0.01 WHERE study = 1 AND number = 3;"
          "UPDATE outcome SET value = 0.01 WHERE study = 1 AND trial = 3",
          "trial 3 of `s/one`: it has a value and did not end with one" },
        { "UPDATE trial SET charged = attempts WHERE study = 1 AND number = 1",
          "trial 1 of `s/one`: more attempts are charged to it than failed" },
        { "DELETE FROM outcome WHERE study = 1 AND seq = 1",
          "`s/one`: its outcomes are not numbered from 1" },
        { "UPDATE outcome SET value = value + 1 WHERE study = 1 AND trial = 1",
          "trial 1 of `s/one`: it is final and its latest outcome is not how it ended" },
        { "UPDATE trial SET value = value + 1 WHERE study = 1 AND number = 1;"
          "UPDATE outcome SET value = value + 1 WHERE study = 1 AND trial = 1",
          "trial 1 of `s/one`: its value does not follow from its latest attempt" },
        { "UPDATE attempt SET best = best - 1 WHERE study = 1 AND trial = 1;"
          "UPDATE trial SET value = value - 1 WHERE study = 1 AND number = 1;"
          "UPDATE outcome SET value = value - 1 WHERE study = 1 AND trial = 1",
          "attempt 1 of trial 1 of `s/one`: its best value is not that of its points" },
        { "UPDATE point SET value = value - 1 WHERE study = 1 AND trial = 1",
          "attempt 1 of trial 1 of `s/one`: its curve is not the one that was reported" },
        { "UPDATE attempt SET worker = 5 WHERE study = 1 AND trial = 1",
          "trial 1 of `s/one`: its attempt is of a worker that does not exist" },
        { "DELETE FROM point WHERE study = 1 AND trial = 7;"
          "DELETE FROM outcome WHERE study = 1 AND trial = 7;"
          "DELETE FROM attempt WHERE study = 1 AND trial = 7;"
          "DELETE FROM trial WHERE study = 1 AND number = 7",
          "`s/one`: it is done and has not as many trials as its budget" },
        { "UPDATE study SET budget = 1, state = 3 WHERE id = 1",
          "what a coordinator restores: study s/one" },
        { "UPDATE study SET budget = 1, state = 3 WHERE id = 1; DROP VIEW v_best",
          "what a coordinator restores: study s/one" },
        { "UPDATE trial SET seed = seed + 2 WHERE study = 1 AND number = 4",
          "trial 4 of `s/one`: its suggestion does not come out again" },
        { "UPDATE trial SET parameters = json_set(parameters, '$.x', 0.5)"
          " WHERE study = 1 AND number = 4",
          "trial 4 of `s/one`: its suggestion does not come out again" },
        { "UPDATE study SET audit = 1 WHERE id = 1;"
          "DELETE FROM outcome WHERE study = 2 AND seq = 1",
          "`s/two`: its outcomes are not numbered from 1" },
        { "INSERT INTO search (id, name, submit_key, definition, spec, created_ms, hash)"
          " SELECT 2, 't', 'another', json_remove(definition, '$.matrix'), spec, created_ms, hash"
          " FROM search; UPDATE study SET search = 2, parent = 2 WHERE id = 1;"
          "INSERT INTO outcome SELECT 3, seq, trial, state, value, hash FROM outcome"
          " WHERE study = 1 AND seq = 2",
          "study 3: its outcomes are not numbered from 1" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        accepted_after(*state, cases[i].sql, cases[i].text);
}

static void only_the_studies_concerned_are_called_affected(void **state)
{
    struct fixture *f = *state;
    run_sql(f, "BEGIN; UPDATE trial SET reason = 'mine' WHERE study = 1 AND number = 2");
    struct said said = examine(f);
    run_sql(f, "ROLLBACK");
    assert_int_equal(said.findings, 1);
    assert_string_equal(said.sound.bytes, "s/two ");
    forget(&said);
}

static void a_schema_that_is_not_ours_is_found(void **state)
{
    found_after(*state, "DROP VIEW v_best", "the view v_best: it is missing");
    found_after(*state, "DROP INDEX trial_by_value", "the index trial_by_value: it is missing");
    found_after(*state,
                "CREATE TRIGGER spy AFTER UPDATE ON trial BEGIN DELETE FROM outcome; END;"
                "UPDATE study SET note = note",
                "spy: it is a trigger");
}

/* What SQLite keeps of a table that an older release made. */
static void change_statement(struct fixture *f, const char *from, const char *to)
{
    char sql[256];
    snprintf(sql, sizeof sql,
             "BEGIN; PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = "
             "replace(sql, '%s', '%s') WHERE name = 'trial'",
             from, to);
    run_sql(f, sql);
    assert_int_equal(sqlite3_changes(f->store->db), 1);
}

static void a_comment_in_the_schema_may_have_been_another_when_the_table_was_made(void **state)
{
    struct fixture *f = *state;
    change_statement(f, "-- ", "--   it isn''t written as it was: ");
    struct said said = examine(f);
    run_sql(f, "ROLLBACK");
    assert_string_equal(said.text.bytes, "");
    forget(&said);
    change_statement(f, "NOT NULL", "");
    said = examine(f);
    run_sql(f, "ROLLBACK; PRAGMA writable_schema = OFF");
    assert_non_null(strstr(said.text.bytes, "the table trial: it is not as this release makes it"));
    forget(&said);
}

static void tables_and_views_of_the_users_own_are_welcome(void **state)
{
    struct fixture *f = *state;
    run_sql(f, "BEGIN; CREATE VIEW mine AS SELECT * FROM trial; CREATE TABLE notes (text)");
    struct said said = examine(f);
    run_sql(f, "ROLLBACK");
    assert_int_equal(said.findings, 0);
    forget(&said);
}

static void rows_can_be_accepted_as_they_are(void **state)
{
    struct fixture *f = *state;
    run_sql(f, "UPDATE worker SET host = 'another'");
    assert_false(store_accept(f->path, &f->error)); /* while a coordinator has it */
    store_close(&f->store);
    if (!store_accept(f->path, &f->error))
        fail_msg("%s", f->error.text);
    reopen(f);
    struct said said = examine(f);
    assert_int_equal(said.findings, 0);
    forget(&said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_saved_is_sound),
        cmocka_unit_test(a_change_in_any_column_of_any_table_is_found_and_the_row_named),
        cmocka_unit_test(every_column_of_the_schema_is_proven),
        cmocka_unit_test(a_change_in_any_column_of_a_point_is_found_and_the_point_named),
        cmocka_unit_test(types_that_compare_equal_are_told_apart),
        cmocka_unit_test(rows_that_change_places_are_found),
        cmocka_unit_test(a_row_that_is_gone_is_found),
        cmocka_unit_test(a_row_that_somebody_added_is_found),
        cmocka_unit_test(an_older_state_of_a_row_is_found),
        cmocka_unit_test(a_sum_that_changed_is_found),
        cmocka_unit_test(broken_invariants_are_found_in_rows_with_right_hashes),
        cmocka_unit_test(only_the_studies_concerned_are_called_affected),
        cmocka_unit_test(a_schema_that_is_not_ours_is_found),
        cmocka_unit_test(a_comment_in_the_schema_may_have_been_another_when_the_table_was_made),
        cmocka_unit_test(tables_and_views_of_the_users_own_are_welcome),
        cmocka_unit_test(rows_can_be_accepted_as_they_are),
    };
    return cmocka_run_group_tests(tests, make_search, remove_all);
}
