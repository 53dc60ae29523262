/* message.h - what coordinator, workers and clients say to each other, as plain C.
 *
 * The two state machines (coordinator/core, worker/agent) read and write these structs;
 * proto/codec.h turns them into one frame on the wire and back, and is the only place that knows
 * protobuf. So the simulator can connect the machines without a translation.
 *
 * Whoever makes a message owns everything it points to, usually by an arena; a receiver copies what
 * it keeps. Texts are never NULL after decoding: an absent one is "". The limits are enforced by
 * the codec in both directions. Comments at the union name who sends each message, and what
 * answers it. */
#ifndef COMMON_MESSAGE_H
#define COMMON_MESSAGE_H
#include "common/point.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    /* raised when an old peer would misunderstand; both are named in ERROR */
    PROTOCOL_VERSION = 1,
    MESSAGE_MAX_BYTES = 4 << 20,  /* of a whole frame */
    MESSAGE_MAX_NAME = 64,        /* names of searches, workers, metrics, parameters */
    MESSAGE_MAX_STUDY_NAME = 256, /* "search/value,value" */
    MESSAGE_MAX_LOG = 64 << 10,   /* of RESULT.log */
    MESSAGE_MAX_REASON = 4096,
    MESSAGE_MAX_JSON = 1 << 20,   /* parameters, info, spec and definition */
    MESSAGE_MAX_POINTS = 2000,    /* in one POINTS */
    MESSAGE_MAX_HELD = 1024,      /* attempts that one worker may hold */
    MESSAGE_MAX_LIST = 20000,     /* studies, workers in a STATUS_REPLY */
    MESSAGE_MAX_RERUN_BEST = 1000,   /* configurations of one re-run */
    MESSAGE_MAX_RERUN_SEEDS = 10000, /* and runs of each */
    MESSAGE_MAX_RETRY = 20000,    /* trials named in one RETRY */
    MESSAGE_MAX_DRAIN = 1024,     /* workers named in one DRAIN */
    MESSAGE_MAX_ARGUMENTS = 1024, /* words of a command, entries of its environment */
};

enum message_type {
    MESSAGE_NONE,
    MESSAGE_HELLO, MESSAGE_WELCOME, MESSAGE_ASK, MESSAGE_TRIAL, MESSAGE_BEAT, MESSAGE_BEAT_OK,
    MESSAGE_POINTS, MESSAGE_POINTS_ACK, MESSAGE_RESULT, MESSAGE_RESULT_ACK,
    MESSAGE_RELEASE, MESSAGE_RELEASE_ACK, MESSAGE_ERROR,
    MESSAGE_SUBMIT, MESSAGE_SUBMITTED, MESSAGE_STATUS, MESSAGE_STATUS_REPLY,
    MESSAGE_STOP, MESSAGE_STOPPED, MESSAGE_RERUN, MESSAGE_RERUNNING,
    MESSAGE_PAUSE, MESSAGE_PAUSED, MESSAGE_RESUME, MESSAGE_RESUMED,
    MESSAGE_RETRY, MESSAGE_RETRIED, MESSAGE_DRAIN, MESSAGE_DRAINED, MESSAGE_AUDIT, MESSAGE_AUDITING,
    MESSAGE_TYPES
};
/* "hello", "points-ack", ...: for logs and counters */
const char *message_type_name(enum message_type type);

/* One run of one trial. The attempt number fences late reports. */
struct attempt_ref {
    int64_t study;   /* the database's study id, from 1 */
    int64_t trial;   /* number inside the study, from 0 */
    int32_t attempt; /* from 1 */
};
bool attempt_ref_equal(struct attempt_ref a, struct attempt_ref b);

struct held_attempt { /* what a worker says of an attempt that it holds */
    struct attempt_ref ref;
    int64_t step;     /* the latest that the child reported, -1 before the first */
    bool has_result;  /* finished, its RESULT not yet acknowledged */
};

struct kept_attempt { /* what the coordinator answers */
    struct attempt_ref ref;
    bool stale;       /* drop it, without a report; else keep it */
    int64_t points;   /* how many of its points are recorded: send the rest again */
};

enum result_kind {
    RESULT_DONE = 1,  /* exit status 0 */
    RESULT_FAILED,    /* the child said so: exit status other than 0 */
    /* the child was killed by a signal that nobody here sent: crash, out of memory */
    RESULT_DIED,
    RESULT_TIMEOUT,   /* killed by the worker after max_trial_duration */
    RESULT_REFUSED,   /* could not be started: no such command, --allow-command missing */
};

enum result_verdict {
    VERDICT_RECORDED = 1, /* durable; also the answer to the same result sent again */
    VERDICT_STALE,        /* an older attempt or a cancelled trial: drop it */
    VERDICT_SHORT,        /* points are missing: send from `points` on, then the result again */
};

enum error_code {
    ERROR_MALFORMED = 1,
    ERROR_UNSUPPORTED,     /* protocol version */
    ERROR_UNKNOWN_SESSION, /* say HELLO again */
    ERROR_REFUSED,         /* understood, and declined for the reason in the text */
    ERROR_NOT_FOUND,
    ERROR_INVALID_SPEC,    /* text: one problem a line, "path: sentence" */
    ERROR_BUSY,            /* nothing can be saved at the moment (disk full): try again */
    ERROR_FORBIDDEN,       /* this key may not ask for that; the text says which role may */
};

enum search_state { SEARCH_OPEN = 1, SEARCH_PAUSED, SEARCH_STOPPED, SEARCH_DONE };
enum program { PROGRAM_LDT = 1, PROGRAM_COMMAND };

struct trial_counts { int64_t waiting, running, done, pruned, diverged, failed, cancelled; };

struct study_status {
    const char *search, *name;  /* name is "search" or "search/value,value" */
    enum search_state state;
    int64_t trials;             /* the budget: configurations times repeat; -1 not yet known */
    struct trial_counts counts;
    bool has_best;
    double best_value;          /* in the metric's own sign */
    int64_t best_trial;
    const char *metric;
    bool maximize;
    const char *note;           /* why nothing moves, or "" */
    int64_t created_wall_ms, finished_wall_ms; /* Unix time; 0 not yet */
};

struct worker_status {
    const char *name, *host;
    int32_t slots, busy;
    bool allow_command, connected;
    int64_t seen_ms_ago, done, failed;
    int32_t drain;     /* 0 no, 1 leaves when its trials are done, 2 was told to leave at once */
    /* why it takes no work: "benched: ...", or "". Not connected: why it left, as it said at the
     * end: "left: ...", or "" if it went without a word. */
    const char *note;
};

struct message {
    uint64_t id;      /* of the sender's choosing; a reply repeats it */
    uint64_t session; /* from WELCOME; 0 in HELLO and in all that clients say */
    enum message_type type;
    union {
        /* worker -> coordinator; WELCOME or ERROR */
        struct {
            const char *name, *host, *cpu, *version;
            /* drawn at random by each process: tells a restart from a reconnect */
            uint64_t instance;
            int32_t pid, slots;
            bool allow_command;
            struct held_attempt *held;
            size_t n_held;
        } hello;
        struct {
            int64_t lease_ms, beat_ms;
            const char *version;
            struct kept_attempt *kept; /* one for each held attempt of HELLO, in its order */
            size_t n_kept;
        } welcome;
        /* worker -> coordinator; no answer but TRIAL when there is work. Absolute, so sending it
         * again is harmless: `free` slots, of which TRIALs still in flight (more sent than
         * `received`) are taken off. */
        struct { int32_t free; int64_t received; } ask;
        /* coordinator -> worker */
        struct {
            struct attempt_ref ref;
            const char *study_name;
            int64_t seed;
            enum program program;
            const char *parameters;  /* JSON object */
            const char **command;    /* words; for PROGRAM_COMMAND */
            size_t n_command;
            const char *workdir;     /* "" where the worker was started */
            const char **environment; /* "NAME=value" */
            size_t n_environment;
            int64_t max_duration_ms; /* 0: none */
            int64_t max_silence_ms;  /* without a new step for so long it is killed; 0: never */
            /* NAME, the same for all attempts of this trial and of no other trial anywhere: names
             * its checkpoint directory */
            const char *checkpoint_key;
        } trial;
        /* worker -> coordinator; BEAT_OK. Extends the leases of exactly these attempts. `note`:
         * LINE of at most 256 bytes, why it takes no work, for people; or "". `leaving`: the last
         * one, of a worker that has nothing left and ends; no answer, and `note` says why. */
        struct {
            struct held_attempt *held;
            size_t n_held;
            const char *note;
            bool leaving;
        } beat;
        /* coordinator -> worker: attempts to kill. Cancelled and stale ones are dropped without a
         * report; pruned ones end with RESULT_DONE. */
        struct {
            struct attempt_ref *cancel, *prune, *stale;
            size_t n_cancel, n_prune, n_stale;
            int32_t drain; /* 0 no; 1 take nothing new and leave when all is done; 2 leave now */
            bool renew;    /* come over another connection */
        } beat_ok;
        /* worker -> coordinator; POINTS_ACK. Points `first` .. first+n-1 of the attempt. */
        struct {
            struct attempt_ref ref;
            int64_t first;
            struct point *points;
            size_t n_points;
        } points;
        struct {
            struct attempt_ref ref;
            bool stale;
            int64_t points; /* recorded so far */
        } points_ack;
        /* worker -> coordinator; RESULT_ACK */
        struct {
            struct attempt_ref ref;
            enum result_kind kind;
            const char *reason;       /* a sentence, "" for RESULT_DONE */
            const char *log;          /* the last 64 KiB of what the child wrote */
            const char *info;         /* JSON object of facts from the child */
            int32_t exit_status;      /* or minus the signal */
            int64_t points;           /* how many in all */
            uint64_t points_digest;
            int64_t duration_ms, cpu_ms, peak_memory_bytes;
        } result;
        struct { struct attempt_ref ref; enum result_verdict verdict; int64_t points; } result_ack;
        /* worker -> coordinator: handed back, not failed; RELEASE_ACK (also when it was stale) */
        struct { struct attempt_ref ref; const char *reason; } release;
        struct { struct attempt_ref ref; } release_ack;
        struct { enum error_code code; const char *text; } error;
        /* client -> coordinator; SUBMITTED or ERROR */
        struct {
            const char *submit_key;  /* drawn by the client: the same key twice is one search */
            const char *definition;  /* JSON, see coordinator/space/definition.h */
            const char *spec;        /* the text it came from, kept for people */
        } submit;
        struct { const char *search; int64_t studies, trials; bool already; } submitted;
        struct { const char *name; bool workers; /* name: search, study or "" for all */ } status;
        struct {
            struct study_status *studies;
            size_t n_studies;
            struct worker_status *workers;
            size_t n_workers;
            int64_t uptime_ms;
            const char *version, *note; /* note: "disk full: ..." */
        } status_reply;
        struct { const char *name; bool now; } stop; /* search or study */
        struct { int64_t studies, cancelled; } stopped;
        /* client -> coordinator; RERUNNING or ERROR: the best configurations of a finished study,
         * or of each study of a search, run again on `seeds` seeds that no search uses */
        struct { const char *name; int64_t best, seeds; } rerun;
        /* the first new study, how many there are, and the trials of them all; already: the same
         * re-run of all of them was asked for before */
        struct { const char *name; int64_t studies, trials; bool already; } rerunning;
        /* client -> coordinator; PAUSED or ERROR. A search or study hands out nothing until RESUME;
         * what runs goes on. `already`: nothing had to be changed. */
        struct { const char *name; } pause;
        struct { int64_t studies, running; bool already; } paused; /* running: trials, still */
        struct { const char *name; } resume;
        struct { int64_t studies; bool already; } resumed;
        /* client -> coordinator; RETRIED or ERROR: trials that ended without success wait again.
         * Those of the list, which then are of one study; without a list all that ended so. */
        struct {
            const char *name; /* search or study */
            int64_t *trials;
            size_t n_trials;
            bool failed, cancelled, diverged;
        } retry;
        struct { int64_t studies, trials; } retried; /* trials that wait by this request */
        /* client -> coordinator; DRAINED or ERROR: workers that shall take nothing new and leave */
        struct { const char **workers; size_t n_workers; bool all, now; } drain;
        struct { int64_t workers, running; } drained; /* processes, and the trials that they have */
        /* client -> coordinator; AUDITING or ERROR: trials of a study that have a curve, drawn at
         * random by `seed`, run again elsewhere as a study of its own. `count` of them, or, if that
         * is 0, so many per cent. */
        struct { const char *name; int64_t count; double percent; int64_t seed; } audit;
        /* name: of the study that they run in */
        struct { const char *name; int64_t trials; bool already; } auditing;
    };
};
#endif
