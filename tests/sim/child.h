/* child.h - a simulated training run: what it reports follows from its trial alone, so that two
 * attempts of one trial report the same curve, and a recorded curve can be compared with what it
 * must be. */
#ifndef SIM_CHILD_H
#define SIM_CHILD_H
#include "common/message.h"
#include "common/rng.h"

#include <math.h>

enum fate { FATE_DONE, FATE_FAILS, FATE_DIES, FATE_HANGS, FATE_NAN, FATE_NO_METRIC };

#define CHILD_DIED "killed by a signal"

/* Ends without a result of its own. */
static inline bool fate_breaks(enum fate fate)
{
    return fate == FATE_FAILS || fate == FATE_DIES || fate == FATE_HANGS;
}

/* The plan of an attempt: the curve depends on (study, trial) only, the end on the attempt, too. */
struct child_plan {
    int64_t points;
    int64_t step_ms; /* between two points */
    enum fate fate;
    int64_t fails_after; /* points, where it fails or dies */
};

struct child {
    struct attempt_ref ref;
    struct child_plan plan;
    const char *metric; /* the objective of its search */
    int64_t reported;
    int64_t next_ms;      /* its next point, or its end */
    int64_t resumes_with; /* points that its checkpoint gives it at once */
    bool killed, preempted, pruned, hangs;
};

static inline struct rng child_rng(struct attempt_ref ref, uint64_t salt)
{
    struct rng rng;
    rng_init(&rng, (uint64_t)ref.study * 1000003 + salt, RNG_TEST, (uint64_t)ref.trial);
    return rng;
}

static inline struct child_plan child_plan(struct attempt_ref ref)
{
    struct rng curve = child_rng(ref, 1), end = child_rng(ref, 1000 + (uint64_t)ref.attempt);
    struct child_plan plan = {
        .points = 1 + (int64_t)rng_below(&curve, 12),
        .step_ms = 200 + (int64_t)rng_below(&curve, 6000),
    };
    double fate = rng_uniform(&curve), luck = rng_uniform(&end);
    plan.fate = fate < 0.07 ? FATE_NAN : fate < 0.10 ? FATE_NO_METRIC : FATE_DONE;
    bool poison = rng_uniform(&curve) < 0.02;
    if (plan.fate == FATE_DONE && poison)
        plan.fate = FATE_DIES;
    else if (plan.fate == FATE_DONE)
        plan.fate = luck < 0.10   ? FATE_FAILS
                    : luck < 0.16 ? FATE_DIES
                    : luck < 0.17 ? FATE_HANGS
                                  : FATE_DONE;
    plan.fails_after = (int64_t)rng_below(&end, (uint64_t)plan.points);
    if (fate_breaks(plan.fate))
        plan.points = plan.fails_after;
    return plan;
}

/* Point k of a trial's curve. */
static inline struct point child_point(struct attempt_ref ref, enum fate fate, const char *metric,
                                       int64_t k)
{
    struct rng rng = child_rng(ref, 100000 + (uint64_t)k);
    double value = rng_normal(&rng);
    if (fate == FATE_NAN && k % 3 == 0)
        value = NAN;
    bool other = fate == FATE_NO_METRIC || (k % 4 == 1);
    return (struct point){ .step = 10 * (k + 1),
                           .epoch = (double)k / 2,
                           .metric = other ? "speed" : metric,
                           .value = other ? 1.0 : value };
}

/* The RESULT that a shell would make of its end. */
static inline struct message child_result(const struct child *child)
{
    struct message message = { .type = MESSAGE_RESULT };
    message.result.ref = child->ref;
    message.result.kind = RESULT_DONE;
    message.result.reason = message.result.log = message.result.info = "";
    message.result.duration_ms = child->reported * child->plan.step_ms;
    if (child->killed || child->plan.fate == FATE_DIES) {
        message.result.kind = RESULT_DIED;
        message.result.reason = CHILD_DIED;
        message.result.exit_status = -9;
    } else if (child->hangs) {
        message.result.kind = RESULT_TIMEOUT;
        message.result.reason = "no new step for too long";
        message.result.exit_status = -15;
    } else if (child->plan.fate == FATE_FAILS) {
        message.result.kind = RESULT_FAILED;
        message.result.reason = "ValueError: no";
        message.result.exit_status = 1;
    }
    return message;
}
#endif
