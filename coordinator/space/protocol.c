/* The words of a search's protocol: what runs again (`rerun`), and what is taken from another study
 * (`from`). The third, `ladder`, is about the matrix: ladder.c. */
#include "coordinator/space/draft.h"

#include <string.h>

enum { RERUN_SEEDS = 8 }; /* the paper's */

static void read_number_of(struct draft *draft, struct node object, const char *key,
                           int64_t highest, int64_t *out)
{
    struct node node = node_member(draft->problems, object, key);
    int64_t number;
    if (node.json != NULL && read_integer(draft->problems, node, 1, highest, &number))
        *out = number;
}

static void read_rerun(struct draft *draft, struct node node)
{
    static const char *const known[] = { "best", "seeds" };
    int64_t best = 1, seeds = RERUN_SEEDS;
    if (!read_is_object(draft->problems, node, "{best: 1, seeds: 8}"))
        return;
    read_known_members(draft->problems, node, known, 2);
    read_number_of(draft, node, "best", MESSAGE_MAX_RERUN_BEST, &best);
    read_number_of(draft, node, "seeds", MESSAGE_MAX_RERUN_SEEDS, &seeds);
    draft->definition->rerun = (struct rerun_plan){ best, (int32_t)seeds };
}

static void read_source(struct draft *draft, struct node node)
{
    const char *name;
    if (node.json == NULL || !read_text(draft->problems, node, &name))
        return;
    if (name[0] == '\0' || strlen(name) >= MESSAGE_MAX_STUDY_NAME)
        problem_add(draft->problems, node.path, false,
                    "`study` must be the name of a study, as `ldt status` shows it");
    else
        draft->definition->from.study = arena_text(draft->arena, name);
}

static void read_from(struct draft *draft, struct node node)
{
    static const char *const known[] = { "study", "best", "parameters" };
    struct inheritance *from = &draft->definition->from;
    struct node study = node_member(draft->problems, node, "study");
    struct node parameters = node_member(draft->problems, node, "parameters");
    if (!read_is_object(draft->problems, node, "{study: task-b/ldt, best: 1}"))
        return;
    read_known_members(draft->problems, node, known, 3);
    from->best = 1;
    read_number_of(draft, node, "best", MESSAGE_MAX_RERUN_BEST, &from->best);
    if (study.json == NULL)
        problem_add(draft->problems, node.path, false,
                    "`study` is missing: from which study are the constants taken?");
    read_source(draft, study);
    from->pending = parameters.json == NULL;
    if (parameters.json != NULL)
        read_is_object(draft->problems, parameters, "{student_lr: 0.001}");
}

void draft_read_protocol(struct draft *draft, struct node document)
{
    struct node rerun = node_member(draft->problems, document, "rerun");
    struct node from = node_member(draft->problems, document, "from");
    if (rerun.json != NULL)
        read_rerun(draft, rerun);
    if (from.json != NULL)
        read_from(draft, from);
}

struct node draft_inherited(struct draft *draft, struct node document)
{
    struct node from = node_member(draft->problems, document, "from");
    struct node parameters = node_member(draft->problems, from, "parameters");
    if (!json_is_object(parameters.json))
        parameters.json = NULL;
    return parameters;
}

void definition_inherit(json_t *document, json_t *parameters)
{
    json_object_set(json_object_get(document, "from"), "parameters", parameters);
}
