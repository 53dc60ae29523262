/* The rows of setting.h, in the order that --help prints them. */
#include "common/trainer/setting.h"

#include <math.h>

#define EVERY_METHOD ((1u << METHODS) - 1)
#define LDT          METHOD_BIT(METHOD_LDT)
#define TAUGHT       (LDT | METHOD_BIT(METHOD_FIXED_TEACHER) | METHOD_BIT(METHOD_ORACLE_TEACHER))
#define UNTAUGHT     METHOD_BIT(METHOD_NO_TEACHER)

/* Defaults of the tasks of this version; the others' settings arrive with the tasks. */
/* clang-format off */
#define TOYS(a, b) { [TASK_A] = a, [TASK_B] = b }

/* A row reads as name, kind, bounds, defaults, methods, help. */
const struct setting_row setting_table[SETTINGS] = {
    [SETTING_TASK] = { "task", SETTING_CHOICE,
        .choices = { "task-a", "task-b", "game-of-life", "mujoco", "arrays" },
        .methods = EVERY_METHOD,
        .help = "the data set, and with it the student's shape and losses; has no default" },
    [SETTING_METHOD] = { "method", SETTING_CHOICE,
        .choices = { "ldt", "no-teacher", "fixed-teacher", "oracle-teacher", "auxiliary",
                     "model-based" },
        .defaults = TOYS("ldt", "ldt"), .methods = EVERY_METHOD, .paper_name = "method",
        .help = "how the student is trained: guided by a teacher trained by meta-gradients, by "
                "labels alone, or guided by a random teacher that is never trained" },
    [SETTING_DATA_SEED] = { "data_seed", SETTING_INTEGER_OR_AUTO, 0, 9007199254740992.0,
        .defaults = TOYS("auto", "auto"), .methods = EVERY_METHOD,
        .help = "seed of the data set, its random maps included; auto: the trial's seed" },
    [SETTING_N_TRAIN] = { "n_train", SETTING_INTEGER, 2, 1e7, .defaults = TOYS("512", "1000"),
        .methods = EVERY_METHOD, .unit = "examples", .paper_name = "n",
        .help = "training examples, of which ldt takes its validation set" },
    [SETTING_N_TEST] = { "n_test", SETTING_INTEGER, 1, 1e7, .defaults = TOYS("1000", "1000"),
        .methods = EVERY_METHOD, .unit = "examples", .help = "test examples" },
    [SETTING_INPUT_DIM] = { "input_dim", SETTING_INTEGER, 1, 65536, .defaults = TOYS("256", "128"),
        .methods = EVERY_METHOD, .paper_name = "D", .help = "numbers in one input x" },
    [SETTING_EPOCHS] = { "epochs", SETTING_INTEGER, 1, 1e6, .defaults = TOYS("50", "16"),
        .methods = EVERY_METHOD, .unit = "epochs", .paper_name = "epochs",
        .help = "length of training; an epoch is a pass over the student's training examples in "
                "iterations of student_steps batches, whose number ldt rounds up and other "
                "methods down" },
    [SETTING_EVALUATIONS_PER_EPOCH] = { "evaluations_per_epoch", SETTING_INTEGER_OR_AUTO, 1, 1e6,
        .defaults = TOYS("1", "auto"), .methods = EVERY_METHOD,
        .help = "how often metrics are reported, spread over the epoch's iterations; auto: at "
                "every iteration, which is also the most there can be" },
    [SETTING_BATCH_SIZE] = { "batch_size", SETTING_INTEGER, 1, 65536, .defaults = TOYS("16", "32"),
        .methods = EVERY_METHOD, .unit = "examples", .paper_name = "batch_size",
        .help = "student and inner batches; never more than the student's training examples" },
    [SETTING_STUDENT_OPTIMIZER] = { "student_optimizer", SETTING_CHOICE,
        .choices = { "adam", "sgd" }, .defaults = TOYS("adam", "adam"), .methods = EVERY_METHOD,
        .help = "optimiser of the student's real steps" },
    [SETTING_STUDENT_LR] = { "student_lr", SETTING_REAL, 0, INFINITY, .lower_open = true,
        .upper_open = true, .defaults = TOYS("1e-3", "1e-3"), .methods = EVERY_METHOD,
        .paper_name = "learning_rate", .help = "learning rate of the student" },
    [SETTING_STUDENT_BETA1] = { "student_beta1", SETTING_REAL, 0, 1, .upper_open = true,
        .defaults = TOYS("0.5", "0.9"), .methods = EVERY_METHOD, .paper_name = "adam_momentum",
        .help = "Adam's beta1, or the momentum of sgd, of the student" },
    [SETTING_WEIGHT_DECAY] = { "weight_decay", SETTING_REAL, 0, INFINITY, .upper_open = true,
        .defaults = TOYS("1e-8", "1e-6"), .methods = EVERY_METHOD, .paper_name = "weight_decay",
        .help = "L2 decay of all the student's parameters, added to their gradient" },
    [SETTING_INNER_OPTIMIZER] = { "inner_optimizer", SETTING_CHOICE,
        .choices = { "shared", "sgd", "adam" }, .defaults = TOYS("shared", "shared"),
        .methods = LDT,
        .help = "optimiser of the unrolled steps. shared: the student's, from a copy of its "
                "live state; sgd, adam: that kind from a fresh state, with inner_lr, "
                "inner_momentum and inner_weight_decay where the task has them and with the "
                "student's where not" },
    [SETTING_INNER_LR] = { "inner_lr", SETTING_REAL, 0, INFINITY, .lower_open = true,
        .upper_open = true, .methods = LDT,
        .help = "learning rate of an inner optimiser of its own" },
    [SETTING_INNER_MOMENTUM] = { "inner_momentum", SETTING_REAL, 0, 1, .upper_open = true,
        .methods = LDT, .help = "Adam's beta1, or the momentum, of an inner optimiser of its "
                                "own" },
    [SETTING_INNER_WEIGHT_DECAY] = { "inner_weight_decay", SETTING_REAL, 0, INFINITY,
        .upper_open = true, .methods = LDT, .help = "L2 decay of an inner optimiser of its own" },
    [SETTING_N_INNER] = { "n_inner", SETTING_INTEGER, 1, 65536, .defaults = TOYS("32", "64"),
        .methods = LDT, .unit = "steps", .paper_name = "n_inner",
        .help = "unrolled student steps that a meta-gradient goes back through" },
    [SETTING_STUDENT_STEPS] = { "student_steps", SETTING_INTEGER_OR_AUTO, 1, 1e6,
        .defaults = TOYS("auto", "8"), .methods = EVERY_METHOD, .unit = "steps", .paper_name = "N",
        .help = "real steps of the student in one iteration, after the meta-step; auto: all "
                "full batches of its training examples, so that an iteration is an epoch" },
    [SETTING_INNER_BATCHES] = { "inner_batches", SETTING_CHOICE, .choices = { "cycle", "shuffle" },
        .defaults = TOYS("cycle", "cycle"), .methods = LDT,
        .help = "cycle: batches in one order that repeats when it runs out; shuffle: drawn "
                "afresh at each meta-step" },
    [SETTING_TEACHING_COEF] = { "teaching_coef", SETTING_REAL, 0, INFINITY, .upper_open = true,
        .defaults = TOYS("1e3", "1e4"), .methods = TAUGHT, .paper_name = "internal_coef",
        .help = "alpha, the weight of the teaching loss beside the label loss" },
    [SETTING_VALIDATION_SPLIT] = { "validation_split", SETTING_REAL, 0, 1, .lower_open = true,
        .upper_open = true, .defaults = TOYS("0.25", "0.5"), .methods = LDT,
        .paper_name = "validation_split",
        .help = "share of the training set that the meta-loss is taken on; at least one "
                "example, and one is left to train on" },
    [SETTING_RESAMPLE_SPLIT] = { "resample_split", SETTING_BOOLEAN, 0, 1,
        .defaults = TOYS("yes", "yes"), .methods = LDT, .paper_name = "AR",
        .help = "draw the validation set afresh at every meta-step, rather than once" },
    [SETTING_SELECTION_SPLIT] = { "selection_split", SETTING_REAL, 0, 1, .upper_open = true,
        .defaults = TOYS("0", "0"), .methods = EVERY_METHOD,
        .help = "share of the training set that nothing trains on, taken away before all else; "
                "its loss is selection_loss, by which methods can be compared without the test "
                "set" },
    [SETTING_META_OPTIMIZER] = { "meta_optimizer", SETTING_CHOICE, .choices = { "adam", "sgd" },
        .defaults = TOYS("adam", "adam"), .methods = LDT, .help = "optimiser of the teacher" },
    [SETTING_META_LR] = { "meta_lr", SETTING_REAL, 0, INFINITY, .lower_open = true,
        .upper_open = true, .defaults = TOYS("3e-4", "1e-3"), .methods = LDT,
        .paper_name = "meta_learning_rate", .help = "learning rate of the teacher" },
    [SETTING_META_MOMENTUM] = { "meta_momentum", SETTING_REAL, 0, 1, .upper_open = true,
        .defaults = TOYS("0.5", "0.9"), .methods = LDT, .paper_name = "meta_momentum",
        .help = "Adam's beta1, or the momentum of sgd, of the teacher" },
    [SETTING_META_CLIP] = { "meta_clip", SETTING_REAL, 0, INFINITY, .lower_open = true,
        .upper_open = true, .defaults = TOYS("1e8", "1e8"), .methods = LDT,
        .help = "bound on each component of the meta-gradient" },
    [SETTING_STUDENT_HIDDEN] = { "student_hidden", SETTING_INTEGER, 1, 65536,
        .defaults = TOYS("128", "256"), .methods = EVERY_METHOD, .unit = "units",
        .help = "units in each hidden layer of the student; task-a: in the first one, which is "
                "linear and supervised, and its other hidden layers have 128" },
    [SETTING_STUDENT_LAYERS] = { "student_layers", SETTING_INTEGER, 1, 16,
        .defaults = TOYS("2", "2"), .methods = EVERY_METHOD,
        .help = "hidden layers of the student" },
    [SETTING_STUDENT_WEIGHT_NORM] = { "student_weight_norm", SETTING_BOOLEAN, 0, 1,
        .defaults = TOYS("no", "no"), .methods = EVERY_METHOD,
        .help = "weight normalisation in the student; `yes` is not available yet" },
    [SETTING_TEACHER_HIDDEN] = { "teacher_hidden", SETTING_INTEGER, 1, 65536,
        .defaults = TOYS("512", "256"), .methods = TAUGHT, .unit = "units",
        .help = "units in each hidden layer of the teacher" },
    [SETTING_TEACHER_LAYERS] = { "teacher_layers", SETTING_INTEGER, 1, 16,
        .defaults = TOYS("2", "2"), .methods = TAUGHT, .help = "hidden layers of the teacher" },
    [SETTING_WEIGHT_INIT_MULTIPLIER] = { "weight_init_multiplier", SETTING_REAL, 0, INFINITY,
        .lower_open = true, .upper_open = true, .defaults = TOYS("1", "1"), .methods = EVERY_METHOD,
        .paper_name = "weight_init_multiplier",
        .help = "factor on the student's initial weights" },
    [SETTING_LOGIT_SCALE] = { "logit_scale", SETTING_REAL, 0, INFINITY, .lower_open = true,
        .upper_open = true, .defaults = TOYS(NULL, "3"), .methods = EVERY_METHOD,
        .help = "factor on the logits before the label is drawn and before x* is made of them" },
    [SETTING_ENTROPY_COEF] = { "entropy_coef", SETTING_REAL, 0, INFINITY, .upper_open = true,
        .defaults = TOYS(NULL, "0"), .methods = UNTAUGHT, .paper_name = "beta",
        .help = "weight of the prediction's entropy, which the training loss is reduced by" },
    [SETTING_MEMORY_LIMIT] = { "memory_limit", SETTING_INTEGER, 1, 1048576,
        .defaults = TOYS("1024", "1024"), .methods = EVERY_METHOD, .unit = "MiB",
        .help = "for the recorded activations of an unroll; steps beyond it are computed "
                "again, with the same result" },
};
/* clang-format on */
