-- Schema 2: a message need not be about a run (digests); it knows who is delivering it, what became of it where it was
-- refused, its shorter form, what is told by another way when it is given up, and for how many it stands.

CREATE TABLE outbox_2 (
    id            INTEGER PRIMARY KEY,
    run           TEXT    REFERENCES runs (run),
    channel       TEXT    NOT NULL,
    recipient     TEXT    NOT NULL,
    message_id    TEXT    NOT NULL UNIQUE,
    body          TEXT    NOT NULL,
    short_body    TEXT,
    fallback      TEXT,
    topic         TEXT,
    stands_for    INTEGER NOT NULL DEFAULT 1,
    not_before    INTEGER NOT NULL,
    attempts      INTEGER NOT NULL DEFAULT 0,
    claimed_by    TEXT,
    claimed_until INTEGER,
    sent_at       INTEGER,
    given_up_at   INTEGER,
    refusal       TEXT,
    CHECK ((claimed_by IS NULL) = (claimed_until IS NULL)),
    CHECK (sent_at IS NULL OR given_up_at IS NULL)
) STRICT;

INSERT INTO outbox_2 (id, run, channel, recipient, message_id, body, not_before, attempts, sent_at, refusal)
SELECT id, run, channel, recipient, message_id, body, not_before, attempts, sent_at, last_error FROM outbox;

DROP TABLE outbox;
ALTER TABLE outbox_2 RENAME TO outbox;

CREATE INDEX outbox_waiting  ON outbox (channel, not_before) WHERE sent_at IS NULL AND given_up_at IS NULL;
CREATE INDEX outbox_given_up ON outbox (given_up_at) WHERE given_up_at IS NOT NULL;
CREATE INDEX outbox_by_run   ON outbox (run);
