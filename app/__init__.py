"""WandStore: a storefront whose page is composed for each shopper, without the shopper waiting."""

__version__ = "0.1.0"
