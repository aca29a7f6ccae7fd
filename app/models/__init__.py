"""The values that cross between stages; all frozen, all named for what they mean."""

from app.models.asking import (
    Brief,
    ModelEnded,
    ModelEvent,
    ModelFailed,
    ModelText,
    TokensUsed,
)
from app.models.composing import (
    Component,
    Drawn,
    Event,
    EventName,
    KeptPage,
    Proposal,
    Refusal,
)
from app.models.selling import (
    Brand,
    FeedProblem,
    Money,
    Picture,
    Product,
    Shop,
)
from app.models.shoppers import (
    NEWCOMER,
    PERSONA_TYPES,
    PageKey,
    Persona,
    PersonaType,
    Shopper,
    Signals,
)

__all__ = [
    "NEWCOMER",
    "PERSONA_TYPES",
    "Brand",
    "Brief",
    "Component",
    "Drawn",
    "Event",
    "EventName",
    "FeedProblem",
    "KeptPage",
    "ModelEnded",
    "ModelEvent",
    "ModelFailed",
    "ModelText",
    "Money",
    "PageKey",
    "Persona",
    "PersonaType",
    "Picture",
    "Product",
    "Proposal",
    "Refusal",
    "Shop",
    "Shopper",
    "Signals",
    "TokensUsed",
]
