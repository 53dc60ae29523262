-- views.sql - the documented way to query a search database, also while the coordinator runs:
--     sqlite3 -readonly runs.db "SELECT * FROM v_best WHERE study = 'task-b/ldt' LIMIT 5"
--     ldt query "SELECT * FROM v_best WHERE study = 'task-b/ldt' LIMIT 5"
--
-- Views speak in names, words, seconds and UTC times; NaN and infinities are NULL. In every view `study` is the
-- study's name and `trial` the number inside it, so views join on (study, trial). Say `WHERE study = ...` where you
-- can: then only that study's rows are read.
--
-- Names that start with v_ belong to this file: when it changes, the coordinator drops and makes them anew on its
-- next start. Your own views are safe under any other name.

-- Trials with their states in words: what the other views are made of.
CREATE VIEW v_trial AS
SELECT search.name AS search, study.name AS study, trial.number AS trial,
       trial.configuration, trial.repetition,
       CASE trial.state WHEN 1 THEN 'waiting' WHEN 2 THEN 'running' WHEN 3 THEN 'done' WHEN 4 THEN 'pruned'
           WHEN 5 THEN 'diverged' WHEN 6 THEN 'failed' WHEN 7 THEN 'cancelled' END AS state,
       trial.value, trial.parameters, trial.seed,
       worker.name AS worker, trial.attempts, trial.charged,
       -- Of the last attempt; where the worker never said how long it took (lost, cancelled), until its end was known.
       CASE WHEN attempt.finished_ms IS NULL THEN NULL
           WHEN attempt.state <= 5 OR attempt.duration_ms > 0 THEN attempt.duration_ms / 1000.0
           ELSE max(attempt.finished_ms - attempt.started_ms, 0) / 1000.0 END AS seconds,
       trial.reason, trial.history_seq,
       strftime('%Y-%m-%dT%H:%M:%SZ', trial.created_ms / 1000, 'unixepoch') AS created,
       strftime('%Y-%m-%dT%H:%M:%SZ', trial.finished_ms / 1000, 'unixepoch') AS finished
FROM trial
JOIN study ON study.id = trial.study
JOIN search ON search.id = study.search
LEFT JOIN attempt ON attempt.study = trial.study AND attempt.trial = trial.number AND attempt.number = trial.attempts
LEFT JOIN worker ON worker.id = attempt.worker;

-- Every run of every trial. The log is in attempt.log (`ldt logs STUDY TRIAL`).
CREATE VIEW v_attempt AS
SELECT search.name AS search, study.name AS study, attempt.trial, attempt.number AS attempt,
       CASE attempt.state WHEN 1 THEN 'running' WHEN 2 THEN 'done' WHEN 3 THEN 'pruned' WHEN 4 THEN 'diverged'
           WHEN 5 THEN 'failed' WHEN 6 THEN 'released' WHEN 7 THEN 'lost' WHEN 8 THEN 'cancelled' END AS state,
       worker.name AS worker, worker.host, attempt.points, attempt.last_step, attempt.best, attempt.last,
       CASE WHEN attempt.finished_ms IS NULL THEN NULL -- as in v_trial
           WHEN attempt.state <= 5 OR attempt.duration_ms > 0 THEN attempt.duration_ms / 1000.0
           ELSE max(attempt.finished_ms - attempt.started_ms, 0) / 1000.0 END AS seconds,
       attempt.cpu_ms / 1000.0 AS cpu_seconds, attempt.peak_memory_bytes / 1048576.0 AS peak_mib,
       attempt.exit_status, attempt.reason,
       CASE WHEN json_valid(attempt.info) THEN attempt.info END AS info,
       strftime('%Y-%m-%dT%H:%M:%SZ', attempt.started_ms / 1000, 'unixepoch') AS started,
       strftime('%Y-%m-%dT%H:%M:%SZ', attempt.finished_ms / 1000, 'unixepoch') AS finished
FROM attempt
JOIN study ON study.id = attempt.study
JOIN search ON search.id = study.search
JOIN worker ON worker.id = attempt.worker;

-- Learning curves: of each trial, the points of its last attempt in the order reported.
CREATE VIEW v_curve AS
SELECT study.name AS study, trial.number AS trial, point.attempt, point.idx, point.step,
       CASE WHEN abs(point.epoch) < 9e999 THEN point.epoch END AS epoch,
       metric.name AS metric,
       CASE WHEN abs(point.value) < 9e999 THEN point.value END AS value
FROM study
JOIN trial ON trial.study = study.id
JOIN point ON point.study = trial.study AND point.trial = trial.number AND point.attempt = trial.attempts
JOIN metric ON metric.id = point.metric;

-- Configurations: trials that differ in their seed only (`repeat`); without repeat, each trial is one. The value is
-- the mean over its runs, NULL until all of them have ended with one. Audits are left out, here and in all views of
-- results: they only repeat what is there.
CREATE VIEW v_configuration AS
SELECT study.name AS study, trial.configuration, min(trial.number) AS trial, count(*) AS runs,
       CASE WHEN count(*) >= study.repeat AND min(trial.state) >= 3 AND count(trial.value) = count(*)
            THEN avg(trial.value) END AS value,
       CASE max(trial.state) WHEN 3 THEN 'done' WHEN 4 THEN 'pruned' WHEN 5 THEN 'diverged' WHEN 6 THEN 'failed'
            WHEN 7 THEN 'cancelled' ELSE 'running' END AS state, -- the worst of its runs
       search.metric, search.goal, trial.parameters
FROM study
JOIN search ON search.id = study.search
JOIN trial ON trial.study = study.id
WHERE NOT study.audit
GROUP BY study.name, trial.configuration;

-- Each study's configurations from the best on, in the direction of its goal. Equal values share a rank, the earlier
-- trial first; those with a diverged run come last, however good they looked before.
CREATE VIEW v_best AS
SELECT study, rank() OVER (PARTITION BY study ORDER BY state = 'diverged',
                           CASE goal WHEN 'maximize' THEN -value ELSE value END) AS rank,
       trial, metric, value, runs, state, configuration, parameters
FROM v_configuration
WHERE value IS NOT NULL
ORDER BY study, rank, trial;

-- Studies: progress and the best value so far.
CREATE VIEW v_study AS
WITH progress AS (
    SELECT study, sum(state = 1) AS waiting, sum(state = 2) AS running, sum(state = 3) AS done,
           sum(state = 4) AS pruned, sum(state = 5) AS diverged, sum(state = 6) AS failed,
           sum(state = 7) AS cancelled, min(created_ms) AS first_ms, max(finished_ms) AS latest_ms
    FROM trial GROUP BY study),
-- The first of v_best, without texts and ranks, which take most of its time. To group what is one row each makes SQLite
-- give it an index: else each study would look through the trials of all.
ended AS (
    SELECT trial.study, min(trial.number) AS trial, avg(trial.value) AS value
    FROM trial JOIN study ON study.id = trial.study
    WHERE NOT study.audit
    GROUP BY trial.study, trial.configuration
    HAVING count(*) >= study.repeat AND min(trial.state) >= 3 AND max(trial.state) <> 5
       AND count(trial.value) = count(*)),
best AS (
    SELECT study, value, trial
    FROM (SELECT ended.study, ended.value, ended.trial,
                 row_number() OVER (PARTITION BY ended.study ORDER BY
                                    CASE goal WHEN 'maximize' THEN -value ELSE value END, trial) AS place
          FROM ended JOIN study ON study.id = ended.study JOIN search ON search.id = study.search)
    WHERE place = 1 GROUP BY study)
SELECT search.name AS search, study.name AS study,
       CASE study.state WHEN 1 THEN 'open' WHEN 2 THEN 'paused' WHEN 3 THEN 'stopped' WHEN 4 THEN 'done' END AS state,
       search.metric, search.goal, best.value AS best, best.trial AS best_trial,
       study.budget * study.repeat AS trials,
       coalesce(waiting, 0) AS waiting, coalesce(running, 0) AS running, coalesce(done, 0) AS done,
       coalesce(pruned, 0) AS pruned, coalesce(diverged, 0) AS diverged, coalesce(failed, 0) AS failed,
       coalesce(cancelled, 0) AS cancelled,
       -- trials that ended, per hour between the first suggestion and the last end
       CASE WHEN latest_ms > first_ms THEN
           (done + pruned + diverged + failed) * 3600000.0 / (latest_ms - first_ms) END AS trials_per_hour,
       CASE WHEN NOT study.audit THEN parent.name END AS rerun_of, -- whose best configurations run again here
       CASE WHEN study.audit THEN parent.name END AS audit_of,     -- some of whose trials run again here, seeds and all
       study.note, study.seed,
       strftime('%Y-%m-%dT%H:%M:%SZ', study.created_ms / 1000, 'unixepoch') AS created,
       strftime('%Y-%m-%dT%H:%M:%SZ', study.finished_ms / 1000, 'unixepoch') AS finished
FROM study
JOIN search ON search.id = study.search
LEFT JOIN progress ON progress.study = study.id
LEFT JOIN study AS parent ON parent.id = study.parent
LEFT JOIN best ON best.study = study.id
ORDER BY search.id, study.position;

-- Searches: what was submitted, and how far it is.
CREATE VIEW v_search AS
SELECT search.name AS search, search.metric, search.goal, search.sampler, search.repeat,
       count(study.id) AS studies, sum(study.budget * study.repeat) AS trials,
       (SELECT count(*) FROM trial JOIN study AS own ON own.id = trial.study
        WHERE own.search = search.id AND NOT own.audit AND trial.state >= 3) AS ended,
       sum(study.state IN (3, 4)) = count(*) AS finished,
       coalesce(search.definition ->> '$.program',
                (SELECT group_concat(value, ' ') FROM json_each(search.definition, '$.command'))) AS program,
       strftime('%Y-%m-%dT%H:%M:%SZ', search.created_ms / 1000, 'unixepoch') AS created
FROM search
LEFT JOIN study ON study.search = search.id AND NOT study.audit
GROUP BY search.id;

-- The last point of each metric of each trial that ended well.
CREATE VIEW v_last AS
SELECT study.name AS study, trial.number AS trial, trial.configuration, metric.name AS metric,
       CASE WHEN abs(point.value) < 9e999 THEN point.value END AS value, point.step, max(point.idx) AS idx
FROM study
JOIN trial ON trial.study = study.id AND trial.state = 3 AND NOT study.audit
JOIN point ON point.study = trial.study AND point.trial = trial.number AND point.attempt = trial.attempts
JOIN metric ON metric.id = point.metric
GROUP BY study.name, trial.number, metric.name;

-- Over the seeds of each configuration: n, mean, standard deviation and the 95 % interval of the mean (Student's t).
-- One row for the value of the search's metric (quantity = 'value') and one for each metric's last point (quantity =
-- 'last'). Only runs that are done count, and of them only values that are finite numbers.
CREATE VIEW v_seed_summary AS
WITH sample AS (
    SELECT study.name AS study, trial.configuration, trial.number AS trial, search.metric, 'value' AS quantity, trial.value
    FROM study JOIN search ON search.id = study.search JOIN trial ON trial.study = study.id AND trial.state = 3
    WHERE NOT study.audit
    UNION ALL
    SELECT study, configuration, trial, metric, 'last', value FROM v_last),
centred AS (
    SELECT *, count(value) OVER w AS n, avg(value) OVER w AS mean, row_number() OVER (w ORDER BY trial) AS place
    FROM sample WINDOW w AS (PARTITION BY study, configuration, metric, quantity)),
summary AS (
    SELECT *, CASE WHEN n > 1 THEN sqrt(sum((value - mean) * (value - mean)) OVER w / (n - 1)) END AS sd
    FROM centred WINDOW w AS (PARTITION BY study, configuration, metric, quantity)),
student (df, t) AS ( -- the 97.5 % quantile; above 9 degrees of freedom by its expansion in 1 / df
    VALUES (1, 12.70620), (2, 4.30265), (3, 3.18245), (4, 2.77645), (5, 2.57058), (6, 2.44691), (7, 2.36462),
           (8, 2.30600), (9, 2.26216))
SELECT study, configuration, trial, metric, quantity, n, mean, sd, mean - half AS low, mean + half AS high
FROM (SELECT summary.*, sd / sqrt(n) * CASE WHEN n < 11 THEN (SELECT t FROM student WHERE df = n - 1)
          ELSE 1.959964 + 2.372271 / (n - 1) + 2.822487 / ((n - 1) * (n - 1)) + 2.555841 / pow(n - 1, 3) END AS half
      FROM summary WHERE place = 1);

-- Worker processes and what became of their attempts; one that was started again has two rows. last_seen is when it
-- introduced itself, was given a trial or ended one, whichever came last: heartbeats are not recorded.
CREATE VIEW v_worker AS
SELECT worker.name AS worker, worker.host, worker.cpu, worker.slots, worker.version,
       coalesce(sum(attempt.state = 1), 0) AS running, coalesce(sum(attempt.state = 2), 0) AS done,
       coalesce(sum(attempt.state = 5), 0) AS failed, coalesce(sum(attempt.state IN (6, 7)), 0) AS lost,
       total(attempt.duration_ms) / 1000.0 AS busy_seconds, -- what a worker claims may be too much for sum()
       strftime('%Y-%m-%dT%H:%M:%SZ', worker.first_seen_ms / 1000, 'unixepoch') AS first_seen,
       strftime('%Y-%m-%dT%H:%M:%SZ', max(worker.last_seen_ms, coalesce(max(
           CASE WHEN attempt.state BETWEEN 2 AND 6 THEN attempt.finished_ms ELSE attempt.started_ms END), 0)) / 1000,
           'unixepoch') AS last_seen
FROM worker LEFT JOIN attempt ON attempt.worker = worker.id
GROUP BY worker.id;
