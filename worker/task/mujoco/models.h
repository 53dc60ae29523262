/* models.h - the texts of the four .xml files of this folder, which embed.sh puts into the
 * program. */
#ifndef TASK_MUJOCO_MODELS_H
#define TASK_MUJOCO_MODELS_H
extern const char model_swimmer[], model_walker2d[], model_hopper[], model_halfcheetah[];
#endif
