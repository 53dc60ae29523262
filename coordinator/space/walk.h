/* walk.h - goes through every combination of the keys that a question depends on: all that the
 * matrix holds, and every value of the constants and categorical parameters mentioned, parents
 * first. Inside coordinator/space only. */
#ifndef SPACE_WALK_H
#define SPACE_WALK_H
#include "coordinator/space/draft.h"

struct walk {
    struct draft *draft;
    bool *mentioned;       /* by key */
    struct value *current; /* by key: its value here; VALUE_NONE: inactive */
    int *parameters;       /* those mentioned, parents first */
    int n_parameters;
    int tried;
    void (*visit)(struct walk *walk, void *context);
    void *context;
};

/* The walk calls visit at each combination. What it mentions comes with all that its conditions
 * mention. */
void walk_begin(struct walk *walk, struct draft *draft,
                void (*visit)(struct walk *walk, void *context), void *context);
void walk_end(struct walk *walk);
void walk_mention(struct walk *walk, int key);
void walk_mention_name(struct walk *walk, const char *name); /* if there is such a key */
void walk_mention_parents(struct walk *walk, const struct draft_key *key); /* not the key itself */

/* Walks unless something mentioned is broken: then it has been told, and nothing can be judged.
 * False if there were too many combinations to try. */
bool walk_run(struct walk *walk);

/* Where the walk is: "method is no-teacher, optimizer is adam". */
const char *walk_place(const struct walk *walk);
bool walk_applies(struct walk *walk, const struct draft_domain *domain);

/* The first domain of the key that applies, or NULL. */
struct draft_domain *walk_applying(struct walk *walk, const struct draft_key *key);

/* The task and method there; false when a fault that has been told hides them. */
bool walk_run_of(const struct walk *walk, enum task *task, enum method *method);

/* Sets of combinations of the matrix, equal where the keys mentioned are. */
struct seen {
    size_t *slots;  /* combination numbers plus 1, hashed */
    size_t n_slots; /* a power of two */
};
void seen_init(struct seen *seen, const struct draft *draft);
void seen_free(struct seen *seen);
bool seen_before(struct seen *seen, const struct walk *walk, size_t combination); /* and adds it */
#endif
