-- Schema 4: a message that was gathered into another stays, so that it is known who was told of its run, and what tells
-- so by another way if they were not. A run says whether a person chose its backup; those before this schema do not.

ALTER TABLE outbox ADD COLUMN gathered_in INTEGER REFERENCES outbox (id);

CREATE INDEX outbox_gathered ON outbox (gathered_in) WHERE gathered_in IS NOT NULL;

ALTER TABLE runs ADD COLUMN chosen_by_hand INTEGER NOT NULL DEFAULT 0;
