"""Chains that differ in a table or two, read fast: what is the same in all of them is read and checked once.

Reading, checking and ordering a table and a rule across tables are pure functions. Only their answers for the very
bytes of the good chain are kept; whatever was changed, and every rule that looks at it, goes through the real code.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from unittest import mock

from network import check, ingest
from network.findings import Finding
from network.rules import Checked, Rule
from network.settings import ChainSettings


@dataclass
class _Kept:
    """Answers, and what they were made of by its identity; all is held, so that no other object gets the same."""

    answers: dict[Hashable, Any] = field(default_factory=dict)
    known: dict[int, object] = field(default_factory=dict)

    def remembering(self, function: Callable[..., Any], key_of: Callable[..., Hashable]) -> Callable[..., Any]:
        """The function, with its answers kept where there is a key."""

        def wrapped(*given: Any) -> Any:
            key = key_of(*given)
            if key is None:
                return function(*given)
            if (function, key) not in self.answers:
                answer = self.answers[function, key] = function(*given)
                self.known |= {id(each): each for each in (answer, getattr(answer, "frame", None)) if each is not None}
            return self.answers[function, key]

        return wrapped

    def key(self, source: object, *more: object) -> Hashable:
        """Key of an answer made of a known object; None where it is not known."""
        return (id(source), *map(repr, more)) if id(source) in self.known else None


class _Watched(Mapping[str, Any]):
    """A mapping that notes what is looked at."""

    def __init__(self, inner: Mapping[str, Any], looked: set[str]) -> None:
        self._inner, self._looked = inner, looked

    def __getitem__(self, name: str) -> Any:
        self._looked.add(name)
        return self._inner[name]

    def __iter__(self) -> Iterator[str]:
        self._looked |= set(self._inner)
        return iter(self._inner)

    def __len__(self) -> int:
        self._looked |= set(self._inner)
        return len(self._inner)


def _remembering_rule(rule: Rule, kept: _Kept) -> Rule:
    """A rule across tables, whose answer is kept where it looked at known tables only, there or missing."""
    answers: list[tuple[dict[str, int | None], frozenset[str], list[Finding]]] = []

    def mark(view: Checked, name: str) -> int | None:
        return id(view.tables[name]) if name in view.tables else None

    def wrapped(view: Checked) -> list[Finding]:
        for marks, unread, answer in answers:
            if unread == view.unread and all(mark(view, name) == seen for name, seen in marks.items()):
                return answer
        looked: set[str] = set()
        answer = rule(replace(view, tables=_Watched(view.tables, looked), present=_Watched(view.present, looked)))
        marks = {name: mark(view, name) for name in looked}
        if all(seen is None or seen in kept.known for seen in marks.values()):
            answers.append((marks, view.unread, answer))
        return answer

    return wrapped


def _read_of(settings: ChainSettings, table: str) -> tuple[object, ...]:
    """What the check of a table reads of the settings."""
    return table, settings.columns.get(table), settings.time_zone, settings.publication_lag_days


@contextmanager
def unchanged_read_once(files: Mapping[str, bytes]) -> Iterator[None]:
    """Within it, what a mutation of a good chain leaves alone is read and checked once, not each time.

    Parameters
    ----------
    files
        The good chain.
    """
    good = {(name.removesuffix(".csv"), content) for name, content in files.items()}
    kept = _Kept()
    patches = {
        (ingest, "read_csv_bytes"): kept.remembering(
            ingest.read_csv_bytes, lambda *given: given if given in good else None
        ),
        (check, "check_table"): kept.remembering(
            check.check_table, lambda table, raw, settings: kept.key(raw, *_read_of(settings, table.name))
        ),
        (check, "_canonical"): kept.remembering(check._canonical, lambda name, table: kept.key(table, name)),
        (check, "CROSS_RULES"): tuple(_remembering_rule(rule, kept) for rule in check.CROSS_RULES),
    }
    with ExitStack() as stack:
        for (module, name), changed in patches.items():
            stack.enter_context(mock.patch.object(module, name, changed))
        yield
