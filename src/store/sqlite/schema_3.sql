-- Schema 3: a watermark knows the calendar that brought it there, so that a schedule which was changed while no daemon
-- was there is not held to the time before. NULL: written before this schema, by the calendar of whoever reads it first.

ALTER TABLE watermarks ADD COLUMN calendar TEXT;
