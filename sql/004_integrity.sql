-- 004_integrity.sql - every row carries a hash, every table a sum over them; schema version 4.
--
-- `ldt doctor` computes them again: a value that changed on the disk or by somebody else's hand is found and its row
-- is named; a row that is missing, came twice or is an older state of itself changes the sum of its table.
-- How a row is hashed is written at the top of coordinator/store/cells.h; the coordinator fills in the hashes of
-- rows that were there before, in the transaction of this migration.
PRAGMA user_version = 4;

ALTER TABLE search  ADD COLUMN hash INTEGER NOT NULL DEFAULT 0; -- of all other columns, with their types
ALTER TABLE study   ADD COLUMN hash INTEGER NOT NULL DEFAULT 0;
ALTER TABLE worker  ADD COLUMN hash INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trial   ADD COLUMN hash INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outcome ADD COLUMN hash INTEGER NOT NULL DEFAULT 0;
ALTER TABLE metric  ADD COLUMN hash INTEGER NOT NULL DEFAULT 0;

-- A point is proven by its attempt, which has the number and the digest of its points. The mark, 16 bits of a hash,
-- names the one that changed in a curve that is wrong.
ALTER TABLE point ADD COLUMN mark INTEGER NOT NULL DEFAULT 0;

-- One run of a trial on one worker, as in 001_start.sql; made anew so that its log stays the last column, and is
-- covered by a hash of its own: the rest of a row can be proven without reading the log.
CREATE TABLE attempt_with_hash (
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
    hash          INTEGER NOT NULL,  -- of all other columns but the log
    log_hash      INTEGER NOT NULL,  -- of the log
    log           TEXT    NOT NULL,  -- the last 64 KiB of its output; last, so that reading the rest skips it
    PRIMARY KEY (study, trial, number),
    FOREIGN KEY (study, trial) REFERENCES trial
) STRICT;
INSERT INTO attempt_with_hash
SELECT study, trial, number, state, worker, started_ms, finished_ms, points, points_digest, last_step, best, last,
       metric_seen, nonfinite, exit_status, reason, info, duration_ms, cpu_ms, peak_memory_bytes, 0, 0, log
FROM attempt;
DROP TABLE attempt;
ALTER TABLE attempt_with_hash RENAME TO attempt;

-- What each table must hold in all. The order of the rows does not matter, so that a turn adds what it changed. Points
-- have no row here: the attempts say how many there are.
CREATE TABLE integrity (
    name TEXT    PRIMARY KEY,
    rows INTEGER NOT NULL CHECK (rows >= 0),
    sum  INTEGER NOT NULL  -- of the hashes of its rows, modulo 2^64, shown signed
) STRICT, WITHOUT ROWID;
