/* What the agent wants done: a list, with the memory of all that it points to. */
#include "worker/agent/state.h"
#include "common/xalloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void agent_actions_init(struct agent_actions *actions)
{
    *actions = (struct agent_actions){ .arena = arena_create(16 << 10) };
}

void agent_actions_free(struct agent_actions *actions)
{
    arena_destroy(&actions->arena);
    free(actions->list);
    *actions = (struct agent_actions){ 0 };
}

void agent_actions_clear(struct agent_actions *actions)
{
    arena_reset(actions->arena);
    actions->count = 0;
}

struct agent_action *agent_act(struct agent_actions *out, enum agent_action_type type,
                               struct attempt_ref ref)
{
    out->list = xgrow(out->list, out->count, &out->capacity, sizeof *out->list);
    struct agent_action *action = &out->list[out->count++];
    *action = (struct agent_action){ .type = type, .ref = ref };
    return action;
}

struct message *agent_send(struct agent *agent, struct agent_actions *out, enum message_type type)
{
    struct agent_action *action = agent_act(out, AGENT_SEND, (struct attempt_ref){ 0 });
    action->message = (struct message){ .id = ++agent->last_id,
                                        .session = agent->session.open ? agent->session.number : 0,
                                        .type = type };
    return &action->message;
}

void agent_log(struct agent_actions *out, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    agent_act(out, AGENT_LOG, (struct attempt_ref){ 0 })->text = arena_text(out->arena, text);
}
