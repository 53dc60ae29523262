/* objective.h - what the student is trained on: the loss of one batch, and its gradient.
 *     L = label loss(z, y) + alpha teaching loss(h, o) - beta H(softmax z)
 * z are the student's outputs, h its supervised units, o the teacher's targets for them. Without a
 * teacher an auxiliary loss may be added: what a linear head on the last hidden layer predicts of
 * the privileged data, L += gamma mean (head(a) - x*)^2. The head's parameters follow the student's
 * in one vector. A model of dynamics needs no head: the outputs of its first layer are predictions
 * of x* themselves. */
#ifndef META_OBJECTIVE_H
#define META_OBJECTIVE_H
#include "worker/net/run.h"
#include "worker/numeric/loss.h"

struct objective {
    const struct net *student;
    enum label_loss label_loss;
    enum teach_loss teach_loss;
    double teaching_coef; /* alpha */
    double entropy_coef;  /* beta */
    const struct net *auxiliary; /* the head; NULL: none */
    bool predicts;               /* the student's first layer predicts x*; without a head */
    double auxiliary_coef;       /* gamma */
};

/* Of theta: those of the student and of its auxiliary head. */
size_t objective_n_parameters(const struct objective *objective);

/* One batch as the student meets it. */
struct lesson {
    struct mat x;       /* [rows, student.inputs] */
    const real *labels; /* [rows] */
    struct mat targets; /* [rows, teacher.outputs]; without rows: no teacher. TEACH_MIXTURE: the
                         * weights of the frames, [frames, teacher.outputs], in every lesson */
    struct mat frames;  /* [rows, teacher.inputs] what those mix; TEACH_MIXTURE only */
    struct mat auxiliary; /* [rows, numbers of x*] what a head or a model is to predict */
};

struct step_losses { /* means over the batch, before the step */
    double label;
    double teaching; /* unweighted; 0 without a teacher */
    double entropy;  /* of the predictions; 0 unless entropy_coef != 0 */
    double auxiliary; /* unweighted; 0 without a head or a model */
    double total;     /* label + alpha teaching + gamma auxiliary - beta entropy */
};

struct objective_result {
    struct mat gradient;        /* [1, n_parameters] dL/dtheta; the first matrix of the workspace */
    struct mat target_gradient; /* like targets: dL/do */
    struct step_losses losses;  /* zero if the pass fills no values */
    double teaching_slope;      /* tangent of alpha teaching; 0 if the pass fills no tangents */
    struct trace trace;         /* the student's activations */
};

/* theta is [1, n_parameters]. All results lie in the workspaces of the pass. */
void objective_gradient(const struct objective *objective, struct pass *pass, struct mat theta,
                        const struct lesson *lesson, struct objective_result *result);

/* How many reals of a workspace that takes. */
size_t objective_reals(const struct objective *objective, const struct lesson *lesson);
#endif
