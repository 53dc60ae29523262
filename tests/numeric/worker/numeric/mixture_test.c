#include "worker/numeric/mixture.h"

#include "tests/numeric/check.h"

enum { BOARDS = 4, FRAMES = 3, CELLS = 9, FILTERS = 18, STRIDE = 32, UNITS = 40, FIRST = 5 };

static const double coef = 1.7;
static struct mat a, frames; /* constants of every test */

enum { H, D, OPERANDS };

static void clear_padding(real *boards)
{
    for (int i = 0; i < BOARDS * CELLS; i++)
        memset(boards + i * STRIDE + FILTERS, 0, (STRIDE - FILTERS) * sizeof *boards);
}

static int make(void **state)
{
    struct rng rng = test_rng(70);
    struct mat *operands = xcalloc(OPERANDS, sizeof *operands);
    a = random_mat(&rng, FRAMES, UNITS);
    frames = random_mat(&rng, BOARDS, FRAMES * CELLS);
    for (int k = 0; k < OPERANDS; k++) {
        operands[k] = random_mat(&rng, BOARDS, CELLS * STRIDE);
        clear_padding(operands[k].value);
        clear_padding(operands[k].tangent);
    }
    *state = operands;
    return 0;
}

static int clear(void **state)
{
    free_mats(*state, OPERANDS);
    free_mats(&a, 1);
    free_mats(&frames, 1);
    free(*state);
    return 0;
}

static struct mixture_lesson lesson(void)
{
    return (struct mixture_lesson){ mat_constant(a.value, FRAMES, UNITS),
                                    mat_constant(frames.value, BOARDS, FRAMES * CELLS), FIRST,
                                    FILTERS, coef };
}

static struct mixture_loss last;

/* Returns da without the columns of other layers; *out_d becomes d. */
static struct mat teach(struct pass *pass, const struct mat *operands, struct mat *out_d)
{
    struct mixture_lesson now = lesson();
    struct mat d = mat_new(pass, BOARDS, CELLS * STRIDE), da = mat_new(pass, FRAMES, UNITS);
    if (pass->fill_values) {
        memcpy(d.value, operands[D].value, mat_count(d) * sizeof(real));
        memset(da.value, 0, mat_count(da) * sizeof(real));
    }
    if (pass->fill_tangents) {
        memcpy(d.tangent, operands[D].tangent, mat_count(d) * sizeof(real));
        memset(da.tangent, 0, mat_count(da) * sizeof(real));
    }
    struct mat h = mat_new(pass, BOARDS, CELLS * STRIDE); /* kernels load whole vectors */
    if (pass->fill_values)
        memcpy(h.value, operands[H].value, mat_count(h) * sizeof(real));
    if (pass->fill_tangents)
        memcpy(h.tangent, operands[H].tangent, mat_count(h) * sizeof(real));
    struct mixture_loss loss = mixture_teach(pass, &now, d, da, h);
    if (pass->fill_values || pass->fill_tangents)
        last = loss;
    *out_d = d;
    return da;
}

static struct mat run_da(struct pass *pass, const struct mat *operands)
{
    struct mat d;
    return teach(pass, operands, &d);
}

static struct mat run_d(struct pass *pass, const struct mat *operands)
{
    struct mat d;
    teach(pass, operands, &d);
    return d;
}

/* The loss with h and a moved by some factor of h' and, in one place, by some step. */
static double naive_loss(const struct mat *operands, double along, int place, double step)
{
    double sum = 0;
    for (int n = 0; n < BOARDS; n++)
        for (int cell = 0; cell < CELLS; cell++)
            for (int f = 0; f < FILTERS; f++) {
                size_t at = (size_t)((n * CELLS + cell) * STRIDE + f);
                double e = (double)operands[H].value[at] + along * (double)operands[H].tangent[at];
                for (int t = 0; t < FRAMES; t++) {
                    int unit = t * UNITS + FIRST + f;
                    double weight = (double)a.value[unit] + (unit == place ? step : 0);
                    e -= weight * (double)frames.value[(n * FRAMES + t) * CELLS + cell];
                }
                sum += e * e / (BOARDS * CELLS * UNITS);
            }
    return sum;
}

static void the_loss_is_a_mean_over_boards_units_and_cells(void **state)
{
    struct kernel_workspaces room = kernel_workspaces(run_da, *state);
    struct pass pass = pass_values(room.values);
    run_da(&pass, *state);
    expect_number("loss", last.loss, naive_loss(*state, 0, -1, 0), rounding);
    kernel_workspaces_free(&room);
}

static void its_gradients_agree_with_the_naive_loss(void **state)
{
    const struct mat *operands = *state;
    struct kernel_workspaces room = kernel_workspaces(run_da, operands);
    struct pass pass = pass_both(room.values, room.tangents);
    struct mat d, da = teach(&pass, operands, &d);
    double want[FRAMES * UNITS] = { 0 }, h = 1e-4, along = 0;
    for (int t = 0; t < FRAMES; t++)
        for (int f = 0; f < FILTERS; f++) {
            int place = t * UNITS + FIRST + f; /* quadratic, so differences are exact */
            want[place] = coef *
                          (naive_loss(operands, 0, place, h) - naive_loss(operands, 0, place, -h)) /
                          (2 * h);
        }
    expect_near("da", da.value, want, FRAMES * UNITS, IN_DOUBLE ? 1e-8 : rounding);
    for (size_t i = 0; i < mat_count(d); i++)
        along +=
            ((double)d.value[i] - (double)operands[D].value[i]) * (double)operands[H].tangent[i];
    double slope =
        coef * (naive_loss(operands, h, -1, 0) - naive_loss(operands, -h, -1, 0)) / (2 * h);
    expect_number("d along h'", along, slope, IN_DOUBLE ? 1e-8 : 1e-4);
    expect_number("slope", last.slope, slope, IN_DOUBLE ? 1e-8 : 1e-4);
    kernel_workspaces_free(&room);
}

static void tangents_agree_with_differences_and_come_out_the_same_in_two_passes(void **state)
{
    expect_tangent("d'", run_d, *state, OPERANDS);
    expect_tangent("da'", run_da, *state, OPERANDS);
}

static void what_pads_the_channels_stays_zero(void **state)
{
    struct kernel_workspaces room = kernel_workspaces(run_d, *state);
    struct pass pass = pass_both(room.values, room.tangents);
    struct mat d = run_d(&pass, *state);
    for (int i = 0; i < BOARDS * CELLS; i++)
        for (int f = FILTERS; f < STRIDE; f++)
            assert_true(d.value[i * STRIDE + f] == 0 && d.tangent[i * STRIDE + f] == 0);
    kernel_workspaces_free(&room);
}

static void weights_are_a_scaled_softmax_over_time(void **state)
{
    real phi[FRAMES * 2] = { 0, (real)1, 0, (real)2, 0, (real)-1e4 }, out[FRAMES * 2];
    struct pass pass = { .fill_values = true };
    mixture_weights(&pass, mat_constant(out, FRAMES, 2), mat_constant(phi, FRAMES, 2), 2);
    double sum = exp(1) + exp(2);
    double want[] = { 2.0 / 3, 2 * exp(1) / sum, 2.0 / 3, 2 * exp(2) / sum, 2.0 / 3, 0 };
    expect_near("weights", out, want, FRAMES * 2, IN_DOUBLE ? 1e-15 : 1e-7);
    assert_true(out[5] == 0);
}

#ifdef REAL_IS_DOUBLE
static double weighted(const real *phi, const real *da)
{
    real out[FRAMES * UNITS];
    double sum = 0;
    struct pass pass = { .fill_values = true };
    mixture_weights(&pass, mat_constant(out, FRAMES, UNITS), mat_constant(phi, FRAMES, UNITS), 1.3);
    for (int i = 0; i < FRAMES * UNITS; i++)
        sum += out[i] * da[i];
    return sum;
}

static void the_gradient_of_the_weights_agrees_with_differences(void **state)
{
    struct rng rng = test_rng(71);
    real *phi = random_reals(&rng, FRAMES * UNITS), *da = random_reals(&rng, FRAMES * UNITS);
    real got[FRAMES * UNITS];
    double want[FRAMES * UNITS], h = 1e-6;
    struct pass pass = { .fill_values = true };
    mixture_weights_back(&pass, mat_constant(got, FRAMES, UNITS), mat_constant(phi, FRAMES, UNITS),
                         mat_constant(da, FRAMES, UNITS), 1.3);
    for (int i = 0; i < FRAMES * UNITS; i++) {
        real kept = phi[i];
        phi[i] = kept + h;
        want[i] = weighted(phi, da);
        phi[i] = kept - h;
        want[i] = (want[i] - weighted(phi, da)) / (2 * h);
        phi[i] = kept;
    }
    expect_near("dphi", got, want, FRAMES * UNITS, by_differences);
    free(phi);
    free(da);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_loss_is_a_mean_over_boards_units_and_cells),
        cmocka_unit_test(its_gradients_agree_with_the_naive_loss),
        cmocka_unit_test(tangents_agree_with_differences_and_come_out_the_same_in_two_passes),
        cmocka_unit_test(what_pads_the_channels_stays_zero),
        cmocka_unit_test(weights_are_a_scaled_softmax_over_time),
#ifdef REAL_IS_DOUBLE
        cmocka_unit_test(the_gradient_of_the_weights_agrees_with_differences),
#endif
    };
    return cmocka_run_group_tests(tests, make, clear);
}
