#include "fixture.h"

static void every_column_of_every_row_is_saved(void **state)
{
    struct fixture *f = *state;
    struct action study = study_action(1, 1, "task-b/ldt"), trial = trial_action(1, 3);
    struct action attempt = attempt_action(1, 3, 2), worker = worker_action(1, "w1");
    worker.worker.key = "a key";
    worker.worker.drain = DRAIN_NOW;
    study.study.state = SEARCH_STOPPED;
    study.study.note = "too many failed";
    study.study.finished_ms = 1700000009000;
    trial.trial.repetition = 1;
    trial.trial.configuration = 2;
    trial.trial.state = TRIAL_DIVERGED;
    trial.trial.history_seq = 7;
    trial.trial.attempts = 2;
    trial.trial.charged = 1;
    trial.trial.deaths = 3;
    trial.trial.death_worker = 1;
    trial.trial.deaths_spread = true;
    trial.trial.source = 0;
    trial.trial.has_value = true;
    trial.trial.value = -0.1;
    trial.trial.reason = "test_kl became NaN";
    trial.trial.finished_ms = 1700000002000;
    attempt.attempt = (struct attempt_row){
        .ref = { 1, 3, 2 }, .state = ATTEMPT_DIVERGED, .worker = 1, .started_ms = 11,
        .finished_ms = 12, .points = 13, .points_digest = UINT64_MAX - 1, .last_step = 14,
        .has_best = true, .best = 0.1, .has_last = false, .last = 99, .metric_seen = true,
        .nonfinite = true, .exit_status = -9, .reason = "r", .log = "the log", .info = "{\"v\":1}",
        .duration_ms = 15, .cpu_ms = 16, .peak_memory_bytes = 17 };
    assert_int_equal(save(f, search_action(1, "task-b"), study, worker, trial, attempt,
                          outcome_action(1, 1, 3, -0.1)),
                     STORE_OK);
    reopen(f);
    assert_string_equal(answer(f, "SELECT id, name, submit_key, spec, created_ms, metric, goal, "
                                  "sampler, repeat FROM search"),
                        "1|task-b|key-1|name: it\n|1700000000123|test_kl|minimize|tpe|1");
    assert_string_equal(answer(f, "SELECT id, search, name, position, state, seed, budget, note, "
                                  "created_ms, finished_ms, repeat, parent, audit FROM study"),
                        "1|1|task-b/ldt|1|3|77|40|too many failed|"
                        "1700000000124|1700000009000|1||0");
    assert_string_equal(answer(f, "SELECT id, name, host, cpu, version, instance, pid, slots, "
                                  "allow_command, first_seen_ms, last_seen_ms, key, drain "
                                  "FROM worker"),
                        "1|w1|node|cpu|1|-1|42|2|1|1700000000000|1700000001000|a key|2");
    assert_string_equal(answer(f, "SELECT study, number, configuration, repetition, state, seed, "
                                  "parameters, history_seq, attempts, charged, value, reason, "
                                  "created_ms, finished_ms, deaths, death_worker, deaths_spread, "
                                  "source FROM trial"),
                        "1|3|2|1|5|5|{\"student_lr\":0.001}|7|2|1|-0.1|test_kl became NaN|"
                        "1700000001000|1700000002000|3|1|1|0");
    assert_string_equal(answer(f, "SELECT study, trial, number, state, worker, started_ms, "
                                  "finished_ms, points, points_digest, last_step, best, last, "
                                  "metric_seen, nonfinite, exit_status, reason, info, "
                                  "duration_ms, cpu_ms, peak_memory_bytes, log FROM attempt"),
                        "1|3|2|4|1|11|12|13|-2|14|0.1||1|1|-9|r|{\"v\":1}|15|16|17|the log");
    assert_string_equal(answer(f, "SELECT study, seq, trial, state, value FROM outcome"),
                        "1|1|3|3|-0.1");
}

static void a_row_saved_again_replaces_the_former(void **state)
{
    struct fixture *f = *state;
    struct action trial = trial_action(1, 0);
    save_ground(f);
    trial.trial.state = TRIAL_WAITING;
    trial.trial.attempts = 4;
    assert_int_equal(save(f, trial), STORE_OK);
    assert_string_equal(answer(f, "SELECT count(*), state, attempts FROM trial"), "1|1|4");
    assert_string_equal(answer(f, "SELECT count(*) FROM attempt"), "1");
}

static void points_keep_their_order_and_every_kind_of_number(void **state)
{
    struct fixture *f = *state;
    struct point points[] = {
        { 240, 0.25, "test_kl", 0.1 },          { 240, 0.25, "test_loss", NAN },
        { 480, NAN, "test_kl", INFINITY },      { 480, NAN, "test_loss", -INFINITY },
        { INT64_MAX, 1e300, "test_kl", 5e-324 },
    };
    save_ground(f);
    assert_int_equal(save(f, points_action((struct attempt_ref){ 1, 0, 1 }, 0, points, 2)),
                     STORE_OK);
    assert_int_equal(save(f, points_action((struct attempt_ref){ 1, 0, 1 }, 2, points + 2, 3)),
                     STORE_OK);
    reopen(f);
    assert_string_equal(
        answer(f, "SELECT idx, step, epoch, name, typeof(value), value > 0 FROM point "
                  "JOIN metric ON metric.id = metric ORDER BY idx"),
        "0|240|0.25|test_kl|real|1\n1|240|0.25|test_loss|null|\n2|480||test_kl|real|1\n"
        "3|480||test_loss|real|0\n4|9223372036854775807|1.0e+300|test_kl|real|1");
    assert_string_equal(answer(f, "SELECT count(*) FROM point WHERE abs(value) = 9e999"), "2");
    assert_string_equal(answer(f, "SELECT value = 0.1 FROM point WHERE idx = 0"), "1");
    assert_string_equal(answer(f, "SELECT value FROM v_curve"), "0.1\n\n\n\n4.94065645841247e-324");
}

static void a_turn_is_saved_whole_or_not_at_all(void **state)
{
    struct fixture *f = *state;
    save_ground(f);
    assert_int_equal(save(f, trial_action(1, 1), trial_action(99, 0)), STORE_BROKEN);
    assert_non_null(strstr(f->error.text, "save a trial"));
    assert_non_null(strstr(f->error.text, "FOREIGN KEY"));
    assert_string_equal(answer(f, "SELECT group_concat(number) FROM trial"), "0");
    assert_int_equal(save(f, trial_action(1, 1)), STORE_OK);
}

static void outcomes_and_points_are_only_ever_added(void **state)
{
    struct fixture *f = *state;
    struct point point = { 1, 1, "test_kl", 1 };
    struct action points = points_action((struct attempt_ref){ 1, 0, 1 }, 0, &point, 1);
    save_ground(f);
    assert_int_equal(save(f, outcome_action(1, 1, 0, 1), points), STORE_OK);
    point.value = 2;
    assert_int_equal(save(f, outcome_action(1, 1, 0, 2)), STORE_BROKEN);
    assert_int_equal(save(f, points), STORE_BROKEN);
    assert_string_equal(answer(f, "SELECT point.value, outcome.value FROM point, outcome"),
                        "1.0|1.0");
}

static void a_metric_that_was_rolled_back_is_made_again(void **state)
{
    struct fixture *f = *state;
    struct point point = { 1, 1, "new_metric", 1 };
    struct action points = points_action((struct attempt_ref){ 1, 0, 1 }, 0, &point, 1);
    save_ground(f);
    assert_int_equal(save(f, points, trial_action(99, 0)), STORE_BROKEN);
    assert_string_equal(answer(f, "SELECT count(*) FROM metric"), "0");
    assert_int_equal(save(f, points), STORE_OK);
    assert_string_equal(answer(f, "SELECT metric, value FROM v_curve"), "new_metric|1.0");
}

static void many_metrics_keep_their_numbers(void **state)
{
    enum { NAMES = 300 };
    struct fixture *f = *state;
    static char names[NAMES][16];
    struct point points[NAMES];
    save_ground(f);
    for (int i = 0; i < NAMES; i++) {
        snprintf(names[i], sizeof names[i], "m%d", i * 7919 % 1000); /* in no order */
        points[i] = (struct point){ i, 0, names[i], i };
    }
    for (int turn = 0; turn < 3; turn++) {
        struct attempt_ref ref = { 1, 0, 1 };
        assert_int_equal(save(f, points_action(ref, NAMES * turn, points, NAMES)), STORE_OK);
        if (turn == 1)
            reopen(f);
    }
    assert_string_equal(answer(f, "SELECT count(*) FROM metric"), "300");
    assert_string_equal(answer(f, "SELECT count(*) FROM v_curve WHERE metric = format('m%d', "
                                  "step * 7919 % 1000) AND value = step"), "900");
}

/* A script that puts the step into the name of a metric. 200,000 names: with a scan over those that
 * are known for each new one this would take most of a minute. */
static void ever_new_metrics_cost_no_search_among_the_old_ones(void **state)
{
    enum { NAMES = 200000 };
    struct metric_ids ids = { 0 };
    char name[32];
    for (int64_t i = 0; i < NAMES; i++) {
        snprintf(name, sizeof name, "loss_at_step_%d", (int)(i * 7919 % NAMES)); /* in no order */
        assert_int_equal(metric_ids_find(&ids, name), 0);
        metric_ids_add(&ids, name, ids.last + 1);
    }
    assert_int_equal(ids.by_name.count, NAMES);
    assert_int_equal(ids.last, NAMES);
    for (int64_t i = 0; i < NAMES; i++) {
        snprintf(name, sizeof name, "loss_at_step_%d", (int)(i * 7919 % NAMES));
        assert_int_equal(metric_ids_find(&ids, name), i + 1);
    }
    metric_ids_clear(&ids);
    assert_int_equal(metric_ids_find(&ids, name), 0);
}

static void texts_are_never_read_as_sql(void **state)
{
    static const char nasty[] = "x'); DROP TABLE trial; --\"\n\t%s\xff";
    struct fixture *f = *state;
    struct action attempt = attempt_action(1, 0, 1);
    struct point point = { 1, 1, nasty, 1 };
    save_ground(f);
    attempt.attempt.reason = attempt.attempt.log = attempt.attempt.info = nasty;
    assert_int_equal(save(f, worker_action(1, nasty), attempt,
                          points_action((struct attempt_ref){ 1, 0, 1 }, 0, &point, 1)), STORE_OK);
    assert_string_equal(answer(f, "SELECT log FROM attempt"), nasty);
    assert_string_equal(answer(f, "SELECT metric FROM v_curve"), nasty);
    assert_string_equal(answer(f, "SELECT worker, info FROM v_attempt") + strlen(nasty), "|");
    assert_string_equal(answer(f, "SELECT count(*) FROM trial"), "1");
}

static void what_the_rules_forbid_is_refused(void **state)
{
    struct fixture *f = *state;
    struct action trial = trial_action(1, 1), study = study_action(2, 1, "task-b/ldt");
    save_ground(f);
    trial.trial.parameters = "{not json";
    assert_int_equal(save(f, trial), STORE_BROKEN);
    trial = trial_action(1, 1);
    trial.trial.state = 8;
    assert_int_equal(save(f, trial), STORE_BROKEN);
    trial = trial_action(1, 1);
    trial.trial.charged = 2;
    assert_int_equal(save(f, trial), STORE_BROKEN);
    trial = trial_action(1, 1);
    trial.trial.finished_ms = 5; /* and still running */
    assert_int_equal(save(f, trial), STORE_BROKEN);
    assert_int_equal(save(f, study), STORE_BROKEN); /* the name is taken */
    assert_int_equal(save(f, search_action(2, "task-b")), STORE_BROKEN);
    assert_int_equal(save(f, search_action(17, "again")), STORE_OK);
    assert_int_equal(save(f, search_action(33, "thrice")), STORE_OK);
    struct action twin = search_action(2, "twin");
    twin.search.submit_key = "key-33";
    assert_int_equal(save(f, twin), STORE_BROKEN);
}

static void sends_are_not_rows(void **state)
{
    struct fixture *f = *state;
    struct action send = { .type = SEND };
    assert_int_equal(save(f, send, search_action(1, "task-b"), send), STORE_OK);
    assert_string_equal(answer(f, "SELECT count(*) FROM search"), "1");
}

static void a_writer_from_outside_is_noticed_once(void **state)
{
    struct fixture *f = *state;
    sqlite3 *other;
    save_ground(f);
    assert_false(store_foreign_write(f->store)); /* our own do not count */
    assert_int_equal(sqlite3_open(f->path, &other), SQLITE_OK);
    answer_of(other, "SELECT * FROM v_trial");
    assert_false(store_foreign_write(f->store)); /* nor does reading */
    assert_int_equal(sqlite3_exec(other, "UPDATE trial SET seed = 6", NULL, NULL, NULL), SQLITE_OK);
    assert_true(store_foreign_write(f->store));
    assert_false(store_foreign_write(f->store));
    sqlite3_close(other);
}

static void the_log_is_emptied_into_the_file_as_it_grows(void **state)
{
    struct fixture *f = *state;
    struct point points[500];
    save_ground(f);
    int longest = 0;
    for (int i = 0; i < 500; i++)
        points[i] = (struct point){ i, i, "test_kl", i / 3.0 };
    for (int turn = 0; turn < 400; turn++) {
        assert_int_equal(
            save(f, points_action((struct attempt_ref){ 1, 0, 1 }, 500 * turn, points, 500)),
            STORE_OK);
        longest = f->store->wal_pages > longest ? f->store->wal_pages : longest;
    }
    assert_in_range(longest, 1000, 1100); /* of about 2300 that were written */
}

static void a_database_takes_so_many_metrics_and_goes_on_with_those(void **state)
{
    struct fixture *f = *state;
    const struct attempt_ref ref = { 1, 0, 1 };
    size_t usual = metrics_max;
    struct point known[] = { { 1, 1, "loss", 1 }, { 1, 1, "accuracy", 1 }, { 2, 1, "loss", 1 } };
    struct point strange[] = { { 3, 1, "loss", 1 }, { 3, 1, "loss-at-3", 1 } };
    metrics_max = 2;
    save_ground(f);
    assert_null(store_refuse_points(f->store, known, 3));
    assert_int_equal(save(f, points_action(ref, 0, known, 3)), STORE_OK);
    assert_null(store_refuse_points(f->store, known, 3));
    assert_non_null(strstr(store_refuse_points(f->store, strange, 2), "1000000"));
    reopen(f);
    assert_non_null(store_refuse_points(f->store, strange, 2));
    assert_null(store_refuse_points(f->store, strange, 1));
    metrics_max = usual;
}

int main(void)
{
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, make_store, remove_all)
    const struct CMUnitTest tests[] = {
        WITH_STORE(every_column_of_every_row_is_saved),
        WITH_STORE(a_row_saved_again_replaces_the_former),
        WITH_STORE(points_keep_their_order_and_every_kind_of_number),
        WITH_STORE(a_turn_is_saved_whole_or_not_at_all),
        WITH_STORE(a_database_takes_so_many_metrics_and_goes_on_with_those),
        WITH_STORE(outcomes_and_points_are_only_ever_added),
        WITH_STORE(a_metric_that_was_rolled_back_is_made_again),
        WITH_STORE(many_metrics_keep_their_numbers),
        cmocka_unit_test(ever_new_metrics_cost_no_search_among_the_old_ones),
        WITH_STORE(texts_are_never_read_as_sql),
        WITH_STORE(what_the_rules_forbid_is_refused),
        WITH_STORE(sends_are_not_rows),
        WITH_STORE(a_writer_from_outside_is_noticed_once),
        WITH_STORE(the_log_is_emptied_into_the_file_as_it_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
