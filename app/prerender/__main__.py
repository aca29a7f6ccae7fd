"""`python -m app.prerender FOLDER`: writes what the Worker serves while the container sleeps."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from app.catalog.problems import CatalogError
from app.content.components import LibraryError
from app.content.prompts import PromptError
from app.content.site import read_site
from app.prerender.output import FREE_FILES, CannotPublish, publish
from app.rendering.language import MessagesError
from app.settings import SettingsError, read_settings

CANNOT_PUBLISH = 2


def main(arguments: Sequence[str]) -> int:
    """Publish into the folder; a mistake in settings, catalog or folder is told in one line."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m app.prerender FOLDER\n")
        return CANNOT_PUBLISH
    folder = Path(arguments[0])
    try:
        files = publish(read_site(read_settings(os.environ)), folder)
    except (
        *(SettingsError, CatalogError, LibraryError, PromptError, MessagesError),
        CannotPublish,
    ) as error:
        sys.stderr.write(f"wandstore cannot publish: {error}\n")
        return CANNOT_PUBLISH
    sys.stdout.write(f"published {files} files to {folder}\n")
    if files > FREE_FILES:
        sys.stdout.write(f"more than {FREE_FILES} files need a paid Workers plan\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
