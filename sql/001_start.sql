-- 001_start.sql - the tables of a search database, schema version 1.
--
-- One file holds everything that a coordinator must not forget; after a crash it goes on from these rows alone.
-- To read it, use the views (views.sql): they speak in names and words, these tables in numbers.
--
-- Conventions. Times are Unix time in milliseconds (..._ms). A state is a small integer, listed at its column and
-- spelt out in the views. Flags are 0 or 1. A value that does not exist is NULL. The trial and attempt numbers that
-- people see are part of the keys: (study, number) names a trial, (study, trial, number) an attempt.
--
-- Not a number: SQLite has no NaN, it stores NULL. So point.value is NULL where the trial reported NaN; infinities
-- are stored as infinities. The views show both as NULL.
--
-- A constraint that fails ends the coordinator, so none is about what a worker merely claims (info, step, metric).

PRAGMA application_id = 0x4c445431; -- "LDT1": how `file` and the coordinator tell this database from others
PRAGMA user_version = 1;            -- the number of the last migration applied

-- What a user submitted: one spec file.
CREATE TABLE search (
    id          INTEGER PRIMARY KEY,
    name        TEXT    NOT NULL UNIQUE CHECK (name <> ''),
    submit_key  TEXT    NOT NULL,  -- drawn by the client: the same submission twice is one search
    definition  TEXT    NOT NULL CHECK (json_valid(definition)), -- the spec as JSON, what the coordinator runs
    spec        TEXT    NOT NULL,  -- the text it came from, for people
    created_ms  INTEGER NOT NULL,
    -- Read from the definition, with the defaults of the spec language:
    metric      TEXT    AS (definition ->> '$.metric.name'),
    goal        TEXT    AS (coalesce(definition ->> '$.metric.goal', 'minimize')), -- or maximize
    sampler     TEXT    AS (coalesce(definition ->> '$.sampler.name', 'tpe')),
    repeat      INTEGER AS (coalesce(definition ->> '$.repeat', 1))  -- runs of each configuration
) STRICT;
CREATE UNIQUE INDEX search_by_submit_key ON search (submit_key) WHERE submit_key <> '';

-- One space, one sampler, one budget: a search has one study for each combination of its matrix.
CREATE TABLE study (
    id          INTEGER PRIMARY KEY,
    search      INTEGER NOT NULL REFERENCES search,
    name        TEXT    NOT NULL UNIQUE CHECK (name <> ''), -- "task-b/ldt"
    position    INTEGER NOT NULL CHECK (position >= 0),     -- in its search, from 0
    state       INTEGER NOT NULL CHECK (state BETWEEN 1 AND 4), -- 1 open, 2 paused, 3 stopped, 4 done
    seed        INTEGER NOT NULL,
    budget      INTEGER NOT NULL CHECK (budget >= 0),       -- configurations; times search.repeat: trials
    note        TEXT    NOT NULL,                           -- why it ended early, or ''
    created_ms  INTEGER NOT NULL,
    finished_ms INTEGER,
    UNIQUE (search, position)
) STRICT;

-- A machine's worker process, as it introduced itself.
CREATE TABLE worker (
    id            INTEGER PRIMARY KEY,
    name          TEXT    NOT NULL,
    host          TEXT    NOT NULL,
    cpu           TEXT    NOT NULL,  -- decides which curves must be equal to the last bit
    version       TEXT    NOT NULL,
    instance      INTEGER NOT NULL,  -- drawn by each process: 64 bits, shown as a signed number
    pid           INTEGER NOT NULL,
    slots         INTEGER NOT NULL,  -- trials that it runs at once
    allow_command INTEGER NOT NULL CHECK (allow_command IN (0, 1)),
    first_seen_ms INTEGER NOT NULL,
    last_seen_ms  INTEGER NOT NULL   -- when it last introduced itself, not its last heartbeat
) STRICT;

-- One suggested point of the space, with its seed.
CREATE TABLE trial (
    study         INTEGER NOT NULL REFERENCES study,
    number        INTEGER NOT NULL CHECK (number >= 0),
    configuration INTEGER NOT NULL CHECK (configuration >= 0), -- number / repeat: trials that differ in seed only
    repetition    INTEGER NOT NULL CHECK (repetition >= 0),    -- number % repeat
    -- 1 waiting, 2 running; final: 3 done, 4 pruned, 5 diverged, 6 failed, 7 cancelled
    state         INTEGER NOT NULL CHECK (state BETWEEN 1 AND 7),
    seed          INTEGER NOT NULL,
    parameters    TEXT    NOT NULL CHECK (json_valid(parameters)), -- an object
    history_seq   INTEGER NOT NULL CHECK (history_seq >= 0), -- outcomes that its suggestion had seen; of a re-run: of its parent
    attempts      INTEGER NOT NULL CHECK (attempts >= 0),    -- granted so far: the number of the current one
    charged       INTEGER NOT NULL CHECK (charged BETWEEN 0 AND attempts), -- of them, against max_attempts
    value         REAL    CHECK (abs(value) < 9e999),        -- of the metric, in its own sign; finite
    reason        TEXT    NOT NULL,                          -- why it failed or diverged, or ''
    created_ms    INTEGER NOT NULL,
    finished_ms   INTEGER,
    PRIMARY KEY (study, number),
    CHECK (finished_ms IS NULL OR state >= 3)
) STRICT;
CREATE INDEX trial_by_value ON trial (study, value) WHERE value IS NOT NULL; -- the best one, in microseconds

-- One run of a trial on one worker. A trial whose worker vanished has several; the last one counts.
CREATE TABLE attempt (
    study         INTEGER NOT NULL,
    trial         INTEGER NOT NULL,
    number        INTEGER NOT NULL CHECK (number >= 1),
    -- 1 running, 2 done, 3 pruned, 4 diverged, 5 failed (charged), 6 released (handed back by the worker),
    -- 7 lost (the worker fell silent and another took the trial), 8 cancelled
    state         INTEGER NOT NULL CHECK (state BETWEEN 1 AND 8),
    worker        INTEGER NOT NULL REFERENCES worker,
    started_ms    INTEGER NOT NULL,
    finished_ms   INTEGER,
    points        INTEGER NOT NULL CHECK (points >= 0),      -- rows of it in point
    points_digest INTEGER NOT NULL,  -- chained over them: proves the curve whole. 64 bits, shown signed
    last_step     INTEGER NOT NULL,  -- -1: no point yet
    best          REAL    CHECK (abs(best) < 9e999),         -- finite values of the metric so far
    last          REAL    CHECK (abs(last) < 9e999),
    metric_seen   INTEGER NOT NULL CHECK (metric_seen IN (0, 1)),
    nonfinite     INTEGER NOT NULL CHECK (nonfinite IN (0, 1)), -- the metric was NaN or infinite once
    exit_status   INTEGER NOT NULL,  -- or minus the signal
    reason        TEXT    NOT NULL,
    info          TEXT    NOT NULL,  -- JSON: what the run said of itself (versions, ...), or ''
    duration_ms   INTEGER NOT NULL,
    cpu_ms        INTEGER NOT NULL,
    peak_memory_bytes INTEGER NOT NULL,
    log           TEXT    NOT NULL,  -- the last 64 KiB of its output; last, so that reading the rest skips it
    PRIMARY KEY (study, trial, number),
    FOREIGN KEY (study, trial) REFERENCES trial
) STRICT;

-- What the sampler learnt, in the order it learnt it. Rows are only ever added, seq has no gaps: with
-- trial.history_seq this makes any suggestion repeatable. A retried trial adds a second outcome.
CREATE TABLE outcome (
    study INTEGER NOT NULL,
    seq   INTEGER NOT NULL CHECK (seq >= 1),
    trial INTEGER NOT NULL,
    state INTEGER NOT NULL CHECK (state BETWEEN 3 AND 7), -- as in trial
    value REAL    CHECK (abs(value) < 9e999),
    PRIMARY KEY (study, seq),
    FOREIGN KEY (study, trial) REFERENCES trial
) STRICT, WITHOUT ROWID;

-- Names of metrics, so that a point stores one byte.
CREATE TABLE metric (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- Learning curves: one value of one metric at one step. Rows are only ever added. They are kept in the order of
-- the key, so a curve is one read of neighbouring pages.
CREATE TABLE point (
    study   INTEGER NOT NULL,
    trial   INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    idx     INTEGER NOT NULL CHECK (idx >= 0), -- in the order reported, from 0
    step    INTEGER NOT NULL,                  -- as the run counts
    epoch   REAL,                              -- NULL: the run gave none
    metric  INTEGER NOT NULL REFERENCES metric,
    value   REAL,                              -- NULL: NaN; infinities are kept
    PRIMARY KEY (study, trial, attempt, idx),
    FOREIGN KEY (study, trial, attempt) REFERENCES attempt
) STRICT, WITHOUT ROWID;
