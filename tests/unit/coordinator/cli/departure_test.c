/* departure.h: when the machines of drained workers may be switched off. */
#include "coordinator/cli/departure.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

enum { LONG_MS = DEPARTURE_SILENCE_MS, SHORT_MS = LONG_MS - 1 };

static struct worker_status here(const char *name, int32_t busy)
{
    return (struct worker_status){
        .name = name, .connected = true, .busy = busy, .drain = 1, .note = ""
    };
}

static struct worker_status left(const char *name)
{
    return (struct worker_status){ .name = name, .drain = 1, .note = "left: drained" };
}

static struct worker_status away(const char *name, int64_t seen_ms_ago)
{
    return (
        struct worker_status){ .name = name, .drain = 1, .note = "", .seen_ms_ago = seen_ms_ago };
}

static struct message reply_of(struct worker_status *workers, size_t n)
{
    return (struct message){
        .type = MESSAGE_STATUS_REPLY,
        .status_reply = { .workers = workers, .n_workers = n, .uptime_ms = LONG_MS },
    };
}

static void look(struct departure *departure, struct worker_status *workers, size_t n)
{
    const struct message reply = reply_of(workers, n);
    departure_look(departure, &reply);
}

static void it_is_over_when_all_have_said_goodbye(void **state)
{
    struct departure departure = { 0 };
    struct worker_status workers[] = { here("a", 2), here("b", 0) };
    assert_false(departure_over(&departure)); /* nobody has looked yet */
    look(&departure, workers, 2);
    assert_false(departure_over(&departure));
    workers[1] = left("b");
    look(&departure, workers, 2);
    assert_false(departure_over(&departure));
    workers[0] = left("a");
    look(&departure, workers, 2);
    assert_true(departure_over(&departure));
    assert_int_equal(departure_lost(&departure), 0);
}

static void others_are_not_waited_for(void **state)
{
    char *names[] = { (char *)"a" };
    struct departure departure = { .names = names, .n_names = 1 };
    struct worker_status workers[] = { left("a"), here("b", 1), here("a", 1) };
    workers[2].drain = 0; /* of the same name, and started later */
    look(&departure, workers, 3);
    assert_true(departure_over(&departure));
    workers[2].drain = 2;
    look(&departure, workers, 3);
    assert_false(departure_over(&departure));
}

static void who_falls_silent_is_waited_for_and_then_given_up(void **state)
{
    struct departure departure = { 0 };
    struct worker_status worker = here("a", 0);
    look(&departure, &worker, 1);
    worker = away("a", SHORT_MS);
    look(&departure, &worker, 1);
    assert_false(departure_over(&departure));
    worker = away("a", LONG_MS);
    look(&departure, &worker, 1);
    assert_true(departure_over(&departure));
    assert_int_equal(departure_lost(&departure), 1);
}

static void nobody_is_given_up_before_the_coordinator_has_listened_for_long_enough(void **state)
{
    struct departure departure = { 0 };
    struct worker_status worker = here("a", 0);
    look(&departure, &worker, 1);
    worker = away("a", 50 * LONG_MS); /* since it introduced itself: nothing else is known */
    struct message reply = reply_of(&worker, 1);
    reply.status_reply.uptime_ms = SHORT_MS;
    departure_look(&departure, &reply);
    assert_false(departure_over(&departure));
    worker = left("a"); /* it had come back */
    departure_look(&departure, &reply);
    assert_true(departure_over(&departure));
    assert_int_equal(departure_lost(&departure), 0);
}

static void a_goodbye_is_remembered_when_the_coordinator_has_forgotten_it(void **state)
{
    struct departure departure = { 0 };
    struct worker_status workers[] = { here("a", 1), left("b") };
    struct message reply = reply_of(workers, 2);
    departure_look(&departure, &reply);
    reply.status_reply.uptime_ms = SHORT_MS;
    workers[1] = away("b", LONG_MS);
    departure_look(&departure, &reply);
    assert_int_equal(departure_lost(&departure), 0);
    workers[0] = away("a", LONG_MS);
    reply.status_reply.uptime_ms = LONG_MS;
    departure_look(&departure, &reply);
    assert_true(departure_over(&departure));
    assert_int_equal(departure_lost(&departure), 1); /* but of the other one nothing is known */
}

static void who_was_gone_before_is_not_missed(void **state)
{
    struct departure departure = { 0 };
    struct worker_status workers[] = { here("a", 1), away("old", SHORT_MS),
                                       away("older", LONG_MS) };
    look(&departure, workers, 3);
    assert_false(departure_over(&departure));
    look(&departure, workers, 2); /* the oldest left a day ago, and is not shown any more */
    workers[0] = left("a");
    look(&departure, workers, 2);
    assert_true(departure_over(&departure));
    assert_int_equal(departure_lost(&departure), 0);
}

static void nor_does_it_hide_who_falls_silent_meanwhile(void **state)
{
    struct departure departure = { 0 };
    struct worker_status workers[] = { here("a", 1), away("old", LONG_MS), away("older", LONG_MS) };
    look(&departure, workers, 3);
    look(&departure, workers, 2);
    workers[0] = away("a", LONG_MS);
    look(&departure, workers, 2);
    assert_int_equal(departure_lost(&departure), 1);
}

/* It was told, for its trial may be under way there. */
static void but_who_was_gone_with_a_trial_is(void **state)
{
    struct departure departure = { 0 };
    struct worker_status worker = away("a", LONG_MS);
    worker.busy = 1;
    look(&departure, &worker, 1);
    assert_true(departure_over(&departure));
    assert_int_equal(departure_lost(&departure), 1);
}

static void a_sentence_names_who_is_waited_for(void **state)
{
    struct departure departure = { 0 };
    struct worker_status workers[] = { here("a", 2), left("b"), here("c", 0), here("d", 1) };
    struct message reply = reply_of(workers, 4);
    struct buf line;
    buf_init(&line, 4096);
    departure_look(&departure, &reply);
    departure_say(&line, &departure, &reply);
    assert_string_equal(line.bytes, "3 workers are still here: a (2 trials), c, d (1 trial)");
    workers[0] = away("a", 0);
    workers[3] = left("d");
    departure_look(&departure, &reply);
    departure_say(&line, &departure, &reply);
    assert_string_equal(line.bytes, "1 worker is still here: c; 1 worker is not heard of");
    buf_free(&line);
}

static void a_fleet_is_not_named_one_by_one(void **state)
{
    struct departure departure = { 0 };
    struct worker_status workers[30];
    struct buf line;
    for (int i = 0; i < 30; i++)
        workers[i] = here("w", 0);
    struct message reply = reply_of(workers, 30);
    buf_init(&line, 4096);
    departure_look(&departure, &reply);
    departure_say(&line, &departure, &reply);
    assert_string_equal(line.bytes,
                        "30 workers are still here: w, w, w, w, w, w, w, w, w, w, w, w, "
                        "w, w, w, w, w, w, w, w, ...");
    buf_free(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_over_when_all_have_said_goodbye),
        cmocka_unit_test(others_are_not_waited_for),
        cmocka_unit_test(who_falls_silent_is_waited_for_and_then_given_up),
        cmocka_unit_test(nobody_is_given_up_before_the_coordinator_has_listened_for_long_enough),
        cmocka_unit_test(a_goodbye_is_remembered_when_the_coordinator_has_forgotten_it),
        cmocka_unit_test(who_was_gone_before_is_not_missed),
        cmocka_unit_test(nor_does_it_hide_who_falls_silent_meanwhile),
        cmocka_unit_test(but_who_was_gone_with_a_trial_is),
        cmocka_unit_test(a_sentence_names_who_is_waited_for),
        cmocka_unit_test(a_fleet_is_not_named_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
