/* The outer loop's object. What the calls share is memory: each workspace grows to the largest call
 * and is used again, so a training run allocates in its first iteration only. */
#include "worker/meta/learner.h"

#include "common/xalloc.h"
#include "worker/meta/hypergradient.h"
#include "worker/meta/teacher.h"
#include "worker/numeric/columns.h"
#include "worker/numeric/vector.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LOGITS_CHUNK = 256, VALIDATION_CHUNK = 512 }; /* rows: results depend on them, so fixed */

struct learner {
    struct learner_config config;
    struct learner_state state;
    struct net auxiliary;        /* the head; no layers: none */
    struct net for_transitions;  /* the student as MODEL_TRANSITIONS trains it */
    struct net for_labels;       /* the student where it has no teacher: net_for_labels */
    struct objective training;   /* label loss, teaching or auxiliary loss, entropy */
    struct objective validation; /* label loss only */
    struct inner_loop inner;
    struct teacher teacher;
    struct step_losses *inner_losses; /* [n_inner] */
    real *validation_gradient;        /* [student.n_parameters] */
    real *meta_gradient, *clipped;    /* [teacher.n_parameters]; clipped: made when first needed */

    struct gathered batches, validation_set;
    struct workspace joined;    /* x and x* beside each other, for MODEL_TRANSITIONS */
    struct lesson *lessons;     /* one for each gathered batch */
    struct mat *target_adjoint; /* likewise: pieces of target_adjoints */
    size_t lesson_capacity, adjoint_capacity;
    struct workspace target_adjoints;
    struct workspace student; /* real steps, validation and evaluation */
};

/* ---- life ----------------------------------------------------------------------------------- */

static void state_create(struct optimiser_state *state, const struct optimiser *optimiser,
                         size_t count)
{
    state->parameters = xaligned(count * sizeof(real));
    for (int k = 0; k < optimiser_moments(optimiser); k++)
        state->moment[k] = xaligned(count * sizeof(real));
}

static void state_clear(struct optimiser_state *state, size_t count)
{
    state->steps = 0;
    memset(state->parameters, 0, count * sizeof(real));
    for (int k = 0; k < OPTIMISER_MAX_MOMENTS; k++)
        if (state->moment[k] != NULL)
            memset(state->moment[k], 0, count * sizeof(real));
}

static void state_free(struct optimiser_state *state)
{
    free(state->parameters);
    for (int k = 0; k < OPTIMISER_MAX_MOMENTS; k++)
        free(state->moment[k]);
}

static void objectives_create(struct learner *learner)
{
    const struct learner_config *config = &learner->config;
    bool taught = config->teacher.n_layers > 0;
    learner->for_labels = net_for_labels(&config->student);
    learner->training =
        (struct objective){ .student = taught ? &config->student : &learner->for_labels,
                            .label_loss = config->label_loss,
                            .teach_loss = config->teach_loss,
                            .teaching_coef = config->teaching_coef,
                            .entropy_coef = config->entropy_coef };
    if (config->auxiliary_outputs > 0) {
        net_start(&learner->auxiliary, config->student.layers[config->student.n_layers - 1].inputs);
        net_linear(&learner->auxiliary, config->auxiliary_outputs);
        learner->training.auxiliary = &learner->auxiliary;
        learner->training.auxiliary_coef = config->auxiliary_coef;
    }
    if (config->model != MODEL_NONE) {
        learner->training.predicts = true;
        learner->training.auxiliary_coef = config->auxiliary_coef;
    }
    if (config->model == MODEL_TRANSITIONS) {
        learner->for_transitions = net_for_transitions(&config->student);
        learner->training.student = &learner->for_transitions;
    }
    learner->validation = learner->training;
    learner->validation.entropy_coef = 0;
    learner->validation.student = &learner->for_labels;
    learner->inner.objective = learner->training;
}

bool learner_create(struct learner **out, const struct learner_config *config, struct error *error)
{
    if (!learner_config_check(config, error))
        return false;
    struct learner *learner = xcalloc(1, sizeof *learner);
    learner->config = *config;
    config = &learner->config;
    objectives_create(learner);
    learner->inner.optimiser =
        config->inner_is_shared ? config->student_optimiser : config->inner_optimiser;
    learner->inner.n_steps = config->n_inner;
    learner->inner.memory_limit = config->memory_limit;
    learner->inner.interruption = config->interruption;
    learner->inner_losses = xcalloc((size_t)config->n_inner + 1, sizeof *learner->inner_losses);
    state_create(&learner->state.student, &config->student_optimiser,
                 objective_n_parameters(&learner->training));
    if (config->teacher.n_layers > 0) {
        size_t count = config->teacher.n_parameters;
        learner->teacher.net = &config->teacher;
        state_create(&learner->state.teacher, &config->meta_optimiser, count);
        learner->meta_gradient = xaligned(count * sizeof(real));
        learner->validation_gradient = xaligned(config->student.n_parameters * sizeof(real));
    }
    *out = learner;
    return true;
}

void learner_destroy(struct learner **learner)
{
    struct learner *l = *learner;
    if (!l)
        return;
    state_free(&l->state.student);
    state_free(&l->state.teacher);
    free(l->inner_losses);
    free(l->validation_gradient);
    free(l->meta_gradient);
    free(l->clipped);
    free(l->lessons);
    free(l->target_adjoint);
    gathered_free(&l->batches);
    gathered_free(&l->validation_set);
    workspace_free(&l->joined);
    inner_loop_free(&l->inner);
    workspace_free(&l->teacher.workspace);
    workspace_free(&l->target_adjoints);
    workspace_free(&l->student);
    free(l);
    *learner = NULL;
}

void learner_initialise(struct learner *learner, struct rng *student, struct rng *teacher,
                        double student_weight_multiplier)
{
    const struct learner_config *config = &learner->config;
    state_clear(&learner->state.student, objective_n_parameters(&learner->training));
    net_initialise(&config->student, learner->state.student.parameters, student,
                   student_weight_multiplier);
    if (learner->training.auxiliary)
        net_initialise(&learner->auxiliary,
                       learner->state.student.parameters + config->student.n_parameters, student,
                       1);
    if (config->teacher.n_layers == 0)
        return;
    state_clear(&learner->state.teacher, config->teacher.n_parameters);
    net_initialise(&config->teacher, learner->state.teacher.parameters, teacher, 1);
}

void learner_visit(struct learner *learner, struct visitor *visitor)
{
    const struct learner_config *config = &learner->config;
    optimiser_visit(&config->student_optimiser, &learner->state.student,
                    objective_n_parameters(&learner->training), "student", visitor);
    if (config->teacher.n_layers > 0)
        optimiser_visit(&config->meta_optimiser, &learner->state.teacher,
                        config->teacher.n_parameters, "teacher", visitor);
}

struct learner_state *learner_state(struct learner *learner)
{
    return &learner->state;
}

const real *learner_meta_gradient(const struct learner *learner)
{
    return learner->meta_gradient;
}

/* ---- lessons: batches with the teacher's targets -------------------------------------------- */

static bool interrupted(struct learner *learner)
{
    return interruption_came(learner->config.interruption);
}

static bool has_teacher(const struct learner *learner)
{
    return learner->config.teacher.n_layers > 0;
}

static struct mat parameters_of(const struct optimiser_state *state, const struct net *net)
{
    return mat_constant(state->parameters, 1, (int)net->n_parameters);
}

/* What a batch of so many rows uses of a teacher's output, or of an adjoint of it. */
static struct mat targets_of_rows(const struct learner *learner, struct mat targets, int first,
                                  int rows)
{
    bool mixed = learner->config.teach_loss == TEACH_MIXTURE;
    return mixed || targets.rows == 0 ? targets : mat_rows(targets, first, rows);
}

/* Numbers in a row of x* that somebody reads. */
static int privileged_numbers(const struct learner_config *config)
{
    if (config->teacher.n_layers > 0)
        return config->teacher.inputs;
    return config->model ? config->student.layers[0].outputs : config->auxiliary_outputs;
}

/* Single transitions are learned from inputs that x* is a part of. */
static void join_inputs(struct learner *learner, struct gathered *all)
{
    int x_cols = all->x.cols, xstar_cols = all->xstar.cols;
    struct pass dry = pass_dry(), pass;
    mat_new(&dry, all->x.rows, x_cols + xstar_cols);
    workspace_reserve(&learner->joined, dry.values.used);
    pass = pass_values(learner->joined);
    struct mat joined = mat_new(&pass, all->x.rows, x_cols + xstar_cols);
    columns_copy(&pass, (struct columns){ joined, 0, x_cols },
                 (struct columns){ all->x, 0, x_cols });
    columns_copy(&pass, (struct columns){ joined, x_cols, xstar_cols },
                 (struct columns){ all->xstar, 0, xstar_cols });
    all->x = joined;
}

static struct lesson lesson_of_rows(const struct gathered *from, int first, int rows,
                                    struct mat targets, bool mixed)
{
    struct lesson lesson = { .x = mat_rows(from->x, first, rows), .targets = targets };
    lesson.labels = mat_rows(from->labels, first, rows).value;
    if (mixed)
        lesson.frames = mat_rows(from->xstar, first, rows);
    else if (targets.rows == 0 && from->xstar.rows > 0)
        lesson.auxiliary = mat_rows(from->xstar, first, rows);
    return lesson;
}

/* Fills learner->lessons; returns the targets of all of them, [rows, n_supervised]. */
static struct mat prepare_lessons(struct learner *learner, const struct examples *data,
                                  const struct batch *batches, int n_batches)
{
    const struct learner_config *config = &learner->config;
    struct gathered *all = &learner->batches;
    struct mat targets = { 0 };
    gathered_fill(all, data, batches, n_batches, config->student.inputs,
                  privileged_numbers(config));
    if (config->model == MODEL_TRANSITIONS)
        join_inputs(learner, all);
    if (has_teacher(learner))
        targets = teacher_forward(&learner->teacher,
                                  parameters_of(&learner->state.teacher, &config->teacher),
                                  all->xstar, (struct row_batches){ all->first, n_batches });
    while (learner->lesson_capacity < (size_t)n_batches)
        learner->lessons = xgrow(learner->lessons, learner->lesson_capacity,
                                 &learner->lesson_capacity, sizeof *learner->lessons);
    bool mixed = has_teacher(learner) && config->teach_loss == TEACH_MIXTURE;
    for (int b = 0; b < n_batches; b++) {
        int first = all->first[b], rows = all->first[b + 1] - first;
        learner->lessons[b] =
            lesson_of_rows(all, first, rows, targets_of_rows(learner, targets, first, rows), mixed);
    }
    return targets;
}

/* As a sentence shows it: the sign of a NaN is the processor's, and says nothing. */
static double shown(double loss)
{
    return isnan(loss) ? NAN : loss;
}

/* ---- the meta-step -------------------------------------------------------------------------- */

static int steps_reported(const struct learner *learner, int completed)
{
    return completed < learner->config.n_inner ? completed + 1 : completed;
}

/* False: the losses of one step of the unroll were not finite, or it was interrupted. */
static bool run_inner_loop(struct learner *learner, int n_lessons, struct meta_report *report,
                           struct error *why)
{
    struct inner_loop *inner = &learner->inner;
    struct optimiser_state start = { .parameters = learner->state.student.parameters };
    if (learner->config.inner_is_shared)
        start = learner->state.student;
    int completed =
        inner_loop_run(inner, &start, learner->lessons, n_lessons, learner->inner_losses);
    if (completed < inner->n_steps && interrupted(learner))
        return false;
    int reported = steps_reported(learner, completed);
    report->teaching_loss = 0;
    for (int i = 0; i < reported; i++)
        report->teaching_loss += learner->inner_losses[i].teaching / reported;
    if (completed == inner->n_steps)
        return true;
    error_set(why,
              "the training loss of inner step %d of %d became %g (label loss %g, teaching "
              "loss %g)",
              completed + 1, inner->n_steps, shown(learner->inner_losses[completed].total),
              shown(learner->inner_losses[completed].label),
              shown(learner->inner_losses[completed].teaching));
    return false;
}

/* The loss of some rows of the validation set; adds their share to the gradient of the whole. */
static double validate_rows(struct learner *learner, struct mat theta, int first, int count)
{
    struct lesson lesson =
        lesson_of_rows(&learner->validation_set, first, count, (struct mat){ 0 }, false);
    workspace_reserve(&learner->student, objective_reals(&learner->validation, &lesson));
    struct pass pass = pass_values(learner->student);
    struct objective_result result;
    objective_gradient(&learner->validation, &pass, theta, &lesson, &result);
    real share = (real)count / (real)learner->validation_set.x.rows;
    for (int i = 0; i < theta.cols; i++)
        learner->validation_gradient[i] += share * result.gradient.value[i];
    return result.losses.label * count;
}

/* The label loss of the trained copy on the whole validation set, and its gradient. Large sets go
 * through in chunks, which stay in the cache and take little memory. False: interrupted. */
static bool validate(struct learner *learner, const struct examples *data,
                     const struct batch *validation, double *loss)
{
    const struct net *student = &learner->config.student;
    struct optimiser_state end = inner_loop_state(&learner->inner, learner->inner.n_steps);
    double sum = 0;
    gathered_fill(&learner->validation_set, data, validation, 1, student->inputs, 0);
    memset(learner->validation_gradient, 0, student->n_parameters * sizeof(real));
    for (int first = 0; first < validation->count; first += VALIDATION_CHUNK) {
        int rest = validation->count - first;
        if (interrupted(learner))
            return false;
        sum += validate_rows(learner, parameters_of(&end, student), first,
                             rest < VALIDATION_CHUNK ? rest : VALIDATION_CHUNK);
    }
    *loss = sum / validation->count;
    return true;
}

/* dL_val/dphi, from the gradient for theta_n. False: interrupted. */
static bool differentiate(struct learner *learner, int n_lessons, struct mat targets,
                          struct hypergradients *settings)
{
    struct mat gradient = { 1, (int)learner->config.teacher.n_parameters, learner->meta_gradient,
                            NULL };
    while (learner->adjoint_capacity < (size_t)n_lessons)
        learner->target_adjoint =
            xgrow(learner->target_adjoint, learner->adjoint_capacity, &learner->adjoint_capacity,
                  sizeof *learner->target_adjoint);
    workspace_reserve(&learner->target_adjoints, mat_count(targets));
    struct mat all = { targets.rows, targets.cols, learner->target_adjoints.memory, NULL };
    for (int b = 0; b < n_lessons; b++)
        learner->target_adjoint[b] = targets_of_rows(learner, all, learner->batches.first[b],
                                                     learner->lessons[b].targets.rows);
    if (!hypergradient(&learner->inner, learner->lessons, n_lessons, learner->validation_gradient,
                       learner->target_adjoint, settings))
        return false;
    teacher_backward(&learner->teacher, all, gradient);
    return true;
}

/* The meta-gradient itself, or a clipped copy if the bound is in reach of its components. */
static const real *clipped_gradient(struct learner *learner, struct meta_report *report)
{
    size_t count = learner->config.teacher.n_parameters;
    if (report->gradient_norm <= learner->config.meta_clip)
        return learner->meta_gradient;
    if (!learner->clipped)
        learner->clipped = xaligned(count * sizeof(real));
    memcpy(learner->clipped, learner->meta_gradient, count * sizeof(real));
    report->clipped = vector_clip(learner->clipped, count, learner->config.meta_clip);
    return learner->clipped;
}

/* Clips and takes one step of the meta optimiser. */
static void move_teacher(struct learner *learner, struct meta_report *report)
{
    optimiser_step(&learner->config.meta_optimiser, &learner->state.teacher,
                   &learner->state.teacher, clipped_gradient(learner, report),
                   learner->config.teacher.n_parameters);
}

bool learner_meta_step(struct learner *learner, const struct examples *data,
                       const struct batch *batches, int n_batches, const struct batch *validation,
                       struct meta_report *report, struct error *why)
{
    size_t count = learner->config.teacher.n_parameters;
    int n_inner = learner->config.n_inner;
    assert(n_inner > 0 && n_batches > 0 && validation->count > 0);
    *report = (struct meta_report){ .validation_loss = NAN,
                                    .gradient_norm = NAN,
                                    .hypergradients = { NAN, NAN, NAN, NAN } };
    if (n_batches > n_inner)
        n_batches = n_inner;
    struct mat targets = prepare_lessons(learner, data, batches, n_batches);
    if (!run_inner_loop(learner, n_batches, report, why))
        return false;
    if (!validate(learner, data, validation, &report->validation_loss))
        return false;
    if (!isfinite(report->validation_loss)) {
        error_set(why, "the validation loss after %d inner steps became %g", n_inner,
                  shown(report->validation_loss));
        return false;
    }
    if (!differentiate(learner, n_batches, targets, &report->hypergradients))
        return false;
    report->gradient_norm = vector_norm(learner->meta_gradient, count);
    if (!vector_is_finite(learner->meta_gradient, count)) {
        error_set(why, "the meta-gradient has components that are not finite (validation loss %g)",
                  shown(report->validation_loss));
        return false;
    }
    move_teacher(learner, report);
    if (!vector_is_finite(learner->state.teacher.parameters, count)) {
        error_set(why, "the teacher's parameters are not finite after meta-step %d",
                  learner->state.teacher.steps);
        return false;
    }
    return true;
}

/* ---- real steps and evaluation -------------------------------------------------------------- */

static struct step_losses student_step(struct learner *learner, const struct lesson *lesson)
{
    const struct learner_config *config = &learner->config;
    struct optimiser_state *state = &learner->state.student;
    size_t count = objective_n_parameters(&learner->training);
    struct objective_result result;
    workspace_reserve(&learner->student, objective_reals(&learner->training, lesson));
    struct pass pass = pass_values(learner->student);
    objective_gradient(&learner->training, &pass, mat_constant(state->parameters, 1, (int)count),
                       lesson, &result);
    optimiser_step(&config->student_optimiser, state, state, result.gradient.value, count);
    return result.losses;
}

/* All lessons are prepared, the learned ones too: what the teacher makes of a row may depend on the
 * rows beside it, by its last bit. */
bool learner_student_steps_from(struct learner *learner, const struct examples *data,
                                const struct batch *batches, int n_batches, int *done,
                                struct step_losses *losses, struct error *why)
{
    const struct optimiser_state *state = &learner->state.student;
    prepare_lessons(learner, data, batches, n_batches);
    for (int b = *done; b < n_batches; b++) {
        if (interrupted(learner))
            return false;
        struct step_losses step = student_step(learner, &learner->lessons[b]);
        if (losses)
            losses[b] = step;
        *done = b + 1;
        if (!isfinite(step.total)) {
            error_set(why,
                      "the student's loss became %g in step %d (label loss %g, teaching loss "
                      "%g, auxiliary loss %g)",
                      shown(step.total), state->steps, shown(step.label), shown(step.teaching),
                      shown(step.auxiliary));
            return false;
        }
    }
    if (!vector_is_finite(state->parameters, objective_n_parameters(&learner->training))) {
        error_set(why, "the student's parameters are not finite after step %d", state->steps);
        return false;
    }
    return true;
}

bool learner_student_steps(struct learner *learner, const struct examples *data,
                           const struct batch *batches, int n_batches, struct step_losses *losses,
                           struct error *why)
{
    int done = 0;
    return learner_student_steps_from(learner, data, batches, n_batches, &done, losses, why);
}

bool learner_logits(struct learner *learner, const real *x, int rows, real *logits)
{
    const struct net *student = &learner->for_labels;
    struct mat theta = parameters_of(&learner->state.student, student);
    struct mat inputs = mat_constant(x, rows, student->inputs);
    struct trace trace;
    for (int first = 0; first < rows; first += LOGITS_CHUNK) {
        int count = rows - first < LOGITS_CHUNK ? rows - first : LOGITS_CHUNK;
        struct mat chunk = mat_rows(inputs, first, count), z;
        struct pass pass = pass_dry();
        if (interrupted(learner))
            return false;
        net_forward(student, &pass, theta, chunk, &trace);
        workspace_reserve(&learner->student, pass.values.used);
        pass = pass_values(learner->student);
        z = net_forward(student, &pass, theta, chunk, &trace);
        memcpy(logits + (size_t)first * (size_t)z.cols, z.value, mat_count(z) * sizeof(real));
    }
    return true;
}
