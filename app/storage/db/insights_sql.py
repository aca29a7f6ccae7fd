"""The SQL of insights: what came of pages, arms and products."""

from __future__ import annotations

# Inside: one row for each visitor, with what they did after they had seen their arm. Revenue is
# capped (winsorised): the top hundredth of an experiment's buyers count as the next buyer does,
# and nobody counts more than ten times the median buyer.
SELECT_OUTCOMES = """
WITH visitors AS (
    SELECT exposures.experiment, exposures.arm, exposures.persona, exposures.checkouts,
        exposures.at,
        COUNT(CASE WHEN signals.kind = 'add_to_basket' THEN 1 END) AS baskets,
        COUNT(CASE WHEN signals.kind = 'purchase' THEN 1 END) AS orders,
        CAST(SUM(CASE WHEN signals.kind = 'purchase'
            THEN COALESCE(CAST(json_extract(signals.fact, '$.cents') AS BIGINT), 0) ELSE 0 END)
            AS BIGINT) AS cents
    FROM exposures LEFT JOIN signals
        ON signals.shopper_id = exposures.shopper_id AND signals.at >= exposures.at
    WHERE exposures.shop_id = ? GROUP BY exposures.experiment, exposures.shopper_id
), ranked AS (
    SELECT visitors.*, ROW_NUMBER() OVER (PARTITION BY experiment ORDER BY cents DESC) AS place,
        COUNT(NULLIF(cents, 0)) OVER (PARTITION BY experiment) AS spenders FROM visitors
), limited AS (
    SELECT ranked.*, 10 * MAX(CASE WHEN place > spenders / 2 AND cents > 0 THEN cents END)
        OVER (PARTITION BY experiment) AS most FROM ranked
), bounded AS (
    SELECT limited.*, MAX(CASE WHEN place > 1 + spenders / 100 AND cents > 0
        THEN CASE WHEN cents > most THEN most ELSE cents END END)
        OVER (PARTITION BY experiment) AS bound FROM limited
), counted AS (
    SELECT bounded.*, CASE WHEN cents > bound THEN bound ELSE cents END AS value FROM bounded
)
SELECT experiment, arm, persona, COUNT(*) AS visitors, COUNT(NULLIF(baskets, 0)) AS baskets,
    COUNT(NULLIF(checkouts, 0)) AS checkouts, COUNT(NULLIF(orders, 0)) AS buyers,
    CAST(SUM(orders) AS BIGINT) AS orders, CAST(SUM(cents) AS BIGINT) AS cents, MAX(bound) AS bound,
    substr(MIN(at), 1, 10) AS since,
    CAST(SUM(value) AS BIGINT) AS counted, SUM(CAST(value AS DOUBLE PRECISION) * value) AS squares
FROM counted GROUP BY experiment, arm, persona
"""
SELECT_SLOTS = """
SELECT arm, slot, component, place, SUM(shown) AS shown, SUM(clicked) AS clicked FROM views
WHERE shop_id = ? AND day >= ? AND slot <> '@checkout' GROUP BY arm, slot, component, place
ORDER BY arm, slot, component, place
"""
SELECT_PRODUCTS = """
SELECT arm, product, SUM(shown) AS shown, SUM(clicked) AS clicked FROM views
WHERE shop_id = ? AND day >= ? AND place > 0 GROUP BY arm, product
ORDER BY clicked DESC, shown DESC LIMIT 200
"""
SELECT_PLACES = """
SELECT day, arm, slot, persona, product, place, SUM(shown) AS shown, SUM(clicked) AS clicked,
    SUM(visitors) AS visitors, SUM(clickers) AS clickers
FROM views
WHERE shop_id = ? AND day >= ? AND place BETWEEN 1 AND ? AND slot IN
    (SELECT value FROM json_each(?))
GROUP BY day, arm, slot, persona, product, place ORDER BY day DESC LIMIT 20000
"""
SELECT_COSTS = """
SELECT day, arm, model, COUNT(*) AS pages, SUM(prompt_tokens) AS prompt_tokens,
    SUM(cached_tokens) AS cached_tokens, SUM(completion_tokens) AS completion_tokens
FROM (
    SELECT ui_generations.*, CASE WHEN instr(persona_hash, '.') > 0
        THEN substr(persona_hash, instr(persona_hash, '.') + 1) ELSE '' END AS arm,
        substr(started_at, 1, 10) AS day
    FROM ui_generations JOIN shoppers ON shoppers.id = ui_generations.shopper_id
    WHERE shoppers.shop_id = ?
) AS pages
GROUP BY day, arm, model
"""
SELECT_DECISIONS = """
SELECT decision, SUM(shown) AS shown, SUM(clicked) AS clicked FROM views
WHERE shop_id = ? AND day >= ? AND place = 0 AND slot <> '@checkout' GROUP BY decision
ORDER BY shown DESC, decision LIMIT 50
"""
# An origin is `page/slot`; a page that is recorded no longer has no decision.
SELECT_ORIGINS = """
SELECT origins.slot, COALESCE(pages.decision, '') AS decision,
    COUNT(CASE WHEN origins.kind = 'add_to_basket' THEN 1 END) AS baskets,
    COUNT(CASE WHEN origins.kind = 'purchase' THEN 1 END) AS bought
FROM (
    SELECT signals.kind, substr(value, 1, instr(value, '/') - 1) AS page,
        substr(value, instr(value, '/') + 1) AS slot
    FROM signals JOIN shoppers ON shoppers.id = signals.shopper_id,
        json_each(signals.fact, '$.origins')
    WHERE shoppers.shop_id = ? AND instr(value, '/') > 0
) AS origins LEFT JOIN ui_generations AS pages ON pages.id = origins.page
GROUP BY origins.slot, COALESCE(pages.decision, '') ORDER BY bought DESC, baskets DESC LIMIT 200
"""
SELECT_BOUGHT = """
SELECT value AS product, COUNT(CASE WHEN signals.kind = 'add_to_basket' THEN 1 END) AS baskets,
    COUNT(CASE WHEN signals.kind = 'purchase' THEN 1 END) AS bought
FROM signals JOIN shoppers ON shoppers.id = signals.shopper_id,
    json_each(signals.fact, '$.products')
WHERE shoppers.shop_id = ? AND signals.kind IN ('add_to_basket', 'purchase')
GROUP BY value ORDER BY bought DESC, baskets DESC, product LIMIT 200
"""
# Shoppers who put something into the basket, how often a checkout was begun, and orders.
SELECT_DAYS = """
SELECT day, CAST(SUM(baskets) AS BIGINT) AS baskets, CAST(SUM(checkouts) AS BIGINT) AS checkouts,
    CAST(SUM(orders) AS BIGINT) AS orders
FROM (
    SELECT day, 0 AS baskets, shown AS checkouts, 0 AS orders FROM views
    WHERE shop_id = ? AND slot = '@checkout'
    UNION ALL
    SELECT day, COUNT(DISTINCT CASE WHEN kind = 'add_to_basket' THEN shopper_id END), 0,
        COUNT(CASE WHEN kind = 'purchase' THEN 1 END)
    FROM (
        SELECT signals.*, CAST(json_extract(fact, '$.day') AS INTEGER) AS day
        FROM signals JOIN shoppers ON shoppers.id = signals.shopper_id
        WHERE shoppers.shop_id = ? AND kind IN ('add_to_basket', 'purchase')
    ) AS deeds GROUP BY day
) AS counted WHERE day >= ? GROUP BY day ORDER BY day DESC
"""
