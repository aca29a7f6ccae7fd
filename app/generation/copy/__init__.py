"""What a model may say beside the catalog's own text."""

from app.generation.copy.lexicon import Lexicons, unreadable
from app.generation.copy.rules import CopyRules, Finding
from app.generation.copy.shop import PropsContext, context_of_model

__all__ = ["CopyRules", "Finding", "Lexicons", "PropsContext", "context_of_model", "unreadable"]
