#include "example.h"

static void trials_have_their_states_in_words(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(answer(f, "SELECT trial, state, value FROM v_trial WHERE study = 'solo'"),
                        "0|done|0.5\n1|done|0.75\n2|done|0.75\n3|diverged|0.99\n4|failed|\n"
                        "5|running|\n6|waiting|\n7|cancelled|\n8|pruned|0.4");
    for (int s = TRIAL_WAITING; s <= TRIAL_CANCELLED; s++) {
        char sql[200];
        snprintf(sql, sizeof sql, "SELECT DISTINCT v.state FROM trial JOIN study ON study.id = "
                                  "trial.study JOIN v_trial AS v ON v.study = study.name AND "
                                  "v.trial = trial.number WHERE trial.state = %d", s);
        assert_string_equal(answer(f, sql), trial_state_name((enum trial_state)s));
    }
}

static void a_trial_tells_of_its_last_attempt(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(answer(f, "SELECT search, configuration, repetition, worker, attempts, "
                                  "seconds, finished FROM v_trial WHERE trial < 2 AND "
                                  "study = 'task-b/ldt' ORDER BY trial"),
                        "task-b|0|0|w2|2|1.5|2023-11-14T23:13:21Z\n"
                        "task-b|0|1|w1|1|1.5|2023-11-14T23:13:21Z");
    assert_string_equal(answer(f, "SELECT worker, seconds FROM v_trial WHERE trial IN (5, 6) AND "
                                  "study = 'solo'"), "w1|\n|");
    assert_string_equal(answer(f, "SELECT parameters ->> '$.student_lr' FROM v_trial WHERE "
                                  "study = 'task-b/ldt' AND trial = 4"), "0.00234567891");
}

static void a_cancelled_trial_took_until_it_was_cancelled(void **state)
{
    struct fixture *f = *state;
    run_sql(f, "UPDATE attempt SET duration_ms = 0, finished_ms = started_ms + 2500 "
               "WHERE state IN (7, 8)");
    assert_string_equal(answer(f, "SELECT seconds FROM v_trial WHERE state = 'cancelled'"), "2.5");
    assert_string_equal(answer(f, "SELECT seconds FROM v_attempt WHERE state = 'lost'"), "2.5");
    /* a clock set back */
    run_sql(f, "UPDATE attempt SET finished_ms = started_ms - 1 WHERE state IN (7, 8)");
    assert_string_equal(answer(f, "SELECT seconds FROM v_attempt WHERE state = 'lost'"), "0.0");
}

static void every_attempt_state_has_its_word(void **state)
{
    struct fixture *f = *state;
    for (int s = ATTEMPT_RUNNING; s <= ATTEMPT_CANCELLED; s++) {
        char sql[100];
        snprintf(sql, sizeof sql, "UPDATE attempt SET state = %d", s);
        run_sql(f, sql);
        assert_string_equal(answer(f, "SELECT DISTINCT state FROM v_attempt"),
                            attempt_state_name((enum attempt_state)s));
    }
}

static void the_best_are_ranked_in_the_direction_of_the_goal(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(answer(f, "SELECT rank, trial, value, state FROM v_best "
                                  "WHERE study = 'solo'"),
                        "1|1|0.75|done\n1|2|0.75|done\n3|0|0.5|done\n4|8|0.4|pruned\n"
                        "5|3|0.99|diverged");
    assert_string_equal(answer(f, "SELECT rank, configuration, trial, value, runs, metric FROM "
                                  "v_best WHERE study = 'task-b/ldt'"),
                        "1|2|4|0.6|2|test_kl\n2|0|0|2.0|2|test_kl");
}

static void a_configuration_counts_when_all_its_runs_have_a_value(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(answer(f, "SELECT configuration, runs, value, state FROM v_configuration "
                                  "WHERE study = 'task-b/ldt' ORDER BY 1"),
                        "0|2|2.0|done\n1|2||done\n2|2|0.6|done");
    run_sql(f, "DELETE FROM attempt WHERE study = 1 AND trial = 5");
    run_sql(f, "DELETE FROM trial WHERE study = 1 AND number = 5"); /* its second run is not
                                                                       suggested yet */
    assert_string_equal(answer(f, "SELECT runs, value FROM v_configuration WHERE "
                                  "study = 'task-b/ldt' AND configuration = 2"), "1|");
}

static void curves_are_those_of_the_last_attempt(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(answer(f, "SELECT trial, attempt, step, epoch, metric, value FROM v_curve "
                                  "WHERE study = 'task-b/ldt' ORDER BY trial, idx"),
                        "0|2|240|0.5|test_kl|1.5\n0|2|240|0.5|test_loss|\n0|2|480||test_kl|1.0\n"
                        "0|2|480||test_loss|\n1|1|240|0.5|test_kl|4.0\n1|1|480|1.0|test_kl|3.0");
}

static void studies_count_their_trials(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(
        answer(f, "SELECT study, state, metric, goal, best, best_trial, trials, waiting, "
                  "running, done, pruned, diverged, failed, cancelled, "
                  "trials_per_hour FROM v_study"),
        "task-b/ldt|open|test_kl|minimize|0.6|4|6|0|1|5|0|0|0|0|5.0\n"
        "task-b/no-teacher|open|test_kl|minimize|||6|0|0|0|0|0|0|0|\n"
        "solo|open|score|maximize|0.75|1|10|1|1|3|1|1|1|1|6.0");
    assert_string_equal(
        answer(f, "SELECT search, metric, sampler, repeat, studies, trials, ended, finished, "
                  "program FROM v_search"),
        "task-b|test_kl|tpe|2|2|12|5|0|ldt\nsolo|score|random|1|1|10|7|0|train it");
}

static double number(struct fixture *f, const char *column)
{
    char sql[200];
    snprintf(sql, sizeof sql,
             "SELECT %s FROM v_seed_summary WHERE configuration = 0 AND study = 'task-b/ldt' AND "
             "quantity = 'value'",
             column);
    return atof(answer(f, sql));
}

static void seeds_are_summed_up_with_an_interval(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(
        answer(f, "SELECT configuration, metric, quantity, n, mean FROM v_seed_summary "
                  "WHERE study = 'task-b/ldt' ORDER BY 1, 3 DESC, 2"),
        "0|test_kl|value|2|2.0\n0|test_kl|last|2|2.0\n0|test_loss|last|0|\n"
        "1|test_kl|value|1|1.5\n2|test_kl|value|2|0.6");
    assert_float_equal(number(f, "sd"), sqrt(2), 1e-12);
    assert_float_equal(number(f, "high"), 2 + 12.7062, 1e-3); /* t(0.975, 1) sqrt(2) / sqrt(2) */
    assert_float_equal(number(f, "low"), 2 - 12.7062, 1e-3);
    assert_string_equal(answer(f,
                               "SELECT sd, low FROM v_seed_summary WHERE study = 'task-b/ldt' AND "
                               "configuration = 1"),
                        "|");
}

/* n values of 0 and 1 in turn: the interval gives back the quantile of Student's distribution. */
static void the_interval_uses_students_quantiles(void **state)
{
    static const struct { int n; double t;
    } known[] = {
        { 3, 4.30265 },  { 8, 2.36462 },  { 10, 2.26216 },
        { 11, 2.22814 }, { 21, 2.08596 }, { 101, 1.98397 },
    };
    struct fixture *f = *state;
    struct action deep = example_search(3, "deep", "{\"metric\":{\"name\":\"m\"},\"repeat\":1000}");
    struct action study = example_study(4, 3, 0, "deep", 1);
    study.study.repeat = 1000;
    assert_int_equal(save(f, deep, study), STORE_OK);
    for (int64_t i = 0, next = 0; i < (int64_t)(sizeof known / sizeof *known); i++) {
        for (; next < known[i].n; next++) {
            struct action trial = trial_action(4, next);
            trial.trial.configuration = 0;
            trial.trial.state = TRIAL_DONE;
            trial.trial.has_value = true;
            trial.trial.value = (double)(next % 2);
            assert_int_equal(save(f, trial), STORE_OK);
        }
        double t = atof(answer(
            f, "SELECT (high - mean) / (sd / sqrt(n)) FROM v_seed_summary WHERE study = 'deep'"));
        assert_float_equal(t, known[i].t, 3e-4);
    }
}

static void the_last_points_are_those_of_trials_that_are_done(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(answer(f, "SELECT trial, metric, value, step FROM v_last ORDER BY 1, 2"),
                        "0|test_kl|1.0|480\n0|test_loss||480\n1|test_kl|3.0|480");
}

/* Else a question about one study would read all the others too. */
static void naming_a_study_reads_only_its_rows(void **state)
{
    static const char *const views[] = { "v_trial", "v_attempt", "v_configuration", "v_best",
                                         "v_curve", "v_last",    "v_seed_summary" };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
        char sql[120];
        snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN SELECT * FROM %s WHERE study = 'x'",
                 views[i]);
        const char *plan = answer(f, sql);
        static const char *const scans[] = { "SCAN trial", "SCAN attempt", "SCAN point" };
        for (size_t k = 0; k < 3; k++) {
            if (strstr(plan, scans[k]) != NULL)
                fail_msg("%s: %s", views[i], plan);
        }
        assert_non_null(strstr(plan, "SEARCH study"));
    }
}

static void workers_and_what_they_did(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(
        answer(f, "SELECT worker, running, done, failed, lost, busy_seconds FROM v_worker"),
        "w1|2|7|0|1|15.5\nw2|0|1|1|0|3.0");
}

static void a_worker_was_seen_when_it_last_ended_a_trial(void **state)
{
    static const char query[] = "SELECT worker, last_seen FROM v_worker";
    struct fixture *f = *state;
    assert_string_equal(answer(f, query), "w1|2023-11-14T23:13:21Z\nw2|2023-11-14T23:13:21Z");
    /* it was not there when its trial was given to another */
    run_sql(f, "UPDATE attempt SET state = 7, finished_ms = 9000000000000 WHERE worker = 1");
    assert_string_equal(answer(f, query), "w1|2023-11-14T22:13:21Z\nw2|2023-11-14T23:13:21Z");
    run_sql(f, "DELETE FROM point; DELETE FROM attempt");
    assert_string_equal(answer(f, query), "w1|2023-11-14T22:13:21Z\nw2|2023-11-14T22:13:21Z");
}

/* Adds studies like `solo`, with all its trials. */
static void add_studies(struct fixture *f, int64_t from, int64_t to)
{
    for (int64_t id = from; id < to; id++) {
        char sql[500];
        snprintf(sql, sizeof sql,
                 "CREATE TEMP TABLE copy AS SELECT * FROM study WHERE id = 3;"
                 "UPDATE copy SET id = %lld; UPDATE copy SET position = id, name = 'solo-' || id;"
                 "INSERT INTO study SELECT * FROM copy; DROP TABLE copy;"
                 "CREATE TEMP TABLE copy AS SELECT * FROM trial WHERE study = 3;"
                 "UPDATE copy SET study = %lld; INSERT INTO trial SELECT * FROM copy;"
                 "DROP TABLE copy",
                 (long long)id, (long long)id);
        run_sql(f, sql);
    }
}

/* A constraint on what a worker claims would let it end the coordinator: it may claim anything. */
static void what_workers_claim_makes_no_view_fail(void **state)
{
    static const char *const views[] = {
        "search", "study", "trial", "attempt",      "configuration",
        "best",   "curve", "last",  "seed_summary", "worker",
    };
    struct fixture *f = *state;
    run_sql(f, "UPDATE attempt SET duration_ms = 9223372036854775807, cpu_ms = duration_ms,"
               "peak_memory_bytes = duration_ms, last_step = duration_ms, info = '[',"
               "best = -1.7e308, last = 1.7e308");
    run_sql(f, "UPDATE trial SET value = 1.7e308 WHERE value IS NOT NULL");
    run_sql(f, "UPDATE point SET step = 9223372036854775807, epoch = 9e999, value = -9e999");
    for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
        char sql[100];
        snprintf(sql, sizeof sql, "CREATE TABLE copy AS SELECT * FROM v_%s", views[i]);
        run_sql(f, sql);
        run_sql(f, "DROP TABLE copy");
    }
    assert_string_equal(answer(f, "SELECT busy_seconds > 9e15 FROM v_worker"), "1\n1");
}

static int steps_of(struct fixture *f, const char *sql)
{
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_prepare_v2(f->store->db, sql, -1, &statement, NULL), SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW)
        continue;
    int steps = sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_VM_STEP, 0);
    sqlite3_finalize(statement);
    return steps;
}

/* Somebody may ask every minute for a week. */
static void no_study_looks_through_the_trials_of_all(void **state)
{
    struct fixture *f = *state;
    add_studies(f, 10, 110);
    int hundred = steps_of(f, "SELECT * FROM v_study");
    add_studies(f, 110, 310);
    int three_hundred = steps_of(f, "SELECT * FROM v_study");
    print_message("# %d and %d steps\n", hundred, three_hundred);
    assert_true(three_hundred < 4 * hundred);
    assert_string_equal(answer(f, "SELECT count(*), sum(best), sum(best_trial) FROM v_study "
                                  "WHERE study LIKE 'solo-%'"), "300|225.0|300");
}

static void views_changed_by_hand_are_made_anew(void **state)
{
    struct fixture *f = *state;
    run_sql(f, "DROP VIEW v_best; CREATE VIEW v_old AS SELECT 1; CREATE VIEW mine AS SELECT 2;"
               "DROP VIEW v_trial; CREATE VIEW v_trial AS SELECT 3");
    reopen(f);
    assert_string_equal(answer(f, "SELECT count(*) FROM v_best WHERE study = 'solo'"), "5");
    assert_string_equal(answer(f, "SELECT count(*) FROM v_trial WHERE study = 'solo'"), "9");
    assert_string_equal(answer(f, "SELECT * FROM mine"), "2");
    assert_string_equal(answer(f, "SELECT count(*) FROM sqlite_schema WHERE name = 'v_old'"), "0");
}

int main(void)
{
#define WITH_EXAMPLE(test) cmocka_unit_test_setup_teardown(test, make_example, remove_all)
    const struct CMUnitTest tests[] = {
        WITH_EXAMPLE(trials_have_their_states_in_words),
        WITH_EXAMPLE(a_trial_tells_of_its_last_attempt),
        WITH_EXAMPLE(a_cancelled_trial_took_until_it_was_cancelled),
        WITH_EXAMPLE(every_attempt_state_has_its_word),
        WITH_EXAMPLE(the_best_are_ranked_in_the_direction_of_the_goal),
        WITH_EXAMPLE(a_configuration_counts_when_all_its_runs_have_a_value),
        WITH_EXAMPLE(curves_are_those_of_the_last_attempt),
        WITH_EXAMPLE(studies_count_their_trials),
        WITH_EXAMPLE(seeds_are_summed_up_with_an_interval),
        WITH_EXAMPLE(the_interval_uses_students_quantiles),
        WITH_EXAMPLE(the_last_points_are_those_of_trials_that_are_done),
        WITH_EXAMPLE(naming_a_study_reads_only_its_rows),
        WITH_EXAMPLE(workers_and_what_they_did),
        WITH_EXAMPLE(a_worker_was_seen_when_it_last_ended_a_trial),
        WITH_EXAMPLE(what_workers_claim_makes_no_view_fail),
        WITH_EXAMPLE(no_study_looks_through_the_trials_of_all),
        WITH_EXAMPLE(views_changed_by_hand_are_made_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
