#include "worker/trial/ablation.h"
#include "common/xalloc.h"
#include "tests/unit/worker/trial/settings.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

enum { EXAMPLES = 200, STEPS = 4, FEATURES = 3, ROW = STEPS * FEATURES };

/* Frame t of example i is i, t, 10 i + t. */
static struct task_data trajectories(void)
{
    struct task_data data = { .steps = STEPS, .features = FEATURES, .privileged = ROW };
    struct task_set *sets[] = { &data.train, &data.test };
    for (int s = 0; s < 2; s++) {
        real *xstar = xaligned(EXAMPLES * ROW * sizeof(real));
        for (int i = 0; i < EXAMPLES; i++)
            for (int t = 0; t < STEPS; t++) {
                real *frame = xstar + i * ROW + t * FEATURES;
                frame[0] = (real)i;
                frame[1] = (real)t;
                frame[2] = (real)(10 * i + t);
            }
        *sets[s] = (struct task_set){ .count = EXAMPLES, .xstar = xstar };
    }
    return data;
}

static bool spoil(struct task_data *data, const char *ablation, uint64_t seed, struct error *error)
{
    char text[96];
    snprintf(text, sizeof text, "{\"task\":\"arrays\",\"data\":\"d\",\"ablation\":\"%s\"}",
             ablation);
    struct settings settings = settings_of(text);
    return ablation_apply(&settings, seed, data, error);
}

static const real *frame_of(const struct task_data *data, int i, int t)
{
    return data->train.xstar + i * ROW + t * FEATURES;
}

static void permuting_moves_whole_frames_within_each_example(void **state)
{
    struct task_data data = trajectories();
    struct error error;
    assert_true(spoil(&data, "permuted", 1, &error));
    int moved = 0, orders[STEPS][STEPS] = { { 0 } };
    for (int i = 0; i < EXAMPLES; i++) {
        unsigned seen = 0;
        for (int t = 0; t < STEPS; t++) {
            const real *frame = frame_of(&data, i, t);
            int from = (int)frame[1];
            assert_true(frame[0] == i && frame[2] == 10 * i + from);
            seen |= 1u << from;
            moved += from != t;
            orders[t][from]++;
        }
        assert_int_equal(seen, (1u << STEPS) - 1);
    }
    assert_true(moved > EXAMPLES * 2); /* of 4 frames an example, 3 leave their place */
    for (int t = 0; t < STEPS; t++)
        for (int from = 0; from < STEPS; from++)
            assert_in_range(orders[t][from], EXAMPLES / 8, EXAMPLES / 2);
    task_free(&data);
}

static void randomness_replaces_the_last_frames_only(void **state)
{
    struct task_data data = trajectories();
    struct error error;
    assert_true(spoil(&data, "random-3", 1, &error));
    double sum = 0, squares = 0;
    for (int i = 0; i < EXAMPLES; i++) {
        assert_true(frame_of(&data, i, 0)[0] == i && frame_of(&data, i, 0)[2] == 10 * i);
        for (int j = FEATURES; j < ROW; j++) {
            sum += frame_of(&data, i, 0)[j];
            squares += pow(frame_of(&data, i, 0)[j], 2);
        }
    }
    double count = EXAMPLES * (ROW - FEATURES);
    assert_true(fabs(sum / count) < 0.1);
    assert_true(fabs(squares / count - 1) < 0.1);
    task_free(&data);
}

static void nothing_but_the_training_trajectories_is_touched(void **state)
{
    static const char *const words[] = { "none", "permuted", "random-4" };
    for (int i = 0; i < 3; i++) {
        struct task_data data = trajectories(), untouched = trajectories();
        struct error error;
        size_t bytes = EXAMPLES * ROW * sizeof(real);
        assert_true(spoil(&data, words[i], 1, &error));
        assert_memory_equal(data.test.xstar, untouched.test.xstar, bytes);
        assert_int_equal(memcmp(data.train.xstar, untouched.train.xstar, bytes) == 0, i == 0);
        task_free(&data);
        task_free(&untouched);
    }
}

static void the_seed_decides_what_is_drawn(void **state)
{
    struct task_data one = trajectories(), same = trajectories(), other = trajectories();
    struct error error;
    size_t bytes = EXAMPLES * ROW * sizeof(real);
    assert_true(spoil(&one, "random-2", 5, &error));
    assert_true(spoil(&same, "random-2", 5, &error));
    assert_true(spoil(&other, "random-2", 6, &error));
    assert_memory_equal(one.train.xstar, same.train.xstar, bytes);
    assert_memory_not_equal(one.train.xstar, other.train.xstar, bytes);
    task_free(&one);
    task_free(&same);
    task_free(&other);
}

static void what_has_no_such_frames_is_refused(void **state)
{
    struct task_data data = trajectories();
    struct error error;
    assert_false(spoil(&data, "random-5", 1, &error));
    assert_string_equal(error.text, "ablation: random-5, but a trajectory has 4 frames");
    data.steps = 0;
    assert_false(spoil(&data, "permuted", 1, &error));
    assert_non_null(strstr(error.text, "d/xstar.npy holds no trajectories"));
    task_free(&data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(permuting_moves_whole_frames_within_each_example),
        cmocka_unit_test(randomness_replaces_the_last_frames_only),
        cmocka_unit_test(nothing_but_the_training_trajectories_is_touched),
        cmocka_unit_test(the_seed_decides_what_is_drawn),
        cmocka_unit_test(what_has_no_such_frames_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
