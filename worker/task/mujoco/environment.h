/* environment.h - what tells the four environments apart, as a table: the model, how a run starts,
 * what is observed and what is rewarded. Everything else is the same for all: simulator.h.
 * The rules are those of the published environments of version 2, measured bit for bit; that they
 * would end a run early (a fallen walker) is ignored, as in the paper. */
#ifndef TASK_MUJOCO_ENVIRONMENT_H
#define TASK_MUJOCO_ENVIRONMENT_H

enum noise { NOISE_UNIFORM, NOISE_NORMAL };

struct environment {
    const char *name;
    const char *model;     /* MJCF, the text of NAME.xml beside this file */
    int steps_per_action;  /* of the simulator; the control is held */
    double position_noise; /* a run starts at the model's position + U(-noise, noise), each */
    enum noise velocity_noise_kind;
    double velocity_noise;  /* and with velocities U(-noise, noise) or noise * N(0, 1) */
    int hidden_positions;   /* observed are the positions after these first ones, then .. */
    double velocity_bound;  /* .. all velocities, clipped to +-bound; infinite: not clipped */
    double alive_bonus;     /* reward = bonus + forward speed - cost * sum of squared actions */
    double action_cost;
};

extern const struct environment environment_table[];
extern const int environment_count;

const struct environment *environment_find(const char *name); /* NULL: unknown */
#endif
