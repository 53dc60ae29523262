#include "common/message.h"

static const char *const names[MESSAGE_TYPES] = {
    [MESSAGE_NONE] = "none",
    [MESSAGE_HELLO] = "hello",
    [MESSAGE_WELCOME] = "welcome",
    [MESSAGE_ASK] = "ask",
    [MESSAGE_TRIAL] = "trial",
    [MESSAGE_BEAT] = "beat",
    [MESSAGE_BEAT_OK] = "beat-ok",
    [MESSAGE_POINTS] = "points",
    [MESSAGE_POINTS_ACK] = "points-ack",
    [MESSAGE_RESULT] = "result",
    [MESSAGE_RESULT_ACK] = "result-ack",
    [MESSAGE_RELEASE] = "release",
    [MESSAGE_RELEASE_ACK] = "release-ack",
    [MESSAGE_ERROR] = "error",
    [MESSAGE_SUBMIT] = "submit",
    [MESSAGE_SUBMITTED] = "submitted",
    [MESSAGE_STATUS] = "status",
    [MESSAGE_STATUS_REPLY] = "status-reply",
    [MESSAGE_STOP] = "stop",
    [MESSAGE_STOPPED] = "stopped",
    [MESSAGE_RERUN] = "rerun",
    [MESSAGE_RERUNNING] = "rerunning",
    [MESSAGE_PAUSE] = "pause",
    [MESSAGE_PAUSED] = "paused",
    [MESSAGE_RESUME] = "resume",
    [MESSAGE_RESUMED] = "resumed",
    [MESSAGE_RETRY] = "retry",
    [MESSAGE_RETRIED] = "retried",
    [MESSAGE_DRAIN] = "drain",
    [MESSAGE_DRAINED] = "drained",
    [MESSAGE_AUDIT] = "audit",
    [MESSAGE_AUDITING] = "auditing",
};

const char *message_type_name(enum message_type type)
{
    return (unsigned)type < MESSAGE_TYPES ? names[type] : "unknown";
}

bool attempt_ref_equal(struct attempt_ref a, struct attempt_ref b)
{
    return a.study == b.study && a.trial == b.trial && a.attempt == b.attempt;
}
