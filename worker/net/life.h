/* life.h - the networks of the game of life (4.2 and appendix C of the paper).
 *
 * The student has a few 3 x 3 convolutions for each step of the game, ReLU between them, and reads
 * its one logit off the centre cell. Its pre-activations are supervised, each filter towards a
 * mixture of the trajectory's frames, with the teaching loss TEACH_MIXTURE. */
#ifndef NET_LIFE_H
#define NET_LIFE_H
#include "worker/net/net.h"

enum { LIFE_LAYERS_PER_STEP = 3 };

struct life {
    int side;    /* of the boards: an odd number */
    int frames;  /* steps of the game */
    int layers;  /* convolutions; usually LIFE_LAYERS_PER_STEP frames */
    int filters; /* in each of them */
    /* Only the last convolution of each step is supervised: by the frame itself (oracle). Then
     * there must be equally many for each step. */
    bool last_of_step_only;
};

struct net net_life_student(const struct life *life);

/* phi begins as initial_deviation N(0, 1): at 0, a mixture in equal parts. Targets are multiplied
 * by scale. x* is a row of frames, one board after the other. */
struct net net_life_teacher(const struct life *life, double initial_deviation, double scale);

/* The phi [teacher.n_parameters] of an oracle for a student with last_of_step_only: the supervised
 * layer of step i gets the frame that shows the state after step i. frame_time[f] is the step, from
 * 0, after which frame f of x* was taken. The weights come out as exactly 0 and 1. */
void life_oracle(const struct life *life, const int *frame_time, real *phi);
#endif
