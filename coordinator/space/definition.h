/* definition.h - a search, as submitted: from its JSON form to what the coordinator runs.
 *
 * The JSON form is the spec (DESIGN section 7, facts of the spec language in the README) with
 * YAML's spelling removed: plain scalars that read as numbers are JSON numbers (integers without
 * point or exponent are JSON integers), true and false are booleans, null and nothing are null,
 * all else strings. `ldt` makes it from YAML, the SUBMIT message carries it, the database keeps
 * it; every one of them validates it here, by the same code.
 *
 * For the built-in trainer every scalar is typed by its setting (common/trainer/setting.h). */
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
    DEFINITION_MAX_NOTES = 100,
};
enum sampler_kind { SAMPLER_TPE, SAMPLER_RANDOM, SAMPLER_GRID };

struct study_definition {
    const char *name;     /* "task-b/ldt" */
    int64_t search_seed;  /* `seed` of the spec, or of this study's matrix combination */
    int64_t seed;         /* this study's own: follows from search_seed and the values in its name,
                           * so that neither another name of the search nor another value in the
                           * matrix changes it */
    struct space *space;  /* matrix keys are constants in it */
    int64_t points;       /* space_size */
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
    int64_t max_failed_trials;     /* per study; -1 none */
    int32_t max_attempts; /* charged ones: 1 for the built-in trainer, 3 for a command */
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
 * (re-runs on fresh seeds will have 1). With repeat > 1 the k-th repetition has the same seed in
 * every configuration and study of the search; without, it follows from the study's seed and the
 * trial number. No two of the first 2^30 repetitions, or trials of a study, share a seed. */
int64_t definition_trial_seed(const struct definition *definition, size_t study, int64_t trial);
#endif
