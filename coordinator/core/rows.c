#include "coordinator/core/rows.h"

const char *trial_state_name(enum trial_state state)
{
    switch (state) {
    case TRIAL_WAITING: return "waiting";
    case TRIAL_RUNNING: return "running";
    case TRIAL_DONE: return "done";
    case TRIAL_PRUNED: return "pruned";
    case TRIAL_DIVERGED: return "diverged";
    case TRIAL_FAILED: return "failed";
    case TRIAL_CANCELLED: return "cancelled";
    }
    return "unknown";
}

bool trial_state_final(enum trial_state state)
{
    return state >= TRIAL_DONE;
}

const char *attempt_state_name(enum attempt_state state)
{
    switch (state) {
    case ATTEMPT_RUNNING: return "running";
    case ATTEMPT_DONE: return "done";
    case ATTEMPT_PRUNED: return "pruned";
    case ATTEMPT_DIVERGED: return "diverged";
    case ATTEMPT_FAILED: return "failed";
    case ATTEMPT_RELEASED: return "released";
    case ATTEMPT_LOST: return "lost";
    case ATTEMPT_CANCELLED: return "cancelled";
    }
    return "unknown";
}
