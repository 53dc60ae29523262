#include "worker/shell/trial_command.h"
#include "common/buf.h"
#include "common/json.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* The command in a process of its own, as an agent runs it. */
struct child {
    pid_t pid;
    int output, errors; /* read ends */
};

static void become_the_command(const char *input, const char *argument, const int out[2],
                               const int err[2])
{
    char verb[] = "trial", word[64];
    int in[2];
    if (pipe(in) != 0 || write(in[1], input, strlen(input)) != (ssize_t)strlen(input))
        _exit(99);
    close(in[1]);
    dup2(in[0], STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    dup2(err[1], STDERR_FILENO);
    close(out[0]);
    close(out[1]);
    close(err[0]);
    close(err[1]);
    snprintf(word, sizeof word, "%s", argument != NULL ? argument : "");
    int status = trial_command(argument != NULL ? 2 : 1,
                               (char *[]){ verb, argument != NULL ? word : NULL, NULL });
    fflush(NULL);
    _exit(status);
}

static struct child start(const char *input, const char *argument)
{
    int out[2], err[2];
    assert_int_equal(pipe(out), 0);
    assert_int_equal(pipe(err), 0);
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        become_the_command(input, argument, out, err);
    close(out[1]);
    close(err[1]);
    return (struct child){ .pid = pid, .output = out[0], .errors = err[0] };
}

static void read_all(int fd, struct buf *out)
{
    char chunk[4096];
    ssize_t count;
    while ((count = read(fd, chunk, sizeof chunk)) > 0)
        assert_true(buf_add(out, chunk, (size_t)count));
    close(fd);
}

struct outcome {
    struct buf output, errors;
    int status;
};

static struct outcome finish(struct child child)
{
    struct outcome outcome;
    int status;
    buf_init(&outcome.output, (size_t)1 << 20);
    buf_init(&outcome.errors, (size_t)1 << 20);
    read_all(child.output, &outcome.output);
    read_all(child.errors, &outcome.errors);
    assert_int_equal(waitpid(child.pid, &status, 0), child.pid);
    assert_true(WIFEXITED(status));
    outcome.status = WEXITSTATUS(status);
    return outcome;
}

static void outcome_free(struct outcome *outcome)
{
    buf_free(&outcome->output);
    buf_free(&outcome->errors);
}

/* The next line as JSON, which it must be, with its end; NULL after the last. */
static json_t *next_line(const char **at)
{
    struct error error;
    if (**at == '\0')
        return NULL;
    size_t length = strcspn(*at, "\n");
    assert_int_equal((*at)[length], '\n');
    json_t *line = json_parse_lenient(*at, length, &error);
    if (line == NULL)
        fail_msg("%s", error.text);
    *at += length + 1;
    return line;
}

static const char small_trial[] =
    "{\"study\":\"s\",\"trial\":7,\"attempt\":1,\"seed\":3,\"parameters\":{\"task\":\"task-a\","
    "\"student_hidden\":4,\"teacher_hidden\":4,\"input_dim\":8,\"n_inner\":2,\"epochs\":4}}";

static void a_trial_comes_out_as_facts_and_lines_of_metrics(void **state)
{
    struct outcome outcome = finish(start(small_trial, NULL));
    assert_int_equal(outcome.status, 0);
    assert_string_equal(outcome.errors.bytes, "");
    const char *at = outcome.output.bytes;
    json_t *line = next_line(&at);
    json_t *info = json_object_get(line, "info");
    static const char *const facts[] = {
        "version", "blas_core", "openblas", "cpu", "real", "libc"
    };
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        assert_true(json_string_length(json_object_get(info, facts[i])) > 0);
    json_decref(line);
    for (int epoch = 1; epoch <= 4; epoch++) {
        line = next_line(&at);
        assert_int_equal(json_integer_value(json_object_get(line, "step")), 24 * epoch);
        assert_true(json_number_value(json_object_get(line, "epoch")) == epoch);
        json_t *metrics = json_object_get(line, "metrics");
        assert_int_equal(json_object_size(metrics), 11);
        assert_true(json_is_number(json_object_get(metrics, "test_accuracy")));
        json_decref(line);
    }
    assert_null(next_line(&at));
    outcome_free(&outcome);
}

static void a_number_that_became_infinite_is_no_failure(void **state)
{
    struct outcome outcome =
        finish(start("{\"seed\":1,\"parameters\":{\"task\":\"task-b\",\"method\":\"no-teacher\","
                     "\"student_lr\":1e38,\"student_hidden\":4}}",
                     NULL));
    assert_int_equal(outcome.status, 0);
    const char *at = outcome.output.bytes, *reason = NULL;
    json_t *line, *last = NULL, *diverged = NULL;
    while ((line = next_line(&at)) != NULL) {
        json_t *fact = json_object_get(json_object_get(line, "info"), "diverged");
        if (fact != NULL)
            diverged = json_incref(fact);
        json_decref(last);
        last = line;
    }
    reason = json_string_value(diverged);
    assert_non_null(reason);
    assert_true(strlen(reason) > 10);
    json_t *metrics = json_object_get(last, "metrics");
    assert_string_equal(json_string_value(json_object_get(metrics, "test_kl")), "NaN");
    assert_string_equal(json_string_value(json_object_get(metrics, "train_loss")), "NaN");
    json_decref(diverged);
    json_decref(last);
    outcome_free(&outcome);
}

static void termination_hands_the_attempt_back_between_two_lines(void **state)
{
    struct child child = start("{\"seed\":1,\"parameters\":{\"task\":\"task-b\","
                               "\"student_hidden\":4,\"teacher_hidden\":4,\"n_inner\":1,"
                               "\"epochs\":1000000}}",
                               NULL);
    char first;
    assert_int_equal(read(child.output, &first, 1), 1); /* so it has begun to write */
    assert_int_equal(kill(child.pid, SIGTERM), 0);
    struct outcome outcome = finish(child);
    assert_int_equal(outcome.status, 75);
    assert_int_equal(first, '{');
    assert_int_equal(outcome.output.bytes[outcome.output.length - 1], '\n');
    const char *at = outcome.output.bytes + strcspn(outcome.output.bytes, "\n") + 1;
    for (json_t *line; (line = next_line(&at)) != NULL;)
        json_decref(line);
    outcome_free(&outcome);
}

/* ---- checkpoints ---------------------------------------------------------------------------- */

static char place[] = "/tmp/ldt-trial-command-XXXXXX";

static char *saving_trial(int64_t seed, double seconds)
{
    char *text = NULL;
    assert_true(asprintf(&text,
                         "{\"seed\":%d,\"checkpoint_dir\":\"%s\",\"checkpoint_seconds\":%g,"
                         "\"parameters\":{\"task\":\"task-b\",\"student_hidden\":4,"
                         "\"teacher_hidden\":4,\"n_inner\":2,\"n_test\":50,\"epochs\":60}}",
                         (int)seed, place, seconds) > 0);
    return text;
}

/* What follows the facts. */
static const char *curve_of(const struct outcome *outcome)
{
    return strstr(outcome->output.bytes, "{\"step\":");
}

static void read_until(int fd, const char *text)
{
    struct buf read_so_far;
    char byte;
    buf_init(&read_so_far, (size_t)1 << 20);
    while (strstr(read_so_far.bytes, text) == NULL) {
        assert_int_equal(read(fd, &byte, 1), 1);
        assert_true(buf_add(&read_so_far, &byte, 1));
    }
    buf_free(&read_so_far);
}

static struct outcome run_whole(int64_t seed, double seconds)
{
    char *input = saving_trial(seed, seconds);
    struct outcome outcome = finish(start(input, NULL));
    assert_int_equal(outcome.status, 0);
    free(input);
    return outcome;
}

/* Its output is not read after the first line of the curve: it must not wait for that. */
static void terminate_one_that_nobody_reads(int64_t seed)
{
    char *input = saving_trial(seed, 120);
    struct child child = start(input, NULL);
    int status;
    fcntl(child.output, F_SETPIPE_SZ, 4096);
    read_until(child.output, "{\"step\":");
    while (poll(&(struct pollfd){ .fd = child.output, .events = POLLIN }, 1, -1) < 0)
        continue; /* until the next one is there */
    assert_int_equal(kill(child.pid, SIGTERM), 0);
    assert_int_equal(waitpid(child.pid, &status, 0), child.pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 75);
    close(child.output);
    close(child.errors);
    free(input);
}

static void a_terminated_trial_goes_on_and_writes_its_whole_curve(void **state)
{
    struct outcome whole = run_whole(3, 120), rest;
    assert_null(strstr(whole.output.bytes, "checkpoint"));
    terminate_one_that_nobody_reads(3);
    terminate_one_that_nobody_reads(3);
    rest = run_whole(3, 120);
    assert_non_null(
        strstr(rest.output.bytes, "{\"info\":{\"checkpoint\":\"goes on from iteration "));
    assert_string_equal(rest.errors.bytes, "");
    assert_string_equal(curve_of(&rest), curve_of(&whole));
    outcome_free(&rest);
    rest = run_whole(3, 0); /* there is no file left, and saving changes nothing */
    assert_null(strstr(rest.output.bytes, "goes on"));
    assert_string_equal(curve_of(&rest), curve_of(&whole));
    outcome_free(&rest);
    outcome_free(&whole);
}

static void a_checkpoint_of_another_trial_is_refused_in_two_places(void **state)
{
    terminate_one_that_nobody_reads(4);
    struct outcome other = run_whole(5, 120), want = run_whole(5, 120);
    static const char sentence[] = "trial.checkpoint is not used, and the run begins anew: made "
                                   "with `seed 4`, but here it is `seed 5`";
    assert_non_null(strstr(other.output.bytes, sentence));
    assert_memory_equal(other.errors.bytes, sentence, strlen(sentence));
    assert_string_equal(curve_of(&other), curve_of(&want));
    outcome_free(&other);
    outcome_free(&want);
}

/* As a cluster sets it, or a shell. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_limit_on_files_costs_the_checkpoint_and_not_the_trial(void **state)
{
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct outcome want = run_whole(6, 120);
    limit_files(1000);
    struct outcome limited = run_whole(6, 0);
    limit_files(before.rlim_cur);
    const char *complaint = strstr(limited.output.bytes, "cannot be written: File too large");
    const char *curve = curve_of(&want);
    assert_non_null(complaint);
    const char *after = strchr(complaint, '\n') + 1; /* more than half of the curve */
    assert_true(strlen(after) > strlen(curve) / 2 && strlen(after) < strlen(curve));
    assert_string_equal(after, curve + strlen(curve) - strlen(after));
    outcome_free(&limited);
    outcome_free(&want);
}

static void wrong_input_is_one_sentence_and_status_1(void **state)
{
    static const struct {
        const char *input, *sentence;
    } cases[] = {
        { "", "standard input: empty; it must hold one JSON object, such as "
              "{\"seed\": 1, \"parameters\": {\"task\": \"task-b\"}}\n" },
        { "[]", "standard input: not a JSON object\n" },
        { "{\"seed\":1", "standard input:1:9: '}' expected near end of file\n" },
        { "{}", "seed: missing; give an integer of at least 0\n" },
        { "{\"seed\":1.5}", "seed: not a seed; give an integer of at least 0\n" },
        { "{\"seed\":1}", "parameters: `task` is missing and has no default; give "
                          "{\"task\": \"task-a\"} or another task\n" },
        { "{\"seed\":1,\"checkpoint_dri\":\"/tmp\",\"parameters\":{\"task\":\"task-a\"}}",
          "standard input: unknown member `checkpoint_dri`; did you mean `checkpoint_dir`?\n" },
        { "{\"seed\":1,\"task\":\"task-a\"}",
          "standard input: unknown member `task`; settings go into `parameters`\n" },
        { "{\"seed\":1,\"parameters\":{\"task\":\"task-b\",\"epoch\":1}}",
          "parameters: unknown setting `epoch`; did you mean `epochs`?\n" },
        { "{\"seed\":1,\"parameters\":{\"task\":\"task-a\",\"n_train\":2,"
          "\"selection_split\":0.5}}",
          "selection_split: 2 training examples leave none to carve off; n_train must be at least "
          "3\n" },
        { "{\"seed\":1,\"checkpoint_dir\":\"here\",\"parameters\":{\"task\":\"task-a\"}}",
          "checkpoint_dir: not a path; give one that begins with /\n" },
        { "{\"seed\":1,\"checkpoint_dir\":null,\"parameters\":{\"task\":\"task-a\"}}",
          "checkpoint_dir: not a path; give one that begins with /\n" },
        { "{\"seed\":1,\"checkpoint_dir\":\"/nonexistent\",\"parameters\":{\"task\":\"task-a\"}}",
          "checkpoint_dir: /nonexistent: No such file or directory; name a directory that is "
          "there\n" },
        { "{\"seed\":1,\"checkpoint_seconds\":-1,\"parameters\":{\"task\":\"task-a\"}}",
          "checkpoint_seconds: give a number from 0 to 1000000000\n" },
        { "{\"seed\":1,\"checkpoint_seconds\":\"2m\",\"parameters\":{\"task\":\"task-a\"}}",
          "checkpoint_seconds: give a number from 0 to 1000000000\n" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct outcome outcome = finish(start(cases[i].input, NULL));
        assert_string_equal(outcome.errors.bytes, cases[i].sentence);
        assert_int_equal(outcome.status, 1);
        assert_null(strstr(outcome.output.bytes, "metrics"));
        outcome_free(&outcome);
    }
}

static void help_lists_the_settings_and_any_other_argument_is_refused(void **state)
{
    struct outcome outcome = finish(start("", "--help"));
    assert_int_equal(outcome.status, 0);
    assert_non_null(strstr(outcome.output.bytes, "usage: ldt-worker trial"));
    assert_non_null(strstr(outcome.output.bytes, "\n  teaching_coef "));
    assert_non_null(strstr(outcome.output.bytes, "\n  test_kl "));
    outcome_free(&outcome);
    outcome = finish(start("", "file.json"));
    assert_int_equal(outcome.status, 2);
    assert_non_null(strstr(outcome.errors.bytes, "`file.json`"));
    outcome_free(&outcome);
}

/* The command would execute this program again without them. */
static int prepare(void **state)
{
    unsetenv("OPENBLAS_CORETYPE");
    unsetenv("OPENBLAS_L2_SIZE");
    unsetenv("OPENBLAS_BLOCK_FACTOR");
    unsetenv("LDT_OPENBLAS_CORETYPE");
    return mkdtemp(place) == NULL;
}

/* Every trial that was saved came to its end, so the directory is empty. */
static int remove_place(void **state)
{
    return rmdir(place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trial_comes_out_as_facts_and_lines_of_metrics),
        cmocka_unit_test(a_number_that_became_infinite_is_no_failure),
        cmocka_unit_test(termination_hands_the_attempt_back_between_two_lines),
        cmocka_unit_test(a_terminated_trial_goes_on_and_writes_its_whole_curve),
        cmocka_unit_test(a_checkpoint_of_another_trial_is_refused_in_two_places),
        cmocka_unit_test(a_limit_on_files_costs_the_checkpoint_and_not_the_trial),
        cmocka_unit_test(wrong_input_is_one_sentence_and_status_1),
        cmocka_unit_test(help_lists_the_settings_and_any_other_argument_is_refused),
    };
    return cmocka_run_group_tests(tests, prepare, remove_place);
}
