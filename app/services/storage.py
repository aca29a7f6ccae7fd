"""What storing can end with, wherever it is done: errors in our words, not a driver's."""

from __future__ import annotations


class StorageError(Exception):
    """Something cannot be read or written just now; the message says where, never what."""


class KvRefused(Exception):
    """A pair is not one that KV takes. Trying again will not help."""
