#include "coordinator/space/problem.h"
#include "common/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SENTENCE_BYTES = 600, ARENA_BLOCK_BYTES = 4096 };

void problems_init(struct problems *problems)
{
    *problems = (struct problems){ .arena = arena_create(ARENA_BLOCK_BYTES) };
}

void problems_free(struct problems *problems)
{
    arena_destroy(&problems->arena);
    problems->count = 0;
}

/* Cuts before the first byte of a character that did not fit whole. */
static void end_at_character(char *text, size_t length)
{
    while (length > 0 && utf8_continues(text[length]))
        length--;
    text[length] = '\0';
}

bool problems_full(struct problems *problems)
{
    problems->dropped_some |= problems->count == PROBLEMS_MAX;
    return problems->count == PROBLEMS_MAX;
}

void problem_add(struct problems *problems, const char *path, bool at_key, const char *format, ...)
{
    char sentence[SENTENCE_BYTES + 1];
    if (problems_full(problems))
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    if (strlen(sentence) == SENTENCE_BYTES)
        end_at_character(sentence, SENTENCE_BYTES - 1);
    utf8_mask_controls(sentence, '?');
    problems->list[problems->count++] = (struct problem){
        .path = arena_text(problems->arena, path),
        .at_key = at_key,
        .text = arena_text(problems->arena, sentence),
    };
}

const char *problem_path_member(struct problems *problems, const char *path, const char *key)
{
    size_t length = strlen(path);
    char *out = arena_alloc(problems->arena, length + 2 * strlen(key) + 2);
    memcpy(out, path, length);
    out[length++] = '/';
    for (const char *c = key; *c != '\0'; c++) {
        if (*c == '~' || *c == '/') {
            out[length++] = '~';
            out[length++] = *c == '~' ? '0' : '1';
        } else {
            out[length++] = *c;
        }
    }
    return out;
}

const char *problem_path_item(struct problems *problems, const char *path, size_t index)
{
    return arena_printf(problems->arena, "%s/%zu", path, index);
}

const char *problem_hint(struct problems *problems, const char *meant)
{
    return meant != NULL ? arena_printf(problems->arena, "; did you mean `%s`?", meant) : "";
}
