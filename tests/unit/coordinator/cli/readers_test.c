#include "common/connect.h"
#include "../store/example.h"
#include "capture.h"

#include <fcntl.h>

static struct context context_of(struct fixture *f, enum output_format format)
{
    return (struct context){ .format = format, .database = f->path };
}

#define run(f, command, format, ...)                                                               \
    run_command(command, (struct context[]){ context_of(f, format) },                              \
                (const char *const[]){ __VA_ARGS__, NULL })

static void trials_show_the_parameters_that_vary(void **state)
{
    struct fixture *f = *state;
    const struct captured *got = run(f, command_trials, OUTPUT_TABLE, "task-b/ldt");
    assert_int_equal(got->status, EXIT_OK);
    assert_string_equal(got->err, "");
    assert_contains(got->out, "trial state   value seconds attempts worker parameters");
    assert_contains(got->out,
                    "0 done        1     1.5        2 w2     student_lr=0.001 batch.size=8");
    assert_contains(got->out, "3 running     -       -        1 w1     student_lr=0.001");
    assert_null(strstr(got->out, "epochs"));
    got = run(f, command_trials, OUTPUT_JSON, "solo");
    assert_contains(got->out,
                    "{\"trial\":4,\"configuration\":4,\"repetition\":0,\"state\":\"failed\","
                    "\"value\":null,");
    assert_contains(got->out,
                    "\"parameters\":{\"x\":0.125},\"reason\":\"exit status 1: no such file\"");
}

static void a_truth_value_is_no_number_in_a_table(void **state)
{
    struct fixture *f = *state;
    run_sql(f, "UPDATE trial SET parameters = '{\"x\":true}' WHERE parameters = '{\"x\":0.25}';"
               "UPDATE trial SET parameters = '{\"x\":false}' WHERE parameters = '{\"x\":0.75}'");
    const struct captured *got = run(f, command_best, OUTPUT_TABLE, "-n2", "solo");
    assert_contains(got->out, "x=true\n");
    assert_contains(got->out, "x=false\n");
    got = run(f, command_trials, OUTPUT_TABLE, "solo");
    assert_contains(got->out, "x=true ");
}

static void best_takes_a_study_or_a_whole_search(void **state)
{
    struct fixture *f = *state;
    const struct captured *got = run(f, command_best, OUTPUT_CSV, "task-b", "-n", "1");
    assert_int_equal(got->status, EXIT_OK);
    assert_string_equal(got->out,
                        "study,rank,trial,configuration,metric,value,runs,state,parameters\r\n"
                        "task-b/ldt,1,4,2,test_kl,0.6,2,done,\"{\"\"task\"\":\"\"task-b\"\","
                        "\"\"student_lr\"\":0.00234567891,\"\"epochs\"\":16}\"\r\n");
    got = run(f, command_best, OUTPUT_TABLE, "-n2", "solo");
    assert_string_equal(got->out, "study rank trial metric value runs state parameters\n"
                                  "solo     1     1 score   0.75    1 done  x=0.25\n"
                                  "solo     1     2 score   0.75    1 done  x=0.75\n");
}

static void where_nothing_has_a_value_best_says_so(void **state)
{
    struct fixture *f = *state;
    const struct captured *got = run(f, command_best, OUTPUT_JSON, "task-b/no-teacher");
    assert_int_equal(got->status, EXIT_OK);
    assert_string_equal(got->out, "[]\n");
    assert_contains(got->err, "no trial of `task-b/no-teacher` has a value yet");
    assert_string_equal(run(f, command_best, OUTPUT_JSON, "task-b")->err, "");
}

static void the_format_may_stand_after_the_verb(void **state)
{
    struct fixture *f = *state;
    const struct captured *got = run(f, command_best, OUTPUT_TABLE, "solo", "-o", "csv", "-n", "1");
    assert_contains(got->out, "solo,1,1,1,score,0.75,1,done,");
    struct context empty = { .format = OUTPUT_TABLE };
    const char *const words[] = { "--db", f->path, "solo", NULL };
    got = run_command(command_best, &empty, words);
    assert_int_equal(got->status, EXIT_OK);
}

static void a_curve_has_a_row_for_each_step(void **state)
{
    struct fixture *f = *state;
    const struct captured *got = run(f, command_curve, OUTPUT_CSV, "task-b/ldt", "0", "1");
    assert_int_equal(got->status, EXIT_OK);
    assert_string_equal(got->out,
                        "trial,step,epoch,test_kl,test_loss\r\n0,240,0.5,1.5,\r\n0,480,,1,\r\n"
                        "1,240,0.5,4,\r\n1,480,1,3,\r\n");
    got = run(f, command_curve, OUTPUT_CSV, "task-b/ldt", "0", "--metric", "test_loss");
    assert_string_equal(got->out, "trial,step,epoch,test_loss\r\n0,240,0.5,\r\n0,480,,\r\n");
    got = run(f, command_curve, OUTPUT_CSV, "task-b/ldt", "0", "--metric", "test_los");
    assert_int_equal(got->status, EXIT_NOT_FOUND);
    assert_contains(got->err, "did you mean `test_loss`?");
}

static void a_metric_reported_twice_at_a_step_keeps_both(void **state)
{
    struct fixture *f = *state;
    struct point twice[] = { { 1, 1, "score", 5 }, { 1, 1, "score", 6 } };
    assert_int_equal(save(f, points_action((struct attempt_ref){ 3, 1, 1 }, 0, twice, 2)),
                     STORE_OK);
    assert_string_equal(run(f, command_curve, OUTPUT_CSV, "solo", "1")->out,
                        "trial,step,epoch,score\r\n1,1,1,5\r\n1,1,1,6\r\n");
}

static void logs_say_why_a_trial_failed(void **state)
{
    struct fixture *f = *state;
    const struct captured *got = run(f, command_logs, OUTPUT_TABLE, "solo", "4");
    assert_int_equal(got->status, EXIT_OK);
    assert_string_equal(got->out, "attempt 2, failed, on w2, 1.5 s: exit status 1: no such file\n"
                                  "opening data\nTraceback: \033[31mno such file\n");
    got = run(f, command_logs, OUTPUT_TABLE, "--all", "task-b/ldt", "0");
    assert_contains(got->out, "attempt 1, lost, on w1, 0.5 s: its worker fell silent\n");
    assert_contains(got->out, "\nattempt 2, done, on w2, 1.5 s\n");
    assert_contains(run(f, command_logs, OUTPUT_JSON, "solo", "4")->out,
                    "\"log\":\"opening data\\nTrace");
    got = run(f, command_logs, OUTPUT_TABLE, "solo", "6");
    assert_int_equal(got->status, EXIT_NOT_FOUND);
    assert_contains(got->err, "trial 6 of solo has not been started yet");
    got = run(f, command_logs, OUTPUT_TABLE, "solo", "4", "--attempt", "9");
    assert_int_equal(got->status, EXIT_NOT_FOUND);
    assert_contains(got->err, "no attempt 9");
}

/* What a command says on a terminal, of which nobody reads anything before its end. */
static void run_on_terminal(struct fixture *f, char *said, size_t bytes)
{
    char verb[] = "verb", study[] = "solo", trial[] = "4";
    int terminal = posix_openpt(O_RDWR | O_NOCTTY), status;
    assert_true(terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
    int slave = open(ptsname(terminal), O_RDWR | O_NOCTTY);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        const struct context context = context_of(f, OUTPUT_TABLE);
        dup2(slave, STDOUT_FILENO);
        exit(command_logs(&context, 3, (char *[]){ verb, study, trial, NULL }));
    }
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    ssize_t length = read(terminal, said, bytes - 1);
    said[length > 0 ? length : 0] = '\0';
    close(slave);
    close(terminal);
}

static void on_a_terminal_the_controls_of_a_log_are_shown(void **state)
{
    struct fixture *f = *state;
    char said[4096];
    run_sql(f, "UPDATE attempt SET log = 'a' || char(9) || 'b' || char(27) || '[2J' || char(155)"
               " || '2J ' || char(233)");
    run_on_terminal(f, said, sizeof said);
    assert_contains(said, "a\tb\\x1b[2J\\xc2\\x9b2J \xc3\xa9\r\n");
}

static void a_query_answers_in_every_format(void **state)
{
    struct fixture *f = *state;
    const char *sql = "SELECT trial, value, parameters FROM v_trial WHERE study = 'solo' AND trial "
                      "IN (0, 5) -- x";
    assert_string_equal(run(f, command_query, OUTPUT_TABLE, sql)->out,
                        "trial value parameters\n    0   0.5 x=0.5\n    5     - x=0.1\n");
    assert_string_equal(run(f, command_query, OUTPUT_JSON, sql)->out,
                        "[\n{\"trial\":0,\"value\":0.5,\"parameters\":{\"x\":0.5}},\n"
                        "{\"trial\":5,\"value\":null,\"parameters\":{\"x\":0.1}}\n]\n");
    assert_string_equal(run(f, command_query, OUTPUT_CSV, "SELECT 1, NULL, 'a,b', 1e999;")->out,
                        "1,NULL,\"'a,b'\",1e999\r\n1,,\"a,b\",\r\n");
    assert_int_equal(run(f, command_query, OUTPUT_CSV, "PRAGMA table_info(v_best)")->status,
                     EXIT_OK);
    assert_int_equal(run(f, command_query, OUTPUT_CSV,
                         "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT "
                         "i + 1 FROM n LIMIT 3) SELECT * FROM n")
                         ->status,
                     EXIT_OK);
}

static void a_query_can_only_read_this_database(void **state)
{
    static const char *const refused[] = {
        "DELETE FROM trial",
        "DROP TABLE trial",
        "UPDATE trial SET seed = 1",
        "CREATE TABLE t (x)",
        "CREATE TEMP TABLE t (x)",
        "ATTACH '/etc/passwd' AS p",
        "PRAGMA query_only = OFF",
        "PRAGMA journal_mode = delete",
        "VACUUM INTO '/tmp/stolen.db'",
        "BEGIN",
        "REINDEX",
        "ANALYZE",
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        const struct captured *got = run(f, command_query, OUTPUT_CSV, refused[i]);
        if (got->status != EXIT_FAILED || strstr(got->err, "can only read") == NULL ||
            got->out[0] != '\0')
            fail_msg("%s: %d %s", refused[i], got->status, got->err);
    }
    assert_string_equal(answer(f, "SELECT count(*) FROM trial"), "15");
}

static void a_wrong_query_says_what_is_wrong(void **state)
{
    struct fixture *f = *state;
    const struct captured *got = run(f, command_query, OUTPUT_TABLE, "SELECT valu FROM v_trial");
    assert_int_equal(got->status, EXIT_FAILED);
    assert_contains(got->err, "no such column: valu");
    assert_contains(run(f, command_query, OUTPUT_TABLE, "SELECT 1; DROP TABLE trial")->err,
                    "one statement at a time, please; the second begins at: DROP TABLE trial");
    assert_contains(run(f, command_query, OUTPUT_TABLE, " -- nothing")->err, "the query is empty");
    got = run(f, command_query, OUTPUT_JSON, "SELECT json_extract('{', '$')");
    assert_int_equal(got->status, EXIT_FAILED);
    assert_contains(got->err, "malformed JSON");
}

static void an_export_has_a_column_for_each_parameter(void **state)
{
    struct fixture *f = *state;
    const struct captured *got = run(f, command_export, OUTPUT_TABLE, "task-b");
    assert_int_equal(got->status, EXIT_OK);
    assert_contains(got->out,
                    "search,study,trial,configuration,repetition,state,value,seed,seconds,attempts,"
                    "worker,created,finished,reason,params_task,params_student_lr,"
                    "params_batch.size,params_epochs\r\n");
    assert_contains(got->out, "task-b,task-b/ldt,4,2,0,done,0.5,5,1.5,1,w1,2023-11-14T22:13:21Z,"
                              "2023-11-14T23:13:21Z,,task-b,0.00234567891,,16\r\n");
    got = run_command(command_export, (struct context[]){ context_of(f, OUTPUT_JSON) },
                      (const char *const[]){ NULL });
    assert_contains(got->out, "\"study\":\"solo\",\"trial\":8,");
    assert_contains(got->out,
                    "\"params_student_lr\":null,\"params_batch.size\":null,\"params_epochs\":null,"
                    "\"params_x\":0.4}");
}

static void what_is_not_there_is_named_with_the_nearest(void **state)
{
    static const struct {
        const char *study, *trial, *says;
        int status;
    } cases[] = {
        { "task-b/ldd", "0", "there is no study `task-b/ldd`; did you mean `task-b/ldt`?",
          EXIT_NOT_FOUND },
        { "zzzzzz", "0", "there are solo, task-b, task-b/ldt, task-b/no-teacher", EXIT_NOT_FOUND },
        { "task-b", "0",
          "`task-b` is a search with 2 studies, name one: task-b/ldt, task-b/no-teacher",
          EXIT_NOT_FOUND },
        { "' OR 1 --", "0", "there is no study `' OR 1 --`", EXIT_NOT_FOUND },
        { "solo", "9", "solo has no trial 9: they go from 0 to 8", EXIT_NOT_FOUND },
        { "task-b/no-teacher", "0", "task-b/no-teacher has no trials yet", EXIT_NOT_FOUND },
        { "solo", "first", "`first` is no trial", EXIT_USAGE },
        { "solo", "-1", "invalid option", EXIT_USAGE },
        { "solo", "99999999999999999999", "is no trial", EXIT_USAGE },
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct captured *got =
            run(f, command_logs, OUTPUT_TABLE, cases[i].study, cases[i].trial);
        assert_string_equal(got->out, "");
        assert_contains(got->err, cases[i].says);
        assert_int_equal(got->status, cases[i].status);
    }
    assert_int_equal(run(f, command_trials, OUTPUT_JSON, "nowhere")->status, EXIT_NOT_FOUND);
    assert_int_equal(run(f, command_best, OUTPUT_JSON, "nowhere")->status, EXIT_NOT_FOUND);
    assert_int_equal(run(f, command_export, OUTPUT_JSON, "nowhere")->status, EXIT_NOT_FOUND);
}

static void a_missing_database_is_status_three(void **state)
{
    struct fixture *f = *state;
    struct context context = { .database = "/nowhere/runs.db" };
    const char *const words[] = { "solo", NULL };
    const struct captured *got = run_command(command_best, &context, words);
    assert_int_equal(got->status, EXIT_NOT_FOUND);
    assert_contains(got->err, "there is no database /nowhere/runs.db");
    context.database = f->directory;
    got = run_command(command_best, &context, words);
    assert_int_equal(got->status, EXIT_FAILED);
    assert_contains(got->err, "is a directory");
}

/* Somebody who works on another machine has a coordinator's address, or its connect file. */
static void whoever_is_far_from_the_database_is_told_so(void **state)
{
    struct fixture *f = *state;
    char path[sizeof f->path + 16];
    struct error error;
    struct connect_info info = { "tcp://far:1", "tcp://far:1", .db = "/far/x.db" };
    struct context context = { .coordinator = "tcp://far:1" };
    const char *const words[] = { "solo", NULL };
    const struct captured *got = run_command(command_best, &context, words);
    assert_int_equal(got->status, EXIT_NOT_FOUND);
    assert_contains(got->err, "none is named (--coordinator)");
    assert_contains(got->err, "on another machine a copy will do");
    snprintf(path, sizeof path, "%s.json", f->path);
    assert_true(connect_write(path, &info, &error));
    context = (struct context){ .connect_file = path };
    got = run_command(command_best, &context, words);
    unlink(path);
    assert_int_equal(got->status, EXIT_NOT_FOUND);
    assert_contains(got->err, "there is no database /far/x.db here");
    assert_contains(got->err, path);
}

static void wrong_usage_is_status_two_and_help_is_none(void **state)
{
    struct fixture *f = *state;
    const struct captured *got = run(f, command_trials, OUTPUT_TABLE, "a", "b");
    assert_int_equal(got->status, EXIT_USAGE);
    assert_contains(got->err, "the usage is `ldt trials STUDY`");
    got = run(f, command_curve, OUTPUT_TABLE, "solo");
    assert_int_equal(got->status, EXIT_USAGE);
    assert_contains(got->err, "words are missing");
    got = run(f, command_best, OUTPUT_TABLE, "solo", "-n", "0");
    assert_int_equal(got->status, EXIT_USAGE);
    assert_contains(got->err, "-n takes a whole number from 1 on, not '0'");
    got = run(f, command_best, OUTPUT_TABLE, "solo", "-o", "xml");
    assert_int_equal(got->status, EXIT_USAGE);
    assert_contains(got->err, "table, json or csv");
    got = run(f, command_best, OUTPUT_TABLE, "--help");
    assert_int_equal(got->status, EXIT_OK);
    assert_contains(got->out, "Usage: ldt best [OPTION...] STUDY|SEARCH");
}

/* What a flipped bit or somebody's hand left is for the doctor; nobody else may fall over it. */
static void rows_that_make_no_sense_end_no_reader(void **state)
{
    struct fixture *f = *state;
    run_sql(f, "PRAGMA ignore_check_constraints = 1; UPDATE trial SET parameters = '5'");
    assert_int_equal(run(f, command_export, OUTPUT_CSV, "solo")->status, EXIT_OK);
    run_sql(f, "UPDATE search SET definition = 'null'");
    assert_int_equal(run(f, command_compare, OUTPUT_TABLE, "solo:1", "solo:2")->status, EXIT_OK);
    run_sql(f, "PRAGMA ignore_check_constraints = 1; UPDATE trial SET state = 19");
    const struct captured *got =
        run(f, command_export_model, OUTPUT_TABLE, "solo", "1", "-o", "none.npz");
    assert_int_equal(got->status, EXIT_FAILED);
    assert_contains(got->err, "trial 1 of solo is damaged");
}

/* Half a curve, or half of the runs, would look like all there is. */
static void what_cannot_be_read_is_no_short_answer(void **state)
{
    struct fixture *f = *state;
    ruin_table(f, "point");
    const struct captured *got = run(f, command_curve, OUTPUT_CSV, "task-b/ldt", "0");
    assert_int_equal(got->status, EXIT_FAILED);
    assert_contains(got->err, "the query failed: database disk image is malformed");
    ruin_table(f, "trial");
    static int (*const readers[])(const struct context *, int, char **) = {
        command_trials, command_best, command_export
    };
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
        got = run(f, readers[i], OUTPUT_CSV, "solo");
        assert_int_equal(got->status, EXIT_FAILED);
        assert_contains(got->err, "the query failed: ");
    }
    got = run(f, command_logs, OUTPUT_CSV, "solo", "1");
    assert_int_equal(got->status, EXIT_FAILED);
    assert_contains(got->err, "the query failed: ");
    got = run(f, command_compare, OUTPUT_CSV, "solo", "solo");
    assert_int_equal(got->status, EXIT_FAILED);
    assert_contains(got->err, "the query failed: ");
    ruin_table(f, "study");
    got = run(f, command_trials, OUTPUT_CSV, "solo");
    assert_int_equal(got->status, EXIT_FAILED);
    assert_contains(got->err, "the query failed: ");
}

int main(void)
{
#define WITH_EXAMPLE(test) cmocka_unit_test_setup_teardown(test, make_example, remove_all)
    const struct CMUnitTest tests[] = {
        WITH_EXAMPLE(trials_show_the_parameters_that_vary),
        WITH_EXAMPLE(a_truth_value_is_no_number_in_a_table),
        WITH_EXAMPLE(best_takes_a_study_or_a_whole_search),
        WITH_EXAMPLE(where_nothing_has_a_value_best_says_so),
        WITH_EXAMPLE(the_format_may_stand_after_the_verb),
        WITH_EXAMPLE(a_curve_has_a_row_for_each_step),
        WITH_EXAMPLE(a_metric_reported_twice_at_a_step_keeps_both),
        WITH_EXAMPLE(logs_say_why_a_trial_failed),
        WITH_EXAMPLE(on_a_terminal_the_controls_of_a_log_are_shown),
        WITH_EXAMPLE(a_query_answers_in_every_format),
        WITH_EXAMPLE(a_query_can_only_read_this_database),
        WITH_EXAMPLE(a_wrong_query_says_what_is_wrong),
        WITH_EXAMPLE(an_export_has_a_column_for_each_parameter),
        WITH_EXAMPLE(rows_that_make_no_sense_end_no_reader),
        WITH_EXAMPLE(what_cannot_be_read_is_no_short_answer),
        WITH_EXAMPLE(what_is_not_there_is_named_with_the_nearest),
        WITH_EXAMPLE(a_missing_database_is_status_three),
        WITH_EXAMPLE(whoever_is_far_from_the_database_is_told_so),
        WITH_EXAMPLE(wrong_usage_is_status_two_and_help_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
