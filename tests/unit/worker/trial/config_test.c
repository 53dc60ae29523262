#include "worker/trial/config.h"
#include "tests/unit/worker/trial/settings.h"
#include "worker/trial/networks.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

static const struct task_data data_a = {
    .inputs = 256, .privileged = 4, .outputs = 1, .label_loss = LABEL_LOGISTIC
};
static const struct task_data data_b = {
    .inputs = 128, .privileged = 32, .outputs = 4, .label_loss = LABEL_CROSS_ENTROPY
};

static const struct task_data data_life = { .inputs = 289,
                                            .privileged = 867,
                                            .steps = 3,
                                            .features = 289,
                                            .outputs = 1,
                                            .label_loss = LABEL_LOGISTIC };
static const struct task_data data_cheetah = { .inputs = 113,
                                               .privileged = 288,
                                               .steps = 16,
                                               .features = 18,
                                               .outputs = 32,
                                               .is_regression = true,
                                               .label_loss = LABEL_CROSS_ENTROPY };
static const struct task_data data_rows = {
    .inputs = 5, .privileged = 7, .outputs = 3, .label_loss = LABEL_CROSS_ENTROPY
};

static struct learner_config config_of(const char *text, const struct task_data *data)
{
    struct settings settings = settings_of(text);
    return config_of_settings(&settings, data);
}

/* Weights and biases of the layers inputs-hidden-hidden-outputs. */
static size_t parameters_of(size_t inputs, size_t first, size_t second, size_t outputs)
{
    return (inputs + 1) * first + (first + 1) * second + (second + 1) * outputs;
}

static void task_a_is_built_as_the_reference_has_it(void **state)
{
    struct learner_config config = config_of("{\"task\":\"task-a\"}", &data_a);
    assert_int_equal(config.student.n_parameters, parameters_of(256, 128, 128, 1));
    assert_int_equal(config.teacher.n_parameters, parameters_of(4, 512, 512, 128));
    assert_int_equal(config.student.n_supervised, 128);
    assert_true(config.student.layers[0].supervised);
    assert_int_equal(config.student.layers[1].kind, LAYER_LINEAR); /* no activation between */
    assert_int_equal(config.teach_loss, TEACH_MSE);
    assert_int_equal(config.label_loss, LABEL_LOGISTIC);
    assert_true(config.inner_is_shared);
    assert_true(config.teaching_coef == 1e3 && config.meta_clip == 1e8);
    assert_int_equal(config.n_inner, 32);
    assert_true(config.student_optimiser.beta1 == 0.5);
    assert_true(config.student_optimiser.weight_decay == 1e-8);
    assert_true(config.meta_optimiser.lr == 3e-4 && config.meta_optimiser.weight_decay == 0);
}

static void the_papers_narrow_student_of_task_a_can_be_had(void **state)
{
    struct learner_config config =
        config_of("{\"task\":\"task-a\",\"student_hidden\":32,\"teacher_hidden\":256}", &data_a);
    assert_int_equal(config.student.n_parameters, parameters_of(256, 32, 128, 1));
    assert_int_equal(config.teacher.n_parameters, parameters_of(4, 256, 256, 32));
}

static void task_b_supervises_its_logits(void **state)
{
    struct learner_config config = config_of("{\"task\":\"task-b\"}", &data_b);
    assert_int_equal(config.student.n_parameters, parameters_of(128, 256, 256, 4));
    assert_int_equal(config.teacher.n_parameters, parameters_of(32, 256, 256, 4));
    assert_int_equal(config.student.n_supervised, 4);
    assert_int_equal(config.teach_loss, TEACH_KL);
    assert_int_equal(config.label_loss, LABEL_CROSS_ENTROPY);
    assert_true(config.student_optimiser.kind == OPTIMISER_ADAM);
    assert_true(config.entropy_coef == 0);
}

static void a_student_without_a_teacher_has_none_and_may_have_entropy(void **state)
{
    struct learner_config config =
        config_of("{\"task\":\"task-b\",\"method\":\"no-teacher\",\"entropy_coef\":0.1}", &data_b);
    assert_int_equal(config.teacher.n_layers, 0);
    assert_int_equal(config.n_inner, 0);
    assert_true(config.entropy_coef == 0.1);
}

static void an_inner_optimiser_of_its_own_kind_has_the_students_numbers(void **state)
{
    struct learner_config config =
        config_of("{\"task\":\"task-b\",\"inner_optimizer\":\"sgd\",\"student_lr\":0.02}", &data_b);
    assert_false(config.inner_is_shared);
    assert_true(config.inner_optimiser.kind == OPTIMISER_SGD);
    assert_true(config.inner_optimiser.lr == 0.02 && config.inner_optimiser.beta1 == 0.9);
    assert_true(config.inner_optimiser.weight_decay == 1e-6);
}

/* Tables 4 to 6 of the paper, and B.2.2. */
static void mujoco_is_built_as_the_paper_has_it(void **state)
{
    struct learner_config config = config_of("{\"task\":\"mujoco\"}", &data_cheetah);
    size_t weights = parameters_of(113, 128, 128, 128) + 2 * (128 + 1) * 128 + (128 + 1) * 32;
    size_t lengths = 5 * 128 + 32; /* of weight norm, one for each unit */
    assert_int_equal(config.student.n_parameters, weights + lengths);
    assert_int_equal(config.student.n_supervised, 5 * 128);
    assert_int_equal(config.teacher.outputs, 2 * 5 * 128);
    size_t convolutions = 3 * (18 * 96 + 2 * 96 * 96 + 96 * 256), norms = 2 * (3 * 96 + 256);
    size_t dense = (4096 + 1) * 768 + (768 + 1) * 1280;
    assert_int_equal(config.teacher.n_parameters, convolutions + norms + dense);
    assert_int_equal(config.teach_loss, TEACH_GATED);
    assert_false(config.inner_is_shared);
    assert_true(config.inner_optimiser.kind == OPTIMISER_SGD && config.inner_optimiser.lr == 1e-2);
    assert_true(config.inner_optimiser.beta1 == 0.75);
    assert_true(config.inner_optimiser.weight_decay == 1e-8);
    assert_true(config.meta_optimiser.lr == 5e-4 && config.n_inner == 96);
    assert_true(config.teaching_coef > 316.2 && config.teaching_coef < 316.3);
    config = config_of("{\"task\":\"mujoco\",\"teacher_batch_norm\":\"all\"}", &data_cheetah);
    assert_int_equal(config.teacher.n_parameters, convolutions + norms + dense + 2 * 768);
    config = config_of("{\"task\":\"mujoco\",\"student_weight_norm\":false}", &data_cheetah);
    assert_int_equal(config.student.n_parameters, weights);
}

static void an_auxiliary_head_predicts_all_of_the_trajectory(void **state)
{
    struct learner_config config = config_of(
        "{\"task\":\"mujoco\",\"method\":\"auxiliary\",\"auxiliary_coef\":4}", &data_cheetah);
    assert_int_equal(config.auxiliary_outputs, 288);
    assert_true(config.auxiliary_coef == 4);
    assert_int_equal(config.teacher.n_layers, 0);
    config = config_of("{\"task\":\"mujoco\",\"method\":\"no-teacher\"}", &data_cheetah);
    assert_int_equal(config.auxiliary_outputs, 0);
}

static bool can_be_built(const char *text, const struct task_data *data, struct error *error)
{
    struct settings settings = settings_of(text);
    return networks_check(&settings, data, error);
}

/* 17 numbers of a state, 6 of an action, and in x* a reward beside the 17. */
static void a_model_of_dynamics_reads_a_state_and_an_action(void **state)
{
    struct learner_config config =
        config_of("{\"task\":\"mujoco\",\"method\":\"model-based\"}", &data_cheetah);
    const struct rollout *rollout = &config.student.layers[0].rollout;
    assert_int_equal(config.student.layers[0].kind, LAYER_ROLLOUT);
    assert_int_equal(rollout->observation, 17);
    assert_int_equal(rollout->action, 6);
    assert_int_equal(rollout->features, 18);
    assert_int_equal(config.model, MODEL_TRANSITIONS);
    assert_true(config.auxiliary_coef == 1);
    config = config_of("{\"task\":\"mujoco\",\"method\":\"model-based\","
                       "\"model_training\":\"stacked\"}",
                       &data_cheetah);
    assert_int_equal(config.model, MODEL_STACKED);
}

static void what_is_no_state_and_actions_has_no_model(void **state)
{
    static const char text[] = "{\"task\":\"arrays\",\"data\":\"d\",\"method\":\"model-based\"}";
    struct task_data data = { .inputs = 11, .privileged = 20, .steps = 4, .features = 5 };
    struct error error;
    assert_false(can_be_built(text, &data, &error)); /* 6 or 7 numbers for 4 steps */
    assert_non_null(strstr(error.text, "here x has 11 numbers, x* 4 steps of 5"));
    data.inputs = 5 + 4 * 2;
    assert_true(can_be_built(text, &data, &error));
    data.inputs = 4 + 4 * 2; /* and a reward */
    assert_true(can_be_built(text, &data, &error));
    data.steps = 0;
    assert_false(can_be_built(text, &data, &error));
}

static void settings_of_a_teacher_that_the_arrays_do_not_need_are_refused(void **state)
{
    struct error error;
    struct task_data data = { .inputs = 5, .privileged = 8, .steps = 4, .features = 2 };
    assert_false(
        can_be_built("{\"task\":\"arrays\",\"data\":\"d\",\"teacher_hidden\":3}", &data, &error));
    assert_non_null(strstr(error.text, "teacher_hidden: d/xstar.npy holds trajectories"));
    assert_true(
        can_be_built("{\"task\":\"arrays\",\"data\":\"d\",\"teacher_c1\":3}", &data, &error));
    data.steps = 0;
    assert_false(
        can_be_built("{\"task\":\"arrays\",\"data\":\"d\",\"teacher_c1\":3}", &data, &error));
    assert_non_null(strstr(error.text, "teacher_c1: d/xstar.npy holds no trajectories"));
}

static void the_teacher_of_rows_is_an_mlp_with_gates(void **state)
{
    struct learner_config config =
        config_of("{\"task\":\"arrays\",\"data\":\"d\",\"student_layers\":2,"
                  "\"student_hidden\":4,\"teacher_layers\":1}",
                  &data_rows);
    assert_int_equal(config.student.n_supervised, 8);
    assert_int_equal(config.teacher.n_parameters, (7 + 1) * 256 + (256 + 1) * 16);
    assert_int_equal(config.teacher.layers[config.teacher.n_layers - 1].kind, LAYER_GATE);
    assert_int_equal(config.teach_loss, TEACH_GATED);
    assert_true(config.inner_is_shared);
}

static void a_student_of_the_game_of_life_looks_at_boards(void **state)
{
    struct learner_config config = config_of("{\"task\":\"game-of-life\"}", &data_life);
    size_t first = (9 + 1) * 16, others = 8 * (9 * 16 + 1) * 16, read_out = 16 + 1;
    assert_int_equal(config.student.n_parameters, first + others + read_out);
    assert_int_equal(config.student.n_supervised, 9 * 16);
    assert_int_equal(config.teacher.n_parameters, 3 * 9 * 16);
    assert_int_equal(config.teach_loss, TEACH_MIXTURE);
    assert_true(config.meta_optimiser.kind == OPTIMISER_SGD && config.inner_is_shared);
    config = config_of("{\"task\":\"game-of-life\",\"method\":\"oracle-teacher\"}", &data_life);
    assert_int_equal(config.student.n_supervised, 3 * 16); /* layers 3, 6 and 9 */
    assert_int_equal(config.n_inner, 0);
}

static void the_memory_limit_is_in_mebibytes(void **state)
{
    struct learner_config config = config_of("{\"task\":\"task-b\",\"memory_limit\":3}", &data_b);
    assert_int_equal(config.memory_limit, 3 * 1024 * 1024);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(task_a_is_built_as_the_reference_has_it),
        cmocka_unit_test(the_papers_narrow_student_of_task_a_can_be_had),
        cmocka_unit_test(task_b_supervises_its_logits),
        cmocka_unit_test(a_student_without_a_teacher_has_none_and_may_have_entropy),
        cmocka_unit_test(an_inner_optimiser_of_its_own_kind_has_the_students_numbers),
        cmocka_unit_test(mujoco_is_built_as_the_paper_has_it),
        cmocka_unit_test(an_auxiliary_head_predicts_all_of_the_trajectory),
        cmocka_unit_test(a_model_of_dynamics_reads_a_state_and_an_action),
        cmocka_unit_test(what_is_no_state_and_actions_has_no_model),
        cmocka_unit_test(settings_of_a_teacher_that_the_arrays_do_not_need_are_refused),
        cmocka_unit_test(the_teacher_of_rows_is_an_mlp_with_gates),
        cmocka_unit_test(a_student_of_the_game_of_life_looks_at_boards),
        cmocka_unit_test(the_memory_limit_is_in_mebibytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
