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
    assert_string_equal(answer(f, "PRAGMA user_version"), "3");
    assert_string_equal(answer(f, "SELECT name, budget, note, repeat, parent FROM study"),
                        "a/x|40||5|\na/y|40|n|5|\nb|3||1|");
    assert_string_equal(answer(f, "SELECT study, trials, rerun_of FROM v_study"),
                        "a/x|200|\na/y|200|\nb|3|");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(studies_of_the_first_release_keep_their_repeats,
                                        make_directory, remove_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
