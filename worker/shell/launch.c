#include "worker/shell/launch.h"
#include "common/json.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *input_line(const struct message *trial, const char *checkpoint_dir,
                              struct arena *arena, struct error *error)
{
    json_t *parameters = json_loads(trial->trial.parameters, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(parameters)) {
        error_set(error, "its parameters are no JSON object");
        json_decref(parameters);
        return NULL;
    }
    json_t *object = json_object();
    json_object_set_new(object, "study", json_string(trial->trial.study_name));
    json_object_set_new(object, "trial", json_integer(trial->trial.ref.trial));
    json_object_set_new(object, "attempt", json_integer(trial->trial.ref.attempt));
    json_object_set_new(object, "seed", json_integer(trial->trial.seed));
    json_object_set_new(object, "parameters", parameters);
    if (checkpoint_dir[0] != '\0')
        json_object_set_new(object, "checkpoint_dir", json_string(checkpoint_dir));
    char *text = json_text(object);
    const char *line = arena_printf(arena, "%s\n", text);
    free(text);
    json_decref(object);
    return line;
}

/* Length of NAME in "NAME=value". */
static size_t name_length(const char *entry)
{
    return strcspn(entry, "=");
}

static bool same_name(const char *entry, const char *other)
{
    size_t length = name_length(entry);
    return length == name_length(other) && memcmp(entry, other, length) == 0;
}

/* What a command inherits it may use, and show to others: the way to our key is none of it. */
static bool is_ours_alone(const char *entry)
{
    return same_name(entry, "LDT_KEY_FILE");
}

static bool is_replaced(const char *entry, const struct message *trial, const char *mark)
{
    for (size_t i = 0; i < trial->trial.n_environment; i++)
        if (same_name(entry, trial->trial.environment[i]))
            return true;
    return same_name(entry, mark);
}

/* The worker's without what is its own, over it the spec's, over it the mark. */
static char **merged_environment(const struct message *trial, const char *mark, struct arena *arena)
{
    size_t inherited = 0, count = 0, n_ours = trial->trial.n_environment;
    while (environ[inherited] != NULL)
        inherited++;
    char **merged = arena_alloc(arena, (inherited + n_ours + 2) * sizeof *merged);
    for (size_t i = 0; i < inherited; i++)
        if (!is_ours_alone(environ[i]) && !is_replaced(environ[i], trial, mark))
            merged[count++] = environ[i];
    for (size_t i = 0; i < n_ours; i++)
        if (!same_name(trial->trial.environment[i], mark))
            merged[count++] = arena_text(arena, trial->trial.environment[i]);
    if (mark[0] != '\0')
        merged[count++] = arena_text(arena, mark);
    return merged;
}

static const char *search_path(char *const *environment)
{
    for (; *environment != NULL; environment++)
        if (strncmp(*environment, "PATH=", 5) == 0)
            return *environment + 5;
    return "/usr/local/bin:/usr/bin:/bin";
}

/* As a shell finds it, with the PATH that the command will have; NULL when it is not there. */
static const char *find_program(const char *name, char *const *environment, struct arena *arena)
{
    if (strchr(name, '/') != NULL)
        return arena_text(arena, name); /* relative to the directory it will run in */
    for (const char *part = search_path(environment);; part++) {
        size_t length = strcspn(part, ":");
        const char *path = length == 0 ? arena_printf(arena, "./%s", name)
                                       : arena_printf(arena, "%.*s/%s", (int)length, part, name);
        if (access(path, X_OK) == 0)
            return path;
        part += length;
        if (*part == '\0')
            return NULL;
    }
}

static bool prepare_command(struct launch *launch, const struct message *trial, struct arena *arena,
                            struct error *error)
{
    size_t count = trial->trial.n_command;
    if (count == 0) {
        error_set(error, "the command is empty");
        return false;
    }
    launch->arguments = arena_alloc(arena, (count + 1) * sizeof *launch->arguments);
    for (size_t i = 0; i < count; i++)
        launch->arguments[i] = arena_text(arena, trial->trial.command[i]);
    launch->workdir = arena_text(arena, trial->trial.workdir);
    launch->program = find_program(launch->arguments[0], launch->environment, arena);
    if (launch->program == NULL)
        error_set(error, "no program `%s` in the PATH of this worker (%s)", launch->arguments[0],
                  search_path(launch->environment));
    return launch->program != NULL;
}

/* The worker's own program, also when its file has been replaced meanwhile. */
static bool prepare_built_in(struct launch *launch, struct arena *arena)
{
    launch->program = "/proc/self/exe";
    launch->is_own = true;
    launch->arguments = arena_alloc(arena, 3 * sizeof *launch->arguments);
    launch->arguments[0] = arena_text(arena, "ldt-worker");
    launch->arguments[1] = arena_text(arena, "trial");
    launch->workdir = "";
    return true;
}

bool launch_prepare(struct launch *launch, const struct message *trial,
                    const struct launch_extras *extras, struct arena *arena, struct error *error)
{
    *launch = (struct launch){ .input = input_line(trial, extras->checkpoint_dir, arena, error) };
    if (launch->input == NULL)
        return false;
    launch->environment = merged_environment(trial, extras->mark, arena);
    return trial->trial.program == PROGRAM_COMMAND ? prepare_command(launch, trial, arena, error)
                                                   : prepare_built_in(launch, arena);
}
