-- Which shopper saw which arm of an experiment, what was seen and clicked, and what pages cost.
-- An arm is `experiment.arm`, empty for shoppers who are in none.

CREATE TABLE exposures (
    experiment TEXT NOT NULL,
    shopper_id TEXT NOT NULL REFERENCES shoppers (id) ON DELETE CASCADE,
    shop_id TEXT NOT NULL,
    arm TEXT NOT NULL,
    persona TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (experiment, shopper_id)
);
CREATE INDEX exposures_by_shopper ON exposures (shopper_id);
CREATE INDEX exposures_by_shop ON exposures (shop_id, experiment);

-- Counts of a day (since the epoch). A slot as a whole has no product and place 0.
CREATE TABLE views (
    shop_id TEXT NOT NULL,
    day INTEGER NOT NULL,
    arm TEXT NOT NULL,
    persona TEXT NOT NULL,
    slot TEXT NOT NULL,
    component TEXT NOT NULL,
    product TEXT NOT NULL,
    place INTEGER NOT NULL,
    shown INTEGER NOT NULL,
    clicked INTEGER NOT NULL,
    PRIMARY KEY (shop_id, day, arm, persona, slot, component, product, place)
);

ALTER TABLE ui_generations ADD COLUMN model TEXT;
ALTER TABLE ui_generations ADD COLUMN prompt_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ui_generations ADD COLUMN cached_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ui_generations ADD COLUMN completion_tokens INTEGER NOT NULL DEFAULT 0;
