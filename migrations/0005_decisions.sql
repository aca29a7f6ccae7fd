-- What decided the page that was seen, and the page that was composed: a digest of prompts,
-- components and models, empty where nothing was composed. SQLite changes no primary key in place.

CREATE TABLE views_by_decision (
    shop_id TEXT NOT NULL,
    day INTEGER NOT NULL,
    arm TEXT NOT NULL,
    persona TEXT NOT NULL,
    decision TEXT NOT NULL DEFAULT '',
    slot TEXT NOT NULL,
    component TEXT NOT NULL,
    product TEXT NOT NULL,
    place INTEGER NOT NULL,
    shown INTEGER NOT NULL,
    clicked INTEGER NOT NULL,
    PRIMARY KEY (shop_id, day, arm, persona, decision, slot, component, product, place)
);
INSERT INTO views_by_decision
    (shop_id, day, arm, persona, slot, component, product, place, shown, clicked)
SELECT shop_id, day, arm, persona, slot, component, product, place, shown, clicked FROM views;
DROP TABLE views;
ALTER TABLE views_by_decision RENAME TO views;

ALTER TABLE ui_generations ADD COLUMN decision TEXT NOT NULL DEFAULT '';
