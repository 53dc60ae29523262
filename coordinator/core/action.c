#include "coordinator/core/action.h"
#include "coordinator/core/record.h"
#include "common/arena.h"
#include "common/xalloc.h"

#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES = 64 << 10 };

void actions_init(struct actions *actions)
{
    *actions = (struct actions){ .arena = arena_create(ARENA_BYTES) };
}

void actions_free(struct actions *actions)
{
    arena_destroy(&actions->arena);
    free(actions->list);
    *actions = (struct actions){ 0 };
}

void actions_clear(struct actions *actions)
{
    arena_reset(actions->arena);
    actions->count = 0;
    actions->saves = 0;
}

static struct action *add(struct turn *turn, enum action_type type)
{
    struct actions *out = turn->out;
    out->list = xgrow(out->list, out->count, &out->capacity, sizeof *out->list);
    struct action *action = &out->list[out->count++];
    memset(action, 0, sizeof *action);
    action->type = type;
    out->saves += type != SEND;
    return action;
}

static const char *keep(struct turn *turn, const char *text)
{
    return arena_text(turn->out->arena, text != NULL ? text : "");
}

void save_search(struct turn *turn, const struct search_row *row)
{
    struct action *action = add(turn, SAVE_SEARCH);
    action->search = *row;
    action->search.name = keep(turn, row->name);
    action->search.submit_key = keep(turn, row->submit_key);
    action->search.definition = keep(turn, row->definition);
    action->search.spec = keep(turn, row->spec);
}

void save_study(struct turn *turn, const struct study *study)
{
    struct action *action = add(turn, SAVE_STUDY);
    action->study = study->row;
    action->study.note = keep(turn, study->row.note);
}

/* Where the row was saved before in this turn, or NULL. `saved_in` may be of any turn: what is
 * there tells. Each arrival in a final state stands for itself: it has an outcome. */
static struct action *saved_trial(struct turn *turn, const struct trial *trial)
{
    size_t place = trial->live->saved_in;
    struct action *action = place < turn->out->count ? &turn->out->list[place] : NULL;
    bool same = action != NULL && action->type == SAVE_TRIAL &&
                action->trial.study == trial->study->row.id &&
                action->trial.number == trial->number && !trial_state_final(action->trial.state);
    return same ? action : NULL;
}

static struct action *saved_attempt(struct turn *turn, const struct trial *trial)
{
    size_t place = trial->live->attempt_saved_in;
    struct action *action = place < turn->out->count ? &turn->out->list[place] : NULL;
    bool same = action != NULL && action->type == SAVE_ATTEMPT &&
                attempt_ref_equal(action->attempt.ref, trial->live->attempt.ref);
    return same ? action : NULL;
}

/* To write the parameters as text takes longer than all else that the core does for a trial. */
static const char *parameters_of(struct trial *trial)
{
    struct live_trial *live = trial->live;
    if (live->parameters == NULL)
        live->parameters = ledger_parameters(trial->study->ledger, trial_configuration(trial));
    return live->parameters;
}

const char *save_trial(struct turn *turn, struct trial *trial, const char *reason)
{
    struct action *action = saved_trial(turn, trial);
    const char *parameters =
        action != NULL ? action->trial.parameters : keep(turn, parameters_of(trial));
    if (action == NULL) {
        trial->live->saved_in = turn->out->count;
        action = add(turn, SAVE_TRIAL);
    }
    action->trial = trial_to_row(trial);
    action->trial.parameters = parameters;
    action->trial.reason = keep(turn, reason);
    return parameters;
}

void save_attempt(struct turn *turn, struct trial *trial, struct attempt_texts texts)
{
    struct action *action = saved_attempt(turn, trial);
    if (action == NULL) {
        trial->live->attempt_saved_in = turn->out->count;
        action = add(turn, SAVE_ATTEMPT);
    }
    action->attempt = trial->live->attempt;
    action->attempt.reason = keep(turn, texts.reason);
    action->attempt.log = keep(turn, texts.log);
    action->attempt.info = keep(turn, texts.info);
}

void add_outcome(struct turn *turn, const struct trial *trial)
{
    add(turn, ADD_OUTCOME)->outcome = (struct outcome_row){
        .study = trial->study->row.id,
        .seq = ledger_outcomes(trial->study->ledger),
        .trial = trial->number,
        .state = trial->state,
        .has_value = trial->has_value,
        .value = trial->value,
    };
}

/* A run of points has few metric names, which come in turns: each is copied once. */
static const char *keep_metric(struct turn *turn, const char *name, const char **kept,
                               size_t *n_kept)
{
    for (size_t i = 0; i < *n_kept; i++) {
        if (strcmp(kept[i], name) == 0)
            return kept[i];
    }
    const char *copy = keep(turn, name);
    if (*n_kept < METRIC_NAMES_KEPT)
        kept[(*n_kept)++] = copy;
    return copy;
}

void add_points(struct turn *turn, const struct trial *trial, int64_t first,
                const struct point *points, size_t count)
{
    const char *kept[METRIC_NAMES_KEPT];
    size_t n_kept = 0;
    struct point *copy = arena_copy(turn->out->arena, points, count * sizeof *points);
    for (size_t i = 0; i < count; i++)
        copy[i].metric = keep_metric(turn, copy[i].metric, kept, &n_kept);
    add(turn, ADD_POINTS)->points =
        (struct points_row){ trial->live->attempt.ref, first, copy, count };
}

void save_worker(struct turn *turn, const struct worker *worker)
{
    struct action *action = add(turn, SAVE_WORKER);
    action->worker = worker->row;
    action->worker.name = keep(turn, worker->row.name);
    action->worker.host = keep(turn, worker->row.host);
    action->worker.cpu = keep(turn, worker->row.cpu);
    action->worker.version = keep(turn, worker->row.version);
    action->worker.key = keep(turn, worker->row.key);
}

struct message *reply(struct turn *turn, const struct message *request, enum message_type type)
{
    struct action *action = add(turn, SEND);
    action->send.peer = turn->peer;
    action->send.message =
        (struct message){ .id = request->id, .session = request->session, .type = type };
    return &action->send.message;
}

void reply_error(struct turn *turn, const struct message *request, enum error_code code,
                 const char *text)
{
    struct message *message = reply(turn, request, MESSAGE_ERROR);
    message->error.code = code;
    message->error.text = keep(turn, text);
}

struct message *tell(struct turn *turn, const struct worker *worker, enum message_type type)
{
    struct action *action = add(turn, SEND);
    action->send.peer = worker->peer;
    action->send.message = (struct message){ .session = worker->session, .type = type };
    return &action->send.message;
}
