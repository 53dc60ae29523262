/* The benchmark's functions against values of an independent implementation. */
#include "tests/bench/functions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const struct {
    int function;
    double value;
    double x[BENCH_PARAMETERS];
} recorded[] = {
    { 0, 98.81615415099176, { 4.344, 11.13 } },
    { 0, 185.78509468762797, { 6.928, 14.14 } },
    { 1, -0.002132315878788177, { 0.7399, 0.9223, 0.02901, 0.4656, 0.9434, 0.649 } },
    { 1, -0.27102131635514465, { 0.9009, 0.1132, 0.4691, 0.2466, 0.5438, 0.5739 } },
    { 2,
      5779.624132588464,
      { -1.994, -1.16, -0.9032, 1.705, 1.088, -1.394, 1.217, -1.48, 0.4811, -1.529 } },
    { 2,
      5583.7903238780755,
      { -2.041, 1.521, -1.19, -1.165, 1.976, 1.525, -0.863, 1.89, 0.1607, 0.7284 } },
    { 3,
      21.3706772893219,
      { -19.35, 28.9, 12.49, 30.58, 25.8, -13.19, -9.097, -21.89, -23.22, -28.5 } },
    { 3,
      21.122722244712477,
      { -13.02, 6.757, -32.55, 11.66, -10.62, -12.45, 20.87, -1.262, -12.07, -1.231 } },
    { 4,
      154.09714469268343,
      { 2.096, -4.536, 4.865, -4.886, 2.558, 3.532, -4.935, 2.946, -1.37, 0.804 } },
    { 4,
      291.25608027580995,
      { -5.027, -4.642, -3.267, 4.661, -3.108, 2.619, 4.4, 4.527, -1.594, -1.487 } },
    { 5, 5.0147220593002, { 2, 3, 0, 0.05521, 0.0006072, 56, 0.03663, 472.9 } },
    { 5, 7.169868366862607, { 0, 1, 1, 0.3894, 1.096e-06, 60, 0.5451, 0.07494 } },
    { 6, 0.6091734103998798, { 0.0008921, 5.128e-06, 0.07038, 51, 0.5711, 0.9967 } },
    { 6, 2.6212386703342716, { 0.0003052, 1.564e-06, 0.888, 144, 0.04203, 0.2373 } },
    { 7, 0.2880859390791194, { 1, NAN, 2, 0.0006648, 113, 21, 236, NAN, NAN, NAN, NAN, NAN, NAN } },
    { 7,
      0.35005302281851375,
      { 0, 0.008882, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN } },
    { 7,
      1.6789042189608794,
      { 2, NAN, NAN, NAN, NAN, NAN, NAN, 18, 2, 0.06298, 1, NAN, 0.0005346 } },
    { 7,
      0.35548320566126607,
      { 0, 0.002995, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN } },
    { 7, 0.5021148806773672, { 0, 5.726, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN } },
    { 8,
      0.5784325151297087,
      { 0.0003887, 0.2839, 0.000992, 114, 1.861, 23, 946.9, 0.2877, 0.00908, 20, 1.627e-05, 0.01963,
        0.05675 } },
    { 8,
      0.5756680182501895,
      { 0.009479, 0.9116, 1.364e-05, 80, 0.2757, 17, 350.4, 0.3665, 0.0543, 22, 0.0002281, 0.3546,
        0.245 } },
    { 9, 0.6881783563783166, { 1, 2, 1, 2, 0, 1, 2 } },
    { 9, 0.7576913954007232, { 1, 0, 2, 1, 1, 0, 1 } },
};

static void the_functions_have_their_recorded_values(void **state)
{
    for (size_t i = 0; i < sizeof recorded / sizeof *recorded; i++) {
        const struct bench_function *function = &bench_functions[recorded[i].function];
        double value = function->value(recorded[i].x);
        if (!(fabs(value - recorded[i].value) <= 1e-12 * fmax(1, fabs(value))))
            fail_msg("%s: %.17g, not %.17g", function->name, value, recorded[i].value);
    }
}

static void the_hash_noise_has_its_recorded_values(void **state)
{
    assert_true(fabs(bench_normal(1000, 3) - (0.25463231674764086)) < 1e-14);
    assert_true(fabs(bench_normal(500019, 199) - (0.5556755740777725)) < 1e-14);
}

static void the_optima_are_where_they_are_said_to_be(void **state)
{
    const double branin_best[] = { M_PI, 2.275 }, ones[] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
    const double grid_best[] = { 1, 2, 1, 1, 1, 1, 1 };
    double shifted[10], waves[10];
    for (int i = 0; i < 10; i++) {
        shifted[i] = 16 * sin(1.7 * (i + 1));
        waves[i] = 2.5 * sin(2.3 * (i + 1) + 0.5);
    }
    assert_true(fabs(bench_functions[0].value(branin_best) - bench_functions[0].optimum) < 1e-12);
    assert_true(bench_functions[2].value(ones) == 0);
    assert_true(fabs(bench_functions[3].value(shifted)) < 1e-12);
    assert_true(fabs(bench_functions[4].value(waves)) < 1e-12);
    assert_true(fabs(bench_functions[9].value(grid_best) - bench_functions[9].optimum) < 1e-15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_functions_have_their_recorded_values),
        cmocka_unit_test(the_hash_noise_has_its_recorded_values),
        cmocka_unit_test(the_optima_are_where_they_are_said_to_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
