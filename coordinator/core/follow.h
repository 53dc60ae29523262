/* follow.h - studies that wait for another one of their search to finish: the rungs of a ladder,
 * each for the one before it, and a re-run for the study whose best it runs again (an audit waits
 * for nobody). Nothing of this
 * is kept in rows: it follows from the definition and from the states of the studies. Private to
 * this folder. */
#ifndef CORE_FOLLOW_H
#define CORE_FOLLOW_H
#include "coordinator/core/state.h"

/* Whether nothing may start here yet. What has begun goes on, even if a trial of the study before
 * it is tried again. */
bool study_waits(const struct study *study);

/* Finds out whom a new study waits for, and has it told. */
void study_follow(struct study *study);

/* The study has just finished: those that waited for it begin, or are left out. */
void followers_go(struct turn *turn, struct study *study);
#endif
