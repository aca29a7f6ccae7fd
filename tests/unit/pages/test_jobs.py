"""Pages being composed: none is begun while the event loop is late."""

from __future__ import annotations

import time
from typing import Any, cast

import pytest

from app.domain.persona import Shopper
from app.pages.instruments import Instruments
from app.pages.jobs import AtCapacity, Capacity, PageJobs, PageRequest
from app.pages.relay import Relay
from app.personas.cache import keyed
from app.storage.patience import Patience
from app.storage.rates import Places

pytestmark = pytest.mark.anyio


async def test_no_page_is_begun_while_the_loop_is_late() -> None:
    nothing: Any = None
    jobs = PageJobs(
        nothing,
        Relay(time.time),
        nothing,
        nothing,
        places=Places(25, 60.0, None, Patience(1.0, time.monotonic)),
        capacity=Capacity(max_lag=0.5, lag=lambda: 0.6),
        instruments=Instruments(time.monotonic, nothing, nothing),
    )
    request = PageRequest(keyed(Shopper("shop_1", "demo")), cast("Any", None))
    with pytest.raises(AtCapacity, match="too_late"):
        await jobs.start(request)
    assert jobs.counts == {"too_late": 1}
