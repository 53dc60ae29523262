/* record.h - the trials of a study by number: what is kept of each for good, the row that it makes,
 * and what it has besides while it is not over. Private to this folder. */
#ifndef CORE_RECORD_H
#define CORE_RECORD_H
#include "coordinator/core/state.h"

/* The trial of that number, which must be there; it stays where it is as long as its study. */
struct trial *trial_at(const struct study *study, size_t number);
/* The next one, all 0 but for its study and number. */
struct trial *trial_append(struct study *study);
void trial_free_all(struct study *study);

/* Which point of its study it runs, and for the how-manieth time (from 0). */
int64_t trial_configuration(const struct trial *trial);
int32_t trial_repetition(const struct trial *trial);

/* Its row, the texts NULL; and a trial that was appended, as its row has it. */
struct trial_row trial_to_row(const struct trial *trial);
void trial_from_row(struct trial *trial, const struct trial_row *row);

/* Gives a trial that is not over, or is about to be tried again, what it needs until it is; and
 * takes that away, if there is some. */
void trial_enliven(struct trial *trial);
void trial_lay_to_rest(struct trial *trial);
#endif
