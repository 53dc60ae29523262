#include "worker/trial/trial.h"
#include "common/buf.h"
#include "common/trainer/metric.h"
#include "tests/unit/worker/trial/settings.h"
#include "worker/trial/batches.h"
#include "worker/trial/config.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Small networks: what is tested here does not depend on their size. */
#define SMALL_B                                                                                    \
    "\"task\":\"task-b\",\"student_hidden\":8,\"teacher_hidden\":8,\"n_inner\":4,\"n_test\":50"
#define SMALL_BASELINE_B                                                                           \
    "\"task\":\"task-b\",\"method\":\"no-teacher\",\"student_hidden\":8,\"n_test\":50"
#define SMALL_A                                                                                    \
    "\"task\":\"task-a\",\"student_hidden\":8,\"teacher_hidden\":8,\"n_inner\":4,\"n_test\":50,"   \
    "\"input_dim\":16,\"epochs\":3"

#define SMALL_LIFE                                                                                 \
    "\"task\":\"game-of-life\",\"n_filters\":2,\"n_inner\":3,\"n_train\":48,\"n_test\":20,"        \
    "\"batch_size\":8,\"epochs\":2"
#define SMALL_BASELINE_LIFE                                                                        \
    "\"task\":\"game-of-life\",\"n_filters\":2,\"n_train\":48,\"n_test\":20,\"batch_size\":8,"     \
    "\"epochs\":2"
#define SMALL_MUJOCO                                                                               \
    "\"task\":\"mujoco\",\"student_hidden\":6,\"student_layers\":2,\"n_train\":48,\"n_test\":20,"  \
    "\"batch_size\":8,\"epochs\":2"
#define SMALL_TEACHER "\"teacher_conv\":2,\"teacher_c1\":4,\"teacher_c2\":4,\"teacher_c3\":8"
#define SMALL_UNROLL  SMALL_TEACHER ",\"n_inner\":4,\"student_steps\":4"

/* A curve as text, every number exact, and the last value of every metric. */
struct curve {
    struct buf text;
    int lines, stop_after; /* 0: never */
    int last_count;        /* metrics in the last line */
    int64_t first_step, last_step;
    double last[METRICS];
    char reason[1024];
};

static bool keep_line(void *context, int64_t step, double epoch, const char *const *names,
                      const double *values, int count)
{
    struct curve *curve = context;
    if (curve->lines++ == 0)
        curve->first_step = step;
    curve->last_step = step;
    curve->last_count = count;
    buf_printf(&curve->text, "%lld %a", (long long)step, epoch);
    for (int i = 0; i < count; i++) {
        buf_printf(&curve->text, " %s=%a", names[i], values[i]);
        const struct metric_row *row = metric_find(names[i]);
        assert_non_null(row);
        curve->last[row - metric_table] = values[i];
    }
    buf_text(&curve->text, "\n");
    return curve->lines != curve->stop_after;
}

static void keep_reason(void *context, const char *key, const char *text)
{
    struct curve *curve = context;
    assert_string_equal(key, "diverged");
    snprintf(curve->reason, sizeof curve->reason, "%s", text);
}

static enum trial_end run(struct curve *curve, const char *text, int64_t seed, int stop_after)
{
    struct settings settings = settings_of(text);
    struct trial_sink sink = { .report = keep_line, .inform = keep_reason, .context = curve };
    struct error error = { .text = "" };
    *curve = (struct curve){ .stop_after = stop_after };
    buf_init(&curve->text, (size_t)1 << 20);
    enum trial_end end = trial_run(&settings, seed, &sink, &error);
    if (end == TRIAL_REFUSED)
        snprintf(curve->reason, sizeof curve->reason, "%s", error.text);
    assert_false(curve->text.overflowed);
    return end;
}

static struct curve curve_of(const char *text, int64_t seed)
{
    struct curve curve;
    assert_int_equal(run(&curve, text, seed, 0), TRIAL_COMPLETED);
    return curve;
}

static bool same_bits(const struct curve *a, const struct curve *b)
{
    return strcmp(a->text.bytes, b->text.bytes) == 0;
}

static void the_same_seed_gives_the_same_bits_and_another_does_not(void **state)
{
    static const char *const texts[] = {
        "{" SMALL_B ",\"epochs\":2}",
        "{" SMALL_B ",\"epochs\":2,\"inner_batches\":\"shuffle\",\"meta_optimizer\":\"sgd\"}",
        "{" SMALL_BASELINE_B ",\"epochs\":2}",
        "{" SMALL_A "}",
        "{" SMALL_LIFE "}",
        "{" SMALL_BASELINE_LIFE ",\"method\":\"no-teacher\"}",
        "{" SMALL_BASELINE_LIFE ",\"method\":\"fixed-teacher\"}",
        "{" SMALL_BASELINE_LIFE ",\"method\":\"oracle-teacher\",\"evaluations_per_epoch\":2}",
        "{" SMALL_MUJOCO "," SMALL_UNROLL "}",
        "{" SMALL_MUJOCO "," SMALL_UNROLL ",\"ablation\":\"permuted\"}",
        "{" SMALL_MUJOCO "," SMALL_UNROLL ",\"ablation\":\"random-16\"}",
        "{" SMALL_MUJOCO "," SMALL_UNROLL ",\"resample_split\":true}",
        "{" SMALL_MUJOCO ",\"method\":\"no-teacher\",\"selection_split\":0.2}",
        "{" SMALL_MUJOCO ",\"method\":\"auxiliary\"}",
        "{" SMALL_MUJOCO "," SMALL_TEACHER ",\"method\":\"fixed-teacher\"}",
        "{" SMALL_MUJOCO ",\"method\":\"model-based\"}",
        "{" SMALL_MUJOCO ",\"method\":\"model-based\",\"model_training\":\"stacked\"}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct curve one = curve_of(texts[i], 7), two = curve_of(texts[i], 7);
        struct curve other = curve_of(texts[i], 8);
        assert_true(one.lines >= 1);
        assert_string_equal(one.text.bytes, two.text.bytes);
        assert_false(same_bits(&one, &other));
        buf_free(&one.text);
        buf_free(&two.text);
        buf_free(&other.text);
    }
}

static void task_b_is_evaluated_before_every_iteration_and_at_the_end(void **state)
{
    struct curve curve = curve_of("{" SMALL_B "}", 1);
    assert_int_equal(curve.lines, 33);
    assert_int_equal(curve.first_step, 0);
    assert_int_equal(curve.last_step, 32 * 8);
    buf_free(&curve.text);
    curve = curve_of("{" SMALL_BASELINE_B "}", 1);
    assert_int_equal(curve.lines, 49);
    assert_int_equal(curve.last_step, 48 * 8);
    buf_free(&curve.text);
}

static void task_a_is_evaluated_after_every_epoch(void **state)
{
    struct curve curve = curve_of("{" SMALL_A "}", 1);
    assert_int_equal(curve.lines, 3);
    assert_int_equal(curve.first_step, 24);
    assert_int_equal(curve.last_step, 72);
    buf_free(&curve.text);
}

/* Before the first iteration there is no meta-loss; afterwards all that apply are there. */
static void a_line_has_the_metrics_that_apply_and_are_known(void **state)
{
    struct curve curve;
    assert_int_equal(run(&curve, "{" SMALL_B ",\"selection_split\":0.2}", 1, 1), TRIAL_STOPPED);
    assert_int_equal(curve.last_count, 5);
    assert_null(strstr(curve.text.bytes, "meta_loss"));
    buf_free(&curve.text);
    assert_int_equal(run(&curve, "{" SMALL_B ",\"selection_split\":0.2}", 1, 2), TRIAL_STOPPED);
    assert_int_equal(curve.last_count, 12);
    assert_int_equal(curve.lines, 2);
    for (int id = 0; id < METRICS; id++) {
        if (metric_applies(&metric_table[id], TASK_B, METHOD_LDT, true))
            assert_true(isfinite(curve.last[id]) && curve.last[id] != 0);
        if (id < METRIC_HYPERGRADIENT_INNER_LR)
            assert_true(curve.last[id] >= 0);
    }
    buf_free(&curve.text);
}

static double last_step(const char *text)
{
    struct curve curve = curve_of(text, 1);
    int64_t step = curve.last_step;
    buf_free(&curve.text);
    return (double)step;
}

/* Two epochs of six batches of eight, whatever the method makes of the 48 examples. */
static void all_methods_take_equally_many_steps(void **state)
{
    assert_true(last_step("{" SMALL_LIFE "}") == 12);
    assert_true(last_step("{" SMALL_BASELINE_LIFE ",\"method\":\"no-teacher\"}") == 12);
    assert_true(last_step("{" SMALL_BASELINE_LIFE ",\"method\":\"oracle-teacher\"}") == 12);
    assert_true(last_step("{" SMALL_MUJOCO "," SMALL_UNROLL "}") == 12);
    assert_true(last_step("{" SMALL_MUJOCO ",\"method\":\"auxiliary\"}") == 12);
}

static void mujoco_reports_its_mean_squared_error(void **state)
{
    struct curve curve = curve_of("{" SMALL_MUJOCO ",\"method\":\"auxiliary\"}", 1);
    assert_int_equal(curve.last_count, 5);
    assert_true(curve.last[METRIC_TEST_MSE] > 0.01 && curve.last[METRIC_TEST_MSE] < 0.2);
    assert_true(curve.last[METRIC_TRAIN_MSE] > 0.01 && curve.last[METRIC_TRAIN_MSE] < 0.2);
    assert_true(curve.last[METRIC_AUXILIARY_LOSS] > 0.3);
    buf_free(&curve.text);
}

static void scrambled_frames_are_shown_to_the_teacher_only(void **state)
{
    struct curve plain = curve_of("{" SMALL_LIFE ",\"scramble\":false,\"data_seed\":3}", 1);
    struct curve scrambled = curve_of("{" SMALL_LIFE ",\"scramble\":true,\"data_seed\":3}", 1);
    assert_false(same_bits(&plain, &scrambled));
    buf_free(&plain.text);
    buf_free(&scrambled.text);
    assert_int_equal(
        setting_applies(&setting_table[SETTING_SCRAMBLE], TASK_GAME_OF_LIFE, METHOD_NO_TEACHER),
        false);
}

static void data_follow_the_trial_unless_they_have_a_seed_of_their_own(void **state)
{
    struct curve own = curve_of("{" SMALL_BASELINE_B ",\"epochs\":1}", 5);
    struct curve same = curve_of("{" SMALL_BASELINE_B ",\"epochs\":1,\"data_seed\":5}", 5);
    struct curve other = curve_of("{" SMALL_BASELINE_B ",\"epochs\":1,\"data_seed\":6}", 5);
    assert_string_equal(own.text.bytes, same.text.bytes);
    assert_false(same_bits(&own, &other));
    buf_free(&own.text);
    buf_free(&same.text);
    buf_free(&other.text);
}

static void a_memory_limit_changes_no_bit(void **state)
{
    struct curve roomy = curve_of("{\"task\":\"task-b\",\"epochs\":1}", 3);
    struct curve tight = curve_of("{\"task\":\"task-b\",\"epochs\":1,\"memory_limit\":1}", 3);
    assert_string_equal(roomy.text.bytes, tight.text.bytes);
    buf_free(&roomy.text);
    buf_free(&tight.text);
}

static void the_teacher_brings_the_student_near_the_truth(void **state)
{
    struct curve ldt = curve_of("{\"task\":\"task-b\",\"epochs\":5}", 1);
    struct curve alone = curve_of("{\"task\":\"task-b\",\"method\":\"no-teacher\"}", 1);
    assert_true(ldt.last[METRIC_TEST_KL] < 0.25);  /* from about 0.55 */
    assert_true(alone.last[METRIC_TEST_KL] > 0.7); /* which it passes on the way to overfitting */
    assert_true(alone.last[METRIC_TRAIN_LOSS] < 0.1);
    buf_free(&ldt.text);
    buf_free(&alone.text);
}

static void rewarded_entropy_keeps_predictions_wide(void **state)
{
    double entropy[3];
    static const char *const texts[] = {
        "{\"task\":\"task-b\",\"method\":\"no-teacher\",\"epochs\":8}",
        "{\"task\":\"task-b\",\"method\":\"no-teacher\",\"epochs\":8,\"entropy_coef\":1}",
        "{\"task\":\"task-b\",\"method\":\"no-teacher\",\"epochs\":8,\"entropy_coef\":10}",
    };
    for (int i = 0; i < 3; i++) {
        struct curve curve = curve_of(texts[i], 2);
        entropy[i] = curve.last[METRIC_PREDICTION_ENTROPY];
        buf_free(&curve.text);
    }
    assert_true(entropy[0] + 0.2 < entropy[1] && entropy[1] + 0.05 < entropy[2]);
    assert_true(entropy[2] < log(4));
}

/* The teacher's parameters are out of a run's sight, so the run is made here step by step. */
static void a_fixed_teacher_teaches_and_does_not_move(void **state)
{
    struct settings settings =
        settings_of("{\"task\":\"task-b\",\"method\":\"fixed-teacher\",\"student_hidden\":8,"
                    "\"teacher_hidden\":8}");
    struct schedule schedule;
    struct task_data data;
    struct learner *learner;
    struct error error;
    struct task_request request = {
        .data_seed = 1, .n_train = 1000, .n_test = 1, .input_dim = 128, .logit_scale = 3
    };
    assert_true(schedule_init(&schedule, &settings, 1000, &error));
    assert_true(task_make(&data, "task-b", &request, &error));
    struct learner_config config = config_of_settings(&settings, &data);
    assert_int_equal(config.n_inner, 0);
    assert_true(learner_create(&learner, &config, &error));
    struct rng student, teacher;
    rng_init(&student, 1, RNG_STUDENT_INIT, 0);
    rng_init(&teacher, 1, RNG_TEACHER_INIT, 0);
    learner_initialise(learner, &student, &teacher, 1);

    struct learner_state *learned = learner_state(learner);
    size_t bytes = config.teacher.n_parameters * sizeof(real);
    size_t student_bytes = config.student.n_parameters * sizeof(real);
    real *phi = malloc(bytes), *theta = malloc(student_bytes);
    memcpy(phi, learned->teacher.parameters, bytes);
    memcpy(theta, learned->student.parameters, student_bytes);
    struct batches *batches = batches_create(&settings, &schedule, 1);
    struct examples examples = { data.train.x, data.train.xstar, data.train.labels, 1000 };
    struct step_losses losses[8];
    for (int64_t k = 0; k < 3; k++) {
        struct iteration iteration = batches_draw(batches, k);
        assert_true(learner_student_steps(learner, &examples, iteration.student,
                                          iteration.n_student, losses, &error));
    }
    assert_true(losses[7].teaching > 0);
    assert_memory_equal(phi, learned->teacher.parameters, bytes);
    assert_memory_not_equal(theta, learned->student.parameters, student_bytes);
    free(phi);
    free(theta);
    batches_destroy(&batches);
    learner_destroy(&learner);
    task_free(&data);
}

static void every_setting_of_the_optimisers_reaches_the_run(void **state)
{
    static const char *const texts[] = {
        "{" SMALL_B ",\"epochs\":1}",
        "{" SMALL_B ",\"epochs\":1,\"student_optimizer\":\"sgd\"}",
        "{" SMALL_B ",\"epochs\":1,\"inner_optimizer\":\"sgd\"}",
        "{" SMALL_B ",\"epochs\":1,\"inner_optimizer\":\"adam\"}",
        "{" SMALL_B ",\"epochs\":1,\"meta_optimizer\":\"sgd\"}",
        "{" SMALL_B ",\"epochs\":1,\"student_lr\":2e-3}",
        "{" SMALL_B ",\"epochs\":1,\"student_beta1\":0.5}",
        "{" SMALL_B ",\"epochs\":1,\"weight_decay\":1e-2}",
        "{" SMALL_B ",\"epochs\":1,\"meta_lr\":2e-3}",
        "{" SMALL_B ",\"epochs\":1,\"meta_momentum\":0.5}",
        "{" SMALL_B ",\"epochs\":1,\"meta_clip\":1e-4}",
        "{" SMALL_B ",\"epochs\":1,\"teaching_coef\":1e3}",
        "{" SMALL_B ",\"epochs\":1,\"n_inner\":5}",
        "{" SMALL_B ",\"epochs\":1,\"batch_size\":16}",
        "{" SMALL_B ",\"epochs\":1,\"validation_split\":0.4}",
        "{" SMALL_B ",\"epochs\":1,\"resample_split\":\"no\"}",
        "{" SMALL_B ",\"epochs\":1,\"inner_batches\":\"shuffle\"}",
        "{" SMALL_B ",\"epochs\":1,\"student_layers\":3}",
        "{" SMALL_B ",\"epochs\":1,\"teacher_layers\":1}",
        "{" SMALL_B ",\"epochs\":1,\"weight_init_multiplier\":0.5}",
        "{" SMALL_B ",\"epochs\":1,\"logit_scale\":1}",
    };
    enum { TEXTS = sizeof texts / sizeof *texts };
    struct curve curves[TEXTS];
    for (int i = 0; i < TEXTS; i++) {
        curves[i] = curve_of(texts[i], 4);
        for (int j = 0; j < i; j++)
            if (same_bits(&curves[i], &curves[j]))
                fail_msg("the same curve from %s and %s", texts[i], texts[j]);
    }
    for (int i = 0; i < TEXTS; i++)
        buf_free(&curves[i].text);
}

static void a_run_that_diverges_says_why_and_ends_with_a_line_of_nan(void **state)
{
    static const char *const texts[] = {
        "{" SMALL_B ",\"student_lr\":1e30}",
        "{" SMALL_BASELINE_B ",\"student_lr\":1e38}",
        "{" SMALL_A ",\"weight_init_multiplier\":1e30}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct curve curve;
        assert_int_equal(run(&curve, texts[i], 1, 0), TRIAL_BECAME_NONFINITE);
        assert_true(strlen(curve.reason) > 10);
        assert_true(curve.last_count >= 4);
        int finite = 0;
        struct settings settings = settings_of(texts[i]);
        for (int id = 0; id < METRICS; id++)
            if (metric_applies(&metric_table[id], settings.task, settings.method, false))
                finite += !isnan(curve.last[id]);
        assert_int_equal(finite, 0);
        buf_free(&curve.text);
    }
}

static void settings_that_cannot_be_run_are_refused_before_the_first_line(void **state)
{
    struct curve curve;
    const char *too_few = "{\"task\":\"task-a\",\"n_train\":2,\"selection_split\":0.5}";
    assert_int_equal(run(&curve, too_few, 1, 0), TRIAL_REFUSED);
    assert_int_equal(curve.lines, 0);
    assert_non_null(strstr(curve.reason, "selection_split"));
    buf_free(&curve.text);
    const char *too_many = "{\"task\":\"task-a\",\"n_test\":10000000,\"input_dim\":65536}";
    assert_int_equal(run(&curve, too_many, 1, 0), TRIAL_REFUSED);
    assert_non_null(strstr(curve.reason, "too many"));
    buf_free(&curve.text);
}

/* The smallest runs there are: one example in every part, one of everything. */
static void the_smallest_runs_go_through(void **state)
{
    static const char *const texts[] = {
        "{\"task\":\"task-a\",\"n_train\":2,\"n_test\":1,\"input_dim\":1,\"epochs\":2,"
        "\"n_inner\":1,\"student_hidden\":1,\"student_layers\":1,"
        "\"teacher_hidden\":1,\"teacher_layers\":1}",
        "{\"task\":\"task-b\",\"n_train\":3,\"n_test\":1,\"input_dim\":1,\"epochs\":2,"
        "\"n_inner\":1,\"student_hidden\":1,\"student_layers\":1,"
        "\"teacher_hidden\":1,\"teacher_layers\":1,"
        "\"selection_split\":0.1}",
        "{\"task\":\"task-b\",\"method\":\"no-teacher\",\"n_train\":2,\"n_test\":1,\"epochs\":1,"
        "\"selection_split\":0.9}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct curve curve = curve_of(texts[i], 1);
        assert_true(curve.lines >= 2);
        buf_free(&curve.text);
    }
}

/* Data sets of MuJoCo are kept in a directory of the tests' own. */
static char cache[] = "/tmp/ldt-trial-XXXXXX";

static int make_cache(void **state)
{
    return mkdtemp(cache) == NULL ? -1 : setenv("LDT_CACHE", cache, 1);
}

static int remove_cache(void **state)
{
    DIR *directory = opendir(cache);
    for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;)
        unlinkat(dirfd(directory), entry->d_name, 0);
    if (directory != NULL)
        closedir(directory);
    return rmdir(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_gives_the_same_bits_and_another_does_not),
        cmocka_unit_test(task_b_is_evaluated_before_every_iteration_and_at_the_end),
        cmocka_unit_test(task_a_is_evaluated_after_every_epoch),
        cmocka_unit_test(a_line_has_the_metrics_that_apply_and_are_known),
        cmocka_unit_test(all_methods_take_equally_many_steps),
        cmocka_unit_test(mujoco_reports_its_mean_squared_error),
        cmocka_unit_test(scrambled_frames_are_shown_to_the_teacher_only),
        cmocka_unit_test(data_follow_the_trial_unless_they_have_a_seed_of_their_own),
        cmocka_unit_test(a_memory_limit_changes_no_bit),
        cmocka_unit_test(the_teacher_brings_the_student_near_the_truth),
        cmocka_unit_test(rewarded_entropy_keeps_predictions_wide),
        cmocka_unit_test(a_fixed_teacher_teaches_and_does_not_move),
        cmocka_unit_test(every_setting_of_the_optimisers_reaches_the_run),
        cmocka_unit_test(a_run_that_diverges_says_why_and_ends_with_a_line_of_nan),
        cmocka_unit_test(settings_that_cannot_be_run_are_refused_before_the_first_line),
        cmocka_unit_test(the_smallest_runs_go_through),
    };
    return cmocka_run_group_tests(tests, make_cache, remove_cache);
}
