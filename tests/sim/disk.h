/* disk.h - a disk made of rows: what the coordinator has saved, for tests of the core and for the
 * simulator.
 *
 * disk_save carries out the SAVE and ADD actions of one turn, all of them, and refuses what a
 * database with sound constraints refuses: a row without the row it belongs to, an outcome that
 * leaves a gap or comes twice, points out of order, a change to what has ended. disk_restore makes
 * a new core from the rows. */
#ifndef SIM_DISK_H
#define SIM_DISK_H
#include "common/arena.h"
#include "common/xalloc.h"
#include "coordinator/core/core.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct disk {
    struct arena *arena; /* the texts of all rows */
    struct search_row *searches;
    struct study_row *studies;
    struct worker_row *workers;
    struct trial_row *trials;     /* by (study, number) */
    struct attempt_row *attempts; /* by (study, trial, attempt) */
    struct outcome_row *outcomes; /* in the order they came */
    struct points_row *points;    /* likewise */
    size_t n_searches, n_studies, n_workers, n_trials, n_attempts, n_outcomes, n_points;
    struct attempt_ref *retries; /* trials that waited again after their end */
    size_t n_retries;
    size_t capacity[8];
};

static inline void disk_open(struct disk *disk)
{
    *disk = (struct disk){ .arena = arena_create(64 << 10) };
}

static inline void disk_close(struct disk *disk)
{
    arena_destroy(&disk->arena);
    free(disk->searches);
    free(disk->studies);
    free(disk->workers);
    free(disk->trials);
    free(disk->attempts);
    free(disk->outcomes);
    free(disk->points);
    free(disk->retries);
    *disk = (struct disk){ 0 };
}

/* ---- finding rows ---------------------------------------------------------------------------- */

static inline int disk_order(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static inline int disk_order_search(const void *a, const void *b)
{
    return disk_order(((const struct search_row *)a)->id, ((const struct search_row *)b)->id);
}

static inline int disk_order_study(const void *a, const void *b)
{
    return disk_order(((const struct study_row *)a)->id, ((const struct study_row *)b)->id);
}

static inline int disk_order_worker(const void *a, const void *b)
{
    return disk_order(((const struct worker_row *)a)->id, ((const struct worker_row *)b)->id);
}

static inline int disk_order_trial(const void *a, const void *b)
{
    const struct trial_row *x = a, *y = b;
    int study = disk_order(x->study, y->study);
    return study != 0 ? study : disk_order(x->number, y->number);
}

static inline int disk_order_attempt(const void *a, const void *b)
{
    const struct attempt_ref *x = &((const struct attempt_row *)a)->ref;
    const struct attempt_ref *y = &((const struct attempt_row *)b)->ref;
    int study = disk_order(x->study, y->study), trial = disk_order(x->trial, y->trial);
    return study != 0 ? study : trial != 0 ? trial : disk_order(x->attempt, y->attempt);
}

/* Puts a row where it belongs in a sorted table, replacing the one with its key; returns its
 * place. */
static inline void *disk_put(void *table, size_t *count, size_t *capacity, size_t bytes,
                             const void *row, int (*order)(const void *, const void *))
{
    char **rows = table;
    size_t low = 0, high = *count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (order(*rows + middle * bytes, row) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == *count || order(*rows + low * bytes, row) != 0) {
        *rows = xgrow(*rows, *count, capacity, bytes);
        memmove(*rows + (low + 1) * bytes, *rows + low * bytes, (*count - low) * bytes);
        ++*count;
    }
    return memcpy(*rows + low * bytes, row, bytes);
}

static inline void *disk_find(const void *table, size_t count, size_t bytes, const void *key,
                              int (*order)(const void *, const void *))
{
    return count > 0 ? bsearch(key, table, count, bytes, order) : NULL;
}

static inline struct search_row *disk_search(const struct disk *disk, int64_t id)
{
    struct search_row key = { .id = id };
    return disk_find(disk->searches, disk->n_searches, sizeof key, &key, disk_order_search);
}

static inline struct study_row *disk_study(const struct disk *disk, int64_t id)
{
    struct study_row key = { .id = id };
    return disk_find(disk->studies, disk->n_studies, sizeof key, &key, disk_order_study);
}

static inline struct worker_row *disk_worker(const struct disk *disk, int64_t id)
{
    struct worker_row key = { .id = id };
    return disk_find(disk->workers, disk->n_workers, sizeof key, &key, disk_order_worker);
}

static inline struct trial_row *disk_trial(const struct disk *disk, int64_t study, int64_t number)
{
    struct trial_row key = { .study = study, .number = number };
    return disk_find(disk->trials, disk->n_trials, sizeof key, &key, disk_order_trial);
}

static inline struct attempt_row *disk_attempt(const struct disk *disk, struct attempt_ref ref)
{
    struct attempt_row key = { .ref = ref };
    return disk_find(disk->attempts, disk->n_attempts, sizeof key, &key, disk_order_attempt);
}

/* ---- saving: each returns what is wrong with the row, or NULL -------------------------------- */

static inline const char *disk_save_search(struct disk *disk, struct search_row row)
{
    row.name = arena_text(disk->arena, row.name);
    row.submit_key = arena_text(disk->arena, row.submit_key);
    row.definition = arena_text(disk->arena, row.definition);
    row.spec = arena_text(disk->arena, row.spec);
    disk_put(&disk->searches, &disk->n_searches, &disk->capacity[0], sizeof row, &row,
             disk_order_search);
    return NULL;
}

static inline const char *disk_save_study(struct disk *disk, struct study_row row)
{
    if (disk_search(disk, row.search) == NULL)
        return "a study without its search";
    const struct study_row *old = disk_study(disk, row.id);
    if (old != NULL && old->finished_ms != 0 && (row.finished_ms != 0 || row.state != SEARCH_OPEN))
        return "a finished study is saved again, and not because it opens";
    row.name = arena_text(disk->arena, row.name);
    row.note = arena_text(disk->arena, row.note);
    disk_put(&disk->studies, &disk->n_studies, &disk->capacity[1], sizeof row, &row,
             disk_order_study);
    return NULL;
}

static inline bool disk_names_worker(const struct disk *disk, int64_t id)
{
    for (size_t i = 0; i < disk->n_attempts; i++) {
        if (disk->attempts[i].worker == id)
            return true;
    }
    return false;
}

static inline const char *disk_save_worker(struct disk *disk, struct worker_row row)
{
    const struct worker_row *old = disk_worker(disk, row.id);
    if (old != NULL && old->instance != row.instance && disk_names_worker(disk, row.id))
        return "a worker that attempts name becomes another one";
    if (old != NULL && old->instance == row.instance && strcmp(old->key, row.key) != 0)
        return "a worker changes its key";
    row.name = arena_text(disk->arena, row.name);
    row.host = arena_text(disk->arena, row.host);
    row.cpu = arena_text(disk->arena, row.cpu);
    row.version = arena_text(disk->arena, row.version);
    row.key = arena_text(disk->arena, row.key);
    disk_put(&disk->workers, &disk->n_workers, &disk->capacity[2], sizeof row, &row,
             disk_order_worker);
    return NULL;
}

/* A trial that ended without success may wait again, and then have one outcome more. */
static inline bool disk_retries(struct disk *disk, const struct trial_row *old,
                                const struct trial_row *row)
{
    if (old->state == TRIAL_DONE || old->state == TRIAL_PRUNED || row->state != TRIAL_WAITING ||
        row->attempts != old->attempts || row->charged != 0)
        return false;
    disk->retries =
        xgrow(disk->retries, disk->n_retries, &disk->capacity[7], sizeof *disk->retries);
    disk->retries[disk->n_retries++] = (struct attempt_ref){ row->study, row->number, 0 };
    return true;
}

static inline size_t disk_times_retried(const struct disk *disk, int64_t study, int64_t trial)
{
    size_t times = 0;
    for (size_t i = 0; i < disk->n_retries; i++)
        times += disk->retries[i].study == study && disk->retries[i].trial == trial;
    return times;
}

static inline const char *disk_save_trial(struct disk *disk, struct trial_row row)
{
    if (disk_study(disk, row.study) == NULL)
        return "a trial without its study";
    const struct trial_row *old = disk_trial(disk, row.study, row.number);
    if (old != NULL && trial_state_final(old->state) && !disk_retries(disk, old, &row))
        return "I2: a final trial is saved again";
    if (old != NULL && strcmp(old->parameters, row.parameters) != 0)
        return "a trial changes its parameters";
    if (old != NULL && row.attempts < old->attempts)
        return "I3: attempts are counted back";
    row.parameters = arena_text(disk->arena, row.parameters);
    row.reason = arena_text(disk->arena, row.reason);
    disk_put(&disk->trials, &disk->n_trials, &disk->capacity[3], sizeof row, &row,
             disk_order_trial);
    return NULL;
}

static inline const char *disk_save_attempt(struct disk *disk, struct attempt_row row)
{
    if (disk_trial(disk, row.ref.study, row.ref.trial) == NULL ||
        disk_worker(disk, row.worker) == NULL)
        return "an attempt without its trial or its worker";
    const struct attempt_row *old = disk_attempt(disk, row.ref);
    if (old != NULL && old->state != ATTEMPT_RUNNING)
        return "I2: an attempt that has ended is saved again";
    if (old != NULL && old->worker != row.worker)
        return "I3: an attempt changes its worker";
    row.reason = arena_text(disk->arena, row.reason);
    row.log = arena_text(disk->arena, row.log);
    row.info = arena_text(disk->arena, row.info);
    disk_put(&disk->attempts, &disk->n_attempts, &disk->capacity[4], sizeof row, &row,
             disk_order_attempt);
    return NULL;
}

/* Outcomes of a study; the latest tells, and it is looked for from the end. */
static inline int64_t disk_outcomes_of(const struct disk *disk, int64_t study)
{
    for (size_t i = disk->n_outcomes; i > 0; i--) {
        if (disk->outcomes[i - 1].study == study)
            return disk->outcomes[i - 1].seq;
    }
    return 0;
}

static inline const char *disk_add_outcome(struct disk *disk, struct outcome_row row)
{
    const struct trial_row *trial = disk_trial(disk, row.study, row.trial);
    size_t before = 0;
    for (size_t i = 0; i < disk->n_outcomes; i++)
        before += disk->outcomes[i].study == row.study && disk->outcomes[i].trial == row.trial;
    if (before > disk_times_retried(disk, row.study, row.trial))
        return "I2: a second outcome of one trial";
    if (trial == NULL || trial->state != row.state || trial->has_value != row.has_value ||
        memcmp(&trial->value, &row.value, sizeof row.value) != 0)
        return "an outcome that is not its trial's";
    if (row.seq != disk_outcomes_of(disk, row.study) + 1)
        return "outcomes of a study have a gap";
    disk->outcomes =
        xgrow(disk->outcomes, disk->n_outcomes, &disk->capacity[5], sizeof *disk->outcomes);
    disk->outcomes[disk->n_outcomes++] = row;
    return NULL;
}

/* Points of an attempt follow each other without a gap, so the latest run of them tells how many
 * there are. */
static inline int64_t disk_count_points(const struct disk *disk, struct attempt_ref ref)
{
    for (size_t i = disk->n_points; i > 0; i--) {
        const struct points_row *row = &disk->points[i - 1];
        if (attempt_ref_equal(row->ref, ref))
            return row->first + (int64_t)row->count;
    }
    return 0;
}

static inline const char *disk_add_points(struct disk *disk, struct points_row row)
{
    if (disk_attempt(disk, row.ref) == NULL)
        return "I3: points of an attempt that does not exist";
    if (row.first != disk_count_points(disk, row.ref))
        return "points out of order";
    struct point *copy = arena_copy(disk->arena, row.points, row.count * sizeof *copy);
    for (size_t i = 0; i < row.count; i++)
        copy[i].metric = arena_text(disk->arena, copy[i].metric);
    row.points = copy;
    disk->points = xgrow(disk->points, disk->n_points, &disk->capacity[6], sizeof *disk->points);
    disk->points[disk->n_points++] = row;
    return NULL;
}

/* An attempt is one row of a turn, in the state that it had last: its points may follow its end, if
 * it ended in the same turn. */
static inline const char *disk_refuses_points(const struct disk *disk,
                                              const struct actions *actions)
{
    for (size_t i = 0; i < actions->count; i++) {
        const struct action *action = &actions->list[i];
        const struct attempt_row *attempt =
            action->type == ADD_POINTS ? disk_attempt(disk, action->points.ref) : NULL;
        if (attempt != NULL && attempt->state != ATTEMPT_RUNNING)
            return "I3: points of an attempt that had ended";
    }
    return NULL;
}

/* All rows of the turn, or a sentence that says what a database would have refused. */
static inline const char *disk_save(struct disk *disk, const struct actions *actions)
{
    const char *fault = disk_refuses_points(disk, actions);
    for (size_t i = 0; i < actions->count && fault == NULL; i++) {
        const struct action *action = &actions->list[i];
        switch (action->type) {
        case SAVE_SEARCH:
            fault = disk_save_search(disk, action->search);
            break;
        case SAVE_STUDY:
            fault = disk_save_study(disk, action->study);
            break;
        case SAVE_TRIAL:
            fault = disk_save_trial(disk, action->trial);
            break;
        case SAVE_ATTEMPT:
            fault = disk_save_attempt(disk, action->attempt);
            break;
        case ADD_OUTCOME:
            fault = disk_add_outcome(disk, action->outcome);
            break;
        case ADD_POINTS:
            fault = disk_add_points(disk, action->points);
            break;
        case SAVE_WORKER:
            fault = disk_save_worker(disk, action->worker);
            break;
        case SEND:
            break;
        }
    }
    return fault;
}

/* One of no trial is for the core to refuse. */
static inline bool disk_is_latest(const struct disk *disk, const struct attempt_row *attempt)
{
    const struct trial_row *trial = disk_trial(disk, attempt->ref.study, attempt->ref.trial);
    return trial == NULL || trial->attempts == attempt->ref.attempt;
}

static inline bool disk_restore(const struct disk *disk, struct core *core, int64_t now_ms,
                                struct error *error)
{
    bool ok = true;
    for (size_t i = 0; i < disk->n_searches && ok; i++)
        ok = core_restore_search(core, &disk->searches[i], error);
    for (size_t i = 0; i < disk->n_studies && ok; i++)
        ok = core_restore_study(core, &disk->studies[i], error);
    for (size_t i = 0; i < disk->n_workers && ok; i++)
        ok = core_restore_worker(core, &disk->workers[i], error);
    for (size_t i = 0; i < disk->n_trials && ok; i++)
        ok = core_restore_trial(core, &disk->trials[i], error);
    for (size_t i = 0; i < disk->n_attempts && ok; i++)
        ok = !disk_is_latest(disk, &disk->attempts[i]) ||
             core_restore_attempt(core, &disk->attempts[i], error);
    for (size_t i = 0; i < disk->n_outcomes && ok; i++)
        ok = core_restore_outcome(core, &disk->outcomes[i], error);
    return ok && core_restore_finish(core, now_ms, error);
}
#endif
