-- The record of one night: <git common dir>/overnight/<tag>/ledger.db, SQLite in WAL mode.
--
-- This file is public. Query the database with `sqlite3`, `datasette` or anything else that reads SQLite; open it
-- read-only (`sqlite3 'file:ledger.db?mode=ro'`) and you cannot disturb a night that runs. Columns and views are
-- only ever added; PRAGMA user_version counts the changes, PRAGMA application_id is 0x4F764E74 ("OvNt").
--
-- Start here:   SELECT number, call, score, best, hypothesis FROM experiment;
--               SELECT number, hypothesis, score, why FROM keep;
--               SELECT experiment, purpose, seed, status, wall_seconds FROM run;

-- The truth: everything that happened, in order, never changed. The kinds and what their bodies hold are the
-- classes of overnight/ledger/events.py. Everything else in this file is derived from this one table.
CREATE TABLE event (
  seq        INTEGER PRIMARY KEY,       -- 1, 2, 3, … without gaps
  key        TEXT NOT NULL UNIQUE,      -- idempotency: what is done again after a crash finds itself here
  kind       TEXT NOT NULL,
  at         REAL NOT NULL,             -- UTC seconds, to the millisecond
  elapsed    REAL NOT NULL,             -- active seconds of the night, to the millisecond
  body       TEXT NOT NULL,             -- JSON
  -- hash: the SHA-256, in hexadecimal, of these six as UTF-8 text with a newline between each two: the hash of the
  -- row before (nothing for the first), key, kind, at and elapsed with three decimals (printf '%.3f'), body.
  hash       TEXT NOT NULL,
  -- Read from the body, so that they can be indexed; SQLite keeps them equal to it.
  experiment INTEGER AS (coalesce(json_extract(body, '$.experiment'), json_extract(body, '$.run.experiment'),
                                  json_extract(body, '$.verdict.experiment'))) STORED,
  run        TEXT    AS (json_extract(body, '$.run.id')) STORED,
  call       TEXT    AS (json_extract(body, '$.verdict.call')) STORED,
  score      REAL    AS (json_extract(body, '$.verdict.score')) STORED
);
CREATE INDEX event_experiment ON event (experiment, kind);
CREATE INDEX event_kind ON event (kind);
CREATE INDEX event_call ON event (call) WHERE call IS NOT NULL;

CREATE TRIGGER event_never_changes BEFORE UPDATE ON event
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER event_never_goes BEFORE DELETE ON event
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER event_comes_last BEFORE INSERT ON event  -- also what stops INSERT OR REPLACE
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM event) OR EXISTS (SELECT 1 FROM event WHERE key = NEW.key)
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

-- Four indexes that SQLite does not have: kept by triggers, so that a summary of 100,000 experiments costs what one
-- of 100 costs. They say nothing that `event` does not say; `overnight verify` builds them anew and compares.

-- Counts and sums. kind/KIND, call/CALL: how many. experiments: without the baseline, and without what was turned away
-- before it ran. since_keep: how many of those were judged since the last keep. removed: keeps that were taken back.
-- usd, tokens: NULL once a cost is unknown. The removal of a keep counts in `removed` alone.
CREATE TABLE tally (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TRIGGER tally_kind AFTER INSERT ON event
BEGIN
  INSERT INTO tally VALUES ('kind/' || NEW.kind, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1;
END;
CREATE TRIGGER tally_proposed AFTER INSERT ON event WHEN NEW.kind = 'proposed'
BEGIN
  INSERT INTO tally VALUES ('experiments', NEW.experiment > 0 AND json_extract(NEW.body, '$.removes') IS NULL), ('usd', json_extract(NEW.body, '$.cost.usd')),
    ('tokens', json_extract(NEW.body, '$.cost.tokens'))
  ON CONFLICT (name) DO UPDATE SET value = value + excluded.value;
END;
CREATE TRIGGER tally_idled AFTER INSERT ON event WHEN NEW.kind = 'idled'
BEGIN
  INSERT INTO tally VALUES ('usd', json_extract(NEW.body, '$.cost.usd')), ('tokens', json_extract(NEW.body, '$.cost.tokens'))
  ON CONFLICT (name) DO UPDATE SET value = value + excluded.value;
END;
CREATE TRIGGER tally_removed AFTER INSERT ON event
WHEN NEW.call = 'keep' AND json_extract(NEW.body, '$.verdict.removes') IS NOT NULL
BEGIN
  INSERT INTO tally VALUES ('removed', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1;
END;
CREATE TRIGGER tally_judged AFTER INSERT ON event
WHEN NEW.kind = 'judged' AND json_extract(NEW.body, '$.verdict.removes') IS NULL
BEGIN
  INSERT INTO tally VALUES ('call/' || NEW.call, 1), ('since_keep', NEW.experiment > 0)
  ON CONFLICT (name) DO UPDATE SET value = value + excluded.value;
  UPDATE tally SET value = value - 1 WHERE name IN ('experiments', 'since_keep') AND NEW.experiment > 0
    AND (NEW.call = 'duplicate' OR EXISTS (SELECT 1 FROM event WHERE key = NEW.experiment || '/admitted'
                                           AND json_extract(body, '$.problem') <> ''));
  UPDATE tally SET value = 0 WHERE name = 'since_keep' AND NEW.call = 'keep';
END;

-- The running best: a row for each keep whose score is better than every keep's before it.
CREATE TABLE best (seq INTEGER PRIMARY KEY, experiment INTEGER NOT NULL, score REAL NOT NULL);
CREATE TRIGGER best_judged AFTER INSERT ON event WHEN NEW.call = 'keep' AND NEW.score IS NOT NULL
BEGIN
  INSERT INTO best SELECT NEW.seq, NEW.experiment, NEW.score WHERE NOT EXISTS (
    SELECT 1 FROM event AS opened, (SELECT score FROM best ORDER BY seq DESC LIMIT 1) AS last
    WHERE opened.key = 'opened' AND CASE json_extract(opened.body, '$.goal')
      WHEN 'minimize' THEN last.score <= NEW.score ELSE last.score >= NEW.score END);
END;

-- What each proposer's turns have cost: those that gave a change (proposals) and those that came to nothing (idle).
-- usd, tokens: as far as they were told. unpriced, uncounted: turns that did not tell them. dearest, longest: of one turn.
CREATE TABLE spending (
  origin TEXT PRIMARY KEY, proposals INTEGER, idle INTEGER, seconds REAL,
  usd REAL, unpriced INTEGER, dearest REAL, tokens INTEGER, uncounted INTEGER, longest INTEGER
) WITHOUT ROWID;
CREATE TRIGGER spending_turn AFTER INSERT ON event WHEN NEW.kind IN ('proposed', 'idled')
BEGIN
  INSERT INTO spending
  SELECT origin, proposed, NOT proposed, seconds, coalesce(usd, 0.0), usd IS NULL, coalesce(usd, 0.0),
    coalesce(tokens, 0), tokens IS NULL, coalesce(tokens, 0)
  FROM turn WHERE seq = NEW.seq
  ON CONFLICT (origin) DO UPDATE SET proposals = proposals + excluded.proposals, idle = idle + excluded.idle,
    seconds = seconds + excluded.seconds, usd = usd + excluded.usd, unpriced = unpriced + excluded.unpriced,
    dearest = max(dearest, excluded.dearest), tokens = tokens + excluded.tokens,
    uncounted = uncounted + excluded.uncounted, longest = max(longest, excluded.longest);
END;

-- Runs that have started and not ended. A coordinator that ends, or that takes over from a dead one, has none.
CREATE TABLE in_flight (run TEXT PRIMARY KEY, experiment INTEGER NOT NULL, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TRIGGER in_flight_started AFTER INSERT ON event WHEN NEW.kind = 'run_started'
BEGIN INSERT OR REPLACE INTO in_flight VALUES (NEW.run, NEW.experiment, NEW.seq); END;
CREATE TRIGGER in_flight_done AFTER INSERT ON event WHEN NEW.kind IN ('run_done', 'judged', 'session', 'closed')
BEGIN
  DELETE FROM in_flight WHERE NEW.kind IN ('session', 'closed') OR run = NEW.run
    OR (NEW.kind = 'judged' AND experiment = NEW.experiment);
END;

-- One row for each run that has ended.
CREATE VIEW run AS
SELECT run AS id, experiment, json_extract(body, '$.run.purpose') AS purpose, json_extract(body, '$.run.split') AS split,
  json_extract(body, '$.run.seed') AS seed, json_extract(body, '$.run.commit') AS "commit",
  json_extract(body, '$.trial.attempt') AS attempt, json_extract(body, '$.trial.status') AS status,
  json_extract(body, '$.trial.why') AS why, json_extract(body, '$.trial.scores') AS scores, at AS ended_at,
  json_extract(body, '$.trial.usage.wall_seconds') AS wall_seconds,
  json_extract(body, '$.trial.usage.cpu_seconds') AS cpu_seconds,
  json_extract(body, '$.trial.usage.peak_mb') AS peak_mb, json_extract(body, '$.trial.usage.gpu_mb') AS gpu_mb
FROM event WHERE kind = 'run_done';

-- One row for each turn of a proposer. proposed: 1 where it gave a change, which is experiment; else trouble (one word, or
-- '' where it had nothing to say) and why, and it was left alone until then. usd, tokens: NULL where nobody told.
CREATE VIEW turn AS
SELECT seq, at, kind = 'proposed' AS proposed, experiment, json_extract(body, '$.origin') AS origin,
  json_extract(body, '$.trouble') AS trouble, json_extract(body, '$.why') AS why, json_extract(body, '$.until') AS until,
  coalesce(json_extract(body, '$.cost.seconds'), 0.0) AS seconds, json_extract(body, '$.cost.usd') AS usd,
  json_extract(body, '$.cost.tokens') AS tokens
FROM event WHERE kind = 'idled' OR (kind = 'proposed' AND experiment > 0 AND json_extract(body, '$.removes') IS NULL);

-- One row for each experiment, number 0 being the untouched baseline. removes: the keep that it would take back. at, elapsed: of the verdict; of the proposal
-- where there is none yet. best: the best kept score up to then. usd, tokens: of making the proposal.
CREATE VIEW experiment AS
SELECT p.experiment AS number, coalesce(j.at, p.at) AS at, coalesce(j.elapsed, p.elapsed) AS elapsed,
  json_extract(p.body, '$.origin') AS origin, json_extract(p.body, '$.hypothesis') AS hypothesis,
  coalesce(json_extract(j.body, '$.commit'), json_extract(a.body, '$.commit')) AS "commit",
  json_extract(r.body, '$.kept') AS kept,
  CASE WHEN j.seq THEN 'judged' WHEN EXISTS (SELECT 1 FROM in_flight WHERE experiment = p.experiment) THEN 'running'
    WHEN EXISTS (SELECT 1 FROM run WHERE experiment = p.experiment) THEN 'measured'
    WHEN a.seq THEN 'admitted' ELSE 'proposed' END AS state,
  j.call AS call, coalesce(json_extract(j.body, '$.verdict.why'), '') AS why, j.score AS score,
  (SELECT score FROM best WHERE seq <= coalesce(j.seq, p.seq) ORDER BY seq DESC LIMIT 1) AS best,
  (SELECT count(*) FROM run WHERE experiment = p.experiment) AS runs,
  (SELECT total(wall_seconds) FROM run WHERE experiment = p.experiment) AS seconds,
  (SELECT coalesce(max(peak_mb), 0.0) FROM run WHERE experiment = p.experiment) AS peak_mb,
  (SELECT max(gpu_mb) FROM run WHERE experiment = p.experiment) AS gpu_mb,
  json_extract(p.body, '$.cost.usd') AS usd, json_extract(p.body, '$.cost.tokens') AS tokens,
  json_extract(p.body, '$.removes') AS removes
FROM event AS p
LEFT JOIN event AS a ON a.key = p.experiment || '/admitted'
LEFT JOIN event AS j ON j.key = p.experiment || '/judged'
LEFT JOIN event AS r ON r.key = p.experiment || '/recorded'
WHERE p.kind = 'proposed';

-- What the judge believes of each keep now. gain: in units of the metric, positive is better. doubt: chance of no gain.
CREATE VIEW worth AS
SELECT json_extract(value, '$.experiment') AS experiment, json_extract(value, '$.gain') AS gain,
  json_extract(value, '$.doubt') AS doubt, json_extract(value, '$.runs') AS runs,
  json_extract(value, '$.standing') AS standing
FROM event, json_each(event.body, '$.worths') WHERE seq = (SELECT max(seq) FROM event WHERE kind = 'weighed');

-- Each keep, with what it is believed to be worth; number 0 is the baseline.
CREATE VIEW keep AS
SELECT experiment.*, worth.gain, worth.doubt, worth.standing
FROM experiment LEFT JOIN worth ON worth.experiment = experiment.number WHERE call = 'keep' AND removes IS NULL;

-- The branch against the baseline on data that was read for this once: the only number that is called a gain.
CREATE VIEW claim AS
SELECT at, json_extract(body, '$.commit') AS "commit", json_extract(body, '$.claim.split') AS split,
  json_extract(body, '$.claim.runs') AS runs_a_side, json_extract(body, '$.claim.baseline') AS baseline,
  json_extract(body, '$.claim.branch') AS branch, json_extract(body, '$.claim.gain') AS gain,
  json_extract(body, '$.claim.low') AS low, json_extract(body, '$.claim.high') AS high
FROM event WHERE kind = 'claimed';

-- Who signed the night off, and what they took. how: merge or branches. commits: JSON, where each ref was to stand;
-- written before git was touched. tip: where the night's branch stood. gain, low, high: as it was claimed then.
CREATE VIEW acceptance AS
SELECT at, json_extract(body, '$.by') AS accepted_by, json_extract(body, '$.how') AS how,
  json_extract(body, '$.tip') AS tip, json_extract(body, '$.commits') AS commits,
  json_extract(body, '$.claim.gain') AS gain, json_extract(body, '$.claim.low') AS low,
  json_extract(body, '$.claim.high') AS high
FROM event WHERE kind = 'accepted';
