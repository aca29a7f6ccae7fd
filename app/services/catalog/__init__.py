"""What we sell: reads catalogs from JSON files and Shopify exports into shops."""

from app.services.catalog.catalogs import Catalogs, load_catalogs
from app.services.catalog.pictures import image_hosts
from app.services.catalog.problems import CatalogError

__all__ = ["CatalogError", "Catalogs", "image_hosts", "load_catalogs"]
