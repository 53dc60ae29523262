#include "common/trainer/setting.h"
#include "common/json.h"
#include "common/trainer/nearest.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOR_EVERY_TASK                                                                             \
    (METHOD_BIT(METHOD_LDT) | METHOD_BIT(METHOD_NO_TEACHER) | METHOD_BIT(METHOD_FIXED_TEACHER))
#define FOR_TRAJECTORIES (METHOD_BIT(METHOD_AUXILIARY) | METHOD_BIT(METHOD_MODEL_BASED))

/* What this version runs. */
static const unsigned methods_of_task[TASKS] = {
    [TASK_A] = FOR_EVERY_TASK,
    [TASK_B] = FOR_EVERY_TASK,
    [TASK_GAME_OF_LIFE] = FOR_EVERY_TASK | METHOD_BIT(METHOD_ORACLE_TEACHER),
    [TASK_MUJOCO] = FOR_EVERY_TASK | FOR_TRAJECTORIES,
    [TASK_ARRAYS] = FOR_EVERY_TASK | FOR_TRAJECTORIES,
};

/* ---- tasks and methods ----------------------------------------------------------------------- */

static int choice_index(const struct setting_row *row, const char *word)
{
    for (int index = 0; row->choices[index] != NULL; index++)
        if (strcmp(row->choices[index], word) == 0)
            return index;
    return -1;
}

const char *task_name(enum task task)
{
    return setting_table[SETTING_TASK].choices[task];
}

const char *method_name(enum method method)
{
    return setting_table[SETTING_METHOD].choices[method];
}

bool task_from_name(const char *name, enum task *task)
{
    int index = choice_index(&setting_table[SETTING_TASK], name);
    if (index >= 0)
        *task = (enum task)index;
    return index >= 0;
}

bool method_from_name(const char *name, enum method *method)
{
    int index = choice_index(&setting_table[SETTING_METHOD], name);
    if (index >= 0)
        *method = (enum method)index;
    return index >= 0;
}

bool task_has_method(enum task task, enum method method)
{
    return (methods_of_task[task] & METHOD_BIT(method)) != 0;
}

/* ---- rows ------------------------------------------------------------------------------------ */

const struct setting_row *setting_find(const char *name)
{
    for (int id = 0; id < SETTINGS; id++)
        if (strcmp(setting_table[id].name, name) == 0)
            return &setting_table[id];
    return NULL;
}

const char *setting_nearest(const char *name)
{
    struct nearest nearest;
    nearest_init(&nearest, name);
    for (int id = 0; id < SETTINGS; id++)
        nearest_offer(&nearest, setting_table[id].name);
    return nearest_word(&nearest);
}

bool setting_applies(const struct setting_row *row, enum task task, enum method method)
{
    bool task_has = row == &setting_table[SETTING_TASK] || row->defaults[task] != NULL;
    return task_has && (row->methods & METHOD_BIT(method)) != 0;
}

static const char *setting_word(const struct setting_row *row)
{
    return row->word != NULL ? row->word : "auto";
}

/* ---- one value ------------------------------------------------------------------------------- */

static const char *bound_text(char out[NUMBER_TEXT_BYTES], double bound)
{
    if (fabs(bound) < 9007199254740992.0 && bound == floor(bound))
        snprintf(out, NUMBER_TEXT_BYTES, "%.0f", bound);
    else
        number_text(out, bound);
    return out;
}

/* "at least 0 and below 1": what the bounds of a numeric row allow. */
static void describe_bounds(const struct setting_row *row, char *out, size_t bytes)
{
    char lower[NUMBER_TEXT_BYTES], upper[NUMBER_TEXT_BYTES];
    bound_text(lower, row->lower);
    bound_text(upper, row->upper);
    const char *above = row->lower_open ? "above" : "at least";
    if (isinf(row->upper))
        snprintf(out, bytes, "%s %s", above, lower);
    else
        snprintf(out, bytes, "%s %s and %s %s", above, lower, row->upper_open ? "below" : "at most",
                 upper);
}

void setting_describe(const struct setting_row *row, char *out, size_t bytes)
{
    char bounds[96];
    describe_bounds(row, bounds, sizeof bounds);
    switch (row->type) {
    case SETTING_REAL:
        snprintf(out, bytes, "a number %s", bounds);
        return;
    case SETTING_INTEGER:
        snprintf(out, bytes, "an integer %s", bounds);
        return;
    case SETTING_INTEGER_OR_AUTO:
        snprintf(out, bytes, "an integer %s, or %s", bounds, setting_word(row));
        return;
    case SETTING_TEXT:
        snprintf(out, bytes, "a text of 1 to %d bytes", SETTING_TEXT_BYTES - 1);
        return;
    case SETTING_BOOLEAN:
        snprintf(out, bytes, "yes or no");
        return;
    case SETTING_CHOICE:
        break;
    }
    size_t used = (size_t)snprintf(out, bytes, "one of");
    for (int index = 0; row->choices[index] != NULL && used < bytes; index++)
        used += (size_t)snprintf(out + used, bytes - used, "%s %s", index > 0 ? "," : "",
                                 row->choices[index]);
    if (row->upper > row->lower && used < bytes)
        snprintf(out + used, bytes - used, "; N: an integer %s", bounds);
}

static bool in_bounds(const struct setting_row *row, double number)
{
    if (!isfinite(number) || number < row->lower || number > row->upper)
        return false;
    return !(row->lower_open && number == row->lower) && !(row->upper_open && number == row->upper);
}

static json_t *type_boolean(const json_t *scalar)
{
    if (json_is_boolean(scalar))
        return json_boolean(json_is_true(scalar));
    const char *text = json_string_value(scalar);
    if (text == NULL)
        return NULL;
    if (strcmp(text, "yes") == 0 || strcmp(text, "true") == 0)
        return json_true();
    if (strcmp(text, "no") == 0 || strcmp(text, "false") == 0)
        return json_false();
    return NULL;
}

int setting_last_choice(const struct setting_row *row)
{
    int last = 0;
    while (row->choices[last + 1] != NULL)
        last++;
    return last;
}

/* "random-3" of the choice "random-N": 3, written as a person would; 0: it is none of that. */
static int counted_choice(const struct setting_row *row, const char *text)
{
    int last = setting_last_choice(row);
    size_t stem = strlen(row->choices[last]) - 1;
    bool counts = row->upper > row->lower && strncmp(row->choices[last], text, stem) == 0;
    if (!counts || text[stem] < '1' || text[stem] > '9')
        return 0;
    char *end;
    long count = strtol(text + stem, &end, 10);
    return *end == '\0' && count >= row->lower && count <= row->upper ? (int)count : 0;
}

static bool is_choice(const struct setting_row *row, const char *text)
{
    int index = choice_index(row, text);
    bool is_pattern = index == setting_last_choice(row) && row->upper > row->lower;
    return counted_choice(row, text) > 0 || (index >= 0 && !is_pattern);
}

static json_t *type_text(const struct setting_row *row, const json_t *scalar)
{
    const char *text = json_string_value(scalar);
    size_t length = json_string_length(scalar);
    bool is_legal = false;
    if (row->type == SETTING_TEXT)
        is_legal = length > 0 && length < SETTING_TEXT_BYTES && strlen(text) == length;
    else if (row->type == SETTING_CHOICE)
        is_legal = is_choice(row, text);
    else if (row->type == SETTING_INTEGER_OR_AUTO)
        is_legal = strcmp(text, setting_word(row)) == 0;
    return is_legal ? json_string(text) : NULL;
}

static json_t *type_number(const struct setting_row *row, const json_t *scalar)
{
    if (!json_is_number(scalar) || !in_bounds(row, json_number_value(scalar)))
        return NULL;
    if (row->type == SETTING_REAL)
        return json_real(json_number_value(scalar));
    return json_is_integer(scalar) ? json_integer(json_integer_value(scalar)) : NULL;
}

/* What was written, short enough for a sentence, without control characters. */
static void quote_scalar(const json_t *scalar, char *out, size_t bytes)
{
    char *text = json_dumps(scalar, JSON_ENCODE_ANY | JSON_COMPACT | JSON_ENSURE_ASCII);
    bool is_long = text != NULL && strlen(text) >= bytes;
    snprintf(out, bytes, "%.*s%s", is_long ? (int)bytes - 4 : (int)bytes - 1,
             text != NULL ? text : "this", is_long ? "..." : "");
    free(text);
}

static void refuse_value(const struct setting_row *row, const json_t *scalar, struct error *error)
{
    char written[64], legal[256];
    quote_scalar(scalar, written, sizeof written);
    setting_describe(row, legal, sizeof legal);
    struct nearest nearest;
    nearest_init(&nearest, json_is_string(scalar) ? json_string_value(scalar) : "");
    if (row->type == SETTING_CHOICE && json_is_string(scalar))
        for (int index = 0; row->choices[index] != NULL; index++)
            nearest_offer(&nearest, row->choices[index]);
    const char *meant = nearest_word(&nearest);
    if (meant != NULL && strcmp(meant, nearest.word) == 0)
        meant = NULL; /* of a counting choice, whose N was written as such */
    if (meant != NULL)
        error_set(error, "%s: %s is not %s; did you mean `%s`?", row->name, written, legal, meant);
    else
        error_set(error, "%s: %s is not %s", row->name, written, legal);
}

double setting_choice_number(const struct setting_row *row, const char *text)
{
    int count = counted_choice(row, text);
    return count > 0 ? setting_last_choice(row) + count : choice_index(row, text);
}

json_t *setting_type_value(const struct setting_row *row, const json_t *scalar, struct error *error)
{
    json_t *typed = NULL;
    if (row->type == SETTING_BOOLEAN)
        typed = type_boolean(scalar);
    else if (json_is_string(scalar))
        typed = type_text(row, scalar);
    else if (row->type != SETTING_CHOICE && row->type != SETTING_TEXT)
        typed = type_number(row, scalar);
    if (typed == NULL)
        refuse_value(row, scalar, error);
    return typed;
}

