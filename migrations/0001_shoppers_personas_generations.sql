-- Who visits, what we believe of them, and which pages were composed for them.
-- Times are ISO 8601 in UTC. HTML never goes here; it goes into KV.

CREATE TABLE shoppers (
    id TEXT PRIMARY KEY,
    shop_id TEXT NOT NULL,
    session_id TEXT,
    created_at TEXT NOT NULL,
    last_seen_at TEXT NOT NULL,
    current_persona_hash TEXT
);
CREATE INDEX shoppers_by_shop ON shoppers (shop_id);
CREATE INDEX shoppers_by_persona ON shoppers (current_persona_hash);

-- A hash is shared by like shoppers, so a row belongs to a hash and a shopper together.
CREATE TABLE personas (
    hash TEXT NOT NULL,
    shopper_id TEXT NOT NULL REFERENCES shoppers (id) ON DELETE CASCADE,
    type TEXT NOT NULL,
    confidence REAL NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    signals TEXT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (hash, shopper_id)
);
CREATE INDEX personas_by_shopper ON personas (shopper_id);

CREATE TABLE ui_generations (
    id TEXT PRIMARY KEY,
    shopper_id TEXT NOT NULL,
    persona_hash TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'completed', 'failed')),
    kv_key TEXT NOT NULL,
    started_at TEXT NOT NULL,
    completed_at TEXT,
    error_message TEXT
);
CREATE INDEX ui_generations_by_shopper ON ui_generations (shopper_id);
CREATE INDEX ui_generations_by_persona ON ui_generations (persona_hash);
CREATE INDEX ui_generations_by_status ON ui_generations (status);
