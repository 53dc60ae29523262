/* setting.h - every value that a training run of the built-in trainer needs: one table with
 * name, type, bounds, default for each task, the methods that have it, and a sentence of help.
 * Data only: `ldt-worker trial --help` prints it, the trainer reads a run's settings through it
 * (settings.h), and the spec's validation types and bounds a search's parameters by it. Names are a
 * contract with specs, databases and scripts: a row may be added, none renamed. */
#ifndef TRAINER_SETTING_H
#define TRAINER_SETTING_H
#include "common/error.h"

#include <jansson.h>
#include <stdbool.h>

enum task { TASK_A, TASK_B, TASK_GAME_OF_LIFE, TASK_MUJOCO, TASK_ARRAYS, TASKS };
enum method {
    METHOD_LDT,
    METHOD_NO_TEACHER,
    METHOD_FIXED_TEACHER,
    METHOD_ORACLE_TEACHER,
    METHOD_AUXILIARY,
    METHOD_MODEL_BASED,
    METHODS
};
#define METHOD_BIT(method) (1u << (method))

const char *task_name(enum task task);
const char *method_name(enum method method);
bool task_from_name(const char *name, enum task *task);
bool method_from_name(const char *name, enum method *method);
bool task_has_method(enum task task, enum method method);

enum setting_type {
    SETTING_REAL,
    SETTING_INTEGER,
    SETTING_BOOLEAN,         /* a boolean is spelt yes, no, true or false */
    SETTING_CHOICE,          /* one of `choices` */
    SETTING_INTEGER_OR_AUTO, /* an integer in bounds, or `word` */
    SETTING_TEXT             /* up to SETTING_TEXT_BYTES - 1 bytes, not empty */
};
enum { SETTING_TEXT_BYTES = 1024 };

/* clang-format off */
enum setting_id {
    SETTING_TASK, SETTING_METHOD, SETTING_ENVIRONMENT, SETTING_DATA, SETTING_DATA_SEED,
    SETTING_N_TRAIN, SETTING_N_TEST, SETTING_INPUT_DIM, SETTING_EPOCHS,
    SETTING_EVALUATIONS_PER_EPOCH, SETTING_BATCH_SIZE,
    SETTING_STUDENT_OPTIMIZER, SETTING_STUDENT_LR, SETTING_STUDENT_BETA1, SETTING_WEIGHT_DECAY,
    SETTING_INNER_OPTIMIZER, SETTING_INNER_LR, SETTING_INNER_MOMENTUM, SETTING_INNER_WEIGHT_DECAY,
    SETTING_N_INNER, SETTING_STUDENT_STEPS, SETTING_INNER_BATCHES, SETTING_TEACHING_COEF,
    SETTING_VALIDATION_SPLIT, SETTING_RESAMPLE_SPLIT, SETTING_SELECTION_SPLIT,
    SETTING_META_OPTIMIZER, SETTING_META_LR, SETTING_META_MOMENTUM, SETTING_META_CLIP,
    SETTING_STUDENT_HIDDEN, SETTING_STUDENT_LAYERS, SETTING_STUDENT_WEIGHT_NORM,
    SETTING_TEACHER_HIDDEN, SETTING_TEACHER_LAYERS, SETTING_TEACHER_CONV, SETTING_TEACHER_C1,
    SETTING_TEACHER_C2, SETTING_TEACHER_C3, SETTING_TEACHER_BATCH_NORM, SETTING_N_FILTERS,
    SETTING_WEIGHT_INIT_MULTIPLIER, SETTING_TEACHER_WEIGHT_SCALE, SETTING_TEACHER_ATTENTION_SCALE,
    SETTING_SCRAMBLE, SETTING_BOARD_EDGES, SETTING_LOGIT_SCALE, SETTING_ENTROPY_COEF,
    SETTING_AUXILIARY_COEF, SETTING_MODEL_TRAINING, SETTING_ABLATION, SETTING_MEMORY_LIMIT,
    SETTINGS
};
/* clang-format on */

struct setting_row {
    const char *name;
    enum setting_type type;
    double lower, upper;         /* numeric; infinite: unbounded */
    bool lower_open, upper_open; /* the bound itself is no legal value (a search may touch it) */
    const char *choices[8];      /* NULL-terminated; the last one may end in -N, which stands for
                                    any integer in the bounds */
    const char *word;            /* of SETTING_INTEGER_OR_AUTO; NULL: auto */
    const char *defaults[TASKS]; /* as a person would write it; NULL: not had */
    bool is_required;            /* there is no default: the task's is an empty word */
    unsigned methods;            /* METHOD_BIT of those that have it */
    const char *unit;            /* "MiB", "epochs", or NULL */
    const char *help;            /* one sentence */
    const char *paper_name;      /* how the paper calls it, or NULL */
};
extern const struct setting_row setting_table[SETTINGS];

const struct setting_row *setting_find(const char *name); /* NULL: unknown */
const char *setting_nearest(const char *name);            /* by spelling, or NULL */
bool setting_applies(const struct setting_row *row, enum task task, enum method method);

/* What a value of this setting may be, for sentences and help: "an integer at least 1 and at
 * most 16, or auto". */
void setting_describe(const struct setting_row *row, char *out, size_t bytes);

/* Types one scalar: strings for choices, yes/no for booleans, integers for reals. Returns the
 * value in the setting's own type (new reference), or NULL with a sentence that says what is
 * legal. Bounds are checked; the ends of a search's range, which may touch an open bound, are
 * for the caller to check against the row. */
json_t *setting_type_value(const struct setting_row *row, const json_t *scalar,
                           struct error *error);

/* The index of the last word of a choice, which may stand for many: "random-N". */
int setting_last_choice(const struct setting_row *row);

/* A legal word of a choice as a number: its index; with -N, N is added to that of the last word. */
double setting_choice_number(const struct setting_row *row, const char *word);
#endif
