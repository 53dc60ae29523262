/* A parser by hand for
 *     {'descr': '<f8', 'fortran_order': False, 'shape': (4000, 113), }
 * that knows no other Python than this, so that there is nothing to be injected into. */
#include "worker/task/npy_header.h"

#include <string.h>

struct cursor {
    const char *text;
    size_t at, length;
    const char *name;
    struct error *error;
};

static void describe_found(char out[32], const struct cursor *cursor)
{
    if (cursor->at >= cursor->length) {
        snprintf(out, 32, "its end");
        return;
    }
    unsigned char found = (unsigned char)cursor->text[cursor->at];
    if (found >= ' ' && found < 127)
        snprintf(out, 32, "%c", found);
    else
        snprintf(out, 32, "the byte %d", found);
}

static bool expected(const struct cursor *cursor, const char *what)
{
    char found[32];
    describe_found(found, cursor);
    error_set(cursor->error, "%s: damaged header: expected %s at its byte %zu, found %s",
              cursor->name, what, cursor->at, found);
    return false;
}

static void skip_blanks(struct cursor *cursor)
{
    while (cursor->at < cursor->length && cursor->text[cursor->at] == ' ')
        cursor->at++;
}

static bool accept(struct cursor *cursor, const char *word)
{
    size_t bytes = strlen(word);
    skip_blanks(cursor);
    if (cursor->length - cursor->at < bytes || memcmp(cursor->text + cursor->at, word, bytes) != 0)
        return false;
    cursor->at += bytes;
    return true;
}

/* A word in quotes of either kind, without escapes. */
static bool read_word(struct cursor *cursor, char out[NPY_TYPE_BYTES], const char *what)
{
    skip_blanks(cursor);
    char quote = cursor->at < cursor->length ? cursor->text[cursor->at] : '\0';
    if (quote != '\'' && quote != '"')
        return expected(cursor, what);
    cursor->at++;
    for (size_t i = 0; i < NPY_TYPE_BYTES && cursor->at < cursor->length; i++, cursor->at++) {
        char next = cursor->text[cursor->at];
        out[i] = '\0';
        if (next == quote) {
            cursor->at++;
            return true;
        }
        if (next < ' ' || next > '~' || next == '\\')
            return expected(cursor, "a printable letter");
        if (i + 1 < NPY_TYPE_BYTES)
            out[i] = next;
    }
    return expected(cursor, "the end of a short word in quotes");
}

static bool read_type(struct cursor *cursor, struct npy_header *out)
{
    if (accept(cursor, "[")) {
        error_set(
            cursor->error,
            "%s: expected plain numbers, found a structured array; save each of its fields as "
            "an array of its own",
            cursor->name);
        return false;
    }
    return read_word(cursor, out->type, "a type such as '<f8'");
}

static bool read_order(struct cursor *cursor, struct npy_header *out)
{
    out->is_fortran = accept(cursor, "True");
    return out->is_fortran || accept(cursor, "False") || expected(cursor, "True or False");
}

/* Fourteen digits are more than any file has bytes, and far from an overflow. */
static bool read_size(struct cursor *cursor, size_t *size)
{
    int digits = 0;
    *size = 0;
    for (; cursor->at < cursor->length && digits < 15; cursor->at++, digits++) {
        char next = cursor->text[cursor->at];
        if (next < '0' || next > '9')
            break;
        *size = *size * 10 + (size_t)(next - '0');
    }
    return (digits > 0 && digits < 15) || expected(cursor, "a size of at most 14 digits");
}

static bool read_shape(struct cursor *cursor, struct npy_header *out)
{
    if (!accept(cursor, "("))
        return expected(cursor, "a shape such as (4000, 113)");
    bool more = true;
    while (!accept(cursor, ")")) {
        if (!more)
            return expected(cursor, "a comma or )");
        if (out->rank == NPY_RANKS) {
            error_set(cursor->error, "%s: expected at most %d dimensions, found more", cursor->name,
                      NPY_RANKS);
            return false;
        }
        if (!read_size(cursor, &out->shape[out->rank]))
            return false;
        out->rank++;
        more = accept(cursor, ",");
    }
    /* (5) is a number in brackets; a shape of one is (5,) */
    return out->rank != 1 || more || expected(cursor, "a shape, (n,) when it has one dimension");
}

static const struct {
    const char *name;
    bool (*read)(struct cursor *cursor, struct npy_header *out);
} keys[] = {
    { "descr", read_type },
    { "fortran_order", read_order },
    { "shape", read_shape },
};
enum { KEYS = sizeof keys / sizeof *keys, EVERY_KEY = (1 << KEYS) - 1 };

static bool read_entry(struct cursor *cursor, struct npy_header *out, int *seen)
{
    char word[NPY_TYPE_BYTES];
    if (!read_word(cursor, word, "a key in quotes, or }"))
        return false;
    if (!accept(cursor, ":"))
        return expected(cursor, ":");
    skip_blanks(cursor);
    for (int i = 0; i < KEYS; i++) {
        if (strcmp(word, keys[i].name) != 0 || (*seen & 1 << i))
            continue;
        *seen |= 1 << i;
        return keys[i].read(cursor, out);
    }
    error_set(cursor->error,
              "%s: damaged header: expected the keys descr, fortran_order and shape once each, "
              "found '%s'",
              cursor->name, word);
    return false;
}

bool npy_header_parse(struct npy_header *out, const char *text, size_t length, const char *name,
                      struct error *error)
{
    struct cursor cursor = { .text = text, .length = length, .name = name, .error = error };
    int seen = 0;
    *out = (struct npy_header){ 0 };
    if (!accept(&cursor, "{"))
        return expected(&cursor, "{");
    for (bool more = true; !accept(&cursor, "}"); more = accept(&cursor, ","))
        if (!more)
            return expected(&cursor, "a comma or }");
        else if (!read_entry(&cursor, out, &seen))
            return false;
    accept(&cursor, "\n");
    if (cursor.at < cursor.length)
        return expected(&cursor, "its end");
    if (seen == EVERY_KEY)
        return true;
    error_set(error, "%s: damaged header: expected descr, fortran_order and shape, found less",
              name);
    return false;
}
