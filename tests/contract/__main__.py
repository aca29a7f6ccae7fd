"""Writes the vectors anew."""

from tests.contract.generate import write

write()
