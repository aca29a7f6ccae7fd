"""Pages as a browser reads them: a tree, where the markup has no error."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from functools import lru_cache

import html5lib


@lru_cache(64)
def parsed(html: str) -> ET.Element:
    """Return the tree of a page, which nobody changes; an error in the markup is raised."""
    tree = html5lib.getTreeBuilder("etree")
    parser = html5lib.HTMLParser(tree, strict=True, namespaceHTMLElements=False)
    page: ET.Element = parser.parse(html)
    return page
