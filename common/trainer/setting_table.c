/* The rows of setting.h, in the order that --help prints them. */
#include "common/trainer/setting.h"

#include <math.h>

#define EVERY_METHOD  ((1u << METHODS) - 1)
#define LDT           METHOD_BIT(METHOD_LDT)
#define FIXED         METHOD_BIT(METHOD_FIXED_TEACHER)
#define TAUGHT        (LDT | FIXED | METHOD_BIT(METHOD_ORACLE_TEACHER))
#define WITH_PHI      (LDT | FIXED) /* the oracle's teacher has nothing that could be set */
#define UNTAUGHT      METHOD_BIT(METHOD_NO_TEACHER)
#define AUXILIARY     METHOD_BIT(METHOD_AUXILIARY)
#define MODEL_BASED   METHOD_BIT(METHOD_MODEL_BASED)

/* clang-format off */
/* Defaults of task-a, task-b, game-of-life, mujoco and arrays, in this order; NULL: not had. */
#define EACH(a, b, life, mujoco, arrays) \
    { [TASK_A] = a, [TASK_B] = b, [TASK_GAME_OF_LIFE] = life, [TASK_MUJOCO] = mujoco, \
      [TASK_ARRAYS] = arrays }
#define ALL(value)           EACH(value, value, value, value, value)
#define TOYS(a, b)           EACH(a, b, NULL, NULL, NULL)
#define LIFE(value)          EACH(NULL, NULL, value, NULL, NULL)
#define TRAJECTORIES(value)  EACH(NULL, NULL, NULL, value, value)

/* A row reads as name, kind, bounds, defaults, methods, help. */
const struct setting_row setting_table[SETTINGS] = {
    [SETTING_TASK] = { "task", SETTING_CHOICE,
        .choices = { "task-a", "task-b", "game-of-life", "mujoco", "arrays" },
        .methods = EVERY_METHOD,
        .help = "the data set, and with it the student's shape and losses; has no default" },
    [SETTING_METHOD] = { "method", SETTING_CHOICE,
        .choices = { "ldt", "no-teacher", "fixed-teacher", "oracle-teacher", "auxiliary",
                     "model-based" },
        .defaults = ALL("ldt"), .methods = EVERY_METHOD, .paper_name = "method",
        .help = "how the student is trained. ldt: guided by a teacher that meta-gradients train; "
                "no-teacher: by labels alone; fixed-teacher: guided by a random teacher that is "
                "never trained; oracle-teacher (game-of-life): shown the true frames; auxiliary "
                "(mujoco, arrays): with a second head that predicts x*; model-based (mujoco, "
                "arrays): as a model of one step, from whose predicted trajectory the label is "
                "read off" },
    [SETTING_ENVIRONMENT] = { "environment", SETTING_CHOICE,
        .choices = { "swimmer", "walker2d", "hopper", "halfcheetah" },
        .defaults = EACH(NULL, NULL, NULL, "halfcheetah", NULL), .methods = EVERY_METHOD,
        .help = "what is simulated, and whose rewards are predicted" },
    [SETTING_DATA] = { "data", SETTING_TEXT, .is_required = true,
        .defaults = EACH(NULL, NULL, NULL, NULL, ""), .methods = EVERY_METHOD,
        .help = "directory of x.npy, xstar.npy and y.npy, as the worker sees it, and maybe of "
                "x_test.npy and y_test.npy; has no default" },
    [SETTING_DATA_SEED] = { "data_seed", SETTING_INTEGER_OR_AUTO, 0, 9007199254740992.0,
        .defaults = EACH("auto", "auto", "auto", "0", NULL), .methods = EVERY_METHOD,
        .help = "seed of the data set, its random maps included; auto: the trial's seed" },
    [SETTING_N_TRAIN] = { "n_train", SETTING_INTEGER_OR_AUTO, 2, 1e7, .word = "all",
        .defaults = EACH("512", "1000", "1024", "4000", "all"), .methods = EVERY_METHOD,
        .unit = "examples", .paper_name = "n",
        .help = "training examples, of which ldt takes its validation set; all (arrays): as many "
                "as there are" },
    [SETTING_N_TEST] = { "n_test", SETTING_INTEGER_OR_AUTO, 1, 1e7, .word = "all",
        .defaults = EACH("1000", "1000", "4096", "10000", "all"), .methods = EVERY_METHOD,
        .unit = "examples", .help = "test examples; all (arrays): as many as there are" },
    [SETTING_INPUT_DIM] = { "input_dim", SETTING_INTEGER, 1, 65536, .defaults = TOYS("256", "128"),
        .methods = EVERY_METHOD, .paper_name = "D", .help = "numbers in one input x" },
    [SETTING_EPOCHS] = { "epochs", SETTING_INTEGER, 1, 1e6,
        .defaults = EACH("50", "16", "200", "100", "100"), .methods = EVERY_METHOD,
        .unit = "epochs", .paper_name = "epochs",
        .help = "length of training. An epoch is as many student steps as there are full batches "
                "in the training set, less selection_split: the same for all methods. task-a, "
                "task-b: a pass over the student's own training examples in iterations of "
                "student_steps batches, whose number ldt rounds up and other methods down" },
    [SETTING_EVALUATIONS_PER_EPOCH] = { "evaluations_per_epoch", SETTING_INTEGER_OR_AUTO, 1, 1e6,
        .defaults = EACH("1", "auto", "1", "1", "1"), .methods = EVERY_METHOD,
        .help = "how often metrics are reported, spread over the epoch's iterations; auto: at "
                "every iteration, which is also the most there can be" },
    [SETTING_BATCH_SIZE] = { "batch_size", SETTING_INTEGER, 1, 65536,
        .defaults = EACH("16", "32", "64", "24", "32"), .methods = EVERY_METHOD,
        .unit = "examples", .paper_name = "batch_size",
        .help = "student and inner batches; never more than the student's training examples" },
    [SETTING_STUDENT_OPTIMIZER] = { "student_optimizer", SETTING_CHOICE,
        .choices = { "adam", "sgd" }, .defaults = ALL("adam"), .methods = EVERY_METHOD,
        .help = "optimiser of the student's real steps" },
    [SETTING_STUDENT_LR] = { "student_lr", SETTING_REAL, 0, INFINITY, .lower_open = true,
        .upper_open = true, .defaults = ALL("1e-3"), .methods = EVERY_METHOD,
        .paper_name = "learning_rate", .help = "learning rate of the student" },
    [SETTING_STUDENT_BETA1] = { "student_beta1", SETTING_REAL, 0, 1, .upper_open = true,
        .defaults = EACH("0.5", "0.9", "0.9", "0.9", "0.9"), .methods = EVERY_METHOD,
        .paper_name = "adam_momentum",
        .help = "Adam's beta1, or the momentum of sgd, of the student" },
    [SETTING_WEIGHT_DECAY] = { "weight_decay", SETTING_REAL, 0, INFINITY, .upper_open = true,
        .defaults = EACH("1e-8", "1e-6", "1e-6", "0", "0"), .methods = EVERY_METHOD,
        .paper_name = "weight_decay",
        .help = "L2 decay of all the student's parameters, added to their gradient" },
    [SETTING_INNER_OPTIMIZER] = { "inner_optimizer", SETTING_CHOICE,
        .choices = { "shared", "sgd", "adam" },
        .defaults = EACH("shared", "shared", "shared", "sgd", "shared"), .methods = LDT,
        .help = "optimiser of the unrolled steps. shared: the student's, from a copy of its "
                "live state; sgd, adam: that kind from a fresh state, with inner_lr, "
                "inner_momentum and inner_weight_decay where the task has them and with the "
                "student's where not" },
    [SETTING_INNER_LR] = { "inner_lr", SETTING_REAL, 0, INFINITY, .lower_open = true,
        .upper_open = true, .defaults = TRAJECTORIES("1e-2"), .methods = LDT,
        .help = "learning rate of an inner optimiser of its own" },
    [SETTING_INNER_MOMENTUM] = { "inner_momentum", SETTING_REAL, 0, 1, .upper_open = true,
        .defaults = TRAJECTORIES("0.75"), .methods = LDT,
        .help = "Adam's beta1, or the momentum, of an inner optimiser of its own" },
    [SETTING_INNER_WEIGHT_DECAY] = { "inner_weight_decay", SETTING_REAL, 0, INFINITY,
        .upper_open = true, .defaults = TRAJECTORIES("1e-8"), .methods = LDT,
        .help = "L2 decay of an inner optimiser of its own" },
    [SETTING_N_INNER] = { "n_inner", SETTING_INTEGER, 1, 65536,
        .defaults = EACH("32", "64", "16", "96", "32"), .methods = LDT, .unit = "steps",
        .paper_name = "n_inner",
        .help = "unrolled student steps that a meta-gradient goes back through" },
    [SETTING_STUDENT_STEPS] = { "student_steps", SETTING_INTEGER_OR_AUTO, 1, 1e6,
        .defaults = EACH("auto", "8", "auto", "24", "auto"), .methods = EVERY_METHOD,
        .unit = "steps", .paper_name = "N",
        .help = "real steps of the student in one iteration, after the meta-step; auto: n_inner "
                "for ldt, an epoch's for other methods; task-a, task-b: all full batches of the "
                "student's training examples, so that an iteration is an epoch" },
    [SETTING_INNER_BATCHES] = { "inner_batches", SETTING_CHOICE, .choices = { "cycle", "shuffle" },
        .defaults = EACH("cycle", "cycle", "shuffle", "cycle", "cycle"), .methods = LDT,
        .help = "cycle: batches in one order that repeats when it runs out; shuffle: drawn "
                "afresh at each meta-step" },
    [SETTING_TEACHING_COEF] = { "teaching_coef", SETTING_REAL, 0, INFINITY, .upper_open = true,
        .defaults = EACH("1e3", "1e4", "1e3", "316.22776601683796", "1e2"), .methods = TAUGHT,
        .paper_name = "internal_coef",
        .help = "alpha, the weight of the teaching loss beside the label loss" },
    [SETTING_VALIDATION_SPLIT] = { "validation_split", SETTING_REAL, 0, 1, .lower_open = true,
        .upper_open = true, .defaults = EACH("0.25", "0.5", "0.3", "0.3", "0.3"), .methods = LDT,
        .paper_name = "validation_split",
        .help = "share of the training set that the meta-loss is taken on; at least one "
                "example, and one is left to train on" },
    [SETTING_RESAMPLE_SPLIT] = { "resample_split", SETTING_BOOLEAN, 0, 1,
        .defaults = EACH("yes", "yes", "no", "no", "no"), .methods = LDT, .paper_name = "AR",
        .help = "draw the validation set afresh at every meta-step, rather than once" },
    [SETTING_SELECTION_SPLIT] = { "selection_split", SETTING_REAL, 0, 1, .upper_open = true,
        .defaults = EACH("0", "0", "0", "0", "0.2"), .methods = EVERY_METHOD,
        .help = "share of the training set that nothing trains on, taken away before all else; "
                "its loss is selection_loss, by which methods can be compared without the test "
                "set" },
    [SETTING_META_OPTIMIZER] = { "meta_optimizer", SETTING_CHOICE, .choices = { "adam", "sgd" },
        .defaults = EACH("adam", "adam", "sgd", "adam", "adam"), .methods = LDT,
        .help = "optimiser of the teacher" },
    [SETTING_META_LR] = { "meta_lr", SETTING_REAL, 0, INFINITY, .lower_open = true,
        .upper_open = true, .defaults = EACH("3e-4", "1e-3", "1e-4", "5e-4", "5e-4"),
        .methods = LDT, .paper_name = "meta_learning_rate",
        .help = "learning rate of the teacher" },
    [SETTING_META_MOMENTUM] = { "meta_momentum", SETTING_REAL, 0, 1, .upper_open = true,
        .defaults = EACH("0.5", "0.9", "0.9", "0.9", "0.9"), .methods = LDT,
        .paper_name = "meta_momentum",
        .help = "Adam's beta1, or the momentum of sgd, of the teacher" },
    [SETTING_META_CLIP] = { "meta_clip", SETTING_REAL, 0, INFINITY, .lower_open = true,
        .upper_open = true, .defaults = ALL("1e8"), .methods = LDT,
        .help = "bound on each component of the meta-gradient" },
    [SETTING_STUDENT_HIDDEN] = { "student_hidden", SETTING_INTEGER, 1, 65536,
        .defaults = EACH("128", "256", NULL, "128", "128"), .methods = EVERY_METHOD,
        .unit = "units",
        .help = "units in each hidden layer of the student; task-a: in the first one, which is "
                "linear and supervised, and its other hidden layers have 128" },
    [SETTING_STUDENT_LAYERS] = { "student_layers", SETTING_INTEGER, 1, 16,
        .defaults = EACH("2", "2", NULL, "5", "5"), .methods = EVERY_METHOD,
        .help = "hidden layers of the student" },
    [SETTING_STUDENT_WEIGHT_NORM] = { "student_weight_norm", SETTING_BOOLEAN, 0, 1,
        .defaults = EACH("no", "no", NULL, "yes", "yes"), .methods = EVERY_METHOD,
        .help = "weight normalisation in every layer of the student" },
    [SETTING_TEACHER_HIDDEN] = { "teacher_hidden", SETTING_INTEGER, 1, 65536,
        .defaults = EACH("512", "256", NULL, NULL, "256"), .methods = WITH_PHI, .unit = "units",
        .help = "units in each hidden layer of the teacher; arrays: where x* is no trajectory" },
    [SETTING_TEACHER_LAYERS] = { "teacher_layers", SETTING_INTEGER, 1, 16,
        .defaults = EACH("2", "2", NULL, NULL, "2"), .methods = WITH_PHI,
        .help = "hidden layers of the teacher; arrays: where x* is no trajectory" },
    [SETTING_TEACHER_CONV] = { "teacher_conv", SETTING_INTEGER, 1, 8,
        .defaults = TRAJECTORIES("4"), .methods = WITH_PHI, .paper_name = "n_conv",
        .help = "convolutions over time in the teacher; arrays: where x* is a trajectory" },
    [SETTING_TEACHER_C1] = { "teacher_c1", SETTING_INTEGER, 1, 65536,
        .defaults = TRAJECTORIES("96"), .methods = WITH_PHI, .unit = "channels", .paper_name = "c1",
        .help = "outputs of each of the teacher's convolutions but the last; arrays: where x* is "
                "a trajectory" },
    [SETTING_TEACHER_C2] = { "teacher_c2", SETTING_INTEGER, 1, 65536,
        .defaults = TRAJECTORIES("256"), .methods = WITH_PHI, .unit = "channels",
        .paper_name = "c2",
        .help = "outputs of the teacher's last convolution; arrays: where x* is a trajectory" },
    [SETTING_TEACHER_C3] = { "teacher_c3", SETTING_INTEGER, 1, 65536,
        .defaults = TRAJECTORIES("768"), .methods = WITH_PHI, .unit = "units", .paper_name = "c3",
        .help = "units of the dense layer after the teacher's convolutions; arrays: where x* is a "
                "trajectory" },
    [SETTING_TEACHER_BATCH_NORM] = { "teacher_batch_norm", SETTING_CHOICE,
        .choices = { "conv", "all", "none" }, .defaults = TRAJECTORIES("conv"),
        .methods = WITH_PHI,
        .help = "batch normalisation in the teacher. conv: after each convolution; all: and of "
                "the dense layer; arrays: where x* is a trajectory" },
    [SETTING_N_FILTERS] = { "n_filters", SETTING_INTEGER, 1, 1024, .defaults = LIFE("16"),
        .methods = EVERY_METHOD, .unit = "features", .paper_name = "n_filters",
        .help = "F, the feature maps of each of the student's nine layers of 3 x 3 convolutions" },
    [SETTING_WEIGHT_INIT_MULTIPLIER] = { "weight_init_multiplier", SETTING_REAL, 0, INFINITY,
        .lower_open = true, .upper_open = true, .defaults = ALL("1"), .methods = EVERY_METHOD,
        .paper_name = "weight_init_multiplier",
        .help = "factor on the student's initial weights" },
    [SETTING_TEACHER_WEIGHT_SCALE] = { "teacher_weight_scale", SETTING_REAL, 0, INFINITY,
        .upper_open = true, .defaults = LIFE("1"), .methods = FIXED,
        .paper_name = "teacher_weight_scale", .help = "factor on the fixed teacher's targets" },
    [SETTING_TEACHER_ATTENTION_SCALE] = { "teacher_attention_scale", SETTING_REAL, 0, INFINITY,
        .upper_open = true, .defaults = LIFE("0.1"), .methods = FIXED,
        .paper_name = "teacher_attention_scale",
        .help = "standard deviation of the fixed teacher's phi, whose softmax over time mixes the "
                "frames" },
    [SETTING_SCRAMBLE] = { "scramble", SETTING_BOOLEAN, 0, 1, .defaults = LIFE("yes"),
        .methods = WITH_PHI,
        .help = "show the teacher the frames in an order that is drawn once for the data set; an "
                "oracle-teacher knows the true one anyway" },
    [SETTING_BOARD_EDGES] = { "board_edges", SETTING_CHOICE, .choices = { "dead", "wrap" },
        .defaults = LIFE("dead"), .methods = TAUGHT,
        .help = "what the game finds outside the board: dead cells, or the opposite edge. It shows "
                "in the frames only: nothing outside reaches the middle cell, which is the label, "
                "in three steps" },
    [SETTING_LOGIT_SCALE] = { "logit_scale", SETTING_REAL, 0, INFINITY, .lower_open = true,
        .upper_open = true, .defaults = TOYS(NULL, "3"), .methods = EVERY_METHOD,
        .help = "factor on the logits before the label is drawn and before x* is made of them" },
    [SETTING_ENTROPY_COEF] = { "entropy_coef", SETTING_REAL, 0, INFINITY, .upper_open = true,
        .defaults = TOYS(NULL, "0"), .methods = UNTAUGHT, .paper_name = "beta",
        .help = "weight of the prediction's entropy, which the training loss is reduced by" },
    [SETTING_AUXILIARY_COEF] = { "auxiliary_coef", SETTING_REAL, 0, INFINITY, .upper_open = true,
        .defaults = TRAJECTORIES("1"), .methods = AUXILIARY | MODEL_BASED,
        .paper_name = "auxiliary task weight",
        .help = "weight of the mean squared error of the predicted x* beside the label loss" },
    [SETTING_MODEL_TRAINING] = { "model_training", SETTING_CHOICE,
        .choices = { "transitions", "stacked" }, .defaults = TRAJECTORIES("transitions"),
        .methods = MODEL_BASED,
        .help = "transitions: the model learns each step by itself, from the true state before "
                "it; stacked: it is applied to its own predictions, from the first state on, as it "
                "always is when it is measured" },
    [SETTING_ABLATION] = { "ablation", SETTING_CHOICE, 1, 65536,
        .choices = { "none", "permuted", "random-N" }, .defaults = TRAJECTORIES("none"),
        .methods = LDT, .paper_name = "PT, RT-n",
        .help = "what is spoilt in the training set's x*, once for each example. permuted: the "
                "order of its frames; random-N: its last N frames are noise from N(0, 1)" },
    [SETTING_MEMORY_LIMIT] = { "memory_limit", SETTING_INTEGER, 1, 1048576,
        .defaults = ALL("1024"), .methods = EVERY_METHOD, .unit = "MiB",
        .help = "for the recorded activations of an unroll; steps beyond it are computed "
                "again, with the same result" },
};
/* clang-format on */
