"""Which level of consent holds for a request: by the shop, by its cookie, by the browser.

The Worker decides in the same way.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.catalog import ESSENTIAL, PERSONALISE, Consent
from app.web.cookies import cookie_values
from app.web.same_origin import wants_no_tracking


def consent_of(headers: Sequence[tuple[bytes, bytes]], consent: Consent) -> str:
    """Return the level that holds for a request: `none`, `essential` or `personalise`."""
    level = consent.level
    if consent.cookie:
        values = cookie_values(headers, consent.cookie)
        level = PERSONALISE if any(consent.agreed in value for value in values) else level
    no_tracking = level == PERSONALISE and wants_no_tracking(headers)
    return ESSENTIAL if no_tracking else level
