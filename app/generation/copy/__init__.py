"""What a model may say beside the catalog's own text."""

from app.generation.copy.shop import PropsContext, context_of_model, load_rules

__all__ = ["PropsContext", "context_of_model", "load_rules"]
