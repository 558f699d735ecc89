-- Schema 1. Instants are nanoseconds since 1970 in UTC, offsets are microseconds since the run's start, words are those
-- of the model. A schema is never edited after its release: a change is a file of its own.

-- 'DrlY', so that another program's database is not taken for ours.
PRAGMA application_id = 0x44726C59;

CREATE TABLE store (
    only       INTEGER PRIMARY KEY CHECK (only = 1),
    id         TEXT    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE runs (
    run                        TEXT    PRIMARY KEY,
    drill                      TEXT    NOT NULL,
    service                    TEXT    NOT NULL,
    started_by                 TEXT    NOT NULL CHECK (started_by IN ('manual', 'scheduled')),
    started_at                 INTEGER NOT NULL,
    finished_at                INTEGER,
    verdict                    TEXT,
    reason                     TEXT,
    sentence                   TEXT,
    time_to_verified_seconds   REAL,
    recovery_point_age_seconds REAL,
    leaked                     INTEGER NOT NULL DEFAULT 0,
    proof                      INTEGER NOT NULL DEFAULT 0,
    CHECK ((finished_at IS NULL) = (verdict IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX runs_by_start   ON runs (started_at);
CREATE INDEX runs_by_drill   ON runs (drill, started_at);
CREATE INDEX runs_unfinished ON runs (run) WHERE finished_at IS NULL;

CREATE TRIGGER a_run_never_changes_after_its_verdict BEFORE UPDATE ON runs WHEN OLD.finished_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a run never changes after its verdict'); END;

CREATE TABLE events (
    run      TEXT    NOT NULL REFERENCES runs (run),
    sequence INTEGER NOT NULL,
    version  INTEGER NOT NULL,
    at_us    INTEGER NOT NULL,
    body     TEXT    NOT NULL,
    PRIMARY KEY (run, sequence)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER an_event_never_changes BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'an event never changes'); END;

CREATE TRIGGER nothing_happens_after_the_verdict BEFORE INSERT ON events
WHEN (SELECT finished_at FROM runs WHERE run = NEW.run) IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'nothing happens in a run after its verdict'); END;

-- A due instant ends as a run, or with an outcome and a reason of its own.
CREATE TABLE occurrences (
    drill        TEXT    NOT NULL,
    scheduled_at INTEGER NOT NULL,
    attempt      INTEGER NOT NULL,
    run          TEXT    REFERENCES runs (run),
    outcome      TEXT,
    reason       TEXT,
    PRIMARY KEY (drill, scheduled_at),
    CHECK (run IS NOT NULL OR outcome IS NOT NULL)
) STRICT, WITHOUT ROWID;

CREATE INDEX occurrences_by_run ON occurrences (run);

CREATE TABLE watermarks (
    drill        TEXT    PRIMARY KEY,
    scheduled_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
    id         INTEGER PRIMARY KEY,
    run        TEXT    NOT NULL REFERENCES runs (run),
    channel    TEXT    NOT NULL,
    recipient  TEXT    NOT NULL,
    message_id TEXT    NOT NULL UNIQUE,
    body       TEXT    NOT NULL,
    not_before INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    sent_at    INTEGER,
    last_error TEXT
) STRICT;

CREATE INDEX outbox_unsent ON outbox (not_before) WHERE sent_at IS NULL;

CREATE TABLE kept (
    run       TEXT    NOT NULL REFERENCES runs (run),
    container TEXT    NOT NULL,
    until     INTEGER NOT NULL,
    PRIMARY KEY (run, container)
) STRICT, WITHOUT ROWID;

-- What later sweeps found; the newest of a run says whether something of it is still there.
CREATE TABLE cleanups (
    id     INTEGER PRIMARY KEY,
    run    TEXT    NOT NULL REFERENCES runs (run),
    at     INTEGER NOT NULL,
    leaked INTEGER NOT NULL,
    body   TEXT    NOT NULL
) STRICT;

CREATE INDEX cleanups_by_run ON cleanups (run, id);
