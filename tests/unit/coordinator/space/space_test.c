/* Points of a space: conditions, enumeration, equality, JSON. */
#include "common/json.h"
#include "coordinator/space/space.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))
#define UNBOUNDED    .bounds = { -INFINITY, INFINITY, false, false }
#define TEXT(word)                                                                                 \
    {                                                                                              \
        VALUE_TEXT,                                                                                \
        {                                                                                          \
            .text = word                                                                           \
        }                                                                                          \
    }
#define CHOICE(list) .distribution = CATEGORICAL, .values = list, .n_values = COUNT(list), UNBOUNDED
#define WHEN(list)   .conditions = list, .n_conditions = COUNT(list)
#define PARAMETER(label, list, dimension)                                                          \
    {                                                                                              \
        label, list, COUNT(list), dimension                                                        \
    }

/* optimizer: sgd or adam; momentum when sgd, one of two domains of depth by optimizer; width when
 * depth is deep; and a constant. sgd: 2 momenta x 3 depths = 6 points; adam: shallow 1, deep 3
 * widths = 4. */
static struct value optimizers[] = { TEXT("sgd"), TEXT("adam") },
                    depths[] = { TEXT("shallow"), TEXT("deep") },
                    momenta[] = { { VALUE_REAL, { .real = 0.5 } },
                                  { VALUE_REAL, { .real = 0.9 } } },
                    fixed[] = { { VALUE_BOOLEAN, { .boolean = true } } };
static struct condition if_sgd[] = { { 1, &optimizers[0], 1 } },
                        if_adam[] = { { 1, &optimizers[1], 1 } },
                        if_deep[] = { { 3, &depths[1], 1 } };
static struct domain constant_domains[] = { { .distribution = CONSTANT,
                                              .values = fixed,
                                              .n_values = 1,
                                              UNBOUNDED } },
                     optimizer_domains[] = { { CHOICE(optimizers) } },
                     momentum_domains[] = { { CHOICE(momenta), WHEN(if_sgd) } },
                     depth_domains[] = { { .distribution = INT_UNIFORM,
                                           .min = 1,
                                           .max = 3,
                                           .integer = true,
                                           WHEN(if_sgd),
                                           UNBOUNDED },
                                         { CHOICE(depths), WHEN(if_adam) } },
                     width_domains[] = { { .distribution = INT_UNIFORM,
                                           .min = 7,
                                           .max = 9,
                                           .integer = true,
                                           WHEN(if_deep),
                                           UNBOUNDED } },
                     rate_domains[] = {
                         { .distribution = UNIFORM, .min = 0, .max = 1, UNBOUNDED }
                     };
static struct parameter tree_parameters[] = {
    PARAMETER("flag", constant_domains, 0),     PARAMETER("optimizer", optimizer_domains, 1),
    PARAMETER("momentum", momentum_domains, 2), PARAMETER("depth", depth_domains, 3),
    PARAMETER("width", width_domains, 5),       PARAMETER("rate", rate_domains, 6),
};
static const struct space tree = { tree_parameters, 5, 6 };
static const struct space endless = { tree_parameters, 6, 7 };

static void a_finite_tree_of_conditions_is_counted(void **state)
{
    assert_int_equal(space_size(&tree), 2 * 3 + 1 + 3);
    assert_true(space_size(&endless) == INT64_MAX);
    struct space one = { tree_parameters, 1, 1 };
    assert_int_equal(space_size(&one), 1);
}

static void every_point_of_a_finite_space_comes_once_and_is_legal(void **state)
{
    struct value points[10][5], back[5];
    for (int k = 0; k < 10; k++) {
        space_point(&tree, k, points[k]);
        for (int j = 0; j < k; j++) {
            assert_false(space_points_equal(&tree, points[j], points[k]));
            assert_true(space_point_hash(&tree, points[j]) != space_point_hash(&tree, points[k]));
        }
        json_t *object = space_to_json(&tree, points[k]);
        assert_true(space_from_json(&tree, object, back));
        assert_true(space_points_equal(&tree, points[k], back));
        json_decref(object);
    }
}

static void check_point(int64_t k, const char *want)
{
    struct value values[5];
    space_point(&tree, k, values);
    json_t *object = space_to_json(&tree, values);
    char *text = json_text(object);
    assert_string_equal(text, want);
    free(text);
    json_decref(object);
}

static void the_first_parameter_turns_slowest(void **state)
{
    check_point(0, "{\"flag\":true,\"optimizer\":\"sgd\",\"momentum\":0.5,\"depth\":1}");
    check_point(1, "{\"flag\":true,\"optimizer\":\"sgd\",\"momentum\":0.5,\"depth\":2}");
    check_point(5, "{\"flag\":true,\"optimizer\":\"sgd\",\"momentum\":0.9,\"depth\":3}");
    check_point(6, "{\"flag\":true,\"optimizer\":\"adam\",\"depth\":\"shallow\"}");
    check_point(9, "{\"flag\":true,\"optimizer\":\"adam\",\"depth\":\"deep\",\"width\":9}");
}

/* 40 two-valued parameters, each with a child of its own: 3^40 points, counted without walking
 * them. */
static void independent_conditions_are_counted_apart(void **state)
{
    struct parameter parameters[80];
    struct domain parents[40], children[40];
    struct condition conditions[40];
    for (int i = 0; i < 40; i++) {
        parents[i] = (struct domain){ CHOICE(optimizers) };
        conditions[i] = (struct condition){ i, &optimizers[0], 1 };
        children[i] =
            (struct domain){ CHOICE(momenta), .conditions = &conditions[i], .n_conditions = 1 };
        parameters[i] = (struct parameter){ "parent", &parents[i], 1, i };
        parameters[40 + i] = (struct parameter){ "child", &children[i], 1, 40 + i };
    }
    struct space space = { parameters, 80, 80 };
    assert_true(space_size(&space) == INT64_MAX); /* 3^40 does not fit */
    for (int i = 0; i < 40; i++)                  /* 20 parents and their children: 3^20 does */
        parameters[20 + i] = parameters[i < 20 ? 40 + i : 0];
    space.n_parameters = space.n_dimensions = 40;
    for (int i = 0; i < 40; i++)
        parameters[i].first_dimension = i;
    assert_int_equal(space_size(&space), 3486784401);
    struct value values[40];
    space_point(&space, 3486784400, values);
    for (int i = 0; i < 20; i++)
        assert_string_equal(values[i].text, "adam");
}

/* Thirty parameters named by one condition: too tangled to count, but the answer comes at once. */
static void a_tangle_of_conditions_does_not_hang(void **state)
{
    struct parameter parameters[31];
    struct domain domains[31];
    struct condition conditions[30];
    for (int i = 0; i < 31; i++) {
        domains[i] = (struct domain){ CHOICE(optimizers) };
        parameters[i] = (struct parameter){ "p", &domains[i], 1, i };
        if (i < 30)
            conditions[i] = (struct condition){ i, &optimizers[0], 1 };
    }
    domains[30].conditions = conditions;
    domains[30].n_conditions = 30;
    struct space space = { parameters, 31, 31 };
    assert_true(space_size(&space) == INT64_MAX);
}

static void coordinates_are_nan_exactly_where_a_dimension_is_inactive(void **state)
{
    struct rng rng;
    struct value values[6];
    double u[7];
    rng_init(&rng, 21, RNG_TEST, 0);
    int seen_deep = 0;
    for (int i = 0; i < 500; i++) {
        space_draw(&endless, &rng, values);
        space_coordinates(&endless, values, u);
        bool sgd = u[1] == 0, deep = !sgd && u[4] == 1;
        assert_true(isnan(u[2]) == !sgd && isnan(u[3]) == !sgd);
        assert_true(isnan(u[4]) == sgd && isnan(u[5]) == !deep);
        assert_true(u[0] == 0 && u[6] >= 0 && u[6] <= 1);
        seen_deep += deep;
    }
    assert_in_range(seen_deep, 80, 170);
}

static void drawn_points_survive_their_json_text(void **state)
{
    struct rng rng;
    struct value values[6], back[6];
    double u[7], again[7];
    rng_init(&rng, 22, RNG_TEST, 0);
    for (int i = 0; i < 500; i++) {
        space_draw(&endless, &rng, values);
        json_t *object = space_to_json(&endless, values);
        char *text = json_text(object);
        json_t *parsed = json_loads(text, 0, NULL);
        assert_true(space_from_json(&endless, parsed, back));
        assert_true(space_points_equal(&endless, values, back));
        assert_true(space_point_hash(&endless, values) == space_point_hash(&endless, back));
        space_coordinates(&endless, values, u);
        space_coordinates(&endless, back, again);
        assert_memory_equal(u, again, sizeof u);
        json_decref(parsed);
        free(text);
        json_decref(object);
    }
}

static void check_refused(const char *text)
{
    struct value values[6];
    json_t *object = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(object);
    bool accepted = space_from_json(&endless, object, values);
    json_decref(object);
    if (accepted)
        fail_msg("accepted %s", text);
}

static void what_is_no_point_of_the_space_is_refused(void **state)
{
    check_refused("3");
    check_refused("{}");
    check_refused("{\"flag\":true,\"optimizer\":\"sgd\",\"momentum\":0.5,\"depth\":4,\"rate\":0}");
    check_refused(
        "{\"flag\":true,\"optimizer\":\"sgd\",\"momentum\":0.5,\"depth\":1.5,\"rate\":0}");
    check_refused(
        "{\"flag\":true,\"optimizer\":\"sgd\",\"momentum\":0.5,\"depth\":1,\"rate\":1.5}");
    check_refused("{\"flag\":true,\"optimizer\":\"sgd\",\"momentum\":0.5,\"depth\":1}");
    check_refused("{\"flag\":false,\"optimizer\":\"sgd\",\"momentum\":0.5,\"depth\":1,\"rate\":0}");
    check_refused(
        "{\"flag\":true,\"optimizer\":\"adam\",\"momentum\":0.5,\"depth\":\"shallow\",\"rate\":0}");
    check_refused(
        "{\"flag\":true,\"optimizer\":\"adam\",\"depth\":\"shallow\",\"rate\":0,\"more\":1}");
    check_refused("{\"flag\":true,\"optimizer\":null,\"depth\":\"shallow\",\"rate\":[0]}");
}

static void one_and_one_point_zero_are_different_values(void **state)
{
    struct value one = { VALUE_INTEGER, { .integer = 1 } },
                 real_one = { VALUE_REAL, { .real = 1 } };
    assert_false(value_equal(one, real_one));
    assert_true(value_equal(one, one));
    assert_true(value_number(one) == value_number(real_one));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_finite_tree_of_conditions_is_counted),
        cmocka_unit_test(every_point_of_a_finite_space_comes_once_and_is_legal),
        cmocka_unit_test(the_first_parameter_turns_slowest),
        cmocka_unit_test(independent_conditions_are_counted_apart),
        cmocka_unit_test(a_tangle_of_conditions_does_not_hang),
        cmocka_unit_test(coordinates_are_nan_exactly_where_a_dimension_is_inactive),
        cmocka_unit_test(drawn_points_survive_their_json_text),
        cmocka_unit_test(what_is_no_point_of_the_space_is_refused),
        cmocka_unit_test(one_and_one_point_zero_are_different_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
