#include "worker/shell/trial_input.h"
#include "common/buf.h"
#include "common/json.h"
#include "common/trainer/nearest.h"
#include "common/xalloc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { INPUT_LIMIT = 1 << 20 };
enum { CHECKPOINT_SECONDS = 120, CHECKPOINT_SECONDS_MOST = 1000000000 };

static bool read_all(struct buf *input, struct error *error)
{
    char chunk[65536];
    for (;;) {
        ssize_t count = read(STDIN_FILENO, chunk, sizeof chunk);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0) {
            error_set(error, "standard input: %s", strerror(errno));
            return false;
        }
        if (count == 0)
            return true;
        if (!buf_add(input, chunk, (size_t)count)) {
            error_set(error, "standard input: longer than %d bytes; no trial is", INPUT_LIMIT);
            return false;
        }
    }
}

static json_t *parse(const struct buf *input, struct error *error)
{
    json_error_t fault;
    if (input->length == strspn(input->bytes, " \t\r\n")) {
        error_set(error, "standard input: empty; it must hold one JSON object, such as "
                         "{\"seed\": 1, \"parameters\": {\"task\": \"task-b\"}}");
        return NULL;
    }
    json_t *trial = json_loadb(input->bytes, input->length, JSON_REJECT_DUPLICATES, &fault);
    if (trial == NULL)
        error_set(error, "standard input:%d:%d: %s", fault.line, fault.column, fault.text);
    else if (!json_is_object(trial))
        error_set(error, "standard input: not a JSON object");
    if (json_is_object(trial))
        return trial;
    json_decref(trial);
    return NULL;
}

static bool read_checkpoint(const json_t *trial, struct trial_input *out, struct error *error)
{
    const json_t *directory = json_object_get(trial, "checkpoint_dir");
    const json_t *seconds = json_object_get(trial, "checkpoint_seconds");
    out->checkpoint_seconds = seconds != NULL ? json_number_value(seconds) : CHECKPOINT_SECONDS;
    if (seconds != NULL && (!json_is_number(seconds) || out->checkpoint_seconds < 0 ||
                            out->checkpoint_seconds > CHECKPOINT_SECONDS_MOST)) {
        error_set(error, "checkpoint_seconds: give a number from 0 to %d", CHECKPOINT_SECONDS_MOST);
        return false;
    }
    if (directory == NULL)
        return true;
    if (!json_is_string(directory) || json_string_value(directory)[0] != '/') {
        error_set(error, "checkpoint_dir: not a path; give one that begins with /");
        return false;
    }
    out->checkpoint_dir = xstrdup(json_string_value(directory));
    return true;
}

static bool check_names(json_t *trial, struct error *error)
{
    static const char *const names[] = {
        "study", "trial", "attempt", "seed", "parameters", "checkpoint_dir", "checkpoint_seconds"
    };
    const char *name;
    json_t *value;
    json_object_foreach(trial, name, value) {
        struct nearest nearest;
        size_t i = 0;
        nearest_init(&nearest, name);
        while (i < sizeof names / sizeof *names && strcmp(names[i], name) != 0)
            nearest_offer(&nearest, names[i++]);
        if (i < sizeof names / sizeof *names)
            continue;
        const char *meant = nearest_word(&nearest);
        if (meant != NULL)
            error_set(error, "standard input: unknown member `%.64s`; did you mean `%s`?", name,
                      meant);
        else
            error_set(error,
                      "standard input: unknown member `%.64s`; settings go into `parameters`",
                      name);
        return false;
    }
    return true;
}

static bool read_trial(json_t *trial, struct trial_input *out, struct error *error)
{
    const json_t *seed = json_object_get(trial, "seed");
    if (!check_names(trial, error))
        return false;
    if (!json_is_integer(seed) || json_integer_value(seed) < 0) {
        error_set(error, "seed: %s; give an integer of at least 0",
                  seed == NULL ? "missing" : "not a seed");
        return false;
    }
    out->seed = json_integer_value(seed);
    if (!read_checkpoint(trial, out, error) ||
        !settings_parse(&out->settings, json_object_get(trial, "parameters"), error))
        return false;
    out->parameters = json_text(json_object_get(trial, "parameters"));
    return true;
}

bool trial_input_read(struct trial_input *out, struct error *error)
{
    struct buf input;
    *out = (struct trial_input){ .parameters = NULL };
    buf_init(&input, INPUT_LIMIT);
    json_t *trial = read_all(&input, error) ? parse(&input, error) : NULL;
    bool usable = trial != NULL && read_trial(trial, out, error);
    json_decref(trial);
    buf_free(&input);
    return usable;
}

void trial_input_free(struct trial_input *input)
{
    free(input->parameters);
    free(input->checkpoint_dir);
    *input = (struct trial_input){ .parameters = NULL };
}
