/* The doctor finds nothing in what a sound coordinator wrote, whatever it went through: re-runs,
 * ladders, audits, retries, pauses, stops, drains, hand-backs, lapses, deaths, restarts. Nor in the
 * database of an older release once it is migrated. LDT_STORMS says how many runs (12). */
#include "coordinator/doctor/doctor.h"
#include "coordinator/store/schema.h"
#include "tests/unit/coordinator/core/storm.h"
#include "tests/unit/coordinator/store/fixture.h"

enum { TURNS_BETWEEN_EXAMINATIONS = 150 };

static uint64_t running_seed;

static void complain(void *context, const struct finding *finding)
{
    print_message("# seed %d: %s: %s\n", (int)running_seed, finding->place, finding->fault);
}

/* Returns how many trials there are, the suggestion of each of which came out again. */
static int64_t assert_sound(struct fixture *f)
{
    struct diagnosis diagnosis;
    struct doctor_listener listener = { complain, NULL, NULL };
    if (!doctor_examine(f->store->db, &listener, &diagnosis, &f->error))
        fail_msg("%s", f->error.text);
    assert_int_equal(diagnosis.findings, 0);
    assert_int_equal(diagnosis.suggestions, diagnosis.trials);
    int64_t trials = diagnosis.trials;
    diagnosis_free(&diagnosis);
    return trials;
}

static void keep_turn(struct storm *storm)
{
    struct fixture *f = storm->context;
    if (store_save(f->store, &storm->world->actions, &f->error) != STORE_OK)
        fail_msg("seed %d: %s", (int)running_seed, f->error.text);
    if (storm_draw(storm, TURNS_BETWEEN_EXAMINATIONS) == 0)
        assert_sound(f);
}

/* A database of one storm. Adds up its trials: a study may be stopped before any. */
static struct fixture *make_storm(uint64_t seed, const char *definition, bool no_keeper,
                                  int64_t *trials)
{
    void *state;
    make_store(&state);
    struct fixture *f = state;
    struct storm storm = { .no_keeper = no_keeper, .after_turn = keep_turn, .context = f };
    run_sql(f, "PRAGMA synchronous = OFF"); /* of the disk nothing is asked here */
    running_seed = seed;
    storm_run(&storm, seed, definition);
    *trials += assert_sound(f);
    return f;
}

static void forget(struct fixture *f)
{
    void *state = f;
    remove_all(&state);
}

static void whatever_happened_in_any_order_the_doctor_finds_it_sound(void **state)
{
    const char *asked = getenv("LDT_STORMS");
    uint64_t seeds = asked != NULL ? strtoull(asked, NULL, 10) : 12;
    int64_t trials = 0;
    assert_true(seeds > 0);
    for (uint64_t seed = 1; seed <= seeds; seed++)
        forget(make_storm(seed, storm_definitions[seed % STORM_DEFINITIONS], false, &trials));
    assert_true(trials > 0);
}

/* ---- older releases -------------------------------------------------------------------------- */

static void run(sqlite3 *db, const char *sql)
{
    char *fault = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &fault) != SQLITE_OK)
        fail_msg("%s: %s", sql, fault);
}

/* All that a table of that release could hold of these rows. */
static void copy_table(sqlite3 *old, const char *table)
{
    char question[128];
    snprintf(question, sizeof question,
             "SELECT group_concat(name, ', ') FROM pragma_table_info('%s')", table);
    char *columns = xstrdup(answer_of(old, question));
    char *sql =
        xasprintf("INSERT INTO %s (%s) SELECT %s FROM now.%s", table, columns, columns, table);
    run(old, sql);
    free(sql);
    free(columns);
}

/* The same database as the release with this schema would have written it. */
static void go_back_to(struct fixture *f, int version)
{
    static const char *const tables[] = { "search",  "study",   "worker", "trial",
                                          "attempt", "outcome", "metric", "point" };
    char path[128];
    sqlite3 *old;
    snprintf(path, sizeof path, "%s-old", f->path);
    assert_int_equal(sqlite3_open(path, &old), SQLITE_OK);
    for (int i = 0; i < version; i++)
        run(old, migrations[i].sql);
    char *attach = xasprintf("PRAGMA foreign_keys = OFF; ATTACH '%s' AS now", f->path);
    run(old, attach);
    free(attach);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        copy_table(old, tables[i]);
    sqlite3_close(old);
    store_close(&f->store);
    assert_int_equal(rename(path, f->path), 0);
}

/* What each release could do already: re-runs came with the second, retries and audits with the
 * third. */
static void a_database_of_an_older_release_is_sound_once_it_is_migrated(void **state)
{
    static const struct {
        int version, definition;
        bool no_keeper;
    } releases[] = { { 1, 1, true },  { 1, 3, true },  { 2, 0, true }, { 2, 2, true },
                     { 3, 0, false }, { 3, 1, false }, { 3, 2, false } };
    for (size_t i = 0; i < sizeof releases / sizeof *releases; i++) {
        int64_t trials = 0;
        struct fixture *f = make_storm(1000 + i, storm_definitions[releases[i].definition],
                                       releases[i].no_keeper, &trials);
        go_back_to(f, releases[i].version);
        reopen(f);
        assert_int_equal(atoi(answer(f, "PRAGMA user_version")), schema_version);
        assert_int_equal(assert_sound(f), trials);
        forget(f);
    }
}

static int name_seed(void **state)
{
    print_message("# the last seed was %d\n", (int)running_seed);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(whatever_happened_in_any_order_the_doctor_finds_it_sound,
                                  name_seed),
        cmocka_unit_test_teardown(a_database_of_an_older_release_is_sound_once_it_is_migrated,
                                  name_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
