/* audit.h - AUDIT: trials of a study, drawn at random, run again elsewhere, seeds and all. Their
 * curves must be equal to the last bit, or a machine is broken. An audit is a study of its own,
 * "STUDY/audit-SEED", whose trials are all there from the start; no sampler learns from it. Private
 * to this folder. */
#ifndef CORE_AUDIT_H
#define CORE_AUDIT_H
#include "coordinator/core/state.h"

void audit_request(struct turn *turn, const struct message *message);

/* Why an audit in which nothing runs does not move, or NULL. */
const char *audit_note(struct turn *turn, const struct study *audit);
#endif
