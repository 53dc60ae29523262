#include "worker/shell/child.h"
#include "common/buf.h"
#include "common/clock.h"
#include "common/xalloc.h"
#include "worker/shell/launch.h"
#include "worker/shell/result.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

enum { TOO_LONG_MS = 20000 };

/* One attempt that runs a shell script, and the result that it comes to. */
struct world {
    struct child child;
    struct arena *arena;
    int64_t points;
    double last_value;
    struct message result;
    const char *reason; /* of a hand-back */
    bool handed_back;
    struct error error;
};

static void take(void *context, const struct point *points, size_t count)
{
    struct world *world = context;
    world->points += (int64_t)count;
    world->last_value = points[count - 1].value;
}

static int create(void **state)
{
    struct world *world = xcalloc(1, sizeof *world);
    world->arena = arena_create(4096);
    world->child.stdout_fd = world->child.stderr_fd = -1;
    *state = world;
    return 0;
}

static int destroy(void **state)
{
    struct world *world = *state;
    child_destroy(&world->child);
    arena_destroy(&world->arena);
    free(world);
    return 0;
}

static const struct child_limits UNLIMITED = { 0, 0 };
static const struct launch_extras NO_EXTRAS = { "", "" };

static bool start_command(struct world *world, const char **words, size_t n_words,
                          const char *workdir, const char **environment, size_t n_environment,
                          const struct child_limits *limits, const struct launch_extras *extras)
{
    struct message trial = { .type = MESSAGE_TRIAL };
    struct child_sink sink = { take, world };
    struct child_output *output;
    struct launch launch;
    trial.trial.ref = (struct attempt_ref){ 1, 7, 2 };
    trial.trial.study_name = "s";
    trial.trial.seed = 123;
    trial.trial.program = PROGRAM_COMMAND;
    trial.trial.parameters = "{\"x\":0.1}";
    trial.trial.command = words;
    trial.trial.n_command = n_words;
    trial.trial.workdir = workdir;
    trial.trial.environment = environment;
    trial.trial.n_environment = n_environment;
    if (!launch_prepare(&launch, &trial, extras, world->arena, &world->error))
        return false;
    output = child_output_create(&sink);
    if (child_start(&world->child, &launch, output, limits, clock_monotonic_ms(), &world->error) ==
        CHILD_STARTED)
        return true;
    child_output_destroy(&output);
    return false;
}

static void start_limited(struct world *world, const char *script, struct child_limits limits)
{
    const char *words[] = { "sh", "-c", script };
    if (!start_command(world, words, 3, "", NULL, 0, &limits, &NO_EXTRAS))
        fail_msg("%s", world->error.text);
}

static void start_script(struct world *world, const char *script)
{
    start_limited(world, script, UNLIMITED);
}

/* Looks after the child as the loop does, until it is over or the output holds a text. */
static bool attend(struct world *world, const char *until_text)
{
    struct child *child = &world->child;
    int64_t end_ms = clock_monotonic_ms() + TOO_LONG_MS;
    while (!child_is_over(child)) {
        struct pollfd fds[] = { { .fd = child->stdout_fd, .events = POLLIN },
                                { .fd = child->stderr_fd, .events = POLLIN } };
        poll(fds, 2, 10);
        child_reap(child, clock_monotonic_ms());
        child_read(child, true, clock_monotonic_ms());
        child_tick(child, clock_monotonic_ms());
        if (until_text != NULL &&
            strstr(child_output_log(child->output, world->arena), until_text) != NULL)
            return true;
        if (clock_monotonic_ms() > end_ms)
            return false;
    }
    return until_text == NULL;
}

static void finish(struct world *world)
{
    assert_true(attend(world, NULL));
    child_output_end(world->child.output);
    world->handed_back =
        !result_of_child(&world->result, &world->child, &world->reason, world->arena);
}

static void run_script(struct world *world, const char *script)
{
    start_script(world, script);
    finish(world);
}

static void success_is_exit_status_0(void **state)
{
    struct world *world = *state;
    run_script(world, "echo '{\"step\": 1, \"metrics\": {\"a\": 0.5}}'; echo hello");
    assert_false(world->handed_back);
    assert_int_equal(world->result.result.kind, RESULT_DONE);
    assert_int_equal(world->points, 1);
    assert_string_equal(world->result.result.log, "hello\n");
    assert_string_equal(world->result.result.reason, "");
    assert_true(world->result.result.peak_memory_bytes > 0);
}

static void the_trial_is_one_line_of_json_on_standard_input(void **state)
{
    struct world *world = *state;
    run_script(world, "cat");
    assert_string_equal(world->result.result.log,
                        "{\"study\":\"s\",\"trial\":7,\"attempt\":2,\"seed\":123,"
                        "\"parameters\":{\"x\":0.1}}\n");
}

static void the_directory_for_its_checkpoint_and_the_mark_are_passed_on(void **state)
{
    struct world *world = *state;
    const char *words[] = { "sh", "-c", "cat; echo $LDT_PROCESS; env | grep -c ^LDT_PROCESS=" };
    const char *environment[] = { "LDT_PROCESS=from the spec" };
    struct launch_extras extras = { "/var/keep/k/attempt-2", "LDT_PROCESS=1-2" };
    setenv("LDT_PROCESS", "inherited", 1);
    assert_true(start_command(world, words, 3, "", environment, 1, &UNLIMITED, &extras));
    unsetenv("LDT_PROCESS");
    finish(world);
    assert_string_equal(world->result.result.log,
                        "{\"study\":\"s\",\"trial\":7,\"attempt\":2,\"seed\":123,"
                        "\"parameters\":{\"x\":0.1},"
                        "\"checkpoint_dir\":\"/var/keep/k/attempt-2\"}\n1-2\n1\n");
}

static void a_failure_says_the_last_lines_of_standard_error(void **state)
{
    struct world *world = *state;
    run_script(world, "echo first >&2; echo 'ValueError: bad shape' >&2; exit 3");
    assert_int_equal(world->result.result.kind, RESULT_FAILED);
    assert_int_equal(world->result.result.exit_status, 3);
    assert_string_equal(world->result.result.reason,
                        "exit status 3: first | ValueError: bad shape");
}

static void a_crash_says_its_signal(void **state)
{
    struct world *world = *state;
    run_script(world, "kill -SEGV $$");
    assert_int_equal(world->result.result.kind, RESULT_DIED);
    assert_int_equal(world->result.result.exit_status, -SIGSEGV);
    assert_non_null(strstr(world->result.result.reason, "SIGSEGV"));
}

static void exit_status_75_hands_the_attempt_back(void **state)
{
    struct world *world = *state;
    run_script(world, "exit 75");
    assert_true(world->handed_back);
}

static void somebody_elses_term_hands_the_attempt_back(void **state)
{
    struct world *world = *state;
    run_script(world, "kill -TERM $$");
    assert_true(world->handed_back);
}

static void preemption_hands_back_whatever_the_command_makes_of_it(void **state)
{
    struct world *world = *state;
    start_script(world, "trap 'exit 1' TERM; echo ready; while :; do read x < /dev/zero; done");
    assert_true(attend(world, "ready"));
    child_end(&world->child, CHILD_PREEMPTED, clock_monotonic_ms());
    finish(world);
    assert_true(world->handed_back);
}

static void a_pruned_trial_is_done(void **state)
{
    struct world *world = *state;
    start_script(world, "echo ready; exec tail -f /dev/null");
    assert_true(attend(world, "ready"));
    child_end(&world->child, CHILD_PRUNED, clock_monotonic_ms());
    finish(world);
    assert_false(world->handed_back);
    assert_int_equal(world->result.result.kind, RESULT_DONE);
}

static void a_trial_that_takes_too_long_is_ended(void **state)
{
    struct world *world = *state;
    start_limited(world, "exec tail -f /dev/null", (struct child_limits){ .duration_ms = 200 });
    finish(world);
    assert_int_equal(world->result.result.kind, RESULT_TIMEOUT);
    assert_string_equal(world->result.result.reason,
                        "ran longer than max_trial_duration (0.200 s)");
}

/* Reports step 1 every tenth of a second, and is ended for it. */
static void a_trial_that_makes_no_step_is_ended(void **state)
{
    struct world *world = *state;
    start_limited(world,
                  "while :; do echo '{\"step\": 1, \"metrics\": {\"a\": 1}}'; sleep 0.1; done",
                  (struct child_limits){ .duration_ms = 600000, .silence_ms = 400 });
    finish(world);
    assert_false(world->handed_back);
    assert_int_equal(world->result.result.kind, RESULT_TIMEOUT);
    assert_string_equal(world->result.result.reason,
                        "no new step since step 1 for longer than max_trial_silence (0.400 s)");
    assert_true(world->points >= 2);
}

static void a_trial_that_never_reports_is_ended_as_well(void **state)
{
    struct world *world = *state;
    start_limited(world, "exec tail -f /dev/null", (struct child_limits){ .silence_ms = 100 });
    finish(world);
    assert_string_equal(world->result.result.reason,
                        "no new step since its start for longer than max_trial_silence (0.100 s)");
}

static void write_line(struct child *child, const char *line)
{
    child_output_stdout(child->output, line, strlen(line));
}

/* The clock of these is the test's: the child itself does nothing but wait. */
static void each_step_begins_the_silence_anew(void **state)
{
    struct world *world = *state;
    struct child *child = &world->child;
    start_limited(world, "exec tail -f /dev/null", (struct child_limits){ .silence_ms = 1000 });
    int64_t start_ms = child->started_ms;
    assert_int_equal(child_next_deadline(child), start_ms + 1000);
    write_line(child, "{\"step\": 5, \"metrics\": {\"a\": 1}}\n");
    child_read(child, true, start_ms + 999);
    assert_int_equal(child_next_deadline(child), start_ms + 1999);
    write_line(child, "{\"step\": 5, \"metrics\": {\"b\": 1}}\n");
    write_line(child, "{\"step\": 4, \"metrics\": {\"a\": 1}}\n");
    child_read(child, true, start_ms + 1500); /* nothing greater */
    child_tick(child, start_ms + 1998);
    assert_int_equal(child->ending, CHILD_ON_ITS_OWN);
    child_tick(child, start_ms + 1999);
    assert_int_equal(child->ending, CHILD_SILENT);
    finish(world);
}

static void time_in_which_nobody_reads_is_no_silence(void **state)
{
    struct world *world = *state;
    struct child *child = &world->child;
    start_limited(world, "exec tail -f /dev/null", (struct child_limits){ .silence_ms = 1000 });
    int64_t start_ms = child->started_ms;
    child_read(child, false, start_ms + 600);
    child_tick(child, start_ms + 5000);
    assert_int_equal(child_next_deadline(child), INT64_MAX);
    child_read(child, false, start_ms + 6000);
    child_read(child, true, start_ms + 10600); /* 600 ms of silence so far */
    assert_int_equal(child_next_deadline(child), start_ms + 11000);
    child_tick(child, start_ms + 10999);
    assert_int_equal(child->ending, CHILD_ON_ITS_OWN);
    child_tick(child, start_ms + 11000);
    assert_int_equal(child->ending, CHILD_SILENT);
    finish(world);
}

static void time_in_which_the_worker_did_not_run_is_not_held_against_it(void **state)
{
    struct world *world = *state;
    struct child *child = &world->child;
    start_limited(world, "exec tail -f /dev/null",
                  (struct child_limits){ .duration_ms = 3000, .silence_ms = 1000 });
    int64_t start_ms = child->started_ms;
    child_excuse(child, 60000); /* after 400 ms, say */
    child_tick(child, start_ms + 60400);
    assert_int_equal(child->ending, CHILD_ON_ITS_OWN);
    assert_int_equal(child_next_deadline(child), start_ms + 61000); /* silent for 400 ms so far */
    write_line(child, "{\"step\": 1, \"metrics\": {\"a\": 1}}\n");
    child_read(child, true, start_ms + 60900);
    child_read(child, false, start_ms + 61000); /* for 100 ms, and then nobody wants to hear it */
    assert_int_equal(child_next_deadline(child), start_ms + 63000); /* the duration */
    child_excuse(child, 5000);
    child_read(child, true, start_ms + 66500);
    assert_int_equal(child_next_deadline(child), start_ms + 67400);
    child_tick(child, start_ms + 67400);
    assert_int_equal(child->ending, CHILD_SILENT);
    assert_int_equal(child->started_ms, start_ms); /* it lasted as long as it did */
    finish(world);
}

static void nor_is_it_part_of_the_grace_period(void **state)
{
    struct world *world = *state;
    start_script(world, "trap '' TERM; echo ready; while :; do read x < /dev/zero; done");
    assert_true(attend(world, "ready"));
    int64_t now_ms = clock_monotonic_ms();
    child_end(&world->child, CHILD_PREEMPTED, now_ms);
    child_excuse(&world->child, 60000);
    child_tick(&world->child, now_ms + 60000);
    assert_int_equal(child_next_deadline(&world->child), now_ms + 60000 + CHILD_GRACE_MS);
    child_tick(&world->child, now_ms + 60000 + CHILD_GRACE_MS);
    finish(world);
    assert_true(world->handed_back);
}

static void the_limit_that_is_passed_first_counts(void **state)
{
    struct world *world = *state;
    start_limited(world, "exec tail -f /dev/null",
                  (struct child_limits){ .duration_ms = 1000, .silence_ms = 1001 });
    assert_int_equal(child_next_deadline(&world->child), world->child.started_ms + 1000);
    child_tick(&world->child, world->child.started_ms + 2000);
    assert_int_equal(world->child.ending, CHILD_TIMED_OUT);
    finish(world);
}

static void who_ignores_term_is_killed(void **state)
{
    struct world *world = *state;
    start_script(world, "trap '' TERM; echo ready; while :; do :; done");
    assert_true(attend(world, "ready"));
    /* As if TERM had been sent a grace period ago. */
    child_end(&world->child, CHILD_PREEMPTED, clock_monotonic_ms() - CHILD_GRACE_MS);
    finish(world);
    assert_true(world->handed_back);
}

/* Into the group of whoever runs it: its own has nobody left who could be told to end. */
static void who_moves_to_another_group_is_ended_all_the_same(void **state)
{
    struct world *world = *state;
    const char *words[] = { "perl", "-e",
                            "setpgrp(0, getpgrp(getppid())) or die $!; print STDERR 'moved';"
                            "sleep 1 while 1" };
    assert_true(start_command(world, words, 3, "", NULL, 0, &UNLIMITED, &NO_EXTRAS));
    assert_true(attend(world, "moved"));
    child_end(&world->child, CHILD_TIMED_OUT, clock_monotonic_ms());
    finish(world);
    assert_int_equal(world->result.result.kind, RESULT_TIMEOUT);
    assert_int_equal(world->result.result.exit_status, -SIGTERM);
}

static bool is_gone(pid_t pid)
{
    char path[64], state = 'X';
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    if (file != NULL && fscanf(file, "%*d %*s %c", &state) != 1)
        state = 'X';
    if (file != NULL)
        fclose(file);
    return state == 'X' || state == 'Z';
}

static void a_grandchild_that_keeps_the_pipe_open_does_not_outlive_the_trial(void **state)
{
    struct world *world = *state;
    run_script(world, "tail -f /dev/null & echo pid $!");
    int pid = 0;
    assert_int_equal(world->result.result.kind, RESULT_DONE);
    assert_int_equal(sscanf(world->result.result.log, "pid %d", &pid), 1);
    for (int i = 0; i < 1000 && !is_gone(pid); i++)
        poll(NULL, 0, 10);
    assert_true(is_gone(pid));
}

static void who_escapes_from_the_group_and_writes_on_is_not_waited_for(void **state)
{
    struct world *world = *state;
    run_script(world, "trap 'exit 0' USR1;"
                      "setsid sh -c 'echo pid $$; kill -USR1 $1; exec yes' x $$ & wait");
    int pid = 0;
    assert_int_equal(world->result.result.kind, RESULT_DONE);
    const char *first = strstr(world->result.result.log, "pid ");
    if (first != NULL && sscanf(first, "pid %d", &pid) == 1)
        kill(pid, SIGKILL); /* else it got SIGPIPE */
}

static void a_child_may_close_its_output_and_go_on(void **state)
{
    struct world *world = *state;
    run_script(world, "exec >&- 2>&-; i=0; while [ $i -lt 2000 ]; do i=$((i+1)); done; exit 4");
    assert_int_equal(world->result.result.kind, RESULT_FAILED);
    assert_string_equal(world->result.result.reason, "exit status 4");
}

static void a_long_input_needs_no_reader(void **state)
{
    struct world *world = *state;
    struct message trial = { .type = MESSAGE_TRIAL };
    struct child_sink sink = { take, world };
    struct child_output *output = child_output_create(&sink);
    struct launch launch;
    const char *words[] = { "true" };
    struct buf parameters;
    buf_init(&parameters, 1 << 20);
    buf_text(&parameters, "{\"x\":\"");
    for (int i = 0; i < 50000; i++)
        buf_text(&parameters, "0123456789");
    buf_text(&parameters, "\"}");
    trial.trial.program = PROGRAM_COMMAND;
    trial.trial.study_name = "s";
    trial.trial.parameters = parameters.bytes;
    trial.trial.command = words;
    trial.trial.n_command = 1;
    trial.trial.workdir = "";
    assert_true(launch_prepare(&launch, &trial, &NO_EXTRAS, world->arena, &world->error));
    assert_int_equal(child_start(&world->child, &launch, output, &UNLIMITED, clock_monotonic_ms(),
                                 &world->error),
                     CHILD_STARTED);
    finish(world);
    assert_int_equal(world->result.result.kind, RESULT_DONE);
    buf_free(&parameters);
}

static void a_command_runs_where_and_with_what_its_spec_says(void **state)
{
    struct world *world = *state;
    const char *words[] = { "sh", "-c", "pwd; echo $LDT_TEST_VALUE" };
    const char *environment[] = { "LDT_TEST_VALUE=from the spec" };
    setenv("LDT_TEST_VALUE", "inherited", 1);
    assert_true(start_command(world, words, 3, "/", environment, 1, &UNLIMITED, &NO_EXTRAS));
    finish(world);
    assert_string_equal(world->result.result.log, "/\nfrom the spec\n");
}

static void a_command_does_not_inherit_the_way_to_the_workers_key(void **state)
{
    struct world *world = *state;
    const char *words[] = { "sh", "-c", "echo \"${LDT_KEY_FILE-none} $LDT_TEST_VALUE\"" };
    setenv("LDT_KEY_FILE", "/somewhere/worker.key", 1);
    setenv("LDT_TEST_VALUE", "inherited", 1);
    assert_true(start_command(world, words, 3, "", NULL, 0, &UNLIMITED, &NO_EXTRAS));
    unsetenv("LDT_KEY_FILE");
    finish(world);
    assert_string_equal(world->result.result.log, "none inherited\n");
}

static void what_cannot_be_started_says_why(void **state)
{
    struct world *world = *state;
    const char *missing[] = { "no-such-program-anywhere" }, *path[] = { "/no/such/program" };
    const char *no_program[] = { "/etc/hostname" }, *fine[] = { "true" };
    assert_false(start_command(world, missing, 1, "", NULL, 0, &UNLIMITED, &NO_EXTRAS));
    assert_non_null(strstr(world->error.text, "no-such-program-anywhere"));
    assert_false(start_command(world, path, 1, "", NULL, 0, &UNLIMITED, &NO_EXTRAS));
    assert_non_null(strstr(world->error.text, "`/no/such/program`: there is no such file"));
    assert_false(start_command(world, no_program, 1, "", NULL, 0, &UNLIMITED, &NO_EXTRAS));
    assert_non_null(strstr(world->error.text, "/etc/hostname"));
    assert_false(
        start_command(world, fine, 1, "/no/such/directory", NULL, 0, &UNLIMITED, &NO_EXTRAS));
    assert_string_equal(world->error.text, "cannot change to the directory `/no/such/directory`: "
                                           "No such file or directory");
}

static void a_script_whose_interpreter_is_missing_is_not_called_missing_itself(void **state)
{
    struct world *world = *state;
    char script[] = "/tmp/child_test.XXXXXX";
    const char *words[] = { script };
    int file = mkstemp(script);
    assert_true(dprintf(file, "#!/no/such/interpreter\n") > 0);
    assert_int_equal(fchmod(file, 0700), 0);
    close(file);
    assert_false(start_command(world, words, 1, "", NULL, 0, &UNLIMITED, &NO_EXTRAS));
    unlink(script);
    assert_non_null(strstr(world->error.text, "or not the program that its first line names"));
}

/* It is relative to where the worker was started, which is another place on each machine. */
static void a_relative_directory_that_is_missing_is_named_with_where_it_was_sought(void **state)
{
    struct world *world = *state;
    const char *fine[] = { "true" };
    char here[4096];
    assert_non_null(getcwd(here, sizeof here));
    assert_false(start_command(world, fine, 1, "no/such", NULL, 0, &UNLIMITED, &NO_EXTRAS));
    assert_non_null(strstr(world->error.text, "`no/such`"));
    assert_non_null(strstr(world->error.text, here));
    assert_non_null(strstr(world->error.text, "No such file"));
}

/* The trainer of this worker, as far as it comes with what is missing. */
static enum child_start start_built_in(struct world *world, const char *program)
{
    struct message trial = { .type = MESSAGE_TRIAL };
    struct child_output *output = child_output_create(&(struct child_sink){ take, world });
    struct launch launch;
    trial.trial.program = PROGRAM_LDT;
    trial.trial.study_name = "s";
    trial.trial.parameters = "{}";
    assert_true(launch_prepare(&launch, &trial, &NO_EXTRAS, world->arena, &world->error));
    if (program != NULL)
        launch.program = program;
    enum child_start started = child_start(&world->child, &launch, output, &UNLIMITED,
                                           clock_monotonic_ms(), &world->error);
    if (started != CHILD_STARTED)
        child_output_destroy(&output);
    return started;
}

static void want_of_descriptors_is_not_the_trials_fault(void **state)
{
    struct world *world = *state;
    struct rlimit limit, none;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = (struct rlimit){ 3, limit.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    enum child_start started = start_built_in(world, NULL);
    setrlimit(RLIMIT_NOFILE, &limit);
    assert_int_equal(started, CHILD_NO_ROOM);
    assert_non_null(strstr(world->error.text, "Too many open files"));
}

/* As in a chroot without /proc: each trial of a whole search failed for it. */
static void a_trainer_that_cannot_be_started_is_not_the_trials_fault(void **state)
{
    struct world *world = *state;
    assert_int_equal(start_built_in(world, "/proc/none"), CHILD_NO_ROOM);
    assert_non_null(strstr(world->error.text, "is /proc mounted"));
}

static void divergence_gives_the_reason_of_a_trial_that_is_done(void **state)
{
    struct world *world = *state;
    run_script(world, "echo '{\"info\": {\"diverged\": \"loss is NaN at step 3\"}}'");
    assert_int_equal(world->result.result.kind, RESULT_DONE);
    assert_string_equal(world->result.result.reason, "loss is NaN at step 3");
}

static void no_descriptor_leaks_into_a_child_or_out_of_many(void **state)
{
    struct world *world = *state;
    int before = dup(0);
    close(before);
    for (int i = 0; i < 20; i++) {
        run_script(world, "ls /proc/self/fd | wc -l");
        assert_string_equal(world->result.result.log, "4\n"); /* 0, 1, 2 and the directory */
        child_destroy(&world->child);
    }
    int after = dup(0);
    close(after);
    assert_int_equal(before, after);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, create, destroy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(success_is_exit_status_0),
        TEST(the_trial_is_one_line_of_json_on_standard_input),
        TEST(the_directory_for_its_checkpoint_and_the_mark_are_passed_on),
        TEST(a_failure_says_the_last_lines_of_standard_error),
        TEST(a_crash_says_its_signal),
        TEST(exit_status_75_hands_the_attempt_back),
        TEST(somebody_elses_term_hands_the_attempt_back),
        TEST(preemption_hands_back_whatever_the_command_makes_of_it),
        TEST(a_pruned_trial_is_done),
        TEST(a_trial_that_takes_too_long_is_ended),
        TEST(a_trial_that_makes_no_step_is_ended),
        TEST(a_trial_that_never_reports_is_ended_as_well),
        TEST(each_step_begins_the_silence_anew),
        TEST(time_in_which_nobody_reads_is_no_silence),
        TEST(time_in_which_the_worker_did_not_run_is_not_held_against_it),
        TEST(nor_is_it_part_of_the_grace_period),
        TEST(the_limit_that_is_passed_first_counts),
        TEST(who_ignores_term_is_killed),
        TEST(who_moves_to_another_group_is_ended_all_the_same),
        TEST(a_grandchild_that_keeps_the_pipe_open_does_not_outlive_the_trial),
        TEST(who_escapes_from_the_group_and_writes_on_is_not_waited_for),
        TEST(a_child_may_close_its_output_and_go_on),
        TEST(a_long_input_needs_no_reader),
        TEST(a_command_runs_where_and_with_what_its_spec_says),
        TEST(a_command_does_not_inherit_the_way_to_the_workers_key),
        TEST(what_cannot_be_started_says_why),
        TEST(a_script_whose_interpreter_is_missing_is_not_called_missing_itself),
        TEST(a_relative_directory_that_is_missing_is_named_with_where_it_was_sought),
        TEST(want_of_descriptors_is_not_the_trials_fault),
        TEST(a_trainer_that_cannot_be_started_is_not_the_trials_fault),
        TEST(divergence_gives_the_reason_of_a_trial_that_is_done),
        TEST(no_descriptor_leaks_into_a_child_or_out_of_many),
    };
    return cmocka_run_group_tests_name("child", tests, NULL, NULL);
}
