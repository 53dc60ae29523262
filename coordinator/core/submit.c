/* SUBMIT: from the JSON of a definition to a search with its studies. The same submit key twice is
 * one search, so a client that saw no answer may send again. */
#include "coordinator/core/inherit.h"
#include "coordinator/core/rerun.h"
#include "coordinator/core/search.h"
#include "coordinator/core/study.h"
#include "common/arena.h"

#include <string.h>

static const char *list_problems(const struct problems *problems, struct arena *arena)
{
    const char *text = "";
    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *problem = &problems->list[i];
        text = arena_printf(arena, "%s%s%s: %s", text, i > 0 ? "\n" : "",
                            problem->path[0] != '\0' ? problem->path : "/", problem->text);
    }
    return text;
}

struct definition *search_parse(const char *json, struct arena *arena, const char **text)
{
    json_error_t where;
    json_t *document = json_loads(json, JSON_REJECT_DUPLICATES, &where);
    if (document == NULL) {
        *text = arena_printf(arena, "/: the definition is not JSON: line %d, column %d: %s",
                             where.line, where.column, where.text);
        return NULL;
    }
    struct definition *definition = NULL;
    struct problems problems;
    problems_init(&problems);
    if (!definition_parse(&definition, document, &problems))
        *text = list_problems(&problems, arena);
    problems_free(&problems);
    json_decref(document);
    return definition;
}

static void answer(struct turn *turn, const struct message *message, const struct search *search,
                   bool already)
{
    struct message *submitted = reply(turn, message, MESSAGE_SUBMITTED);
    submitted->submitted.search = search->row.name;
    for (size_t i = 0; i < search->n_studies; i++) {
        const struct study_row *study = &search->studies[i]->row;
        if (study->audit)
            continue;
        submitted->submitted.studies++;
        submitted->submitted.trials += study->budget * study->repeat;
    }
    submitted->submitted.already = already;
}

static void create_study(struct turn *turn, struct search *search, size_t position)
{
    const struct study_definition *definition = &search->definition->studies[position];
    struct study_row row = {
        .id = turn->core->last_study + 1,
        .search = search->row.id,
        .name = definition->name,
        .position = (int64_t)position,
        .state = SEARCH_OPEN,
        .seed = definition->seed,
        .budget = definition_configurations(search->definition, position),
        .repeat = search->definition->repeat,
        .note = "",
        .created_ms = turn->wall_ms,
    };
    save_study(turn, study_create(turn->core, search, &row));
}

static void create(struct turn *turn, const struct message *message, const char *text,
                   struct definition *definition)
{
    struct search_row row = {
        .id = turn->core->last_search + 1,
        .name = definition->name,
        .submit_key = message->submit.submit_key,
        .definition = text,
        .spec = message->submit.spec,
        .created_ms = turn->wall_ms,
    };
    save_search(turn, &row);
    struct search *search = search_create(turn->core, &row, definition);
    for (size_t i = 0; i < definition->n_studies; i++)
        create_study(turn, search, i);
    rerun_plan(turn, search);
    answer(turn, message, search, false);
}

void search_submit(struct turn *turn, const struct message *message)
{
    struct core *core = turn->core;
    struct arena *arena = turn->out->arena;
    if (message->submit.submit_key[0] == '\0') {
        reply_error(turn, message, ERROR_REFUSED, "a submission needs a submit key");
        return;
    }
    struct search *known = name_index_find(&core->submit_keys, message->submit.submit_key);
    if (known != NULL) {
        answer(turn, message, known, true);
        return;
    }
    const char *problems = NULL, *text = message->submit.definition;
    struct definition *definition = search_parse(text, arena, &problems);
    if (definition != NULL && definition->from.pending) {
        text = inherit(turn, message, &definition->from);
        definition_destroy(&definition);
        if (text == NULL)
            return;
        definition = search_parse(text, arena, &problems);
    }
    if (definition == NULL) {
        reply_error(turn, message, ERROR_INVALID_SPEC, problems);
        return;
    }
    if (name_index_find(&core->search_names, definition->name) != NULL) {
        reply_error(
            turn, message, ERROR_REFUSED,
            arena_printf(arena,
                         "a search called `%s` exists already: give this one another `name:`"
                         " (`ldt status %s` shows the other)",
                         definition->name, definition->name));
        definition_destroy(&definition);
        return;
    }
    create(turn, message, text, definition);
}
