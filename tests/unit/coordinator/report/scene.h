/* scene.h - searches with studies, runs and curves, saved by hand so that every mean is known. */
#ifndef REPORT_TEST_SCENE_H
#define REPORT_TEST_SCENE_H
#include "../store/fixture.h"
#include "coordinator/space/definition.h"

/* Saves a search and the studies that its definition makes, with ids from first_study on. */
static inline void add_search(struct fixture *f, int64_t id, int64_t first_study, const char *json)
{
    struct problems problems;
    struct definition *definition;
    json_t *document = json_loads(json, 0, NULL);
    problems_init(&problems);
    if (!definition_parse(&definition, document, &problems))
        fail_msg("%s", problems.list[0].text);
    struct action search = search_action(id, definition->name);
    search.search.definition = json;
    assert_int_equal(save(f, search), STORE_OK);
    for (size_t i = 0; i < definition->n_studies; i++) {
        struct action study = study_action(first_study + (int64_t)i, id,
                                           definition->studies[i].name);
        study.study.position = (int64_t)i;
        study.study.repeat = definition->repeat;
        assert_int_equal(save(f, study), STORE_OK);
    }
    definition_destroy(&definition);
    problems_free(&problems);
    json_decref(document);
}

/* A run with its value; the seed is that of its repetition, as with `repeat`. NaN: it diverged. */
static inline void add_run(struct fixture *f, int64_t study, int64_t number, int64_t repeat,
                           double value, const char *parameters)
{
    struct action trial = trial_action(study, number), attempt = attempt_action(study, number, 1);
    trial.trial.configuration = number / repeat;
    trial.trial.repetition = (int32_t)(number % repeat);
    trial.trial.seed = 100 + number % repeat;
    trial.trial.state = isnan(value) ? TRIAL_DIVERGED : TRIAL_DONE;
    trial.trial.has_value = !isnan(value);
    trial.trial.value = isnan(value) ? 0 : value;
    trial.trial.parameters = parameters;
    attempt.attempt.state = isnan(value) ? ATTEMPT_DIVERGED : ATTEMPT_DONE;
    attempt.attempt.finished_ms = 1700000009000;
    assert_int_equal(save(f, trial, attempt), STORE_OK);
}

/* Its curve: test and train metric at epochs 0, 1, 2. */
static inline void add_curve(struct fixture *f, int64_t study, int64_t number, const char *metric,
                             const double *test, const double *train)
{
    char name[2][64];
    struct point points[6];
    snprintf(name[0], sizeof name[0], "test_%s", metric);
    snprintf(name[1], sizeof name[1], "train_%s", metric);
    for (int i = 0; i < 3; i++) {
        points[2 * i] = (struct point){ 10 * i, i, name[0], test[i] };
        points[2 * i + 1] = (struct point){ 10 * i, i, name[1], train[i] };
    }
    assert_int_equal(save(f, points_action((struct attempt_ref){ study, number, 1 }, 0, points, 6)),
                     STORE_OK);
}

/* grid (maximize, repeat 2): method ours, plain by n 10, 20, 40: studies 1 to 6.
 *     ours    n 10: 0.5 0.7   n 20: 0.8 0.9   n 40: 0.9 1.0
 *     plain   n 10: 0.4 0.4   n 20: 0.6 and diverged   n 40: nothing yet */
static inline void add_grid(struct fixture *f)
{
    static const double values[5][2] = {
        { 0.5, 0.7 }, { 0.8, 0.9 }, { 0.9, 1.0 }, { 0.4, 0.4 }, { 0.6, NAN }
    };
    add_search(f, 1, 1,
               "{\"name\":\"grid\",\"command\":[\"train\"],\"metric\":{\"name\":\"test_score\","
               "\"goal\":\"maximize\"},\"sampler\":{\"name\":\"grid\"},\"repeat\":2,\"matrix\":{"
               "\"method\":[\"ours\",\"plain\"],\"n\":[10,20,40]},\"parameters\":{\"x\":{"
               "\"value\":1}}}");
    for (int study = 0; study < 5; study++) {
        for (int run = 0; run < 2; run++) {
            double value = values[study][run];
            add_run(f, study + 1, run, 2, value, "{\"x\":1}");
            add_curve(f, study + 1, run, "score", (double[]){ 0.1, value / 2, value },
                      (double[]){ 0.2, 0.5, 1.0 });
        }
    }
}

/* figure-3d (minimize, tpe, repeat 2): studies 7 ldt and 8 no-teacher, two configurations each, and
 * study 9, the re-run of ldt's best on three other seeds. */
static inline void add_paper(struct fixture *f)
{
    static const double values[2][4] = { { 0.3, 0.5, 0.1, 0.2 }, { 0.6, 0.8, 0.9, 0.9 } };
    static const double again[3] = { 0.15, 0.2, 0.25 };
    add_search(f, 2, 7,
               "{\"name\":\"figure-3d\",\"program\":\"ldt\",\"metric\":{\"name\":\"test_kl\"},"
               "\"trials\":2,\"repeat\":2,\"matrix\":{\"method\":[\"ldt\",\"no-teacher\"]},"
               "\"parameters\":{\"task\":{\"value\":\"task-b\"},\"student_lr\":{\"distribution\":"
               "\"log_uniform_values\",\"min\":0.0001,\"max\":0.01}}}");
    for (int64_t study = 0; study < 2; study++) {
        for (int64_t run = 0; run < 4; run++)
            add_run(f, 7 + study, run, 2, values[study][run],
                    run < 2 ? "{\"task\":\"task-b\",\"student_lr\":0.001}"
                            : "{\"task\":\"task-b\",\"student_lr\":0.005}");
    }
    struct action rerun = study_action(9, 2, "figure-3d/ldt/rerun");
    rerun.study.position = 2;
    rerun.study.repeat = 3;
    rerun.study.parent = 7;
    assert_int_equal(save(f, rerun), STORE_OK);
    for (int64_t run = 0; run < 3; run++)
        add_run(f, 9, run, 3, again[run], "{\"task\":\"task-b\",\"student_lr\":0.005}");
}

static inline int make_scene(void **state)
{
    make_store(state);
    struct fixture *f = *state;
    assert_int_equal(save(f, worker_action(1, "w1")), STORE_OK);
    add_grid(f);
    add_paper(f);
    return 0;
}
#endif
