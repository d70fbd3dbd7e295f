"""What the pages say, one table of messages a language."""

from __future__ import annotations

from collections.abc import Mapping

from cockpit.web.words.choices import CHOICES
from cockpit.web.words.en import MESSAGES as ENGLISH
from cockpit.web.words.figures import FIGURES
from cockpit.web.words.pages import PAGES
from cockpit.web.words.planning import PLANNING
from cockpit.web.words.scenarios import SCENARIOS
from cockpit.web.words.zh import MESSAGES as CHINESE
from optimization.export_language import Language

_PAIRS = {**PAGES, **PLANNING, **SCENARIOS, **FIGURES, **CHOICES}
MESSAGES: Mapping[Language, Mapping[str, str]] = {
    Language.ENGLISH: {**ENGLISH, **{name: pair[0] for name, pair in _PAIRS.items()}},
    Language.CHINESE: {**CHINESE, **{name: pair[1] for name, pair in _PAIRS.items()}},
}


def translate(language: Language, name: str, **values: object) -> str:
    """Return a message in a language, its `{fields}` filled in.

    Raises
    ------
    KeyError
        If there is no such message: a template names one that nobody wrote.
    """
    text = MESSAGES[language][name]
    return text.format(**values) if values else text


def say(language: Language, kind: str, value: object) -> str:
    """Return one of our own words, such as a state or a kind of exception, in a language; a foreign one as it is."""
    name = f"{kind}.{str(value).replace(' ', '_').replace('-', '_')}"
    return MESSAGES[language].get(name, str(value))
