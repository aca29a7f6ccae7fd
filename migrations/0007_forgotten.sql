-- Who was erased of late: what was on its way by then is not written after all.

CREATE TABLE forgotten (
    shopper_id TEXT PRIMARY KEY,
    at TEXT NOT NULL
);
CREATE INDEX forgotten_by_time ON forgotten (at);
