#include "coordinator/core/record.h"
#include "common/xalloc.h"

#include <assert.h>
#include <stdlib.h>

enum { TRIALS_IN_BLOCK = 64 };

struct trial *trial_at(const struct study *study, size_t number)
{
    assert(number < study->n_trials);
    return &study->blocks[number / TRIALS_IN_BLOCK][number % TRIALS_IN_BLOCK];
}

struct trial *trial_append(struct study *study)
{
    size_t number = study->n_trials++, block = number / TRIALS_IN_BLOCK;
    if (number % TRIALS_IN_BLOCK == 0) {
        study->blocks =
            xgrow(study->blocks, block, &study->blocks_capacity, sizeof(struct trial *));
        study->blocks[block] = xcalloc(TRIALS_IN_BLOCK, sizeof(struct trial));
    }
    struct trial *trial = trial_at(study, number);
    trial->study = study;
    trial->number = (int64_t)number;
    return trial;
}

void trial_free_all(struct study *study)
{
    for (size_t i = 0; i < study->n_trials; i++)
        trial_lay_to_rest(trial_at(study, i));
    for (size_t i = 0; i < study->n_trials; i += TRIALS_IN_BLOCK)
        free(study->blocks[i / TRIALS_IN_BLOCK]);
    free(study->blocks);
}

/* ---- the row */

int64_t trial_configuration(const struct trial *trial)
{
    return trial->number / trial->study->row.repeat;
}

int32_t trial_repetition(const struct trial *trial)
{
    return (int32_t)(trial->number % trial->study->row.repeat);
}

struct trial_row trial_to_row(const struct trial *trial)
{
    return (struct trial_row){
        .study = trial->study->row.id,
        .number = trial->number,
        .configuration = trial_configuration(trial),
        .repetition = trial_repetition(trial),
        .state = trial->state,
        .seed = trial->seed,
        .history_seq = trial->history_seq,
        .attempts = trial->attempts,
        .charged = trial->charged,
        .deaths = trial->deaths,
        .deaths_spread = trial->deaths_spread,
        .has_value = trial->has_value,
        .death_worker = trial->death_worker,
        .source = trial->source,
        .value = trial->value,
        .created_ms = trial->created_ms,
        .finished_ms = trial->finished_ms,
    };
}

void trial_from_row(struct trial *trial, const struct trial_row *row)
{
    trial->state = row->state;
    trial->seed = row->seed;
    trial->history_seq = row->history_seq;
    trial->attempts = row->attempts;
    trial->charged = row->charged;
    trial->deaths = row->deaths;
    trial->deaths_spread = row->deaths_spread;
    trial->has_value = row->has_value;
    trial->death_worker = row->death_worker;
    trial->source = row->source;
    trial->value = row->value;
    trial->created_ms = row->created_ms;
    trial->finished_ms = row->finished_ms;
}

/* ---- what only a live trial needs */

void trial_enliven(struct trial *trial)
{
    assert(trial->live == NULL);
    trial->live = xcalloc(1, sizeof *trial->live);
    trial->live->trial = trial;
    trial->live->saved_in = trial->live->attempt_saved_in = SIZE_MAX;
}

void trial_lay_to_rest(struct trial *trial)
{
    if (trial->live != NULL)
        free(trial->live->parameters);
    free(trial->live);
    trial->live = NULL;
}
