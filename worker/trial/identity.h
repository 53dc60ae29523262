/* identity.h - what a checkpoint and the run that goes on from it must have in common, as text:
 * one line "name value" for everything that decides the bits of a curve. */
#ifndef TRIAL_IDENTITY_H
#define TRIAL_IDENTITY_H
#include "common/buf.h"
#include "common/trainer/settings.h"
#include "worker/task/task.h"

enum { IDENTITY_BYTES_MOST = 1 << 16 };

/* Something that the caller knows of this process: its version, processor, ... One line each. */
struct identity_fact {
    const char *name, *value;
};

/* `out` is initialised by this. The data are in it by a hash of what was read or generated, so that
 * it does not matter where they came from. */
void identity_write(struct buf *out, const struct identity_fact *facts, size_t n_facts,
                    const struct settings *settings, uint64_t seed, const struct task_data *data);

/* Adds the first line in which two differ: "made with `cpu A`, but here it is `cpu B`". Theirs may
 * be any text. */
void identity_difference(const char *theirs, const char *ours, struct buf *out);
#endif
