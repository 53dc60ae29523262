/* rows.h - the rows of the database as C structs: what the core asks to have saved, and what it is
 * restored from. A row is always whole: saving it replaces the one with the same key (outcomes and
 * points are only ever added). the files in sql/ document the columns. Texts belong to whoever
 * made the row. */
#ifndef CORE_ROWS_H
#define CORE_ROWS_H
#include "common/message.h"

enum trial_state {
    TRIAL_WAITING = 1, TRIAL_RUNNING,
    TRIAL_DONE, TRIAL_PRUNED, TRIAL_DIVERGED, TRIAL_FAILED, TRIAL_CANCELLED, /* final */
};
const char *trial_state_name(enum trial_state state);
bool trial_state_final(enum trial_state state);

/* A trial whose process died so often, on two workers or more, or so often anywhere, is tried no
 * more, whatever max_attempts says. */
enum { DEATHS_SPREAD = 3, DEATHS_ANYWHERE = 5 };

enum attempt_state {
    ATTEMPT_RUNNING = 1,
    ATTEMPT_DONE, ATTEMPT_PRUNED, ATTEMPT_DIVERGED,
    ATTEMPT_FAILED,   /* charged: the trial may be tried again */
    ATTEMPT_RELEASED, /* handed back by the worker: not charged */
    ATTEMPT_LOST,     /* its lease lapsed and another worker took the trial: not charged */
    ATTEMPT_CANCELLED,
};
const char *attempt_state_name(enum attempt_state state);

struct search_row {
    int64_t id;
    const char *name, *submit_key;
    const char *definition, *spec; /* JSON, and the YAML it came from */
    int64_t created_ms;            /* Unix time */
};

struct study_row {
    int64_t id, search;
    const char *name;              /* "task-b/ldt" */
    int64_t position;              /* of the study in its search */
    enum search_state state;
    int64_t seed;
    int64_t budget;                /* configurations */
    int32_t repeat;                /* runs of each */
    int64_t parent;                /* the study whose best configurations run again here; 0: none */
    bool audit;                    /* with a parent: its trials run again, seeds and all */
    const char *note;              /* why it ended early, or "" */
    int64_t created_ms, finished_ms; /* 0: not finished */
};

struct trial_row {
    int64_t study, number;
    int64_t configuration;         /* number / repeat */
    int32_t repetition;            /* number % repeat */
    enum trial_state state;
    int64_t seed;
    const char *parameters;        /* JSON object */
    int64_t history_seq;           /* outcomes that its suggestion had seen: of the study itself;
                                    * of a re-run or an audit, of its parent */
    int32_t attempts;              /* granted so far = the current attempt number */
    int32_t charged;               /* of them, how many counted against max_attempts */
    int32_t deaths;                /* of those, how many ended with the death of the process */
    bool deaths_spread;            /* deaths were seen on two workers or more */
    bool has_value;
    int64_t death_worker;          /* where the first death was; 0: none yet */
    int64_t source;                /* of an audit: the parent's trial that it repeats; -1: none */
    double value;                  /* of the metric, in its own sign */
    const char *reason;            /* of a failure or divergence, or "" */
    int64_t created_ms, finished_ms;
};

struct attempt_row {
    struct attempt_ref ref;
    enum attempt_state state;
    int64_t worker;                /* worker row id */
    int64_t started_ms, finished_ms;
    int64_t points;                /* recorded */
    uint64_t points_digest;
    int64_t last_step;             /* -1: none */
    bool has_best, has_last, metric_seen;
    double best, last;             /* finite objective values so far, in the metric's own sign */
    bool nonfinite;                /* the objective was NaN or infinite at least once */
    int32_t exit_status;
    const char *reason, *log, *info;
    int64_t duration_ms, cpu_ms, peak_memory_bytes;
};

struct outcome_row {
    int64_t study, seq;            /* seq from 1, without gaps */
    int64_t trial;
    enum trial_state state;
    bool has_value;
    double value;
};

struct points_row {                /* a run of points of one attempt */
    struct attempt_ref ref;
    int64_t first;
    const struct point *points;
    size_t count;
};

enum worker_drain {
    DRAIN_NO,
    DRAIN_FINISH, /* no new trials; leaves when those that it has are done */
    DRAIN_NOW,    /* hands back what it has, after a checkpoint, and leaves */
};

struct worker_row {
    int64_t id;
    const char *name, *host, *cpu, *version;
    const char *key; /* its public key, as 40 characters of Z85; "" where connections have none */
    enum worker_drain drain; /* what a user asked of it */
    uint64_t instance;
    int32_t pid, slots;
    bool allow_command;
    int64_t first_seen_ms, last_seen_ms; /* wall; last_seen: of its latest HELLO */
};
#endif
