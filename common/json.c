#include "common/json.h"
#include "common/xalloc.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void json_begin(void)
{
    json_set_alloc_funcs(xmalloc, free);
}

void number_text(char out[NUMBER_TEXT_BYTES], double number)
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, NUMBER_TEXT_BYTES, "%.*g", digits, number);
        if (strtod(out, NULL) == number)
            return;
    }
}

static void write_real(struct buf *out, double number)
{
    char text[NUMBER_TEXT_BYTES];
    number_text(text, number);
    buf_text(out, text);
    if (strpbrk(text, ".en") == NULL)
        buf_text(out, ".0"); /* so that it reads back as a real */
}

static void write_leaf(struct buf *out, const json_t *value)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    assert(text != NULL); /* a leaf of any tree can be written, see json_begin */
    buf_text(out, text);
    free(text);
}

static void write_object(struct buf *out, const json_t *object)
{
    const char *key;
    json_t *member, *tree = (json_t *)(uintptr_t)object; /* jansson's iteration takes no const */
    bool first = true;
    buf_text(out, "{");
    json_object_foreach(tree, key, member) {
        json_t *name = json_string(key);
        buf_text(out, first ? "" : ",");
        write_leaf(out, name);
        buf_text(out, ":");
        json_write(out, member);
        json_decref(name);
        first = false;
    }
    buf_text(out, "}");
}

void json_write(struct buf *out, const json_t *value)
{
    if (json_is_real(value)) {
        write_real(out, json_real_value(value));
    } else if (json_is_object(value)) {
        write_object(out, value);
    } else if (json_is_array(value)) {
        buf_text(out, "[");
        for (size_t i = 0; i < json_array_size(value); i++) {
            buf_text(out, i > 0 ? "," : "");
            json_write(out, json_array_get(value, i));
        }
        buf_text(out, "]");
    } else {
        write_leaf(out, value);
    }
}

char *json_text(const json_t *value)
{
    struct buf out;
    buf_init(&out, (size_t)1 << 30);
    json_write(&out, value);
    return out.bytes;
}

/* The length of the bare word that text begins with; 0: none. */
static size_t bare_word(const char *text, size_t length)
{
    static const char *const words[] = { "-Infinity", "Infinity", "NaN" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t n = strlen(words[i]);
        if (length >= n && memcmp(text, words[i], n) == 0)
            return n;
    }
    return 0;
}

/* Copies text to out with the bare words quoted. */
static void quote_bare_words(struct buf *out, const char *text, size_t length)
{
    bool in_string = false;
    for (size_t i = 0; i < length;) {
        if (text[i] == '"')
            in_string = !in_string;
        size_t word = in_string ? 0 : bare_word(text + i, length - i);
        if (word > 0) {
            buf_printf(out, "\"%.*s\"", (int)word, text + i);
            i += word;
            continue;
        }
        size_t copied = in_string && text[i] == '\\' && i + 1 < length ? 2 : 1; /* an escape */
        buf_add(out, text + i, copied);
        i += copied;
    }
}

json_t *json_parse_lenient(const char *text, size_t length, struct error *error)
{
    const size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY;
    struct buf strict;
    json_error_t where;
    buf_init(&strict, 3 * length + 16);
    quote_bare_words(&strict, text, length);
    json_t *value = json_loadb(strict.bytes, strict.length, flags, &where);
    if (value == NULL && json_error_code(&where) == json_error_numeric_overflow)
        value = json_loadb(strict.bytes, strict.length, flags | JSON_DECODE_INT_AS_REAL, &where);
    if (value == NULL)
        error_set(error, "%s (at byte %d)", where.text, where.position);
    buf_free(&strict);
    return value;
}
