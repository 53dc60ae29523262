/* SUBMIT and STATUS: what clients ask. */
#include "tests/unit/coordinator/core/world.h"

static void a_search_is_saved_with_its_studies_before_it_is_confirmed(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":3,\"repeat\":2,\"matrix\":{\"k\":[1,2]}"));
    const struct message *message = told(world, CLIENT, MESSAGE_SUBMITTED);
    assert_string_equal(message->submitted.search, "s");
    assert_int_equal(message->submitted.studies, 2);
    assert_int_equal(message->submitted.trials, 12);
    assert_false(message->submitted.already);
    assert_int_equal(world->disk.n_searches, 1);
    assert_int_equal(world->disk.n_studies, 2);
    assert_string_equal(world->disk.searches[0].spec, "the text of a person");
    assert_string_equal(disk_study(&world->disk, 2)->name, "s/2");
    assert_int_equal(disk_study(&world->disk, 2)->position, 1);
    world_destroy(world);
}

static void the_same_submit_key_twice_is_one_search(void **state)
{
    struct world *world = world_create();
    submit_with_key(world, "key", SPEC("\"trials\":3"));
    submit_with_key(world, "key", SPEC("\"trials\":3"));
    assert_true(told(world, CLIENT, MESSAGE_SUBMITTED)->submitted.already);
    assert_int_equal(told(world, CLIENT, MESSAGE_SUBMITTED)->submitted.trials, 3);
    assert_int_equal(world->actions.saves, 0);
    coordinator_restarts(world);
    submit_with_key(world, "key", SPEC("\"trials\":3"));
    assert_true(told(world, CLIENT, MESSAGE_SUBMITTED)->submitted.already);
    assert_int_equal(world->disk.n_searches, 1);
    world_destroy(world);
}

static void another_search_of_the_same_name_is_refused_with_advice(void **state)
{
    struct world *world = world_create();
    submit_with_key(world, "one", SPEC("\"trials\":3"));
    submit_with_key(world, "two", SPEC("\"trials\":3"));
    assert_non_null(strstr(error_told(world, CLIENT, ERROR_REFUSED), "give this one another"));
    assert_int_equal(world->disk.n_searches, 1);
    world_destroy(world);
}

static void an_invalid_definition_is_refused_with_its_problems(void **state)
{
    struct world *world = world_create();
    submit_with_key(world, "one", "{");
    assert_non_null(strstr(error_told(world, CLIENT, ERROR_INVALID_SPEC), "not JSON"));
    submit_with_key(world, "one", SPEC("\"trials\":0,\"repaet\":2"));
    const char *text = error_told(world, CLIENT, ERROR_INVALID_SPEC);
    assert_non_null(strstr(text, "/trials: "));
    assert_non_null(strstr(text, "\n"));
    assert_non_null(strstr(text, "/repaet: "));
    submit_with_key(world, "", SPEC("\"trials\":1"));
    error_told(world, CLIENT, ERROR_REFUSED);
    assert_int_equal(world->disk.n_searches, 0);
    world_destroy(world);
}

static void status_counts_trials_by_state(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":3,\"repeat\":2"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    worker_finishes(world, 1, session, ref, 2);
    ask(world, 1, session, 1, 1);
    const struct study_status *status = status_of(world, "s");
    assert_int_equal(status->counts.done, 1);
    assert_int_equal(status->counts.running, 1);
    assert_int_equal(status->counts.waiting, 0);
    assert_int_equal(status->trials, 6);
    assert_string_equal(status->metric, "loss");
    assert_int_equal(status->state, SEARCH_OPEN);
    assert_string_equal(status->note, "");
    const struct message *message = told(world, CLIENT, MESSAGE_STATUS_REPLY);
    assert_int_equal(message->status_reply.n_workers, 1);
    assert_int_equal(message->status_reply.workers[0].busy, 1);
    assert_int_equal(message->status_reply.workers[0].done, 1);
    assert_int_equal(message->status_reply.workers[0].failed, 0);
    assert_true(message->status_reply.workers[0].connected);
    worker_fails(world, 1, session, (struct attempt_ref){ 1, 1, 1 }, "no");
    ask_status(world, "s");
    message = told(world, CLIENT, MESSAGE_STATUS_REPLY);
    assert_int_equal(message->status_reply.workers[0].failed, 1);
    assert_int_equal(message->status_reply.workers[0].busy, 0);
    world_destroy(world);
}

static void status_lists_all_studies_by_age(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":3,\"matrix\":{\"k\":[1,2]}"));
    submit(world, "{\"name\":\"a\",\"command\":[\"t\"],\"metric\":{\"name\":\"m\"},\"trials\":1,"
                  "\"parameters\":{\"x\":{\"values\":[1]}}}");
    ask_status(world, "");
    const struct message *message = told(world, CLIENT, MESSAGE_STATUS_REPLY);
    assert_int_equal(message->status_reply.n_studies, 3);
    assert_string_equal(message->status_reply.studies[0].name, "s/1");
    assert_string_equal(message->status_reply.studies[1].name, "s/2");
    assert_string_equal(message->status_reply.studies[2].name, "a");
    ask_status(world, "s");
    assert_int_equal(told(world, CLIENT, MESSAGE_STATUS_REPLY)->status_reply.n_studies, 2);
    world_destroy(world);
}

static void status_says_why_nothing_moves(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":3"));
    assert_string_equal(status_of(world, "s")->note,
                        "no worker is connected: start one with ldt-worker");
    struct message message = hello(1, 1);
    message.hello.allow_command = false;
    say(world, 1, message);
    assert_string_equal(status_of(world, "s")->note,
                        "no worker accepts commands: start one with --allow-command");
    worker_joins(world, 2, 1);
    assert_string_equal(status_of(world, "s")->note, "");
    core_set_note(world->core, "disk full");
    status_of(world, "s");
    assert_string_equal(told(world, CLIENT, MESSAGE_STATUS_REPLY)->status_reply.note, "disk full");
    core_set_note(world->core, NULL);
    status_of(world, "s");
    assert_string_equal(told(world, CLIENT, MESSAGE_STATUS_REPLY)->status_reply.note, "");
    world_destroy(world);
}

static void a_very_long_note_is_cut_between_two_characters(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1,\"max_failed_trials\":0"));
    uint64_t session = worker_joins(world, 1, 1);
    char reason[1200] = "";
    for (int i = 0; i < 500; i++)
        memcpy(reason + 2 * i, "\xc3\xa4", 2); /* a letter of two bytes */
    for (int attempt = 1; attempt <= 3; attempt++) {
        ask(world, 1, session, 1, attempt - 1);
        worker_fails(world, 1, session, told(world, 1, MESSAGE_TRIAL)->trial.ref, reason);
    }
    const char *note = status_of(world, "s")->note;
    size_t length = strlen(note);
    assert_true(length < 520);
    assert_memory_equal(note + length - 5, "\xc3\xa4...", 5);
    assert_true(strlen(disk_study(&world->disk, 1)->note) > 1000);
    world_destroy(world);
}

static void a_status_of_very_many_studies_fits_one_message_and_says_what_is_missing(void **state)
{
    struct world *world = world_create();
    world->quick = true;
    char definition[512];
    for (int i = 0; i < 3; i++) {
        size_t length = (size_t)snprintf(
            definition, sizeof definition,
            "{\"name\":\"s%d\",\"command\":[\"t\"],\"metric\":{\"name\":\"m\"},\"trials\":1,"
            "\"matrix\":{\"a\":[1,2,3,4,5,6,7,8,9,10],\"b\":[1,2,3,4,5,6,7,8,9,10],"
            "\"c\":[1,2,3,4,5,6,7,8,9,10],\"d\":[1,2,3,4,5,6,7,8,9,10]},"
            "\"parameters\":{\"x\":{\"values\":[1]}}}",
            i);
        assert_true(length < sizeof definition);
        submit(world, definition);
    }
    ask_status(world, "");
    const struct message *message = told(world, CLIENT, MESSAGE_STATUS_REPLY);
    size_t shown = message->status_reply.n_studies;
    assert_true(shown > 5000 && shown <= MESSAGE_MAX_LIST);
    assert_string_equal(message->status_reply.studies[shown - 1].name, "s2/10,10,10,10");
    char note[64];
    snprintf(note, sizeof note, "%zu older studies are not shown", 30000 - shown);
    assert_non_null(strstr(message->status_reply.note, note));
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_search_is_saved_with_its_studies_before_it_is_confirmed),
        cmocka_unit_test(the_same_submit_key_twice_is_one_search),
        cmocka_unit_test(another_search_of_the_same_name_is_refused_with_advice),
        cmocka_unit_test(an_invalid_definition_is_refused_with_its_problems),
        cmocka_unit_test(status_counts_trials_by_state),
        cmocka_unit_test(status_lists_all_studies_by_age),
        cmocka_unit_test(status_says_why_nothing_moves),
        cmocka_unit_test(a_very_long_note_is_cut_between_two_characters),
        cmocka_unit_test(a_status_of_very_many_studies_fits_one_message_and_says_what_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
