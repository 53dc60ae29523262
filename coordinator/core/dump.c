/* The durable half of the core as text, one line for each row: what must be the same after a
 * restore. */
#include "coordinator/core/trial.h"
#include "common/buf.h"

#include <inttypes.h>
#include <stdlib.h>

/* Bits, not digits: a value that changed in its last place is another value. */
#define VALUE "%d:%a"

static void dump_running(struct buf *out, const struct attempt_row *attempt)
{
    buf_printf(out,
               "running %" PRId64 "/%" PRId64 "/%" PRId32 " started=%" PRId64 " finished=%" PRId64
               " digest=%016" PRIx64 " step=%" PRId64 " best=" VALUE " last=" VALUE
               " seen=%d nonfinite=%d\n",
               attempt->ref.study, attempt->ref.trial, attempt->ref.attempt, attempt->started_ms,
               attempt->finished_ms, attempt->points_digest, attempt->last_step, attempt->has_best,
               attempt->best, attempt->has_last, attempt->last, attempt->metric_seen,
               attempt->nonfinite);
}

static void dump_trial(struct buf *out, const struct trial *trial)
{
    struct outcome_row outcome;
    char *parameters = ledger_parameters(trial->study->ledger, trial_configuration(trial));
    ledger_latest(trial->study->ledger, trial->number, &outcome);
    buf_printf(out,
               "trial %" PRId64 "/%" PRId64 " %s seed=%" PRId64 " history=%" PRId64
               " attempts=%" PRId32 " charged=%" PRId32 " deaths=%" PRId32 "@%" PRId64 ":%d"
               " source=%" PRId64 " value=" VALUE " created=%" PRId64 " finished=%" PRId64
               " outcome=%d:" VALUE " %s\n",
               trial->study->row.id, trial->number, trial_state_name(trial->state), trial->seed,
               trial->history_seq, trial->attempts, trial->charged, trial->deaths,
               trial->death_worker, trial->deaths_spread, trial->source, trial->has_value,
               trial->value, trial->created_ms, trial->finished_ms, outcome.state,
               outcome.has_value, outcome.value, parameters);
    free(parameters);
    struct latest_attempt latest = trial_latest(trial);
    if (trial->attempts > 0)
        buf_printf(out, "attempt %" PRId32 " %s worker=%" PRId64 " points=%" PRId64 "\n",
                   trial->attempts, attempt_state_name(latest.state), latest.worker, latest.points);
    if (trial->state == TRIAL_RUNNING)
        dump_running(out, &trial->live->attempt);
}

static void dump_study(struct buf *out, const struct study *study)
{
    int64_t best = 0;
    double value = 0;
    bool has_best = ledger_best(study->ledger, &best, &value);
    buf_printf(out,
               "study %" PRId64 " %s search=%" PRId64 " state=%d seed=%" PRId64 " budget=%" PRId64
               " repeat=%" PRId32 " parent=%" PRId64 " audit=%d created=%" PRId64
               " finished=%" PRId64 " outcomes=%" PRId64 " best=%d:%" PRId64 ":%a note=%s\n",
               study->row.id, study->row.name, study->row.search, study->row.state, study->row.seed,
               study->row.budget, study->row.repeat, study->row.parent, study->row.audit,
               study->row.created_ms, study->row.finished_ms, ledger_outcomes(study->ledger),
               has_best, best, value, study->row.note);
    for (size_t i = 0; i < study->n_trials; i++)
        dump_trial(out, trial_at(study, i));
}

char *core_dump(const struct core *core)
{
    struct buf out;
    buf_init(&out, SIZE_MAX / 2);
    for (size_t i = 0; i < core->n_searches; i++) {
        const struct search *search = core->searches[i];
        buf_printf(&out, "search %" PRId64 " %s key=%s created=%" PRId64 "\n", search->row.id,
                   search->row.name, search->row.submit_key, search->row.created_ms);
        for (size_t k = 0; k < search->n_studies; k++)
            dump_study(&out, search->studies[k]);
    }
    for (size_t i = 0; i < core->n_workers; i++) {
        const struct worker_row *row = &core->workers[i]->row;
        buf_printf(&out,
                   "worker %" PRId64 " %s host=%s cpu=%s version=%s instance=%016" PRIx64
                   " pid=%" PRId32 " slots=%" PRId32 " command=%d seen=%" PRId64 "..%" PRId64
                   " key=%s drain=%d\n",
                   row->id, row->name, row->host, row->cpu, row->version, row->instance, row->pid,
                   row->slots, row->allow_command, row->first_seen_ms, row->last_seen_ms, row->key,
                   row->drain);
    }
    return out.bytes;
}
