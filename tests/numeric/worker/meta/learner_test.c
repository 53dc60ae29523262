/* The outer loop's object: what each call moves and leaves alone, what it refuses, and what it does
 * with numbers that are not finite. */
#include "worker/meta/learner.h"

#include "tests/numeric/worker/meta/scene.h"
#include "worker/numeric/vector.h"

#define inner_sgd  optimiser_sgd(0.2, 0.75, 0.01)
#define inner_adam optimiser_adam(0.02, 0.8, 0.01)

static real *copy(const real *from, size_t count)
{
    return memcpy(xmalloc(count * sizeof *from), from, count * sizeof *from);
}

static void a_meta_step_moves_the_teacher_and_leaves_the_student(void **state)
{
    struct learner_config config = scene_config(SCENE_B, inner_adam);
    struct scene scene;
    scene_start(&scene, &config);
    scene_student_steps(&scene, 3);
    struct learner_state *now = learner_state(scene.learner);
    size_t n_theta = config.student.n_parameters, n_phi = config.teacher.n_parameters;
    real *theta = copy(now->student.parameters, n_theta),
         *m = copy(now->student.moment[0], n_theta);
    real *v = copy(now->student.moment[1], n_theta), *phi = copy(now->teacher.parameters, n_phi);
    scene_meta_step(&scene, 4);
    expect_same_bits("theta", theta, now->student.parameters, n_theta);
    expect_same_bits("m", m, now->student.moment[0], n_theta);
    expect_same_bits("v", v, now->student.moment[1], n_theta);
    assert_int_equal(now->student.steps, 3);
    assert_int_equal(now->teacher.steps, 1);
    assert_true(memcmp(phi, now->teacher.parameters, n_phi * sizeof *phi) != 0);
    free(theta);
    free(m);
    free(v);
    free(phi);
    scene_end(&scene);
}

static void student_steps_move_the_student_and_leave_the_teacher(void **state)
{
    struct learner_config config = scene_config(SCENE_A, inner_sgd);
    struct scene scene;
    scene_start(&scene, &config);
    struct learner_state *now = learner_state(scene.learner);
    size_t n_theta = config.student.n_parameters, n_phi = config.teacher.n_parameters;
    real *theta = copy(now->student.parameters, n_theta),
         *phi = copy(now->teacher.parameters, n_phi);
    scene_student_steps(&scene, 5);
    expect_same_bits("phi", phi, now->teacher.parameters, n_phi);
    assert_int_equal(now->student.steps, 5);
    assert_int_equal(now->teacher.steps, 0);
    assert_true(memcmp(theta, now->student.parameters, n_theta * sizeof *theta) != 0);
    free(theta);
    free(phi);
    scene_end(&scene);
}

static void steps_on_a_list_of_batches_are_steps_on_each_in_turn(void **state)
{
    struct learner_config config = scene_config(SCENE_B, inner_adam);
    struct scene together, apart;
    struct batch batches[5];
    struct error why;
    scene_start(&together, &config);
    scene_start(&apart, &config);
    scene_batches(&apart, batches, 5);
    scene_student_steps(&together, 5);
    for (int b = 0; b < 5; b++)
        assert_true(learner_student_steps(apart.learner, &apart.data, &batches[b], 1, NULL, &why));
    size_t count = config.student.n_parameters;
    double *want = xcalloc(count, sizeof *want);
    for (size_t i = 0; i < count; i++)
        want[i] = (double)learner_state(apart.learner)->student.parameters[i];
    expect_near("theta", learner_state(together.learner)->student.parameters, want, count,
                IN_DOUBLE ? 1e-12 : 1e-4);
    free(want);
    scene_end(&together);
    scene_end(&apart);
}

/* The unroll sees exactly the steps that the student takes: validation happens where it ends. */
static void a_shared_unroll_ends_where_the_students_own_steps_lead(void **state)
{
    struct learner_config config = scene_config(SCENE_B, inner_adam);
    struct scene scene;
    struct batch batches[6], validation;
    struct meta_report report;
    struct error why;
    scene_start(&scene, &config);
    scene_student_steps(&scene, 3);
    scene_batches(&scene, batches, 6);
    validation = scene_validation(&scene);
    size_t n_phi = config.teacher.n_parameters;
    real *phi = copy(learner_state(scene.learner)->teacher.parameters, n_phi);
    assert_true(
        learner_meta_step(scene.learner, &scene.data, batches, 6, &validation, &report, &why));
    memcpy(learner_state(scene.learner)->teacher.parameters, phi, n_phi * sizeof *phi);
    assert_true(learner_student_steps(scene.learner, &scene.data, batches, 6, NULL, &why));
    real z[10 * CLASSES];
    double loss = 0;
    learner_logits(scene.learner, scene.x + (EXAMPLES - 10) * INPUTS, 10, z);
    for (int i = 0; i < 10; i++) {
        double sum = 0;
        for (int k = 0; k < CLASSES; k++)
            sum += exp((double)z[i * CLASSES + k]);
        loss += log(sum) / 10;
        loss -= (double)z[i * CLASSES + (int)scene.labels[EXAMPLES - 10 + i]] / 10;
    }
    expect_number("validation loss", report.validation_loss, loss, IN_DOUBLE ? 1e-12 : 1e-4);
    free(phi);
    scene_end(&scene);
}

static void the_meta_gradient_is_clipped_in_each_component(void **state)
{
    struct learner_config config = scene_config(SCENE_B, inner_adam);
    struct scene scene;
    config.meta_optimiser = optimiser_sgd(1, 0, 0);
    config.meta_clip = 1e-3;
    scene_start(&scene, &config);
    scene_student_steps(&scene, 8);
    size_t n_phi = config.teacher.n_parameters;
    real *phi = learner_state(scene.learner)->teacher.parameters, *before = copy(phi, n_phi);
    struct meta_report report = scene_meta_step(&scene, 6);
    const real *gradient = learner_meta_gradient(scene.learner);
    int64_t beyond = 0;
    for (size_t i = 0; i < n_phi; i++) {
        double step = fmax(fmin((double)gradient[i], 1e-3), -1e-3);
        beyond += fabs((double)gradient[i]) > (double)(real)1e-3;
        assert_true(fabs((double)before[i] - (double)phi[i] - step) < 1e-6);
    }
    assert_true(beyond > 0 && beyond < (int64_t)n_phi);
    assert_int_equal(report.clipped, beyond);
    free(before);
    scene_end(&scene);
}

static void without_a_teacher_the_student_learns_from_labels_alone(void **state)
{
    struct learner_config config = scene_config(SCENE_B, inner_adam);
    struct scene scene;
    struct batch batch;
    struct error why;
    struct step_losses first, last;
    config.teacher = (struct net){ 0 };
    config.n_inner = 0;
    config.entropy_coef = 0.1;
    scene_start(&scene, &config);
    scene.data.xstar = NULL;
    batch = (struct batch){ scene.order, EXAMPLES };
    assert_true(learner_student_steps(scene.learner, &scene.data, &batch, 1, &first, &why));
    for (int i = 0; i < 50; i++)
        assert_true(learner_student_steps(scene.learner, &scene.data, &batch, 1, &last, &why));
    assert_true(last.total < first.total - 0.1);
    assert_true(last.teaching == 0 && last.entropy > 0);
    expect_number("total", last.total, last.label - 0.1 * last.entropy, 1e-12);
    scene_end(&scene);
}

/* ---- the auxiliary head --------------------------------------------------------------------- */

static struct learner_config auxiliary_config(void)
{
    struct learner_config config = scene_config(SCENE_GATED, inner_sgd);
    config.teacher = (struct net){ 0 };
    config.n_inner = 0;
    config.auxiliary_outputs = PRIVILEGED;
    config.auxiliary_coef = 2;
    return config;
}

/* Its parameters come after the student's: 3 hidden units to PRIVILEGED numbers, and a bias. */
enum { HEAD = 3 * PRIVILEGED + PRIVILEGED };

static void an_auxiliary_head_learns_the_privileged_data_beside_the_labels(void **state)
{
    struct learner_config config = auxiliary_config();
    struct scene scene;
    struct error why;
    struct step_losses first, last;
    scene_start(&scene, &config);
    for (int i = 0; i < EXAMPLES * PRIVILEGED; i++) /* what x tells of x* */
        scene.xstar[i] = scene.x[i / PRIVILEGED * INPUTS + i % PRIVILEGED];
    struct batch batch = { scene.order, EXAMPLES };
    assert_true(learner_student_steps(scene.learner, &scene.data, &batch, 1, &first, &why));
    for (int i = 0; i < 300; i++)
        assert_true(learner_student_steps(scene.learner, &scene.data, &batch, 1, &last, &why));
    expect_number("total", last.total, last.label + 2 * last.auxiliary, 1e-12);
    assert_true(last.auxiliary < 0.8 * first.auxiliary && last.label < first.label);
    scene_end(&scene);
}

static void a_head_of_no_weight_leaves_the_student_alone(void **state)
{
    struct learner_config with = auxiliary_config(), without = auxiliary_config();
    struct scene scenes[2];
    with.auxiliary_coef = 0;
    without.auxiliary_outputs = 0;
    scene_start(&scenes[0], &with);
    scene_start(&scenes[1], &without);
    for (int k = 0; k < 2; k++)
        scene_student_steps(&scenes[k], 5);
    double *want = xcalloc(with.student.n_parameters, sizeof *want);
    for (size_t i = 0; i < with.student.n_parameters; i++)
        want[i] = (double)learner_state(scenes[1].learner)->student.parameters[i];
    expect_near("theta", learner_state(scenes[0].learner)->student.parameters, want,
                with.student.n_parameters, rounding);
    free(want);
    scene_end(&scenes[0]);
    scene_end(&scenes[1]);
}

/* ---- a model of dynamics -------------------------------------------------------------------- */

/* x is an observation of one number and two actions of two; x* one observation and a reward for
 * each of two steps. */
enum { MODEL_STEPS = 2, MODEL_FEATURES = 2 };

static struct learner_config model_config(enum model_training training)
{
    struct learner_config config = auxiliary_config();
    const struct rollout rollout = { .steps = MODEL_STEPS,
                                     .observation = 1,
                                     .action = 2,
                                     .features = MODEL_FEATURES,
                                     .hidden = 6,
                                     .hidden_layers = 1,
                                     .weight_norm = true };
    config.student = net_model_based(&rollout, CLASSES);
    config.auxiliary_outputs = 0;
    config.model = training;
    return config;
}

static void a_model_of_dynamics_learns_trajectories_and_labels_in_either_way(void **state)
{
    for (int training = MODEL_STACKED; training <= MODEL_TRANSITIONS; training++) {
        struct learner_config config = model_config((enum model_training)training);
        struct scene scene;
        struct error why;
        struct step_losses first, last;
        scene_start(&scene, &config);
        real *xstar = xcalloc(EXAMPLES * MODEL_STEPS * MODEL_FEATURES, sizeof *xstar);
        for (int i = 0; i < EXAMPLES; i++) { /* o' = (o + a_1)/2, reward a_2 */
            const real *row = scene.x + i * INPUTS;
            real *to = xstar + i * MODEL_STEPS * MODEL_FEATURES, o = row[0];
            for (int t = 0; t < MODEL_STEPS; t++) {
                o = (o + row[1 + 2 * t]) / 2;
                to[MODEL_FEATURES * t] = o;
                to[MODEL_FEATURES * t + 1] = row[2 + 2 * t];
            }
        }
        scene.data.xstar = xstar;
        struct batch batch = { scene.order, EXAMPLES };
        assert_true(learner_student_steps(scene.learner, &scene.data, &batch, 1, &first, &why));
        for (int i = 0; i < 400; i++)
            assert_true(learner_student_steps(scene.learner, &scene.data, &batch, 1, &last, &why));
        expect_number("total", last.total, last.label + 2 * last.auxiliary, 1e-12);
        assert_true(last.auxiliary < 0.2 * first.auxiliary && last.label < first.label);
        real z[EXAMPLES * CLASSES]; /* what it is used for takes x alone */
        learner_logits(scene.learner, scene.x, EXAMPLES, z);
        assert_true(vector_is_finite(z, EXAMPLES * CLASSES));
        free(xstar);
        scene_end(&scene);
    }
}

#ifdef REAL_IS_DOUBLE
/* One step of plain SGD with a rate of 1 moves the parameters by the gradient. */
static void the_gradient_with_a_head_agrees_with_differences_of_the_loss(void **state)
{
    struct learner_config config = auxiliary_config();
    struct scene scene;
    struct error why;
    size_t count = config.student.n_parameters + HEAD;
    config.student_optimiser = optimiser_sgd(1, 0, 0);
    scene_start(&scene, &config);
    struct batch batch = { scene.order, 10 };
    real *theta = learner_state(scene.learner)->student.parameters, *start = copy(theta, count);
    real *got = xcalloc(count, sizeof *got);
    double *want = xcalloc(count, sizeof *want), h = 1e-6;
    for (size_t i = 0; i <= 2 * count; i++) { /* the first for the gradient, then two for each */
        struct step_losses losses;
        size_t k = (i - 1) / 2;
        memcpy(theta, start, count * sizeof *theta);
        if (i > 0)
            theta[k] += i % 2 ? h : -h;
        assert_true(learner_student_steps(scene.learner, &scene.data, &batch, 1, &losses, &why));
        for (size_t j = 0; i == 0 && j < count; j++)
            got[j] = start[j] - theta[j];
        if (i > 0)
            want[k] += (i % 2 ? 1 : -1) * losses.total / (2 * h);
    }
    expect_near("gradient", got, want, config.student.n_parameters, by_differences);
    expect_near("gradient of the head", got + config.student.n_parameters,
                want + config.student.n_parameters, HEAD, by_differences);
    free(got);
    free(want);
    free(start);
    scene_end(&scene);
}
#endif

static void a_large_validation_set_counts_as_one(void **state)
{
    enum { MANY = 1200 }; /* three chunks */
    struct learner_config config = scene_config(SCENE_B, inner_sgd);
    struct scene scenes[2];
    struct meta_report reports[2];
    struct batch batches[6];
    struct error why;
    int often[MANY];
    size_t count = config.teacher.n_parameters;
    double want[256];
    assert_true(count <= 256);
    for (int i = 0; i < MANY; i++)
        often[i] = i % EXAMPLES;
    for (int k = 0; k < 2; k++) {
        scene_start(&scenes[k], &config);
        scene_batches(&scenes[k], batches, 6);
        struct batch validation = { often, k ? MANY : EXAMPLES };
        assert_true(learner_meta_step(scenes[k].learner, &scenes[k].data, batches, 6, &validation,
                                      &reports[k], &why));
    }
    for (size_t i = 0; i < count; i++)
        want[i] = (double)learner_meta_gradient(scenes[0].learner)[i];
    expect_near("meta-gradient", learner_meta_gradient(scenes[1].learner), want, count,
                IN_DOUBLE ? 1e-11 : 1e-4);
    expect_number("validation loss", reports[1].validation_loss, reports[0].validation_loss,
                  IN_DOUBLE ? 1e-13 : 1e-5);
    scene_end(&scenes[0]);
    scene_end(&scenes[1]);
}

static void learning_from_a_teacher_that_learns_lowers_the_validation_loss(void **state)
{
    struct learner_config config = scene_config(SCENE_B, inner_adam);
    struct scene scene;
    config.meta_optimiser = optimiser_adam(0.03, 0.9, 0);
    scene_start(&scene, &config);
    real *theta = learner_state(scene.learner)->student.parameters;
    real *start = copy(theta, config.student.n_parameters);
    double first = scene_meta_step(&scene, 6).validation_loss, last = first;
    for (int i = 0; i < 60; i++)
        last = scene_meta_step(&scene, 6).validation_loss;
    assert_true(last < first - 0.02);
    expect_same_bits("theta", start, theta, config.student.n_parameters);
    free(start);
    scene_end(&scene);
}

static void logits_do_not_depend_on_how_many_rows_are_asked_for(void **state)
{
    enum { MANY = 600 };
    struct learner_config config = scene_config(SCENE_B, inner_adam);
    struct scene scene;
    struct rng rng = test_rng(300);
    scene_start(&scene, &config);
    real *x = random_reals(&rng, MANY * INPUTS), *all = xcalloc(MANY * CLASSES, sizeof *all),
         z[256];
    learner_logits(scene.learner, x, MANY, all);
    for (int first = 0; first < MANY; first += 50) {
        double want[50 * CLASSES];
        learner_logits(scene.learner, x + first * INPUTS, 50, z);
        for (int i = 0; i < 50 * CLASSES; i++)
            want[i] = (double)z[i];
        expect_near("logits", all + first * CLASSES, want, 50 * CLASSES, rounding);
    }
    free(x);
    free(all);
    scene_end(&scene);
}

/* ---- numbers that are not finite ------------------------------------------------------------- */

static void expect_meta_step_fails(struct scene *scene, const char *reason)
{
    struct batch batches[6], validation = scene_validation(scene);
    struct meta_report report;
    struct error why = { "" };
    size_t n_phi = scene->config.teacher.n_parameters;
    real *phi = copy(learner_state(scene->learner)->teacher.parameters, n_phi);
    scene_batches(scene, batches, 6);
    assert_false(
        learner_meta_step(scene->learner, &scene->data, batches, 6, &validation, &report, &why));
    if (!strstr(why.text, reason))
        fail_msg("expected '%s', the reason is: %s", reason, why.text);
    assert_null(strstr(why.text, "-nan"));
    expect_same_bits("phi", phi, learner_state(scene->learner)->teacher.parameters, n_phi);
    free(phi);
}

static void a_training_loss_that_is_not_finite_ends_the_unroll_with_the_step(void **state)
{
    struct learner_config config = scene_config(SCENE_B, inner_adam);
    struct scene scene;
    scene_start(&scene, &config);
    scene.x[4 * INPUTS] = NAN; /* in the second batch */
    expect_meta_step_fails(&scene, "inner step 2 of 6");
    scene_end(&scene);
}

static void a_diverging_unroll_is_reported_not_clipped(void **state)
{
    struct learner_config config = scene_config(SCENE_A, optimiser_sgd(1e30, 0.75, 0));
    struct scene scene;
    scene_start(&scene, &config);
    expect_meta_step_fails(&scene, "became");
    scene_end(&scene);
}

static void a_validation_loss_that_is_not_finite_is_reported(void **state)
{
    struct learner_config config = scene_config(SCENE_B, inner_adam);
    struct scene scene;
    scene_start(&scene, &config);
    scene.x[(EXAMPLES - 1) * INPUTS] = INFINITY;
    expect_meta_step_fails(&scene, "validation loss after 6 inner steps");
    scene_end(&scene);
}

static void a_student_that_becomes_nan_is_reported_with_the_step(void **state)
{
    struct learner_config config = scene_config(SCENE_B, inner_adam);
    struct scene scene;
    struct batch batches[3];
    struct error why;
    struct step_losses losses[3];
    scene_start(&scene, &config);
    scene.x[2 * 4 * INPUTS] = -NAN; /* in the third batch */
    scene_batches(&scene, batches, 3);
    assert_false(learner_student_steps(scene.learner, &scene.data, batches, 3, losses, &why));
    assert_non_null(strstr(why.text, "became nan in step 3"));
    assert_true(isfinite(losses[1].total) && isnan(losses[2].total));
    scene_end(&scene);
}

/* ---- configurations -------------------------------------------------------------------------- */

static void expect_refused(const struct learner_config *config, const char *reason)
{
    struct learner *learner = NULL;
    struct error error = { "" };
    assert_false(learner_create(&learner, config, &error));
    assert_null(learner);
    if (!strstr(error.text, reason))
        fail_msg("expected '%s', the error is: %s", reason, error.text);
}

static void configurations_that_cannot_run_are_refused_with_the_reason(void **state)
{
    struct learner_config good = scene_config(SCENE_B, inner_sgd), bad = good;
    bad.teacher = net_mlp(PRIVILEGED, 5, 1, CLASSES + 1);
    expect_refused(&bad, "4 outputs, but the student has 3 supervised units");
    bad = good;
    bad.student = net_mlp(INPUTS, 5, 1, CLASSES);
    expect_refused(&bad, "no supervised layer");
    bad = good;
    bad.label_loss = LABEL_LOGISTIC;
    expect_refused(&bad, "one logit, the student has 3");
    bad = good;
    bad.student_optimiser.beta1 = 1;
    expect_refused(&bad, "student optimiser: beta1 1");
    bad = good;
    bad.inner_optimiser.beta1 = -0.5;
    expect_refused(&bad, "inner optimiser: momentum -0.5");
    bad = good;
    bad.meta_optimiser.lr = NAN;
    expect_refused(&bad, "meta optimiser: learning rate");
    bad = good;
    bad.inner_optimiser.weight_decay = -1;
    expect_refused(&bad, "weight decay -1");
    bad = good;
    bad.meta_clip = 0;
    expect_refused(&bad, "clip 0");
    bad = good;
    bad.teacher = (struct net){ 0 };
    expect_refused(&bad, "no teacher");
    bad = good;
    bad.teaching_coef = INFINITY;
    expect_refused(&bad, "teaching coefficient inf");
    bad = scene_config(SCENE_A, inner_sgd);
    bad.entropy_coef = 1;
    expect_refused(&bad, "only cross-entropy");
    bad = scene_config(SCENE_GATED, inner_sgd);
    bad.teacher = net_mlp(PRIVILEGED, 5, 1, 2 * bad.student.n_supervised);
    expect_refused(&bad, "whose last layer is a gate");
    bad = scene_config(SCENE_GATED, inner_sgd);
    bad.teach_loss = TEACH_MSE;
    expect_refused(&bad, "12 outputs, but the student has 6 supervised units");
    bad = scene_config(SCENE_GATED, inner_sgd);
    bad.teacher = net_mlp(PRIVILEGED, 5, 1, 5);
    expect_refused(&bad, "two outputs for each");
    bad = scene_config(SCENE_LIFE, inner_sgd);
    bad.teach_loss = TEACH_MSE;
    expect_refused(&bad, "take each other");
    bad = scene_config(SCENE_LIFE, inner_sgd);
    bad.student = net_student_b(INPUTS, 6, 1, bad.student.n_supervised);
    bad.label_loss = LABEL_CROSS_ENTROPY;
    expect_refused(&bad, "layer 3 of the student: the mixture teaching loss is for boards");
    bad = good;
    bad.auxiliary_outputs = PRIVILEGED;
    expect_refused(&bad, "beside a teacher");
    bad = auxiliary_config();
    bad.auxiliary_coef = -1;
    expect_refused(&bad, "auxiliary coefficient -1");
    bad = model_config(MODEL_STACKED);
    bad.student = net_mlp(INPUTS, 5, 1, CLASSES);
    expect_refused(&bad, "no model of dynamics");
    bad = model_config(MODEL_STACKED);
    bad.auxiliary_outputs = 4;
    expect_refused(&bad, "beside a teacher or an auxiliary head");
    bad = model_config(MODEL_TRANSITIONS);
    bad.auxiliary_coef = NAN;
    expect_refused(&bad, "auxiliary coefficient nan");
    bad = auxiliary_config();
    bad.student = net_mlp(INPUTS, 1, 0, CLASSES);
    expect_refused(&bad, "last hidden layer");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_meta_step_moves_the_teacher_and_leaves_the_student),
        cmocka_unit_test(student_steps_move_the_student_and_leave_the_teacher),
        cmocka_unit_test(steps_on_a_list_of_batches_are_steps_on_each_in_turn),
        cmocka_unit_test(a_shared_unroll_ends_where_the_students_own_steps_lead),
        cmocka_unit_test(the_meta_gradient_is_clipped_in_each_component),
        cmocka_unit_test(without_a_teacher_the_student_learns_from_labels_alone),
        cmocka_unit_test(an_auxiliary_head_learns_the_privileged_data_beside_the_labels),
        cmocka_unit_test(a_head_of_no_weight_leaves_the_student_alone),
        cmocka_unit_test(a_model_of_dynamics_learns_trajectories_and_labels_in_either_way),
#ifdef REAL_IS_DOUBLE
        cmocka_unit_test(the_gradient_with_a_head_agrees_with_differences_of_the_loss),
#endif
        cmocka_unit_test(a_large_validation_set_counts_as_one),
        cmocka_unit_test(learning_from_a_teacher_that_learns_lowers_the_validation_loss),
        cmocka_unit_test(logits_do_not_depend_on_how_many_rows_are_asked_for),
        cmocka_unit_test(a_training_loss_that_is_not_finite_ends_the_unroll_with_the_step),
        cmocka_unit_test(a_diverging_unroll_is_reported_not_clipped),
        cmocka_unit_test(a_validation_loss_that_is_not_finite_is_reported),
        cmocka_unit_test(a_student_that_becomes_nan_is_reported_with_the_step),
        cmocka_unit_test(configurations_that_cannot_run_are_refused_with_the_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
