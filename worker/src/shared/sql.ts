// The SQL of what shoppers do: word for word that of the container, which a test holds them to.

export const SEEN = `
INSERT INTO shoppers (id, shop_id, created_at, last_seen_at) VALUES (?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET last_seen_at = excluded.last_seen_at
`;
export const KEEP_PERSONA = `
INSERT INTO personas (hash, shopper_id, type, confidence, signals, created_at)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (hash, shopper_id) DO UPDATE SET confidence = excluded.confidence,
    signals = excluded.signals
`;
export const MAKE_CURRENT = `
UPDATE shoppers SET current_persona_hash = ? WHERE id = ?
    AND NOT EXISTS (SELECT 1 FROM signals WHERE shopper_id = ? AND id > ?)
`;
export const DROP_PERSONAS = `
DELETE FROM personas WHERE shopper_id = ? AND hash NOT IN
    (SELECT current_persona_hash FROM shoppers
        WHERE id = ? AND current_persona_hash IS NOT NULL)
    AND hash NOT IN
    (SELECT hash FROM personas WHERE shopper_id = ? ORDER BY created_at DESC LIMIT 20)
`;
export const FACT = "INSERT INTO signals (shopper_id, at, kind, fact) VALUES (?, ?, ?, ?)";
export const DROP_FACTS = `
DELETE FROM signals WHERE shopper_id = ? AND id NOT IN
    (SELECT id FROM signals WHERE shopper_id = ? ORDER BY kind = 'purchase' DESC, id DESC LIMIT 200)
`;
export const FACTS = "SELECT id, fact FROM signals WHERE shopper_id = ? ORDER BY id";
export const CURRENT = "SELECT current_persona_hash FROM shoppers WHERE id = ?";
