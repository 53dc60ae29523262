/* Power cuts: a real core and store work through lives that end in a power cut and go on from what
 * the disk then held. At random moments images of what else it might have held are made; each is
 * opened as the coordinator would, and must be whole and be the state after the last turn that was
 * acknowledged, or after the one that was being saved, never anything between or before.
 *
 * LDT_POWER_CUTS: images of the main test. LDT_POWER_CUT_SEED: to see a failure again. */
#include "tests/unit/coordinator/store/torn_disk.h"
#include "tests/unit/coordinator/store/fleet.h"

#include "common/point.h"
#include "coordinator/store/handle.h"

#include <setjmp.h>
#include <stdint.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <cmocka.h>

enum { IMAGES_AT_ONCE = 256, TURNS_OF_A_LIFE = 24, LIVES_OF_A_DATABASE = 6, HISTORY = 4096 };

static const char *const names[] = { "runs.db", "runs.db-wal", "runs.db-journal" };

struct image {
    int number;
    bool acknowledged; /* the turn had been acknowledged: only its state will do */
};

static struct run {
    struct rng rng;
    char root[64];
    const char *synchronous; /* NULL: as the store sets it */
    struct store *store;
    struct fleet fleet;
    char *before, *after;      /* the core as text, at the last acknowledged turn and in this one */
    bool acknowledged;         /* `after` has been */
    uint64_t history[HISTORY]; /* hashes of earlier states, to tell lost from corrupt */
    size_t n_history;
    struct image images[IMAGES_AT_ONCE]; /* not yet looked at */
    size_t n_images;
    int next_number;
    /* figures */
    size_t wanted, made, at_stake, moments, turns, lives, corrupt, lost, ahead;
    char first_fault[512];
} run;

/* ---- files ----------------------------------------------------------------------------------- */

static void path_of(char *path, size_t bytes, const char *kind, int number, const char *name)
{
    snprintf(path, bytes, "%s/%s-%d%s%s", run.root, kind, number, name[0] ? "/" : "", name);
}

static void make_directory(char *path, size_t bytes, const char *kind, int number)
{
    path_of(path, bytes, kind, number, "");
    assert_int_equal(mkdir(path, 0700), 0);
}

static void remove_directory(const char *kind, int number)
{
    static const char *const all[] = { "runs.db",     "runs.db-wal",  "runs.db-journal",
                                       "runs.db-shm", "runs.db-lock", "" };
    char path[160];
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        path_of(path, sizeof path, kind, number, all[i]);
        remove(path);
    }
}

/* Memory is the best disk for this: nothing here depends on a real one. */
static void make_root(void)
{
    snprintf(run.root, sizeof run.root, "/dev/shm/power-cut.XXXXXX");
    if (mkdtemp(run.root) != NULL)
        return;
    snprintf(run.root, sizeof run.root, "/tmp/power-cut.XXXXXX");
    assert_non_null(mkdtemp(run.root));
}

/* ---- making images --------------------------------------------------------------------------- */

/* The index of the log in shared memory does not survive; whatever lies in its file is noise. */
static void make_noise(const char *directory)
{
    unsigned char noise[4096];
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (unsigned char)rng_u64(&run.rng);
    torn_put(directory, "runs.db-shm", noise, sizeof noise);
}

static struct image *make_image(void)
{
    char directory[160];
    make_directory(directory, sizeof directory, "image", run.next_number);
    struct torn_image image = torn_make_image(directory, &run.rng);
    if (rng_u64(&run.rng) & 1)
        make_noise(directory);
    run.made++;
    run.at_stake += image.unsynced > 0;
    run.images[run.n_images] = (struct image){ run.next_number++, run.acknowledged };
    return &run.images[run.n_images++];
}

/* Called by the disk before each change and each sync. */
static void a_moment(void)
{
    run.moments++;
    if (run.n_images < IMAGES_AT_ONCE && run.made < run.wanted && rng_below(&run.rng, 4) == 0)
        make_image();
}

/* ---- looking at images ----------------------------------------------------------------------- */

static uint64_t hash_of(const char *text)
{
    uint64_t hash = 14695981039346656037u;
    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * 1099511628211u;
    return hash;
}

static bool says_ok(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    bool ok = sqlite3_step(statement) == SQLITE_ROW &&
              strcmp((const char *)sqlite3_column_text(statement, 0), "ok") == 0;
    sqlite3_finalize(statement);
    return ok;
}

static double real_or_nan(sqlite3_stmt *statement, int column)
{
    return sqlite3_column_type(statement, column) == SQLITE_NULL
               ? NAN
               : sqlite3_column_double(statement, column);
}

/* Each attempt says how many points it has, and their digest: all must be there. */
static bool curves_whole(sqlite3 *db)
{
    static const char sql[] =
        "SELECT attempt.points, attempt.points_digest, point.step, point.epoch, metric.name,"
        " point.value, attempt.study, attempt.trial, attempt.number FROM attempt"
        " LEFT JOIN point ON point.study = attempt.study AND point.trial = attempt.trial"
        " AND point.attempt = attempt.number LEFT JOIN metric ON metric.id = point.metric"
        " ORDER BY attempt.study, attempt.trial, attempt.number, point.idx";
    sqlite3_stmt *statement;
    int64_t left = 0;
    uint64_t digest = 0, expected = 0;
    bool whole = true;
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    while (whole && sqlite3_step(statement) == SQLITE_ROW) {
        const char *metric = (const char *)sqlite3_column_text(statement, 4);
        if (left == 0) { /* the next attempt */
            whole = digest == expected;
            left = sqlite3_column_int64(statement, 0);
            expected = (uint64_t)sqlite3_column_int64(statement, 1);
            digest = 0;
            if (left == 0)
                whole = whole && metric == NULL;
            if (left == 0)
                continue;
        }
        if (metric == NULL)
            break; /* left > 0: too few */
        struct point point = { .step = sqlite3_column_int64(statement, 2), .metric = metric };
        point.epoch = real_or_nan(statement, 3);
        point.value = real_or_nan(statement, 5);
        digest = point_digest(digest, &point);
        left--;
    }
    sqlite3_finalize(statement);
    return whole && left == 0 && digest == expected;
}

static void note_fault(size_t *counter, int number, const char *what, const char *why)
{
    ++*counter;
    if (run.first_fault[0] == '\0')
        snprintf(run.first_fault, sizeof run.first_fault, "image %d: %s: %s", number, what, why);
}

/* The state of a whole database: one of the two that it may be, an older one, or none that ever
 * was. */
static void judge_state(const struct image *image, const char *state)
{
    bool is_after = strcmp(state, run.after) == 0;
    bool is_before = strcmp(state, run.before) == 0;
    if (is_after && !image->acknowledged && !is_before)
        run.ahead++;
    if (is_after || (is_before && !image->acknowledged))
        return;
    uint64_t hash = hash_of(state);
    for (size_t i = 0; i < run.n_history; i++) {
        if (run.history[i] == hash) {
            note_fault(&run.lost, image->number, "acknowledged rows are lost", "an earlier state");
            return;
        }
    }
    note_fault(&run.corrupt, image->number, "a state that never was", "");
}

static void look_at(const struct image *image)
{
    char path[160];
    struct store *store = NULL;
    struct error error = { "" };
    struct core *core = fleet_core();
    path_of(path, sizeof path, "image", image->number, names[0]);
    if (!store_open(&store, path, &error) || !store_restore(store, core, 5000, &error) ||
        !core_check(core, &error)) {
        note_fault(&run.corrupt, image->number, "cannot be opened", error.text);
    } else if (!says_ok(store->db, "PRAGMA integrity_check") ||
               !says_ok(store->db, "SELECT CASE count(*) WHEN 0 THEN 'ok' END"
                                   " FROM pragma_foreign_key_check")) {
        note_fault(&run.corrupt, image->number, "damaged", "integrity_check");
    } else if (!curves_whole(store->db)) {
        note_fault(&run.corrupt, image->number, "a curve is not whole", "");
    } else {
        char *state = core_dump(core);
        judge_state(image, state);
        free(state);
    }
    core_destroy(&core);
    store_close(&store);
    remove_directory("image", image->number);
}

static void look_at_images(void)
{
    for (size_t i = 0; i < run.n_images; i++)
        look_at(&run.images[i]);
    run.n_images = 0;
}

/* ---- lives ----------------------------------------------------------------------------------- */

static void remember_state(void)
{
    free(run.before);
    run.before = run.after;
    run.after = core_dump(run.fleet.core);
    if (run.n_history < HISTORY)
        run.history[run.n_history++] = hash_of(run.before);
}

static void make_empty_database(int life)
{
    char directory[160];
    struct core *nothing = fleet_core();
    make_directory(directory, sizeof directory, "life", life);
    free(run.before);
    free(run.after);
    run.before = core_dump(nothing);
    run.after = core_dump(nothing);
    run.n_history = 0;
    run.acknowledged = true;
    core_destroy(&nothing);
}

/* Opens the database of this life, as a coordinator that starts; false if that cannot be done. */
static bool be_born(int life)
{
    char path[160], directory[160];
    struct error error = { "" };
    int64_t now_ms = run.fleet.now_ms;
    path_of(directory, sizeof directory, "life", life, "");
    path_of(path, sizeof path, "life", life, names[0]);
    fleet_init(&run.fleet, &run.rng);
    run.fleet.now_ms += now_ms;
    torn_begin(directory, names, sizeof names / sizeof *names);
    torn.moment = a_moment;
    run.lives++;
    if (!store_open(&run.store, path, &error) ||
        !store_restore(run.store, run.fleet.core, run.fleet.now_ms, &error)) {
        note_fault(&run.corrupt, -life, "a life cannot begin", error.text);
        return false;
    }
    if (run.synchronous != NULL)
        assert_int_equal(sqlite3_exec(run.store->db, run.synchronous, NULL, NULL, NULL), 0);
    char *state = core_dump(run.fleet.core);
    judge_state(&(struct image){ .number = -life, .acknowledged = run.acknowledged }, state);
    look_at_images();
    free(run.before);
    free(run.after);
    run.before = xstrdup(state);
    run.after = state;
    run.acknowledged = true;
    return true;
}

static void a_turn(void)
{
    struct error error = { "" };
    fleet_step(&run.fleet);
    run.acknowledged = false;
    remember_state();
    if (store_save(run.store, &run.fleet.actions, &error) != STORE_OK)
        fail_msg("%s", error.text);
    run.acknowledged = true;
    fleet_deliver(&run.fleet);
    a_moment();
    if (rng_below(&run.rng, 10) == 0) /* as the store does when the log is long */
        sqlite3_wal_checkpoint_v2(run.store->db, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    run.turns++;
}

static void end_life(int life)
{
    torn_end();
    store_close(&run.store);
    fleet_free(&run.fleet);
    remove_directory("life", life);
}

/* The next life begins with one of the images of the last turn. */
static void die_by_power_cut(int life)
{
    char from[160], to[160];
    if (run.n_images == 0)
        make_image();
    size_t chosen = rng_below(&run.rng, run.n_images);
    struct image image = run.images[chosen];
    run.images[chosen] = run.images[--run.n_images];
    look_at_images();
    path_of(from, sizeof from, "image", image.number, "");
    path_of(to, sizeof to, "life", life + 1, "");
    assert_int_equal(rename(from, to), 0);
    run.acknowledged = image.acknowledged;
    end_life(life);
}

/* The coordinator is told to leave; the power may still fail while it does. */
static void die_in_peace(int life)
{
    char from[160], to[160];
    store_close(&run.store);
    look_at_images();
    path_of(from, sizeof from, "life", life, "");
    path_of(to, sizeof to, "life", life + 1, "");
    assert_int_equal(rename(from, to), 0);
    end_life(life);
}

static void live(int life)
{
    uint64_t turns = 1 + rng_below(&run.rng, TURNS_OF_A_LIFE);
    for (uint64_t i = 0; i < turns; i++) {
        look_at_images();
        a_turn();
    }
    if (rng_below(&run.rng, 4) == 0)
        die_in_peace(life);
    else
        die_by_power_cut(life);
}

/* Lives until so many images have been made and looked at. */
static void cut_power(size_t images, const char *synchronous, uint64_t seed)
{
    memset(&run, 0, sizeof run);
    rng_init(&run.rng, seed, RNG_TEST, 0);
    run.wanted = images;
    run.synchronous = synchronous;
    make_root();
    bool fresh = true;
    int life = 0, age = 0;
    for (; run.made < run.wanted; life++) {
        if (fresh || ++age == LIVES_OF_A_DATABASE) {
            remove_directory("life", life);
            make_empty_database(life);
            age = 0;
        }
        fresh = !be_born(life);
        if (!fresh)
            live(life);
        else
            end_life(life);
    }
    look_at_images();
    remove_directory("life", life);
    rmdir(run.root);
    free(run.before);
    free(run.after);
    print_message("# %zu images at %zu moments of %zu turns in %zu lives, %zu with changes at "
                  "stake, %zu ahead of the acknowledgement: %zu corrupt, %zu lost\n",
                  run.made, run.moments, run.turns, run.lives, run.at_stake, run.ahead, run.corrupt,
                  run.lost);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static uint64_t seed_of_run(void)
{
    const char *text = getenv("LDT_POWER_CUT_SEED");
    uint64_t seed;
    assert_int_equal(getrandom(&seed, sizeof seed, 0), sizeof seed);
    seed = text != NULL ? strtoull(text, NULL, 10) : seed >> 32;
    print_message("# LDT_POWER_CUT_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

static size_t images_of_run(void)
{
    const char *text = getenv("LDT_POWER_CUTS");
    size_t images = text != NULL ? strtoul(text, NULL, 10) : 300;
    assert_true(images > 0);
    return images;
}

static void a_power_cut_loses_nothing_that_was_acknowledged(void **state)
{
    cut_power(images_of_run(), NULL, seed_of_run());
    if (run.corrupt + run.lost > 0)
        fail_msg("%zu corrupt, %zu lost; the first: %s", run.corrupt, run.lost, run.first_fault);
    assert_true(run.at_stake > run.made / 4);
    assert_true(run.ahead > 0);
    print_message("# figures: %zu power-cut images, %zu corrupt, %zu lost\n", run.made, run.corrupt,
                  run.lost);
}

static void without_a_sync_at_each_commit_it_would_lose(void **state)
{
    cut_power(100, "PRAGMA synchronous = NORMAL", seed_of_run());
    assert_int_equal(run.corrupt, 0);
    assert_true(run.lost > 0);
}

static void without_any_sync_it_would_be_corrupt(void **state)
{
    cut_power(400, "PRAGMA synchronous = OFF", seed_of_run());
    assert_true(run.corrupt > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_power_cut_loses_nothing_that_was_acknowledged),
        cmocka_unit_test(without_a_sync_at_each_commit_it_would_lose),
        cmocka_unit_test(without_any_sync_it_would_be_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
