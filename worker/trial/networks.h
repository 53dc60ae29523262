/* networks.h - from settings and data to the nets of a run: the student, and its teacher. */
#ifndef TRIAL_NETWORKS_H
#define TRIAL_NETWORKS_H
#include "common/trainer/settings.h"
#include "worker/net/net.h"
#include "worker/task/task.h"

/* Can such nets be built of such data? False says why not; what follows relies on it. */
bool networks_check(const struct settings *settings, const struct task_data *data,
                    struct error *error);

struct net student_of_settings(const struct settings *settings, const struct task_data *data);

/* For methods that have a teacher. */
struct net teacher_of_settings(const struct settings *settings, const struct task_data *data,
                               const struct net *student);
enum teach_loss teach_loss_of_task(enum task task);

/* What the oracle of the game of life knows, in place of what was drawn for phi
 * [teacher.n_parameters]. */
void oracle_initialise(const struct settings *settings, const struct task_data *data, real *phi);
#endif
