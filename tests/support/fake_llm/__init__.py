"""A model provider that says what it is told to, as fast and as badly as it is told to."""

from .files import load_scenarios, recording
from .plan import plan, response_bytes
from .scenario import Fault, Framing, Scenario, Usage
from .server import Asked, StandIn

__all__ = [
    "Asked",
    "Fault",
    "Framing",
    "Scenario",
    "StandIn",
    "Usage",
    "load_scenarios",
    "plan",
    "recording",
    "response_bytes",
]
