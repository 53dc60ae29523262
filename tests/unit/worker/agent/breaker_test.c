#include "worker/agent/breaker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { AFTER = 3, NOW_MS = 1000000 };

struct world {
    struct breaker breaker;
    struct rng jitter;
    struct arena *arena;
    int64_t now_ms;
};

static int create(void **state)
{
    static struct world world;
    world.now_ms = NOW_MS;
    world.arena = arena_create(4096);
    breaker_init(&world.breaker, AFTER);
    rng_init(&world.jitter, 1, RNG_BACKOFF, 0);
    *state = &world;
    return 0;
}

static int destroy(void **state)
{
    struct world *world = *state;
    arena_destroy(&world->arena);
    return 0;
}

static void check(const struct world *world)
{
    struct error error = { "" };
    if (!breaker_check(&world->breaker, &error))
        fail_msg("%s", error.text);
}

static bool fails(struct world *world, int64_t study, int64_t trial)
{
    struct attempt_ref ref = { study, trial, 1 };
    breaker_started(&world->breaker, ref);
    bool benched =
        breaker_failed(&world->breaker, ref, "exit status 1", world->now_ms, &world->jitter);
    breaker_ended(&world->breaker, ref);
    check(world);
    return benched;
}

static bool succeeds(struct world *world, int64_t study, int64_t trial)
{
    struct attempt_ref ref = { study, trial, 1 };
    breaker_started(&world->breaker, ref);
    bool was_benched = breaker_succeeded(&world->breaker, ref);
    check(world);
    breaker_ended(&world->breaker, ref);
    check(world);
    return was_benched;
}

static int32_t room(const struct world *world, int32_t free_slots)
{
    return breaker_room(&world->breaker, free_slots, world->now_ms);
}

/* Benches it by the failures of two studies. */
static void bench(struct world *world)
{
    assert_false(fails(world, 1, 0));
    assert_false(fails(world, 2, 0));
    assert_true(fails(world, 1, 1));
}

/* Lets the pause pass and returns how long it was. */
static int64_t pause_ms(struct world *world)
{
    int64_t start_ms = world->now_ms;
    world->now_ms = world->breaker.until_ms - 1;
    assert_int_equal(room(world, 4), 0);
    world->now_ms++;
    assert_int_equal(room(world, 4), 1);
    return world->now_ms - start_ms;
}

static void assert_pause(struct world *world, int64_t minutes)
{
    int64_t ms = pause_ms(world);
    assert_in_range(ms, minutes * 60000, minutes * 75000 - 1);
}

static void the_last_of_n_failures_in_a_row_benches(void **state)
{
    struct world *world = *state;
    assert_int_equal(room(world, 4), 4);
    assert_false(fails(world, 1, 0));
    assert_false(fails(world, 2, 0));
    assert_int_equal(room(world, 4), 4);
    assert_true(fails(world, 1, 1));
    assert_int_equal(room(world, 4), 0);
}

static void a_success_in_between_breaks_the_row(void **state)
{
    struct world *world = *state;
    fails(world, 1, 0);
    fails(world, 2, 0);
    assert_false(succeeds(world, 1, 5));
    fails(world, 1, 1);
    fails(world, 1, 2);
    assert_int_equal(room(world, 4), 4);
    assert_true(fails(world, 1, 3));
}

static void one_trial_that_fails_again_and_again_is_one_failure(void **state)
{
    struct world *world = *state;
    for (int32_t attempt = 1; attempt <= 10; attempt++)
        assert_false(breaker_failed(&world->breaker, (struct attempt_ref){ 1, 0, attempt }, "x",
                                    world->now_ms, &world->jitter));
    assert_int_equal(world->breaker.in_row, 1);
    check(world);
}

static void the_same_number_in_another_study_is_another_trial(void **state)
{
    struct world *world = *state;
    fails(world, 1, 0);
    fails(world, 2, 0);
    assert_true(fails(world, 3, 0));
}

static void pauses_double_to_an_hour_when_several_studies_fail(void **state)
{
    struct world *world = *state;
    static const int64_t minutes[] = { 1, 2, 4, 8, 16, 32, 60, 60 };
    bench(world);
    for (size_t i = 0; i < sizeof minutes / sizeof *minutes; i++) {
        assert_pause(world, minutes[i]);
        assert_true(fails(world, 1, 100 + (int64_t)i));
        assert_int_equal(room(world, 4), 0);
    }
}

static void one_study_that_never_succeeded_here_costs_a_minute_each_time(void **state)
{
    struct world *world = *state;
    for (int64_t trial = 0; trial < AFTER; trial++)
        assert_int_equal(fails(world, 1, trial), trial == AFTER - 1);
    for (int64_t i = 0; i < 5; i++) {
        assert_pause(world, 1);
        assert_true(fails(world, 1, 100 + i));
    }
}

static void one_study_that_succeeded_here_before_speaks_against_the_machine(void **state)
{
    struct world *world = *state;
    succeeds(world, 1, 50);
    for (int64_t study = 100; study < 100 + BREAKER_PROVEN - 1; study++)
        succeeds(world, study, 0); /* and is still remembered */
    for (int64_t trial = 0; trial < AFTER; trial++)
        fails(world, 1, trial);
    assert_pause(world, 1);
    fails(world, 1, 100);
    assert_pause(world, 2);
}

/* The second pause tells: it is longer where the study has succeeded here. */
static void assert_proven(struct world *world, int64_t study, bool proven)
{
    succeeds(world, BREAKER_PROVEN + 1, 0); /* which is remembered already */
    for (int64_t trial = 0; trial < AFTER; trial++)
        fails(world, study, trial);
    assert_pause(world, 1);
    fails(world, study, 100);
    assert_pause(world, proven ? 2 : 1);
}

static void the_latest_studies_that_succeeded_are_remembered_and_no_more(void **state)
{
    struct world *world = *state;
    for (int64_t study = 1; study <= BREAKER_PROVEN + 1; study++)
        succeeds(world, study, 0);
    assert_proven(world, 1, false);
    assert_proven(world, 2, true);
    assert_proven(world, BREAKER_PROVEN, true);
    assert_proven(world, BREAKER_PROVEN + 1, true);
}

static void a_probe_of_another_study_that_fails_speaks_against_the_machine(void **state)
{
    struct world *world = *state;
    for (int64_t trial = 0; trial < AFTER; trial++)
        fails(world, 1, trial);
    assert_pause(world, 1);
    fails(world, 2, 0);
    assert_pause(world, 2);
}

static void a_probe_that_failed_here_before_costs_a_minute_and_lengthens_nothing(void **state)
{
    struct world *world = *state;
    bench(world);
    assert_pause(world, 1);
    assert_true(fails(world, 1, 9)); /* new */
    assert_pause(world, 2);
    for (int i = 0; i < 7; i++) {
        assert_true(fails(world, 1, 9)); /* and all that there is to try, again */
        assert_pause(world, 1);
    }
    assert_true(fails(world, 1, 1)); /* one of those that benched it: as well known */
    assert_pause(world, 1);
    assert_true(fails(world, 1, 10));
    assert_pause(world, 4);
}

static void the_latest_trials_that_failed_are_remembered_and_no_more(void **state)
{
    struct world *world = *state;
    bench(world);
    for (int64_t trial = 10; trial < 10 + AFTER; trial++) {
        assert_pause(world, 1 << (trial - 10));
        fails(world, 1, trial);
    }
    assert_pause(world, 8);
    fails(world, 1, 10);
    assert_pause(world, 1);
    fails(world, 2, 0); /* of the first row: forgotten */
    assert_pause(world, 16);
    fails(world, 1, 10); /* the oldest went for it */
    assert_pause(world, 32);
    succeeds(world, 1, 90);
    for (int64_t trial = 0; trial < AFTER; trial++)
        assert_int_equal(fails(world, 1, trial), trial == AFTER - 1);
    assert_pause(world, 1);
}

static void one_failure_may_be_enough(void **state)
{
    struct world *world = *state;
    breaker_init(&world->breaker, 1);
    for (int64_t trial = 0; trial < 5; trial++) {
        assert_true(fails(world, 1, trial)); /* nobody can tell what is wrong */
        assert_pause(world, 1);
    }
}

static void pauses_are_up_to_a_quarter_longer(void **state)
{
    struct world *world = *state;
    int64_t longest_ms = 0;
    for (int i = 0; i < 300; i++) {
        bench(world);
        int64_t ms = pause_ms(world);
        longest_ms = ms > longest_ms ? ms : longest_ms;
        succeeds(world, 3, 0);
    }
    assert_in_range(longest_ms, 74000, 74999);
}

static void one_trial_is_tried_at_a_time(void **state)
{
    struct world *world = *state;
    struct attempt_ref probe = { 9, 9, 1 };
    bench(world);
    pause_ms(world);
    breaker_started(&world->breaker, probe);
    assert_int_equal(room(world, 4), 0);
    breaker_ended(&world->breaker, probe); /* handed back, say: nothing was learnt */
    assert_int_equal(room(world, 4), 1);
    assert_int_equal(room(world, 0), 0);
    check(world);
}

static void a_success_ends_it_and_the_next_pause_is_short_again(void **state)
{
    struct world *world = *state;
    bench(world);
    pause_ms(world);
    fails(world, 1, 100);
    pause_ms(world);
    assert_true(succeeds(world, 1, 101));
    assert_int_equal(room(world, 4), 4);
    assert_int_equal(world->breaker.in_row, 0);
    for (int64_t trial = 0; trial < AFTER; trial++)
        fails(world, 7, trial);
    const char *note = breaker_note(&world->breaker, world->now_ms, world->arena);
    assert_non_null(strstr(note, ": 3 failures in a row"));
    assert_pause(world, 1);
    fails(world, 7, 100); /* that two studies had failed before says nothing of it */
    assert_pause(world, 1);
}

static void trials_that_ran_on_while_it_was_benched_do_not_lengthen_it(void **state)
{
    struct world *world = *state;
    struct attempt_ref early = { 1, 70, 1 };
    breaker_started(&world->breaker, early);
    bench(world);
    int64_t until_ms = world->breaker.until_ms;
    assert_false(breaker_failed(&world->breaker, early, "x", world->now_ms, &world->jitter));
    assert_int_equal(world->breaker.until_ms, until_ms);
    pause_ms(world);
    breaker_started(&world->breaker, (struct attempt_ref){ 1, 80, 1 });
    assert_false(breaker_failed(&world->breaker, early, "x", world->now_ms, &world->jitter));
    assert_true(breaker_succeeded(&world->breaker, early)); /* but may end it */
    assert_int_equal(room(world, 4), 4);
    check(world);
}

static void without_a_threshold_nothing_benches(void **state)
{
    struct world *world = *state;
    breaker_init(&world->breaker, 0);
    for (int64_t trial = 0; trial < 200; trial++)
        assert_false(fails(world, trial % 3, trial));
    assert_int_equal(room(world, 4), 4);
}

static void the_largest_threshold_holds_all_its_failures(void **state)
{
    struct world *world = *state;
    breaker_init(&world->breaker, BREAKER_MAX_FAILURES);
    for (int64_t trial = 0; trial < BREAKER_MAX_FAILURES; trial++)
        assert_int_equal(fails(world, 1, trial), trial == BREAKER_MAX_FAILURES - 1);
}

static void the_note_is_a_line_that_says_how_long_and_why(void **state)
{
    struct world *world = *state;
    char reason[600];
    memset(reason, 'x', sizeof reason - 1);
    reason[sizeof reason - 1] = '\0';
    memcpy(reason, "first\nsecond", 12);
    for (size_t i = 101; i + 1 < sizeof reason; i += 2)
        memcpy(reason + i, "\xc3\xa9", 2); /* cut between characters, not inside one */
    assert_string_equal(breaker_note(&world->breaker, world->now_ms, world->arena), "");
    bench(world);
    world->now_ms = world->breaker.until_ms - 41001;
    assert_string_equal(breaker_note(&world->breaker, world->now_ms, world->arena),
                        "benched for 42 s: 3 failures in a row, the last: exit status 1");
    static const char now[] = "benched for 1 s: 3 failures in a row, the last: exit status 1";
    for (int left_ms = 1; left_ms <= 1000; left_ms += 999) {
        world->now_ms = world->breaker.until_ms - left_ms;
        assert_string_equal(breaker_note(&world->breaker, world->now_ms, world->arena), now);
    }
    world->now_ms = world->breaker.until_ms;
    assert_string_equal(breaker_note(&world->breaker, world->now_ms, world->arena),
                        "benched, tries one trial: 3 failures in a row, the last: exit status 1");
    breaker_started(&world->breaker, (struct attempt_ref){ 1, 80, 1 });
    breaker_failed(&world->breaker, (struct attempt_ref){ 1, 80, 1 }, reason, world->now_ms,
                   &world->jitter);
    const char *note = breaker_note(&world->breaker, world->now_ms, world->arena);
    assert_non_null(strstr(note, "4 failures in a row, the last: first second"));
    assert_true(strlen(note) <= BREAKER_NOTE_BYTES);
    assert_null(strchr(note, '\n'));
    assert_int_equal(strlen(strstr(note, "first")), 159);
    assert_int_equal((unsigned char)note[strlen(note) - 1], 0xa9);
    world->now_ms = world->breaker.until_ms;
    fails(world, 1, 81);
    note = breaker_note(&world->breaker, world->now_ms, world->arena);
    assert_string_equal(strstr(note, "5 fail"), "5 failures in a row, the last: exit status 1");
}

/* U+0085 ends a line, U+009B begins what a terminal obeys: of two bytes each, both over 31. */
static void no_control_character_of_a_reason_gets_into_the_note(void **state)
{
    struct world *world = *state;
    for (int64_t trial = 0; trial < AFTER; trial++)
        breaker_failed(&world->breaker, (struct attempt_ref){ 1, trial, 1 },
                       "a\x1f"
                       "b\x7f"
                       "c\xc2\x85"
                       "d\xc2\x9b"
                       "e\xc2\xa0"
                       "f",
                       world->now_ms, &world->jitter);
    const char *note = breaker_note(&world->breaker, world->now_ms, world->arena);
    assert_non_null(strstr(note, "the last: a b c d e\xc2\xa0"
                                 "f"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, create, destroy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_last_of_n_failures_in_a_row_benches),
        TEST(a_success_in_between_breaks_the_row),
        TEST(one_trial_that_fails_again_and_again_is_one_failure),
        TEST(the_same_number_in_another_study_is_another_trial),
        TEST(pauses_double_to_an_hour_when_several_studies_fail),
        TEST(one_study_that_never_succeeded_here_costs_a_minute_each_time),
        TEST(one_study_that_succeeded_here_before_speaks_against_the_machine),
        TEST(the_latest_studies_that_succeeded_are_remembered_and_no_more),
        TEST(a_probe_of_another_study_that_fails_speaks_against_the_machine),
        TEST(a_probe_that_failed_here_before_costs_a_minute_and_lengthens_nothing),
        TEST(the_latest_trials_that_failed_are_remembered_and_no_more),
        TEST(one_failure_may_be_enough),
        TEST(pauses_are_up_to_a_quarter_longer),
        TEST(one_trial_is_tried_at_a_time),
        TEST(a_success_ends_it_and_the_next_pause_is_short_again),
        TEST(trials_that_ran_on_while_it_was_benched_do_not_lengthen_it),
        TEST(without_a_threshold_nothing_benches),
        TEST(the_largest_threshold_holds_all_its_failures),
        TEST(the_note_is_a_line_that_says_how_long_and_why),
        TEST(no_control_character_of_a_reason_gets_into_the_note),
    };
    return cmocka_run_group_tests_name("breaker", tests, NULL, NULL);
}
