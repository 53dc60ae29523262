#include "worker/numeric/vector.h"

#include "tests/numeric/check.h"

enum { COUNT = 1003 }; /* 62 whole groups of lanes and a rest */

static void norms_distances_and_products_are_the_naive_sums(void **state)
{
    struct rng rng = test_rng(1);
    real *a = random_reals(&rng, COUNT), *b = random_reals(&rng, COUNT);
    real *weight = random_reals(&rng, COUNT);
    double norm = 0, distance = 0, weighted = 0, dot = 0, difference = 0;
    for (int i = 0; i < COUNT; i++) {
        norm += (double)a[i] * (double)a[i];
        distance += pow((double)a[i] - (double)b[i], 2);
        weighted += (double)weight[i] * pow((double)a[i] - (double)b[i], 2);
        dot += (double)a[i] * (double)b[i];
        difference += (double)weight[i] * ((double)a[i] - (double)b[i]);
    }
    expect_number("weighted distance", vector_weighted_squared_distance(weight, a, b, COUNT),
                  weighted, 1e-12);
    expect_number("dot", vector_dot(a, b, COUNT), dot, 1e-12);
    expect_number("dot of a difference", vector_dot_difference(weight, a, b, COUNT), difference,
                  1e-12);
    expect_number("norm", vector_norm(a, COUNT), sqrt(norm), 1e-13);
    expect_number("distance", vector_squared_distance(a, b, COUNT), distance, 1e-13);
    free(a);
    free(b);
    free(weight);
}

static void one_number_that_is_not_finite_is_found_wherever_it_is(void **state)
{
    static const real bad[] = { NAN, INFINITY, -INFINITY };
    real x[50] = { 0 };
    assert_true(vector_is_finite(x, 50));
    for (int i = 0; i < 50; i++)
        for (int k = 0; k < 3; k++) {
            x[i] = bad[k];
            assert_false(vector_is_finite(x, 50));
            x[i] = (real)1e38F;
        }
    assert_true(vector_is_finite(x, 50));
}

static void clip_limits_counts_and_leaves_nan(void **state)
{
    real x[] = { -3, -2, 0, 2, 2.5F, NAN, INFINITY };
    assert_int_equal(vector_clip(x, 7, 2), 3);
    assert_true(x[0] == -2 && x[1] == -2 && x[2] == 0 && x[3] == 2 && x[4] == 2);
    assert_true(isnan(x[5]) && x[6] == 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(norms_distances_and_products_are_the_naive_sums),
        cmocka_unit_test(one_number_that_is_not_finite_is_found_wherever_it_is),
        cmocka_unit_test(clip_limits_counts_and_leaves_nan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
