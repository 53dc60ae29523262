/* Batch normalisation against its formula in double, and its way back against central differences
 * of a weighted sum of the outputs. */
#include "worker/numeric/batch_norm.h"

#include "tests/numeric/check.h"

enum { ROWS = 9, COLS = 6 };

/* x, gamma and beta, weights of the outputs, and places for everything. */
struct scene {
    struct mat x, gamma, beta, d;
    struct mat x_hat, inverse, y, dx, dgamma, dbeta, sums;
    bool normalised, scaled, relu;
};

static struct scene scene_create(uint64_t stream, bool normalised, bool scaled, bool relu)
{
    struct rng rng = test_rng(stream);
    struct scene s = { .normalised = normalised, .scaled = scaled, .relu = relu };
    struct mat *wide[] = { &s.x, &s.d, &s.x_hat, &s.y, &s.dx };
    struct mat *narrow[] = { &s.gamma, &s.beta, &s.inverse, &s.dgamma, &s.dbeta };
    for (int k = 0; k < 5; k++) {
        *wide[k] = mat_constant(random_reals(&rng, ROWS * COLS), ROWS, COLS);
        *narrow[k] = mat_constant(random_reals(&rng, COLS), 1, COLS);
    }
    s.sums = mat_constant(random_reals(&rng, 3 * COLS), 3, COLS);
    memset(s.dgamma.value, 0, COLS * sizeof(real));
    memset(s.dbeta.value, 0, COLS * sizeof(real));
    return s;
}

static void scene_free(struct scene *s)
{
    free_mats((struct mat[]){ s->x, s->gamma, s->beta, s->d, s->x_hat, s->inverse, s->y, s->dx,
                              s->dgamma, s->dbeta, s->sums },
              11);
}

static struct batch_norm norm_of(const struct scene *s)
{
    struct batch_norm norm = { .x_hat = s->x_hat, .beta = s->beta, .relu = s->relu };
    if (s->normalised)
        norm.inverse = s->inverse;
    if (s->scaled)
        norm.gamma = s->gamma;
    return norm;
}

static void run(struct scene *s)
{
    struct pass pass = pass_values((struct workspace){ 0 });
    if (s->normalised)
        batch_norm(&pass, norm_of(s), s->x);
    else
        memcpy(s->x_hat.value, s->x.value, ROWS * COLS * sizeof(real));
    batch_norm_outputs(&pass, s->y, norm_of(s));
}

static void run_back(struct scene *s)
{
    struct pass pass = pass_values((struct workspace){ 0 });
    struct mat none = { 0 };
    batch_norm_back(&pass, s->dx, s->scaled ? s->dgamma : none, s->dbeta, s->d, norm_of(s),
                    s->sums);
}

/* The formula, in double. */
static void expected_outputs(const struct scene *s, double *y)
{
    for (int col = 0; col < COLS; col++) {
        double mean = 0, variance = 0;
        for (int row = 0; row < ROWS; row++)
            mean += (double)s->x.value[row * COLS + col] / ROWS;
        for (int row = 0; row < ROWS; row++)
            variance += pow((double)s->x.value[row * COLS + col] - mean, 2) / ROWS;
        for (int row = 0; row < ROWS; row++) {
            double x = (double)s->x.value[row * COLS + col];
            double out = s->normalised ? (x - mean) / sqrt(variance + 1e-5) : x;
            out = out * (s->scaled ? (double)s->gamma.value[col] : 1) + (double)s->beta.value[col];
            y[row * COLS + col] = s->relu && out < 0 ? 0 : out;
        }
    }
}

static double weighted_sum(const struct scene *s)
{
    double y[ROWS * COLS], sum = 0;
    expected_outputs(s, y);
    for (int i = 0; i < ROWS * COLS; i++)
        sum += (double)s->d.value[i] * y[i];
    return sum;
}

static void expect_derivative(const char *what, struct scene *s, struct mat of, struct mat got)
{
    double want[ROWS * COLS], h = IN_DOUBLE ? 1e-6 : 1e-3;
    for (size_t i = 0; i < mat_count(of); i++) {
        real kept = of.value[i];
        of.value[i] = (real)((double)kept + h);
        double up = weighted_sum(s), above = (double)of.value[i];
        of.value[i] = (real)((double)kept - h);
        want[i] = (up - weighted_sum(s)) / (above - (double)of.value[i]);
        of.value[i] = kept;
    }
    expect_near(what, got.value, want, mat_count(of), IN_DOUBLE ? by_differences : 2e-3);
}

/* Every combination of normalised, scaled and relu; scaled only what is normalised. */
static void for_each_form(void (*check)(struct scene *s))
{
    for (int form = 0; form < 8; form++) {
        if ((form & 3) == 2)
            continue;
        struct scene s = scene_create((uint64_t)form, form & 1, form & 2, form & 4);
        check(&s);
        scene_free(&s);
    }
}

static void check_outputs(struct scene *s)
{
    double want[ROWS * COLS];
    expected_outputs(s, want);
    run(s);
    expect_near("outputs", s->y.value, want, ROWS * COLS, rounding);
}

static void outputs_are_normalised_scaled_and_shifted(void **state)
{
    for_each_form(check_outputs);
}

static void check_gradients(struct scene *s)
{
    run(s);
    run_back(s);
    expect_derivative("gradient for x", s, s->x, s->dx);
    expect_derivative("gradient for beta", s, s->beta, s->dbeta);
    if (s->scaled)
        expect_derivative("gradient for gamma", s, s->gamma, s->dgamma);
}

static void the_way_back_agrees_with_differences(void **state)
{
    for_each_form(check_gradients);
}

static void sums_of_several_batches_add_up(void **state)
{
    struct scene s = scene_create(20, true, true, true);
    double gamma[COLS], beta[COLS];
    run(&s);
    run_back(&s);
    for (int col = 0; col < COLS; col++) {
        gamma[col] = 2 * (double)s.dgamma.value[col];
        beta[col] = 2 * (double)s.dbeta.value[col];
    }
    run_back(&s);
    expect_near("gradient for gamma", s.dgamma.value, gamma, COLS, rounding);
    expect_near("gradient for beta", s.dbeta.value, beta, COLS, rounding);
    scene_free(&s);
}

static void results_may_take_the_place_of_operands(void **state)
{
    struct scene s = scene_create(21, true, true, true), t = scene_create(21, true, true, true);
    run(&s);
    run_back(&s);
    free(t.x_hat.value);
    free(t.dx.value);
    t.x_hat = t.x;
    t.dx = t.d;
    run(&t);
    run_back(&t);
    expect_same_bits("outputs", s.y.value, t.y.value, ROWS * COLS);
    expect_same_bits("gradient", s.dx.value, t.dx.value, ROWS * COLS);
    t.x_hat = t.dx = (struct mat){ 0 };
    scene_free(&s);
    scene_free(&t);
}

static void a_column_that_does_not_vary_becomes_zero_not_infinite(void **state)
{
    struct scene s = scene_create(22, true, true, false);
    for (int row = 0; row < ROWS; row++)
        s.x.value[row * COLS + 1] = (real)0.5;
    run(&s);
    for (int row = 0; row < ROWS; row++)
        assert_true(s.y.value[row * COLS + 1] == s.beta.value[1]);
    scene_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outputs_are_normalised_scaled_and_shifted),
        cmocka_unit_test(the_way_back_agrees_with_differences),
        cmocka_unit_test(sums_of_several_batches_add_up),
        cmocka_unit_test(results_may_take_the_place_of_operands),
        cmocka_unit_test(a_column_that_does_not_vary_becomes_zero_not_infinite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
