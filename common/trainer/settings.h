/* settings.h - the settings of one run of the built-in trainer: a value for every row of setting.h
 * that its task and method have, what was not given filled in from the defaults. */
#ifndef TRAINER_SETTINGS_H
#define TRAINER_SETTINGS_H
#include "common/trainer/setting.h"

struct settings {
    enum task task;
    enum method method;
    bool is_given[SETTINGS]; /* rather than filled in */
    double number[SETTINGS]; /* integers are exact; boolean 0, 1; choice: its index, with -N what N
                              * is added; text 0; NaN: auto, or not had */
    char data[SETTING_TEXT_BYTES]; /* the value of SETTING_DATA, the only text; else empty */
};

/* From the `parameters` object of a trial. Refuses what is unknown, out of bounds, or not had by
 * the task or method; says so in one sentence with the nearest name. */
bool settings_parse(struct settings *out, const json_t *parameters, struct error *error);

bool setting_is_had(const struct settings *settings, enum setting_id id);
double setting_real(const struct settings *settings, enum setting_id id);
int64_t setting_integer(const struct settings *settings, enum setting_id id);
bool setting_flag(const struct settings *settings, enum setting_id id);
bool setting_is_auto(const struct settings *settings, enum setting_id id); /* or the row's word */
const char *setting_choice(const struct settings *settings, enum setting_id id); /* "random-N" */
int setting_choice_count(const struct settings *settings, enum setting_id id);   /* N, else 0 */
#endif
