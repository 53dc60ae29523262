#include "coordinator/core/rows.h"

static const char *const trial_states[] = {
    [TRIAL_WAITING] = "waiting",     [TRIAL_RUNNING] = "running",   [TRIAL_DONE] = "done",
    [TRIAL_PRUNED] = "pruned",       [TRIAL_DIVERGED] = "diverged", [TRIAL_FAILED] = "failed",
    [TRIAL_CANCELLED] = "cancelled",
};

static const char *const attempt_states[] = {
    [ATTEMPT_RUNNING] = "running", [ATTEMPT_DONE] = "done",
    [ATTEMPT_PRUNED] = "pruned",   [ATTEMPT_DIVERGED] = "diverged",
    [ATTEMPT_FAILED] = "failed",   [ATTEMPT_RELEASED] = "released",
    [ATTEMPT_LOST] = "lost",       [ATTEMPT_CANCELLED] = "cancelled",
};

const char *trial_state_name(enum trial_state state)
{
    bool known = state >= TRIAL_WAITING && state <= TRIAL_CANCELLED;
    return known ? trial_states[state] : "unknown";
}

bool trial_state_final(enum trial_state state)
{
    return state >= TRIAL_DONE && state <= TRIAL_CANCELLED;
}

const char *attempt_state_name(enum attempt_state state)
{
    bool known = state >= ATTEMPT_RUNNING && state <= ATTEMPT_CANCELLED;
    return known ? attempt_states[state] : "unknown";
}
