/* problem.h - everything that is wrong with a search, each fault with the path of the node at
 * fault.
 *
 * A path names a node of the definition as JSON Pointer does:
 * /parameters/batch_size/0/when/method, with ~1 for a slash and ~0 for a tilde inside a key.
 * coordinator/spec maps it to a line and column. */
#ifndef SPACE_PROBLEM_H
#define SPACE_PROBLEM_H
#include "common/arena.h"
#include "common/trainer/nearest.h" /* which finds the word of a hint */

#include <stdbool.h>
#include <stddef.h>

enum { PROBLEMS_MAX = 20 };

struct problem {
    const char *path;
    bool at_key;       /* the fault is the key itself (unknown, twice), not its value */
    const char *text;  /* fault and fix, one sentence: "unknown key `max_`; did you mean `max`?" */
};

struct problems {
    struct arena *arena;
    struct problem list[PROBLEMS_MAX];
    size_t count;      /* at most PROBLEMS_MAX; further ones are dropped */
    bool dropped_some;
};

void problems_init(struct problems *problems);
void problems_free(struct problems *problems);

/* Control characters in the sentence become `?` and a very long one is cut: parts of it are
 * quoted from the search, which is not to be trusted with anybody's terminal. */
void problem_add(struct problems *problems, const char *path, bool at_key, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Whether another fault would be dropped; it is then counted as dropped. Asked before a sentence
 * that costs time, such as the search for a nearest word. */
bool problems_full(struct problems *problems);

/* The path of a member of an object, or of an item of a list; owned by the arena. */
const char *problem_path_member(struct problems *problems, const char *path, const char *key);
const char *problem_path_item(struct problems *problems, const char *path, size_t index);

/* How a sentence goes on where a word was perhaps misspelt: "; did you mean `max`?", "" for NULL.
 * Owned by the arena. */
const char *problem_hint(struct problems *problems, const char *meant);
#endif
