#include "common/trainer/settings.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum setting_id setting_id_of(const struct setting_row *row)
{
    return (enum setting_id)(row - setting_table);
}

/* A value in its setting's own type as the number that struct settings holds. */
static double typed_number(const struct setting_row *row, const json_t *typed)
{
    if (json_is_boolean(typed))
        return json_is_true(typed);
    if (json_is_number(typed))
        return json_number_value(typed);
    if (row->type == SETTING_CHOICE)
        return setting_choice_number(row, json_string_value(typed));
    return row->type == SETTING_TEXT ? 0 : NAN; /* NaN: auto */
}

/* The text of a default, which is written as a person would, as the JSON scalar it stands for. */
static json_t *default_scalar(const struct setting_row *row, const char *text)
{
    char *end;
    if (row->type == SETTING_REAL)
        return json_real(strtod(text, NULL));
    long long integer = strtoll(text, &end, 10);
    return *end == '\0' ? json_integer(integer) : json_string(text);
}

static void set_default(struct settings *out, const struct setting_row *row)
{
    struct error error;
    json_t *scalar = default_scalar(row, row->defaults[out->task]);
    json_t *typed = setting_type_value(row, scalar, &error);
    assert(typed != NULL); /* a test goes through the whole table */
    out->number[setting_id_of(row)] = typed_number(row, typed);
    json_decref(typed);
    json_decref(scalar);
}

static bool set_value(struct settings *out, const struct setting_row *row, const json_t *scalar,
                      struct error *error)
{
    json_t *typed = setting_type_value(row, scalar, error);
    if (typed == NULL)
        return false;
    out->number[setting_id_of(row)] = typed_number(row, typed);
    out->is_given[setting_id_of(row)] = true;
    if (row->type == SETTING_TEXT)
        snprintf(out->data, sizeof out->data, "%s", json_string_value(typed));
    json_decref(typed);
    return true;
}

/* task and method decide which other settings there are, so they are read first. */
static bool set_task_and_method(struct settings *out, const json_t *parameters, struct error *error)
{
    const json_t *task = json_object_get(parameters, "task");
    const json_t *method = json_object_get(parameters, "method");
    if (task == NULL) {
        error_set(error,
                  "parameters: `task` is missing and has no default; give {\"task\": \"%s\"} or "
                  "another task",
                  task_name(TASK_A));
        return false;
    }
    if (!set_value(out, &setting_table[SETTING_TASK], task, error))
        return false;
    out->task = (enum task)out->number[SETTING_TASK];
    out->method = METHOD_LDT;
    if (method != NULL && !set_value(out, &setting_table[SETTING_METHOD], method, error))
        return false;
    if (method != NULL)
        out->method = (enum method)out->number[SETTING_METHOD];
    if (!task_has_method(out->task, out->method)) {
        error_set(error, "method: %s does not have the method %s", task_name(out->task),
                  method_name(out->method));
        return false;
    }
    return true;
}

/* Only data that lie somewhere can be used as many as there are: the others are made. */
static bool check_words(const struct settings *settings, struct error *error)
{
    static const enum setting_id sizes[] = { SETTING_N_TRAIN, SETTING_N_TEST };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (!setting_is_auto(settings, sizes[i]) || settings->task == TASK_ARRAYS)
            continue;
        error_set(error, "%s: the data of %s are made as many as asked for; give a number",
                  setting_table[sizes[i]].name, task_name(settings->task));
        return false;
    }
    return true;
}

static bool check_required(const struct settings *settings, struct error *error)
{
    for (int id = 0; id < SETTINGS; id++) {
        const struct setting_row *row = &setting_table[id];
        if (!row->is_required || !setting_is_had(settings, (enum setting_id)id) ||
            settings->is_given[id])
            continue;
        error_set(error, "parameters: %s needs `%s`: %s",
                  task_name(settings->task), row->name, row->help);
        return false;
    }
    return true;
}

static bool find_applicable(const struct settings *settings, const char *name,
                            const struct setting_row **row, struct error *error)
{
    *row = setting_find(name);
    if (*row == NULL) {
        const char *meant = setting_nearest(name);
        if (meant != NULL)
            error_set(error, "parameters: unknown setting `%.64s`; did you mean `%s`?", name,
                      meant);
        else
            error_set(error,
                      "parameters: unknown setting `%.64s`; `ldt-worker trial --help` lists all of "
                      "them",
                      name);
        return false;
    }
    if (setting_applies(*row, settings->task, settings->method))
        return true;
    error_set(error,
              "parameters: %s with the method %s does not have the setting `%s`; leave it out",
              task_name(settings->task), method_name(settings->method), name);
    return false;
}

bool settings_parse(struct settings *out, const json_t *parameters, struct error *error)
{
    if (parameters != NULL && !json_is_object(parameters)) {
        error_set(error, "parameters: not an object of settings and their values");
        return false;
    }
    *out = (struct settings){ .data = "" };
    for (int id = 0; id < SETTINGS; id++)
        out->number[id] = NAN;
    if (!set_task_and_method(out, parameters, error))
        return false;
    for (int id = SETTING_METHOD; id < SETTINGS; id++)
        if (setting_is_had(out, (enum setting_id)id) && isnan(out->number[id]) &&
            !setting_table[id].is_required)
            set_default(out, &setting_table[id]);
    const char *name;
    json_t *scalar;
    json_object_foreach((json_t *)parameters, name, scalar) {
        const struct setting_row *row;
        if (!find_applicable(out, name, &row, error) || !set_value(out, row, scalar, error))
            return false;
    }
    return check_required(out, error) && check_words(out, error);
}

bool setting_is_had(const struct settings *settings, enum setting_id id)
{
    return setting_applies(&setting_table[id], settings->task, settings->method);
}

double setting_real(const struct settings *settings, enum setting_id id)
{
    assert(!isnan(settings->number[id]));
    return settings->number[id];
}

int64_t setting_integer(const struct settings *settings, enum setting_id id)
{
    return (int64_t)setting_real(settings, id);
}

bool setting_flag(const struct settings *settings, enum setting_id id)
{
    return setting_real(settings, id) != 0;
}

bool setting_is_auto(const struct settings *settings, enum setting_id id)
{
    return setting_table[id].type == SETTING_INTEGER_OR_AUTO && isnan(settings->number[id]);
}

const char *setting_choice(const struct settings *settings, enum setting_id id)
{
    const struct setting_row *row = &setting_table[id];
    int index = (int)setting_integer(settings, id), last = setting_last_choice(row);
    return row->choices[index < last ? index : last];
}

int setting_choice_count(const struct settings *settings, enum setting_id id)
{
    int index = (int)setting_integer(settings, id);
    int last = setting_last_choice(&setting_table[id]);
    return index > last ? index - last : 0;
}
