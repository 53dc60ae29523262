/* learner.h - the training engine: a student, the teacher that learns to teach it, and their
 * optimisers.
 *
 * A learner holds what a run of LDT changes: theta and the live state of the student's optimiser,
 * phi and the state of the meta optimiser. Its owner has the data, decides which examples form a
 * batch and in which order meta-steps, real steps and evaluations follow each other:
 *
 *     learner_create -> learner_initialise -> for each iteration:
 *         learner_meta_step(data, inner batches, validation set)   phi moves, theta stays
 *         learner_student_steps(data, real batches)                theta moves, phi stays
 *         learner_logits(inputs)                                   nothing moves
 *
 * Methods: LDT calls all three; a fixed teacher never calls learner_meta_step; without a teacher
 * (config.teacher.n_layers == 0) the student learns from labels alone, or with an auxiliary head
 * (config.auxiliary_outputs > 0) or as a model of dynamics (config.model) from labels and x*.
 *
 * MuJoCo (section 4.3 of the paper) is this configuration of nets and losses, in terms of settings:
 *     student   net_student_hidden(inputs, student_hidden, student_layers, bins), and through
 *               net_with_weight_norm if student_weight_norm
 *     teacher   net_teacher_of_trajectories with teacher_conv, c1, c2, c3; batch_norm unless
 *               teacher_batch_norm is none, dense_batch_norm if it is all
 *     losses    LABEL_CROSS_ENTROPY, TEACH_GATED
 *
 * Same calls, same bits. Nothing is allocated once the largest batches have been seen.
 * Algorithm 1 of the paper; the mathematics stands in hypergradient.c. */
#ifndef META_LEARNER_H
#define META_LEARNER_H
#include "common/error.h"
#include "common/rng.h"
#include "worker/meta/batch.h"         /* struct examples, struct batch: the owner's data */
#include "worker/meta/hypergradient.h" /* struct hypergradients */
#include "worker/meta/interruption.h"
#include "worker/meta/objective.h"     /* struct step_losses */
#include "worker/net/net.h"
#include "worker/net/optimiser.h"
#include "worker/numeric/loss.h"

#include <stdbool.h>
#include <stdint.h>

/* The model-based baseline (B.2.3 of the paper): net_model_based with the predictions of its first
 * layer held against x*, besides the label loss of its outputs. Without a teacher. */
enum model_training {
    MODEL_NONE,
    MODEL_STACKED,     /* as it is used: each step begins at the step before */
    MODEL_TRANSITIONS, /* each step begins at the true state: the transitions are independent */
};

struct learner_config {
    struct net student; /* at least one supervised layer if there is a teacher */
    /* One output for each supervised unit of the student, or for TEACH_GATED two, and a gate as
     * its last layer; n_layers == 0: no teacher. */
    struct net teacher;
    enum label_loss label_loss;
    enum teach_loss teach_loss;
    double teaching_coef; /* alpha */
    int auxiliary_outputs; /* numbers in a row of xstar that a linear head predicts; 0: no head.
                            * Only without a teacher */
    enum model_training model; /* the student is net_model_based */
    double auxiliary_coef;     /* weight of the head's or the model's mean squared error */
    double entropy_coef;  /* beta: the student's loss is label loss - beta H; cross-entropy only */
    struct optimiser student_optimiser;
    bool inner_is_shared; /* the unroll starts from a copy of the student's live optimiser */
    struct optimiser inner_optimiser; /* otherwise this one, from a zero state in every unroll */
    struct optimiser meta_optimiser;
    int n_inner;         /* steps of the unroll; 0 if no meta-step will be taken */
    double meta_clip;    /* each component of the meta-gradient is clipped to +-meta_clip */
    /* Bytes for the recorded activations and gradients of inner steps; those beyond it are
     * recomputed, with the same bits. The student's n_inner + 1 states come on top. */
    size_t memory_limit;
    /* Asked in the middle of every call that may take long; NULL: nobody interrupts. Outlives the
     * learner. */
    struct interruption *interruption;
};

/* False: the configuration cannot be run; the sentence says why. */
bool learner_config_check(const struct learner_config *config, struct error *error);

struct learner;

/* Parameters and moments are zero until learner_initialise. Fails as learner_config_check does. */
bool learner_create(struct learner **out, const struct learner_config *config, struct error *error);
void learner_destroy(struct learner **learner); /* leaves NULL, accepts NULL */

/* Draws theta (weights times the multiplier) and, if there is a teacher, phi; optimisers start at
 * zero. */
void learner_initialise(struct learner *learner, struct rng *student, struct rng *teacher,
                        double student_weight_multiplier);

struct meta_report {
    double validation_loss; /* at the end of the unroll, before the teacher moves */
    double gradient_norm;   /* Euclidean, of the whole meta-gradient before clipping */
    int64_t clipped;        /* components */
    double teaching_loss;   /* unweighted mean over the unroll's steps */
    struct hypergradients hypergradients; /* of validation_loss */
};

/* One unroll of n_inner steps, the meta-gradient, and one step of the meta optimiser. Inner step i
 * uses batches[i % n_batches]: give each distinct batch once, they are computed once. False: a
 * number became non-finite, why says which, and the report has what was known by then (NaN for the
 * rest); phi has not moved, unless it is phi that the step made non-finite. False as well if it was
 * interrupted: then nothing has moved, and why is untouched. */
bool learner_meta_step(struct learner *learner, const struct examples *data,
                       const struct batch *batches, int n_batches, const struct batch *validation,
                       struct meta_report *report, struct error *why);

/* One real step of the student on each batch in turn. losses[n_batches] may be NULL. False: a
 * number became non-finite, why says which; theta is then not usable any more. */
bool learner_student_steps(struct learner *learner, const struct examples *data,
                           const struct batch *batches, int n_batches, struct step_losses *losses,
                           struct error *why);

/* Likewise, for a call that may have been interrupted: *done of the batches were learned from
 * before, and have been by now if it returns. Called again with the same arguments it does the
 * rest, with the same bits; of the losses it fills in those of its own steps. */
bool learner_student_steps_from(struct learner *learner, const struct examples *data,
                                const struct batch *batches, int n_batches, int *done,
                                struct step_losses *losses, struct error *why);

/* logits[rows, student.outputs] for x[rows, student.inputs], computed in chunks of fixed size.
 * False: interrupted. */
bool learner_logits(struct learner *learner, const real *x, int rows, real *logits);

/* Everything that a learner carries from one call to the next. What was loaded is to be judged by
 * the counts of steps, which are in the state. */
void learner_visit(struct learner *learner, struct visitor *visitor);

/* What a learner holds, for tests and export. Writing through the pointers is allowed
 * between calls; unused vectors are NULL. Layout of the vectors: net_tensors. */
struct learner_state {
    struct optimiser_state student; /* [student.n_parameters], then the auxiliary head's */
    struct optimiser_state teacher; /* [teacher.n_parameters] */
};
struct learner_state *learner_state(struct learner *learner);

/* dL_val/dphi of the last meta-step, before clipping. */
const real *learner_meta_gradient(const struct learner *learner);
#endif
