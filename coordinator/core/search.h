/* search.h - what a user submitted: one definition, and the studies that it expands to. Private to
 * this folder. */
#ifndef CORE_SEARCH_H
#define CORE_SEARCH_H
#include "coordinator/core/action.h"
#include "coordinator/core/state.h"

/* Registers a search without its studies. Takes the definition over, copies name and key of the
 * row. */
struct search *search_create(struct core *core, const struct search_row *row,
                             struct definition *definition);
void search_destroy(struct search **search);

/* Reads a definition as it was submitted. NULL with one problem a line in `problems` (in the
 * arena). */
struct definition *search_parse(const char *json, struct arena *arena, const char **problems);

/* The searches and studies that a name means: a search with all its studies, or one study. false:
 * nothing has the name; then *nearest is the most similar one that exists, or NULL. */
struct selection { struct study **studies; size_t n_studies; struct study *one; };
bool search_select(const struct core *core, const char *name, struct selection *selection,
                   const char **nearest);

/* The one study that a name means; of a search with one study of its own, that. NULL after having
 * answered that nothing has the name, or that there are several. */
struct study *search_one_study(struct turn *turn, const struct message *message, const char *name);

void search_submit(struct turn *turn, const struct message *message);
void search_stop(struct turn *turn, const struct message *message);

/* Answers that no search or study has this name. */
void search_not_found(struct turn *turn, const struct message *message, const char *name,
                      const char *nearest);
#endif
