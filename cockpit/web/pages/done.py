"""What came of what a planner did."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Done:
    """What came of a decision, said above the page.

    Parameters
    ----------
    words
        In the reader's language.
    css
        `good` or `bad`.
    undo
        Lines that can be put back, each with the version it has now.
    file
        Name of a file that was written, empty if none was.
    """

    words: str
    css: str = "good"
    undo: tuple[str, ...] = ()
    file: str = ""
