/* Whole meta-gradients: against central differences of the validation loss, kept against
 * recomputed, and batches computed once against the same batches computed again and again. */
#include "worker/meta/hypergradient.h"

#include "tests/numeric/worker/meta/scene.h"

#define inner_sgd  optimiser_sgd(0.2, 0.75, 0.01)
#define inner_adam optimiser_adam(0.02, 0.8, 0.01)

/* A learner whose Adam has some steps behind it, as it has in every unroll but the first. */
static void warm_scene(struct scene *scene, const struct learner_config *config)
{
    scene_start(scene, config);
    scene_student_steps(scene, 8);
}

#ifdef REAL_IS_DOUBLE
/* L_val at the end of an unroll; whatever the meta-step does to phi is undone. */
static double validation_loss(struct scene *scene, int n_batches)
{
    size_t count = scene->config.teacher.n_parameters;
    struct learner_state *state = learner_state(scene->learner);
    real *phi = xmalloc(count * sizeof *phi);
    memcpy(phi, state->teacher.parameters, count * sizeof *phi);
    double loss = scene_meta_step(scene, n_batches).validation_loss;
    memcpy(state->teacher.parameters, phi, count * sizeof *phi);
    free(phi);
    return loss;
}

static void check_meta_gradient(const char *what, const struct learner_config *config,
                                int n_batches)
{
    struct scene scene;
    size_t count = config->teacher.n_parameters;
    double *want = xcalloc(count, sizeof *want), h = 1e-5;
    real *got = xcalloc(count, sizeof *got);
    warm_scene(&scene, config);
    real *phi = learner_state(scene.learner)->teacher.parameters;
    validation_loss(&scene, n_batches);
    memcpy(got, learner_meta_gradient(scene.learner), count * sizeof *got);
    for (size_t i = 0; i < count; i++) {
        real kept = phi[i];
        for (int k = 0; k < 4; k++) { /* four points, for batch norm over few rows is curved */
            static const double at[] = { 1, -1, 2, -2 }, weight[] = { 8, -8, -1, 1 };
            phi[i] = kept + at[k] * h;
            want[i] += weight[k] * validation_loss(&scene, n_batches) / (12 * h);
        }
        phi[i] = kept;
    }
    expect_near(what, got, want, count, by_differences);
    scene_end(&scene);
    free(want);
    free(got);
}

static void meta_gradients_through_sgd_agree_with_differences(void **state)
{
    struct learner_config a = scene_config(SCENE_A, inner_sgd),
                          b = scene_config(SCENE_B, inner_sgd);
    check_meta_gradient("task A, sgd", &a, 6);
    check_meta_gradient("task B, sgd", &b, 6);
}

static void
meta_gradients_with_gates_weight_norm_and_batch_norm_agree_with_differences(void **state)
{
    struct learner_config sgd = scene_config(SCENE_GATED, inner_sgd);
    struct learner_config adam = scene_config(SCENE_GATED, inner_adam);
    check_meta_gradient("gated, sgd", &sgd, 6);
    check_meta_gradient("gated, adam", &adam, 4);
}

static void meta_gradients_of_mixed_frames_agree_with_differences(void **state)
{
    struct learner_config sgd = scene_config(SCENE_LIFE, inner_sgd);
    struct learner_config adam = scene_config(SCENE_LIFE, inner_adam);
    check_meta_gradient("life, sgd", &sgd, 6);
    check_meta_gradient("life, adam", &adam, 4);
}

static void meta_gradients_through_adam_agree_with_differences(void **state)
{
    struct learner_config a = scene_config(SCENE_A, inner_adam);
    struct learner_config b = scene_config(SCENE_B, inner_adam);
    check_meta_gradient("task A, adam", &a, 6);
    check_meta_gradient("task B, adam", &b, 6);
}

static void meta_gradients_over_repeated_batches_agree_with_differences(void **state)
{
    struct learner_config config = scene_config(SCENE_B, inner_adam);
    config.n_inner = 8;
    check_meta_gradient("three batches in eight steps", &config, 3);
}

/* ---- derivatives for the settings of the inner loop ------------------------------------------ */

/* The setting that the k-th of the derivatives is for; those of the optimiser that unrolls. */
static double *setting(struct learner_config *config, int k)
{
    struct optimiser *inner =
        config->inner_is_shared ? &config->student_optimiser : &config->inner_optimiser;
    double *const settings[] = { &inner->lr, &inner->beta1, &inner->weight_decay,
                                 &config->teaching_coef };
    return settings[k];
}

/* L_val of one unroll from the state of another learner, under a configuration of its own. */
static struct meta_report report_from(struct scene *from, const struct learner_config *config,
                                      int n_batches)
{
    struct scene scene;
    scene_start(&scene, config);
    struct learner_state *to = learner_state(scene.learner), *start = learner_state(from->learner);
    size_t theta = config->student.n_parameters, phi = config->teacher.n_parameters;
    memcpy(to->student.parameters, start->student.parameters, theta * sizeof(real));
    for (int k = 0; k < optimiser_moments(&config->student_optimiser); k++)
        memcpy(to->student.moment[k], start->student.moment[k], theta * sizeof(real));
    to->student.steps = start->student.steps;
    memcpy(to->teacher.parameters, start->teacher.parameters, phi * sizeof(real));
    struct meta_report report = scene_meta_step(&scene, n_batches);
    scene_end(&scene);
    return report;
}

static void check_settings(const char *what, const struct learner_config *config, int n_batches)
{
    static const char *const names[] = { "lr", "momentum", "weight decay", "teaching coefficient" };
    struct scene start;
    warm_scene(&start, config);
    struct hypergradients g = report_from(&start, config, n_batches).hypergradients;
    const double got[] = { g.lr, g.momentum, g.weight_decay, g.teaching_coef };
    for (int k = 0; k < 4; k++) {
        struct learner_config varied = *config;
        double *number = setting(&varied, k), kept = *number, h = 1e-5 * fabs(kept) + 1e-7;
        *number = kept + h;
        double up = report_from(&start, &varied, n_batches).validation_loss;
        *number = kept - h;
        double down = report_from(&start, &varied, n_batches).validation_loss;
        char *name = xasprintf("%s: derivative for %s", what, names[k]);
        expect_number(name, got[k], (up - down) / (2 * h), 1e-6);
        free(name);
    }
    scene_end(&start);
}

static void derivatives_for_settings_agree_with_differences(void **state)
{
    for (int task = SCENE_A; task < SCENES; task++) {
        struct learner_config config = scene_config((enum scene_task)task, inner_sgd);
        check_settings("sgd", &config, 6);
        check_settings("sgd, repeated batches", &config, 3);
        config = scene_config((enum scene_task)task, inner_adam);
        check_settings("adam", &config, 6);
        config.inner_optimiser.beta1 = config.student_optimiser.beta1 = 0.3;
        check_settings("adam, small beta1", &config, 6);
    }
}

static void an_sgd_that_continues_the_students_own_has_its_moment_at_the_first_step(void **state)
{
    struct learner_config config = scene_config(SCENE_B, inner_sgd);
    config.student_optimiser = config.inner_optimiser;
    config.inner_is_shared = true;
    check_settings("shared sgd", &config, 6);
}

static void an_adam_of_its_own_starts_from_zero_in_every_unroll(void **state)
{
    struct learner_config config = scene_config(SCENE_B, inner_sgd);
    config.inner_optimiser = inner_adam;
    config.inner_optimiser.eps = 0.1; /* at m = v = 0 the step is only smooth with a large eps */
    check_meta_gradient("task B, own adam", &config, 6);
}
#endif

/* The meta-gradient and phi after `meta_steps` iterations. */
static void train(const struct learner_config *config, int n_batches, real *gradient, real *phi)
{
    struct scene scene;
    size_t count = config->teacher.n_parameters;
    warm_scene(&scene, config);
    for (int i = 0; i < 3; i++) {
        scene_meta_step(&scene, n_batches);
        scene_student_steps(&scene, 4);
    }
    memcpy(gradient, learner_meta_gradient(scene.learner), count * sizeof *gradient);
    memcpy(phi, learner_state(scene.learner)->teacher.parameters, count * sizeof *phi);
    scene_end(&scene);
}

/* Bytes that one inner step on a batch of four records. */
static size_t step_bytes(const struct learner_config *config)
{
    struct objective objective = { .student = &config->student,
                                   .label_loss = config->label_loss,
                                   .teach_loss = config->teach_loss,
                                   .teaching_coef = 1 };
    struct lesson lesson = { .x = { 4, config->student.inputs, NULL, NULL },
                             .targets = { 4, config->teacher.outputs, NULL, NULL } };
    if (config->teach_loss == TEACH_MIXTURE) {
        lesson.targets.rows = config->teacher.layers[0].mixture.frames;
        lesson.frames = (struct mat){ 4, config->teacher.inputs, NULL, NULL };
    }
    return objective_reals(&objective, &lesson) * sizeof(real);
}

static void values_kept_and_values_recomputed_give_the_same_bits(void **state)
{
    for (int k = 0; k < 2 * SCENES; k++) {
        struct learner_config config =
            scene_config((enum scene_task)(k / 2), k % 2 ? inner_sgd : inner_adam);
        real gradient[3][256], phi[3][256];
        size_t count = config.teacher.n_parameters;
        const size_t limits[] = { SIZE_MAX, 0, 5 * step_bytes(&config) / 2 }; /* all, none, two */
        assert_true(count <= 256);
        for (int j = 0; j < 3; j++) {
            config.memory_limit = limits[j];
            train(&config, 4, gradient[j], phi[j]);
        }
        for (int j = 1; j < 3; j++) {
            expect_same_bits("meta-gradient", gradient[0], gradient[j], count);
            expect_same_bits("teacher", phi[0], phi[j], count);
        }
    }
}

static void the_memory_limit_decides_how_many_steps_are_kept(void **state)
{
    struct learner_config config = scene_config(SCENE_B, inner_adam);
    real x[4 * INPUTS] = { 0.5 }, labels[4] = { 0 }, targets[4 * CLASSES] = { 0.25 };
    struct lesson lesson = { .x = mat_constant(x, 4, INPUTS),
                             .labels = labels,
                             .targets = mat_constant(targets, 4, CLASSES) };
    size_t step = step_bytes(&config);
    real *theta = xcalloc(config.student.n_parameters, sizeof *theta);
    struct optimiser_state start = { .parameters = theta };
    struct step_losses losses[6];
    static const int kept[] = { 0, 1, 5, 6, 6 };
    const size_t limits[] = { step - 1, step, 6 * step - 1, 6 * step, SIZE_MAX };
    for (int k = 0; k < 5; k++) {
        struct inner_loop loop = {
            .objective = { .student = &config.student,
                           .label_loss = config.label_loss,
                           .teach_loss = config.teach_loss,
                           .teaching_coef = 1 },
            .optimiser = inner_adam,
            .n_steps = 6,
            .memory_limit = limits[k],
        };
        assert_int_equal(inner_loop_run(&loop, &start, &lesson, 1, losses), 6);
        assert_int_equal(loop.n_kept, kept[k]);
        inner_loop_free(&loop);
    }
    free(theta);
}

static void batches_computed_once_give_what_the_same_batches_listed_again_give(void **state)
{
    struct learner_config config = scene_config(SCENE_B, inner_adam);
    struct scene once, again;
    struct batch batches[6], validation;
    struct meta_report a, b;
    struct error why;
    size_t count = config.teacher.n_parameters;
    double want[256];
    warm_scene(&once, &config);
    warm_scene(&again, &config);
    scene_batches(&once, batches, 2);
    for (int i = 2; i < 6; i++)
        batches[i] = batches[i - 2];
    validation = scene_validation(&once);
    assert_true(learner_meta_step(once.learner, &once.data, batches, 2, &validation, &a, &why));
    assert_true(learner_meta_step(again.learner, &again.data, batches, 6, &validation, &b, &why));
    for (size_t i = 0; i < count; i++)
        want[i] = (double)learner_meta_gradient(again.learner)[i];
    expect_near("meta-gradient", learner_meta_gradient(once.learner), want, count,
                IN_DOUBLE ? 1e-12 : 1e-4);
    expect_number("validation loss", a.validation_loss, b.validation_loss,
                  IN_DOUBLE ? 1e-13 : 1e-5);
    scene_end(&once);
    scene_end(&again);
}

static void the_same_calls_give_the_same_bits(void **state)
{
    struct learner_config config = scene_config(SCENE_A, inner_adam);
    real gradient[2][256], phi[2][256];
    for (int k = 0; k < 2; k++)
        train(&config, 5, gradient[k], phi[k]);
    expect_same_bits("meta-gradient", gradient[0], gradient[1], config.teacher.n_parameters);
    expect_same_bits("teacher", phi[0], phi[1], config.teacher.n_parameters);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifdef REAL_IS_DOUBLE
        cmocka_unit_test(meta_gradients_through_sgd_agree_with_differences),
        cmocka_unit_test(meta_gradients_through_adam_agree_with_differences),
        cmocka_unit_test(
            meta_gradients_with_gates_weight_norm_and_batch_norm_agree_with_differences),
        cmocka_unit_test(meta_gradients_of_mixed_frames_agree_with_differences),
        cmocka_unit_test(derivatives_for_settings_agree_with_differences),
        cmocka_unit_test(meta_gradients_over_repeated_batches_agree_with_differences),
        cmocka_unit_test(an_sgd_that_continues_the_students_own_has_its_moment_at_the_first_step),
        cmocka_unit_test(an_adam_of_its_own_starts_from_zero_in_every_unroll),
#endif
        cmocka_unit_test(values_kept_and_values_recomputed_give_the_same_bits),
        cmocka_unit_test(the_memory_limit_decides_how_many_steps_are_kept),
        cmocka_unit_test(batches_computed_once_give_what_the_same_batches_listed_again_give),
        cmocka_unit_test(the_same_calls_give_the_same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
