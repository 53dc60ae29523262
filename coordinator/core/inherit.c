#include "coordinator/core/inherit.h"
#include "coordinator/core/search.h"
#include "common/arena.h"
#include "common/json.h"
#include "common/xalloc.h"

#include <inttypes.h>
#include <stdlib.h>

/* The study that the name means; a search with several of its own is none. */
static const struct study *source_of(struct turn *turn, const struct message *message,
                                     const char *name)
{
    struct selection selection;
    const char *nearest;
    struct arena *arena = turn->out->arena;
    if (!search_select(turn->core, name, &selection, &nearest)) {
        const char *hint =
            nearest != NULL ? arena_printf(arena, "; did you mean `%s`?", nearest) : "";
        reply_error(turn, message, ERROR_NOT_FOUND,
                    arena_printf(arena,
                                 "`from` names the study `%s`, which does not exist%s (submit its "
                                 "search first, and wait until it is done)",
                                 name, hint));
        return NULL;
    }
    const struct study *first = selection.studies[0];
    if (first->row.audit) {
        reply_error(turn, message, ERROR_REFUSED,
                    arena_printf(arena,
                                 "`from` names `%s`, an audit: name the study that it audits, `%s`",
                                 name, first->parent->row.name));
        return NULL;
    }
    if (selection.one != NULL || first->search->definition->n_studies == 1)
        return first;
    reply_error(turn, message, ERROR_REFUSED,
                arena_printf(arena,
                             "`from` names `%s`, a search with %zu studies: name one of them, such "
                             "as `%s`",
                             name, first->search->definition->n_studies, first->row.name));
    return NULL;
}

/* The configuration of that rank; -1 after having answered why there is none. */
static int64_t configuration_of(struct turn *turn, const struct message *message,
                                const struct study *source, int64_t rank)
{
    struct arena *arena = turn->out->arena;
    const char *name = source->row.name;
    if (source->row.finished_ms == 0) {
        reply_error(turn, message, ERROR_REFUSED,
                    arena_printf(arena,
                                 "`from` names `%s`, which has not finished: wait until it is done "
                                 "(`ldt status %s`), or stop it with `ldt stop %s`",
                                 name, name, name));
        return -1;
    }
    int64_t *ranking = xcalloc((size_t)rank, sizeof *ranking);
    int64_t count = ledger_ranking(source->ledger, ranking, rank);
    int64_t found = count == rank ? ranking[rank - 1] : -1;
    free(ranking);
    if (found < 0)
        reply_error(turn, message, ERROR_REFUSED,
                    arena_printf(arena,
                                 "`from` wants configuration %" PRId64
                                 " of `%s` by rank, and %" PRId64
                                 " of them have a value (`ldt best %s`)",
                                 rank, name, count, name));
    return found;
}

static const char *write_in(struct turn *turn, const char *definition, const char *parameters)
{
    json_t *document = json_loads(definition, 0, NULL), *object = json_loads(parameters, 0, NULL);
    definition_inherit(document, object);
    char *text = json_text(document);
    const char *kept = arena_text(turn->out->arena, text);
    free(text);
    json_decref(object);
    json_decref(document);
    return kept;
}

const char *inherit(struct turn *turn, const struct message *message,
                    const struct inheritance *from)
{
    const struct study *source = source_of(turn, message, from->study);
    int64_t configuration =
        source != NULL ? configuration_of(turn, message, source, from->best) : -1;
    if (configuration < 0)
        return NULL;
    char *parameters = ledger_parameters(source->ledger, configuration);
    const char *text = write_in(turn, message->submit.definition, parameters);
    free(parameters);
    return text;
}
