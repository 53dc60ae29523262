/* The keys at the top of a search: name, what runs, metric, sampler, numbers. */
#include "coordinator/space/draft.h"
#include "common/duration.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_TRIALS = 10000000,
    MAX_REPEAT = 10000,
    MAX_CONCURRENT = 1000000,
    MAX_ATTEMPTS = 100,
    MAX_WORD_BYTES = 65536,
    ATTEMPTS_OF_COMMAND = 3, /* the built-in trainer is deterministic: it fails again */
};
#define MAX_DURATION_S (366.0 * 86400)

/* ---- the keys ------------------------------------------------------------------- */

static const char *const known_keys[] = {
    "name",
    "description",
    "program",
    "command",
    "workdir",
    "env",
    "metric",
    "sampler",
    "seed",
    "trials",
    "repeat",
    "max_concurrent_trials",
    "max_trial_duration",
    "max_trial_silence",
    "max_failed_trials",
    "max_attempts",
    "matrix",
    "parameters",
    "rerun",
    "from",
    "ladder",
};

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* ---- what runs ----------------------------------------------------------------------------- */

static const char *keep(struct draft *draft, const char *text)
{
    return arena_text(draft->arena, text);
}

static void read_program(struct draft *draft, struct node node)
{
    const char *word;
    if (!read_text(draft->problems, node, &word) || strcmp(word, "ldt") == 0)
        return;
    problem_add(
        draft->problems, node.path, false,
        "unknown program `%.64s`; the built-in trainer is `ldt`, and a program of your own is "
        "written `command: [python3, train.py]` without `program`",
        word);
}

static bool read_word_of_command(struct draft *draft, struct node node, const char **out)
{
    if (!json_is_string(node.json)) {
        problem_add(draft->problems, node.path, false,
                    "a word of `command` must be text, not %s; put it in quotes", node_kind(node));
        return false;
    }
    *out = keep(draft, json_string_value(node.json));
    if (json_string_length(node.json) <= MAX_WORD_BYTES)
        return true;
    problem_add(draft->problems, node.path, false, "this word is longer than %d bytes",
                MAX_WORD_BYTES);
    return false;
}

static void read_command(struct draft *draft, struct node node)
{
    struct definition *definition = draft->definition;
    size_t count = json_array_size(node.json);
    if (!json_is_array(node.json) || count < 1 || count > MESSAGE_MAX_ARGUMENTS) {
        problem_add(draft->problems, node.path, false,
                    "`command` must be a list of 1 to %d words, as in [python3, train.py]",
                    MESSAGE_MAX_ARGUMENTS);
        return;
    }
    definition->command = arena_alloc(draft->arena, count * sizeof *definition->command);
    definition->n_command = count;
    for (size_t i = 0; i < count; i++) {
        struct node word = node_item(draft->problems, node, i);
        if (read_word_of_command(draft, word, &definition->command[i]) && i == 0 &&
            definition->command[0][0] == '\0')
            problem_add(draft->problems, word.path, false, "the command's first word is empty");
    }
}

static bool variable_is_legal(const char *name)
{
    if (!isalpha((unsigned char)name[0]) && name[0] != '_')
        return false;
    for (const char *c = name; *c != '\0'; c++)
        if ((unsigned char)*c >= 0x80 || (!isalnum((unsigned char)*c) && *c != '_'))
            return false;
    return strlen(name) <= 256;
}

static void read_variable(struct draft *draft, struct node node, const char *name)
{
    struct definition *definition = draft->definition;
    const char *entry;
    if (!variable_is_legal(name))
        problem_add(draft->problems, node.path, true,
                    "`%.64s` is no name of an environment variable: letters, digits and `_`", name);
    if (json_is_integer(node.json)) {
        entry = arena_printf(draft->arena, "%s=%" JSON_INTEGER_FORMAT, name,
                             json_integer_value(node.json));
    } else if (json_is_string(node.json) && json_string_length(node.json) <= MAX_WORD_BYTES) {
        entry = arena_printf(draft->arena, "%s=%s", name, json_string_value(node.json));
    } else {
        problem_add(draft->problems, node.path, false,
                    "the value of `%.64s` must be text of at most %d bytes; put it in quotes", name,
                    MAX_WORD_BYTES);
        return;
    }
    definition->environment[definition->n_environment++] = entry;
}

static int compare_texts(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static void read_environment(struct draft *draft, struct node node)
{
    struct definition *definition = draft->definition;
    const char *name;
    json_t *member, *tree = (json_t *)(uintptr_t)node.json;
    if (!read_is_object(draft->problems, node, "{NAME: \"value\"}"))
        return;
    if (json_object_size(tree) > MESSAGE_MAX_ARGUMENTS) {
        problem_add(draft->problems, node.path, false, "`env` has more than %d entries",
                    MESSAGE_MAX_ARGUMENTS);
        return;
    }
    definition->environment =
        arena_alloc(draft->arena, (json_object_size(tree) + 1) * sizeof *definition->environment);
    json_object_foreach(tree, name, member)
        read_variable(draft, node_member(draft->problems, node, name), name);
    qsort(definition->environment, definition->n_environment, sizeof *definition->environment,
          compare_texts);
}

static void read_workdir(struct draft *draft, struct node node)
{
    const char *text;
    if (!read_text(draft->problems, node, &text))
        return;
    if (text[0] == '\0' || strlen(text) > 4095)
        problem_add(
            draft->problems, node.path, false,
            "`workdir` must be a path of 1 to 4095 bytes; leave it out for the directory that "
            "the worker was started in");
    draft->definition->workdir = keep(draft, text);
}

static void read_what_runs(struct draft *draft, struct node document)
{
    struct node program = node_member(draft->problems, document, "program");
    struct node command = node_member(draft->problems, document, "command");
    struct node workdir = node_member(draft->problems, document, "workdir");
    struct node env = node_member(draft->problems, document, "env");
    draft->definition->program = command.json != NULL ? PROGRAM_COMMAND : PROGRAM_LDT;
    draft->definition->workdir = "";
    if (program.json != NULL && command.json != NULL)
        problem_add(draft->problems, command.path, true,
                    "`program` and `command` cannot stand together; remove one");
    else if (program.json != NULL)
        read_program(draft, program);
    else if (command.json == NULL)
        problem_add(
            draft->problems, document.path, true,
            "`program` is missing; add `program: ldt`, or `command: [...]` for a program of "
            "your own");
    if (command.json != NULL)
        read_command(draft, command);
    if (workdir.json != NULL && command.json != NULL)
        read_workdir(draft, workdir);
    if (env.json != NULL && command.json != NULL)
        read_environment(draft, env);
    if (workdir.json != NULL && command.json == NULL)
        problem_add(draft->problems, workdir.path, true, "`workdir` goes with `command` only");
    if (env.json != NULL && command.json == NULL)
        problem_add(draft->problems, env.path, true, "`env` goes with `command` only");
}

/* ---- metric and sampler -------------------------------------------------------------------- */

static bool metric_name_is_legal(const char *name)
{
    size_t length = strlen(name);
    for (const char *c = name; *c != '\0'; c++)
        if ((unsigned char)*c >= 0x80 ||
            (!isalnum((unsigned char)*c) && strchr("._-/", *c) == NULL))
            return false;
    return length >= 1 && length <= MESSAGE_MAX_NAME;
}

static void read_metric_name(struct draft *draft, struct node node)
{
    const char *name;
    if (!read_text(draft->problems, node, &name))
        return;
    if (metric_name_is_legal(name))
        draft->definition->metric = keep(draft, name);
    else
        problem_add(draft->problems, node.path, false,
                    "`%.80s` is no name of a metric: 1 to 64 of letters, digits, `.`, `_`, `-` and "
                    "`/`",
                    name);
}

static void read_metric(struct draft *draft, struct node node)
{
    static const char *const known[] = { "name", "goal", "over_time" };
    static const char *const goals[] = { "minimize", "maximize" };
    static const char *const times[] = { "best", "last" };
    struct problems *problems = draft->problems;
    struct node name = node_member(problems, node, "name");
    struct node goal = node_member(problems, node, "goal");
    struct node time = node_member(problems, node, "over_time");
    int index = 0;
    if (!read_is_object(problems, node, "{name: test_kl, goal: minimize}"))
        return;
    read_known_members(problems, node, known, COUNT(known));
    if (name.json == NULL)
        problem_add(problems, node.path, false,
                    "`name` is missing: which metric is the objective?");
    else
        read_metric_name(draft, name);
    if (goal.json != NULL && read_word(problems, goal, goals, 2, &index))
        draft->definition->maximize = index == 1;
    if (time.json != NULL && read_word(problems, time, times, 2, &index))
        draft->definition->over_time_last = index == 1;
}

static void read_sampler(struct draft *draft, struct node node)
{
    static const char *const known[] = { "name" };
    static const char *const names[] = {
        [SAMPLER_TPE] = "tpe", [SAMPLER_RANDOM] = "random", [SAMPLER_GRID] = "grid"
    };
    struct node name = node_member(draft->problems, node, "name");
    int index = SAMPLER_TPE;
    if (!read_is_object(draft->problems, node, "{name: tpe}"))
        return;
    read_known_members(draft->problems, node, known, 1);
    if (name.json == NULL)
        problem_add(draft->problems, node.path, false,
                    "`name` is missing: tpe, random or grid; without `sampler` it is tpe");
    else if (read_word(draft->problems, name, names, COUNT(names), &index))
        draft->definition->sampler = (enum sampler_kind)index;
}

/* ---- numbers ------------------------------------------------------------------------------- */

static void read_duration(struct draft *draft, struct node document, const char *key, int64_t *out)
{
    struct node node = node_member(draft->problems, document, key);
    double ms = json_number_value(node.json) * 1000; /* a bare number is seconds */
    if (node.json == NULL ||
        (json_is_string(node.json) && duration_parse(json_string_value(node.json), out)))
        return;
    if (ms >= 1 && ms <= MAX_DURATION_S * 1e3)
        *out = llround(ms);
    else
        problem_add(draft->problems, node.path, false,
                    "`%s` must be above 0 and at most 366 days, as in 90s, 30m, 2h, 1d or a number "
                    "of seconds",
                    key);
}

static void read_count(struct draft *draft, struct node document, const char *key, int64_t lowest,
                       int64_t highest, int64_t *out)
{
    struct node node = node_member(draft->problems, document, key);
    int64_t number;
    if (node.json != NULL && read_integer(draft->problems, node, lowest, highest, &number))
        *out = number;
}

static void read_numbers(struct draft *draft, struct node document)
{
    struct definition *definition = draft->definition;
    int64_t repeat = 1;
    int64_t attempts = definition->program == PROGRAM_COMMAND ? ATTEMPTS_OF_COMMAND : 1;
    definition->max_failed_trials = -1;
    read_count(draft, document, "seed", 0, INT64_MAX, &definition->seed);
    read_count(draft, document, "trials", 1, MAX_TRIALS, &definition->trials);
    read_count(draft, document, "repeat", 1, MAX_REPEAT, &repeat);
    read_count(draft, document, "max_concurrent_trials", 1, MAX_CONCURRENT,
               &definition->max_concurrent_trials);
    read_count(draft, document, "max_failed_trials", 0, MAX_TRIALS, &definition->max_failed_trials);
    read_count(draft, document, "max_attempts", 1, MAX_ATTEMPTS, &attempts);
    definition->repeat = (int32_t)repeat;
    definition->max_attempts = (int32_t)attempts;
    read_duration(draft, document, "max_trial_duration", &definition->max_trial_duration_ms);
    read_duration(draft, document, "max_trial_silence", &definition->max_trial_silence_ms);
}

void draft_read_fields(struct draft *draft, struct node document)
{
    struct problems *problems = draft->problems;
    struct node name = node_member(problems, document, "name");
    struct node description = node_member(problems, document, "description");
    struct node metric = node_member(problems, document, "metric");
    struct node sampler = node_member(problems, document, "sampler");
    const char *text;
    read_known_members(problems, document, known_keys, COUNT(known_keys));
    if (name.json == NULL)
        problem_add(problems, document.path, true, "`name` is missing: what is the search called?");
    else if (read_name(problems, name, &text))
        draft->definition->name = keep(draft, text);
    if (description.json != NULL)
        read_text(problems, description, &text);
    read_what_runs(draft, document);
    if (metric.json == NULL)
        problem_add(problems, document.path, true,
                    "`metric` is missing; add `metric: {name: ..., goal: minimize}`");
    else
        read_metric(draft, metric);
    if (sampler.json != NULL)
        read_sampler(draft, sampler);
    read_numbers(draft, document);
    draft_read_protocol(draft, document);
    if (json_object_get(document.json, "trials") == NULL &&
        draft->definition->sampler != SAMPLER_GRID)
        problem_add(problems, document.path, true,
                    "`trials` is missing: how many configurations may each study try?");
}
