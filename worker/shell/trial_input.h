/* trial_input.h - what one trial of the built-in trainer is told: the JSON object on standard input
 * that trial_command.h describes. A member that is no part of it is an error, or a misspelt
 * `checkpoint_dir` would be a run that saves nothing. */
#ifndef SHELL_TRIAL_INPUT_H
#define SHELL_TRIAL_INPUT_H
#include "common/error.h"
#include "common/trainer/settings.h"

#include <stdint.h>

struct trial_input {
    int64_t seed;
    struct settings settings;
    char *parameters;     /* the text of the settings as they were given */
    char *checkpoint_dir; /* NULL: none */
    double checkpoint_seconds;
};

/* Reads standard input to its end. False: with a sentence. trial_input_free in any case. */
bool trial_input_read(struct trial_input *out, struct error *error);
void trial_input_free(struct trial_input *input);
#endif
