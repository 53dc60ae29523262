/* Suggestions are a function of (space, history, stream): whatever is kept along the way changes
 * no bit, neither does a round trip of the values through their JSON text, nor the order in which
 * outcomes came. */
#include "common/arena.h"
#include "common/json.h"
#include "coordinator/search/sampler.h"
#include "tests/bench/functions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

enum { CONFIGURATIONS = 90, OUTCOMES = 400 };

struct outcome {
    int configuration;
    enum observation_state state;
    double value;
};

/* A search as it went: points in order, and between them outcomes that come late, out of order,
 * twice. */
struct recorded {
    struct arena *arena;
    const struct bench_function *function;
    struct space space;
    char *points[CONFIGURATIONS];        /* as JSON text */
    int outcomes_before[CONFIGURATIONS]; /* how many of the outcomes were known at the suggestion */
    struct outcome outcomes[OUTCOMES];
    int n_outcomes;
};

static void suggest(const struct recorded *r, struct history *history, int number,
                    struct value *values)
{
    struct rng rng;
    rng_init(&rng, 77, RNG_SUGGEST, (uint64_t)number);
    assert_true(sampler_of(SAMPLER_TPE)->suggest(&r->space, history, &rng, values));
}

static void observe(struct history *history, const struct outcome *outcome)
{
    history_observe(history, outcome->configuration, outcome->state, outcome->value);
}

static struct outcome draw_outcome(struct recorded *r, struct history *history, struct rng *rng)
{
    int configuration = (int)rng_below(rng, (uint64_t)history_count(history));
    double u = rng_uniform(rng);
    struct outcome outcome = { configuration, OBSERVED_FINISHED, 0 };
    outcome.value = bench_value(r->function, &r->space, history_values(history, configuration));
    if (u < 0.15)
        outcome.state = OBSERVED_WORST;
    else if (u < 0.25)
        outcome.state = OBSERVED_RUNNING; /* tried again */
    else if (u < 0.35)
        outcome.value = rint(outcome.value); /* ties */
    return outcome;
}

static void record(struct recorded *r, const char *name, uint64_t seed)
{
    struct value values[BENCH_PARAMETERS];
    struct rng rng;
    *r = (struct recorded){ .arena = arena_create(1 << 14) };
    for (int f = 0; f < BENCH_FUNCTIONS; f++)
        if (strstr(bench_functions[f].name, name) != NULL)
            r->function = &bench_functions[f];
    r->space = bench_space(r->arena, r->function);
    struct history *history = history_create(&r->space);
    rng_init(&rng, seed, RNG_TEST, 0);
    for (int i = 0; i < CONFIGURATIONS; i++) {
        for (uint64_t n = i > 4 ? rng_below(&rng, 6) : 0; n > 0 && r->n_outcomes < OUTCOMES; n--) {
            r->outcomes[r->n_outcomes] = draw_outcome(r, history, &rng);
            observe(history, &r->outcomes[r->n_outcomes++]);
        }
        r->outcomes_before[i] = r->n_outcomes;
        suggest(r, history, i, values);
        history_add(history, values);
        json_t *object = space_to_json(&r->space, values);
        r->points[i] = json_text(object);
        json_decref(object);
    }
    history_destroy(&history);
}

static void recorded_free(struct recorded *r)
{
    for (int i = 0; i < CONFIGURATIONS; i++)
        free(r->points[i]);
    arena_destroy(&r->arena);
}

static void add_from_text(const struct recorded *r, struct history *history, int i)
{
    struct value values[BENCH_PARAMETERS];
    json_t *object = json_loads(r->points[i], 0, NULL);
    assert_true(space_from_json(&r->space, object, values));
    history_add(history, values);
    json_decref(object);
}

static void check_suggestion(const struct recorded *r, struct history *history, int i)
{
    struct value values[BENCH_PARAMETERS];
    suggest(r, history, i, values);
    json_t *object = space_to_json(&r->space, values);
    char *text = json_text(object);
    assert_string_equal(text, r->points[i]);
    free(text);
    json_decref(object);
}

/* Each suggestion from a history made for it alone, with only the last outcome of each
 * configuration. */
static void a_fresh_history_suggests_what_a_grown_one_did(void **state)
{
    static const char *const names[] = { "F06", "F08", "F09", "F10" };
    for (size_t f = 0; f < 4; f++) {
        struct recorded r;
        record(&r, names[f], 40 + f);
        for (int i = 0; i < CONFIGURATIONS; i++) {
            struct history *fresh = history_create(&r.space);
            int last[CONFIGURATIONS];
            memset(last, 0xff, sizeof last);
            for (int k = 0; k < i; k++)
                add_from_text(&r, fresh, k);
            for (int o = 0; o < r.outcomes_before[i]; o++)
                last[r.outcomes[o].configuration] = o;
            for (int k = i - 1; k >= 0; k--)
                if (last[k] >= 0)
                    observe(fresh, &r.outcomes[last[k]]);
            check_suggestion(&r, fresh, i);
            history_destroy(&fresh);
        }
        recorded_free(&r);
    }
}

/* Asking more than once, or not at all, leaves no trace. */
static void asking_in_between_changes_nothing(void **state)
{
    struct recorded r;
    struct value values[BENCH_PARAMETERS];
    record(&r, "F08", 50);
    struct history *history = history_create(&r.space);
    int seen = 0;
    for (int i = 0; i < CONFIGURATIONS; i++) {
        for (; seen < r.outcomes_before[i]; seen++)
            observe(history, &r.outcomes[seen]);
        for (int extra = 0; extra < i % 3; extra++)
            suggest(&r, history, 1000 + extra, values);
        check_suggestion(&r, history, i);
        add_from_text(&r, history, i);
    }
    history_destroy(&history);
    recorded_free(&r);
}

static void another_number_suggests_another_point(void **state)
{
    struct recorded r;
    struct value a[BENCH_PARAMETERS], b[BENCH_PARAMETERS];
    record(&r, "F09", 51);
    struct history *history = history_create(&r.space);
    suggest(&r, history, 0, a);
    suggest(&r, history, 1, b);
    assert_false(space_points_equal(&r.space, a, b));
    history_destroy(&history);
    recorded_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fresh_history_suggests_what_a_grown_one_did),
        cmocka_unit_test(asking_in_between_changes_nothing),
        cmocka_unit_test(another_number_suggests_another_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
