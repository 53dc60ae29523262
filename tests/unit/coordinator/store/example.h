/* example.h - a small database made by hand, so that every answer about it is known.
 *
 * task-b (repeat 2, minimize): study 1 task-b/ldt, study 2 task-b/no-teacher without trials
 *     configuration 0   trials 0, 1   done 1.0 and 3.0; trial 0 in its second attempt
 *     configuration 1   trials 2, 3   done 1.5, and running
 *     configuration 2   trials 4, 5   done 0.5 and 0.7
 * solo (maximize): study 3 solo, one trial for each state, and a tie */
#ifndef STORE_TEST_EXAMPLE_H
#define STORE_TEST_EXAMPLE_H
#include "fixture.h"

static inline struct action example_search(int64_t id, const char *name, const char *definition)
{
    struct action action = search_action(id, name);
    action.search.definition = definition;
    return action;
}

static inline struct action example_study(int64_t id, int64_t search, int64_t position,
                                          const char *name, int64_t budget)
{
    struct action action = study_action(id, search, name);
    action.study.position = position;
    action.study.budget = budget;
    action.study.repeat = search == 1 ? 2 : 1;
    return action;
}

static inline void save_example_searches(struct fixture *f)
{
    static const char task_b[] =
        "{\"name\":\"task-b\",\"program\":\"ldt\",\"metric\":{\"name\":\"test_kl\"},\"repeat\":2,"
        "\"matrix\":{\"method\":[\"ldt\",\"no-teacher\"]},\"parameters\":{\"task\":{\"value\":"
        "\"task-b\"},\"student_lr\":{\"min\":0.0001,\"max\":0.01},\"batch.size\":[{\"values\":"
        "[8]}],\"epochs\":{\"value\":16}}}";
    static const char solo[] =
        "{\"name\":\"solo\",\"command\":[\"train\",\"it\"],\"metric\":{\"name\":\"score\",\"goal\":"
        "\"maximize\"},\"sampler\":{\"name\":\"random\"},\"parameters\":{\"x\":{\"min\":0,"
        "\"max\":1}}}";
    assert_int_equal(save(f, example_search(1, "task-b", task_b), example_search(2, "solo", solo),
                          example_study(1, 1, 0, "task-b/ldt", 3),
                          example_study(2, 1, 1, "task-b/no-teacher", 3),
                          example_study(3, 2, 0, "solo", 10), worker_action(1, "w1"),
                          worker_action(2, "w2")),
                     STORE_OK);
}

/* A trial and its current attempt, on the worker with the number of the attempt. NaN: no value. */
static inline void save_example_trial(struct fixture *f, int64_t study, int64_t number,
                                      enum trial_state state, int32_t attempts, double value,
                                      const char *parameters)
{
    static const enum attempt_state states[] = {
        [TRIAL_RUNNING] = ATTEMPT_RUNNING,   [TRIAL_DONE] = ATTEMPT_DONE,
        [TRIAL_PRUNED] = ATTEMPT_PRUNED,     [TRIAL_DIVERGED] = ATTEMPT_DIVERGED,
        [TRIAL_FAILED] = ATTEMPT_FAILED,     [TRIAL_CANCELLED] = ATTEMPT_CANCELLED,
    };
    struct action trial = trial_action(study, number),
                  attempt = attempt_action(study, number, attempts);
    int repeat = study == 1 ? 2 : 1;
    bool final = state >= TRIAL_DONE;
    trial.trial.configuration = number / repeat;
    trial.trial.repetition = (int32_t)(number % repeat);
    trial.trial.state = state;
    trial.trial.attempts = attempts;
    trial.trial.has_value = !isnan(value);
    trial.trial.value = value;
    trial.trial.parameters = parameters;
    trial.trial.reason = state == TRIAL_FAILED ? "exit status 1: no such file" : "";
    trial.trial.finished_ms = final ? trial.trial.created_ms + 3600000 : 0;
    attempt.attempt.state = states[state];
    attempt.attempt.worker = attempts;
    attempt.attempt.finished_ms = trial.trial.finished_ms;
    attempt.attempt.duration_ms = final ? 1500 : 0;
    attempt.attempt.exit_status = state == TRIAL_FAILED ? 1 : 0;
    attempt.attempt.reason = trial.trial.reason;
    attempt.attempt.log =
        state == TRIAL_FAILED ? "opening data\nTraceback: \033[31mno such file" : "";
    assert_int_equal(attempts > 0 ? save(f, trial, attempt) : save(f, trial), STORE_OK);
}

static inline void save_example_curves(struct fixture *f)
{
    struct point first[] = { { 240, 0.5, "test_kl", 9.0 }, { 240, 0.5, "test_loss", 8.0 } };
    struct point second[] = {
        { 240, 0.5, "test_kl", 1.5 }, { 240, 0.5, "test_loss", NAN },
        { 480, NAN, "test_kl", 1.0 }, { 480, NAN, "test_loss", INFINITY },
    };
    struct point other[] = { { 240, 0.5, "test_kl", 4.0 }, { 480, 1, "test_kl", 3.0 } };
    struct action lost = attempt_action(1, 0, 1);
    lost.attempt.state = ATTEMPT_LOST;
    lost.attempt.finished_ms = 1700000002000;
    lost.attempt.duration_ms = 500;
    lost.attempt.reason = "its worker fell silent";
    assert_int_equal(save(f, lost, points_action((struct attempt_ref){ 1, 0, 1 }, 0, first, 2),
                          points_action((struct attempt_ref){ 1, 0, 2 }, 0, second, 4),
                          points_action((struct attempt_ref){ 1, 1, 1 }, 0, other, 2)),
                     STORE_OK);
}

static inline int make_example(void **state)
{
    static const char one[] =
        "{\"task\":\"task-b\",\"student_lr\":0.001,\"batch.size\":8,\"epochs\":16}";
    static const char two[] = "{\"task\":\"task-b\",\"student_lr\":0.00234567891,\"epochs\":16}";
    static const double ldt[] = { 1.0, 3.0, 1.5, NAN, 0.5, 0.7 };
    make_store(state);
    struct fixture *f = *state;
    save_example_searches(f);
    for (int64_t i = 0; i < 6; i++)
        save_example_trial(f, 1, i, i == 3 ? TRIAL_RUNNING : TRIAL_DONE, i == 0 ? 2 : 1, ldt[i],
                           i < 4 ? one : two);
    save_example_trial(f, 3, 0, TRIAL_DONE, 1, 0.5, "{\"x\":0.5}");
    save_example_trial(f, 3, 1, TRIAL_DONE, 1, 0.75, "{\"x\":0.25}");
    save_example_trial(f, 3, 2, TRIAL_DONE, 1, 0.75, "{\"x\":0.75}");
    save_example_trial(f, 3, 3, TRIAL_DIVERGED, 1, 0.99, "{\"x\":0.99}");
    save_example_trial(f, 3, 4, TRIAL_FAILED, 2, NAN, "{\"x\":0.125}");
    save_example_trial(f, 3, 5, TRIAL_RUNNING, 1, NAN, "{\"x\":0.1}");
    save_example_trial(f, 3, 6, TRIAL_WAITING, 0, NAN, "{\"x\":0.2}");
    save_example_trial(f, 3, 7, TRIAL_CANCELLED, 1, NAN, "{\"x\":0.3}");
    save_example_trial(f, 3, 8, TRIAL_PRUNED, 1, 0.4, "{\"x\":0.4}");
    save_example_curves(f);
    return 0;
}
#endif
