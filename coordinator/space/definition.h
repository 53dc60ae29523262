/* definition.h - a search, as submitted: from its JSON form to what the coordinator runs.
 *
 * The JSON form is the spec (README, "The spec") with YAML's spelling removed: plain scalars that
 * read as numbers are JSON numbers (integers without point or exponent are JSON integers), true and
 * false are booleans, null and nothing are null, all else strings. `ldt` makes it from YAML, the
 * SUBMIT message carries it, the database keeps it; every one of them validates it here, by the
 * same code.
 *
 * For the built-in trainer every scalar is typed by its setting (common/trainer/setting.h).
 *
 * `from: {study: NAME, best: 1}` needs another study's rows. `ldt` accepts it as it is, pending;
 * the coordinator looks the configuration up, writes it beside the name as `parameters: {...}`, and
 * that is what it validates in full and keeps. */
#ifndef SPACE_DEFINITION_H
#define SPACE_DEFINITION_H
#include "common/message.h"
#include "coordinator/space/problem.h"
#include "coordinator/space/space.h"

#include <jansson.h>

enum {
    SPEC_MAX_STUDIES = 10000,
    SPEC_MAX_PARAMETERS = 1000,
    SPEC_MAX_BYTES = 1 << 20,
    SPEC_MAX_DEPTH = 64, /* lists and mappings inside each other */
    DEFINITION_MAX_NOTES = 100,
    LADDER_MAX_RUNGS = 100,
};
/* What a re-run is called: its study's name and this. A slash is in no value of a matrix, so no
 * other study can have the name. */
#define RERUN_SUFFIX "/rerun"
#define AUDIT_SUFFIX "/audit" /* and "-SEED": of an audit, likewise */

enum sampler_kind { SAMPLER_TPE, SAMPLER_RANDOM, SAMPLER_GRID };

struct study_definition {
    const char *name;     /* "task-b/ldt" */
    int64_t search_seed;  /* `seed` of the spec, or of this study's matrix combination */
    int64_t seed;         /* this study's own: follows from search_seed and the values in its name,
                           * so that neither another name of the search nor another value in the
                           * matrix changes it */
    struct space *space;  /* matrix keys are constants in it */
    int64_t points;       /* space_size */
    int64_t before;       /* of a ladder: the study of the rung before this one, -1 none */
};

/* `rerun`: when a study is done, its best configurations run again on seeds of their own. */
struct rerun_plan {
    int64_t best;         /* how many; 0: no re-run */
    int32_t seeds;        /* runs of each */
};

/* `ladder`: the studies that differ in one matrix key only, run one after the other. */
struct ladder {
    const char *over;     /* the key; NULL: no ladder */
    bool at_least;        /* else at most */
    double value;         /* a best value that reaches it ends the ladder there */
};

/* `from`: constants taken from another study's best configuration. */
struct inheritance {
    const char *study;    /* NULL: none */
    int64_t best;         /* the rank of the configuration, from 1 */
    bool pending;         /* its parameters are not known yet: only the coordinator can look */
};

struct definition {
    const char *name;
    enum program program;
    const char **command; /* words */
    size_t n_command;
    const char *workdir;  /* "" none */
    const char **environment; /* "NAME=value", sorted by name */
    size_t n_environment;
    const char *metric;
    bool maximize;
    bool over_time_last;  /* the last point of the curve counts, not the best */
    enum sampler_kind sampler;
    int64_t seed;         /* of the search, unless the matrix has the key */
    int64_t trials;       /* configurations per study; 0: all points of the grid */
    int32_t repeat;       /* runs of each configuration */
    int64_t max_concurrent_trials; /* per study; 0 none */
    int64_t max_trial_duration_ms; /* 0 none */
    int64_t max_trial_silence_ms;  /* without a new step; 0 any */
    int64_t max_failed_trials;     /* per study; -1 none */
    int32_t max_attempts; /* charged ones: 1 for the built-in trainer, 3 for a command */
    struct rerun_plan rerun;
    struct ladder ladder;
    struct inheritance from; /* pending: nothing below is filled in, there are no studies yet */
    struct study_definition *studies;
    size_t n_studies;
    const char *notes[DEFINITION_MAX_NOTES]; /* sentences: what was implied, what looks odd */
    size_t n_notes;
    struct arena *arena;  /* owns everything above */
};

/* Validates everything; on failure returns false, *out is NULL and problems says what to mend (in
 * no particular order). On success *out is the caller's. */
bool definition_parse(struct definition **out, const json_t *document, struct problems *problems);
void definition_destroy(struct definition **definition); /* leaves NULL, accepts NULL */

/* The budget of a study in configurations: trials, or fewer where the space is smaller. */
int64_t definition_configurations(const struct definition *definition, size_t study);

/* The seed of a trial: 31 bits, so that any program's generator takes it; the lowest bit is 0
 * (those of re-runs have 1). With repeat > 1 the k-th repetition has the same seed in
 * every configuration and study of the search; without, it follows from the study's seed and the
 * trial number. No two of the first 2^30 repetitions, or trials of a study, share a seed. */
int64_t definition_trial_seed(const struct definition *definition, size_t study, int64_t trial);

/* The seed of the k-th run of a configuration that runs again: the lowest bit is 1, so no trial of
 * a search has it, and it is the same in all re-runs of a search, however many runs they have. */
int64_t definition_rerun_seed(const struct definition *definition, int32_t repetition);

/* Puts the parameters of the source's configuration (an object) into the `from` of a document that
 * was accepted with `from` pending; read again it is complete. */
void definition_inherit(json_t *document, json_t *parameters);
#endif
