#include "worker/task/task.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct task_data make(const char *name, struct task_request request)
{
    struct task_data data;
    struct error error;
    assert_true(task_make(&data, name, &request, &error));
    return data;
}

static const struct task_request request_a = {
    .data_seed = 5, .n_train = 4000, .n_test = 50, .input_dim = 64
};
static const struct task_request request_b = {
    .data_seed = 6, .n_train = 4000, .n_test = 50, .input_dim = 128, .logit_scale = 3
};

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-5 * fmax(1, fabs(b));
}

static void the_entries_of_a_map_fill_the_interval_on_both_sides_of_zero(void **state)
{
    enum { ROWS = 40, COLS = 100 };
    double *map = task_random_map(9, 1, ROWS, COLS);
    double smallest = 0, largest = 0, sum = 0, squares = 0;
    for (int i = 0; i < ROWS * COLS; i++) {
        smallest = fmin(smallest, map[i]);
        largest = fmax(largest, map[i]);
        sum += map[i];
        squares += map[i] * map[i];
    }
    assert_true(smallest >= -0.1 && smallest < -0.099);
    assert_true(largest <= 0.1 && largest > 0.099);
    assert_true(fabs(sum / (ROWS * COLS)) < 4 * 0.1 / sqrt(3.0 * ROWS * COLS));
    assert_true(fabs(squares / (ROWS * COLS) - 0.01 / 3) < 0.0002); /* variance of the uniform */
    free(map);
}

static void inputs_are_standard_normal(void **state)
{
    struct task_data data = make("task-a", request_a);
    double sum = 0, squares = 0, fourths = 0;
    int count = data.train.count * data.inputs;
    for (int i = 0; i < count; i++) {
        double x = data.train.x[i];
        sum += x;
        squares += x * x;
        fourths += x * x * x * x;
    }
    assert_true(fabs(sum / count) < 0.01); /* five standard errors */
    assert_true(fabs(squares / count - 1) < 0.015);
    assert_true(fabs(fourths / count - 3) < 0.1);
    task_free(&data);
}

/* The signs are in x*, so h can be had back from it, and from h the label and the map of x. */
static void the_label_of_task_a_is_the_xor_of_the_signs_of_h(void **state)
{
    struct task_data data = make("task-a", request_a);
    double *map = task_random_map(request_a.data_seed, 0, 2, data.inputs);
    assert_int_equal(data.privileged, 4);
    assert_int_equal(data.outputs, 1);
    int ones = 0;
    for (int i = 0; i < data.train.count; i++) {
        const real *xstar = data.train.xstar + 4 * i;
        double x[64], h[2];
        for (int j = 0; j < data.inputs; j++)
            x[j] = data.train.x[i * data.inputs + j];
        task_apply_map(h, map, 2, data.inputs, x);
        for (int j = 0; j < 2; j++) {
            assert_true(fabs(xstar[2 + j]) == 1);
            assert_true(near(xstar[j] * xstar[2 + j], h[j]));
        }
        assert_true(data.train.labels[i] == ((h[0] > 0) ^ (h[1] > 0)));
        ones += data.train.labels[i] == 1;
    }
    assert_true(ones > 1200 && ones < 2800); /* both labels, whatever the angle between the rows */
    free(map);
    task_free(&data);
}

/* E[x* | x] = 0: the signs are independent of x, so no part of x* correlates with any part of x,
 * nor with h, nor with the label. */
static void nothing_in_x_predicts_the_privileged_information_of_task_a(void **state)
{
    struct task_data data = make("task-a", request_a);
    double bound = 5 / sqrt(data.train.count);
    for (int part = 0; part < 4; part++) {
        double mean = 0;
        for (int j = 0; j < data.inputs; j++) {
            double product = 0;
            for (int i = 0; i < data.train.count; i++)
                product += data.train.x[i * data.inputs + j] * data.train.xstar[4 * i + part];
            assert_true(fabs(product / data.train.count) < bound);
        }
        for (int i = 0; i < data.train.count; i++)
            mean += data.train.xstar[4 * i + part];
        assert_true(fabs(mean / data.train.count) < bound);
    }
    task_free(&data);
}

static void the_logits_of_task_b_are_scaled_and_xstar_is_a_map_of_them(void **state)
{
    struct task_data data = make("task-b", request_b);
    double *a = task_random_map(request_b.data_seed, 0, 4, data.inputs);
    double *b = task_random_map(request_b.data_seed, 1, 32, 4);
    assert_int_equal(data.privileged, 32);
    assert_int_equal(data.outputs, 4);
    double squares = 0;
    for (int i = 0; i < 200; i++) {
        double x[128], h[4], scaled[4], xstar[32];
        for (int j = 0; j < 128; j++)
            x[j] = data.train.x[i * 128 + j];
        task_apply_map(h, a, 4, 128, x);
        for (int j = 0; j < 4; j++) {
            scaled[j] = 3 * h[j];
            squares += scaled[j] * scaled[j];
            assert_true(near(data.train.true_logits[4 * i + j], scaled[j]));
        }
        task_apply_map(xstar, b, 32, 4, scaled);
        for (int j = 0; j < 32; j++)
            assert_true(near(data.train.xstar[32 * i + j], xstar[j]));
    }
    /* each logit has variance 9 * D * (1/D)/3 = 3 */
    assert_true(fabs(squares / 800 - 3) < 0.6);
    free(a);
    free(b);
    task_free(&data);
}

static void softmax(const real *logits, double p[4])
{
    double total = 0;
    for (int j = 0; j < 4; j++)
        total += p[j] = exp(logits[j]);
    for (int j = 0; j < 4; j++)
        p[j] /= total;
}

/* Calibration by class: where the truth gives a class probability p, labels show it in p of the
 * cases. The sums over all examples are within five standard errors. */
static void the_labels_of_task_b_are_drawn_from_the_true_logits(void **state)
{
    struct task_data data = make("task-b", request_b);
    for (int class = 0; class < 4; class ++) {
        double excess = 0, weighted = 0, variance = 0;
        for (int i = 0; i < data.train.count; i++) {
            double p[4];
            softmax(data.train.true_logits + 4 * i, p);
            double surprise = (data.train.labels[i] == class) - p[class];
            excess += surprise;
            weighted += surprise * data.train.true_logits[4 * i + class];
            variance += p[class] * (1 - p[class]);
        }
        assert_true(variance > 100);
        assert_true(fabs(excess) < 5 * sqrt(variance));
        assert_true(fabs(weighted) < 5 * 3 * sqrt(variance));
    }
    task_free(&data);
}

static void the_same_request_gives_the_same_bits_and_another_seed_does_not(void **state)
{
    struct task_request other = request_b;
    other.data_seed++;
    struct task_data one = make("task-b", request_b), two = make("task-b", request_b);
    struct task_data three = make("task-b", other);
    size_t bytes = (size_t)one.train.count * 32 * sizeof(real);
    assert_memory_equal(one.train.xstar, two.train.xstar, bytes);
    assert_memory_equal(one.test.x, two.test.x, 50 * 128 * sizeof(real));
    assert_memory_not_equal(one.train.xstar, three.train.xstar, bytes);
    assert_memory_not_equal(one.train.x, one.test.x, 50 * 128 * sizeof(real));
    task_free(&one);
    task_free(&two);
    task_free(&three);
}

static void a_larger_data_set_begins_with_the_smaller_one(void **state)
{
    struct task_request smaller = request_a;
    smaller.n_train = 100;
    struct task_data small = make("task-a", smaller), large = make("task-a", request_a);
    assert_memory_equal(small.train.x, large.train.x, 100 * 64 * sizeof(real));
    assert_memory_equal(small.train.xstar, large.train.xstar, 100 * 4 * sizeof(real));
    assert_memory_equal(small.train.labels, large.train.labels, 100 * sizeof(real));
    assert_memory_equal(small.test.x, large.test.x, 50 * 64 * sizeof(real));
    task_free(&small);
    task_free(&large);
}

static void an_impossible_request_is_refused_and_nothing_leaks(void **state)
{
    struct task_data data;
    struct error error;
    struct task_request huge = request_a;
    huge.n_train = 10000000;
    huge.input_dim = 65536;
    assert_false(task_make(&data, "task-a", &huge, &error));
    assert_string_equal(error.text,
                        "n_train, n_test, input_dim: 10000000 examples of 65536 numbers are too "
                        "many; a matrix holds 2147483647 at most");
    assert_false(task_make(&data, "task-c", &request_a, &error));
    assert_string_equal(error.text,
                        "task: `task-c` is no task; `ldt-worker trial --help` lists them");
    task_free(&data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_entries_of_a_map_fill_the_interval_on_both_sides_of_zero),
        cmocka_unit_test(inputs_are_standard_normal),
        cmocka_unit_test(the_label_of_task_a_is_the_xor_of_the_signs_of_h),
        cmocka_unit_test(nothing_in_x_predicts_the_privileged_information_of_task_a),
        cmocka_unit_test(the_logits_of_task_b_are_scaled_and_xstar_is_a_map_of_them),
        cmocka_unit_test(the_labels_of_task_b_are_drawn_from_the_true_logits),
        cmocka_unit_test(the_same_request_gives_the_same_bits_and_another_seed_does_not),
        cmocka_unit_test(a_larger_data_set_begins_with_the_smaller_one),
        cmocka_unit_test(an_impossible_request_is_refused_and_nothing_leaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
