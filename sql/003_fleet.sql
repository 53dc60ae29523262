-- 003_fleet.sql - machines that fail, leave and prove who they are; schema version 3.
PRAGMA user_version = 3;

-- A trial whose process dies again and again is taken out of the search: how often it died since it was last retried by
-- hand, where first, and whether anywhere else.
ALTER TABLE trial ADD COLUMN deaths INTEGER NOT NULL DEFAULT 0 CHECK (deaths >= 0);
ALTER TABLE trial ADD COLUMN death_worker INTEGER REFERENCES worker;
ALTER TABLE trial ADD COLUMN deaths_spread INTEGER NOT NULL DEFAULT 0 CHECK (deaths_spread IN (0, 1));

-- An audit is a study whose trials repeat trials of its parent, seeds and all, on other workers: the curves must be
-- equal to the last bit.
ALTER TABLE study ADD COLUMN audit INTEGER NOT NULL DEFAULT 0 CHECK (audit IN (0, 1));
ALTER TABLE trial ADD COLUMN source INTEGER CHECK (source >= 0); -- the parent's trial; NULL: not of an audit

-- The public key by which a worker proved who it is; '' where connections have no keys.
ALTER TABLE worker ADD COLUMN key TEXT NOT NULL DEFAULT '';
-- What a user asked of it: 0 nothing, 1 to leave when its trials are done, 2 to hand them back and leave.
ALTER TABLE worker ADD COLUMN drain INTEGER NOT NULL DEFAULT 0 CHECK (drain BETWEEN 0 AND 2);

-- The configurations of a re-run follow from its parent's outcomes, and trial.history_seq counts those now. Until here
-- a re-run began once its parent had ended, so it saw all of them.
UPDATE trial SET history_seq = (SELECT count(*) FROM study JOIN outcome ON outcome.study = study.parent
                                WHERE study.id = trial.study)
WHERE study IN (SELECT id FROM study WHERE parent IS NOT NULL);
