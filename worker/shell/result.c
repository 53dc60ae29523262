#include "worker/shell/result.h"
#include "worker/shell/preemption.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

enum { SHELL_SIGNALLED = 128 };

static const char *with_errors(const struct child *child, const char *what, struct arena *arena)
{
    const char *errors = child_output_last_errors(child->output, arena);
    return errors[0] == '\0' ? what : arena_printf(arena, "%s: %s", what, errors);
}

static const char *exit_reason(const struct child *child, int status, struct arena *arena)
{
    const char *what = arena_printf(arena, "exit status %d", status);
    if (status > SHELL_SIGNALLED && status < SHELL_SIGNALLED + 32)
        what = arena_printf(arena, "%s (as shells report a command killed by SIG%s)", what,
                            sigabbrev_np(status - SHELL_SIGNALLED));
    return with_errors(child, what, arena);
}

static const char *signal_reason(const struct child *child, int number, struct arena *arena)
{
    const char *name = sigabbrev_np(number);
    long long mebibytes = child->peak_memory_bytes >> 20;
    if (number == SIGKILL && child->oom_kill)
        return arena_printf(
            arena, "out of memory: killed by the kernel, having used up to %lld MiB", mebibytes);
    const char *what = arena_printf(arena, "killed by signal %d (SIG%s: %s)", number,
                                    name != NULL ? name : "?", strsignal(number));
    return with_errors(child, what, arena);
}

static const char *seconds(int64_t ms, struct arena *arena)
{
    if (ms % 1000 != 0)
        return arena_printf(arena, "%.3f s", (double)ms / 1000);
    return arena_printf(arena, "%lld s", (long long)ms / 1000);
}

static const char *limit_reason(const struct child *child, struct arena *arena)
{
    if (child->ending == CHILD_TIMED_OUT)
        return arena_printf(arena, "ran longer than max_trial_duration (%s)",
                            seconds(child->limits.duration_ms, arena));
    const char *since =
        child->step < 0 ? "its start" : arena_printf(arena, "step %lld", (long long)child->step);
    return arena_printf(arena, "no new step since %s for longer than max_trial_silence (%s)", since,
                        seconds(child->limits.silence_ms, arena));
}

/* Whoever asks a process to leave in these ways wants its machine, not to judge the trial. */
static bool is_request_to_leave(int number)
{
    return number == SIGTERM || number == SIGINT || number == SIGHUP;
}

/* A hand-back brings no log: the reason is all that its owner will see of what the trial did
 * instead of saving itself, or said of it. */
static const char *leave_reason(const struct child *child, struct arena *arena)
{
    int status = child->status, exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    const char *errors = child_output_last_errors(child->output, arena);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        return "the worker is leaving; SIGTERM did not end the trial, SIGKILL did";
    if (exit_status != 0 && exit_status != EXIT_HANDED_BACK &&
        exit_status != SHELL_SIGNALLED + SIGTERM)
        return arena_printf(arena, "the worker is leaving; %s",
                            exit_reason(child, exit_status, arena));
    if (errors[0] == '\0')
        return "the worker is leaving";
    return arena_printf(arena, "the worker is leaving; the trial's last words: %s", errors);
}

static bool is_handed_back(const struct child *child, const char **reason, struct arena *arena)
{
    bool exited = WIFEXITED(child->status), signalled = WIFSIGNALED(child->status);
    if (child->ending == CHILD_KILLED) {
        *reason = "nobody wants its report";
        return true;
    }
    if (exited && WEXITSTATUS(child->status) == 0)
        return false;
    if (child->ending == CHILD_PREEMPTED)
        *reason = leave_reason(child, arena);
    else if (child->ending != CHILD_ON_ITS_OWN)
        return false;
    else if (exited && WEXITSTATUS(child->status) == EXIT_HANDED_BACK)
        *reason = with_errors(child, "exit status 75, the trial handed itself back", arena);
    else if (signalled && is_request_to_leave(WTERMSIG(child->status)))
        *reason = "somebody asked the process to leave";
    else
        return false;
    return true;
}

static void judge(struct message *result, const struct child *child, struct arena *arena)
{
    int status = child->status;
    if (child->ending == CHILD_TIMED_OUT || child->ending == CHILD_SILENT) {
        result->result.kind = RESULT_TIMEOUT;
        result->result.reason = with_errors(child, limit_reason(child, arena), arena);
    } else if (child->ending == CHILD_PRUNED || (WIFEXITED(status) && WEXITSTATUS(status) == 0)) {
        result->result.kind = RESULT_DONE;
        result->result.reason = child_output_diverged(child->output, arena);
        if (result->result.reason[0] == '\0')
            result->result.reason = child_output_ignored(child->output, arena);
    } else if (WIFSIGNALED(status)) {
        result->result.kind = RESULT_DIED;
        result->result.reason = signal_reason(child, WTERMSIG(status), arena);
    } else {
        result->result.kind = RESULT_FAILED;
        result->result.reason = exit_reason(child, WEXITSTATUS(status), arena);
    }
}

bool result_of_child(struct message *result, const struct child *child, const char **reason,
                     struct arena *arena)
{
    if (is_handed_back(child, reason, arena))
        return false;
    *result = (struct message){ .type = MESSAGE_RESULT };
    judge(result, child, arena);
    result->result.exit_status =
        WIFEXITED(child->status) ? WEXITSTATUS(child->status) : -WTERMSIG(child->status);
    result->result.log = child_output_log(child->output, arena);
    result->result.info = child_output_info(child->output, arena);
    result->result.duration_ms = child->ended_ms - child->started_ms;
    result->result.cpu_ms = child->cpu_ms;
    result->result.peak_memory_bytes = child->peak_memory_bytes;
    return true;
}

void result_of_refusal(struct message *result, const char *why, struct arena *arena)
{
    *result = (struct message){ .type = MESSAGE_RESULT };
    result->result.kind = RESULT_REFUSED;
    result->result.reason = arena_text(arena, why);
    result->result.log = "";
    result->result.info = "{}";
}
