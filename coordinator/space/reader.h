/* reader.h - typed members of a search's JSON form: each reader checks one node and notes what is
 * wrong with it, at its path. They return false after having said why, so that a caller only goes
 * on. */
#ifndef SPACE_READER_H
#define SPACE_READER_H
#include "coordinator/space/problem.h"

#include <jansson.h>
#include <stdint.h>

struct node {
    const json_t *json;
    const char *path; /* of the problem's arena */
};

/* The member of an object; json is NULL when there is none (the path is made all the same). */
struct node node_member(struct problems *problems, struct node object, const char *key);
struct node node_item(struct problems *problems, struct node list, size_t index);

/* "a list", "a number": what is there instead of what should be. */
const char *node_kind(struct node node);

bool read_is_object(struct problems *problems, struct node node, const char *example);

/* The words of the language are never "unknown", wherever they stand: says that the word is not
 * available yet, or where it belongs, and returns true if the key is one. Only for keys that
 * nothing else knows here. */
bool refuse_reserved(struct problems *problems, const char *path, const char *key);

/* Refuses every member that is not among the known ones. */
bool read_known_members(struct problems *problems, struct node object, const char *const *known,
                        size_t count);

bool read_text(struct problems *problems, struct node node, const char **out);
bool read_integer(struct problems *problems, struct node node, int64_t lowest, int64_t highest,
                  int64_t *out);
bool read_number(struct problems *problems, struct node node, double *out); /* finite */

/* One of the words: *index says which. The nearest is named for a misspelt one. */
bool read_word(struct problems *problems, struct node node, const char *const *words, size_t count,
               int *index);

/* 1-64 of letters, digits, `.`, `_`, `-`, starting with a letter or digit. */
bool name_is_legal(const char *name);
bool read_name(struct problems *problems, struct node node, const char **out);

/* Refuses control characters in every key and text below the node; newline and tab may be in the
 * description, which is for people. */
bool read_no_control_characters(struct problems *problems, struct node document);
#endif
