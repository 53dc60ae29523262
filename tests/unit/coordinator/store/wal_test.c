/* The write-ahead log beside readers: each needs what was written before it began, and keeps the
 * log from beginning anew as long as it reads. */
#include "coordinator/store/wal.h"
#include "fixture.h"

enum { LONG_LOG = 1200, POINTS = 500, TURNS = 500 /* of nine pages each */, TURNS_OF_A_READER = 3 };

/* Readers that come and go, one at least at any time. */
struct crowd {
    const char *path;
    sqlite3 *reader;
    int turns;      /* that this one has seen */
    int waited_for; /* how often the store has asked them to go on */
    bool stays;     /* in vain */
    bool dawdles;   /* one at a time leaves while it waits */
};

static sqlite3 *begin_reading(const struct crowd *crowd)
{
    struct error error;
    sqlite3 *db;
    if (!store_open_readonly(&db, crowd->path, &error))
        fail_msg("%s", error.text);
    assert_int_equal(sqlite3_exec(db, "BEGIN; SELECT * FROM trial", NULL, NULL, NULL), SQLITE_OK);
    return db;
}

/* The next one begins before the last one ends. */
static void move_on(struct crowd *crowd)
{
    sqlite3 *next = begin_reading(crowd);
    sqlite3_close(crowd->reader);
    crowd->reader = next;
    crowd->turns = 0;
}

/* A busy handler: the store waits for somebody, and only the crowd is here. */
static int wait_for_crowd(void *context, int times)
{
    struct crowd *crowd = context;
    crowd->waited_for++;
    if (crowd->stays || (crowd->dawdles && times > 0))
        return 0;
    move_on(crowd);
    return 1;
}

static void arrive(struct fixture *f, struct crowd *crowd)
{
    save_ground(f);
    long_log_pages = LONG_LOG;
    crowd->path = f->path;
    crowd->reader = begin_reading(crowd);
    sqlite3_busy_handler(f->store->db, wait_for_crowd, crowd);
}

static int save_turn(struct fixture *f, int turn)
{
    struct point points[POINTS];
    for (int i = 0; i < POINTS; i++)
        points[i] = (struct point){ i, i, "test_kl", i / 3.0 };
    struct action action =
        points_action((struct attempt_ref){ 1, 0, 1 }, POINTS * turn, points, POINTS);
    assert_int_equal(save(f, action), STORE_OK);
    return f->store->wal_pages;
}

static int forget_crowd(void **state)
{
    long_log_pages = 16384;
    return remove_all(state);
}

/* ---- */

static void the_log_stays_short_beside(struct fixture *f, struct crowd crowd)
{
    int longest = 0;
    arrive(f, &crowd);
    for (int turn = 0; turn < TURNS; turn++) {
        int pages = save_turn(f, turn);
        longest = pages > longest ? pages : longest;
        if (++crowd.turns == TURNS_OF_A_READER)
            move_on(&crowd);
    }
    assert_in_range(longest, LONG_LOG, LONG_LOG + LONG_LOG / 10); /* of about 4500 */
    assert_in_range(crowd.waited_for, 1, TURNS / 10);
    sqlite3_close(crowd.reader);
}

static void the_log_begins_anew_beside_readers_that_overlap_without_end(void **state)
{
    the_log_stays_short_beside(*state, (struct crowd){ 0 });
}

static void those_who_came_during_the_wait_are_waited_for_once_more(void **state)
{
    the_log_stays_short_beside(*state, (struct crowd){ .dawdles = true });
}

static void a_reader_that_stays_is_waited_for_a_few_times_only(void **state)
{
    struct fixture *f = *state;
    struct crowd crowd = { .stays = true };
    int pages = 0, turn = 0;
    arrive(f, &crowd);
    for (; turn < TURNS; turn++)
        pages = save_turn(f, turn);
    assert_in_range(pages, 3 * LONG_LOG, 4 * LONG_LOG);
    assert_in_range(crowd.waited_for, 3, 4);
    sqlite3_close(crowd.reader);
    save_turn(f, turn++);                             /* after which all is in the file, */
    assert_in_range(save_turn(f, turn), 1, LONG_LOG); /* so that the log begins anew */
}

int main(void)
{
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, make_store, forget_crowd)
    const struct CMUnitTest tests[] = {
        WITH_STORE(the_log_begins_anew_beside_readers_that_overlap_without_end),
        WITH_STORE(those_who_came_during_the_wait_are_waited_for_once_more),
        WITH_STORE(a_reader_that_stays_is_waited_for_a_few_times_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
