/* Runs that are interrupted, killed, and given files that are none: whatever happens, the curve
 * that comes out in the end is that of a run that nobody disturbed. */
#include "worker/trial/checkpoint_file.h"
#include "common/buf.h"
#include "common/trainer/metric.h"
#include "tests/unit/worker/task/npy_files.h"
#include "tests/unit/worker/trial/settings.h"
#include "worker/task/npz.h"
#include "worker/trial/trial.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <xxhash.h>

/* Small networks, odd sizes: a last batch is not full, an epoch ends within an iteration. */
#define SMALL_B  "\"task\":\"task-b\",\"student_hidden\":5,\"n_train\":120,\"n_test\":30"
#define B        SMALL_B ",\"epochs\":4"
#define TAUGHT_B B ",\"teacher_hidden\":4,\"n_inner\":3"
#define A                                                                                          \
    "\"task\":\"task-a\",\"student_hidden\":4,\"teacher_hidden\":4,\"n_inner\":3,\"n_test\":30,"   \
    "\"n_train\":90,\"input_dim\":9,\"epochs\":3"
#define LIFE                                                                                       \
    "\"task\":\"game-of-life\",\"n_filters\":2,\"n_train\":40,\"n_test\":20,\"batch_size\":8,"     \
    "\"epochs\":2"
#define TEACHER "\"teacher_conv\":2,\"teacher_c1\":4,\"teacher_c2\":4,\"teacher_c3\":8"
#define MUJOCO                                                                                     \
    "\"task\":\"mujoco\",\"student_hidden\":6,\"student_layers\":2,\"n_train\":48,\"n_test\":20,"  \
    "\"batch_size\":8,\"epochs\":2,\"student_steps\":3"
#define UNROLL TEACHER ",\"n_inner\":4,\"student_steps\":4"
#define ROWS                                                                                       \
    "\"task\":\"arrays\",\"data\":\"rows\",\"student_hidden\":5,\"epochs\":2,\"batch_size\":8"
#define TRAJECTORIES                                                                               \
    "\"task\":\"arrays\",\"data\":\"trajectories\",\"student_hidden\":5,\"epochs\":2,"             \
    "\"batch_size\":8"

enum { IN_THE_MIDDLE = 60 }; /* a question of this one, in an iteration that is not the first */
static const char small[] = "{" TAUGHT_B "}";
static const char *const texts[] = {
    small,
    "{" TAUGHT_B ",\"inner_batches\":\"shuffle\",\"meta_optimizer\":\"sgd\",\"meta_clip\":1e-4}",
    "{" TAUGHT_B
    ",\"student_optimizer\":\"sgd\",\"inner_optimizer\":\"adam\",\"student_layers\":3}",
    "{" TAUGHT_B ",\"resample_split\":\"no\",\"selection_split\":0.2,\"meta_momentum\":0.5}",
    "{" TAUGHT_B ",\"student_steps\":\"auto\",\"weight_decay\":1e-2}",
    "{" B ",\"method\":\"no-teacher\",\"entropy_coef\":0.1}",
    "{" B ",\"method\":\"fixed-teacher\",\"teacher_hidden\":4}",
    "{" A "}",
    "{" A ",\"n_inner\":5,\"student_steps\":2,\"selection_split\":0.1}",
    "{" LIFE ",\"n_inner\":3}",
    "{" LIFE ",\"n_inner\":2,\"student_steps\":3,\"memory_limit\":1}",
    "{" LIFE ",\"method\":\"no-teacher\"}",
    "{" LIFE ",\"method\":\"fixed-teacher\"}",
    "{" LIFE ",\"method\":\"oracle-teacher\",\"evaluations_per_epoch\":2}",
    "{" MUJOCO "," UNROLL "}",
    "{" MUJOCO "," UNROLL ",\"teacher_batch_norm\":\"all\",\"ablation\":\"permuted\"}",
    "{" MUJOCO "," UNROLL ",\"ablation\":\"random-16\",\"inner_optimizer\":\"adam\"}",
    "{" MUJOCO "," UNROLL ",\"resample_split\":true,\"student_weight_norm\":\"no\"}",
    "{" MUJOCO ",\"method\":\"no-teacher\",\"selection_split\":0.2}",
    "{" MUJOCO ",\"method\":\"auxiliary\"}",
    "{" MUJOCO "," TEACHER ",\"method\":\"fixed-teacher\"}",
    "{" MUJOCO "," TEACHER ",\"method\":\"fixed-teacher\",\"student_steps\":70,\"epochs\":24}",
    "{" MUJOCO ",\"method\":\"model-based\"}",
    "{" MUJOCO ",\"method\":\"model-based\",\"model_training\":\"stacked\"}",
    "{" MUJOCO ",\"method\":\"no-teacher\",\"student_steps\":100,\"epochs\":30}",
    "{" ROWS ",\"teacher_hidden\":4,\"n_inner\":3}",
    "{" ROWS ",\"method\":\"auxiliary\"}",
    "{" TRAJECTORIES "," TEACHER ",\"n_inner\":3}",
    "{" TRAJECTORIES ",\"method\":\"no-teacher\"}",
};
enum { TEXTS = sizeof texts / sizeof *texts };
enum { NEVER = INT_MAX };

/* ---- a run and what it says ----------------------------------------------------------------- */

static struct directory place; /* of the checkpoint */

struct run {
    struct buf curve; /* as text, every number exact */
    char resumption[256], complaint[1024], reason[1024];
    int complaints;
    int questions;              /* how often it was asked whether the run is preempted */
    int preempt_at;             /* from that question on it is */
    int kill_at;                /* there the process kills itself */
    int save_every, iterations; /* is_due: after so many */
    int lines, refuse_at;       /* the line that cannot be written */
    bool breaks_directory;      /* takes the directory away in the middle */
    enum trial_end end;
};

static bool keep_line(void *context, int64_t step, double epoch, const char *const *names,
                      const double *values, int count)
{
    struct run *run = context;
    buf_printf(&run->curve, "%" PRId64 " %a", step, epoch);
    for (int i = 0; i < count; i++)
        buf_printf(&run->curve, " %s=%a", names[i], values[i]);
    buf_text(&run->curve, "\n");
    return ++run->lines != run->refuse_at;
}

static void keep_fact(void *context, const char *key, const char *text)
{
    struct run *run = context;
    if (strcmp(key, "checkpoint") == 0)
        snprintf(run->resumption, sizeof run->resumption, "%s", text);
    else
        snprintf(run->reason, sizeof run->reason, "%s", text);
}

static void keep_complaint(void *context, const char *sentence)
{
    struct run *run = context;
    snprintf(run->complaint, sizeof run->complaint, "%s", sentence);
    run->complaints++;
}

static bool is_due(void *context)
{
    struct run *run = context;
    if (run->breaks_directory && run->iterations == 1)
        directory_remove(&place);
    return ++run->iterations % run->save_every == 0;
}

static bool is_preempted(void *context)
{
    struct run *run = context;
    if (++run->questions == run->kill_at)
        raise(SIGKILL);
    return run->questions >= run->preempt_at;
}

static struct run patient(void)
{
    return (struct run){ .preempt_at = NEVER, .kill_at = NEVER, .save_every = NEVER };
}

struct trial {
    const char *text;
    int64_t seed;
    const char *version;
};

/* With a checkpoint, unless the directory is NULL. */
static void go(struct run *run, struct trial trial, const char *directory)
{
    struct settings settings = settings_of(trial.text);
    struct error error = { .text = "" };
    const struct identity_fact facts[] = { { "version", trial.version }, { "cpu", "C" } };
    const struct trial_checkpoint checkpoint = { directory, facts,        2,
                                                 is_due,    is_preempted, keep_complaint };
    const struct trial_sink sink = { .report = keep_line,
                                     .inform = keep_fact,
                                     .context = run,
                                     .checkpoint = directory ? &checkpoint : NULL };
    buf_init(&run->curve, (size_t)1 << 22);
    run->end = trial_run(&settings, trial.seed, &sink, &error);
    if (error.text[0] != '\0')
        snprintf(run->reason, sizeof run->reason, "%s", error.text);
    assert_false(run->curve.overflowed);
}

static struct trial trial_of(const char *text)
{
    return (struct trial){ text, 7, "1.0" };
}

static struct run undisturbed(const char *text)
{
    struct run run = patient();
    go(&run, trial_of(text), NULL);
    return run;
}

static int files_left(void)
{
    int count = 0;
    DIR *listing = opendir(place.path);
    for (struct dirent *entry; (entry = readdir(listing)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(listing);
    return count;
}

static struct run attempt_until(const char *text, int preempt_at)
{
    struct run run = patient();
    run.preempt_at = preempt_at;
    go(&run, trial_of(text), place.path);
    return run;
}

static void run_free(struct run *run)
{
    buf_free(&run->curve);
}

/* A whole attempt after others: it goes on from them if they saved something, ends as it would have
 * without them, and leaves nothing. */
static void expect_the_same_end(const char *text, const struct run *want, const char *where)
{
    bool is_saved = files_left() == 1;
    struct run last = attempt_until(text, NEVER);
    if (last.complaints > 0 || (last.resumption[0] != '\0') != is_saved)
        fail_msg("%s, %s: it did not go on: %s", text, where, last.complaint);
    if (strcmp(last.curve.bytes, want->curve.bytes) != 0 || last.end != want->end)
        fail_msg("%s, %s (%s): another curve:\n%sinstead of\n%s", text, where, last.resumption,
                 last.curve.bytes, want->curve.bytes);
    assert_int_equal(files_left(), 0);
    run_free(&last);
}

static void expect_a_beginning(const struct run *part, const struct run *whole)
{
    assert_memory_equal(part->curve.bytes, whole->curve.bytes, part->curve.length);
}

/* ---- interruptions -------------------------------------------------------------------------- */

static int count_questions(const char *text, const struct run *want)
{
    struct run counted = attempt_until(text, NEVER);
    assert_string_equal(counted.curve.bytes, want->curve.bytes);
    assert_string_equal(counted.resumption, "");
    assert_int_equal(counted.end, want->end);
    assert_int_equal(files_left(), 0);
    run_free(&counted);
    return counted.questions;
}

static void interrupt_once(const char *text, const struct run *want, int at)
{
    char where[64];
    struct run first = attempt_until(text, at);
    snprintf(where, sizeof where, "interrupted at question %d", at);
    assert_int_equal(first.end, TRIAL_STOPPED);
    assert_int_equal(first.questions, at);
    assert_int_equal(files_left(), 1);
    expect_a_beginning(&first, want);
    expect_the_same_end(text, want, where);
    run_free(&first);
}

static void a_run_that_was_interrupted_anywhere_goes_on_with_the_same_bits(void **state)
{
    for (int i = 0; i < TEXTS; i++) {
        struct run want = undisturbed(texts[i]);
        int questions = count_questions(texts[i], &want);
        if (want.end != TRIAL_COMPLETED || questions < 12)
            fail_msg("%s: ends by %d after %d questions", texts[i], (int)want.end, questions);
        for (int k = 0; k < 7; k++)
            interrupt_once(texts[i], &want, 1 + k * (questions - 1) / 6);
        run_free(&want);
    }
}

/* Every single question of one run: before and within a meta-step, between two student steps,
 * within an evaluation, between an iteration and its report. */
static void there_is_no_question_at_which_an_interruption_does_harm(void **state)
{
    static const char text[] = "{" A ",\"epochs\":2,\"n_inner\":4,\"student_steps\":3}";
    struct run want = undisturbed(text);
    int questions = count_questions(text, &want);
    for (int at = 1; at <= questions; at++)
        interrupt_once(text, &want, at);
    run_free(&want);
}

static void a_run_that_is_moved_ten_times_comes_to_the_same_end(void **state)
{
    for (int i = 0; i < TEXTS; i++) {
        struct run want = undisturbed(texts[i]), move;
        int moves = 0, patience = count_questions(texts[i], &want) / 12 + 1;
        for (bool is_over = false; !is_over; moves++) {
            move = attempt_until(texts[i], patience);
            is_over = move.end != TRIAL_STOPPED;
            expect_a_beginning(&move, &want);
            assert_int_equal(move.complaints, 0);
            if (is_over)
                assert_string_equal(move.curve.bytes, want.curve.bytes);
            patience += moves > 20; /* an unroll may need more than that to come to its end */
            run_free(&move);
        }
        if (moves <= 10)
            fail_msg("%s: moved %d times only", texts[i], moves - 1);
        run_free(&want);
    }
}

static void a_line_that_nobody_read_is_written_again(void **state)
{
    struct run want = undisturbed(small), stopped = patient();
    stopped.refuse_at = 3;
    go(&stopped, trial_of(small), place.path);
    assert_int_equal(stopped.end, TRIAL_STOPPED);
    run_free(&stopped);
    stopped = patient();
    stopped.refuse_at = 2; /* while it writes again */
    go(&stopped, trial_of(small), place.path);
    assert_int_equal(stopped.end, TRIAL_STOPPED);
    assert_string_equal(stopped.resumption, "goes on from iteration 2, epoch 2");
    expect_the_same_end(small, &want, "a line was not read");
    run_free(&stopped);
    run_free(&want);
}

/* ---- deaths --------------------------------------------------------------------------------- */

/* The first attempt, in a process of its own, which dies at a question. */
static void die_at(const char *text, int question, int save_every)
{
    int status;
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct run run = patient();
        run.kill_at = question;
        run.save_every = save_every;
        go(&run, trial_of(text), place.path);
        _exit(1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void a_run_that_was_killed_goes_on_from_what_it_saved_last(void **state)
{
    for (int i = 0; i < TEXTS; i += 3) {
        struct run want = undisturbed(texts[i]);
        int questions = count_questions(texts[i], &want);
        for (int save_every = 1; save_every <= 2; save_every++) {
            die_at(texts[i], questions * (save_every + 2) / 4, save_every);
            if (files_left() != 1)
                fail_msg("%s: %d files, saved every %d iterations", texts[i], files_left(),
                         save_every);
            expect_the_same_end(texts[i], &want, "killed");
        }
        run_free(&want);
    }
}

static void a_run_that_was_killed_before_it_saved_anything_begins_anew(void **state)
{
    struct run want = undisturbed(small);
    die_at(small, 10, NEVER);
    assert_int_equal(files_left(), 0);
    expect_the_same_end(small, &want, "killed early");
    run_free(&want);
}

static void a_run_that_diverges_does_so_again_and_leaves_nothing(void **state)
{
    static const char text[] = "{" A ",\"student_lr\":10,\"meta_lr\":1e37,\"epochs\":40}";
    struct run want = undisturbed(text), again;
    assert_int_equal(want.end, TRIAL_BECAME_NONFINITE);
    int questions = count_questions(text, &want);
    struct run first = attempt_until(text, questions);
    assert_int_equal(first.end, TRIAL_STOPPED);
    again = attempt_until(text, NEVER);
    assert_int_equal(again.end, TRIAL_BECAME_NONFINITE);
    assert_string_equal(again.curve.bytes, want.curve.bytes);
    assert_string_equal(again.reason, want.reason);
    assert_int_equal(files_left(), 0);
    run_free(&first);
    run_free(&again);
    run_free(&want);
}

/* SIGTERM comes between the last question and the line that says so. */
static void a_divergence_that_nobody_heard_of_is_told_by_whoever_goes_on(void **state)
{
    static const char text[] = "{" A ",\"student_lr\":10,\"meta_lr\":1e37,\"epochs\":40}";
    struct run want = undisturbed(text), early, deaf = patient();
    assert_int_equal(want.end, TRIAL_BECAME_NONFINITE);
    deaf.refuse_at = want.lines;
    go(&deaf, trial_of(text), place.path); /* has saved nothing before */
    assert_int_equal(deaf.end, TRIAL_STOPPED);
    assert_int_equal(files_left(), 0);
    run_free(&deaf);
    early = attempt_until(text, 4);
    assert_int_equal(files_left(), 1);
    deaf = patient();
    deaf.refuse_at = want.lines;
    go(&deaf, trial_of(text), place.path);
    assert_int_equal(deaf.end, TRIAL_STOPPED);
    assert_string_equal(deaf.curve.bytes, want.curve.bytes);
    expect_the_same_end(text, &want, "its divergence was not read");
    run_free(&early);
    run_free(&deaf);
    run_free(&want);
}

/* ---- files that are none -------------------------------------------------------------------- */

static unsigned char *read_checkpoint(size_t *count)
{
    FILE *file = fopen(path_in(&place, CHECKPOINT_FILE), "rb");
    struct stat status;
    assert_non_null(file);
    assert_int_equal(fstat(fileno(file), &status), 0);
    *count = (size_t)status.st_size;
    unsigned char *bytes = malloc(*count);
    assert_int_equal(fread(bytes, 1, *count, file), *count);
    fclose(file);
    return bytes;
}

/* Of the small trial, in the middle of an iteration. */
static unsigned char *make_checkpoint(size_t *count)
{
    struct run run = attempt_until(small, IN_THE_MIDDLE);
    assert_int_equal(run.end, TRIAL_STOPPED);
    run_free(&run);
    return read_checkpoint(count);
}

/* Begins anew, and says why. */
static void expect_refusal(const struct run *want, struct trial trial, const char *sentence)
{
    struct run run = patient();
    go(&run, trial, place.path);
    assert_non_null(strstr(run.complaint, "trial.checkpoint is not used, and the run begins anew"));
    if (strstr(run.complaint, sentence) == NULL)
        fail_msg("`%s` instead of `%s`", run.complaint, sentence);
    assert_string_equal(run.resumption, "");
    assert_int_equal(run.complaints, 1);
    assert_int_equal(run.end, want->end);
    assert_string_equal(run.curve.bytes, want->curve.bytes);
    run_free(&run);
}

static void a_damaged_file_is_not_used(void **state)
{
    struct run want = undisturbed(small);
    size_t count;
    unsigned char *bytes = make_checkpoint(&count);
    for (size_t at = 0; at < count; at += 1 + count / 97) {
        bytes[at] ^= (unsigned char)(1 << at % 8);
        write_bytes(path_in(&place, CHECKPOINT_FILE), bytes, count);
        expect_refusal(&want, trial_of(small), "it is damaged: its checksum does not fit");
        bytes[at] ^= (unsigned char)(1 << at % 8);
    }
    for (size_t length = 0; length < count; length += 1 + count / 31) {
        write_bytes(path_in(&place, CHECKPOINT_FILE), bytes, length);
        expect_refusal(&want, trial_of(small), "it is damaged: its checksum does not fit");
    }
    assert_int_equal(files_left(), 0);
    free(bytes);
    run_free(&want);
}

static void write_with_checksum(unsigned char *bytes, size_t count)
{
    XXH128_canonical_t sum;
    XXH128_canonicalFromHash(&sum, XXH3_128bits(bytes, count));
    unsigned char *whole = malloc(count + sizeof sum);
    memcpy(whole, bytes, count);
    memcpy(whole + count, &sum, sizeof sum);
    write_bytes(path_in(&place, CHECKPOINT_FILE), whole, count + sizeof sum);
    free(whole);
}

/* Somebody who knows the checksum can change numbers, but neither crash a run nor make it longer
 * than it is. */
static void a_forged_file_does_no_harm(void **state)
{
    struct run want = undisturbed(small);
    size_t count;
    unsigned char *bytes = make_checkpoint(&count);
    count -= sizeof(XXH128_canonical_t);
    for (size_t at = 0; at < count; at += at < 4000 ? 3 : 1 + count / 200) {
        unsigned char before = bytes[at];
        bytes[at] = at % 2 == 0 ? 0xff : (unsigned char)(before + 1);
        write_with_checksum(bytes, count);
        struct run run = attempt_until(small, NEVER);
        assert_true(run.end == TRIAL_COMPLETED || run.end == TRIAL_BECAME_NONFINITE);
        assert_true(run.lines <= want.lines + 1);
        assert_true((run.complaints > 0) == (run.resumption[0] == '\0'));
        if (run.complaints > 0)
            assert_string_equal(run.curve.bytes, want.curve.bytes);
        run_free(&run);
        bytes[at] = before;
    }
    for (size_t length = 0; length < count; length += 1 + count / 50) {
        write_with_checksum(bytes, length);
        expect_refusal(&want, trial_of(small), "");
    }
    bytes = realloc(bytes, count + 1);
    bytes[count] = 0;
    write_with_checksum(bytes, count + 1);
    expect_refusal(&want, trial_of(small), "it goes on after its last field");
    free(bytes);
    run_free(&want);
}

/* Counts that no run comes to: the next step would overflow one. */
static void counts_that_contradict_each_other_are_not_used(void **state)
{
    static const char *const names[] = { "student.steps", "teacher.steps", "iterations_done" };
    struct run want = undisturbed(small);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t count, length = strlen(names[i]);
        unsigned char *bytes = make_checkpoint(&count);
        unsigned char *field = memmem(bytes, count, names[i], length);
        assert_non_null(field);
        memset(field + length + sizeof(uint64_t), 0xff, 3); /* the lower bytes */
        field[length + sizeof(uint64_t) + 3] = 0x7f;
        write_with_checksum(bytes, count - sizeof(XXH128_canonical_t));
        expect_refusal(&want, trial_of(small), "its counts contradict each other");
        free(bytes);
    }
    run_free(&want);
}

static void a_file_of_another_run_is_not_used(void **state)
{
    static const struct {
        struct trial trial;
        const char *sentence;
    } others[] = {
        { { small, 8, "1.0" }, "made with `seed 7`, but here it is `seed 8`" },
        { { small, 7, "1.1" }, "made with `version 1.0`, but here it is `version 1.1`" },
        { { "{" TAUGHT_B ",\"student_lr\":0.5}", 7, "1.0" }, "but here it is `student_lr 0.5`" },
        { { "{" TAUGHT_B ",\"data_seed\":3}", 7, "1.0" }, "but here it is `data_seed 3`" },
        { { "{" B ",\"method\":\"no-teacher\"}", 7, "1.0" }, "`method " },
        { { "{" LIFE "}", 7, "1.0" }, "`task " },
    };
    size_t count;
    unsigned char *bytes = make_checkpoint(&count);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct run want = patient();
        go(&want, others[i].trial, NULL);
        write_bytes(path_in(&place, CHECKPOINT_FILE), bytes, count);
        expect_refusal(&want, others[i].trial, others[i].sentence);
        run_free(&want);
    }
    free(bytes);
}

static void write_arrays(const char *directory, double shift);

/* The same path, other numbers in it. */
static void a_file_made_from_other_data_is_not_used(void **state)
{
    static const char text[] = "{" ROWS ",\"method\":\"no-teacher\"}";
    struct run first = attempt_until(text, 5);
    assert_int_equal(first.end, TRIAL_STOPPED);
    write_arrays("rows", 0.25);
    struct run want = undisturbed(text);
    expect_refusal(&want, trial_of(text), "made with `data ");
    write_arrays("rows", 0);
    run_free(&first);
    run_free(&want);
}

static void another_format_is_named_as_such(void **state)
{
    static unsigned char other[] = "LDT-CHECKPOINT 2\nwhatever that may hold";
    struct run want = undisturbed(small);
    write_with_checksum(other, sizeof other);
    expect_refusal(&want, trial_of(small), "it is of another format");
    run_free(&want);
}

static void a_file_without_end_is_not_read(void **state)
{
    struct run want = undisturbed(small);
    size_t count;
    free(make_checkpoint(&count));
    assert_int_equal(truncate(path_in(&place, CHECKPOINT_FILE), (off_t)1 << 40), 0);
    expect_refusal(&want, trial_of(small), "it is larger than that of such a run can be");
    run_free(&want);
}

static void what_is_no_file_is_not_used_and_not_waited_for(void **state)
{
    struct run want = undisturbed(small);
    const char *path = path_in(&place, CHECKPOINT_FILE);
    assert_int_equal(mkfifo(path, 0600), 0);
    expect_refusal(&want, trial_of(small), "");
    assert_int_equal(symlink("/dev/zero", path), 0);
    expect_refusal(&want, trial_of(small), "");
    assert_int_equal(files_left(), 0);
    run_free(&want);
}

/* ---- directories ---------------------------------------------------------------------------- */

static void a_directory_that_is_not_there_is_named(void **state)
{
    struct run run = patient();
    go(&run, trial_of(small), "/nonexistent/dir");
    assert_int_equal(run.end, TRIAL_REFUSED);
    assert_string_equal(run.reason, "checkpoint_dir: /nonexistent/dir: No such file or directory; "
                                    "name a directory that is there");
    assert_int_equal(run.lines, 0);
    run_free(&run);
}

static void a_directory_that_goes_away_costs_the_checkpoint_only(void **state)
{
    struct run want = undisturbed(small), run = patient();
    run.breaks_directory = true;
    run.save_every = 1;
    go(&run, trial_of(small), place.path);
    assert_int_equal(run.end, TRIAL_COMPLETED);
    assert_true(run.complaints > 1);
    assert_non_null(strstr(run.complaint, "cannot be written: "));
    assert_string_equal(run.curve.bytes, want.curve.bytes);
    assert_int_equal(mkdir(place.path, 0700), 0);
    run_free(&run);
    run_free(&want);
}

static void what_killed_saves_have_left_is_removed_and_nothing_else(void **state)
{
    write_bytes(path_in(&place, CHECKPOINT_FILE ".0123456789abcdef.part"), "x", 1);
    write_bytes(path_in(&place, "my.checkpoint"), "x", 1);
    struct run run = attempt_until(small, IN_THE_MIDDLE);
    assert_int_equal(files_left(), 2);
    run_free(&run);
    run = attempt_until(small, NEVER);
    assert_int_equal(files_left(), 1);
    assert_int_equal(unlink(path_in(&place, "my.checkpoint")), 0);
    run_free(&run);
}

/* ---- data ----------------------------------------------------------------------------------- */

enum { EXAMPLES = 40, INPUTS = 3, STEPS = 5, FEATURES = 2 };

static void write_arrays(const char *directory, double shift)
{
    char path[64];
    double x[EXAMPLES * INPUTS], y[EXAMPLES], xstar[EXAMPLES * STEPS * FEATURES];
    bool is_rows = strcmp(directory, "rows") == 0;
    for (int i = 0; i < EXAMPLES * INPUTS; i++)
        x[i] = sin(1.7 * i) + shift;
    for (int i = 0; i < EXAMPLES; i++)
        y[i] = x[i * INPUTS] * x[i * INPUTS + 1] + 0.1 * cos(i);
    for (int i = 0; i < EXAMPLES * STEPS * FEATURES; i++)
        xstar[i] = cos(0.9 * i) + y[i / (STEPS * FEATURES)];
    struct error error;
    snprintf(path, sizeof path, "%s/x.npy", directory);
    assert_true(npy_save(path, NPZ_FLOAT64, x, (size_t[]){ EXAMPLES, INPUTS }, 2, &error));
    snprintf(path, sizeof path, "%s/y.npy", directory);
    assert_true(npy_save(path, NPZ_FLOAT64, y, (size_t[]){ EXAMPLES }, 1, &error));
    snprintf(path, sizeof path, "%s/xstar.npy", directory);
    assert_true(npy_save(path, NPZ_FLOAT64, xstar,
                         is_rows ? (size_t[]){ EXAMPLES, STEPS * FEATURES, 0 }
                                 : (size_t[]){ EXAMPLES, STEPS, FEATURES },
                         is_rows ? 2 : 3, &error));
}

static struct directory data; /* where the process is, with the arrays and the cache */

static int make_directories(void **state)
{
    if (access("/dev/shm", W_OK) == 0) /* saves wait for the disk, and no test cuts the power */
        setenv("TMPDIR", "/dev/shm", 1);
    place = directory_make();
    data = directory_make();
    if (chdir(data.path) != 0 || mkdir("rows", 0700) != 0 || mkdir("trajectories", 0700) != 0)
        return -1;
    write_arrays("rows", 0);
    write_arrays("trajectories", 0);
    return setenv("LDT_CACHE", path_in(&data, "cache"), 1);
}

static int remove_directories(void **state)
{
    static const char *const parts[] = { "rows", "trajectories", "cache" };
    struct directory part;
    for (int i = 0; i < 3; i++) {
        snprintf(part.path, sizeof part.path, "%.200s/%s", data.path, parts[i]);
        if (access(part.path, F_OK) == 0)
            directory_remove(&part);
    }
    directory_remove(&place);
    directory_remove(&data);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_that_was_interrupted_anywhere_goes_on_with_the_same_bits),
        cmocka_unit_test(there_is_no_question_at_which_an_interruption_does_harm),
        cmocka_unit_test(a_run_that_is_moved_ten_times_comes_to_the_same_end),
        cmocka_unit_test(a_line_that_nobody_read_is_written_again),
        cmocka_unit_test(a_run_that_was_killed_goes_on_from_what_it_saved_last),
        cmocka_unit_test(a_run_that_was_killed_before_it_saved_anything_begins_anew),
        cmocka_unit_test(a_run_that_diverges_does_so_again_and_leaves_nothing),
        cmocka_unit_test(a_divergence_that_nobody_heard_of_is_told_by_whoever_goes_on),
        cmocka_unit_test(a_damaged_file_is_not_used),
        cmocka_unit_test(a_forged_file_does_no_harm),
        cmocka_unit_test(counts_that_contradict_each_other_are_not_used),
        cmocka_unit_test(a_file_of_another_run_is_not_used),
        cmocka_unit_test(a_file_made_from_other_data_is_not_used),
        cmocka_unit_test(another_format_is_named_as_such),
        cmocka_unit_test(a_file_without_end_is_not_read),
        cmocka_unit_test(what_is_no_file_is_not_used_and_not_waited_for),
        cmocka_unit_test(a_directory_that_is_not_there_is_named),
        cmocka_unit_test(a_directory_that_goes_away_costs_the_checkpoint_only),
        cmocka_unit_test(what_killed_saves_have_left_is_removed_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, make_directories, remove_directories);
}
