/* nearest.h - which known word was probably meant by a misspelt one: "did you mean ...?"
 * Candidates are offered one at a time, so that any table can be searched without building a
 * list. */
#ifndef TRAINER_NEAREST_H
#define TRAINER_NEAREST_H
#include <stddef.h>

struct nearest {
    const char *word; /* what was written; borrowed */
    const char *best; /* the nearest candidate so far, or NULL; borrowed */
    int distance;     /* edits between the two */
};

void nearest_init(struct nearest *nearest, const char *word);
void nearest_offer(struct nearest *nearest, const char *candidate); /* the first of equals wins */

/* The best candidate if it is near enough to be a likely misspelling (about one edit in three
 * letters, a swap of neighbours counted once, upper and lower case the same); else NULL. */
const char *nearest_word(const struct nearest *nearest);

/* The same at once, of a list. */
const char *nearest_of(const char *word, const char *const *list, size_t count);
#endif
