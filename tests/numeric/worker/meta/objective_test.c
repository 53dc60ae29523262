/* The student's gradient, its Hessian and the mixed derivative for the teacher's targets. */
#include "worker/meta/objective.h"

#include "tests/numeric/worker/meta/scene.h"

enum { ROWS = 9 };

static struct learner_config config;
static struct objective objective;
static struct mat x, labels;

static void set_up(enum scene_task task, double entropy_coef)
{
    struct rng rng = test_rng(200);
    config = scene_config(task, optimiser_sgd(0.1, 0, 0));
    objective = (struct objective){ .student = &config.student,
                                    .label_loss = config.label_loss,
                                    .teach_loss = config.teach_loss,
                                    .teaching_coef = config.teaching_coef,
                                    .entropy_coef = entropy_coef };
    x = mat_constant(random_reals(&rng, ROWS * INPUTS), ROWS, INPUTS);
    labels = mat_constant(random_reals(&rng, ROWS), ROWS, 1);
    for (int i = 0; i < ROWS; i++)
        labels.value[i] = (real)rng_below(&rng, task == SCENE_A ? 2 : CLASSES);
}

static void tear_down(struct mat *mats, int count)
{
    free(x.value);
    free(labels.value);
    free_mats(mats, count);
}

static struct objective_result evaluate(struct pass *pass, struct mat theta, struct mat targets)
{
    struct objective_result result;
    struct lesson lesson = { .x = x,
                             .labels = labels.value,
                             .targets = mat_constant(targets.value, ROWS, targets.cols) };
    objective_gradient(&objective, pass, theta, &lesson, &result);
    return result;
}

/* Operands: theta, targets. */
static struct mat run_gradient(struct pass *pass, const struct mat *operands)
{
    return evaluate(pass, operands[0], operands[1]).gradient;
}

static struct mat run_target_gradient(struct pass *pass, const struct mat *operands)
{
    return evaluate(pass, operands[0], operands[1]).target_gradient;
}

static void draw(struct mat operands[2], uint64_t stream)
{
    struct rng rng = test_rng(stream);
    operands[0] = random_mat(&rng, 1, (int)config.student.n_parameters);
    operands[1] = random_mat(&rng, ROWS, config.teacher.outputs);
}

#ifdef REAL_IS_DOUBLE
static double total_loss(const struct mat *operands)
{
    struct kernel_workspaces workspaces = kernel_workspaces(run_gradient, operands);
    struct pass pass = pass_values(workspaces.values);
    double total = evaluate(&pass, operands[0], operands[1]).losses.total;
    kernel_workspaces_free(&workspaces);
    return total;
}

static void expect_derivative(const char *what,
                              struct mat (*run)(struct pass *, const struct mat *),
                              const struct mat *operands, int which)
{
    size_t count = mat_count(operands[which]);
    double *want = xcalloc(count, sizeof *want), h = 1e-6;
    for (size_t i = 0; i < count; i++) {
        real *number = &operands[which].value[i], kept = *number;
        *number = kept + h;
        want[i] = total_loss(operands);
        *number = kept - h;
        want[i] = (want[i] - total_loss(operands)) / (2 * h);
        *number = kept;
    }
    struct kernel_workspaces workspaces = kernel_workspaces(run, operands);
    struct pass pass = pass_values(workspaces.values);
    expect_near(what, run(&pass, operands).value, want, count, by_differences);
    kernel_workspaces_free(&workspaces);
    free(want);
}

static void check_gradients(enum scene_task task, double entropy_coef)
{
    struct mat operands[2];
    set_up(task, entropy_coef);
    draw(operands, 201);
    expect_derivative("gradient for theta", run_gradient, operands, 0);
    expect_derivative("gradient for the targets", run_target_gradient, operands, 1);
    tear_down(operands, 2);
}

static void gradients_agree_with_differences_of_the_loss(void **state)
{
    check_gradients(SCENE_A, 0);
    check_gradients(SCENE_B, 0);
    check_gradients(SCENE_B, 0.3);
    check_gradients(SCENE_GATED, 0);
}
#endif

static void tangents_agree_with_differences_of_the_gradients(void **state)
{
    static const enum scene_task tasks[] = { SCENE_A, SCENE_B, SCENE_B, SCENE_GATED };
    for (int k = 0; k < 4; k++) {
        struct mat operands[2];
        set_up(tasks[k], k == 2 ? 0.3 : 0);
        draw(operands, 202);
        free(operands[1].tangent);
        operands[1].tangent = NULL;
        expect_tangent("Hessian-vector product", run_gradient, operands, 2);
        expect_tangent("mixed derivative", run_target_gradient, operands, 2);
        tear_down(operands, 2);
    }
}

/* u . H v, both random. */
static double quadratic(const struct mat *operands, real *direction, const real *along)
{
    struct mat moving[2] = { operands[0], operands[1] };
    moving[0].tangent = direction;
    struct kernel_workspaces workspaces = kernel_workspaces(run_gradient, moving);
    struct pass pass = pass_both(workspaces.values, workspaces.tangents);
    struct mat product = run_gradient(&pass, moving);
    double sum = 0;
    for (size_t i = 0; i < mat_count(product); i++)
        sum += (double)along[i] * (double)product.tangent[i];
    kernel_workspaces_free(&workspaces);
    return sum;
}

static void the_hessian_is_symmetric(void **state)
{
    for (int task = SCENE_A; task <= SCENE_GATED; task++) {
        struct mat one[2], two[2];
        set_up((enum scene_task)task, 0);
        draw(one, 203);
        draw(two, 204);
        expect_number("v . H u", quadratic(one, one[0].tangent, two[0].tangent),
                      quadratic(one, two[0].tangent, one[0].tangent), IN_DOUBLE ? 1e-11 : 1e-3);
        free_mats(two, 2);
        tear_down(one, 2);
    }
}

static void the_total_is_the_weighted_sum_of_its_parts(void **state)
{
    struct mat operands[2];
    set_up(SCENE_B, 0.3);
    draw(operands, 205);
    struct kernel_workspaces workspaces = kernel_workspaces(run_gradient, operands);
    struct pass pass = pass_values(workspaces.values);
    struct step_losses losses = evaluate(&pass, operands[0], operands[1]).losses;
    expect_number("total", losses.total, losses.label + 2 * losses.teaching - 0.3 * losses.entropy,
                  1e-14);
    assert_true(losses.label > 0 && losses.teaching > 0 && losses.entropy > 0);
    kernel_workspaces_free(&workspaces);
    tear_down(operands, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifdef REAL_IS_DOUBLE
        cmocka_unit_test(gradients_agree_with_differences_of_the_loss),
#endif
        cmocka_unit_test(tangents_agree_with_differences_of_the_gradients),
        cmocka_unit_test(the_hessian_is_symmetric),
        cmocka_unit_test(the_total_is_the_weighted_sum_of_its_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
