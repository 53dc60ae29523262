#include "coordinator/core/search.h"
#include "coordinator/core/study.h"
#include "common/arena.h"
#include "common/xalloc.h"

#include <stdlib.h>

struct search *search_create(struct core *core, const struct search_row *row,
                             struct definition *definition)
{
    struct search *search = xcalloc(1, sizeof *search);
    search->row = *row;
    search->row.name = xstrdup(row->name);
    search->row.submit_key = xstrdup(row->submit_key);
    search->row.definition = search->row.spec = "";
    search->definition = definition;
    search->studies_capacity = definition->n_studies;
    search->studies = xcalloc(definition->n_studies, sizeof(struct study *));
    core->searches =
        xgrow(core->searches, core->n_searches, &core->searches_capacity, sizeof(struct search *));
    core->searches[core->n_searches++] = search;
    name_index_put(&core->search_names, search->row.name, search);
    name_index_put(&core->submit_keys, search->row.submit_key, search);
    if (row->id > core->last_search)
        core->last_search = row->id;
    return search;
}

void search_destroy(struct search **out)
{
    struct search *search = *out;
    for (size_t i = 0; i < search->n_studies; i++)
        study_destroy(&search->studies[i]);
    heap_free(&search->runnable);
    definition_destroy(&search->definition);
    free(search->studies);
    free((char *)search->row.name);
    free((char *)search->row.submit_key);
    free(search);
    *out = NULL;
}

/* ---- names ----------------------------------------------------------------------------------- */

static const char *nearest_name(const struct core *core, const char *name)
{
    size_t capacity = core->n_searches + core->studies.count, count = 0;
    const char **names = xcalloc(capacity, sizeof *names);
    for (size_t i = 0; i < core->n_searches; i++) {
        const struct search *search = core->searches[i];
        names[count++] = search->row.name;
        for (size_t k = 0; k < search->n_studies; k++)
            names[count++] = search->studies[k]->row.name;
    }
    const char *nearest = nearest_of(name, names, count);
    free(names);
    return nearest;
}

bool search_select(const struct core *core, const char *name, struct selection *selection,
                   const char **nearest)
{
    struct search *search = name_index_find(&core->search_names, name);
    if (search != NULL) {
        *selection = (struct selection){ search->studies, search->n_studies, NULL };
        return true;
    }
    selection->one = name_index_find(&core->study_names, name);
    if (selection->one != NULL) {
        selection->studies = &selection->one;
        selection->n_studies = 1;
        return true;
    }
    *nearest = nearest_name(core, name);
    return false;
}

void search_not_found(struct turn *turn, const struct message *message, const char *name,
                      const char *nearest)
{
    struct arena *arena = turn->out->arena;
    const char *hint = nearest != NULL ? arena_printf(arena, "; did you mean `%s`?", nearest) : "";
    reply_error(turn, message, ERROR_NOT_FOUND,
                arena_printf(arena, "no search or study is called `%s`%s", name, hint));
}

struct study *search_one_study(struct turn *turn, const struct message *message, const char *name)
{
    struct selection selection;
    const char *nearest;
    if (!search_select(turn->core, name, &selection, &nearest)) {
        search_not_found(turn, message, name, nearest);
        return NULL;
    }
    struct study *first = selection.studies[0];
    size_t own = first->search->definition->n_studies;
    if (selection.one != NULL || own == 1)
        return first;
    reply_error(turn, message, ERROR_REFUSED,
                arena_printf(turn->out->arena,
                             "`%s` is a search with %zu studies: name one of them, such as `%s`",
                             name, own, first->row.name));
    return NULL;
}

/* ---- STOP ------------------------------------------------------------------------------------ */

void search_stop(struct turn *turn, const struct message *message)
{
    struct selection selection;
    const char *nearest;
    if (!search_select(turn->core, message->stop.name, &selection, &nearest)) {
        search_not_found(turn, message, message->stop.name, nearest);
        return;
    }
    int64_t studies = 0, cancelled = 0;
    for (size_t i = 0; i < selection.n_studies; i++) {
        struct study *study = selection.studies[i];
        if (study->row.finished_ms != 0)
            continue;
        studies++;
        cancelled += study_stop(turn, study, message->stop.now, "stopped by request");
    }
    struct message *answer = reply(turn, message, MESSAGE_STOPPED);
    answer->stopped.studies = studies;
    answer->stopped.cancelled = cancelled;
}
