#include "coordinator/shell/roles.h"

static const int allowed[MESSAGE_TYPES] = {
    [MESSAGE_HELLO] = KEY_WORKER,
    [MESSAGE_ASK] = KEY_WORKER,
    [MESSAGE_BEAT] = KEY_WORKER,
    [MESSAGE_POINTS] = KEY_WORKER,
    [MESSAGE_RESULT] = KEY_WORKER,
    [MESSAGE_RELEASE] = KEY_WORKER,
    [MESSAGE_STATUS] = KEY_READ | KEY_SUBMIT,
    [MESSAGE_SUBMIT] = KEY_SUBMIT,
    [MESSAGE_STOP] = KEY_SUBMIT,
    [MESSAGE_RERUN] = KEY_SUBMIT,
    [MESSAGE_PAUSE] = KEY_SUBMIT,
    [MESSAGE_RESUME] = KEY_SUBMIT,
    [MESSAGE_RETRY] = KEY_SUBMIT,
    [MESSAGE_DRAIN] = KEY_SUBMIT,
    [MESSAGE_AUDIT] = KEY_SUBMIT,
};

const char *roles_forbid(int roles, enum message_type type)
{
    if ((allowed[type] & roles) != 0)
        return NULL;
    switch (allowed[type]) {
    case KEY_WORKER:
        return "this key may not do the work of a worker: it needs the role worker";
    case KEY_SUBMIT:
        return "this key may not change searches: it needs the role submit";
    case KEY_READ | KEY_SUBMIT:
        return "this key may not look at searches: it needs the role read or submit";
    default:
        return "no key may send that: only the coordinator does";
    }
}

bool roles_is_client(enum message_type type)
{
    return (allowed[type] & KEY_SUBMIT) != 0;
}
