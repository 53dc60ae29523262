/* sim_check.h - what must hold while a run goes on, and when all is done: progress in good weather,
 * curves as their runs reported them, suggestions that replay. */
#ifndef SIM_CHECK_H
#define SIM_CHECK_H
#include "coordinator/core/replay.h"
#include "coordinator/core/share.h"
#include "tests/sim/sim_hostile.h"
#include "tests/sim/sim_worker.h"

/* ---- while it goes on ------------------------------------------------------------------------ */

static inline bool is_live(const struct sim *sim, const struct sim_start *start)
{
    const struct sim_worker *worker = &sim->workers[start->worker];
    return worker->agent != NULL && worker->life == start->life && !worker->agent->stopping;
}

static inline void check_lapsed(struct sim *sim, const struct list *lapsed)
{
    LIST_EACH(lapsed, link) {
        const struct live_trial *live = LIVE_QUEUED(link);
        const struct sim_start *start = find_start(sim, live->attempt.ref);
        if (start != NULL && start->at_ms > sim->calm_ms + SIM_SETTLED_MS && is_live(sim, start))
            sim_fail(sim, "I4: the lease of trial %d lapsed, and its worker %d is alive and heard",
                     (int)live->trial->number, start->worker);
    }
}

/* Heartbeats count: in good weather no lease lapses whose worker lives. Where messages overtake
 * each other by seconds, a HELLO may overtake the TRIAL that it should have named: no fault. */
static inline void check_leases_held(struct sim *sim)
{
    if (sim->network.delay_ms > SIM_SWIFT_MS)
        return;
    for (size_t i = 0; i < sim->core->n_searches; i++) {
        const struct search *search = sim->core->searches[i];
        for (size_t k = 0; k < search->n_studies; k++)
            check_lapsed(sim, &search->studies[k]->lapsed);
    }
    check_lapsed(sim, &sim->core->orphans);
}

static inline bool told_to_leave(const struct sim *sim, const struct sim_worker *worker)
{
    const struct worker *known =
        index_find(&sim->core->instances, worker->agent->options.instance);
    return known != NULL && known->row.drain != DRAIN_NO;
}

static inline bool wants_work(const struct sim *sim, const struct sim_worker *worker)
{
    const struct agent *agent = worker->agent;
    return agent != NULL && agent->session.open && !agent->stopping && !agent->draining &&
           !told_to_leave(sim, worker) && !agent->breaker.benched &&
           agent->pause_until_ms <= sim->now_ms && agent_free_slots(agent) > 0;
}

/* In good weather a worker that could work gets what there is. */
static inline void check_idle(struct sim *sim)
{
    for (int i = 0; i < sim->n_workers; i++) {
        struct sim_worker *worker = &sim->workers[i];
        const struct study *work =
            wants_work(sim, worker) ? share_pick(sim->core, worker->allow_command) : NULL;
        if (work == NULL)
            worker->idle_since_ms = -1;
        else if (worker->idle_since_ms < 0)
            worker->idle_since_ms = sim->now_ms;
        else if (sim->now_ms - worker->idle_since_ms > SIM_IDLE_MS)
            sim_fail(sim, "I4: worker %d has nothing to do for %d s, though there is work in %s",
                     i, SIM_IDLE_MS / 1000, work->row.name);
    }
}

/* In good weather a worker that shall leave leaves, once it has nothing left to do. */
static inline void check_drained(struct sim *sim)
{
    for (int i = 0; i < sim->n_workers; i++) {
        struct sim_worker *worker = &sim->workers[i];
        bool waits = worker->agent != NULL && worker->agent->session.open &&
                     told_to_leave(sim, worker) && worker->n_children == 0;
        if (!waits)
            worker->drained_since_ms = -1;
        else if (worker->drained_since_ms < 0)
            worker->drained_since_ms = sim->now_ms;
        else if (sim->now_ms - worker->drained_since_ms > SIM_IDLE_MS)
            sim_fail(sim, "I4: worker %d was told to leave, has nothing to do, and stays", i);
    }
}

/* In good weather whoever said goodbye is gone, and not waited for until its session has been
 * silent for too long. Where messages overtake each other by seconds, it may have had another
 * session by then: no fault. */
static inline void check_gone(struct sim *sim)
{
    for (int i = 0; i < sim->n_workers && sim->network.delay_ms <= SIM_SWIFT_MS; i++) {
        struct sim_worker *worker = &sim->workers[i];
        if (worker->goodbye_ms < sim->calm_ms + SIM_SETTLED_MS ||
            sim->now_ms < worker->goodbye_ms + SIM_GONE_MS)
            continue;
        const struct worker *known = index_find(&sim->core->instances, worker->goodbye);
        if (known != NULL && known->session != 0)
            sim_fail(sim, "worker %d said goodbye, and the coordinator believes that it is here",
                     i);
        worker->goodbye_ms = 0;
    }
}

/* While the pauses of all workers last, nothing can come to an end; that they last no longer than
 * they may, the breaker's own invariants say. */
static inline bool all_pause(const struct sim *sim)
{
    int paused = 0, alive = 0;
    for (int i = 0; i < sim->n_workers; i++) {
        const struct agent *agent = sim->workers[i].agent;
        alive += agent != NULL;
        paused += agent != NULL && agent->breaker.benched && sim->now_ms < agent->breaker.until_ms;
    }
    return alive > 0 && paused == alive;
}

/* In good weather no trial takes five minutes: a quarter of an hour without an end is for ever. */
static inline void check_progress(struct sim *sim)
{
    if (sim->disk.n_outcomes != sim->outcomes || all_pause(sim)) {
        sim->outcomes = sim->disk.n_outcomes;
        sim->progress_ms = sim->now_ms > sim->calm_ms ? sim->now_ms : sim->calm_ms;
    }
    if (sim->now_ms - sim->progress_ms > SIM_STUCK_MS)
        sim_fail(sim, "I4: nothing has come to its end for %d minutes", SIM_STUCK_MS / 60000);
    if (sim->core == NULL || sim->turn_open || sim->now_ms < sim->calm_ms + SIM_SETTLED_MS ||
        sim->now_ms < sim->looked_ms + SIM_LOOK_MS)
        return;
    sim->looked_ms = sim->now_ms;
    check_leases_held(sim);
    check_idle(sim);
    check_drained(sim);
    check_gone(sim);
}

/* ---- when all is done ------------------------------------------------------------------------ */

/* The recorded curve of a finished attempt is the one that its trial must have. */
static inline void check_curve(struct sim *sim, const struct attempt_row *attempt,
                               const char *metric)
{
    struct child_plan plan = child_plan(attempt->ref);
    int64_t k = 0;
    uint64_t digest = 0;
    for (size_t i = 0; i < sim->disk.n_points; i++) {
        const struct points_row *row = &sim->disk.points[i];
        if (!attempt_ref_equal(row->ref, attempt->ref))
            continue;
        for (size_t p = 0; p < row->count; p++) {
            struct point expected = child_point(attempt->ref, plan.fate, metric, k++);
            if (point_digest(0, &expected) != point_digest(0, &row->points[p]))
                sim_fail(sim, "point %d of trial %d is not what its run reported", (int)k - 1,
                         (int)attempt->ref.trial);
            digest = point_digest(digest, &row->points[p]);
        }
    }
    bool complete = attempt->state == ATTEMPT_DONE || attempt->state == ATTEMPT_DIVERGED;
    if (complete && k != plan.points)
        sim_fail(sim, "a curve of %d points was recorded with %d", (int)plan.points, (int)k);
    if (attempt->points != k || attempt->points_digest != digest)
        sim_fail(sim, "the attempt's count or digest is not that of its points");
}

/* A trial that has taken so many processes down is given to nobody any more. How often it was tried
 * again, which forgives, is not in the rows: such trials are not looked at. */
static inline void check_quarantine(struct sim *sim, const struct trial_row *trial)
{
    int32_t deaths = 0;
    int64_t first = 0;
    bool spread = false;
    if (disk_times_retried(&sim->disk, trial->study, trial->number) > 0)
        return;
    for (int32_t i = 1; i <= trial->attempts; i++) {
        struct attempt_ref ref = { trial->study, trial->number, i };
        const struct attempt_row *attempt = disk_attempt(&sim->disk, ref);
        if (deaths >= 5 || (deaths >= 3 && spread))
            sim_fail(sim, "I6: trial %d was given away after %d deaths", (int)trial->number,
                     deaths);
        if (attempt->state != ATTEMPT_FAILED || was_hostile(sim, attempt) ||
            strcmp(attempt->reason, CHILD_DIED) != 0)
            continue;
        deaths++;
        spread |= first != 0 && first != attempt->worker;
        first = attempt->worker;
    }
}

/* I6, from the rows of all its attempts and not from what the trial says of itself. */
static inline void check_failures(struct sim *sim, const struct trial_row *trial, int32_t cap)
{
    int32_t failed = 0;
    for (int32_t i = 1; i <= trial->attempts; i++) {
        struct attempt_ref ref = { trial->study, trial->number, i };
        const struct attempt_row *attempt = disk_attempt(&sim->disk, ref);
        if (attempt == NULL)
            sim_fail(sim, "I3: attempt %d of trial %d is missing", i, (int)trial->number);
        else
            failed += attempt->state == ATTEMPT_FAILED;
    }
    int32_t times = 1 + (int32_t)disk_times_retried(&sim->disk, trial->study, trial->number);
    if (failed > cap * times)
        sim_fail(sim, "I6: trial %d failed %d times, of %d", (int)trial->number, failed,
                 cap * times);
}

static inline void check_end(struct sim *sim, const struct trial_row *trial, const char *metric)
{
    struct attempt_ref ref = { trial->study, trial->number, trial->attempts };
    if (!trial_state_final(trial->state))
        sim_fail(sim, "I4: trial %d is not final", (int)trial->number);
    if (trial->attempts == 0)
        return;
    const struct attempt_row *attempt = disk_attempt(&sim->disk, ref);
    const struct sim_start *start = find_start(sim, ref);
    if (was_hostile(sim, attempt) || (start != NULL && start->sick))
        return; /* of the one anything may be recorded, of the other nothing but a failure */
    if (strstr(attempt->reason, "is not the recorded one") != NULL)
        sim_fail(sim, "a curve changed on its way");
    check_curve(sim, attempt, metric);
    static const enum trial_state expected[] = {
        [FATE_DONE] = TRIAL_DONE,    [FATE_FAILS] = TRIAL_FAILED, [FATE_DIES] = TRIAL_FAILED,
        [FATE_HANGS] = TRIAL_FAILED, [FATE_NAN] = TRIAL_DIVERGED, [FATE_NO_METRIC] = TRIAL_FAILED
    };
    struct child_plan plan = child_plan(ref);
    if (trial->state == TRIAL_CANCELLED || fate_breaks(plan.fate))
        return; /* its first point may have been NaN already, or it was cancelled */
    if (trial->state != expected[plan.fate])
        sim_fail(sim, "trial %d ended as %s", (int)trial->number, trial_state_name(trial->state));
}

static inline struct definition *parse_definition(const char *text)
{
    json_t *document = json_loads(text, 0, NULL);
    struct definition *definition = NULL;
    struct problems problems;
    problems_init(&problems);
    definition_parse(&definition, document, &problems);
    problems_free(&problems);
    json_decref(document);
    return definition;
}

/* What the disk has of a study. The caller frees the outcomes. */
static inline struct recorded_study record_study(const struct sim *sim,
                                                 const struct study_row *study,
                                                 const struct definition *definition)
{
    const struct disk *disk = &sim->disk;
    const struct trial_row *first = disk_trial(disk, study->id, 0);
    struct outcome_row *outcomes = xcalloc(disk->n_outcomes + 1, sizeof *outcomes);
    struct recorded_study recorded = { .definition = definition,
                                       .position = (size_t)study->position,
                                       .trials = first,
                                       .outcomes = outcomes,
                                       .repeat = study->parent != 0 ? study->repeat : 0,
                                       .audit = study->audit,
                                       .seed = study->seed };
    while (first != NULL && first + recorded.n_trials < disk->trials + disk->n_trials &&
           first[recorded.n_trials].study == study->id)
        recorded.n_trials++;
    for (size_t i = 0; i < disk->n_outcomes; i++) {
        if (disk->outcomes[i].study == study->id)
            outcomes[recorded.n_outcomes++] = disk->outcomes[i];
    }
    return recorded;
}

static inline void follow_parent(struct sim *sim, const struct study_row *study,
                                 struct recorded_study *recorded, struct recorded_study *parent)
{
    *parent = record_study(sim, disk_study(&sim->disk, study->parent), recorded->definition);
    recorded->position = parent->position;
    recorded->parent = parent;
}

/* A re-run follows its parent; an audit its own, which may be a re-run. */
static inline void check_replay(struct sim *sim, const struct study_row *study,
                                struct recorded_study *recorded)
{
    struct error error = { "" };
    struct recorded_study parent = { 0 }, grandparent = { 0 };
    const struct study_row *before = disk_study(&sim->disk, study->parent);
    int64_t mismatch;
    if (before != NULL) {
        follow_parent(sim, study, recorded, &parent);
        if (before->parent != 0)
            follow_parent(sim, before, &parent, &grandparent);
        recorded->position = parent.position;
    }
    if (!replay_study(recorded, &mismatch, &error))
        sim_fail(sim, "study %s, trial %d: does not replay: %s", study->name, (int)mismatch,
                 error.text);
    free((void *)(uintptr_t)parent.outcomes);
    free((void *)(uintptr_t)grandparent.outcomes);
}

/* A machine cannot vouch for itself. */
static inline void check_audited_elsewhere(struct sim *sim, const struct trial_row *trial,
                                           int64_t parent)
{
    const struct trial_row *source = disk_trial(&sim->disk, parent, trial->source);
    if (source == NULL || disk_times_retried(&sim->disk, parent, trial->source) > 0)
        return;
    struct attempt_ref ran = { parent, trial->source, source->attempts };
    for (int32_t i = 1; i <= trial->attempts; i++) {
        struct attempt_ref again = { trial->study, trial->number, i };
        if (disk_attempt(&sim->disk, again)->worker == disk_attempt(&sim->disk, ran)->worker)
            sim_fail(sim, "trial %d is audited by the worker that ran it", (int)trial->source);
    }
}

static inline void check_study(struct sim *sim, const struct study_row *study)
{
    struct definition *definition =
        parse_definition(disk_search(&sim->disk, study->search)->definition);
    struct recorded_study recorded = record_study(sim, study, definition);
    for (size_t i = 0; i < recorded.n_trials; i++)
        check_end(sim, &recorded.trials[i], definition->metric);
    for (size_t i = 0; i < recorded.n_trials; i++)
        check_failures(sim, &recorded.trials[i], definition->max_attempts);
    for (size_t i = 0; i < recorded.n_trials && sim->failure[0] == '\0'; i++)
        check_quarantine(sim, &recorded.trials[i]);
    size_t retries = 0;
    for (size_t i = 0; i < recorded.n_trials; i++)
        retries += disk_times_retried(&sim->disk, study->id, (int64_t)i);
    if (recorded.n_outcomes != recorded.n_trials + retries)
        sim_fail(sim, "I2: %zu outcomes of %zu trials, %zu times tried again", recorded.n_outcomes,
                 recorded.n_trials, retries);
    if (study->state == SEARCH_DONE && (int64_t)recorded.n_trials != study->budget * study->repeat)
        sim_fail(sim, "study %s is done with %zu trials", study->name, recorded.n_trials);
    for (size_t i = 0; study->audit && i < recorded.n_trials; i++)
        check_audited_elsewhere(sim, &recorded.trials[i], study->parent);
    check_replay(sim, study, &recorded);
    free((void *)(uintptr_t)recorded.outcomes);
    definition_destroy(&definition);
}
#endif
