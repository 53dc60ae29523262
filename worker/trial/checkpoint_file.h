/* checkpoint_file.h - the file in which a run waits for a process that goes on with it.
 *
 *     "LDT-CHECKPOINT 1\n"      another format: another number
 *     identity                  8 bytes of length, text (identity.h)
 *     fields                    for each, in the order of the walk: 8 bytes of length, name,
 *                               8 bytes of length, values as they are in memory
 *     checksum                  XXH3, 128 bits, of all before
 *
 * The byte order is the machine's: the identity names the processor. A file is written beside the
 * one before it and takes its name when it is on disk, so there is a whole one at any time. The
 * directory is named anew every time: a newer attempt may have taken it over, by another name.
 * A file may hold anything: it is checked whole before a field of it is used. */
#ifndef TRIAL_CHECKPOINT_FILE_H
#define TRIAL_CHECKPOINT_FILE_H
#include "common/buf.h"
#include "common/error.h"
#include "worker/net/visitor.h"

#define CHECKPOINT_FILE "trial.checkpoint"

/* What is saved or loaded: a run. */
struct checkpoint {
    const struct buf *identity;
    void (*visit)(void *run, struct visitor *visitor); /* walks over its state (visitor.h) */
    void *run;
};

/* Is the directory there? What saves that were killed have left in it is removed. */
bool checkpoint_file_check(const char *directory, struct error *error);

/* False: the file is what it was before. */
bool checkpoint_file_save(const char *directory, const struct checkpoint *checkpoint,
                          struct error *error);

enum checkpoint_found {
    CHECKPOINT_NONE,
    CHECKPOINT_LOADED,
    CHECKPOINT_REFUSED, /* why says so; the run's state is to be made anew */
};
enum checkpoint_found checkpoint_file_load(const char *directory,
                                           const struct checkpoint *checkpoint, struct error *why);

/* Once a trial is over; a file that is not there needs no removing. */
bool checkpoint_file_remove(const char *directory, struct error *error);
#endif
