-- How often a visitor of an experiment went on to the checkout, which orders made elsewhere follow.

ALTER TABLE exposures ADD COLUMN checkouts INTEGER NOT NULL DEFAULT 0;
