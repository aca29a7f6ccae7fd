-- Of what was shown and clicked, what was so on the first page that somebody of an experiment
-- reported: once for each visitor, however often they come back.

ALTER TABLE views ADD COLUMN visitors INTEGER NOT NULL DEFAULT 0;
ALTER TABLE views ADD COLUMN clickers INTEGER NOT NULL DEFAULT 0;
