/* scene.h - a small learning problem for the tests of worker/meta: random data, and configurations
 * like tasks A and B, the reward prediction experiment and the game of life in miniature. */
#ifndef META_SCENE_H
#define META_SCENE_H
#include "tests/numeric/bottleneck.h"
#include "tests/numeric/check.h"
#include "worker/meta/learner.h"
#include "worker/net/life.h"

enum { EXAMPLES = 40, INPUTS = 5, PRIVILEGED = 3, CLASSES = 3 };

enum scene_task { SCENE_A, SCENE_B, SCENE_GATED, SCENE_LIFE };
enum { SCENES = SCENE_LIFE + 1 };

struct scene {
    struct learner_config config;
    struct learner *learner;
    struct examples data;
    real *x, *xstar, *labels;
    int order[EXAMPLES];
};

/* Weight norm and two supervised layers of three units; a row of x* is a trajectory of three steps,
 * which the teacher reads with convolutions and batch norm wherever it can stand. */
static inline void scene_make_gated(struct learner_config *config)
{
    const struct trajectory_teacher teacher = { .steps = PRIVILEGED,
                                                .features = 1,
                                                .convolutions = 2,
                                                .c1 = 2,
                                                .c2 = 3,
                                                .c3 = 4,
                                                .batch_norm = true,
                                                .dense_batch_norm = true };
    struct net plain = net_student_hidden(INPUTS, 3, 2, CLASSES);
    config->student = net_with_weight_norm(&plain);
    config->teacher = net_teacher_of_trajectories(&teacher, plain.n_supervised);
    config->teach_loss = TEACH_GATED;
}

/* Boards of 5 x 5 cells and three convolutions, so that a label looks at all cells of the first. */
static inline void scene_make_life(struct learner_config *config)
{
    const struct life life = { .side = 5, .frames = 3, .layers = 3, .filters = 3 };
    config->student = net_life_student(&life);
    config->teacher = net_life_teacher(&life, 1, 0.8);
    config->label_loss = LABEL_LOGISTIC;
    config->teach_loss = TEACH_MIXTURE;
}

static inline struct learner_config scene_config(enum scene_task task, struct optimiser inner)
{
    bool a = task == SCENE_A;
    struct learner_config config = {
        .student = a ? bottleneck_student(INPUTS, 4, 1) : net_student_b(INPUTS, 6, 2, CLASSES),
        .teacher = net_mlp(PRIVILEGED, 5, 2, a ? 4 : CLASSES),
        .label_loss = a ? LABEL_LOGISTIC : LABEL_CROSS_ENTROPY,
        .teach_loss = a ? TEACH_MSE : TEACH_KL,
        .teaching_coef = 2,
        .student_optimiser = optimiser_adam(0.01, 0.8, 1e-3),
        .inner_is_shared = inner.kind == OPTIMISER_ADAM,
        .inner_optimiser = inner,
        .meta_optimiser = optimiser_adam(0.01, 0.5, 0),
        .n_inner = 6,
        .meta_clip = 1e8,
        .memory_limit = SIZE_MAX,
    };
    if (config.inner_is_shared)
        config.student_optimiser = inner;
    if (task == SCENE_GATED)
        scene_make_gated(&config);
    if (task == SCENE_LIFE)
        scene_make_life(&config);
    return config;
}

/* Zeros and ones: mixtures of them keep a student's units alive. */
static inline void scene_make_boards(real *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        numbers[i] = numbers[i] > 0;
}

static inline void scene_start(struct scene *scene, const struct learner_config *config)
{
    struct rng rng = test_rng(100), student = test_rng(101), teacher = test_rng(102);
    struct error error;
    scene->config = *config;
    bool life = config->teach_loss == TEACH_MIXTURE;
    size_t inputs = life ? (size_t)config->student.inputs : INPUTS;
    size_t privileged = life ? (size_t)config->teacher.inputs : PRIVILEGED;
    scene->x = random_reals(&rng, EXAMPLES * inputs);
    scene->xstar = random_reals(&rng, EXAMPLES * privileged);
    if (life) {
        scene_make_boards(scene->x, EXAMPLES * inputs);
        scene_make_boards(scene->xstar, EXAMPLES * privileged);
    }
    scene->labels = xcalloc(EXAMPLES, sizeof *scene->labels);
    uint64_t classes = config->label_loss == LABEL_LOGISTIC ? 2 : CLASSES;
    for (int i = 0; i < EXAMPLES; i++) {
        scene->labels[i] = (real)rng_below(&rng, classes);
        scene->order[i] = i;
    }
    scene->data = (struct examples){ scene->x, scene->xstar, scene->labels, EXAMPLES };
    if (!learner_create(&scene->learner, config, &error))
        fail_msg("%s", error.text);
    learner_initialise(scene->learner, &student, &teacher, 1);
}

static inline void scene_end(struct scene *scene)
{
    learner_destroy(&scene->learner);
    free(scene->x);
    free(scene->xstar);
    free(scene->labels);
}

/* Batches of 4, 4, 4, ... but the last of 2: examples 0 .. 4 count - 3. */
static inline void scene_batches(const struct scene *scene, struct batch *out, int count)
{
    for (int b = 0; b < count; b++)
        out[b] = (struct batch){ scene->order + 4 * b, b == count - 1 ? 2 : 4 };
}

/* The last ten examples. */
static inline struct batch scene_validation(const struct scene *scene)
{
    return (struct batch){ scene->order + EXAMPLES - 10, 10 };
}

static inline struct meta_report scene_meta_step(struct scene *scene, int n_batches)
{
    struct batch batches[16], validation = scene_validation(scene);
    struct meta_report report;
    struct error why;
    scene_batches(scene, batches, n_batches);
    if (!learner_meta_step(scene->learner, &scene->data, batches, n_batches, &validation, &report,
                           &why))
        fail_msg("%s (seed %llu)", why.text, (unsigned long long)test_seed());
    return report;
}

static inline void scene_student_steps(struct scene *scene, int n_batches)
{
    struct batch batches[16];
    struct error why;
    scene_batches(scene, batches, n_batches);
    if (!learner_student_steps(scene->learner, &scene->data, batches, n_batches, NULL, &why))
        fail_msg("%s (seed %llu)", why.text, (unsigned long long)test_seed());
}
#endif
