"""How often it is looked whether files have changed."""

from __future__ import annotations

from app.pages.watch import pause_after


def test_looking_takes_a_tenth_of_the_time_at_most_however_many_files_there_are() -> None:
    assert pause_after(0.01, 0.5) == 0.5
    for took in (0.1, 1.0, 30.0):
        assert took <= 0.1 * (took + pause_after(took, 0.5))
