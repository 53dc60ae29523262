#include "coordinator/core/pause.h"
#include "coordinator/core/search.h"
#include "coordinator/core/study.h"
#include "common/arena.h"

/* What a request did to the active studies of its selection. */
struct toll {
    int64_t active, changed, running;
};

static struct toll change_all(struct turn *turn, const struct selection *selection,
                              bool (*change)(struct turn *turn, struct study *study))
{
    struct toll toll = { 0 };
    for (size_t i = 0; i < selection->n_studies; i++) {
        struct study *study = selection->studies[i];
        toll.running += study->counts.running;
        if (!study_active(study))
            continue;
        toll.active++;
        toll.changed += change(turn, study);
    }
    return toll;
}

/* Of a search whose studies have all ended, or a study that has. */
static void refuse(struct turn *turn, const struct message *message, const char *name,
                   const struct study *first)
{
    bool stopped = first->row.state == SEARCH_STOPPED;
    const char *text =
        arena_printf(turn->out->arena,
                     "`%s` %s: it hands out nothing any more (`ldt retry %s` tries its failed "
                     "trials again; to search on, submit it under another name)",
                     name, stopped ? "was stopped" : "is done", name);
    reply_error(turn, message, ERROR_REFUSED, text);
}

/* False after having answered why nothing was done. */
static bool request(struct turn *turn, const struct message *message, const char *name,
                    bool (*change)(struct turn *turn, struct study *study), struct toll *toll)
{
    struct selection selection;
    const char *nearest;
    if (!search_select(turn->core, name, &selection, &nearest)) {
        search_not_found(turn, message, name, nearest);
        return false;
    }
    *toll = change_all(turn, &selection, change);
    if (toll->active > 0)
        return true;
    refuse(turn, message, name, selection.studies[0]);
    return false;
}

void pause_request(struct turn *turn, const struct message *message)
{
    struct toll toll;
    if (!request(turn, message, message->pause.name, study_pause, &toll))
        return;
    struct message *answer = reply(turn, message, MESSAGE_PAUSED);
    answer->paused.studies = toll.active;
    answer->paused.running = toll.running;
    answer->paused.already = toll.changed == 0;
}

void resume_request(struct turn *turn, const struct message *message)
{
    struct toll toll;
    if (!request(turn, message, message->resume.name, study_resume, &toll))
        return;
    struct message *answer = reply(turn, message, MESSAGE_RESUMED);
    answer->resumed.studies = toll.active;
    answer->resumed.already = toll.changed == 0;
}
