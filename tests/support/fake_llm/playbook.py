"""Which scenario comes next, for whom."""

from __future__ import annotations

from collections import deque

from .scenario import Scenario


class Playbook:
    """Queues of scenarios, one for every model that has its own and one for all others."""

    def __init__(self) -> None:
        self._queues: dict[str | None, deque[Scenario]] = {}

    def put(self, scenarios: tuple[Scenario, ...], model: str | None) -> None:
        """Replace a queue; without scenarios, the model goes back to the common one."""
        if scenarios:
            self._queues[model] = deque(scenarios)
        else:
            self._queues.pop(model, None)

    def take(self, model: str) -> Scenario | None:
        """Return what a request for `model` is played; the last of a queue stays in it."""
        queue = self._queues.get(model) or self._queues.get(None)
        if queue is None:
            return None
        return queue.popleft() if len(queue) > 1 else queue[0]

    def take_refusal(self) -> bool:
        """Take the next common scenario if it refuses connections, and say whether it did."""
        queue = self._queues.get(None)
        fault = queue[0].fault if queue else None
        if fault is None or fault.kind != "refuse":
            return False
        self.take("")
        return True
