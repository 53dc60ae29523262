/* same_curve.h: equal to the last bit, and the first difference in words. */
#include "coordinator/cli/same_curve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static const struct curve_name original = { 1, 4, 2 }, repeated = { 2, 0, 1 };

static void run(sqlite3 *db, const char *sql)
{
    char *fault = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &fault) != SQLITE_OK)
        fail_msg("%s: %s", sql, fault);
}

/* Two equal curves of four points, and others beside them. */
static int open_curves(void **state)
{
    static const char *const keys[] = { "1, 4, 2", "2, 0, 1", "1, 4, 1", "2, 1, 1" };
    sqlite3 *db;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    run(db, "CREATE TABLE metric (id INTEGER PRIMARY KEY, name TEXT);"
            "CREATE TABLE point (study INTEGER, trial INTEGER, attempt INTEGER, idx INTEGER,"
            " step INTEGER, epoch REAL, metric INTEGER, value REAL);"
            "INSERT INTO metric VALUES (1, 'loss'), (2, 'accuracy');");
    for (size_t i = 0; i < 4; i++) {
        char sql[400];
        snprintf(sql, sizeof sql,
                 "INSERT INTO point VALUES (%s, 1, 20, NULL, 2, 0.1), (%s, 0, 10, 0.5, 1, 1e-300),"
                 " (%s, 2, 30, NULL, 1, NULL), (%s, 3, 40, 1, 1, 9e999)",
                 keys[i], keys[i], keys[i], keys[i]);
        run(db, sql);
    }
    *state = db;
    return 0;
}

static int close_curves(void **state)
{
    sqlite3_close(*state);
    return 0;
}

static enum curves compared(sqlite3 *db, int64_t *points, struct buf *difference)
{
    buf_init(difference, 1024);
    return same_curve(db, original, repeated, points, difference);
}

static void curves_that_are_the_same_are_equal_with_nan_and_infinity(void **state)
{
    struct buf difference;
    int64_t points;
    assert_int_equal(compared(*state, &points, &difference), CURVES_EQUAL);
    assert_int_equal(points, 4);
    assert_int_equal(difference.length, 0);
    buf_free(&difference);
}

static void assert_differ(void **state, const char *change, int64_t after, const char *words)
{
    struct buf difference;
    int64_t points;
    run(*state, change);
    assert_int_equal(compared(*state, &points, &difference), CURVES_DIFFER);
    assert_int_equal(points, after);
    assert_string_equal(difference.bytes, words);
    buf_free(&difference);
}

static void the_last_bit_of_a_value_matters(void **state)
{
    assert_differ(state, "UPDATE point SET value = 0.10000000000000002 WHERE study = 2 AND idx = 1",
                  1,
                  "point 1 differs: step 20 accuracy 0.10000000000000001 against step 20 accuracy "
                  "0.10000000000000002");
}

static void the_step_the_epoch_and_the_metric_matter(void **state)
{
    assert_differ(state, "UPDATE point SET step = 31 WHERE study = 2 AND idx = 2", 2,
                  "point 2 differs: step 30 loss NaN against step 31 loss NaN");
    assert_differ(state, "UPDATE point SET metric = 1 WHERE study = 2 AND idx = 1", 1,
                  "point 1 differs: step 20 accuracy 0.10000000000000001 against step 20 loss "
                  "0.10000000000000001");
    assert_differ(state, "UPDATE point SET epoch = NULL WHERE study = 2 AND idx = 0", 0,
                  "point 0 differs: step 10 loss 1e-300 (epoch 0.5) against step 10 loss 1e-300");
}

static void a_curve_that_ends_early_differs_where_it_ends(void **state)
{
    assert_differ(state, "DELETE FROM point WHERE study = 1 AND attempt = 2 AND idx = 3", 3,
                  "point 3 differs: no more points against step 40 loss inf (epoch 1)");
}

static void a_file_without_curves_is_complained_of(void **state)
{
    struct buf difference;
    int64_t points;
    run(*state, "DROP TABLE point");
    assert_int_equal(compared(*state, &points, &difference), CURVES_UNREADABLE);
    buf_free(&difference);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, open_curves, close_curves)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(curves_that_are_the_same_are_equal_with_nan_and_infinity),
        CASE(the_last_bit_of_a_value_matters),
        CASE(the_step_the_epoch_and_the_metric_matter),
        CASE(a_curve_that_ends_early_differs_where_it_ends),
        CASE(a_file_without_curves_is_complained_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
