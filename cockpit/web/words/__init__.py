"""What the pages say, one table of messages a language."""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter

from cockpit.web.words.choices import CHOICES
from cockpit.web.words.en import MESSAGES as ENGLISH
from cockpit.web.words.figures import FIGURES
from cockpit.web.words.pages import PAGES
from cockpit.web.words.planning import PLANNING
from cockpit.web.words.scenarios import SCENARIOS
from cockpit.web.words.zh import MESSAGES as CHINESE
from cockpit.wording import counted
from optimization.export_language import Language

_PAIRS = {**PAGES, **PLANNING, **SCENARIOS, **FIGURES, **CHOICES}
MESSAGES: Mapping[Language, Mapping[str, str]] = {
    Language.ENGLISH: {**ENGLISH, **{name: pair[0] for name, pair in _PAIRS.items()}},
    Language.CHINESE: {**CHINESE, **{name: pair[1] for name, pair in _PAIRS.items()}},
}


class _Agreeing(Formatter):
    """Fills fields in; `{n:line waits|lines wait}` is the number and the words that agree with it."""

    def format_field(self, value: object, format_spec: str) -> str:
        one, is_counted, many = format_spec.partition("|")
        return counted(str(value), one, many) if is_counted else str(super().format_field(value, format_spec))


_FORMATTER = _Agreeing()


def translate(language: Language, name: str, **values: object) -> str:
    """Return a message in a language, its `{fields}` filled in and its nouns and verbs in agreement with its numbers.

    Raises
    ------
    KeyError
        If there is no such message: a template names one that nobody wrote.
    """
    text = MESSAGES[language][name]
    return _FORMATTER.vformat(text, (), values) if values else text


def say(language: Language, kind: str, value: object) -> str:
    """Return one of our own words, such as a state or a kind of exception, in a language; a foreign one as it is."""
    name = f"{kind}.{str(value).replace(' ', '_').replace('-', '_')}"
    return MESSAGES[language].get(name, str(value))
