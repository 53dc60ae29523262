#include "coordinator/space/reader.h"
#include "common/buf.h"
#include "common/utf8.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct node node_member(struct problems *problems, struct node object, const char *key)
{
    return (struct node){ json_object_get(object.json, key),
                          problem_path_member(problems, object.path, key) };
}

struct node node_item(struct problems *problems, struct node list, size_t index)
{
    return (struct node){ json_array_get(list.json, index),
                          problem_path_item(problems, list.path, index) };
}

const char *node_kind(struct node node)
{
    switch (json_typeof(node.json)) {
    case JSON_OBJECT:
        return "a mapping";
    case JSON_ARRAY:
        return "a list";
    case JSON_STRING:
        return "text";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "true or false";
    case JSON_NULL:
        break;
    }
    return "nothing";
}

/* How people call the node: "`trials`", by the last word of its path, or "item 2 of `seed`". */
static const char *node_name(struct problems *problems, struct node node)
{
    const char *last = strrchr(node.path, '/');
    if (last == NULL)
        return "the search";
    if (last == node.path || !isdigit((unsigned char)last[1]))
        return arena_printf(problems->arena, "`%.64s`", last + 1);
    const char *start = last - 1;
    while (start > node.path && start[-1] != '/')
        start--;
    return arena_printf(problems->arena, "item %ld of `%.*s`", strtol(last + 1, NULL, 10) + 1,
                        (int)(last - start), start);
}

/* What stands there, for "must be a number, not ...". */
static const char *node_text(struct problems *problems, struct node node)
{
    if (json_is_string(node.json))
        return arena_printf(problems->arena, "the text `%.40s`", json_string_value(node.json));
    return node_kind(node);
}

bool read_is_object(struct problems *problems, struct node node, const char *example)
{
    if (json_is_object(node.json))
        return true;
    problem_add(problems, node.path, false, "%s must be a mapping, not %s; write %s",
                node_name(problems, node), node_kind(node), example);
    return false;
}

bool refuse_reserved(struct problems *problems, const char *path, const char *key)
{
    static const struct {
        const char *word, *why;
    } reserved[] = {
        { "early_terminate", "is not available yet" },
        { "budget", "is not available yet" },
        /* where they may stand they are read before anybody asks */
        { "from", "belongs to the top of the spec, beside `parameters`" },
        { "ladder", "belongs to the top of the spec, beside `parameters`" },
        { "rerun", "belongs to the top of the spec, beside `parameters`" },
    };
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++) {
        if (strcmp(reserved[i].word, key) == 0) {
            problem_add(problems, path, true, "`%s` %s", key, reserved[i].why);
            return true;
        }
    }
    return false;
}

static bool is_among(const char *word, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i], word) == 0)
            return true;
    return false;
}

/* What other systems call the key, for people who come from there: a word means what it says only
 * where ours may stand. */
static const struct foreign_key {
    const char *word, *ours, *fix;
} foreign_keys[] = {
    { "method", "sampler",
      "the sampler is written `sampler: {name: tpe}`; the trainer's method is a parameter" },
    { "study_name", "name", "write `name`" },
    { "run_cap", "trials", "write `trials`" },
    { "count", "trials", "write `trials`" },
    { "max_trials", "trials", "write `trials`" },
    { "n_trials", "trials", "write `trials`" },
    { "maxTrialNumber", "trials", "write `trials`" },
    { "maxTrialCount", "trials", "write `trials`" },
    { "n_jobs", "max_concurrent_trials", "write `max_concurrent_trials`" },
    { "trialConcurrency", "max_concurrent_trials", "write `max_concurrent_trials`" },
    { "parallelTrialCount", "max_concurrent_trials", "write `max_concurrent_trials`" },
    { "maxFailedTrialCount", "max_failed_trials", "write `max_failed_trials`" },
    { "pruner", "sampler",
      "hopeless trials are not ended by the service yet; a program may end itself, with status 0" },
    { "objective", "metric", "write `metric: {name: ..., goal: minimize}`" },
    { "direction", "metric", "write `metric: {name: ..., goal: minimize}`" },
    { "direction", "goal", "write `goal`" },
    { "low", "min", "write `min`" },
    { "high", "max", "write `max`" },
    { "log", "distribution", "write `distribution: log_uniform_values`" },
    { "step", "q", "write `q`, with `distribution: q_uniform` or `q_log_uniform_values`" },
    { "choices", "values", "write `values`" },
};

static void refuse_key(struct problems *problems, const char *path, const char *key,
                       const char *const *known, size_t count)
{
    for (size_t i = 0; i < sizeof foreign_keys / sizeof *foreign_keys; i++) {
        const struct foreign_key *foreign = &foreign_keys[i];
        if (strcmp(foreign->word, key) != 0 || !is_among(foreign->ours, known, count))
            continue;
        problem_add(problems, path, true, "unknown key `%s`; %s", key, foreign->fix);
        return;
    }
    problem_add(problems, path, true, "unknown key `%.64s`%s", key,
                problem_hint(problems, nearest_of(key, known, count)));
}

bool read_known_members(struct problems *problems, struct node object, const char *const *known,
                        size_t count)
{
    const char *key;
    json_t *member,
        *tree = (json_t *)(uintptr_t)object.json; /* jansson's iteration takes no const */
    bool good = true;
    json_object_foreach(tree, key, member) {
        if (is_among(key, known, count))
            continue;
        good = false;
        if (problems_full(problems))
            return false;
        const char *path = problem_path_member(problems, object.path, key);
        if (!refuse_reserved(problems, path, key))
            refuse_key(problems, path, key, known, count);
    }
    return good;
}

bool read_text(struct problems *problems, struct node node, const char **out)
{
    if (!json_is_string(node.json)) {
        problem_add(problems, node.path, false, "%s must be text, not %s%s",
                    node_name(problems, node), node_kind(node),
                    json_is_null(node.json) ? "" : "; put it in quotes");
        return false;
    }
    *out = json_string_value(node.json);
    return true;
}

bool read_integer(struct problems *problems, struct node node, int64_t lowest, int64_t highest,
                  int64_t *out)
{
    if (!json_is_integer(node.json)) {
        bool is_real = json_is_real(node.json);
        problem_add(problems, node.path, false, "%s must be an integer, %s%s",
                    node_name(problems, node), is_real ? "without point or exponent" : "not ",
                    is_real ? "" : node_text(problems, node));
        return false;
    }
    *out = json_integer_value(node.json);
    if (*out >= lowest && *out <= highest)
        return true;
    if (highest == INT64_MAX)
        problem_add(problems, node.path, false, "%s must be at least %" PRId64,
                    node_name(problems, node), lowest);
    else
        problem_add(problems, node.path, false,
                    "%s must be between %" PRId64 " and %" PRId64 ", not %" PRId64,
                    node_name(problems, node), lowest, highest, *out);
    return false;
}

bool read_number(struct problems *problems, struct node node, double *out)
{
    if (!json_is_number(node.json)) {
        problem_add(problems, node.path, false, "%s must be a number, not %s",
                    node_name(problems, node), node_text(problems, node));
        return false;
    }
    *out = json_number_value(node.json);
    if (isfinite(*out))
        return true;
    problem_add(problems, node.path, false, "%s must be a finite number",
                node_name(problems, node));
    return false;
}

bool read_word(struct problems *problems, struct node node, const char *const *words, size_t count,
               int *index)
{
    const char *word;
    if (!read_text(problems, node, &word))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i], word) != 0)
            continue;
        *index = (int)i;
        return true;
    }
    struct buf all;
    buf_init(&all, 1024);
    for (size_t i = 0; i < count; i++)
        buf_printf(&all, "%s%s", i == 0 ? "" : i + 1 < count ? ", " : " or ", words[i]);
    const char *meant = nearest_of(word, words, count);
    problem_add(problems, node.path, false, "%s must be %s, not `%.64s`%s",
                node_name(problems, node), all.bytes, word, problem_hint(problems, meant));
    buf_free(&all);
    return false;
}

bool name_is_legal(const char *name)
{
    size_t length = strlen(name);
    if (length < 1 || length > 64 || !isalnum((unsigned char)name[0]))
        return false;
    for (const char *c = name; *c != '\0'; c++)
        if ((unsigned char)*c >= 0x80 || (!isalnum((unsigned char)*c) && strchr("._-", *c) == NULL))
            return false;
    return true;
}

bool read_name(struct problems *problems, struct node node, const char **out)
{
    if (!read_text(problems, node, out))
        return false;
    if (name_is_legal(*out))
        return true;
    problem_add(problems, node.path, false,
                "`%.80s` is no name: 1 to 64 of letters, digits, `.`, `_` and `-`, starting with a "
                "letter or digit",
                *out);
    return false;
}

/* ---- control characters -------------------------------------------------------------------- */

/* Of a text that is UTF-8, as all of a JSON document is. */
static bool has_control(const char *text, size_t length, bool is_prose)
{
    for (size_t i = 0, step; i < length; i += step) {
        step = utf8_length(text + i, length - i);
        bool is_layout = is_prose && (text[i] == '\n' || text[i] == '\t');
        if (step == 0 || (utf8_is_control(text + i, step) && !is_layout))
            return true;
    }
    return false;
}

static bool check_controls(struct problems *problems, struct node node, bool is_prose);

static bool check_members(struct problems *problems, struct node object, bool is_root)
{
    const char *key;
    json_t *member, *tree = (json_t *)(uintptr_t)object.json;
    bool good = true;
    json_object_foreach(tree, key, member) {
        struct node child = { member, problem_path_member(problems, object.path, key) };
        if (has_control(key, strlen(key), false)) {
            problem_add(problems, child.path, true, "a control character in a key; remove it");
            good = false;
        }
        good &= check_controls(problems, child, is_root && strcmp(key, "description") == 0);
    }
    return good;
}

static bool check_controls(struct problems *problems, struct node node, bool is_prose)
{
    bool good = true;
    if (json_is_object(node.json))
        return check_members(problems, node, node.path[0] == '\0');
    for (size_t i = 0; i < json_array_size(node.json); i++)
        good &= check_controls(problems, node_item(problems, node, i), false);
    if (json_is_string(node.json) &&
        has_control(json_string_value(node.json), json_string_length(node.json), is_prose)) {
        problem_add(problems, node.path, false,
                    "a control character (NUL, line break, tab, escape) in a text; remove it");
        return false;
    }
    return good;
}

bool read_no_control_characters(struct problems *problems, struct node document)
{
    return check_controls(problems, document, false);
}
