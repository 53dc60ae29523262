/* task.h - data sets behind one contract: a request and a seed in, matrices out.
 * A task is a row of the table in task.c and one function in a file of its own. The same request
 * gives the same bits on every machine: generators compute in double by common/dmath.h, and x is
 * rounded to float before anything is derived from it, so that a double build has the same labels.
 * Example i is drawn from a stream of its own, so a larger data set begins with the smaller one. */
#ifndef TASK_TASK_H
#define TASK_TASK_H
#include "common/error.h"
#include "common/rng.h"
#include "worker/numeric/loss.h"
#include "worker/numeric/mat.h"
#include "worker/task/regression.h"
#include "worker/task/standardise.h"

#include <stdbool.h>
#include <stdint.h>

struct task_request {
    uint64_t data_seed;      /* of the fixed random maps and of all examples */
    int n_train, n_test;     /* arrays: 0 takes all there are */
    int input_dim;           /* task-a, task-b */
    double logit_scale;      /* task-b */
    bool scramble;           /* game-of-life */
    bool wraps;              /* game-of-life: opposite edges meet, rather than dead cells outside */
    const char *environment; /* mujoco */
    const char *directory;   /* arrays: of the .npy files */
};

/* Examples as rows: x [count, inputs], xstar [count, privileged] (NULL in a test set without it),
 * labels [count], and the logits that labels were drawn from [count, outputs] where the task has
 * such (else NULL). */
struct task_set {
    int count;
    real *x, *xstar, *labels, *true_logits;
};

enum { TASK_FRAMES = 3 }; /* of a game of life */

struct task_data {
    int inputs, privileged;
    int steps, features;        /* xstar is a trajectory [steps, features]; 0, 0: it is not */
    int outputs;                /* of the student: logits */
    enum label_loss label_loss; /* says what the labels are: classes, or 0 and 1 */
    bool is_regression;         /* the classes are the bins of regression.h: mse can be had */
    struct regression regression;
    struct standardise x_standard;     /* [inputs], and [features] or else [privileged], as */
    struct standardise xstar_standard; /* applied to both sets; dims 0: not standardised */
    int frame_time[TASK_FRAMES];       /* game-of-life: frame i of xstar is the state after step
                                          frame_time[i] + 1 */
    struct task_set train, test;
};

/* False: unknown name, a request too large to be meant, or data that cannot be had; error->text
 * says so, and there is nothing to free. */
bool task_make(struct task_data *out, const char *name, const struct task_request *request,
               struct error *error);
void task_free(struct task_data *data); /* accepts a half-made or zeroed one */

/* ---- for the generators --------------------------------------------------------------------- */

/* Each fills a zeroed `out`; after a false, what it left half made is freed by task_make. */
bool task_a_make(struct task_data *out, const struct task_request *request, struct error *error);
bool task_b_make(struct task_data *out, const struct task_request *request, struct error *error);
bool game_of_life_make(struct task_data *out, const struct task_request *request,
                       struct error *error);
bool arrays_make(struct task_data *out, const struct task_request *request, struct error *error);

/* Draws example i: fills x [inputs], of which the caller makes row i of set->x, and the rows of
 * everything else in the set itself. */
typedef void task_draw(struct rng *rng, struct task_set *set, int i, double *x, int inputs,
                       const void *maps);

/* Both sets of a request, for `out` with its sizes already set. */
void task_draw_sets(struct task_data *out, const struct task_request *request, bool has_true_logits,
                    task_draw *draw, const void *maps);

/* A random linear map [rows, cols], entries uniform in +-1/sqrt(cols); free() it. `which` tells
 * the maps of one data set apart. */
double *task_random_map(uint64_t data_seed, uint64_t which, int rows, int cols);

/* y [rows] = map [rows, cols] times x [cols] */
void task_apply_map(double *y, const double *map, int rows, int cols, const double *x);

/* Fills x [count] with N(0, 1), each rounded to float. */
void task_draw_inputs(struct rng *rng, double *x, int count);
#endif
