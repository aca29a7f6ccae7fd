-- What shoppers did, as the catalog bears it out. Of each shopper only the latest are kept.

CREATE TABLE signals (
    id INTEGER PRIMARY KEY,
    shopper_id TEXT NOT NULL REFERENCES shoppers (id) ON DELETE CASCADE,
    at TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('view', 'filter', 'dwell', 'add_to_basket', 'purchase')),
    fact TEXT NOT NULL
);
CREATE INDEX signals_by_shopper ON signals (shopper_id);
