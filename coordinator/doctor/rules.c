/* Invariants that rows show by themselves: one query each, whose rows are what breaks it. Then the
 * others, by restoring a core as a coordinator would: it refuses what contradicts itself. */
#include "coordinator/doctor/examination.h"
#include "common/xalloc.h"
#include "coordinator/store/restore.h"
#include "coordinator/store/row_name.h"

#include <stdlib.h>

/* Columns: study, trial (or NULL: the study itself). States are the numbers of core/rows.h: of a
 * trial 1 waiting, 2 running, 3 done, 4 pruned, 5 diverged, 6 failed, 7 cancelled; of an attempt
 * 1 running, 2 done, 3 pruned, 4 diverged, 5 failed and more; of a study 4 done. */
static const struct rule {
    const char *fault;
    const char *sql;
} rules[] = {
    { "its attempts are not numbered from 1 to the number of attempts that were granted",
      "SELECT trial.study, trial.number FROM trial LEFT JOIN (SELECT study, trial, count(*) AS n,"
      " min(number) AS first, max(number) AS last FROM attempt GROUP BY study, trial) AS own"
      " ON own.study = trial.study AND own.trial = trial.number"
      " WHERE coalesce(n, 0) <> attempts OR (n > 0 AND (first <> 1 OR last <> n))" },
    { "attempts are recorded for it, and there is no such trial",
      "SELECT DISTINCT study, trial FROM attempt WHERE NOT EXISTS (SELECT 1 FROM trial"
      " WHERE trial.study = attempt.study AND trial.number = attempt.trial)" },
    { "an attempt of it runs that is not its latest, or though the trial does not run",
      "SELECT attempt.study, attempt.trial FROM attempt JOIN trial ON trial.study = attempt.study"
      " AND trial.number = attempt.trial WHERE attempt.state = 1"
      " AND (trial.state <> 2 OR trial.attempts <> attempt.number)" },
    { "an attempt of it that is not its latest ended well",
      "SELECT attempt.study, attempt.trial FROM attempt JOIN trial ON trial.study = attempt.study"
      " AND trial.number = attempt.trial WHERE attempt.state IN (2, 3)"
      " AND attempt.number <> trial.attempts" },
    { "how an attempt of it ended does not follow from its points",
      "SELECT study, trial FROM attempt WHERE (state IN (2, 3) AND (nonfinite OR NOT metric_seen))"
      " OR (state = 4 AND NOT nonfinite)" },
    { "it has a value and did not end with one",
      "SELECT study, number FROM trial WHERE value IS NOT NULL AND state NOT IN (3, 4, 5)" },
    { "more attempts are charged to it than failed",
      "SELECT study, number FROM trial WHERE charged > (SELECT count(*) FROM attempt"
      " WHERE attempt.study = trial.study AND attempt.trial = trial.number AND state = 5)" },
    { "its attempt is of a worker that does not exist",
      "SELECT study, trial FROM attempt WHERE worker NOT IN (SELECT id FROM worker)" },
    { "an attempt of it ended without a time, or has one and did not end",
      "SELECT study, trial FROM attempt WHERE (state = 1) <> (finished_ms IS NULL)" },
    { "it is final and its latest outcome is not how it ended",
      /* The bare columns beside max() are those of its row. */
      "SELECT trial.study, trial.number FROM trial LEFT JOIN (SELECT study, trial, max(seq),"
      " state, value FROM outcome GROUP BY study, trial) AS latest ON latest.study = trial.study"
      " AND latest.trial = trial.number WHERE trial.state >= 3 AND (latest.state IS NOT trial.state"
      " OR latest.value IS NOT trial.value)" },
    { "its outcomes are not numbered from 1 without a gap",
      "SELECT study, NULL FROM outcome GROUP BY study HAVING min(seq) <> 1 OR max(seq) <> "
      "count(*)" },
    { "its trials are not numbered from 0 without a gap",
      "SELECT study, NULL FROM trial GROUP BY study HAVING min(number) <> 0 OR max(number) <> "
      "count(*) - 1" },
    { "it is done and has not as many trials as its budget",
      "SELECT id, NULL FROM study WHERE state = 4 AND budget * repeat <>"
      " (SELECT count(*) FROM trial WHERE trial.study = study.id)" },
    { "trials are recorded for it, and there is no such study",
      "SELECT DISTINCT study, NULL FROM trial WHERE study NOT IN (SELECT id FROM study)" },
};

enum { RULES = sizeof rules / sizeof *rules };

static void find_broken(struct examination *examination, sqlite3_stmt *row, const char *fault)
{
    int64_t id = sqlite3_column_int64(row, 0);
    char *study = study_name(examination->db, id);
    if (sqlite3_column_type(row, 1) == SQLITE_NULL) {
        examination_find(examination, id, study, remedy_copy, "%s", fault);
    } else {
        char *place = xasprintf("trial %lld of %s", (long long)sqlite3_column_int64(row, 1), study);
        examination_find(examination, id, place, remedy_copy, "%s", fault);
        free(place);
    }
    free(study);
}

static void examine_rule(struct examination *examination, const char *fault, const char *sql,
                         int64_t number)
{
    sqlite3_stmt *rows = examination_ask(examination, sql, number);
    while (examination_next(examination, rows, "trials, attempts and outcomes"))
        find_broken(examination, rows, fault);
    sqlite3_finalize(rows);
}

/* The value is the best or the last one of the latest attempt. A diverged trial's last is the one
 * that was not finite, so where the last counts it has none. */
static void examine_values(struct examination *examination)
{
    static const char best[] =
        "SELECT trial.study, trial.number FROM trial JOIN attempt ON attempt.study = trial.study"
        " AND attempt.trial = trial.number AND attempt.number = trial.attempts"
        " WHERE trial.study = ? AND trial.state IN (3, 4, 5) AND trial.value IS NOT attempt.best";
    static const char last[] =
        "SELECT trial.study, trial.number FROM trial JOIN attempt ON attempt.study = trial.study"
        " AND attempt.trial = trial.number AND attempt.number = trial.attempts"
        " WHERE trial.study = ? AND trial.state IN (3, 4, 5) AND trial.value IS NOT"
        " CASE trial.state WHEN 5 THEN NULL ELSE attempt.last END";
    for (size_t i = 0; i < examination->n_patients; i++) {
        const struct patient *patient = &examination->patients[i];
        if (patient->definition != NULL)
            examine_rule(examination, "its value does not follow from its latest attempt",
                         patient->definition->over_time_last ? last : best, patient->id);
    }
}

static bool any_damage(const struct examination *examination)
{
    for (int i = 0; i < TABLES; i++)
        if (examination->damaged[i])
            return true;
    return false;
}

/* It stops at the first contradiction, so it has something to add only where nothing else was
 * found. */
static void examine_by_restoring(struct examination *examination)
{
    struct core_options options = { .lease_ms = 30000,
                                    .beat_ms = 5000,
                                    .peer_silent_ms = 120000,
                                    .suggestions_per_turn = 64,
                                    .version = "doctor" };
    struct error error = { "" };
    if (examination->diagnosis->findings > examination->diagnosis->views)
        return;
    struct core *core = core_create(&options);
    if (!restore_rows(examination->db, &examination->recorded, core, 0, &error))
        examination_find(examination, EVERYWHERE, "what a coordinator restores", remedy_copy, "%s",
                         error.text);
    core_destroy(&core);
}

void examine_rules(struct examination *examination)
{
    if (any_damage(examination))
        return; /* what was changed breaks rules; the rows that were changed are known */
    for (size_t i = 0; i < RULES; i++) {
        examination_progress(examination, "the rules of trials and outcomes", (int64_t)i, RULES);
        examine_rule(examination, rules[i].fault, rules[i].sql, 0);
    }
    examine_values(examination);
    examination_progress(examination, "what a coordinator restores", 0, 0);
    examine_by_restoring(examination);
}
