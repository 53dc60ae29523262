-- 002_protocol.sql - studies that run another study's best configurations again; schema version 2.
--
-- The runs of a configuration now belong to a study, no longer to its search alone: a re-run has its own.
PRAGMA user_version = 2;

-- Runs of each configuration: trial.configuration = trial.number / repeat.
ALTER TABLE study ADD COLUMN repeat INTEGER NOT NULL DEFAULT 1 CHECK (repeat >= 1);

-- Of a re-run ("task-b/ldt/rerun"): the study whose best configurations, in the order of their rank, run again here.
-- The k-th run of each has the same seed in all re-runs of a search, and no trial of a search has it.
ALTER TABLE study ADD COLUMN parent INTEGER REFERENCES study;

UPDATE study SET repeat = (SELECT search.repeat FROM search WHERE search.id = study.search);
