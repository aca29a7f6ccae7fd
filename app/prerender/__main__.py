"""`python -m app.prerender FOLDER`: writes what the Worker serves while the container sleeps."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from app.catalog.problems import CatalogError
from app.content.site import feed_source, read_site
from app.prerender.output import FREE_FILES, publish
from app.settings import Settings, read_settings
from app.storage.errors import StorageError
from app.storage.folder_lock import hold_folder
from app.util.errors import CANNOT, exit_status


def main(arguments: Sequence[str]) -> int:
    """Publish into the folder; a mistake in settings, catalog or folder is told in one line."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m app.prerender FOLDER\n")
        return CANNOT
    return exit_status(partial(_publish, Path(arguments[0])), "wandstore cannot publish")


def _publish(folder: Path) -> int:
    settings = read_settings(os.environ)
    _bring_up_to_date(settings)
    files, made = publish(read_site(settings), folder)
    sys.stdout.write(
        f"published {files} files to {folder}; {files - made} pages stay as they were\n"
    )
    if files > FREE_FILES:
        sys.stdout.write(f"more than {FREE_FILES} files need a paid Workers plan\n")
    return 0


def _bring_up_to_date(settings: Settings) -> None:
    """Fetch the catalog, where it is elsewhere: unless a shop that is open does so all the time.

    Raises:
        CatalogError: it cannot be had, and was not before.
    """
    source = feed_source(settings)
    if source is None:
        return
    try:
        with hold_folder(settings.data):
            asyncio.run(source.fetch())
    except StorageError:
        return
    except CatalogError as error:
        if not source.is_there:
            raise
        sys.stderr.write(f"published as it was before: {error}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
