/* match.h - is what the core remembers exactly what the rows on the disk say? Field by field, so
 * that it can be asked after every commit. It reads the core's private state: nothing less would
 * tell a row that was changed and not saved. */
#ifndef SIM_MATCH_H
#define SIM_MATCH_H
#include "coordinator/core/record.h"
#include "tests/sim/disk.h"

/* A new column changes the size of its row, and must be compared below. */
_Static_assert(sizeof(struct trial_row) == 120 && sizeof(struct attempt_row) == 160 &&
                   sizeof(struct study_row) == 104 && sizeof(struct worker_row) == 96 &&
                   sizeof(struct search_row) == 48,
               "the fields of every row are compared in match.h");

#define MATCH(field)                                                                               \
    do {                                                                                           \
        if (memcmp(&here->field, &row->field, sizeof here->field) != 0)                            \
            return #field;                                                                         \
    } while (0)
#define MATCH_TEXT(field)                                                                          \
    do {                                                                                           \
        if (strcmp(here->field, row->field) != 0)                                                  \
            return #field;                                                                         \
    } while (0)

/* Each returns the name of a field that differs, or NULL. */
static inline const char *match_trial(const struct trial_row *here, const struct trial_row *row)
{
    MATCH(state);
    MATCH(configuration);
    MATCH(repetition);
    MATCH(seed);
    MATCH(history_seq);
    MATCH(attempts);
    MATCH(charged);
    MATCH(deaths);
    MATCH(death_worker);
    MATCH(deaths_spread);
    MATCH(source);
    MATCH(has_value);
    MATCH(value);
    MATCH(created_ms);
    MATCH(finished_ms);
    return NULL;
}

static inline const char *match_attempt(const struct attempt_row *here,
                                        const struct attempt_row *row)
{
    MATCH(state);
    MATCH(worker);
    MATCH(started_ms);
    MATCH(finished_ms);
    MATCH(points);
    MATCH(points_digest);
    MATCH(last_step);
    MATCH(has_best);
    MATCH(has_last);
    MATCH(metric_seen);
    MATCH(best);
    MATCH(last);
    MATCH(nonfinite);
    MATCH(exit_status);
    MATCH(duration_ms);
    MATCH(cpu_ms);
    MATCH(peak_memory_bytes);
    return NULL;
}

/* Of an attempt that has ended, what the core still knows; its curve is looked at in the end. */
static inline const char *match_ended(const struct latest_attempt *here,
                                      const struct attempt_row *row)
{
    MATCH(state);
    MATCH(worker);
    MATCH(points);
    return NULL;
}

static inline const char *match_study(const struct study_row *here, const struct study_row *row)
{
    MATCH_TEXT(name);
    MATCH_TEXT(note);
    MATCH(search);
    MATCH(position);
    MATCH(state);
    MATCH(seed);
    MATCH(budget);
    MATCH(repeat);
    MATCH(parent);
    MATCH(audit);
    MATCH(created_ms);
    MATCH(finished_ms);
    return NULL;
}

static inline const char *match_worker(const struct worker_row *here, const struct worker_row *row)
{
    MATCH_TEXT(name);
    MATCH_TEXT(host);
    MATCH_TEXT(cpu);
    MATCH_TEXT(version);
    MATCH_TEXT(key);
    MATCH(drain);
    MATCH(instance);
    MATCH(pid);
    MATCH(slots);
    MATCH(allow_command);
    MATCH(first_seen_ms);
    MATCH(last_seen_ms);
    return NULL;
}

static inline const char *match_search(const struct search_row *here, const struct search_row *row)
{
    MATCH_TEXT(name);
    MATCH_TEXT(submit_key);
    MATCH(created_ms);
    return NULL;
}

#undef MATCH
#undef MATCH_TEXT

static inline bool match_fault(char *out, size_t size, const char *field, const char *what,
                               int64_t id, int64_t number)
{
    if (field == NULL)
        return false;
    snprintf(out, size, "%s %d/%d: its `%s` is not on the disk as it is in memory", what, (int)id,
             (int)number, field);
    return true;
}

/* The trials of a study stand side by side on the disk, in their order. */
static inline bool match_trials(const struct disk *disk, const struct study *study, char *out,
                                size_t size)
{
    const struct trial_row *rows = disk_trial(disk, study->row.id, 0);
    for (size_t i = 0; i < study->n_trials; i++) {
        const struct trial *trial = trial_at(study, i);
        struct trial_row kept = trial_to_row(trial);
        bool there = rows != NULL && rows + i < disk->trials + disk->n_trials &&
                     rows[i].study == study->row.id;
        const char *field = there ? match_trial(&kept, &rows[i]) : "row";
        if (match_fault(out, size, field, "trial", study->row.id, (int64_t)i))
            return false;
        if (trial->attempts == 0)
            continue;
        struct attempt_ref ref = { study->row.id, (int64_t)i, trial->attempts };
        const struct attempt_row *row = disk_attempt(disk, ref);
        bool runs = trial->state == TRIAL_RUNNING;
        field = row == NULL ? "row"
                : runs      ? match_attempt(&trial->live->attempt, row)
                            : match_ended(&trial->ended, row);
        if (match_fault(out, size, field, "the attempt of trial", study->row.id, (int64_t)i))
            return false;
    }
    return true;
}

static inline bool match_studies(const struct disk *disk, const struct search *search, char *out,
                                 size_t size)
{
    for (size_t i = 0; i < search->n_studies; i++) {
        const struct study *study = search->studies[i];
        const struct study_row *row = disk_study(disk, study->row.id);
        const char *field = row != NULL ? match_study(&study->row, row) : "row";
        if (field == NULL && ledger_outcomes(study->ledger) != disk_outcomes_of(disk, row->id))
            field = "outcomes";
        if (match_fault(out, size, field, "study", study->row.id, 0) ||
            !match_trials(disk, study, out, size))
            return false;
    }
    return true;
}

/* False, and what differs, unless memory and rows say the same. Between turns only. */
static inline bool disk_matches(const struct disk *disk, const struct core *core, char *out,
                                size_t size)
{
    size_t studies = 0, trials = 0;
    for (size_t i = 0; i < core->n_searches; i++) {
        const struct search *search = core->searches[i];
        const struct search_row *row = disk_search(disk, search->row.id);
        const char *field = row != NULL ? match_search(&search->row, row) : "row";
        if (match_fault(out, size, field, "search", search->row.id, 0) ||
            !match_studies(disk, search, out, size))
            return false;
        studies += search->n_studies;
        for (size_t k = 0; k < search->n_studies; k++)
            trials += search->studies[k]->n_trials;
    }
    for (size_t i = 0; i < core->n_workers; i++) {
        const struct worker_row *here = &core->workers[i]->row, *row = disk_worker(disk, here->id);
        const char *field = row != NULL ? match_worker(here, row) : "row";
        if (match_fault(out, size, field, "worker", here->id, 0))
            return false;
    }
    if (core->n_searches == disk->n_searches && core->n_workers == disk->n_workers &&
        studies == disk->n_studies && trials == disk->n_trials)
        return true;
    snprintf(out, size, "the disk has rows that the core does not know");
    return false;
}
#endif
