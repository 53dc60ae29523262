/* ldt export-model - a trained model of a trial that is over. What a trial learned is not kept, nor
 * need it be: it is trained again by the `ldt-worker` beside this program, and its curve must come
 * out as it is recorded, number for number. Only then does the file get its name. */
#include "common/buf.h"
#include "common/json.h"
#include "common/xalloc.h"
#include "coordinator/cli/database.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { SECONDS_BETWEEN_LINES = 60, INPUT_LIMIT = 1 << 20 };

struct job {
    char *study;
    int64_t id, trial;
    const char *path; /* of the model, as the user wants it */
    char *unchecked;  /* where it is until its curve is found right */
    bool with_teacher;
    char *worker;            /* path of ldt-worker */
    struct buf input;        /* the trial as its child process gets it */
    sqlite3_stmt *recorded;  /* the curve, point by point */
    int64_t points, checked; /* of the recorded curve */
    time_t last_line;        /* of progress */
};

/* ---- the trial, as it is recorded ------------------------------------------------------------ */

static bool is_exportable(const struct job *job, sqlite3_stmt *row)
{
    const char *state = (const char *)sqlite3_column_text(row, 0);
    if (sqlite3_column_type(row, 3) != SQLITE_NULL) {
        complain("%s runs a command; only trials of the built-in trainer have a model that can be "
                 "exported",
                 job->study);
        return false;
    }
    if (strcmp(state, "done") == 0)
        return true;
    complain("trial %lld of %s is %s; only a trial that is done has a model", (long long)job->trial,
             job->study, state);
    return false;
}

static void write_input(struct job *job, sqlite3_stmt *row)
{
    json_t *parameters = json_loads((const char *)sqlite3_column_text(row, 2), 0, NULL);
    json_t *trial =
        json_pack("{s:s, s:I, s:I, s:o}", "study", job->study, "trial", (json_int_t)job->trial,
                  "seed", (json_int_t)sqlite3_column_int64(row, 1), "parameters", parameters);
    buf_init(&job->input, INPUT_LIMIT);
    json_write(&job->input, trial);
    json_decref(trial);
}

static int read_trial(sqlite3 *db, struct job *job)
{
    static const char sql[] =
        "SELECT coalesce(state, 'damaged'), seed, parameters,"
        " (SELECT json_extract(search.definition, '$.command') FROM search WHERE name = v.search),"
        " (SELECT count(*) FROM v_curve WHERE study = :study AND trial = :number)"
        " FROM v_trial AS v WHERE study = :study AND trial = :number";
    sqlite3_stmt *row = database_query(db, sql, job->study, job->trial, 0);
    if (row == NULL || sqlite3_step(row) != SQLITE_ROW) {
        if (row != NULL)
            complain("the query failed: %s", sqlite3_errmsg(db));
        sqlite3_finalize(row);
        return EXIT_FAILED;
    }
    bool exportable = is_exportable(job, row);
    if (exportable) {
        write_input(job, row);
        job->points = sqlite3_column_int64(row, 4);
    }
    sqlite3_finalize(row);
    if (!exportable)
        return EXIT_FAILED;
    job->recorded = database_query(db,
                                   "SELECT step, epoch, metric, value FROM v_curve WHERE study = "
                                   ":study AND trial = :number ORDER BY idx",
                                   job->study, job->trial, 0);
    return job->recorded != NULL ? EXIT_OK : EXIT_FAILED;
}

/* ---- what the run says, beside it ------------------------------------------------------------ */

/* NaN and infinities are NULL in the curve and texts in a line. */
static bool same_number(const json_t *said, sqlite3_stmt *recorded, int column)
{
    if (sqlite3_column_type(recorded, column) == SQLITE_NULL)
        return !json_is_number(said);
    return json_is_number(said) &&
           json_number_value(said) == sqlite3_column_double(recorded, column);
}

static bool refuse_point(const struct job *job, int64_t step, const char *metric)
{
    complain("trial %lld of %s does not come out as recorded: %s at step %lld differs, so this "
             "would be another model. Other CPU types and releases compute other bits: `ldt query "
             "\"SELECT info FROM v_attempt WHERE study = '%s' AND trial = %lld\"` says which were "
             "used",
             (long long)job->trial, job->study, metric, (long long)step, job->study,
             (long long)job->trial);
    return false;
}

static bool check_point(struct job *job, const json_t *line, const char *metric,
                        const json_t *value)
{
    int64_t step = json_integer_value(json_object_get(line, "step"));
    bool same = sqlite3_step(job->recorded) == SQLITE_ROW &&
                sqlite3_column_int64(job->recorded, 0) == step &&
                same_number(json_object_get(line, "epoch"), job->recorded, 1) &&
                strcmp((const char *)sqlite3_column_text(job->recorded, 2), metric) == 0 &&
                same_number(value, job->recorded, 3);
    job->checked++;
    return same || refuse_point(job, step, metric);
}

static void show_progress(struct job *job)
{
    bool is_terminal = isatty(STDERR_FILENO);
    time_t now = time(NULL);
    if (is_terminal)
        fprintf(stderr, "\rtraining again: %lld of %lld points ", (long long)job->checked,
                (long long)job->points);
    else if (now - job->last_line >= SECONDS_BETWEEN_LINES)
        complain("training again: %lld of %lld points", (long long)job->checked,
                 (long long)job->points);
    if (is_terminal || now - job->last_line >= SECONDS_BETWEEN_LINES)
        job->last_line = now;
}

/* One line of the run; what is no line of metrics says nothing about the curve. */
static bool check_line(struct job *job, const char *text, size_t length)
{
    struct error error;
    json_t *line = json_parse_lenient(text, length, &error), *value;
    const char *metric;
    bool same = true;
    json_object_foreach(json_object_get(line, "metrics"), metric, value)
        same = same && check_point(job, line, metric, value);
    json_decref(line);
    show_progress(job);
    return same;
}

static bool check_curve(struct job *job, FILE *output)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    bool same = true;
    job->last_line = time(NULL);
    while (same && (length = getline(&line, &capacity, output)) > 0)
        same = check_line(job, line, (size_t)length);
    free(line);
    if (isatty(STDERR_FILENO))
        fputc('\n', stderr);
    return same;
}

/* ---- the run ------------------------------------------------------------------------------- */

static bool find_worker(struct job *job)
{
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    self[length > 0 ? length : 0] = '\0';
    job->worker = xasprintf("%s/ldt-worker", dirname(self));
    if (access(job->worker, X_OK) == 0)
        return true;
    complain("%s: %s; install ldt-worker beside ldt, it trains the model", job->worker,
             strerror(errno));
    return false;
}

/* The child and the two pipes to it; false after having complained. */
static bool start_worker(struct job *job, pid_t *child, int *input, int *output)
{
    char verb[] = "trial", save[] = "--save-model", teacher[] = "--with-teacher";
    char *const words[] = {
        job->worker, verb, save, job->unchecked, job->with_teacher ? teacher : NULL, NULL
    };
    int in[2], out[2];
    posix_spawn_file_actions_t actions;
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) {
        complain("cannot make a pipe: %s", strerror(errno));
        return false;
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    int fault = posix_spawn(child, job->worker, &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    *input = in[1];
    *output = out[0];
    if (fault != 0)
        complain("cannot start %s: %s", job->worker, strerror(fault));
    return fault == 0;
}

/* The worker reads all of it before it says anything, and says itself if it got too little. */
static void send_input(const struct job *job, int input)
{
    size_t sent = 0;
    while (sent < job->input.length) {
        ssize_t count = write(input, job->input.bytes + sent, job->input.length - sent);
        if (count < 0 && errno != EINTR)
            break;
        sent += count > 0 ? (size_t)count : 0;
    }
    close(input);
}

static int wait_for(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

static bool train_again(struct job *job)
{
    pid_t child;
    int input, output;
    if (!start_worker(job, &child, &input, &output))
        return false;
    send_input(job, input);
    FILE *lines = fdopen(output, "r");
    bool same = check_curve(job, lines);
    if (!same)
        kill(child, SIGTERM);
    fclose(lines);
    int status = wait_for(child);
    if (!same)
        return false;
    if (status != 0) {
        complain("training trial %lld of %s again failed", (long long)job->trial, job->study);
        return false;
    }
    if (job->checked == job->points)
        return true;
    complain("trial %lld of %s does not come out as recorded: it has %lld points, and %lld are "
             "recorded",
             (long long)job->trial, job->study, (long long)job->checked, (long long)job->points);
    return false;
}

/* ---- the command ---------------------------------------------------------------------------- */

static int name_file(const struct job *job)
{
    if (rename(job->unchecked, job->path) == 0) {
        complain("%s: the student%s of trial %lld of %s; its %lld points came out as recorded",
                 job->path, job->with_teacher ? " and the teacher" : "", (long long)job->trial,
                 job->study, (long long)job->points);
        return EXIT_OK;
    }
    complain("cannot write %s: %s", job->path, strerror(errno));
    return EXIT_FAILED;
}

/* A worker that was ended while it wrote leaves what it had. */
static void remove_leftovers(const struct job *job)
{
    char *part = xasprintf("%s.part", job->unchecked);
    unlink(job->unchecked);
    unlink(part);
    free(part);
}

/* It would be taken away: the model is renamed to where it shall be. */
static bool is_device(const char *path)
{
    struct stat status;
    bool other = stat(path, &status) == 0 && !S_ISREG(status.st_mode);
    if (other)
        complain("%s is no regular file: give another path for the model", path);
    return other;
}

static int export_trial(sqlite3 *db, struct job *job)
{
    int status = is_device(job->path) ? EXIT_FAILED : read_trial(db, job);
    if (status != EXIT_OK)
        return status;
    signal(SIGPIPE, SIG_IGN); /* of a worker that ends before it has read */
    job->unchecked = xasprintf("%s.unchecked", job->path);
    status = find_worker(job) && train_again(job) ? name_file(job) : EXIT_FAILED;
    if (status != EXIT_OK)
        remove_leftovers(job);
    return status;
}

static int export_model(sqlite3 *db, const struct arguments *arguments)
{
    struct job job = { .path = arguments->directory, .with_teacher = arguments->teacher };
    if (job.path == NULL) {
        complain("where to? Add -o FILE.npz");
        return EXIT_USAGE;
    }
    int status = study_find(db, arguments->words[0], &job.study, &job.id);
    if (status == EXIT_OK)
        status = trial_find(db, job.study, job.id, arguments->words[1], &job.trial);
    if (status == EXIT_OK)
        status = export_trial(db, &job);
    sqlite3_finalize(job.recorded);
    buf_free(&job.input);
    free(job.unchecked);
    free(job.worker);
    free(job.study);
    return status;
}

int command_export_model(const struct context *context, int argc, char **argv)
{
    static const struct argp_option options[] = {
        { "output", ARGUMENT_DIRECTORY, "FILE", 0, "Where the model goes, an .npz archive", 0 },
        { "teacher", ARGUMENT_TEACHER, NULL, 0, "Write the teacher, too, where there is one", 0 },
        { 0 },
    };
    static const struct verb verb = {
        .name = "ldt export-model",
        .words = "STUDY TRIAL",
        .help =
            "Trains a trial again and writes its student as NumPy arrays.\vThe run must give "
            "the recorded curve, number for number, else nothing is written: so it has to be on "
            "the same type of CPU. `ldt-worker predict FILE X.npy` applies the model; its "
            "arrays are those of numpy.load(FILE).",
        .options = options,
        .minimum = 2,
        .maximum = 2,
    };
    return database_verb(&verb, context, argc, argv, export_model);
}
